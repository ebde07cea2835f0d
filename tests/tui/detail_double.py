"""A client double for the drawer and the dialogs: objects in a dict, scripted answers, logs and connections."""

import asyncio
from collections.abc import Callable
from typing import Any

from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr, Key, Request, Response, WatchEvent
from kubetui.client.port import Decision, Explanation, JournalEntry, LogLine, Statement, Verdict

EPOCH = 1_700_000_000_000
BORN = "2023-11-14T22:13:20Z"


OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9", "uid": "uid-web-7d9", "controller": True}


def metadata(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": BORN, **more}


def pod(name: str, *, ready: bool = True, phase: str = "Running", node: str = "wk-1", **more: Any) -> dict[str, Any]:
    state = {"running": {"startedAt": BORN}} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(
            name,
            labels={"app": "web", "pod-template-hash": "7d9"},
            ownerReferences=[OWNER],
            managedFields=[{"manager": "kubelet", "operation": "Update"}],
            **more,
        ),
        "spec": {
            "nodeName": node,
            "serviceAccountName": "default",
            "containers": [
                {
                    "name": "app",
                    "image": "registry.example/web:1.4.2",
                    "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                    "env": [{"name": "GREETING", "value": "hello"}],
                    "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                },
                {"name": "sidecar", "image": "registry.example/proxy:2", "resources": {}},
            ],
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
            ],
        },
        "status": {
            "phase": phase,
            "qosClass": "Burstable",
            "hostIP": "10.0.0.2",
            "podIP": "10.244.1.7",
            "podIPs": [{"ip": "10.244.1.7"}],
            "startTime": BORN,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {
                    "name": "app", "ready": ready, "restartCount": 0 if ready else 4, "state": state,
                    "imageID": "sha256:1", "containerID": "containerd://1",
                },
            ],
        },
    }  # fmt: skip


def service(name: str = "web", target: Any = "http", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.9",
            "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 8080, "targetPort": target, "protocol": "TCP"}],
            **spec,
        },
    }


def event(name: str, about: str, reason: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata(name),
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": about, "uid": f"uid-{about}"},
        "reason": reason,
        "type": "Normal",
        "message": text,
        "source": {"component": "kubelet"},
        "firstTimestamp": BORN,
        "lastTimestamp": BORN,
        "count": 1,
        **more,
    }


def status(code: int, message: str, reason: str = "", **details: Any) -> Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return Response(code, body | ({"details": details} if details else {}))


class Log:
    def __init__(self, lines: list[LogLine]) -> None:
        self.error = "" if lines else "container is waiting to start: ContainerCreating"
        self.waiting = list(lines)
        self.closed = False

    def poll(self) -> list[LogLine]:
        lines, self.waiting = self.waiting, []
        if lines:
            self.error = ""
        return lines

    def close(self) -> None:
        self.closed = True


class Watch:
    def __init__(self) -> None:
        self.events: list[WatchEvent] = []
        self.closed = False

    def poll(self, limit: int | None = None) -> list[WatchEvent]:
        found, self.events = self.events, []
        return found

    def close(self) -> None:
        self.closed = True


