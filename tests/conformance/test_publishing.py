"""Schemas of custom resources in the OpenAPI v2 document: what kubectl reads is what the definition says."""

from typing import Any

import pytest

from conformance.test_custom_resources import DEFINITIONS, ask, define, definition, gone, version
from conformance.ways import Api, Remote
from kubesim.objects.wire import JSON_PATCH

PRESERVE = "x-kubernetes-preserve-unknown-fields"
ADDED = ("apiVersion", "kind", "metadata")
TEXT = {"type": "string", "description": "Text."}
MAYBE = {**TEXT, "nullable": True}
WALDO: dict[str, Any] = {
    "type": "object",
    "description": "Waldo.",
    "properties": {
        "spec": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
        "status": {"type": "object", "properties": {"bars": {"type": "array", "items": {"type": "object"}}}},
    },
}


def published(api: Api, name: str) -> Any:
    """A definition without what every object has; None when there is none."""
    assert isinstance(api, Remote)
    found = api.served.send("GET", "/openapi/v2", headers={"Accept": "*/*"}).json["definitions"].get(name)
    if found is None:
        return None
    properties = {key: value for key, value in found.get("properties", {}).items() if key not in ADDED}
    left = {key: value for key, value in found.items() if key not in {"properties", "x-kubernetes-group-version-kind"}}
    return {**left, "properties": properties} if properties else left


def inner(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": schema}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (WALDO, WALDO),
        ({"type": "object", PRESERVE: True}, {"type": "object"}),
        ({**WALDO, PRESERVE: True}, {"type": "object"}),
        (inner({**WALDO, PRESERVE: True}), inner({"description": "Waldo.", PRESERVE: True})),
        (inner({"type": "string", "nullable": True}), inner({})),
        (inner({"type": "object", "anyOf": [{"required": ["a"]}]}), inner({"type": "object"})),
        (
            inner(
                {"type": "object", "required": ["a", "b"], "properties": {"a": {**TEXT, "nullable": True}, "b": TEXT}}
            ),
            inner({"type": "object", "required": ["b"], "properties": {"a": {"description": "Text."}, "b": TEXT}}),
        ),
    ],
    ids=["plain", "no schema", "preserving root", "preserving field", "nullable", "junctors", "nullable and required"],
)
def test_what_is_published(api: Api, schema: dict[str, Any], expected: dict[str, Any]):
    if not isinstance(api, Remote):
        return
    define(api, definition("waldos", version("v1", schema), group="publish.example.com"))
    assert published(api, "com.example.publish.v1.Waldo") == expected
    gone(api, "waldos.publish.example.com")
    assert published(api, "com.example.publish.v1.Waldo") is None


def test_versions_come_and_go(api: Api):
    if not isinstance(api, Remote):
        return
    second = version("v3", WALDO, storage=False)
    define(api, definition("multis", version("v2", WALDO), second, group="publish.example.com"))
    names = [f"com.example.publish.{each}.Multi" for each in ("v2", "v3", "v4")]
    assert [published(api, name) is not None for name in names] == [True, True, False]
    patch = [
        {"op": "test", "path": "/spec/versions/1/name", "value": "v3"},
        {"op": "replace", "path": "/spec/versions/1/name", "value": "v4"},
    ]
    ask(api, "patch", DEFINITIONS, "multis.publish.example.com", patch, content_type=JSON_PATCH)
    assert [published(api, name) is not None for name in names] == [True, False, True]
    current = ask(api, "get", DEFINITIONS, "multis.publish.example.com").body
    current["spec"]["versions"][1]["served"] = False
    ask(api, "update", DEFINITIONS, "multis.publish.example.com", current)
    assert [published(api, name) == WALDO for name in names] == [True, False, False]
    gone(api, "multis.publish.example.com")
