"""Live tables over an in-process cluster: one reader of the store's log feeds every cursor, lazily printed rows."""

from collections.abc import Sequence
from typing import Any, Protocol

from kubesim.objects.wire import Gvr, Key, Tree
from kubesim.store.mvcc import CompactedError, Store
from kubetui.client.port import Column, RowEvent

Place = tuple[str, str]


class Printer(Protocol):
    """How the server prints one kind."""

    columns: Sequence[Any]

    def row(self, obj: Tree, now: int) -> Sequence[Any]:
        """The cells of an object."""


class LocalRow:
    """One object and the way to print it; the cells are made when a screen asks for them."""

    __slots__ = ("_cells", "_now", "_printer", "object")

    def __init__(self, tree: Tree, printer: Printer) -> None:
        self.object = tree
        self._printer = printer
        self._now = -1
        self._cells: Sequence[Any] = ()

    @property
    def revision(self) -> str:
        """The object's resourceVersion."""
        return str(self.object["metadata"].get("resourceVersion", ""))

    def cells(self, now: int) -> Sequence[Any]:
        """The printed cells; printed again when the second has changed, since ages are among them."""
        second = now // 1000
        if second != self._now:
            self._cells = self._printer.row(self.object, now)
            self._now = second
        return self._cells


class LocalCursor:
    """Follows one table of the store."""

    def __init__(self, feed: "Feed", gvr: Gvr, namespace: str, printer: Printer, shown: Gvr | None = None) -> None:
        self.gvr = gvr
        self.shown = shown or gvr
        """How requests name the resource; custom objects are kept under a name of the table's own."""
        self.namespace = namespace
        self.columns = tuple(Column(c.name, c.type, c.format, c.priority) for c in printer.columns)
        self.error = ""
        self._feed = feed
        self._printer = printer
        self._pending: dict[Place, Tree | None] = {}
        self._known: set[Key] = set()
        self._start: list[tuple[str, str, Tree]] = []
        self._position = 0
        self._reset = False
        self.restart()

    def restart(self) -> None:
        """Hand out the whole table again."""
        self._reset = bool(self._known)
        self._known = set()
        self._pending = {}
        self._start = self._feed.items(self.gvr, self.namespace)
        self._position = 0

    @property
    def synced(self) -> bool:
        """True once the objects that existed at the start have been handed out."""
        return self._position >= len(self._start)

    def changed(self, place: Place, new: Tree | None) -> None:
        """Note one write; the feed calls this."""
        self._pending[place] = new

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call, coalesced by object."""
        self._feed.gather()
        events: list[RowEvent] = []
        if self._reset:
            self._reset = False
            events.append(RowEvent("RESET", Key(self.shown), None))
        if not self.synced:
            self._list(events, limit)
            return events
        self._drain(events, limit)
        return events

    def _list(self, events: list[RowEvent], limit: int | None) -> None:
        end = len(self._start) if limit is None else min(self._position + limit, len(self._start))
        gvr, printer, known = self.shown, self._printer, self._known
        for namespace, name, tree in self._start[self._position : end]:
            key = Key(gvr, namespace, name)
            known.add(key)
            events.append(RowEvent("ADDED", key, LocalRow(tree, printer)))
        self._position = end
        if self.synced:
            self._start, self._position = [], 0

    def _drain(self, events: list[RowEvent], limit: int | None) -> None:
        pending = self._pending
        if limit is None or limit >= len(pending):
            batch, self._pending = pending, {}
        else:
            batch = {place: pending.pop(place) for place in list(pending)[:limit]}
        gvr, printer, known = self.shown, self._printer, self._known
        for place, tree in batch.items():
            key = Key(gvr, place[0], place[1])
            if tree is None:
                if key in known:
                    known.remove(key)
                    events.append(RowEvent("DELETED", key, None))
            elif key in known:
                events.append(RowEvent("MODIFIED", key, LocalRow(tree, printer)))
            else:
                known.add(key)
                events.append(RowEvent("ADDED", key, LocalRow(tree, printer)))

    def close(self) -> None:
        """Stop following."""
        self._feed.forget(self)


class Feed:
    """Reads the store's log once for all cursors. Call ``gather`` often: the log forgets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._revision = store.revision
        self._cursors: dict[Gvr, list[LocalCursor]] = {}

    def cursor(self, gvr: Gvr, namespace: str, printer: Printer, shown: Gvr | None = None) -> LocalCursor:
        """A new cursor on a table; its keys name the resource as ``shown`` does, when that is another name."""
        self.gather()
        cursor = LocalCursor(self, gvr, namespace, printer, shown)
        self._cursors.setdefault(gvr, []).append(cursor)
        return cursor

    def forget(self, cursor: LocalCursor) -> None:
        """Feed a cursor no more."""
        cursors = self._cursors.get(cursor.gvr, [])
        if cursor in cursors:
            cursors.remove(cursor)

    def items(self, gvr: Gvr, namespace: str) -> list[tuple[str, str, Tree]]:
        """The table as it is now."""
        return self._store.items(gvr, namespace)

    def gather(self) -> None:
        """Take what was written since the last call to the cursors that follow it."""
        store = self._store
        if store.revision == self._revision:
            return
        try:
            changes = store.since(self._revision)
        except CompactedError:
            self._revision = store.revision
            self._restart()
            return
        self._revision = store.revision
        cursors = self._cursors
        for _, gvr, namespace, name, _, new in changes:
            for cursor in cursors.get(gvr, ()):
                if not cursor.namespace or cursor.namespace == namespace:
                    cursor.changed((namespace, name), new)

    def replace(self, store: Store) -> None:
        """Go on with another store: the cluster was rewound or loaded."""
        self._store = store
        self._revision = store.revision
        self._restart()

    def _restart(self) -> None:
        for cursors in self._cursors.values():
            for cursor in cursors:
                cursor.restart()
