"""Shapes of custom kinds, from their OpenAPI v3 schema. # k8s: kube-openapi/pkg/schemaconv."""

from typing import Any

from kubesim.api.apply.shapes import DEDUCED, SCALARS, UNTYPED, Many, Record, Shape
from kubesim.objects.wire import EMPTY, Tree

_KINDS = {"string": "string", "boolean": "boolean", "integer": "numeric", "number": "numeric"}


def root_shape(schema: Tree, metadata: Shape) -> Record:
    """The shape of a kind, given its schema and the shape of ObjectMeta."""
    found = shape_of(schema)
    texts = {"apiVersion": SCALARS["string"], "kind": SCALARS["string"]}
    if isinstance(found, Record):
        return Record({**found.fields, **texts, "metadata": metadata}, found.element, leaf=found.leaf)
    return Record({**texts, "metadata": metadata}, DEDUCED)


def shape_of(schema: Tree) -> Shape:
    """The shape of one value."""
    if schema.get("x-kubernetes-int-or-string"):
        return UNTYPED
    kind = schema.get("type")
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _object(schema)
    return SCALARS[_KINDS[kind]] if kind in _KINDS else DEDUCED


def _list(schema: Tree) -> Many:
    items: Tree = schema.get("items") or EMPTY
    form = schema.get("x-kubernetes-list-type", "atomic")
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ()) if form == "map" else ()
    fields = items.get("properties") or EMPTY
    defaults: dict[str, Any] = {key: fields[key]["default"] for key in keys if "default" in fields.get(key, EMPTY)}
    return Many(shape_of(items), leaf=form == "atomic", keys=keys, defaults=defaults)


def _object(schema: Tree) -> Shape:
    fields = {name: shape_of(below) for name, below in (schema.get("properties") or EMPTY).items()}
    values = schema.get("additionalProperties")
    element: Shape | None = None
    if isinstance(values, dict) and values:
        element = shape_of(values)
    elif schema.get("x-kubernetes-preserve-unknown-fields") or values or not fields:
        element = DEDUCED
    return Record(fields, element, leaf=schema.get("x-kubernetes-map-type") == "atomic")
