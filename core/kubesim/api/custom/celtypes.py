"""What the library's checker cannot know of rules: the fields and types of schemas.

``self`` is dyn for the checker; here its schema is followed through the expression, so that a field which does not
exist and operands that do not go together are found.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.api.cel.evaluating import unescaped
from kubesim.api.cel.syntax import Checked, Node, Unsigned
from kubesim.objects.wire import EMPTY, Tree

_META: Tree = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "generateName": {"type": "string"},
    },
}
_ROOT: Tree = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _META}
_NAMES = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
_FORMATS = {"duration": "duration", "date-time": "timestamp", "date": "timestamp", "byte": "bytes"}
_RELATIONS = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_EQUALITY = frozenset({"_==_", "_!=_"})
_ARITHMETIC = frozenset({"_+_", "_-_", "_*_", "_/_", "_%_"})
_NUMBERS = frozenset({"int", "uint", "double"})
_RESULTS = {
    "!_": "bool", "@in": "bool", "size": "int", "string": "string", "int": "int", "double": "double",
    "startsWith": "bool", "endsWith": "bool", "contains": "bool", "matches": "bool", "_&&_": "bool", "_||_": "bool",
    "lowerAscii": "string", "upperAscii": "string", "format": "string", "join": "string",
}  # fmt: skip


class Mismatch(Exception):
    """Something that the schema rules out; ``offset`` in characters."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.text = text
        self.offset = offset


class Kind(NamedTuple):
    """What is known of a value: the CEL name of its type, "" for nothing, and the schema that it has."""

    name: str = ""
    schema: Tree | None = None
    root: bool = False


UNKNOWN = Kind()


def kind_of(schema: Any, *, root: bool = False) -> Kind:
    """The kind of the values of a schema."""
    if not isinstance(schema, dict) or schema.get("x-kubernetes-int-or-string"):
        return UNKNOWN
    kind = schema.get("type") or ""
    if kind == "string":
        return Kind(_FORMATS.get(schema.get("format") or "", "string"))
    if kind in _NAMES:
        return Kind(_NAMES[kind])
    if kind == "array":
        return Kind("list", schema)
    if kind == "object":
        fixed = bool(schema.get("properties")) or root or bool(schema.get("x-kubernetes-embedded-resource"))
        if fixed or not isinstance(schema.get("additionalProperties"), dict):
            return Kind("object", schema, root or bool(schema.get("x-kubernetes-embedded-resource")))
        return Kind("map", schema)
    return UNKNOWN


def result_of(checked: Checked, variables: Mapping[str, tuple[Tree, bool]]) -> str:
    """The type of the result, "" when it is not known. Raises Mismatch."""
    scope = {name: kind_of(schema, root=root) for name, (schema, root) in variables.items()}
    return _Inference(checked.positions).kind(checked.root, scope).name


Scope = Mapping[str, Kind]


