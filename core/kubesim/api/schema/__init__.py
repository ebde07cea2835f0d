"""The schema of all built-in kinds: decode (prune and check), write as Go does, merge rules, the table of resources.

``Schema.load()`` reads one data file; the checker of a kind is compiled when the kind is first used.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from kubesim.api.schema import facts as facts_module
from kubesim.api.schema.facts import LIST, MAP, OBJECT, Facts, Field, Gvk, ResourceFacts, SubresourceFacts, Type
from kubesim.api.schema.merging import StructMerge
from kubesim.api.schema.nodes import DROPPED, SCALARS, ListNode, MapNode, Node, ObjectNode, Opaque
from kubesim.api.schema.report import Place, Report
from kubesim.objects.patches import MergeType
from kubesim.objects.wire import Tree

__all__ = ["Decoded", "Field", "Gvk", "ResourceFacts", "Schema", "SubresourceFacts", "Type"]

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


class Decoded(NamedTuple):
    """What decoding made of an object.

    ``tree`` has neither unknown fields nor nulls nor zeros that Go leaves out; it is the given object when nothing
    had to go. ``unknown`` holds ``unknown field "spec.bogus"`` for each; empty when that is to be ignored.
    ``errors`` holds what is of a wrong type; the server answers with the first.
    """

    tree: Tree
    unknown: list[str]
    errors: list[str]


class Schema:
    """Facts about the built-in kinds, by (group, version, kind)."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._objects: dict[int, ObjectNode] = {}
        self._merges: dict[Gvk, MergeType] = {}

    @staticmethod
    def load() -> "Schema":
        """The schema; one for the whole process, since it is the same for every cluster."""
        return _load()

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, ()

    # ------------------------------------------------------------------ facts
    def resources(self) -> list[ResourceFacts]:
        """All resources in the order of discovery, alpha and beta ones included (see ``stable``)."""
        return list(self._facts.resources)

    def kinds(self) -> list[Gvk]:
        """All kinds, lists and options included."""
        return list(self._facts.kinds)

    def knows(self, gvk: Gvk) -> bool:
        """Whether there is such a kind."""
        return gvk in self._facts.kinds

    def type(self, gvk: Gvk) -> Type:
        """The type of a kind. KeyError when there is none."""
        return self._facts.type(self._facts.kinds[gvk])

    def target(self, shape: str) -> Type | None:
        """The type at the bottom of a field's shape, below lists and maps; None for scalars."""
        return self._facts.target(shape)

    def named(self, name: str) -> Type:
        """The type of an OpenAPI name. KeyError when there is none."""
        return self._facts.type(self._facts.names()[name])

    def types(self) -> list[Type]:
        """Every type, for OpenAPI documents."""
        return [self._facts.type(number) for number in self._facts.names().values()]

    # ------------------------------------------------------------------ objects
    def decode(self, gvk: Gvk, tree: Tree, strictness: str = STRICT, *, converter: bool = False) -> Decoded:
        """Check an object and take away what Go would not keep. KeyError when there is no such kind.

        ``converter`` words the errors as for the result of a strategic merge patch, which is never JSON text.
        """
        node = self._object(self._facts.kinds[gvk])
        if node.clean(tree):
            return Decoded(tree, [], [])
        report = Report(converter=converter)
        decoded = node.decode(tree, Place(), report)
        unknown = [] if strictness == IGNORE else report.unknown_fields
        return Decoded({} if decoded is DROPPED else decoded, unknown, report.errors)

    def canonicalise(self, gvk: Gvk, tree: Tree) -> Tree:
        """A decoded object as Go writes it; the very same object when that changes nothing.

        Quantities and times get their canonical text; fields that Go always writes (``resources: {}``,
        ``status: {}``, ``lastHeartbeatTime: null``) are added. Apply defaults before: what is added is zero.
        """
        written: Tree = self._object(self._facts.kinds[gvk]).canonical(tree)
        return written

    def in_order(self, gvk: Gvk, tree: Tree) -> Tree:
        """An object with its fields in the order of Go's structs, and the keys of maps sorted: as Go marshals it."""
        found: Tree = self._sorted(self._facts.type(self._facts.kinds[gvk]), tree)
        return found

    def _sorted(self, type_: Type | None, value: Any) -> Any:
        if isinstance(value, list):
            return [self._sorted(type_, each) for each in value]
        if not isinstance(value, Mapping) or type_ is None or type_.opaque:
            return value
        known = type_.fields
        order = [*(name for name in known if name in value), *sorted(name for name in value if name not in known)]
        return {name: self._of_field(known.get(name), value[name]) for name in order}

    def _of_field(self, field: Field | None, value: Any) -> Any:
        if field is None:
            return value
        type_ = self._facts.target(field.shape)
        if field.shape[0] == MAP and isinstance(value, Mapping):
            return {name: self._sorted(type_, value[name]) for name in sorted(value)}
        return self._sorted(type_, value)

    def merge_lookup(self, gvk: Gvk) -> MergeType | None:
        """What strategic merge patch must know of a kind; None when there is no such kind."""
        found = self._merges.get(gvk)
        if found is None and gvk in self._facts.kinds:
            found = self._merges[gvk] = StructMerge(self._facts, self.type(gvk))
        return found

    # ------------------------------------------------------------------ compiling
    def _object(self, number: int) -> ObjectNode:
        found = self._objects.get(number)
        if found is None:
            type_ = self._facts.type(number)
            found = self._objects[number] = ObjectNode(type_.go)
            fields = type_.fields.values()
            found.attach(
                {field.name: self._node(field.shape) for field in fields},
                kept=frozenset(field.name for field in fields if _keeps_zero(field)),
                written={field.name: field.pointer for field in fields if _always_written(field)},
            )
        return found

    def _node(self, shape: str) -> Node:
        if shape[0] == LIST:
            return ListNode(self._node(shape[1:]))
        if shape[0] == MAP:
            return MapNode(self._node(shape[1:]))
        if shape[0] == OBJECT:
            number = int(shape[1:])
            return Opaque() if self._facts.type(number).opaque else self._object(number)
        return SCALARS[shape]


def _keeps_zero(field: Field) -> bool:
    """Whether Go writes the zero of a field that was set to it."""
    return field.pointer or not field.omit_empty or field.shape[0] in {OBJECT, "q", "t", "u", "o"}


def _always_written(field: Field) -> bool:
    """Whether Go writes the field even when it was never set."""
    if not field.numbers or field.omit_zero:
        return False
    if not field.omit_empty:
        return True
    # omitempty does nothing to structs.
    return not field.pointer and field.shape[0] in {OBJECT, "q", "t", "u", "o"}


@cache
def _load() -> Schema:
    return Schema(facts_module.load())
