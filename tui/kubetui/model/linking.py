"""What a selection in one pane of the home screen concerns in the other panes."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.wire import NODES, PODS, SERVICES, Key, Tree
from kubetui.model import references

Predicate = Callable[[Key, Tree], bool]


class Links(NamedTuple):
    """Which rows of each pane stay, None for all of them; ``about`` are the objects whose events stay."""

    nodes: Predicate | None = None
    pods: Predicate | None = None
    services: Predicate | None = None
    about: frozenset[Key] | None = None


NO_LINKS = Links()


def links(key: Key, obj: Tree, pods: Iterable[tuple[Key, Tree]]) -> Links:
    """What the selected object concerns; ``pods`` are all that the pods pane knows."""
    if key.gvr == NODES:
        return _of_node(key, pods)
    if key.gvr == SERVICES:
        return _of_service(key, obj, pods)
    if key.gvr == PODS:
        return Links(services=_selecting([(key, obj)]), about=frozenset({key, *_owners(key, obj)}))
    return NO_LINKS


def _of_node(key: Key, pods: Iterable[tuple[Key, Tree]]) -> Links:
    here = [(pod, tree) for pod, tree in pods if trees.get(tree, "spec.nodeName", "") == key.name]
    return Links(
        pods=lambda _key, pod: bool(trees.get(pod, "spec.nodeName", "") == key.name),
        services=_selecting(here),
        about=frozenset({key, *(pod for pod, _ in here)}),
    )


def _of_service(key: Key, obj: Tree, pods: Iterable[tuple[Key, Tree]]) -> Links:
    wanted = trees.get(obj, "spec.selector", None)
    if not wanted:
        return Links(about=frozenset({key}))
    selector = selectors.from_map(wanted)

    def matches(pod: Key, tree: Tree) -> bool:
        return pod.namespace == key.namespace and selector.matches(tree["metadata"].get("labels"))

    chosen = [(pod, tree) for pod, tree in pods if matches(pod, tree)]
    names = frozenset(str(trees.get(tree, "spec.nodeName", "")) for _, tree in chosen)
    return Links(
        nodes=lambda node, _tree: node.name in names,
        pods=matches,
        about=frozenset({key, *(pod for pod, _ in chosen)}),
    )


def _selecting(chosen: Iterable[tuple[Key, Tree]]) -> Predicate:
    """Services that select at least one of some pods."""
    labels = [(pod.namespace, tree["metadata"].get("labels") or {}) for pod, tree in chosen]

    def matches(service: Key, tree: Tree) -> bool:
        wanted = trees.get(tree, "spec.selector", None)
        if not wanted:
            return False
        selector = selectors.from_map(wanted)
        return any(namespace == service.namespace and selector.matches(found) for namespace, found in labels)

    return matches


def _owners(key: Key, obj: Tree) -> list[Key]:
    found = (references.key_of(reference, key.namespace) for reference in obj["metadata"].get("ownerReferences") or ())
    return [owner for owner in found if owner is not None]