class _Inference:
    def __init__(self, positions: Mapping[int, int]) -> None:
        self._positions = positions

    def kind(self, node: Node, scope: Scope) -> Kind:
        """What is known of the value of an expression. Raises Mismatch."""
        if node.form == "constant":
            return Kind(_constant(node.value))
        if node.form == "ident":
            return scope.get(node.name, UNKNOWN)
        if node.form == "select":
            return self._select(node, scope)
        if node.form == "call":
            return self._call(node, scope)
        if node.form == "list":
            for part in node.parts:
                self.kind(part, scope)
            return Kind("list")
        if node.form == "map":
            for key, value, _ in node.parts:
                self.kind(key, scope)
                self.kind(value, scope)
            return Kind("map")
        return self._fold(node, scope)

    def _select(self, node: Node, scope: Scope) -> Kind:
        assert node.target is not None
        target = self.kind(node.target, scope)
        found = UNKNOWN
        if target.name == "object" and target.schema is not None:
            found = self._field(node, target)
        elif target.name == "map" and target.schema is not None:
            found = kind_of(target.schema.get("additionalProperties"))
        elif target.name in {*_NAMES.values(), "list"}:
            text = f"type '{_shown(target)}' does not support field selection"
            raise Mismatch(text, self._at(node))
        return Kind("bool") if node.value else found

    def _field(self, node: Node, target: Kind) -> Kind:
        schema: Tree = target.schema or EMPTY
        known = {**(schema.get("properties") or EMPTY), **(_ROOT if target.root else EMPTY)}
        field = known.get(node.name, known.get(unescaped(node.name)))
        if field is None:
            raise Mismatch(f"undefined field '{node.name}'", self._at(node))
        return kind_of(field)

    def _call(self, node: Node, scope: Scope) -> Kind:
        given = [self.kind(part, scope) for part in ((node.target,) if node.target else ()) + node.parts]
        name = node.name
        if name in _EQUALITY or name in _RELATIONS:
            self._comparable(node, given)
            return Kind("bool")
        if name in _ARITHMETIC:
            return self._sum(node, given)
        if name in {"_&&_", "_||_", "!_"}:
            self._boolean(node, given)
        if name == "_?_:_":
            return given[1] if given[1] == given[2] else UNKNOWN
        if name == "_[_]" and given[0].schema is not None:
            inner = "items" if given[0].name == "list" else "additionalProperties"
            return kind_of(given[0].schema.get(inner)) if given[0].name in {"list", "map"} else UNKNOWN
        return Kind(_RESULTS.get(name, ""))

    def _comparable(self, node: Node, given: list[Kind]) -> None:
        left, right = given
        numbers = {left.name, right.name} <= _NUMBERS
        if not left.name or not right.name or "null" in {left.name, right.name}:
            return
        if left.name == right.name or {left.name, right.name} == {"object", "map"}:
            if node.name in _EQUALITY or left.name not in {"list", "object", "map"}:
                return
        elif numbers and node.name in _RELATIONS:
            return
        self._refuse(node, given)

    def _sum(self, node: Node, given: list[Kind]) -> Kind:
        names = {kind.name for kind in given}
        if "" in names or names & {"list", "duration", "timestamp", "map", "object"}:
            return Kind("list") if names == {"list"} else UNKNOWN
        fitting = names <= _NUMBERS or (node.name == "_+_" and names <= {"string", "bytes"})
        if len(names) > 1 or not fitting:
            self._refuse(node, given)
        return Kind(given[0].name)

    def _boolean(self, node: Node, given: list[Kind]) -> None:
        if any(kind.name not in {"", "bool"} for kind in given):
            self._refuse(node, given)

    def _refuse(self, node: Node, given: list[Kind]) -> None:
        types = ", ".join(_shown(kind) for kind in given)
        raise Mismatch(f"found no matching overload for '{node.name}' applied to '({types})'", self._at(node))

    def _fold(self, node: Node, scope: Scope) -> Kind:
        assert node.target is not None
        source = self.kind(node.target, scope)
        first, second = node.value
        schema: Tree = source.schema or EMPTY
        item = kind_of(schema.get("items")) if source.name == "list" else UNKNOWN
        entry = kind_of(schema.get("additionalProperties")) if source.name == "map" else UNKNOWN
        key = Kind("string") if source.name == "map" else Kind("int") if source.name == "list" else UNKNOWN
        inner = dict(scope)
        begin, condition, step, result = node.parts
        inner[node.name] = self.kind(begin, scope) if node.name.startswith("@") is False else UNKNOWN
        inner[first] = key if second else item if source.name == "list" else key
        if second:
            inner[second] = item if source.name == "list" else entry
        self.kind(condition, inner)
        self.kind(step, inner)
        found = self.kind(result, inner)
        boolean = begin.form == "constant" and isinstance(begin.value, bool)
        return found if found.name else Kind("bool") if boolean else UNKNOWN

    def _at(self, node: Node) -> int:
        return self._positions.get(node.number, 0)


def _constant(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Unsigned):
        return "uint"
    return {int: "int", float: "double", str: "string", bytes: "bytes"}.get(type(value), "")


def _shown(kind: Kind) -> str:
    if kind.name == "list" and kind.schema is not None:
        return f"list({_shown(kind_of(kind.schema.get('items')))})"
    if kind.name == "map" and kind.schema is not None:
        return f"map(string, {_shown(kind_of(kind.schema.get('additionalProperties')))})"
    return kind.name or "dyn"
