"""The ways to the API of one cluster: straight into the server of this process, and the same server behind HTTP."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from conformance import binary
from conformance.served import Served
from kubesim.api.paths import method_of, path_of
from kubesim.cluster import Cluster
from kubesim.objects.wire import (
    APPLY_PATCH,
    JSON,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    TABLE,
    Gvr,
    Key,
    Request,
    Response,
)

Tree = dict[str, Any]
RETRIES = 5
PATCHES: Mapping[str, str] = {
    "merge": MERGE_PATCH,
    "strategic": STRATEGIC_PATCH,
    "json": JSON_PATCH,
    "apply": APPLY_PATCH,
}


class Api(Protocol):
    """A way to the API of one cluster."""

    def answer(self, request: Request) -> Response:
        """Carry out a request."""

    def events(self, request: Request) -> list[tuple[str, Tree]]:
        """What a watch has to tell at once."""

    def wait(self, seconds: float) -> None:
        """Let that much virtual time pass."""


class Local:
    """Straight into the server."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def answer(self, request: Request) -> Response:
        response = self.cluster.handle(request)
        return response._replace(body=json.loads(json.dumps(response.body)))

    def events(self, request: Request) -> list[tuple[str, Tree]]:
        return [(event.type, json.loads(json.dumps(event.object))) for event in self.cluster.watch(request).poll()]

    def wait(self, seconds: float) -> None:
        self.cluster.advance(int(seconds * 1000))


class Remote:
    """By way of HTTP. Time runs by itself, fast."""

    SPEED = 50.0

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.served = Served(cluster, folder, speed=self.SPEED)

    def answer(self, request: Request) -> Response:
        headers = {"Accept": request.accept, "Content-Type": request.content_type}
        reply = self.served.send(method_of(request), path_of(request), request.body, headers)
        return Response(reply.status, reply.json, tuple(reply.warnings))

    def events(self, request: Request) -> list[tuple[str, Tree]]:
        reply = self.served.watch(path_of(request), {"Accept": request.accept})
        return [(line["type"], line["object"]) for line in map(json.loads, reply.data.splitlines())]

    def wait(self, seconds: float) -> None:
        time.sleep(seconds / self.SPEED)


class Typed(Remote):
    """By way of HTTP as Go's typed clients do: built-in kinds are sent as protobuf, answers may be anything."""

    ACCEPT = f"{binary.MEDIA_TYPE}, */*"

    def answer(self, request: Request) -> Response:
        body = self._named(request)
        if request.verb == "patch" or not binary.knows(body):
            return super().answer(request)
        accept = self.ACCEPT if request.accept == JSON else request.accept
        headers = {"Accept": accept, "Content-Type": binary.MEDIA_TYPE}
        reply = self.served.send(method_of(request), path_of(request), binary.encode(body), headers)
        return Response(reply.status, reply.json, tuple(reply.warnings))

    @staticmethod
    def _named(request: Request) -> Any:
        """The body with its kind, which Go's types always have."""
        body, gvr = request.body, request.key.gvr
        if not isinstance(body, dict) or "kind" in body:
            return body
        if request.verb in {"delete", "deletecollection"}:
            return {"apiVersion": gvr.api_version, "kind": "DeleteOptions", **body}
        facts = next((item for item in binary.SCHEMA.resources() if item.gvr == gvr), None)
        if facts is None or request.subresource not in {"", "status", "finalize"}:
            return body
        return {"apiVersion": gvr.api_version, "kind": facts.kind, **body}


class Resource:
    """One resource in one namespace ("": the cluster), spoken to in few words; wrong codes fail the test."""

    def __init__(self, api: Api, gvr: Gvr, namespace: str = "") -> None:
        self.api = api
        self.gvr = gvr
        self.namespace = namespace

    def everywhere(self) -> "Resource":
        """The same in all namespaces."""
        return Resource(self.api, self.gvr)

    def call(self, verb: str, name: str = "", body: Any = None, code: int = 200, **more: Any) -> Any:
        """The body of an answer that must have this code."""
        response = self.api.answer(Request(verb, Key(self.gvr, self.namespace, name), body=body, **more))
        assert response.code == code, f"{verb} {self.gvr.resource} {name}: {response.code} {response.body}"
        return response.body

    def create(self, body: Tree, code: int = 201, **query: str) -> Tree:
        found: Tree = self.call("create", "", body, code, query=query)
        return found

    def get(self, name: str, code: int = 200, part: str = "") -> Tree:
        found: Tree = self.call("get", name, None, code, subresource=part)
        return found

    def items(self, code: int = 200, **query: str) -> list[Tree]:
        found = self.call("list", "", None, code, query=query)
        items: list[Tree] = found["items"] if code == 200 else []
        return items

    def names(self, **query: str) -> list[str]:
        return [item["metadata"]["name"] for item in self.items(**query)]

    def revision(self) -> str:
        return str(self.call("list")["metadata"]["resourceVersion"])

    def table(self) -> Tree:
        found: Tree = self.call("list", accept=TABLE)
        return found

    def update(self, body: Tree, code: int = 200, part: str = "") -> Tree:
        """Replace; a conflict that was not asked for is tried again on the newest version, as real clients do."""
        name = body["metadata"]["name"]
        for _ in range(RETRIES):
            response = self.api.answer(Request("update", Key(self.gvr, self.namespace, name), part, body))
            if response.code != 409 or code == 409:
                break
            newest = self.get(name, part=part)["metadata"]["resourceVersion"]
            body = {**body, "metadata": {**body["metadata"], "resourceVersion": newest}}
        assert response.code == code, f"update {self.gvr.resource} {name}: {response.code} {response.body}"
        found: Tree = response.body
        return found

    def patch(self, name: str, body: Any, kind: str = "merge", code: int = 200, part: str = "", **query: str) -> Tree:
        found: Tree = self.call("patch", name, body, code, subresource=part, content_type=PATCHES[kind], query=query)
        return found

    def delete(self, name: str, code: int = 200, **options: Any) -> Tree:
        found: Tree = self.call("delete", name, options or None, code)
        return found

    def delete_all(self, selector: str = "") -> None:
        self.call("deletecollection", query={"labelSelector": selector} if selector else {})

    def events(self, since: str, **query: str) -> list[tuple[str, Tree]]:
        """What a watch from this revision on has to tell."""
        query = {"resourceVersion": since, **query}
        return self.api.events(Request("watch", Key(self.gvr, self.namespace), query=query))

    def types(self, since: str, **query: str) -> list[str]:
        return [kind for kind, _ in self.events(since, **query)]

    def until(self, name: str, holds: Callable[[Tree], Any], seconds: int = 180) -> Tree:
        """The object as soon as something holds of it."""
        found: Tree = {}
        for _ in range(seconds):
            found = self.get(name)
            if holds(found):
                return found
            self.api.wait(1)
        raise AssertionError(f"never so: {found}")

    def until_gone(self, name: str, seconds: int = 180) -> None:
        """Wait until the object does not exist."""
        for _ in range(seconds):
            response = self.api.answer(Request("get", Key(self.gvr, self.namespace, name)))
            if response.code == 404:
                return
            self.api.wait(1)
        raise AssertionError(f"{self.gvr.resource} {name} is still there: {response.body}")

    def until_list(self, holds: Callable[[list[Tree]], Any], seconds: int = 180, **query: str) -> list[Tree]:
        """The objects as soon as something holds of them."""
        found: list[Tree] = []
        for _ in range(seconds):
            found = self.items(**query)
            if holds(found):
                return found
            self.api.wait(1)
        raise AssertionError(f"never so: {found}")
