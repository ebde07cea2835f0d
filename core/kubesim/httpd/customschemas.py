"""The OpenAPI schemas of custom resources: what their definition says, and what every object has.

# k8s: apiextensions-apiserver/pkg/controller/openapi/builder
"""

from typing import Any

from kubesim.api.strategy import Strategy

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_REF = "#/components/schemas/"
_KIND = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_METADATA = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_LIST_METADATA = (
    "Standard list metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)


def definition_name(gvk: tuple[str, str, str]) -> str:
    """What the schema of a custom kind is called: ``com.example.v1.Widget``."""
    group, version, kind = gvk
    return ".".join([*reversed(group.split(".")), version, kind])


def definitions(strategy: Strategy) -> dict[str, dict[str, Any]]:
    """The schemas of a custom kind and of its list, by their names."""
    gvr = strategy.gvr
    own = definition_name((gvr.group, gvr.version, strategy.kind))
    list_kind = getattr(strategy, "list_kind", strategy.kind + "List")
    listed = definition_name((gvr.group, gvr.version, f"{strategy.kind}List"))
    types = {"apiVersion": _text(_VERSION), "kind": _text(_KIND)}
    items = {"type": "array", "description": _items(strategy), "items": {"allOf": [_reference(own)]}}
    return {
        own: _object(getattr(strategy, "openapi", {}), types, _gvk(strategy, strategy.kind)),
        listed: {
            "description": f"{list_kind} is a list of {strategy.kind}",
            "type": "object",
            "required": ["items"],
            "properties": {**types, "items": items, "metadata": _meta("ListMeta", _LIST_METADATA)},
            "x-kubernetes-group-version-kind": _gvk(strategy, list_kind),
        },
    }


def _items(strategy: Strategy) -> str:
    return (
        f"List of {strategy.gvr.resource}. More info: "
        "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
    )


def _object(schema: Any, types: dict[str, Any], kinds: list[dict[str, str]]) -> dict[str, Any]:
    given = {name: value for name, value in schema.items() if name != "properties"}
    properties = {**(schema.get("properties") or {}), **types, "metadata": _meta("ObjectMeta", _METADATA)}
    return {"type": "object", **given, "properties": properties, "x-kubernetes-group-version-kind": kinds}


def _gvk(strategy: Strategy, kind: str) -> list[dict[str, str]]:
    return [{"group": strategy.gvr.group, "version": strategy.gvr.version, "kind": kind}]


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string"}


def _meta(name: str, description: str) -> dict[str, Any]:
    return {"description": description, "allOf": [_reference(f"{_META}.{name}")]}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": _REF + name}


def references(schema: dict[str, Any]) -> list[str]:
    """The other schemas that one of ``definitions`` mentions; those of users mention none."""
    metadata = schema["properties"]["metadata"]["allOf"][0]["$ref"]
    found = [metadata.removeprefix(_REF)]
    items = schema["properties"].get("items")
    target = items.get("items", {}).get("allOf") if isinstance(items, dict) else None
    if target and "$ref" in target[0]:
        found.append(target[0]["$ref"].removeprefix(_REF))
    return found
