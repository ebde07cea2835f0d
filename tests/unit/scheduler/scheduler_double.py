"""A cluster of nothing but a store, a scheduler, and an API that does what a scheduler needs."""

from typing import Any

from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.errors import ApiError, not_found
from kubesim.objects.wire import EVENTS, NODES, PODS, Asked, Gvr, Identity, Request, Tree, request_of
from kubesim.scheduler import Scheduler
from kubesim.store.mvcc import Store

EPOCH = 1_767_225_600_000


class DirectApi:
    """Carries out requests on the store without any checks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.log: list[Request] = []
        self.refuse: ApiError | None = None

    def perform(self, asked: Asked) -> Tree:
        request = request_of(asked)
        self.log.append(request)
        if request.subresource == "binding" and self.refuse is not None:
            raise self.refuse
        gvr, namespace, name = request.key
        name = name or request.body["metadata"]["name"]
        old = self.store.get(gvr, namespace, name)
        if request.verb == "create" and not request.subresource:
            return self.store.put(gvr, namespace, name, request.body, old)
        if old is None:
            raise not_found(gvr, name)
        if request.verb == "delete":
            return self._delete(gvr, namespace, name, old)
        if request.subresource == "binding":
            spec = {**old["spec"], "nodeName": request.body["target"]["name"]}
            status = {k: v for k, v in old.get("status", {}).items() if k != "nominatedNodeName"}
            return self.store.put(gvr, namespace, name, {**old, "spec": spec, "status": status}, old)
        return self.store.put(gvr, namespace, name, request.body, old)

    def _delete(self, gvr: Gvr, namespace: str, name: str, old: Tree) -> Tree:
        if gvr == PODS and old["spec"].get("nodeName") and "deletionTimestamp" not in old["metadata"]:
            metadata = {**old["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z"}
            return self.store.put(gvr, namespace, name, {**old, "metadata": metadata}, old)
        return self.store.delete(gvr, namespace, name, old)


class Bench:
    """The parts, and short ways to write to them."""

    def __init__(self) -> None:
        self.loop = Loop(EPOCH)
        self.store = Store()
        self.hub = Hub(self.loop, self.store)
        self.api = DirectApi(self.store)
        identity = Identity("system:kube-scheduler", (), "default-scheduler")
        self.client = Client(self.api, self.store, self.loop, identity)
        self.scheduler = Scheduler(self.loop, self.hub, self.client, Chance(7))
        self.uids = 0

    def put(self, gvr: Gvr, tree: dict[str, Any]) -> Tree:
        namespace, name = tree["metadata"].get("namespace", ""), tree["metadata"]["name"]
        old = self.store.get(gvr, namespace, name)
        if "uid" not in tree["metadata"]:
            self.uids += 1
            tree = {**tree, "metadata": {**tree["metadata"], "uid": f"uid-{self.uids}"}}
        return self.store.put(gvr, namespace, name, tree, old)

    def delete(self, gvr: Gvr, namespace: str, name: str) -> None:
        old = self.store.get(gvr, namespace, name)
        assert old is not None
        self.store.delete(gvr, namespace, name, old)

    def node(self, name: str, **options: Any) -> Tree:
        return self.put(NODES, node(name, **options))

    def pod(self, name: str, **options: Any) -> Tree:
        return self.put(PODS, pod(name, **options))

    def run(self, ms: int = 1000) -> None:
        self.loop.run_until(self.loop.now + ms)

    def get(self, name: str, namespace: str = "default") -> Tree:
        found = self.store.get(PODS, namespace, name)
        assert found is not None
        return found

    def node_of(self, name: str, namespace: str = "default") -> str:
        return self.get(name, namespace)["spec"].get("nodeName", "")

    def condition(self, name: str) -> Tree | None:
        listed = self.get(name).get("status", {}).get("conditions", [])
        return next((c for c in listed if c["type"] == "PodScheduled"), None)

    def events(self, name: str) -> list[tuple[str, str]]:
        return [(e["reason"], e["message"]) for e in self.store.range(EVENTS) if e["involvedObject"]["name"] == name]


def node(
    name: str,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    labels: dict[str, str] | None = None,
    taints: list[dict[str, str]] | None = None,
    unschedulable: bool = False,
    images: dict[str, int] | None = None,
    **extended: str,
) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if taints:
        spec["taints"] = taints
    if unschedulable:
        spec["unschedulable"] = True
    status = {
        "allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **extended},
        "images": [{"names": [image], "sizeBytes": size} for image, size in (images or {}).items()],
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": status,
    }


def container(
    cpu: str = "", memory: str = "", ports: list[int] | None = None, image: str = "nginx:1"
) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    made: dict[str, Any] = {"name": "c", "image": image, "resources": {"requests": requests} if requests else {}}
    if ports:
        made["ports"] = [{"containerPort": port, "hostPort": port} for port in ports]
    return made


def pod(
    name: str,
    cpu: str = "",
    memory: str = "",
    namespace: str = "default",
    labels: dict[str, str] | None = None,
    owner: Tree | None = None,
    ports: list[int] | None = None,
    image: str = "nginx:1",
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "generation": 1}
    if labels:
        metadata["labels"] = labels
    if owner:
        metadata["ownerReferences"] = [{**owner, "controller": True}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "containers": [container(cpu, memory, ports, image)],
            "schedulerName": "default-scheduler",
            **spec,
        },
        "status": {"phase": "Pending", **(status or {})},
    }
