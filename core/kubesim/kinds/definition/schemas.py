"""What an OpenAPI v3 schema in a definition may say at all, and its defaults.

# k8s: apiextensions/validation: specStandardValidatorV3, ValidateCustomResourceDefinitionOpenAPISchema
"""

from collections.abc import Iterator
from typing import Any

from kubesim.api.custom import pruning, validating
from kubesim.api.custom.metadata import coerced
from kubesim.kinds.fielderrors import forbidden, invalid, not_supported, required
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")


def schema_causes(schema: Tree, path: str) -> list[Cause]:
    """Every broken rule of a schema and of those inside it."""
    causes = _own_causes(schema, path)
    for place, below in below_of(schema, path):
        causes += schema_causes(below, place)
    return causes


def below_of(schema: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """The schemas directly inside of one, with their paths."""
    others, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(others, dict):
        yield f"{path}.additionalProperties", others
    for name, below in (schema.get("properties") or EMPTY).items():
        yield f"{path}.properties[{name}]", below
    if isinstance(schema.get("not"), dict):
        yield f"{path}.not", schema["not"]
    for junctor in ("allOf", "oneOf", "anyOf"):
        for number, below in enumerate(schema.get(junctor) or ()):
            yield f"{path}.{junctor}[{number}]", below
    if isinstance(items, dict):
        yield f"{path}.items", items


def _own_causes(schema: Tree, path: str) -> list[Cause]:
    causes = [forbidden(f"{path}.{name}", f"{name} is not supported") for name in _UNSUPPORTED if schema.get(name)]
    kind = schema.get("type")
    if kind == "null":
        causes.append(forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative"))
    elif kind and kind not in TYPES:
        causes.append(not_supported(f"{path}.type", kind, TYPES))
    if isinstance(schema.get("items"), list):
        causes.append(forbidden(f"{path}.items", "items must be a schema object and not an array"))
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        causes.append(forbidden(f"{path}.uniqueItems", text))
    others = schema.get("additionalProperties")
    if others is False:
        causes.append(forbidden(f"{path}.additionalProperties", "additionalProperties cannot be set to false"))
    elif others is not None and others is not True and schema.get("properties"):
        text = "additionalProperties and properties are mutual exclusive"
        causes.append(forbidden(f"{path}.additionalProperties", text))
    causes += _list_causes(schema, path) + _map_causes(schema, path)
    if "default" in schema:
        causes += _default_causes(schema, f"{path}.default")
    return causes


def _list_causes(schema: Tree, path: str) -> list[Cause]:
    form, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    place = f"{path}.x-kubernetes-list-type"
    causes: list[Cause] = []
    if form is not None:
        causes += _of_type(schema, path, "array", "x-kubernetes-list-type is specified")
        if form not in {"atomic", "set", "map"}:
            causes.append(not_supported(place, form, ("atomic", "set", "map")))
    if keys and form != "map":
        text = "must be map if x-kubernetes-list-map-keys is non-empty"
        causes.append(required(place, text) if form is None else invalid(place, form, text))
    if form == "map":
        causes += _key_causes(schema, keys, path)
    if form == "set":
        causes += _set_causes(schema.get("items") or EMPTY, path)
    return causes


def _of_type(schema: Tree, path: str, wanted: str, reason: str) -> list[Cause]:
    kind = schema.get("type") or ""
    if kind == wanted:
        return []
    text = f"must be {wanted} if {reason}"
    return [invalid(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)]


def _key_causes(schema: Tree, keys: list[str], path: str) -> list[Cause]:
    place = f"{path}.x-kubernetes-list-map-keys"
    causes = [] if keys else [required(place, "must not be empty if x-kubernetes-list-type is map")]
    items = schema.get("items")
    if not isinstance(items, dict):
        return [*causes, required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")]
    if items.get("type") != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        causes.append(invalid(f"{path}.items.type", items.get("type") or "", text))
    for number, key in enumerate(keys):
        field = (items.get("properties") or EMPTY).get(key)
        inner = f"{path}.items.properties[{key}]"
        if field is None:
            causes.append(invalid(f"{place}[{number}]", key, "entries must all be names of item properties"))
        elif field.get("type") in {"array", "object"}:
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            causes.append(invalid(f"{inner}.type", field["type"], text))
        elif "default" not in field and key not in (items.get("required") or ()):
            text = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            causes.append(required(f"{inner}.default", text))
        if key in keys[:number]:
            causes.append(invalid(f"{place}[{number}]", key, "must be unique"))
    return causes


def _set_causes(items: Tree, path: str) -> list[Cause]:
    if items.get("nullable"):
        text = "cannot be nullable when x-kubernetes-list-type is set"
        return [forbidden(f"{path}.items.nullable", text)]
    if items.get("type") == "array" and items.get("x-kubernetes-list-type") not in {None, "atomic"}:
        text = "must be atomic as item of a list with x-kubernetes-list-type=set"
        return [invalid(f"{path}.items.x-kubernetes-list-type", items["x-kubernetes-list-type"], text)]
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        text = "must be atomic as item of a list with x-kubernetes-list-type=set"
        return [invalid(f"{path}.items.x-kubernetes-map-type", items.get("x-kubernetes-map-type"), text)]
    return []


def _map_causes(schema: Tree, path: str) -> list[Cause]:
    form = schema.get("x-kubernetes-map-type")
    if form is None:
        return []
    causes = _of_type(schema, path, "object", "x-kubernetes-map-type is specified")
    if form not in {"atomic", "granular"}:
        causes.append(not_supported(f"{path}.x-kubernetes-map-type", form, ("atomic", "granular")))
    return causes


def _default_causes(schema: Tree, path: str) -> list[Cause]:
    """# k8s: schema/defaulting/validation.go."""
    value: Any = schema["default"]
    unknown: list[str] = []
    if isinstance(value, dict) and not schema.get("x-kubernetes-embedded-resource"):
        pruning.Pruner(coerced).root(value, {**schema, "x-kubernetes-embedded-resource": False}, unknown)
        unknown = [name for name in unknown if name]
    if unknown:
        return [invalid(path, value, f"must not have unknown fields: {', '.join(unknown)}")]
    found = validating.problems(pruning.defaulted(value, schema), schema)
    return [cause._replace(field=path if cause.field == "<nil>" else f"{path}.{cause.field}") for cause in found]
