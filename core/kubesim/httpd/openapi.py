"""OpenAPI v3 documents made from the schema and from discovery: what kubectl validates, patches and explains by."""

from collections.abc import Iterable, Mapping
from hashlib import sha512
from typing import Any

import orjson

from kubesim.api.schema import Field, Schema, Type
from kubesim.api.schema.facts import LIST, MAP, OBJECT
from kubesim.api.strategy import Strategy
from kubesim.httpd import descriptions, enums
from kubesim.httpd.customschemas import definition_name, definitions, references
from kubesim.httpd.discovery import Discovery, Entry, Part
from kubesim.objects.wire import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Gvr

FORMAT = "3"
"""Part of every hash; change it when the documents change for the same resources."""

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_REF = "#/components/schemas/"
_SPECIAL: Mapping[str, tuple[str, dict[str, Any]]] = {
    "q": (
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
    ),
    "t": (f"{_META}.Time", {"type": "string", "format": "date-time"}),
    "u": (f"{_META}.MicroTime", {"type": "string", "format": "date-time"}),
    "o": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
}
_SCALARS: Mapping[str, dict[str, Any]] = {
    "s": {"type": "string"},
    "b": {"type": "boolean"},
    "i": {"type": "integer", "format": "int32"},
    "l": {"type": "integer", "format": "int64"},
    "d": {"type": "number", "format": "double"},
    "y": {"type": "string", "format": "byte"},
}
_DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}
"""Defaults that keys of lists depend on."""
_BODIES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")
_LIST_PARAMETERS = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
_TYPES = {"limit": "integer", "timeoutSeconds": "integer", "force": "boolean", "watch": "boolean"}
_ACTIONS = {
    "get": ("get", "get"),
    "list": ("get", "list"),
    "create": ("post", "post"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
    "deletecollection": ("delete", "deletecollection"),
}


class OpenApi:
    """The documents for one state of discovery; each is made when it is first asked for."""

    def __init__(self, schema: Schema, discovery: Discovery) -> None:
        self._schema = schema
        self._discovery = discovery
        self._documents: dict[str, bytes] = {}

    def hash(self, path: str) -> str:
        """Names the content of a document, known before it is made."""
        return sha512(f"{FORMAT} {self._discovery.etag} {path}".encode()).hexdigest().upper()

    def paths(self) -> list[str]:
        """``api/v1``, ``apis/apps/v1`` and so on."""
        found = [f"api/{version}" for version in self._discovery.versions("")]
        for group in self._discovery.groups():
            found += [f"apis/{group}/{version}" for version in self._discovery.versions(group)]
        return found

    def index(self) -> dict[str, Any]:
        """The document of ``/openapi/v3``."""
        return {
            "paths": {
                path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self.hash(path)}"} for path in self.paths()
            }
        }

    def is_made(self, path: str) -> bool:
        """Whether a document is there already, or never will be."""
        return path in self._documents or path not in self.paths()

    def document(self, path: str) -> bytes | None:
        """The JSON of one document, None when nothing is served there."""
        found = self._documents.get(path)
        if found is None and path in self.paths():
            parts = path.split("/")
            group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
            made = _Document(self._schema, path, self._discovery.resources(group, version))
            made.describe(self._discovery.custom)
            found = self._documents[path] = orjson.dumps(made.tree())
        return found


