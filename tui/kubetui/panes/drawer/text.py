"""A scrolling view of many lines of coloured text: only what is visible is ever rendered; searches, wraps, follows."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.finder import Finder, Match

Colourist = Callable[[int, str], Iterable[Span]]
"""Finds the coloured stretches of a line, given its number and its text."""

KINDS = (
    "key", "string", "number", "literal", "punctuation", "comment", "heading", "text", "faint", "good", "bad", "warn",
    "symptom", "you", "actor", "chosen", "added", "removed", "hunk", "stream-0", "stream-1", "stream-2", "stream-3",
    "stream-4", "stream-5", "cursor",
)  # fmt: skip

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def plain(_number: int, _line: str) -> Iterable[Span]:
    """No colours."""
    return ()


def printable(text: str) -> str:
    """A line without colours of its own, tabs as spaces, other control characters as dots."""
    if text.isprintable():
        return text
    return _CONTROL.sub("·", _ANSI.sub("", text).expandtabs(8))


class Row(NamedTuple):
    """One row of the screen: a stretch of a line."""

    line: int
    start: int
    end: int


class TextView(ScrollView, can_focus=True):
    """Lines of text in a virtual canvas as high as there are lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"text--{kind}" for kind in KINDS), "text--match", "text--match-current"}

    wrap: reactive[bool] = reactive(default=False)
    follow: reactive[bool] = reactive(default=False)

    class Searched(Message):
        """The match that is looked at has changed; ``current`` counts from 1, 0 when there is none."""

        def __init__(self, view: "TextView", text: str, current: int, total: int) -> None:
            super().__init__()
            self.view = view
            self.text = text
            self.current = current
            self.total = total

    def __init__(self, colourist: Colourist = plain, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.colourist = colourist
        self._finder = Finder()
        self._lines: list[str] = []
        self._rows: list[Row] = []
        self._widest = 0
        self._kind_styles: dict[str, Style] = {}

    # ------------------------------------------------------------------ content
    @property
    def lines(self) -> Sequence[str]:
        """The lines shown."""
        return self._lines

    @property
    def searching(self) -> str:
        """What is looked for, or ""."""
        return self._finder.text

    def set_lines(self, lines: Iterable[str], colourist: Colourist | None = None) -> None:
        """Show other lines; the place that is looked at stays, as far as it still exists."""
        self._lines = [printable(line) for line in lines]
        if colourist is not None:
            self.colourist = colourist
        self._widest = max(map(cell_len, self._lines), default=0)
        self._lay_out()
        self._finder.scan(self._lines)

    def append_lines(self, lines: Sequence[str], limit: int = 0) -> int:
        """Add lines at the end; with a limit the oldest fall out. Returns how many fell out."""
        fresh = [printable(line) for line in lines]
        self._lines.extend(fresh)
        dropped = max(0, len(self._lines) - limit) if limit else 0
        del self._lines[:dropped]
        self._widest = max(self._widest, max(map(cell_len, fresh), default=0))
        self._lay_out()
        if dropped and not self.follow:
            self.scroll_to(y=max(0, self.scroll_y - dropped), animate=False)
        if self._finder.active:
            self._finder.scan(self._lines)
        return dropped

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        self._rows = wrapped(self._lines, width) if self.wrap else []
        height = len(self._rows) if self.wrap else len(self._lines)
        self.virtual_size = Size(width if self.wrap else self._widest, height)
        self.refresh()
        if self.follow:
            self.call_after_refresh(self._to_end)

    def _to_end(self) -> None:
        if self.follow:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def watch_wrap(self) -> None:
        """Lay out again."""
        self._lay_out()
        if self.wrap:
            self.scroll_to(x=0, animate=False)

    def watch_follow(self) -> None:
        """Go to the end when following begins."""
        if self.follow:
            self.call_after_refresh(self._to_end)

    def on_resize(self) -> None:
        """The width decides where lines break."""
        if self.wrap or self.follow:
            self._lay_out()

    def notify_style_update(self) -> None:
        """A theme has changed."""
        super().notify_style_update()
        self._kind_styles.clear()

    # ------------------------------------------------------------------ searching
    def search(self, text: str) -> None:
        """Mark all matches (a regular expression, or plain text when it is none) and go to the first from here on."""
        self._finder.set(text)
        self._finder.scan(self._lines)
        row = min(int(self.scroll_y), len(self._rows) - 1)
        self._finder.go_from(self._rows[row].line if self._rows else row)
        self.next_match(0)

    def next_match(self, step: int = 1) -> None:
        """Go to the next match, or back with -1."""
        finder = self._finder
        finder.go(step)
        match = finder.current
        if match is not None:
            self.follow = False
            region = self.scrollable_content_region
            y = max(0, row_of(match, self._rows) - region.height // 2)
            x = 0 if self.wrap or match.end <= region.width else match.start - region.width // 2
            self.scroll_to(x=x, y=y, animate=False)
        self.refresh()
        current = finder.position + 1 if match is not None else 0
        self.post_message(self.Searched(self, finder.text, current, len(finder.matches)))

    # ------------------------------------------------------------------ drawing
    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        at = int(self.scroll_y) + y
        if at >= (len(self._rows) if self.wrap else len(self._lines)):
            return Strip.blank(width, base)
        left = int(self.scroll_x)
        row = self._rows[at] if self.wrap else Row(at, left, left + width)
        strip = Strip(self._segments(row.line, self._lines[row.line], base))
        return strip.crop(row.start, row.end).extend_cell_length(width, base).crop(0, width)

    def _segments(self, number: int, line: str, base: Style) -> list[Segment]:
        marks = [(span.start, span.end, self._style(f"text--{span.kind}")) for span in self.colourist(number, line)]
        for found in self._finder.in_line(number, line):
            name = "text--match-current" if found == self._finder.current else "text--match"
            marks.append((found.start, found.end, self._style(name)))
        if not marks:
            return [Segment(line, base)]
        inner = (edge for start, end, _ in marks for edge in (start, end) if edge < len(line))
        edges = sorted({0, len(line), *inner})
        segments = []
        for start, end in pairwise(edges):
            covering = [extra for first, last, extra in marks if first <= start and end <= last]
            segments.append(Segment(line[start:end], sum(covering, start=base)))
        return segments

    def _style(self, name: str) -> Style:
        style = self._kind_styles.get(name)
        if style is None:
            style = self._kind_styles[name] = blended(self, name)
        return style

    # ------------------------------------------------------------------ moving
    def on_key(self, event: events.Key) -> None:
        """Motions as in the tables."""
        page = max(1, self.scrollable_content_region.height - 1)
        lines = {
            "j": 1,
            "down": 1,
            "k": -1,
            "up": -1,
            "ctrl+f": page,
            "pagedown": page,
            "ctrl+b": -page,
            "pageup": -page,
        }
        ends = {"g": -self.max_scroll_y, "home": -self.max_scroll_y, "G": self.max_scroll_y, "end": self.max_scroll_y}
        distance = lines.get(event.key) or ends.get(event.character or "") or ends.get(event.key)
        if distance is not None:
            self.move(distance)
        elif event.key in ("left", "right"):
            self.scroll_to(x=self.scroll_x + (-8 if event.key == "left" else 8), animate=False)
        else:
            return
        event.stop()
        event.prevent_default()

    def move(self, lines: int) -> None:
        """Scroll; going up ends the following."""
        if lines < 0:
            self.follow = False
        self.scroll_to(y=self.scroll_y + lines, animate=False)

    def on_mouse_scroll_up(self) -> None:
        """The wheel goes up: stop following."""
        self.follow = False


def blended(widget: Widget, name: str) -> Style:
    """What a component class adds to the widget's own style; transparent colours are mixed with what is behind them."""
    rules = widget.get_component_styles(name)
    behind = widget.background_colors[1]
    background = behind + rules.background if rules.has_rule("background") and rules.background.a else None
    colour = rules.color
    if colour.ansi is None and (colour.a < 1 or rules.auto_color):
        front = background or behind
        colour = front + (front.get_contrast_text(colour.a) if rules.auto_color else colour)
    return rules.text_style + Style(
        color=colour.rich_color if rules.has_rule("color") else None,
        bgcolor=background.rich_color if background is not None else None,
    )


def wrapped(lines: Sequence[str], width: int) -> list[Row]:
    """Lines broken into rows of a width."""
    step = max(10, width or 80)
    return [
        Row(number, start, start + step)
        for number, line in enumerate(lines)
        for start in range(0, max(1, len(line)), step)
    ]


def row_of(match: Match, rows: Sequence[Row]) -> int:
    """The row that shows a match."""
    if not rows:
        return match.line
    return next((at for at, row in enumerate(rows) if row.line == match.line and match.start < row.end), 0)
