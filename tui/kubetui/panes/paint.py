"""Turns rows of cells into strips: few segments, styles from the style sheet, one cached strip a row."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from kubetui.model.columns import Bar, Cell, ViewColumn
from kubetui.model.glyphs import Glyphs, bar, plain
from kubetui.model.selection import Sort
from kubetui.model.widths import Fit, fit

BAR_WIDTH = 8
BAR_TEXT = 5
TAILED = frozenset({"NAME", "NS/NAME", "NODE", "OBJECT"})
SUFFIX = 5
"""The length of the random end that Kubernetes gives names."""
WIDEST = 60
"""No column asks for much more than this."""
NAMES = frozenset(("NAME", "NS/NAME"))


class Look(NamedTuple):
    """How one row is to be drawn."""

    tone: str = "ok"
    cursor: bool = False
    focused: bool = False
    marked: bool = False


StyleOf = Callable[[str], Style]
"""The style of a component class."""


class Painter:
    """Draws the rows of one table for one layout of columns and one width."""

    def __init__(self, columns: Sequence[ViewColumn], glyphs: Glyphs, style_of: StyleOf) -> None:
        self.columns = tuple(columns)
        self.glyphs = glyphs
        self._style_of = style_of
        self._natural = [self._title_width(column) for column in columns]
        self._fit: Fit = fit(self._natural, [], 0)
        self._available = 0
        self._styles: dict[tuple[str, Look], Style] = {}

    def _title_width(self, column: ViewColumn) -> int:
        return max(len(column.title), BAR_WIDTH + BAR_TEXT if column.bar else 0)

    # ------------------------------------------------------------------ widths
    def measure(self, rows: Sequence[Sequence[Cell]]) -> bool:
        """Make room for some rows; True when a column became wider."""
        natural = self._natural
        wider = False
        for cells in rows:
            for position, cell in enumerate(cells):
                if isinstance(cell, Bar):
                    continue
                width = min(len(cell) if cell.isascii() else cell_len(cell), WIDEST * 4)
                if width > natural[position]:
                    natural[position] = width
                    wider = True
        if wider:
            self._refit()
        return wider

    def resize(self, available: int) -> None:
        """Fit the columns into another width."""
        self._available = available
        self._refit()

    def _refit(self) -> None:
        elastic = [column.elastic for column in self.columns]
        names = [position for position, column in enumerate(self.columns) if column.title in NAMES]
        self._fit = fit(self._natural, elastic, self._available, names)

    @property
    def width(self) -> int:
        """The width of a whole row; more than fits when columns cannot shrink enough."""
        return self._fit.total

    def column_at(self, x: int) -> ViewColumn | None:
        """The column at a horizontal position of the row."""
        end = 0
        for position, column in enumerate(self.columns):
            end += self._fit.widths[position] + (self._fit.gaps[position] if position < len(self._fit.gaps) else 0)
            if x < end:
                return column
        return None

    # ------------------------------------------------------------------ strips
    def header(self, sort: Sort) -> Strip:
        """The line of titles, with the direction of the sorted column."""
        style, sorted_style = self._style_of("table--header"), self._style_of("table--sorted")
        segments = [Segment(" ", style)]
        for position, column in enumerate(self.columns):
            title = column.title
            is_sorted = title == sort.title or (not sort.title and column.title in {"NAME", "NS/NAME"})
            arrow = (self.glyphs.descending if sort.descending else self.glyphs.ascending) if is_sorted else ""
            text = self._titled(title, arrow, column, position)
            segments.append(Segment(text, sorted_style if is_sorted else style))
        return Strip(segments)

    def _titled(self, title: str, arrow: str, column: ViewColumn, position: int) -> str:
        # The arrow takes the gap: columns do not move when the order changes.
        gap = self._gap(position)
        if not arrow:
            return self._aligned(title, column, position) + gap
        room = self._fit.widths[position] + len(gap)
        shown = self._aligned(title, column, position) if column.right and gap else title[: room - 1]
        return f"{shown + arrow:<{room}}"

    def row(self, cells: Sequence[Cell], look: Look, changed: Sequence[int] = ()) -> Strip:
        """One row; ``changed`` are columns whose cells have just changed."""
        base = self._style("", look)
        runs: list[tuple[str, Style]] = [(self._flag(look), self._style("table--flag", look) if look.marked else base)]
        for position, cell in enumerate(cells):
            column = self.columns[position]
            if isinstance(cell, Bar):
                runs.extend(self._bar(cell, position, look))
            else:
                style = self._style("table--changed", look) if position in changed else base
                runs.append((self._aligned(cell, column, position), style))
            runs.append((self._gap(position), base))
        return Strip(_joined(runs))

    def _flag(self, look: Look) -> str:
        if look.marked:
            return self.glyphs.mark
        return self.glyphs.cursor if look.cursor else " "

    def _gap(self, position: int) -> str:
        return " " * self._fit.gaps[position] if position < len(self._fit.gaps) else ""

    def _aligned(self, text: str, column: ViewColumn, position: int) -> str:
        width = self._fit.widths[position]
        shown = plain(text, self.glyphs)
        length = len(shown) if shown.isascii() else cell_len(shown)
        if length > width:
            return self._shortened(shown, width, tail=column.title in TAILED)
        padding = " " * (width - length)
        return padding + shown if column.right else shown + padding

    def _shortened(self, text: str, width: int, *, tail: bool) -> str:
        """Names differ at their ends: those keep both ends, everything else its beginning.

        What controllers append is five signs long; the rest of the room is better spent on what a person wrote.
        """
        if width < 1:
            return ""
        end = min((width - 1) // 2, SUFFIX) if tail and text.isascii() else 0
        return set_cell_size(text, width - 1 - end) + self.glyphs.ellipsis + (text[-end:] if end else "")

    def _bar(self, cell: Bar, position: int, look: Look) -> list[tuple[str, Style]]:
        width = self._fit.widths[position]
        length = max(width - BAR_TEXT, 0)
        full, empty = bar(cell.fraction, length, self.glyphs)
        level = "high" if cell.fraction >= 0.9 else "middle" if cell.fraction >= 0.7 else "low"
        return [
            (full, self._style(f"table--bar-{level}", look)),
            (empty, self._style("table--bar-empty", look)),
            (f"{cell.text:>{width - length}}", self._style("", look)),
        ]

    def _style(self, part: str, look: Look) -> Style:
        found = self._styles.get((part, look))
        if found is None:
            found = self._style_of("table--row") + self._style_of(f"table--{look.tone}")
            if part:
                found += self._style_of(part)
            if look.marked:
                found += self._style_of("table--marked")
            if look.cursor:
                found += self._style_of("table--cursor" if look.focused else "table--cursor-blurred")
            self._styles[part, look] = found
        return found


def _joined(runs: Sequence[tuple[str, Style]]) -> list[Segment]:
    """As few segments as the styles allow: painting costs by the segment."""
    segments: list[Segment] = []
    texts: list[str] = []
    current: Style | None = None
    for text, style in runs:
        if style is not current and texts:
            segments.append(Segment("".join(texts), current))
            texts = []
        current = style
        texts.append(text)
    if texts:
        segments.append(Segment("".join(texts), current))
    return segments
