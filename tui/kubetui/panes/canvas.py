"""The painting half of a table: titles, rows in the window, hint line, scroll bar; nothing that is off the screen."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kubetui.model.columns import Cell, Layout
from kubetui.model.glyphs import Glyphs
from kubetui.model.health import TONES
from kubetui.model.viewport import Viewport
from kubetui.model.views import Model, RowId
from kubetui.panes.paint import Look, Painter

_OPAQUE = frozenset({"table--row", "table--header", "table--sorted", "table--empty"})
"""Styles with their own background; the others are laid over a row's."""
_BACKGROUNDS = frozenset({"table--cursor", "table--cursor-blurred"})
"""Styles that give the row another background and leave its colours."""


class Canvas(Widget):
    """Paints the window of a viewport, one cached strip a row."""

    COMPONENT_CLASSES = {  # noqa: RUF012 - as Textual declares it
        "table--header", "table--sorted", "table--row", "table--cursor", "table--cursor-blurred", "table--marked",
        "table--flag", "table--changed", "table--hint", "table--empty", "table--bar-low",
        "table--bar-middle", "table--bar-high", "table--bar-empty", "table--track", "table--thumb",
        *(f"table--{tone}" for tone in TONES),
    }  # fmt: skip

    def __init__(
        self,
        model: Model,
        viewport: Viewport,
        *,
        glyphs: Glyphs,
        now: Callable[[], int],
        hint: Callable[[RowId], str] | None,
        id: str | None,  # noqa: A002 - as every Textual widget
    ) -> None:
        super().__init__(id=id)
        self.model = model
        self.viewport = viewport
        self.wide = False
        """Whether columns are shown that only wide tables have."""
        self.left = 0
        """How many columns of the screen the rows are scrolled to the left."""
        self.empty_text = ""
        """What to say instead of rows when there are none."""
        self._now = now
        self._glyphs = glyphs
        self._hint = hint
        self._strips: dict[RowId | None, Strip] = {}
        self._printed: dict[RowId, list[Cell]] = {}
        """The cells behind the strips."""
        self._flashing: dict[RowId, None] = {}
        """Rows whose strip shows that a cell has just changed."""
        self._hinted = ""
        """What the hint at the foot says."""
        self._window: Sequence[RowId] = ()
        self._header: Strip | None = None
        self._painter = Painter((), glyphs, self._style_of)
        self._shown: tuple[int, ...] = ()
        self._laid: Layout = ()

    def invalidate(self) -> None:
        """Everything on the screen may be different."""
        self._window = ()
        self._strips.clear()
        self._header = None
        self.refresh()

    def relayout(self) -> None:
        """The columns or the room are others: measure anew."""
        self._laid = ()
        self.invalidate()

    # ------------------------------------------------------------------ painting
    def _style_of(self, name: str) -> Style:
        # Resolved against the widget first: a translucent colour means nothing without what is behind it.
        full = self.get_component_rich_style(name)
        if name in _OPAQUE:
            return full
        attributes = Style(bold=full.bold, italic=full.italic, underline=full.underline, reverse=full.reverse)
        return (Style(bgcolor=full.bgcolor) if name in _BACKGROUNDS else Style(color=full.color)) + attributes

    def notify_style_update(self) -> None:
        """Another theme: forget what was painted with the old one."""
        super().notify_style_update()
        self._laid = ()
        self._strips.clear()
        self._header = None

    def _room(self) -> int:
        return max(self.size.width - (1 if self.model.count > self._page() else 0), 1)

    def _page(self) -> int:
        height = self.size.height
        return max(height - 1 - (1 if self._hint is not None and height >= 6 else 0), 1)

    def _prepare(self) -> None:
        """Bring window, columns and widths up to date before the first line is painted."""
        if self._window:
            return
        self._window = self.viewport.window()
        numbers = tuple(n for n, column in enumerate(self.model.layout) if self.wide or not column.wide)
        if numbers != self._shown or self.model.layout is not self._laid:
            self._shown, self._laid = numbers, self.model.layout
            self._painter = Painter([self.model.layout[n] for n in numbers], self._glyphs, self._style_of)
            self._painter.resize(max(self._room() - 2, 1))
            self._strips.clear()
            self._header = None
        now = self._now()
        if self._painter.measure([self._cells(row, now) for row in self._window]):
            self._strips.clear()
            self._header = None

    def _cells(self, row: RowId, now: int) -> list[Cell]:
        cells = self.model.cells(row, now)
        return [cells[n] for n in self._shown] if cells else []

    def render_line(self, y: int) -> Strip:
        """Paint one line: titles, a row, or the hint."""
        self._prepare()
        width = self.size.width
        if y == 0:
            if self._header is None:
                self._header = self._painter.header(self.model.sort)
            return self._framed(self._header, "table--header")
        if y > self._page():
            return self._hint_line(width)
        if y - 1 < len(self._window):
            return self._framed(self._row(self._window[y - 1]), "table--row", y)
        if y == 1 and not self.model.count and self.empty_text:
            style = self._style_of("table--empty")
            return Strip([Segment(f"  {self.empty_text}", style)]).adjust_cell_length(width, style)
        return Strip.blank(width, self._style_of("table--row"))

    def _row(self, row: RowId) -> Strip:
        strip = self._strips.get(row)
        if strip is None:
            now = self._now()
            cells = self._cells(row, now)
            before = self.model.before(row, now)
            changed: list[int] = []
            if before is not None:
                changed = [
                    position
                    for position, n in enumerate(self._shown)
                    if before[n] != cells[position] and not self.model.layout[n].age
                ]
            cursor = row == self.viewport.cursor
            look = Look(self.model.tone(row), cursor, cursor and self.has_focus, self.model.is_marked(row))
            if self._painter.measure([cells]):
                self._header = None
                self.call_later(self.invalidate)
            if changed:
                self._flashing[row] = None
            self._printed[row] = cells
            strip = self._strips[row] = self._painter.row(cells, look, changed)
        return strip

    def _framed(self, strip: Strip, style: str, y: int = 0) -> Strip:
        """Scroll sideways, fill up to the width, and put the scroll bar's piece at the end."""
        room = self._room()
        last = list(strip)[-1].style if style == "table--row" and len(strip) else self._style_of(style)
        framed = strip.crop(self.left, self.left + room).adjust_cell_length(room, last)
        if room == self.size.width:
            return framed
        return Strip.join([framed, self._bar_piece(y)])

    def _bar_piece(self, y: int) -> Strip:
        page, count = self._page(), self.model.count
        if not y:
            return Strip([Segment(" ", self._style_of("table--header"))])
        size = max(page * page // count, 1)
        start = self.viewport.top * (page - size) // max(count - page, 1)
        on = start <= y - 1 < start + size
        sign = self._glyphs.thumb if on else self._glyphs.track
        return Strip(
            [Segment(sign, self._style_of("table--row") + self._style_of("table--thumb" if on else "table--track"))]
        )

    def _hint_text(self) -> str:
        row = self.viewport.cursor
        return self._hint(row) if self._hint is not None and row is not None else ""

    def _hint_line(self, width: int) -> Strip:
        text = self._hinted = self._hint_text()
        style = self._style_of("table--row") + self._style_of("table--hint")
        shown = f" {self._glyphs.hint} {text}" if text else ""
        if len(shown) > width:
            shown = shown[: width - 1] + self._glyphs.ellipsis
        return Strip([Segment(shown, style)]).adjust_cell_length(width, style)

    # ------------------------------------------------------------------ repainting
    def _refresh_lines(self, lines: Sequence[int]) -> None:
        if len(lines) * 2 > self._page():
            self._refresh_rows()
            return
        width = self.size.width
        regions = [Region(0, line + 1, width, 1) for line in lines if 0 <= line < self._page()]
        if self._hint is not None and self.viewport.line in lines:
            regions.append(Region(0, self._page() + 1, width, 1))
        if regions:
            self.refresh(*regions)

    def _refresh_hint(self) -> None:
        # Hints tell times ("95s ago") that pass while no cell of the row changes.
        if self._page() < self.size.height - 1 and self._hint_text() != self._hinted:
            self.refresh(Region(0, self._page() + 1, self.size.width, 1))

    def _refresh_rows(self) -> None:
        self.refresh(Region(0, 1, self.size.width, max(self.size.height - 1, 1)))
