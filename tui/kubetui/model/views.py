"""A live table without a screen: rows in order, filtered and scoped, with marks that stay on their objects."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, Protocol

from kubesim.objects.wire import Gvr, Key, Tree
from kubetui.client.port import Row, RowCursor, RowEvent
from kubetui.model import columns, health
from kubetui.model.columns import Cell, Layout
from kubetui.model.filters import Filter
from kubetui.model.marks import Marks
from kubetui.model.ordering import SLICE, Ordering
from kubetui.model.selection import Scope, Selection, Sort
from kubetui.model.usage import Facts

RowId = Hashable
_NOTHING: frozenset[RowId] = frozenset()


class Changes(NamedTuple):
    """What a pull did: rows came, went or moved; these rows changed in place; there is more to do at once."""

    moved: bool = False
    touched: frozenset[RowId] = _NOTHING
    pending: bool = False


class Model(Protocol):
    """What the table widget shows: rows by position, cells by row."""

    @property
    def layout(self) -> Layout:
        """The columns."""

    @property
    def sort(self) -> Sort:
        """The order."""

    @property
    def count(self) -> int:
        """Rows that are shown."""

    @property
    def total(self) -> int:
        """Rows there are, hidden ones included."""

    def pull(self) -> Changes:
        """Take in what changed."""

    def slice(self, start: int, stop: int) -> Sequence[RowId]:
        """The rows at these positions."""

    def rank(self, row: RowId) -> int | None:
        """The position of a row, None when it is not shown."""

    def cells(self, row: RowId, now: int) -> Sequence[Cell]:
        """The cells of a row, one for each column of ``layout``."""

    def before(self, row: RowId, now: int) -> Sequence[Cell] | None:
        """The cells before the last change; handed out once."""

    def tone(self, row: RowId) -> str:
        """How the row's object is: one of ``health.TONES``."""

    def key(self, row: RowId) -> Key | None:
        """The object that a row is about."""

    def is_marked(self, row: RowId) -> bool:
        """Whether the person marked the row."""

    def sort_by(self, title: str, *, descending: bool = False) -> None:
        """Change the order."""


