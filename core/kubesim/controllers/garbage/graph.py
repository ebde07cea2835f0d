"""Who owns whom: the dependents of every owner, kept by the writes of all resources."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.objects.wire import Gvr, Tree


class Node(NamedTuple):
    """Where an object is."""

    gvr: Gvr
    namespace: str
    name: str


_NOTHING: Mapping[Node, None] = {}


class Graph:
    """Dependents by owner uid, and the resource of every kind that has been seen."""

    def __init__(self) -> None:
        self._dependents: dict[str, dict[Node, None]] = {}
        self._resources: dict[tuple[str, str], Gvr] = {}

    def learn(self, gvr: Gvr, kind: str) -> None:
        """Note the resource of a kind."""
        self._resources.setdefault((gvr.group, kind), gvr)

    def resource(self, reference: Tree) -> Gvr | None:
        """The resource an owner reference names; None when no object of that kind was ever there."""
        group, _, version = reference["apiVersion"].partition("/")
        return self._resources.get((group if version else "", reference["kind"]))

    def dependents(self, uid: str) -> Mapping[Node, None]:
        """The objects that name this owner, in order of arrival."""
        return self._dependents.get(uid, _NOTHING)

    def change(self, node: Node, before: Iterable[Tree], after: Iterable[Tree]) -> None:
        """Follow a change of the owner references of one object."""
        for reference in before:
            found = self._dependents.get(reference["uid"])
            if found is not None:
                found.pop(node, None)
                if not found:
                    del self._dependents[reference["uid"]]
        for reference in after:
            self._dependents.setdefault(reference["uid"], {})[node] = None
