"""Tables of immutable trees with one revision counter: get, range (also in the past), compare-and-put, log, compact."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from kubesim.objects.tree import freeze
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.index import Index


class Change(NamedTuple):
    """One write. ``old`` is None for a creation, ``new`` for a deletion."""

    revision: int
    gvr: Gvr
    namespace: str
    name: str
    old: Tree | None
    new: Tree | None


class StaleError(Exception):
    """The object is not what the writer believed it to be."""


class CompactedError(Exception):
    """The revision asked for is no longer kept; ``oldest`` is the first that is."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"revision {asked} is compacted, the oldest kept is {oldest}")
        self.asked = asked
        self.oldest = oldest

    def __reduce__(self) -> tuple[type["CompactedError"], tuple[int, int]]:
        return CompactedError, (self.asked, self.oldest)


SLICE = 256
"""How many writes are forgotten at once."""

Fields = tuple[int, Gvr, str, str, Tree | None, Tree | None]
"""The fields of a Change as a plain tuple, which is made in a third of the time; a Change is one as well."""
Subscriber = Callable[[Fields], None]
First = tuple[Gvr, str, str, dict[str, Any]]
_NONE: dict[str, Tree] = {}
_NO_SPACES: dict[str, dict[str, Tree]] = {}


class _Table:
    """The objects of one resource by namespace and name, and who follows them."""

    __slots__ = ("indexes", "spaces", "subscribers")

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, Tree]] = {}
        self.indexes: list[Index] = []
        self.subscribers: list[Subscriber] = []


