"""The part of a long table that is on the screen, and the cursor in it, pinned to its row and never to a position."""

from collections.abc import Sequence

from kubetui.model.views import Model, RowId


class Viewport:
    """A window of ``page`` rows on a model, starting at row ``top``, with a cursor row."""

    def __init__(self, model: Model, *, follow_top: bool = False) -> None:
        self.model = model
        self.page = 1
        self.top = 0
        self.cursor: RowId | None = None
        self.index = 0
        """Where the cursor's row was when last looked at."""
        self._follow_top = follow_top
        self._at_top = True

    def window(self) -> Sequence[RowId]:
        """The rows on the screen."""
        return self.model.slice(self.top, self.top + self.page)

    @property
    def line(self) -> int:
        """The cursor's line in the window; outside of 0 to page - 1 after scrolling away."""
        return self.index - self.top

    # ------------------------------------------------------------------ motion
    def resize(self, page: int) -> None:
        """The window has another height; the cursor stays in it."""
        self.page = max(page, 1)
        self._show()

    def move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self.goto(self.index + delta)

    def goto(self, index: int) -> None:
        """Move the cursor to a position."""
        count = self.model.count
        if not count:
            self.cursor, self.index, self.top = None, 0, 0
            return
        self.index = min(max(index, 0), count - 1)
        rows = self.model.slice(self.index, self.index + 1)
        self.cursor = rows[0] if rows else None
        self._at_top = self.index == 0
        self._show()

    def seek(self, row: RowId) -> bool:
        """Move the cursor to a row; False when it is not shown."""
        index = self.model.rank(row)
        if index is None:
            return False
        self.goto(index)
        return True

    def scroll(self, delta: int) -> None:
        """Move the window and leave the cursor where it is."""
        self.top = min(max(self.top + delta, 0), max(self.model.count - self.page, 0))

    def _show(self) -> None:
        count, page = self.model.count, self.page
        if self.index < self.top:
            self.top = self.index
        elif self.index >= self.top + page:
            self.top = self.index - page + 1
        self.top = min(max(self.top, 0), max(count - page, 0))

    # ------------------------------------------------------------------ following
    def follow(self) -> bool:
        """Rows came, went or moved: keep the cursor on its row, if it can be on its line. True when it changed."""
        before = self.cursor
        if self._follow_top and self._at_top:
            self.goto(0)
            return self.cursor != before
        rank = None if before is None else self.model.rank(before)
        if rank is None:
            # Its row is gone or hidden: the row that took its place is the nearest to what the person looked at.
            self.goto(self.index)
            return self.cursor != before
        line = self.line
        self.index = rank
        self._at_top = rank == 0
        if self.top or rank >= self.page or not 0 <= line < self.page:
            self.top = min(max(rank - line, 0), max(self.model.count - self.page, 0))
        return False
