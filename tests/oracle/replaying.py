"""An API server in this process that answers the steps of transcripts."""

import json
from typing import Any, NamedTuple

import orjson

from kubesim.api.paths import request_from_http, target_of
from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.namespaces import NamespaceController
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import ADMIN, NAMESPACES, SERVICEACCOUNTS, Identity, Key, Request
from kubesim.store.mvcc import Store
from oracle.transcripts import Step, filled

EPOCH_MS = 1_795_441_460_000
CALLER = Identity("admin", ("system:masters", "system:authenticated"), "oracle", "admin")

SERVED = {(strategy.gvr.group, strategy.gvr.resource) for strategy in strategies()}
CUSTOM = {("t.example.com", "widgets"), ("t2.example.com", "gears"), ("t2.example.com", "gearz")}
"""Resources that the recordings define themselves."""
UNKNOWN = {("", "foos"), ("apps", "rollback")}
"""Resources that no server has: asking for them is part of the recordings."""


def is_covered(step: Step) -> bool:
    """Whether a step is about a served resource. Other steps belong to the HTTP server or come later."""
    target = target_of(step["path"].partition("?")[0])
    if target is None or "response_type" in step or step.get("headers", {}).get("Impersonate-User"):
        return False
    gvr = target.key.gvr
    return (gvr.group, gvr.resource) in SERVED | CUSTOM | UNKNOWN


class Answer(NamedTuple):
    """What the server said."""

    status: int
    body: Any
    warnings: list[str]


class Replayer:
    """One fresh server, with the namespaces and accounts that controllers would make."""

    def __init__(self) -> None:
        self.store = Store(retain=100_000)
        self.loop = Loop(EPOCH_MS)
        self.server = ApiServer(self.store, self.loop, Chance(1), Journal(), strategies(), Schema.load())
        hub = Hub(self.loop, self.store)
        resources = [strategy.gvr for strategy in self.server.resources() if strategy.storage is None]
        self.collector = GarbageCollector(self.loop, hub, self._client("generic-garbage-collector"), resources)
        self.terminator = NamespaceController(self.loop, hub, self._client("namespace-controller"), resources)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self.namespace(name)

    def _client(self, name: str) -> Client:
        identity = Identity(f"system:serviceaccount:kube-system:{name}", ("system:masters",), name)
        return Client(self.server, self.store, self.loop, identity)

    def wait(self, milliseconds: int) -> None:
        """Let controllers work."""
        self.loop.run_until(self.loop.now + milliseconds)

    def namespace(self, name: str) -> None:
        """Create a namespace and its default account."""
        self._create(Key(NAMESPACES), {"metadata": {"name": name}}, CALLER)
        self._create(Key(SERVICEACCOUNTS, name), {"metadata": {"name": "default"}}, ADMIN)

    def _create(self, key: Key, body: Any, identity: Identity) -> None:
        response = self.server.handle(Request("create", key, "", body, {}, identity))
        assert response.code == 201, response.body

    def answer(self, step: Step, answers: dict[int, Any]) -> Answer:
        """Carry out a step."""
        path = filled(step["path"], answers, in_path=True)
        body = filled(step.get("body"), answers)
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        request = request_from_http(step["method"], path, self._headers(step, data), data, CALLER)
        assert request is not None, path
        self.wait(100)
        answer = self._watch(request) if request.verb == "watch" else self._handle(request)
        if step.get("watch") and request.verb != "watch":
            return answer._replace(body=[answer.body])
        return answer

    def _headers(self, step: Step, data: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": "oracle", "Accept": "application/json", **step.get("headers", {})}
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        return headers

    def _handle(self, request: Request) -> Answer:
        response = self.server.handle(request)
        return Answer(response.code, orjson.loads(orjson.dumps(response.body)), list(response.warnings))

    def _watch(self, request: Request) -> Answer:
        try:
            cursor = self.server.watch(request)
        except ApiError as error:
            return Answer(error.code, [orjson.loads(orjson.dumps(error.status))], [])
        events = [{"type": event.type, "object": event.object} for event in cursor.poll()]
        return Answer(200, orjson.loads(orjson.dumps(events)), [])