class TableView:
    """The rows of one cursor as a ``Model``. Row ids are Keys."""

    def __init__(self, cursor: RowCursor, gvr: Gvr, make_layout: Callable[[RowCursor], Layout], facts: Facts) -> None:
        self.gvr = gvr
        self.rows: dict[Key, Row] = {}
        self.layout = make_layout(cursor)
        self.marks = Marks()
        self.stale = False
        """Whether columns may have come or gone."""
        self.wide = False
        """Whether cells of wide columns are made too; the explorer's own cost a look-up each."""
        self._cursor = cursor
        self._make_layout = make_layout
        self._facts = facts
        self.selection = Selection(gvr, self)
        """The filter and the like, to read; ``choose`` and ``sort_by`` change them."""
        self._ordering = Ordering(self.selection.judge)
        self._previous: dict[Key, Row] = {}

    # ------------------------------------------------------------------ reading
    @property
    def count(self) -> int:
        """Rows that are shown."""
        return len(self._ordering)

    @property
    def total(self) -> int:
        """Rows there are."""
        return len(self.rows)

    @property
    def synced(self) -> bool:
        """True once the whole table has been read and put in order."""
        return self._cursor.synced and self._ordering.settled

    @property
    def error(self) -> str:
        """Why the table cannot be read, or why the filter cannot be used."""
        return self._cursor.error or self.selection.filter.error

    @property
    def sort(self) -> Sort:
        """The order."""
        return self.selection.sort

    def slice(self, start: int, stop: int) -> Sequence[RowId]:
        """The keys at these positions."""
        return self._ordering.slice(start, stop)

    def rank(self, row: RowId) -> int | None:
        """The position of a key."""
        return self._ordering.rank(row) if isinstance(row, Key) else None

    def object(self, row: RowId) -> Tree | None:
        """The object of a key."""
        found = self.rows.get(row) if isinstance(row, Key) else None
        return None if found is None else found.object

    def cells(self, row: RowId, now: int) -> Sequence[Cell]:
        """The cells of a key."""
        found = self.rows.get(row) if isinstance(row, Key) else None
        return () if found is None or not isinstance(row, Key) else self.print(row, found, now)

    def before(self, row: RowId, now: int) -> Sequence[Cell] | None:
        """The cells before the last change; handed out once, so that a mark fades."""
        found = self._previous.pop(row, None) if isinstance(row, Key) else None
        return None if found is None or not isinstance(row, Key) else self.print(row, found, now)

    def tone(self, row: RowId) -> str:
        """How the object is."""
        found = self.object(row)
        return health.OK if found is None else health.tone(self.gvr, found)

    def key(self, row: RowId) -> Key | None:
        """The key itself."""
        return row if isinstance(row, Key) else None

    def is_marked(self, row: RowId) -> bool:
        """Whether the row is marked."""
        return row in self.marks

    def print(self, key: Key, row: Row, now: int | None = None) -> list[Cell]:
        """The cells of a row; without ``now`` all of them at present, otherwise those that are shown."""
        every = now is None
        now = self._facts.now() if now is None else now
        printed = row.cells(now)
        count = len(printed)
        found: list[Cell] = []
        for column in self.layout:
            if column.make is not None:
                wanted = every or self.wide or not column.wide
                found.append(column.make(key, row.object, self._facts) if wanted else "")
            else:
                found.append(columns.text(printed[column.source] if 0 <= column.source < count else "", column, now))
        return found

    # ------------------------------------------------------------------ what is shown
    def choose(
        self, *, matching: Filter | None = None, scope: Scope | str | None = "", only_faults: bool | None = None
    ) -> None:
        """Change what is shown; what is not given stays. A scope of None shows everything."""
        selection = self.selection
        if matching is not None:
            selection.filter = matching
        if not isinstance(scope, str):
            selection.scope = scope
        if only_faults is not None:
            selection.only_faults = only_faults
        self._ordering.restart(self.rows)

    def sort_by(self, title: str, *, descending: bool = False) -> None:
        """Change the order; rows with equal cells stay in the order of their names."""
        self.selection.sort = Sort(title, descending)
        self._ordering.descending = descending
        self._ordering.restart(self.rows)

    # ------------------------------------------------------------------ following
    def pull(self) -> Changes:
        """Take in what changed, at most a slice of it."""
        if not self.rows or self.stale:
            self.stale = False
            self.layout = self._make_layout(self._cursor)
        events = self._cursor.poll(SLICE)
        ordering = self._ordering
        if not events and ordering.settled:
            return _UNCHANGED
        # Only rows that changed in this very pull show what they were before: the table paints after each.
        self._previous.clear()
        touched: dict[RowId, None] = {}
        fresh: dict[Key, None] = {}
        moved = False
        for event in events:
            moved |= self._apply(event, fresh, touched)
        moved |= ordering.extend(list(fresh))
        moved |= ordering.work()
        return Changes(moved, frozenset(touched), not ordering.settled or len(events) >= SLICE)

    def _apply(self, event: RowEvent, fresh: dict[Key, None], touched: dict[RowId, None]) -> bool:
        kind, key, row = event
        if kind == "RESET":
            self.rows, self._previous = {}, {}
            fresh.clear()
            self._ordering.clear()
            return True
        if row is None:
            fresh.pop(key, None)
            self.rows.pop(key, None)
            self._previous.pop(key, None)
            self.marks.follow(key, None)
            return self._ordering.remove(key)
        old = self.rows.get(key)
        self.rows[key] = row
        if old is None:
            fresh[key] = None
            return False
        touched[key] = None
        self._previous[key] = old
        self.marks.follow(key, row)
        # By name and without a filter a change cannot move the row.
        may_move = self.selection.judging or not self._ordering.settled
        return may_move and key not in fresh and self._ordering.update(key)

    def close(self) -> None:
        """Stop following."""
        self._cursor.close()


_UNCHANGED = Changes()
