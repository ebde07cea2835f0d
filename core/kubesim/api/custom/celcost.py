"""What a rule may cost at worst, from the limits in the schema.

# k8s: cel-go/checker/cost.go, apiserver/pkg/cel/library/cost.go
# differs: steps count as one each, texts a tenth of their bytes; the real estimates differ by small factors.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.api.cel.evaluating import TRAVERSING, unescaped
from kubesim.api.cel.syntax import Node
from kubesim.objects.wire import EMPTY, Tree

REQUEST_BYTES = 3 * 1024 * 1024
"""No list or text is longer than a request."""
UNBOUNDED = 1e18
_BYTES_PER_LETTER = 4
_SMALLEST = {"string": 2, "integer": 1, "number": 1, "boolean": 4, "array": 2, "object": 2}


class Sized(NamedTuple):
    """A value of an expression: its schema, and how many letters or items it has at most."""

    schema: Tree | None
    size: float


def size_of(schema: Any) -> float:
    """How many letters, items or keys a value of a schema has at most."""
    if not isinstance(schema, dict):
        return 1
    kind = schema.get("type")
    if kind == "string":
        return _text_size(schema)
    if kind == "array":
        if schema.get("maxItems") is not None:
            return float(schema["maxItems"])
        return REQUEST_BYTES // (_least_bytes(schema.get("items")) + 1)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        if schema.get("maxProperties") is not None:
            return float(schema["maxProperties"])
        return REQUEST_BYTES // (_least_bytes(schema["additionalProperties"]) + 6)
    return 1


def _text_size(schema: Tree) -> float:
    if schema.get("maxLength") is not None:
        return float(schema["maxLength"]) * _BYTES_PER_LETTER
    if schema.get("enum"):
        return float(max(len(str(value)) for value in schema["enum"]))
    form = schema.get("format")
    return {"date-time": 25.0, "date": 10.0, "duration": 32.0, "uuid": 36.0}.get(form or "", float(REQUEST_BYTES))


def _least_bytes(schema: Any) -> int:
    """How short a value of a schema can be as JSON."""
    if not isinstance(schema, dict):
        return 1
    kind = schema.get("type") or ""
    if kind == "object":
        needed = [name for name in schema.get("required") or () if name in (schema.get("properties") or EMPTY)]
        return 2 + sum(len(name) + 4 + _least_bytes(schema["properties"][name]) for name in needed)
    return _SMALLEST.get(kind, 1)


def cardinality_of(schema: Tree, occurrences: float) -> float:
    """How many values a list or map has at most; no request holds more than fit in it."""
    return max(1.0, min(size_of(schema), REQUEST_BYTES / occurrences))


Scope = Mapping[str, Sized]


def cost_of(root: Node, variables: Mapping[str, Tree]) -> float:
    """The worst cost of one evaluation."""
    scope = {name: Sized(schema, size_of(schema)) for name, schema in variables.items()}
    return min(_estimate(root, scope)[0], UNBOUNDED)


def _estimate(node: Node, scope: Scope) -> tuple[float, Sized]:
    return _FORMS[node.form](node, scope)


def _constant(node: Node, scope: Scope) -> tuple[float, Sized]:
    del scope
    return 0.0, Sized(None, len(node.value) if isinstance(node.value, str | bytes) else 1)


def _ident(node: Node, scope: Scope) -> tuple[float, Sized]:
    return 1.0, scope.get(node.name, Sized(None, 1))


def _select(node: Node, scope: Scope) -> tuple[float, Sized]:
    assert node.target is not None
    cost, target = _estimate(node.target, scope)
    if node.value:
        return cost + 1, Sized(None, 1)
    schema = target.schema or EMPTY
    known = schema.get("properties") or EMPTY
    found = known.get(node.name, known.get(unescaped(node.name), schema.get("additionalProperties")))
    return cost + 1, Sized(found if isinstance(found, dict) else None, size_of(found))


def _call(node: Node, scope: Scope) -> tuple[float, Sized]:
    given = [_estimate(part, scope) for part in ((node.target,) if node.target else ()) + node.parts]
    cost = 1 + sum(each for each, _ in given)
    name = node.name
    if name == "_?_:_":
        return given[0][0] + max(given[1][0], given[2][0]), given[1][1]
    if name in {"_==_", "_!=_"}:
        return cost + min(size for _, (_, size) in given) / 10, Sized(None, 1)
    if name in TRAVERSING:
        sizes = [sized.size for _, sized in given]
        work = sizes[0] * max(1.0, sizes[1] / 4) if name == "matches" and len(sizes) > 1 else sum(sizes)
        kept = sum(sizes) if name in {"_+_", "join", "format", "replace"} else sizes[0]
        return cost + work / 10, Sized(given[0][1].schema, kept)
    if name == "@in":
        return cost + given[1][1].size, Sized(None, 1)
    if name == "_[_]":
        schema = given[0][1].schema or EMPTY
        inner = schema.get("items") or schema.get("additionalProperties")
        return cost, Sized(inner if isinstance(inner, dict) else None, size_of(inner))
    return cost, Sized(None, 1)


def _list(node: Node, scope: Scope) -> tuple[float, Sized]:
    return 10 + sum(_estimate(part, scope)[0] for part in node.parts), Sized(None, len(node.parts))


def _map(node: Node, scope: Scope) -> tuple[float, Sized]:
    cost = sum(_estimate(key, scope)[0] + _estimate(value, scope)[0] for key, value, _ in node.parts)
    return 30 + cost, Sized(None, len(node.parts))


def _fold(node: Node, scope: Scope) -> tuple[float, Sized]:
    assert node.target is not None
    cost, source = _estimate(node.target, scope)
    schema = source.schema or EMPTY
    inner: Any = schema.get("items")
    if source.schema is not None and schema.get("type") == "object":
        inner = schema.get("additionalProperties")
    item = Sized(inner if isinstance(inner, dict) else None, size_of(inner))
    first, second = node.value
    begin, condition, step, result = node.parts
    started = _estimate(begin, scope)
    is_list = schema.get("type") == "array"
    inside = {**scope, node.name: started[1], first: item if is_list and not second else Sized(None, 1)}
    if second:
        inside[second] = item
    each = _estimate(condition, inside)[0] + _estimate(step, inside)[0]
    end = _estimate(result, inside)
    growing = begin.form in {"list", "map"}
    size = source.size if growing else end[1].size
    return cost + started[0] + source.size * each + end[0], Sized(None, size)


_FORMS = {
    "constant": _constant, "ident": _ident, "select": _select, "call": _call, "list": _list, "map": _map,
    "fold": _fold,
}  # fmt: skip
