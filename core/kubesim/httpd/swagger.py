"""OpenAPI v2, made of the v3 documents: one document for everything that is served."""

from collections.abc import Iterator, Mapping
from hashlib import sha512
from typing import Any

import orjson

from kubesim.httpd import gnostic
from kubesim.httpd.openapi import OpenApi

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V3, _V2 = "#/components/schemas/", "#/definitions/"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_PLAIN: Mapping[str, str] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "string",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "string",
}
"""Types that v3 describes with ``oneOf``, which v2 does not have."""
_V3_ONLY = frozenset({"oneOf", "anyOf", "not", "nullable", "allOf"})
_KINDS = "x-kubernetes-group-version-kind"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_SECURITY = {"BearerToken": {"description": "Bearer Token authentication", "type": "apiKey", "name": "authorization",
                             "in": "header"}}  # fmt: skip


class Swagger:
    """The v2 document that belongs to a set of v3 documents."""

    def __init__(self, documents: OpenApi) -> None:
        self._documents = documents
        self._json = b""
        self._protobuf = b""
        self.etag = ""
        """Changes with the content; "" until the document is made."""

    def steps(self) -> Iterator[None]:
        """Make both forms of the document, a piece at a time."""
        if self.etag:
            return
        paths: dict[str, Any] = {}
        definitions: dict[str, Any] = {}
        for path in self._documents.paths():
            document = orjson.loads(self._documents.document(path) or b"{}")
            yield
            _add(document, paths, definitions)
            yield
        tree = {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": "v1.37.0"},
            "paths": dict(sorted(paths.items())),
            "definitions": dict(sorted(definitions.items())),
            "securityDefinitions": _SECURITY,
            "security": [{"BearerToken": []}],
        }
        self._json = orjson.dumps(tree)
        yield
        parts: list[bytes] = []
        for part in gnostic.pieces(tree):
            parts.append(part)
            yield
        self._protobuf = b"".join(parts)
        self.etag = sha512(self._json).hexdigest().upper()

    def made(self) -> None:
        """Make the document at once if it is not made yet."""
        for _ in self.steps():
            continue

    def json(self) -> bytes:
        """The document as JSON."""
        self.made()
        return self._json

    def protobuf(self) -> bytes:
        """The document as kubectl reads it: a gnostic ``openapi.v2.Document``."""
        self.made()
        return self._protobuf


def _add(document: Mapping[str, Any], paths: dict[str, Any], definitions: dict[str, Any]) -> None:
    for path, item in document.get("paths", {}).items():
        paths[path] = _item(item)
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if name in definitions:
            _join(definitions[name], schema)
        else:
            plain = _PLAIN.get(name)
            kept = {key: schema[key] for key in ("description", "format") if key in schema}
            definitions[name] = {**kept, "type": plain} if plain else _schema(schema)


def _join(known: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Types of several groups name the kinds of all of them."""
    kinds = known.get(_KINDS)
    if kinds is not None:
        kinds += [kind for kind in schema.get(_KINDS, ()) if kind not in kinds]


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _operation(item[name]) for name in _METHODS if name in item}
    if item.get("parameters"):
        found["parameters"] = [_parameter(parameter) for parameter in item["parameters"]]
    return found


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in operation.items() if name not in {"requestBody", "responses", "parameters"}}
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", ())]
    body = operation.get("requestBody")
    if body is not None:
        content = body["content"]
        found["consumes"] = list(content)
        schema = _schema(next(iter(content.values())).get("schema", {}))
        parameters.insert(0, {"name": "body", "in": "body", "required": bool(body.get("required")), "schema": schema})
    found["produces"] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
    found["schemes"] = ["https"]
    if parameters:
        found["parameters"] = parameters
    found["responses"] = {code: _response(answer) for code, answer in operation.get("responses", {}).items()}
    return found


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    content = next(iter((answer.get("content") or {}).values()), None)
    found: dict[str, Any] = {"description": answer.get("description", "")}
    return {**found, "schema": _schema(content["schema"])} if content and "schema" in content else found


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in parameter.items() if name != "schema"}
    return {"uniqueItems": True, **found, "type": parameter.get("schema", {}).get("type", "string")}


def _schema(schema: Any) -> Any:
    """A v3 schema in the words of v2."""
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema and isinstance(schema["$ref"], str):
        return {"$ref": schema["$ref"].replace(_V3, _V2)}
    target = schema.get("allOf")
    if isinstance(target, list) and len(target) == 1 and "$ref" in target[0]:
        # A v2 reference has room for a description beside it, and for the extensions of patches.
        kept = {key: value for key, value in schema.items() if key == "description" or key.startswith("x-")}
        return {**kept, "$ref": target[0]["$ref"].replace(_V3, _V2)}
    if schema.get(_PRESERVE) and _KINDS in schema:
        return {"type": "object", _KINDS: list(schema[_KINDS])}
    return {
        name: _part(name, value)
        for name, value in _structural(schema).items()
        if name not in _V3_ONLY and not (name == "default" and value in ({}, ""))
    }


def _part(name: str, value: Any) -> Any:
    if name == "properties":
        return {field: _schema(inner) for field, inner in value.items()}
    if name in {"items", "additionalProperties"}:
        return _schema(value)
    return list(value) if name == _KINDS and isinstance(value, list) else value


def _structural(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what v2 or kubectl could not cope with in custom resources.

    # k8s: apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go
    """
    left = dict(schema)
    if left.get("nullable"):
        left = {name: value for name, value in left.items() if name not in {"type", "items", "properties"}}
    if left.get(_PRESERVE):
        left = {name: value for name, value in left.items() if name not in {"items", "properties"}}
    if (left.get("type") == "array" and "items" not in left) or (left.get(_PRESERVE) and left.get("type") == "object"):
        del left["type"]
    inner = left.get("properties") or {}
    absent = [name for name, value in inner.items() if isinstance(value, Mapping) and value.get("nullable")]
    if absent and left.get("required"):
        required = [name for name in left["required"] if name not in absent]
        left = {name: value for name, value in {**left, "required": required}.items() if name != "required" or required}
    return left
