"""Every built-in kind comes back from protobuf as it was: all fields of all types, to some depth."""

from typing import Any

import pytest

from conformance.binary import SCHEMA, encode
from kubesim.api.schema import Field, Type
from kubesim.httpd import protobuf

Gvk = tuple[str, str, str]
DEPTH = 7
SAMPLES: dict[str, Any] = {
    "s": "text", "b": True, "i": -3, "l": 1 << 40, "d": 1.5, "y": "AP8=", "q": "250m", "t": "2026-01-01T00:00:00Z",
    "u": "2026-01-01T00:00:00.000250Z", "o": "25%",
}  # fmt: skip
UNIONS: dict[str, Any] = {
    "JSONSchemaPropsOrBool": [True, False, {"type": "string"}],
    "JSONSchemaPropsOrArray": [{"type": "string"}, [{"type": "string"}, {"type": "integer"}]],
    "JSONSchemaPropsOrStringArray": [{"type": "string"}, ["a", "b"]],
}


def sample(shape: str, depth: int) -> Any:
    """A value of a shape, None where it would be too deep."""
    if shape[0] == "[":
        item = sample(shape[1:], depth)
        return None if item is None else [item]
    if shape[0] == "{":
        item = sample(shape[1:], depth)
        return None if item is None else {"key": item}
    if shape[0] != "#":
        return SAMPLES[shape]
    kind = SCHEMA.target(shape)
    assert kind is not None
    if kind.struct in UNIONS:
        return UNIONS[kind.struct][0]
    if kind.opaque:
        return {"any": ["json", 1, None]}
    return struct(kind, depth - 1) if depth else None


def struct(kind: Type, depth: int) -> dict[str, Any]:
    found = {name: sample(field.shape, depth) for name, field in kind.fields.items() if field.numbers}
    return {name: value for name, value in found.items() if value is not None}


def numbered(gvk: Gvk) -> bool:
    return any(field.numbers for field in SCHEMA.type(gvk).fields.values())


KINDS = [gvk for gvk in sorted(SCHEMA.kinds()) if numbered(gvk)]


@pytest.mark.parametrize("gvk", KINDS, ids=["/".join(gvk) for gvk in KINDS])
def test_a_kind_survives(gvk: Gvk):
    group, version, kind = gvk
    head = {"kind": kind, "apiVersion": f"{group}/{version}" if group else version}
    tree = {**head, **struct(SCHEMA.type(gvk), DEPTH if "JSONSchema" not in kind else 3)}
    found = protobuf.decode(SCHEMA, encode(tree))
    assert without_empty(found) == without_empty(tree)


def without_empty(value: Any) -> Any:
    """Structs that Go always writes are in the one and not in the other where it got too deep."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [])}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("group", ["", "apps", "apiextensions.k8s.io", "example.com"])
def test_options_of_deletions_belong_to_every_group(group: str):
    api_version = f"{group}/v1" if group else "v1"
    tree = {"kind": "DeleteOptions", "apiVersion": api_version, "gracePeriodSeconds": 0, "propagationPolicy": "Orphan"}
    assert protobuf.decode(SCHEMA, encode(tree)) == tree


def schema_field(name: str) -> Field:
    return SCHEMA.named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps").fields[name]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("additionalProperties", value) for value in UNIONS["JSONSchemaPropsOrBool"]),
        *(("items", value) for value in UNIONS["JSONSchemaPropsOrArray"]),
        *(("dependencies", {"key": value}) for value in UNIONS["JSONSchemaPropsOrStringArray"]),
        ("default", "text"),
        ("default", {"a": [1, 2]}),
        ("enum", ["a", 1, None]),
        ("minimum", 0),
        ("maximum", 2.5),
        ("x-kubernetes-preserve-unknown-fields", True),
    ],
)
def test_schemas_of_custom_resources(field: str, value: Any):
    assert schema_field(field).numbers
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {field: value}}}]
    tree = {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", "spec": {"versions": versions}}
    assert protobuf.decode(SCHEMA, encode(tree))["spec"]["versions"] == versions
