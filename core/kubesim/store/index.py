"""An index over one table: which objects carry a value, kept up to date by the store on every write."""

from collections.abc import Callable, Iterable, Mapping

from kubesim.objects.wire import Tree

Place = tuple[str, str]
"""Namespace and name of an object."""

_NOTHING: Mapping[Place, None] = {}


class Index:
    """Maps a value to the places of the objects that have it, in order of arrival.

    ``value`` must be a module-level function (the store is pickled); it returns "" for objects outside the index.
    With a ``part`` (a top-level field) the value depends on that field alone: writes which share it cost nothing.
    """

    def __init__(self, value: Callable[[Tree], str], part: str = "") -> None:
        self.value = value
        self.part = part
        self._places: dict[str, dict[Place, None]] = {}

    def get(self, value: str) -> Mapping[Place, None]:
        """The places of the objects that have this value. Do not write while iterating: take a list."""
        return self._places.get(value, _NOTHING)

    def values(self) -> Iterable[str]:
        """All values that some object has."""
        return self._places.keys()

    def change(self, namespace: str, name: str, old: Tree | None, new: Tree | None) -> None:
        """Follow one write."""
        part = self.part
        if part and old is not None and new is not None and old.get(part) is new.get(part):
            return
        before = "" if old is None else self.value(old)
        after = "" if new is None else self.value(new)
        if before == after:
            return
        place = (namespace, name)
        if before:
            found = self._places[before]
            del found[place]
            if not found:
                del self._places[before]
        if after:
            known = self._places.get(after)
            if known is None:
                known = self._places[after] = {}
            known[place] = None
