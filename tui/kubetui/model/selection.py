"""What a person chose of a table: filter, scope, faults only, order; and which rows that leaves, and where."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from kubesim.objects.wire import Gvr, Key, Tree
from kubetui.client.port import Row
from kubetui.model import columns, filters, health
from kubetui.model.columns import Cell, Layout, SortValue
from kubetui.model.ordering import Item

Scope = Callable[[Key, Tree], bool]

BY_NAME: SortValue = (0, 0.0, "")
_NAMED = frozenset({"", "NAME", "NS/NAME", "NAMESPACE"})
_DIGITS = str.maketrans("0123456789", "9876543210")


class Sort(NamedTuple):
    """The order of a table: the column's title ("" is namespace and name), and whether it is turned around."""

    title: str = ""
    descending: bool = False


class Printed(Protocol):
    """The rows and the way to print them."""

    layout: Layout

    @property
    def rows(self) -> Mapping[Key, Row]:
        """All rows."""

    def print(self, key: Key, row: Row) -> list[Cell]:
        """All cells of a row."""


class Selection:
    """Judges rows: where each belongs, or that it is not shown."""

    def __init__(self, gvr: Gvr, table: Printed) -> None:
        self.sort = Sort()
        self.filter = filters.NOTHING
        self.scope: Scope | None = None
        self.only_faults = False
        self._gvr = gvr
        self._table = table

    @property
    def active(self) -> bool:
        """Whether rows may be hidden."""
        return bool(self.filter) or self.only_faults or self.scope is not None

    @property
    def judging(self) -> bool:
        """Whether a change of a row may move or hide it."""
        return self.active or self.sort.title not in _NAMED

    def judge(self, key: Key) -> Item | None:
        """The row's place in the order, None when it is not shown."""
        row = self._table.rows.get(key)
        if row is None or not self._passes(key, row):
            return None
        return (self._value(key, row), key.namespace, key.name, key)

    def _passes(self, key: Key, row: Row) -> bool:
        obj = row.object
        if self.scope is not None and not self.scope(key, obj):
            return False
        if self.only_faults and not health.is_fault(self._gvr, obj):
            return False
        matches = self.filter.matches
        if matches is None:
            return True
        labels = obj["metadata"].get("labels") or {}
        return matches(filters.Candidate(labels, partial(self._text, key, row), partial(self._titled, key, row)))

    def _text(self, key: Key, row: Row) -> str:
        # Ages are left out: they change all the time and nobody searches for them.
        table = self._table
        cells = zip(table.layout, table.print(key, row), strict=True)
        return " ".join([key.namespace, *(str(cell) for column, cell in cells if not column.age)])

    def _titled(self, key: Key, row: Row, title: str) -> str:
        for column, cell in zip(self._table.layout, self._table.print(key, row), strict=True):
            if title in {column.title, column.title.replace(" ", "-")}:
                return str(cell)
        return ""

    def _value(self, key: Key, row: Row) -> SortValue:
        title = self.sort.title
        if title in _NAMED:
            return BY_NAME
        if title == "AGE":
            # The youngest first; as stamps, so that the order does not change with the passing of time.
            return (0, 0.0, str(row.object["metadata"].get("creationTimestamp", "")).translate(_DIGITS))
        for column, cell in zip(self._table.layout, self._table.print(key, row), strict=True):
            if column.title == title:
                return columns.sort_value(cell, column)
        return BY_NAME
