"""The paths that are no resources: discovery, OpenAPI, version, health."""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from kubesim.api.schema import Schema
from kubesim.api.strategy import Strategy
from kubesim.httpd import openapi, swagger
from kubesim.httpd.answers import NOT_FOUND, TEXT, Answer, text
from kubesim.httpd.discovery import AGGREGATED, Discovery, Entry
from kubesim.objects.wire import JSON

VERSION = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.0",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-08-26T00:00:00Z",
    "goVersion": "go1.27.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_YEAR = "public, max-age=31536000, immutable"
_CHECKS = ("ping", "log")
_HOOKS = tuple(
    f"poststarthook/{name}"
    for name in (
        "start-apiserver-admission-initializer",
        "generic-apiserver-start-informers",
        "priority-and-fairness-config-consumer",
        "priority-and-fairness-filter",
        "storage-object-count-tracker-hook",
        "start-apiextensions-informers",
        "start-apiextensions-controllers",
        "crd-informer-synced",
        "start-system-namespaces-controller",
        "peer-endpoint-reconciler-controller",
        "start-cluster-authentication-info-controller",
        "start-kube-apiserver-identity-lease-controller",
        "start-kube-apiserver-identity-lease-garbage-collector",
        "storage-readiness",
        "start-legacy-token-tracking-controller",
        "start-service-ip-repair-controllers",
        "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes",
        "priority-and-fairness-config-producer",
        "bootstrap-controller",
        "start-kubernetes-service-cidr-controller",
        "start-kube-aggregator-informers",
        "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller",
        "apiservice-registration-controller",
        "apiservice-wait-for-first-sync",
        "apiservice-discovery-controller",
        "kube-apiserver-autoregistration",
    )
)
_END_HOOKS = ("autoregister-completion", "poststarthook/apiservice-openapi-controller")
_LAST_HOOK = "poststarthook/apiservice-openapiv3-controller"
_SCRAPED = ("metrics", "metrics/slis")
HEALTH: Mapping[str, tuple[str, ...]] = {
    "healthz": (*_CHECKS, "etcd", *_HOOKS, *_END_HOOKS, _LAST_HOOK),
    "livez": (*_CHECKS, "loopback-serving-certificate", "etcd", *_HOOKS, *_END_HOOKS, _LAST_HOOK),
    "readyz": (*_CHECKS, "informer-sync", *_HOOKS, *_END_HOOKS, _LAST_HOOK, "shutdown"),
}
"""The checks behind each health path, in order. A simulated server that answers is healthy."""


