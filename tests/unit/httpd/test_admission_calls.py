"""Admission webhooks at work over real HTTPS on loopback: what they are sent, what their answers do, and who waits."""

import asyncio
import base64
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conformance.test_conversion_webhook import certificate
from conformance.ways import Remote, Resource
from kubesim.cluster import Cluster, Settings
from kubesim.httpd.webhooks import Webhooks
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, EVENTS, PODS, Gvr, Key, Request, Response
from kubetui.client.local import LocalClient

GROUP = "admissionregistration.k8s.io"
TABLES = {kind: Gvr(GROUP, "v1", f"{kind}webhookconfigurations") for kind in ("mutating", "validating")}
Tree = dict[str, Any]
Answer = Callable[[Tree], Any]
RULE = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}


def patched(*operations: Tree, **more: Any) -> Tree:
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": patch, **more}


class Server(BaseHTTPRequestHandler):
    """Answers by the path."""

    answers: ClassVar[dict[str, Answer]] = {}
    seen: ClassVar[list[tuple[str, Tree]]] = []

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Server.seen.append((self.path, review))
        found = Server.answers[self.path.partition("?")[0]](review["request"])
        if isinstance(found, bytes):
            body = found
        else:
            response = {"uid": review["request"]["uid"], **found}
            body = json.dumps(
                {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
            ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


class Hooks:
    """A cluster with a webhook server beside it."""

    def __init__(self, remote: Remote, url: str, bundle: str) -> None:
        self.remote = remote
        self.url = url
        self.bundle = bundle

    def of(self, gvr: Gvr, namespace: str = "default") -> Resource:
        return Resource(self.remote, gvr, namespace)

    def register(self, kind: str, path: str, answer: Answer | None = None, **more: Any) -> None:
        if answer is not None:
            Server.answers[path] = answer
        webhook = {
            "name": f"{path.strip('/')}.example.com", "rules": [RULE], "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": f"{self.url}{path}", "caBundle": self.bundle}, **more,
        }  # fmt: skip
        body = {"metadata": {"name": path.strip("/")}, "webhooks": [webhook]}
        self.of(TABLES[kind], "").create(body)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self.remote.served.send(method, path, body)


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Hooks]:
    file, pem = certificate(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Server.seen.clear()
    cluster = Cluster(Settings(name="hooks"))
    cluster.add_node(NodeSpec(name="n1"))
    cluster.advance(10_000)
    remote = Remote(cluster, tmp_path / "server")
    yield Hooks(remote, f"https://127.0.0.1:{server.server_address[1]}", base64.b64encode(pem).decode())
    remote.served.stop()
    server.shutdown()
    server.server_close()


def map_of(name: str, **data: str) -> Tree:
    return {"metadata": {"name": name}, "data": data}


def allow(asked: Tree) -> Tree:
    del asked
    return {"allowed": True}


def test_what_a_webhook_is_sent(hooks: Hooks):
    hooks.register("validating", "/see", allow, timeoutSeconds=7)
    hooks.of(CONFIGMAPS).create(map_of("a", x="1"), fieldManager="me")
    path, review = Server.seen[0]
    asked = review["request"]
    assert path == "/see?timeout=7s"
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert len(asked["uid"]) == 36
    assert {name: asked[name] for name in ("name", "namespace", "operation", "dryRun", "oldObject")} == {
        "name": "a", "namespace": "default", "operation": "CREATE", "dryRun": False, "oldObject": None,
    }  # fmt: skip
    assert asked["kind"] == asked["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert asked["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert asked["userInfo"]["username"] == "admin"
    assert asked["options"]["kind"] == "CreateOptions"
    assert asked["options"]["fieldManager"] == "me"
    assert asked["object"]["data"] == {"x": "1"}
    hooks.of(CONFIGMAPS).patch("a", {"data": {"x": "2"}})
    asked = Server.seen[1][1]["request"]
    assert (asked["operation"], asked["oldObject"]["data"], asked["options"]["kind"]) == (
        "UPDATE", {"x": "1"}, "PatchOptions",
    )  # fmt: skip
    hooks.of(CONFIGMAPS).delete("a")
    asked = Server.seen[2][1]["request"]
    assert (asked["operation"], asked["object"], asked["options"]["kind"]) == ("DELETE", None, "DeleteOptions")


def test_patches_warnings_and_refusals(hooks: Hooks):
    add = {"op": "add", "path": "/data/added", "value": "yes"}
    hooks.register("mutating", "/add", lambda asked: patched(add, warnings=["careful"]))
    reply = hooks.send("POST", "/api/v1/namespaces/default/configmaps", map_of("a", x="1"))
    assert reply.json["data"] == {"x": "1", "added": "yes"}
    assert reply.warnings == ["careful"]
    told = {"code": 418, "message": "no tea", "reason": "Teapot"}
    hooks.register("validating", "/deny", lambda asked: {"allowed": False, "status": told})
    failed = hooks.of(CONFIGMAPS).create(map_of("b", x="1"), 418)
    assert failed["message"] == 'admission webhook "deny.example.com" denied the request: no tea'
    assert failed["reason"] == "Teapot"
    assert hooks.of(CONFIGMAPS).names() == ["a", "kube-root-ca.crt"]
    failed = hooks.of(CONFIGMAPS).create(map_of("c"), 500)
    text = 'jsonpatch add operation does not apply: doc is missing path: "/data/added": missing value'
    assert failed["message"] == f"Internal error occurred: {text}"


BROKEN: dict[str, tuple[Any, str]] = {
    "uid": ({"uid": "x", "allowed": True}, 'received invalid webhook response: expected response.uid="{uid}", got "x"'),
    "no-type": (
        {"allowed": True, "patch": "W10="},
        "received invalid webhook response: webhook returned response.patch but not response.patchType",
    ),
    "no-json": (b"<html>", "failed to call webhook: the webhook's answer is no JSON"),
    "empty": (b"{}", "received invalid webhook response: webhook response was absent"),
}


@pytest.mark.parametrize("case", BROKEN, ids=list(BROKEN))
def test_broken_answers(hooks: Hooks, case: str):
    answer, text = BROKEN[case]
    hooks.register("mutating", "/broken", lambda asked: answer)
    said = hooks.of(CONFIGMAPS).create(map_of("a"), 500)["message"]
    assert said.startswith(f'Internal error occurred: failed calling webhook "broken.example.com": {text}')


def test_nobody_there(hooks: Hooks):
    away = {"url": "https://127.0.0.1:1/x", "caBundle": hooks.bundle}
    hooks.register("validating", "/away", clientConfig=away)
    assert hooks.of(CONFIGMAPS).create(map_of("a"), 500)["message"] == (
        'Internal error occurred: failed calling webhook "away.example.com": failed to call webhook: '
        'Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused'
    )
    path = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    hooks.of(TABLES["validating"], "").patch("away", path, "json")
    hooks.of(CONFIGMAPS).create(map_of("a"))


def test_dry_runs(hooks: Hooks):
    hooks.register("validating", "/effects", allow, sideEffects="NoneOnDryRun")
    hooks.of(CONFIGMAPS).create(map_of("a"), dryRun="All")
    assert Server.seen[0][1]["request"]["dryRun"] is True
    # Older configurations may have side effects; new ones cannot say so any more.
    store = hooks.remote.served.cluster.store
    known = store.get(TABLES["validating"], "", "effects")
    changed = {**known, "webhooks": [{**known["webhooks"][0], "sideEffects": "Some"}]}
    changed["metadata"] = dict(known["metadata"])
    hooks.remote.served.call(lambda: store.put(TABLES["validating"], "", "effects", changed, known))
    failed = hooks.of(CONFIGMAPS).create(map_of("b"), 400, dryRun="All")
    assert failed["message"] == 'admission webhook "effects.example.com" does not support dry run'


def test_collections_are_reviewed_one_by_one(hooks: Hooks):
    for number in range(40):
        hooks.of(CONFIGMAPS).create(map_of(f"m{number}"))
    hooks.register("validating", "/see", allow)
    found = hooks.of(CONFIGMAPS).call("deletecollection")
    assert len(found["items"]) == 41
    assert len({review["request"]["name"] for _, review in Server.seen}) == 41


def test_names_that_were_drawn_stay(hooks: Hooks):
    """A patch may refer to the token volume, whose name is drawn."""

    def mount(asked: Tree) -> Tree:
        volume = asked["object"]["spec"]["volumes"][0]["name"]
        mounts = [{"name": volume, "mountPath": "/also"}]
        value = {"name": "side", "image": "busybox", "volumeMounts": mounts}
        return patched({"op": "add", "path": "/spec/containers/-", "value": value})

    rule = {**RULE, "operations": ["CREATE"], "resources": ["pods"]}
    hooks.register("mutating", "/mount", mount, rules=[rule])
    made = hooks.of(PODS).create({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
    assert made["spec"]["containers"][1]["volumeMounts"][0]["name"] == made["spec"]["volumes"][0]["name"]


def test_others_do_not_wait(hooks: Hooks):
    def slow(asked: Tree) -> Tree:
        time.sleep(1.0)
        return {"allowed": True}

    hooks.register("validating", "/slow", slow)
    other = threading.Thread(target=_create, args=(hooks, "slow"))
    other.start()
    time.sleep(0.2)
    began = time.monotonic()
    assert hooks.send("GET", "/api/v1/namespaces/default/pods").status == 200
    assert time.monotonic() - began < 0.5
    other.join()
    assert hooks.of(CONFIGMAPS).get("slow")


def _create(hooks: Hooks, name: str) -> None:
    served = hooks.remote.served
    connection = served.connect()
    headers = {"Authorization": "Bearer tok", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/namespaces/default/configmaps", json.dumps(map_of(name)), headers)
    assert connection.getresponse().status == 201
    connection.close()


def test_the_writes_of_controllers_are_reviewed(hooks: Hooks):
    label = {"op": "add", "path": "/metadata/labels/reviewed", "value": "yes"}
    rule = {**RULE, "operations": ["CREATE"], "resources": ["pods"]}
    hooks.register("mutating", "/label", lambda asked: patched(label), rules=[rule])
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    hooks.of(DEPLOYMENTS).create({"metadata": {"name": "d"}, "spec": spec})
    pods = hooks.of(PODS).until_list(lambda found: len(found) == 3)
    assert {pod["metadata"]["labels"].get("reviewed") for pod in pods} == {"yes"}
    assert not [event for event in hooks.of(EVENTS).items() if event["reason"] == "FailedCreate"]
    asked = Server.seen[0][1]["request"]
    assert asked["userInfo"]["username"] == "system:serviceaccount:kube-system:replicaset-controller"


def test_controllers_are_refused(hooks: Hooks):
    rule = {**RULE, "operations": ["CREATE"], "resources": ["pods"]}
    told = {"message": "not today"}
    hooks.register("validating", "/deny", lambda asked: {"allowed": False, "status": told}, rules=[rule])
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    hooks.of(DEPLOYMENTS).create({"metadata": {"name": "d"}, "spec": spec})
    events = hooks.of(EVENTS).until_list(lambda found: any(event["reason"] == "FailedCreate" for event in found))
    assert 'Error creating: admission webhook "deny.example.com" denied the request: not today' in {
        event["message"] for event in events
    }


def test_reinvocation(hooks: Hooks):
    counted = [0]

    def first(asked: Tree) -> Tree:
        counted[0] += 1
        data = asked["object"].get("data") or {}
        seen = "yes" if "second" in data else "no"
        return patched({"op": "add", "path": "/data/first", "value": f"saw-second-{seen}"})

    second = {"op": "add", "path": "/data/second", "value": "yes"}
    hooks.register("mutating", "/a-first", first, reinvocationPolicy="IfNeeded")
    hooks.register("mutating", "/b-second", lambda asked: patched(second))
    made = hooks.of(CONFIGMAPS).create(map_of("a", x="1"))
    assert made["data"] == {"x": "1", "first": "saw-second-yes", "second": "yes"}
    assert counted == [2]


def test_the_requests_of_the_screen_wait_without_blocking(hooks: Hooks):
    """The explorer's own client, as it is once the API is served."""

    def slow(asked: Tree) -> Tree:
        time.sleep(0.3)
        return patched({"op": "add", "path": "/data/added", "value": "yes"})

    hooks.register("mutating", "/slow", slow)
    cluster = Cluster(Settings(name="screen"))
    webhook = hooks.of(TABLES["mutating"], "").get("slow")
    body = {"metadata": {"name": "slow"}, "webhooks": webhook["webhooks"]}
    assert cluster.handle(Request("create", Key(TABLES["mutating"]), body=body)).code == 201
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def run() -> Response:
        client = LocalClient(cluster)
        client.answered = Webhooks(_no_service).answered
        beside = asyncio.create_task(tick())
        response = await client.send(Request("create", Key(CONFIGMAPS, "default"), body=map_of("a", x="1")))
        beside.cancel()
        await client.close()
        return response

    response = asyncio.run(run())
    assert (response.code, response.body["data"]) == (201, {"x": "1", "added": "yes"})
    assert max(after - before for before, after in itertools.pairwise(ticks)) < 0.2


def _no_service(namespace: str, name: str) -> None:
    del namespace, name
