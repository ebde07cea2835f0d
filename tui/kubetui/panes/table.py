"""A table of any length: follows its model, keeps the cursor on its object, answers motion keys and the mouse."""

from collections.abc import Callable, Collection

from textual import events
from textual.message import Message

from kubesim.objects.wire import Key
from kubetui.model.glyphs import UNICODE, Glyphs
from kubetui.model.viewport import Viewport
from kubetui.model.views import Model, RowId
from kubetui.panes.canvas import Canvas

WHEEL = 3
"""Rows that one notch of the wheel scrolls."""


class Table(Canvas, can_focus=True):
    """The widget of one ``Model``. Its owner calls ``pull`` when there may be changes and ``tick`` once a second."""

    class Highlighted(Message):
        """The cursor is on another object, or on none."""

        def __init__(self, table: "Table", key: Key | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "Table":
            """The table."""
            return self.table

    class Opened(Message):
        """The person double-clicked a row."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

    class Sorted(Message):
        """The person chose another order; the model works on it at its next pulls."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

    def __init__(
        self,
        model: Model,
        *,
        now: Callable[[], int],
        glyphs: Glyphs = UNICODE,
        hint: Callable[[RowId], str] | None = None,
        follow_top: bool = False,
        id: str | None = None,  # noqa: A002 - as every Textual widget
    ) -> None:
        viewport = Viewport(model, follow_top=follow_top)
        super().__init__(model, viewport, glyphs=glyphs, now=now, hint=hint, id=id)

    # ------------------------------------------------------------------ following the model
    def pull(self) -> bool:
        """Take in the model's changes and repaint what is touched; True when there is more to do at once."""
        changes = self.model.pull()
        if changes.moved:
            before = self.viewport.cursor
            if self.viewport.follow():
                self._forget_rows({before, self.viewport.cursor})
                self._announce()
            self._forget_rows(changes.touched)
            if len(self._strips) > 4 * self.viewport.page:
                self._strips.clear()
                self._printed.clear()
            self._window = ()
            self.refresh()
        elif changes.touched:
            self._refresh_lines(self._forget_rows(changes.touched))
        return changes.pending

    def _forget_rows(self, rows: Collection[RowId | None]) -> list[int]:
        """Paint these rows anew when they are next looked at; returns their lines in the window."""
        for row in rows if len(rows) < len(self._strips) else list(self._strips):
            if row in rows:
                self._strips.pop(row, None)
        return [line for line, row in enumerate(self._window) if row in rows]

    def tick(self, *, fade: bool = True) -> None:
        """Ages or totals have moved on: print the rows on the screen again and paint those that differ.

        With ``fade`` cells that had just changed look like the others again.
        """
        now = self._now()
        stale: dict[RowId | None, None] = {}
        for row in self._window:
            known = self._printed.get(row)
            if known is not None and self._cells(row, now) != known:
                stale[row] = None
        if fade:
            stale.update(self._flashing)
            self._flashing.clear()
        if stale:
            self._refresh_lines(self._forget_rows(stale))
        self._refresh_hint()

    def _announce(self) -> None:
        row = self.viewport.cursor
        self.post_message(self.Highlighted(self, None if row is None else self.model.key(row)))

    @property
    def cursor_key(self) -> Key | None:
        """The object under the cursor."""
        row = self.viewport.cursor
        return None if row is None else self.model.key(row)

    # ------------------------------------------------------------------ motion
    def go(self, motion: Callable[[], object]) -> None:
        """Move the cursor or the window and repaint what that changes."""
        viewport = self.viewport
        row, top = viewport.cursor, viewport.top
        line = viewport.line
        motion()
        if viewport.top != top:
            self._window = ()
            self._strips.pop(row, None)
            self._strips.pop(viewport.cursor, None)
            self._refresh_rows()
        elif viewport.cursor != row:
            self._strips.pop(row, None)
            self._strips.pop(viewport.cursor, None)
            self._refresh_lines([line, viewport.line])
        if viewport.cursor != row:
            self._announce()

    def act(self, action: str, argument: str = "") -> bool:
        """Do what an action of the registry says, if it is this table's; False leaves it to others."""
        del argument
        motion = MOTIONS.get(action)
        if motion is None:
            return False
        motion(self)
        return True

    def scroll_sideways(self, delta: int) -> None:
        """Move the columns under the window."""
        left = min(max(self.left + delta, 0), max(self._painter.width + 1 - self._room(), 0))
        if left != self.left:
            self.left = left
            self.refresh()

    # ------------------------------------------------------------------ events
    def on_resize(self) -> None:
        """Another size: other widths, another page."""
        self.viewport.resize(self._page())
        self.relayout()

    def on_focus(self) -> None:
        """The cursor's row shows who has the keys."""
        self._strips.clear()
        self.refresh()

    on_blur = on_focus

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down; with Shift to the right."""
        event.stop()
        self._wheel(1, sideways=event.shift)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up; with Shift to the left."""
        event.stop()
        self._wheel(-1, sideways=event.shift)

    def _wheel(self, direction: int, *, sideways: bool) -> None:
        if sideways:
            self.scroll_sideways(direction * 2 * WHEEL)
        else:
            self.go(lambda: self.viewport.scroll(direction * WHEEL))

    def on_click(self, event: events.Click) -> None:
        """Choose a row, sort by a title, jump along the scroll bar; a double click opens the row."""
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            self._sort_at(place.x + self.left - 1)
        elif place.x >= self._room() and place.y <= self._page():
            self.go(lambda: self.viewport.scroll((place.y - 1) * self.model.count // self._page() - self.viewport.top))
        elif place.y - 1 < len(self._window):
            self.go(lambda: self.viewport.goto(self.viewport.top + place.y - 1))
            if event.chain == 2:
                self.post_message(self.Opened(self))

    def _sort_at(self, x: int) -> None:
        column = self._painter.column_at(x)
        if column is not None:
            sort = self.model.sort
            self.model.sort_by(column.title, descending=sort.title == column.title and not sort.descending)
            self.invalidate()
            self.post_message(self.Sorted(self))


def _mover(pages: int, rows: int) -> Callable[[Table], None]:
    def move(table: Table) -> None:
        table.go(lambda: table.viewport.move(rows + pages * table.viewport.page))

    return move


def _slider(columns: int) -> Callable[[Table], None]:
    def slide(table: Table) -> None:
        table.scroll_sideways(columns)

    return slide


def _to_first(table: Table) -> None:
    table.go(lambda: table.viewport.goto(0))


def _to_last(table: Table) -> None:
    table.go(lambda: table.viewport.goto(table.model.count - 1))


MOTIONS: dict[str, Callable[[Table], None]] = {
    "down": _mover(0, 1),
    "up": _mover(0, -1),
    "page-down": _mover(1, 0),
    "page-up": _mover(-1, 0),
    "first": _to_first,
    "last": _to_last,
    "left": _slider(-8),
    "right": _slider(8),
}