class Documents:
    """Answers for paths. ``strategies`` is asked each time, since what is served may change."""

    def __init__(
        self, schema: Schema, strategies: Callable[[], list[Strategy]], others: tuple[Entry, ...], address: str
    ) -> None:
        self._schema = schema
        self._strategies = strategies
        self._others = others
        self._address = address
        self._served: list[Any] = []
        self._discovery = Discovery(schema, (), ())
        self._openapi = openapi.OpenApi(schema, self._discovery)
        self._swagger = swagger.Swagger(self._openapi)

    @property
    def discovery(self) -> Discovery:
        """The documents for what is served now."""
        self._renew()
        return self._discovery

    def _renew(self) -> None:
        current = self._strategies()
        if len(current) != len(self._served) or any(a is not b for a, b in zip(current, self._served, strict=True)):
            self._served = current
            self._discovery = Discovery(self._schema, current, self._others)
            self._openapi = openapi.OpenApi(self._schema, self._discovery)
            self._swagger = swagger.Swagger(self._openapi)

    def lasting(self, path: str) -> Callable[[], object] | None:
        """What takes long for this path and may be done in a thread, after which ``answer`` is quick; or None."""
        if not path.startswith("/openapi/"):
            return None
        self._renew()
        if path == "/openapi/v2":
            return None if self._swagger.etag else self._swagger.made
        document = path.removeprefix("/openapi/v3/").rstrip("/")
        return None if self._openapi.is_made(document) else partial(self._openapi.document, document)

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """The answer for a path without its trailing slash; None when it is a path of resources."""
        parts = path.strip("/").split("/")
        head = parts[0]
        if head in {"api", "apis"}:
            return self._discovered(parts, headers)
        if head in HEALTH:
            return _health(parts, query)
        if head == "openapi":
            return self._openapi_answer(parts[1:], query, headers)
        if path == "/version":
            return Answer(200, VERSION)
        if path == "/":
            return Answer(200, {"paths": self._paths()})
        return NOT_FOUND

    # ------------------------------------------------------------------ discovery
    def _discovered(self, parts: list[str], headers: Mapping[str, str]) -> Answer | None:
        discovery = self.discovery
        core = parts[0] == "api"
        if len(parts) == 1:
            if _wants_aggregated(headers.get("Accept", "")):
                found: Any = discovery.aggregated(core=core)
                return _tagged(found, discovery.etag, headers, AGGREGATED)
            found = discovery.core_versions(self._address) if core else discovery.group_list()
        elif core:
            if len(parts) > 2:
                return None
            found = discovery.resource_list("", parts[1])
        elif len(parts) == 2:
            found = discovery.group(parts[1])
        elif len(parts) == 3:
            found = discovery.resource_list(parts[1], parts[2])
        elif not _may_be_served(discovery, parts):
            return NOT_FOUND
        else:
            return None
        return NOT_FOUND if found is None else Answer(200, found)

    def _paths(self) -> list[str]:
        paths = [f"/{path}" for path in ("", "api", "apis", "openapi/v2", "openapi/v3", "version", *_SCRAPED, *HEALTH)]
        paths += [f"/apis/{group}" for group in self.discovery.groups()]
        paths += [f"/{path}" for path in self._openapi.paths()]
        paths += [f"/{head}/{check}" for head, checks in HEALTH.items() for check in checks]
        return sorted(set(paths))

    # ------------------------------------------------------------------ OpenAPI
    def _swagger_answer(self, headers: Mapping[str, str]) -> Answer:
        document = self._swagger
        binary = "proto-openapi.spec.v2" in headers.get("Accept", "")
        content = document.protobuf() if binary else document.json()
        return _tagged(content, document.etag, headers, swagger.MEDIA_TYPE if binary else JSON)

    def _openapi_answer(self, parts: list[str], query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        self._renew()
        documents = self._openapi
        if parts == ["v2"]:
            return self._swagger_answer(headers)
        if parts == ["v3"]:
            index = documents.index()
            return _tagged(index, sha256(orjson.dumps(index)).hexdigest().upper(), headers, JSON)
        path = "/".join(parts[1:])
        if not parts or parts[0] != "v3":
            return NOT_FOUND
        if path not in documents.paths():
            return Answer(404, b"", "")
        right = documents.hash(path)
        asked = query.get("hash")
        if asked and asked != right:
            return Answer(301, b"", TEXT, {"Location": f"/openapi/v3/{path}?hash={right}"})
        found = _tagged(documents.document(path), right, headers, JSON)
        if asked:
            found = found._replace(headers={**found.headers, "Cache-Control": _YEAR})
        return found


def _may_be_served(discovery: Discovery, parts: list[str]) -> bool:
    """Whether a path of resources leads to a version that there is; of custom groups also to a resource."""
    if parts[1] not in discovery.groups():
        return False
    entries = discovery.resources(parts[1], parts[2])
    if not discovery.is_custom(parts[1]):
        return True
    resource = parts[5] if parts[3] == "namespaces" and len(parts) > 5 else parts[3]
    return any(entry.gvr.resource == resource for entry in entries)


def _wants_aggregated(accept: str) -> bool:
    for clause in accept.replace(" ", "").split(","):
        if "as=APIGroupDiscoveryList" not in clause:
            return False
        if "v=v2" in clause.split(";"):
            return True
    return False


def _tagged(body: Any, etag: str, headers: Mapping[str, str], content_type: str) -> Answer:
    shown = {"Etag": f'"{etag}"', "Vary": "Accept", "Cache-Control": "public"}
    if headers.get("If-None-Match", "").strip('"') == etag:
        return Answer(304, b"", content_type, shown)
    return Answer(200, body, content_type, shown)


def _health(parts: list[str], query: Mapping[str, str]) -> Answer:
    head, *inner = parts
    checks = HEALTH[head]
    if inner:
        return text("ok") if "/".join(inner) in checks else NOT_FOUND
    if "verbose" in query:
        lines = [f"[+]{check} ok\n" for check in checks]
        return text("".join(lines) + f"{head} check passed\n")
    return text("ok")
