"""One kind as ownership sees it: its shape, versions, and the fields that a request of a subresource cannot own."""

from collections.abc import Mapping
from typing import Any, Protocol

from kubesim.api.apply.kinds import Shapes, Types
from kubesim.api.apply.ownership import UNOWNED_METADATA
from kubesim.api.apply.shapes import Record
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Strategy
from kubesim.objects.wire import EMPTY, Tree

Gvk = tuple[str, str, str]
Hidden = tuple[frozenset[str], frozenset[str]]
"""Names at the root and names in metadata."""

_ROOT = frozenset({"kind", "apiVersion"})
_META = frozenset(UNOWNED_METADATA)
_GENERATION = "deprecated.daemonset.template.generation"
_RESET: Mapping[tuple[str, str], Hidden] = {
    ("Deployment", "status"): (frozenset({"spec"}), frozenset({"labels"})),
    ("Pod", "status"): (frozenset({"spec"}), frozenset({"deletionTimestamp", "ownerReferences"})),
    ("CustomResourceDefinition", "status"): (frozenset({"spec", "metadata"}), frozenset()),
    ("VolumeAttachment", "status"): (frozenset({"spec", "metadata"}), frozenset()),
    ("Scale", "scale"): (frozenset(), frozenset()),
}
"""What the storage ignores of a request, where that is not just the status or the spec. # k8s: GetResetFields"""


class Kinds(Types, Protocol):
    """What the schema must tell."""

    def canonicalise(self, gvk: Gvk, tree: Tree) -> Tree:
        """A decoded object as Go writes it."""


def hidden(strategy: Strategy, subresource: str) -> Hidden:
    """The fields that a request cannot own."""
    found = _RESET.get((strategy.kind, subresource))
    if found is None:
        has_status = "status" in strategy.subresources
        names = {"": {"status"} if has_status else set(), "status": {"spec"}}.get(subresource, set())
        found = frozenset(names), frozenset()
    return found


class KindVersions:
    """A kind, seen from the version that the request speaks."""

    def __init__(self, scheme: Scheme, schema: Kinds, shapes: Shapes, strategy: Strategy, subresource: str) -> None:
        self.version = strategy.gvr.api_version
        self._scheme = scheme
        self._schema = schema
        self._shapes = shapes
        self._strategy = strategy
        ignored, ignored_there = hidden(strategy, subresource)
        self._ignored = ignored, ignored_there
        self._hidden = ignored | _ROOT, ignored_there | _META

    def shape(self, version: str) -> Record | None:
        """The shape of the kind in a version; None when it is not served."""
        strategy = self._in(version)
        return None if strategy is None else shape_of_kind(self._shapes, strategy)

    def visible(self, tree: Tree) -> dict[str, Any]:
        """What of an object can be owned by way of this request."""
        return _without(tree, *self._hidden)

    def meant(self, config: Tree) -> Tree:
        """What of a configuration this request does not ignore."""
        return _without(config, *self._ignored)

    def written(self, tree: Tree) -> Tree:
        """What can be owned, as Go writes it."""
        return self._written(_converted(self._strategy, self.visible(tree)))

    def beside(self, tree: Tree, other: Tree) -> Tree:
        """As ``written``, but what is equal in the written tree ``other`` is taken from there."""
        seen = self.visible(tree)
        same = {name: other[name] for name, value in seen.items() if name in other and value == other[name]}
        if len(same) == len(seen) == len(other):
            return other
        written = self._written({name: value for name, value in seen.items() if name not in same})
        return {**written, **same}

    def empty(self) -> Tree:
        """What can be owned of an object that has nothing, as Go writes it."""
        return self._written(self.visible(EMPTY))

    def _written(self, seen: Tree) -> Tree:
        # Go writes what the request ignores too: zeros, that say nothing of the object.
        hidden_here = self._hidden[0]
        written = self._canonical(self._strategy, seen)
        return {name: value for name, value in written.items() if name not in hidden_here}

    def whole(self, tree: Tree) -> Tree:
        """The object as Go writes it."""
        return self._canonical(self._strategy, tree)

    def convert(self, tree: Tree, source: str, target: str) -> Tree | None:
        """The object in another version; None when there is none."""
        if source == target:
            return tree
        left, right = self._in(source), self._in(target)
        if left is None or right is None:
            return None
        if not tree:
            return self._canonical(right, tree)
        if left.storage is not None:
            tree = left.to_storage(tree)
        if right.storage is not None:
            tree = right.from_storage(tree)
        return self._canonical(right, tree)

    def _in(self, version: str) -> Strategy | None:
        strategy = self._strategy
        return strategy if version == self.version else self._scheme.of_kind(version, strategy.kind)

    def _canonical(self, strategy: Strategy, tree: Tree) -> Tree:
        gvk = gvk_of(strategy)
        return self._schema.canonicalise(gvk, tree) if self._schema.knows(gvk) else tree


def _without(tree: Tree, roots: frozenset[str], there: frozenset[str]) -> dict[str, Any]:
    seen = {name: value for name, value in tree.items() if name not in roots}
    if "metadata" not in roots:
        metadata = tree.get("metadata") or EMPTY
        seen["metadata"] = {name: value for name, value in metadata.items() if name not in there}
    return seen


def _converted(strategy: Strategy, seen: dict[str, Any]) -> dict[str, Any]:
    """# k8s: an annotation of DaemonSets is a field of the internal version, and is always written."""
    if strategy.kind != "DaemonSet" or "metadata" not in seen:
        return seen
    metadata = seen["metadata"]
    return {**seen, "metadata": {**metadata, "annotations": {_GENERATION: "0", **(metadata.get("annotations") or {})}}}


def shape_of_kind(shapes: Shapes, strategy: Strategy) -> Record:
    """The shape of a kind. The strategy of a custom kind has its OpenAPI v3 schema as ``openapi``."""
    openapi = getattr(strategy, "openapi", None)
    return shapes.of(gvk_of(strategy)) if openapi is None else shapes.custom(openapi)


def gvk_of(strategy: Strategy) -> Gvk:
    """The kind of a strategy."""
    return strategy.gvr.group, strategy.gvr.version, strategy.kind