class Echo:
    """Answers every write in capitals; ``hang_up`` ends it from the pod's side."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = False

    async def write(self, data: bytes) -> None:
        if self.closed:
            msg = "connection closed by the pod"
            raise ConnectionError(msg)
        await self.answers.put(data.upper())

    async def read(self) -> bytes:
        return await self.answers.get()

    def hang_up(self) -> None:
        self.closed = True
        self.answers.put_nowait(b"")

    def close(self) -> None:
        self.closed = True


class Insight:
    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation

    def why(self, key: Key) -> Explanation:
        return self.explanation


class Time:
    epoch = EPOCH


GVRS = {"Pod": PODS, "Service": SERVICES, "Node": NODES}


class Double:
    """Objects are found by get and list; ``answers`` are taken first, in their order, when their predicate fits."""

    simulated = True
    name = "lab/three-node"
    version = "v1.37.0"

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.present = EPOCH + 65_000
        self.objects_by_key: dict[Key, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.answers: list[tuple[Callable[[Request], bool], Response]] = []
        self.log_lines: dict[tuple[str, str, bool], list[LogLine]] = {}
        self.open_logs: list[Log] = []
        self.watches: list[Watch] = []
        self.connections: list[Echo] = []
        self.connect_error = ""
        self.time: Any = Time()
        self.insight: Any = None
        self.listeners: list[Callable[[], None]] = []
        for obj in objects:
            self.put(obj)

    def put(self, obj: dict[str, Any], resource: str = "") -> Key:
        group, _, version = obj["apiVersion"].rpartition("/")
        gvr = GVRS.get(obj["kind"]) or Gvr(group, version, resource or obj["kind"].lower() + "s")
        key = Key(gvr, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        self.objects_by_key[key] = obj
        for listener in self.listeners:
            listener()
        for watch in self.watches:
            watch.events.append(WatchEvent("MODIFIED", obj, 9))
        return key

    def on_change(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)

    def now(self) -> int:
        return self.present

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        for number, (fits, answer) in enumerate(self.answers):
            if fits(request):
                del self.answers[number]
                return answer
        if request.verb == "list":
            return Response(200, {"items": self._matching(request)})
        key = request.key
        if request.verb == "create":
            return Response(201, request.body)
        if key not in self.objects_by_key:
            return status(404, f'{key.gvr.qualified} "{key.name}" not found', "NotFound")
        return Response(200, request.body if request.verb == "update" else self.objects_by_key[key])

    def _matching(self, request: Request) -> list[dict[str, Any]]:
        wanted = dict(part.split("=", 1) for part in request.query.get("labelSelector", "").split(",") if part)
        found = []
        for key, obj in self.objects_by_key.items():
            labels = obj["metadata"].get("labels") or {}
            if key.gvr == request.key.gvr and all(labels.get(name) == value for name, value in wanted.items()):
                found.append(obj)
        return found

    def watch(self, request: Request) -> Watch:
        self.watches.append(Watch())
        return self.watches[-1]

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False) -> Log:
        self.open_logs.append(Log(self.log_lines.get((pod, container, previous), [])))
        return self.open_logs[-1]

    async def connect(self, namespace: str, pod: str, port: int) -> Echo:
        if self.connect_error:
            raise ConnectionError(self.connect_error)
        self.connections.append(Echo())
        return self.connections[-1]


def explanation() -> Explanation:
    deployments = Gvr("apps", "v1", "deployments")
    replicasets = Gvr("apps", "v1", "replicasets")
    at = EPOCH + 872_119
    verdicts = (
        Verdict("cp-1", "TaintToleration", "untolerated taint {node-role.kubernetes.io/control-plane: }"),
        Verdict("wk-1", "NodeResourcesFit", "Insufficient cpu"),
        Verdict("wk-2", "TaintToleration", "untolerated taint {node.kubernetes.io/unreachable: }"),
    )
    decision = Decision(at, "", "0/3 nodes are available", verdicts, "no lower-priority victim on wk-1")
    chain = (
        JournalEntry(
            4821, at, "default-scheduler", "update", PODS, "shop", "web-8vq", "status", 4819, "FailedScheduling"
        ),
        JournalEntry(4819, at, "replicaset-controller", "create", PODS, "shop", "web-8vq", "", 4817, ""),
        JournalEntry(
            4817,
            at,
            "deployment-controller",
            "update",
            replicasets,
            "shop",
            "web-7d9",
            "",
            4815,
            "scale rs/web-7d9 2→3",
        ),
        JournalEntry(
            4815, at, "kubetui", "patch", deployments, "shop", "web", "scale", 0, "scale deployment.apps/web 2→3"
        ),
    )
    facts = (
        Statement("observed", "PodScheduled=False: 0/3 nodes are available"),
        Statement("inferred", "wk-2 would have had room"),
    )
    return Explanation("pod shop/web-8vq Pending for 11.0s", facts, decision, chain)