class _Document:
    """Builds one document: the schemas are those that its paths mention."""

    def __init__(self, schema: Schema, path: str, entries: list[Entry]) -> None:
        self._schema = schema
        self._path = path
        self._entries = entries
        self._schemas: dict[str, dict[str, Any]] = {}
        self._custom: dict[str, dict[str, Any]] = {}
        self._kinds: dict[int, list[tuple[str, str, str]]] = {}
        for gvk in schema.kinds():
            self._kinds.setdefault(schema.type(gvk).number, []).append(gvk)
        self._types = {type_.name: type_ for type_ in schema.types()}
        self._texts = descriptions.load()

    def describe(self, strategies: Mapping[Gvr, Strategy]) -> None:
        """Tell the schemas of custom resources."""
        for entry in self._entries:
            if entry.fingerprint:
                self._custom.update(definitions(strategies[entry.gvr]))

    def tree(self) -> dict[str, Any]:
        """The whole document."""
        paths: dict[str, Any] = {f"/{self._path}/": {"get": self._operation("get", "getAPIResources", None, "")}}
        custom = any(entry.fingerprint for entry in self._entries)
        if custom:
            paths = {}
        names = ("Status", "DeleteOptions", "WatchEvent", "Patch", "APIResourceList")
        for name in () if custom else names:
            self._use(f"{_META}.{name}")
        for entry in self._entries:
            self._resource(entry, paths)
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.37.0"},
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": dict(sorted(self._schemas.items())),
                "securitySchemes": {
                    "BearerToken": {
                        "type": "apiKey",
                        "description": "Bearer Token authentication",
                        "name": "authorization",
                        "in": "header",
                    }
                },
            },
        }

    # ------------------------------------------------------------------ paths
    def _resource(self, entry: Entry, paths: dict[str, Any]) -> None:
        root = f"/{self._path}"
        space = "/namespaces/{namespace}" if entry.namespaced else ""
        collection = f"{root}{space}/{entry.gvr.resource}"
        item = collection + "/{name}"
        kind = self._kind(entry.kind, entry)
        many = [verb for verb in ("list", "create", "deletecollection") if verb in entry.verbs]
        one = [verb for verb in ("get", "update", "patch", "delete") if verb in entry.verbs]
        if many:
            paths[collection] = self._operations(many, entry, kind, space)
        if one:
            paths[item] = self._operations(one, entry, kind, space, named=True)
        if space and "list" in entry.verbs:
            paths[f"{root}/{entry.gvr.resource}"] = self._operations(["list"], entry, kind, "")
        if "watch" in entry.verbs and not entry.fingerprint:
            watched = {"get": self._operation("watch", f"watch{entry.kind}", None, f"{_META}.WatchEvent")}
            tails = [f"{space}/{entry.gvr.resource}", f"{space}/{entry.gvr.resource}/{{name}}"]
            for tail in [*tails, *([f"/{entry.gvr.resource}"] if space else [])]:
                paths[f"{root}/watch{tail}"] = watched
        for part in entry.parts:
            operations = self._operations(list(part.verbs), entry, self._part(part), space, named=True, part=part)
            paths[f"{item}/{part.name}"] = operations
            if part.name == "proxy":
                paths[item + "/proxy/{path}"] = operations

    def _part(self, part: Part) -> tuple[Any, str]:
        gvk = part.kind
        if definition_name(gvk) in self._custom:
            return gvk, definition_name(gvk)
        return gvk, self._schema.type(gvk).name if self._schema.knows(gvk) else ""

    def _kind(self, kind: str, entry: Entry) -> tuple[Any, str]:
        gvk = (entry.gvr.group, entry.gvr.version, kind)
        if entry.fingerprint:
            return gvk, definition_name(gvk)
        return gvk, self._schema.type(gvk).name if self._schema.knows(gvk) else ""

    def _operations(
        self,
        verbs: Iterable[str],
        entry: Entry,
        kind: tuple[Any, str],
        space: str,
        *,
        named: bool = False,
        part: Part | None = None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        listed = self._kind(f"{entry.kind}List", entry)[1]
        for verb in verbs:
            method, action = _ACTIONS[verb]
            tail = f"Namespaced{entry.kind}" if space else entry.kind
            name = f"{verb}{tail}{part.name.title() if part is not None else ''}"
            answer = listed if verb == "list" else f"{_META}.Status" if action.startswith("delete") else kind[1]
            found[method] = self._operation(verb, name, kind, answer)
        shared = [_parameter("namespace", "path")] if space else []
        if named:
            shared.append(_parameter("name", "path"))
        return {**found, "parameters": [*shared, _parameter("pretty", "query")]}

    def _operation(self, verb: str, name: str, kind: tuple[Any, str] | None, answer: str) -> dict[str, Any]:
        content = {"application/json": {"schema": self._reference(answer)}} if answer else {}
        group = self._path.replace("apis/", "").replace("api/", "core/").replace("/", "_").replace(".", "_")
        found: dict[str, Any] = {
            "tags": [group],
            "operationId": f"{verb}_{group}_{name}",
            "responses": {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}},
        }
        names: tuple[str, ...] = _LIST_PARAMETERS if verb in {"list", "deletecollection", "watch"} else ()
        if verb in {"create", "update", "patch"}:
            names = (*_WRITE_PARAMETERS, *(("force",) if verb == "patch" else ()))
        if names:
            found["parameters"] = [_parameter(item, "query") for item in names]
        if kind is not None:
            found.update(self._typed(verb, kind))
        return found

    def _typed(self, verb: str, kind: tuple[Any, str]) -> dict[str, Any]:
        (group, version, name), body = kind
        found: dict[str, Any] = {
            "x-kubernetes-action": _ACTIONS[verb][1],
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": name},
        }
        if verb == "patch":
            # kubectl sends strategic patches where they are offered; kinds without a Go struct cannot take them.
            plain = not body or body in self._custom
            bodies = [media for media in _BODIES if not plain or media != STRATEGIC_PATCH]
            content = {media: {"schema": self._reference(f"{_META}.Patch")} for media in bodies}
            found["requestBody"] = {"content": content, "required": True}
        elif verb in {"create", "update"} and body:
            found["requestBody"] = {"content": {"*/*": {"schema": self._reference(body)}}, "required": True}
        elif verb in {"delete", "deletecollection"}:
            found["requestBody"] = {"content": {"*/*": {"schema": self._reference(f"{_META}.DeleteOptions")}}}
        return found

    # ------------------------------------------------------------------ schemas
    def _reference(self, name: str) -> dict[str, str]:
        self._use(name)
        return {"$ref": _REF + name}

    def _use(self, name: str) -> None:
        if name in self._custom and name not in self._schemas:
            self._schemas[name] = self._custom[name]
            for other in references(self._schemas[name]):
                self._use(other)
            return
        if name in self._schemas or name not in self._types:
            return
        self._schemas[name] = {}
        self._schemas[name] = self._struct(self._types[name])

    def _struct(self, type_: Type) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "object"}
        if text := self._texts.of_type(type_.name):
            found = {"description": text, **found}
        if type_.atomic:
            found["x-kubernetes-map-type"] = "atomic"
        if type_.fields:
            found["properties"] = {name: self._field(type_, field) for name, field in sorted(type_.fields.items())}
        required = sorted(name for name, field in type_.fields.items() if field.required)
        if required:
            found["required"] = required
        kinds = self._kinds.get(type_.number)
        if kinds:
            found["x-kubernetes-group-version-kind"] = [
                {"group": group, "version": version, "kind": kind} for group, version, kind in sorted(kinds)
            ]
        return found

    def _field(self, type_: Type, field: Field) -> dict[str, Any]:
        found = self._shape(field.shape, top=True)
        values = enums.VALUES.get((type_.name, field.name), ())
        if text := self._texts.of_field(type_.name, field.name):
            found = {"description": enums.described(text, values) if values else text, **found}
        if values:
            found["enum"] = list(values)
        default = _DEFAULTS.get((type_.name, field.name))
        if default is not None:
            found["default"] = default
        elif field.shape[0] == OBJECT and not field.pointer:
            found["default"] = {}
        if field.list_type:
            found["x-kubernetes-list-type"] = field.list_type
        if field.list_keys:
            found["x-kubernetes-list-map-keys"] = list(field.list_keys)
        if field.map_type:
            found["x-kubernetes-map-type"] = field.map_type
        strategies = [*([field.strategy] if field.strategy else []), *(["retainKeys"] if field.retain_keys else [])]
        if strategies:
            found["x-kubernetes-patch-strategy"] = ",".join(strategies)
        if field.merge_key:
            found["x-kubernetes-patch-merge-key"] = field.merge_key
        return found

    def _shape(self, shape: str, *, top: bool = False) -> dict[str, Any]:
        if shape[0] == LIST:
            return {"type": "array", "items": self._item(shape[1:])}
        if shape[0] == MAP:
            return {"type": "object", "additionalProperties": self._item(shape[1:])}
        special = _SPECIAL.get(shape)
        if special is not None:
            name, content = special
            self._schemas.setdefault(name, content)
            return {"allOf": [{"$ref": _REF + name}]} if top else {"$ref": _REF + name}
        if shape[0] == OBJECT:
            target = self._schema.target(shape)
            name = target.name if target is not None else ""
            return {"allOf": [self._reference(name)]}
        return dict(_SCALARS[shape])

    def _item(self, shape: str) -> dict[str, Any]:
        found = self._shape(shape)
        if shape[0] == OBJECT:
            return {**found, "default": {}}
        return {**found, "default": ""} if shape == "s" else found


def _parameter(name: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": place, "schema": {"type": _TYPES.get(name, "string")}}
    return {**found, "required": True} if place == "path" else found
