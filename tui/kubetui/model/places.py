"""Where a person is in the explorer: home, or a table with its namespace, scope and filter; and the way back."""

from typing import NamedTuple

from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.wire import DEPLOYMENTS, NAMESPACES, NODES, PODS, REPLICASETS, SERVICES, Gvr, Key, Tree

JOBS = Gvr("batch", "v1", "jobs")
CONTAINERS = Gvr("kubetui", "v1", "containers")
"""A name of the explorer's own: no server knows such a resource. The row of a container is called ``pod/name``."""


class Scope(NamedTuple):
    """The part of a table that belongs to something: ``kind`` is owner, node, selector, regarding or name."""

    kind: str
    value: str
    text: str
    namespace: str = ""

    def matches(self, key: Key, obj: Tree) -> bool:
        """Whether an object is in the scope."""
        if self.namespace and key.namespace != self.namespace:
            return False
        if self.kind == "node":
            return bool(trees.get(obj, "spec.nodeName", "") == self.value)
        if self.kind == "owner":
            return any(owner.get("uid") == self.value for owner in obj["metadata"].get("ownerReferences") or ())
        if self.kind == "selector":
            return selectors.parse_labels(self.value).matches(obj["metadata"].get("labels") or {})
        if self.kind == "regarding":
            return bool(trees.get(obj, "involvedObject.uid", "") == self.value)
        if self.kind == "used":
            return key.name in self.value.split(",")
        return key.name == self.value


class Place(NamedTuple):
    """One view. Without a ``gvr`` it is home."""

    gvr: Gvr | None = None
    namespace: str = ""
    filter: str = ""
    scope: Scope | None = None

    @property
    def crumb(self) -> str:
        """The place as the breadcrumbs show it."""
        if self.gvr is None:
            return "home"
        return self.gvr.resource + (f":{self.scope.text}" if self.scope is not None else "")


HOME = Place()


class History:
    """The views that were visited, with a position to go back and forward from, and the trail of drilling down."""

    def __init__(self) -> None:
        self._visited: list[Place] = [HOME]
        self._position = 0
        self.trail: list[Place] = [HOME]
        """Home, and how the present view was reached from there."""

    @property
    def current(self) -> Place:
        """The present view."""
        return self.trail[-1]

    @property
    def browser(self) -> Place | None:
        """The last view that was not home."""
        return next((place for place in reversed(self._visited) if place.gvr is not None), None)

    def visit(self, place: Place, *, drill: bool = False) -> None:
        """Go to a view: deeper from the present one, or afresh."""
        if drill:
            self.trail.append(place)
        else:
            self.trail = [HOME] if place.gvr is None else [HOME, place]
        del self._visited[self._position + 1 :]
        if self._visited[-1] != place:
            self._visited.append(place)
        self._position = len(self._visited) - 1

    def amend(self, place: Place) -> None:
        """The present view has another namespace or filter; it stays the same step of the way."""
        self.trail[-1] = place
        self._visited[self._position] = place

    def up(self) -> Place | None:
        """Leave the present view for the one it was reached from; None at home."""
        if len(self.trail) == 1:
            return None
        self.trail.pop()
        self._visited.append(self.current)
        self._position = len(self._visited) - 1
        return self.current

    def move(self, delta: int) -> Place | None:
        """Go back or forward among the visited views; None at the end."""
        position = self._position + delta
        if not 0 <= position < len(self._visited):
            return None
        self._position = position
        place = self._visited[position]
        self.trail = [HOME] if place.gvr is None else [HOME, place]
        return place


def children(gvr: Gvr, obj: Tree) -> Place | None:
    """The view that Enter opens on a row, or None when that is the object itself."""
    metadata = obj["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace", "")
    if gvr == PODS:
        return Place(CONTAINERS, namespace, "", Scope("pod", name, name, namespace))
    if gvr == NODES:
        return Place(PODS, "", "", Scope("node", name, name))
    if gvr == NAMESPACES:
        return Place(PODS, name)
    if gvr.resource == "cronjobs":
        return Place(JOBS, namespace, "", Scope("owner", metadata.get("uid", ""), name, namespace))
    if gvr.resource == "customresourcedefinitions":
        return _custom(obj)
    selector = _selector(gvr, obj)
    return None if selector is None else Place(PODS, namespace, "", Scope("selector", selector, name, namespace))


def _selector(gvr: Gvr, obj: Tree) -> str | None:
    if gvr == SERVICES:
        labels = trees.get(obj, "spec.selector", None)
        return str(selectors.from_map(labels)) if labels else None
    if gvr in {DEPLOYMENTS, REPLICASETS} or gvr.resource in {"statefulsets", "daemonsets", "jobs"}:
        return str(selectors.from_label_selector(trees.get(obj, "spec.selector", None)))
    return None


def _custom(obj: Tree) -> Place | None:
    served = [version for version in trees.get(obj, "spec.versions", []) if version.get("served")]
    stored = next((version for version in served if version.get("storage")), served[0] if served else None)
    if stored is None:
        return None
    spec = obj["spec"]
    return Place(Gvr(spec["group"], stored["name"], spec["names"]["plural"]))


def replica_sets_of(obj: Tree) -> Place:
    """The ReplicaSets of a Deployment."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    return Place(REPLICASETS, namespace, "", Scope("owner", metadata.get("uid", ""), metadata["name"], namespace))


def single(key: Key) -> Place:
    """A table that shows one object."""
    return Place(key.gvr, key.namespace, "", Scope("name", key.name, key.name, key.namespace))