class Store:
    """All state of the cluster. Objects are stored as given but for ``metadata.resourceVersion``, and never mutated.

    ``first`` are objects (resource, namespace, name, tree) that are there from the first revision on.
    """

    def __init__(self, retain: int = 10_000, *, frozen: bool = False, first: Iterable[First] = ()) -> None:
        self.revision = 1
        self.retain = retain
        self.frozen = frozen
        """Store trees that raise when they are mutated; for tests."""
        self._tables: dict[Gvr, _Table] = {}
        self._log: list[Fields] = []
        self._full = retain + min(retain, SLICE)
        self._log_start = 2
        self._subscribers: list[Subscriber] = []
        for gvr, namespace, name, tree in first:
            self._table(gvr).spaces.setdefault(namespace, {})[name] = freeze(tree) if frozen else tree

    # ------------------------------------------------------------------ reading
    def get(self, gvr: Gvr, namespace: str, name: str) -> Tree | None:
        """The object, or None."""
        try:
            return self._tables[gvr].spaces[namespace].get(name)
        except KeyError:
            return None

    def range(self, gvr: Gvr, namespace: str = "") -> list[Tree]:
        """The objects of a table, or of one of its namespaces, in key order."""
        return [tree for _, _, tree in self.items(gvr, namespace)]

    def items(self, gvr: Gvr, namespace: str = "") -> list[tuple[str, str, Tree]]:
        """(namespace, name, object) in key order; a snapshot, since objects are immutable."""
        table = self._spaces(gvr)
        spaces = sorted(table) if not namespace else [namespace]
        return [(space, name, tree) for space in spaces for name, tree in sorted(table.get(space, _NONE).items())]

    def iterate(self, gvr: Gvr, namespace: str = "") -> Iterator[Tree]:
        """The objects in order of arrival, without a copy: do not write meanwhile."""
        table = self._spaces(gvr)
        if namespace:
            yield from table.get(namespace, _NONE).values()
            return
        for space in table.values():
            yield from space.values()

    def count(self, gvr: Gvr, namespace: str = "") -> int:
        """How many objects a table, or one of its namespaces, holds."""
        table = self._spaces(gvr)
        return len(table.get(namespace, _NONE)) if namespace else sum(map(len, table.values()))

    def tables(self) -> list[Gvr]:
        """The resources that hold at least one object, in a fixed order."""
        return sorted(gvr for gvr in self._tables if self.count(gvr))

    def _spaces(self, gvr: Gvr) -> dict[str, dict[str, Tree]]:
        table = self._tables.get(gvr)
        return _NO_SPACES if table is None else table.spaces

    def _table(self, gvr: Gvr) -> _Table:
        """The table of a resource, made on first use."""
        found = self._tables.get(gvr)
        if found is None:
            found = self._tables[gvr] = _Table()
        return found

    # ------------------------------------------------------------------ writing
    def put(self, gvr: Gvr, namespace: str, name: str, new: Tree, old: Tree | None) -> Tree:
        """Write ``new`` if the stored object is (identically) ``old``. Returns the stored tree."""
        return self.take(gvr, namespace, name, {**new, "metadata": {**new["metadata"]}}, old)

    def take(self, gvr: Gvr, namespace: str, name: str, new: dict[str, Any], old: Tree | None) -> Tree:
        """As ``put``, but takes ``new`` over: it and its metadata must be dicts that nobody else holds."""
        table = self._tables.get(gvr) or self._table(gvr)
        space = table.spaces.get(namespace)
        if space is None:
            space = table.spaces[namespace] = {}
        if space.get(name) is not old:
            raise StaleError(name)
        self.revision = revision = self.revision + 1
        new["metadata"]["resourceVersion"] = str(revision)
        if self.frozen:
            new = freeze(new)
        space[name] = new
        for index in table.indexes:
            index.change(namespace, name, old, new)
        change = (revision, gvr, namespace, name, old, new)
        log = self._log
        log.append(change)
        for subscriber in table.subscribers:
            subscriber(change)
        if len(log) >= self._full or self._subscribers:
            self._committed(change)
        return new

    def delete(self, gvr: Gvr, namespace: str, name: str, old: Tree) -> Tree:
        """Remove the object if it is (identically) ``old``. Returns its last state with the deletion's revision."""
        table = self._table(gvr)
        space = table.spaces.get(namespace, _NONE)
        if space.get(name) is not old:
            raise StaleError(name)
        self.revision += 1
        del space[name]
        for index in table.indexes:
            index.change(namespace, name, old, None)
        change = (self.revision, gvr, namespace, name, old, None)
        self._log.append(change)
        for subscriber in table.subscribers:
            subscriber(change)
        self._committed(change)
        return {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.revision)}}

    def _committed(self, change: Fields) -> None:
        if len(self._log) >= self._full:
            self.compact(self.revision - self.retain)
        for subscriber in self._subscribers:
            subscriber(change)

    # ------------------------------------------------------------------ following
    def subscribe(self, subscriber: Subscriber, gvr: Gvr | None = None) -> None:
        """Call a bound method after each write (to one resource). It must do O(1) work: mark, append, arm a timer."""
        if getattr(subscriber, "__self__", None) is None:
            msg = "only bound methods may subscribe: a cluster must survive pickling"
            raise TypeError(msg)
        (self._subscribers if gvr is None else self._table(gvr).subscribers).append(subscriber)

    def add_index(self, gvr: Gvr, index: Index) -> Index:
        """Keep an index over a table from now on; one that is kept already is shared."""
        table = self._table(gvr)
        for known in table.indexes:
            if known.value is index.value and type(known) is type(index):
                return known
        table.indexes.append(index)
        for namespace, name, tree in self.items(gvr):
            index.change(namespace, name, None, tree)
        return index

    @property
    def oldest(self) -> int:
        """The oldest revision at which the store can still be read."""
        return self._log_start - 1

    def changes(self, after: int, limit: int | None = None) -> list[Change]:
        """The writes after a revision, oldest first. Raises CompactedError when they are no longer all kept."""
        return [Change(*fields) for fields in self.since(after, limit)]

    def since(self, after: int, limit: int | None = None) -> list[Fields]:
        """As ``changes``, for followers that look at many."""
        if after < self.oldest:
            raise CompactedError(after, self.oldest)
        start = after + 1 - self._log_start
        return self._log[start:] if limit is None else self._log[start : start + limit]

    def range_at(self, gvr: Gvr, namespace: str, revision: int) -> list[tuple[str, str, Tree]]:
        """As ``items``, at an earlier revision. Raises CompactedError."""
        found = {(space, name): tree for space, name, tree in self.items(gvr, namespace)}
        for _, table, space, name, old, _ in reversed(self.since(revision)):
            if table == gvr and (not namespace or space == namespace):
                if old is None:
                    found.pop((space, name), None)
                else:
                    found[space, name] = old
        return [(space, name, tree) for (space, name), tree in sorted(found.items(), key=_place)]

    def compact(self, revision: int) -> None:
        """Forget the states before a revision."""
        count = min(revision + 1, self.revision + 1) - self._log_start
        if count > 0:
            del self._log[:count]
            self._log_start += count


def _place(item: tuple[tuple[str, str], Tree]) -> tuple[str, str]:
    return item[0]
