"""A cluster of the API server and the controllers alone, with stand-ins for scheduler and kubelets, for tests."""

from typing import Any

from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.controllers import podgc, serviceaccounts
from kubesim.controllers.deployment import DeploymentController
from kubesim.controllers.endpoints import EndpointsController, EndpointSliceController
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.namespaces import NamespaceController
from kubesim.controllers.nodes import NodeLifecycleController, TaintEvictionController, TtlController
from kubesim.controllers.replicaset import ReplicaSetController
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.times import parse_time
from kubesim.objects.wire import ADMIN, EVENTS, LEASES, NAMESPACES, NODES, PODS, Gvr, Identity, Key, Request, Tree
from kubesim.store.mvcc import Store

EPOCH = parse_time("2026-11-23T12:00:00Z")
_SCHEMA: list[Schema] = []


def schema() -> Schema:
    if not _SCHEMA:
        _SCHEMA.append(Schema.load())
    return _SCHEMA[0]


class SmallKubelet:
    """Binds pods to nodes, starts them after a while, deletes them at once, renews leases."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, start_ms: int = 300) -> None:
        self.loop, self.client, self.start_ms = loop, client, start_ms
        self.down: dict[str, None] = {}
        self.next_node = 0
        self.next_ip = 0
        hub.on(PODS, self._pod_changed)
        loop.after(1, self._renew)

    def _renew(self) -> None:
        for node in self.client.list(NODES):
            name = node["metadata"]["name"]
            if name in self.down:
                continue
            known = self.client.get(LEASES, "kube-node-lease", name)
            spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": self.loop.micro_stamp()}
            body = {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec}
            if known is None:
                self.client.create(LEASES, "kube-node-lease", body)
            else:
                self.client.update(LEASES, {**known, "spec": spec})
        self.loop.after(3000, self._renew)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            return
        place = refs.place(new)
        node = new["spec"].get("nodeName")
        if not node:
            self.loop.after(2, self._bind, place)
        elif refs.is_deleting(new):
            if node not in self.down:
                self.loop.after(5, self._remove, place)
        elif old is None or not old["spec"].get("nodeName"):
            self.loop.after(self.start_ms, self._start, place)

    def _bind(self, place: tuple[str, str]) -> None:
        pod = self.client.get(PODS, *place)
        if pod is None or pod["spec"].get("nodeName") or refs.is_deleting(pod):
            return
        wished = pod["spec"].get("nodeSelector", {}).get("kubernetes.io/hostname")
        nodes = [
            each["metadata"]["name"]
            for each in self.client.list(NODES)
            if not any(t["effect"] == "NoSchedule" for t in each.get("spec", {}).get("taints", ()))
        ]
        if not nodes:
            return
        node = wished or nodes[self.next_node % len(nodes)]
        self.next_node += 1
        body = {"metadata": {"name": place[1]}, "target": {"apiVersion": "v1", "kind": "Node", "name": node}}
        self.client.create(PODS, place[0], body, "binding", place[1])

    def _remove(self, place: tuple[str, str]) -> None:
        pod = self.client.get(PODS, *place)
        if pod is not None and refs.is_deleting(pod):
            self.client.delete(PODS, *place, {"gracePeriodSeconds": 0})

    def _start(self, place: tuple[str, str]) -> None:
        pod = self.client.get(PODS, *place)
        if pod is None or refs.is_deleting(pod) or pod["spec"]["nodeName"] in self.down:
            return
        container = pod["spec"]["containers"][0]
        image, stamp = container["image"], self.loop.stamp()
        self.next_ip += 1
        ip = f"10.244.{self.next_ip // 250}.{self.next_ip % 250 + 1}"
        state: dict[str, Any] = {"running": {"startedAt": stamp}}
        phase, ready = "Running", True
        if image.startswith("bad"):
            phase, ready = "Pending", False
            state = {"waiting": {"message": "Back-off pulling image", "reason": "ImagePullBackOff"}}
        elif image.startswith(("fail", "done")):
            phase, ready = ("Failed", False) if image.startswith("fail") else ("Succeeded", False)
            state = {"terminated": {"exitCode": int(phase == "Failed"), "reason": "Error"}}
        status = {
            **pod["status"],
            "phase": phase,
            "conditions": _conditions(pod, stamp, ready=ready),
            "hostIP": "10.0.0.1",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "startTime": stamp,
            "containerStatuses": [
                {"name": container["name"], "image": image, "imageID": "", "lastState": {}, "ready": ready}
                | {"restartCount": 0, "started": ready, "state": state}
            ],
        }
        self.client.update_status(PODS, {**pod, "status": status})


def _conditions(pod: Tree, stamp: str, *, ready: bool) -> list[dict[str, Any]]:
    extra = {} if ready else {"reason": "ContainersNotReady"}
    made = [
        {"type": kind, "status": "True" if ready or kind in GIVEN else "False", "lastProbeTime": None}
        | {"lastTransitionTime": stamp}
        | ({} if kind in GIVEN else extra)
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
    ]
    known = {each["type"] for each in made}
    return [*made, *(each for each in pod["status"].get("conditions", ()) if each["type"] not in known)]


GIVEN = ("PodReadyToStartContainers", "Initialized")


class SmallCluster:
    """``client`` writes as a person; ``run`` lets virtual seconds pass."""

    def __init__(
        self, *, nodes: int = 0, grace_ms: int = 50_000, period_ms: int = 5_000, kubelets: bool = True
    ) -> None:
        self.store = Store()
        self.loop = Loop(EPOCH)
        chance = Chance(7)
        served = strategies(chance)
        self.api = ApiServer(self.store, self.loop, chance, Journal(), served, schema(), validate_components=True)
        self.hub = Hub(self.loop, self.store)
        self.resources = [each.gvr for each in served if each.storage is None and "list" in each.verbs]
        self.gvrs = {each.kind: each.gvr for each in served if each.storage is None and each.gvr.resource[0] != "_"}
        self.gvrs["Event"] = EVENTS
        self.admin = self.client_of("kubectl")
        self._controllers(grace_ms, period_ms)
        for name in ("default", "kube-system", "kube-node-lease"):
            self.create({"kind": "Namespace", "metadata": {"name": name}})
        self.kubelet = SmallKubelet(self.loop, self.hub, self.client_of("kubelet")) if kubelets else None
        for number in range(nodes):
            self.add_node(f"n{number}", f"z{number % 2}")
        self.run(0.02)

    def _controllers(self, grace_ms: int, period_ms: int) -> None:
        loop, hub, of = self.loop, self.hub, self.client_of
        self.deployment = DeploymentController(loop, hub, of("deployment-controller"))
        self.replicaset = ReplicaSetController(loop, hub, of("replicaset-controller"))
        self.endpoints = EndpointsController(loop, hub, of("endpoint-controller"))
        self.slices = EndpointSliceController(loop, hub, of("endpoint-slice-controller"))
        self.nodes = NodeLifecycleController(loop, hub, of("node-controller"), period_ms, grace_ms)
        self.evictions = TaintEvictionController(loop, hub, of("taint-eviction-controller"))
        self.ttl = TtlController(loop, hub, of("ttl-controller"))
        self.podgc = podgc.PodGarbageCollector(loop, hub, of("pod-garbage-collector"))
        self.garbage = GarbageCollector(loop, hub, of("garbage-collector-controller"), self.resources)
        self.namespaces = NamespaceController(loop, hub, of("namespace-controller"), self.resources)
        self.accounts = serviceaccounts.ServiceAccountController(loop, hub, of("service-account-controller"))
        self.root_ca = serviceaccounts.RootCaPublisher(loop, hub, of("root-ca-cert-publisher"))
        self.tokens = serviceaccounts.TokensController(loop, hub, of("tokens-controller"))

    def client_of(self, agent: str) -> Client:
        return Client(self.api, self.store, self.loop, Identity(f"system:{agent}", ("system:masters",), agent))

    def run(self, seconds: float) -> None:
        self.loop.run_until(self.loop.now + round(seconds * 1000))

    def gvr(self, kind: str) -> Gvr:
        return self.gvrs[kind]

    def send(self, verb: str, kind: str, namespace: str, name: str = "", body: Any = None, **more: Any) -> Any:
        """A request with every check, as a person's. Raises ApiError."""
        gvr = self.gvr(kind)
        if not self.api.strategy(gvr).namespaced:
            namespace = ""
        response = self.api.handle(Request(verb, Key(gvr, namespace, name), body=body, identity=ADMIN, **more))
        if response.code >= 400:
            raise ApiError(response.body)
        return response.body

    def create(self, body: Tree, namespace: str = "default") -> Any:
        gvr = self.gvr(body["kind"])
        return self.send("create", body["kind"], namespace, body={"apiVersion": gvr.api_version, **body})

    def get(self, kind: str, name: str, namespace: str = "default") -> Any:
        gvr = self.gvr(kind)
        return self.store.get(gvr, namespace if self.api.strategy(gvr).namespaced else "", name)

    def all(self, kind: str, namespace: str = "default") -> list[Any]:
        return self.store.range(self.gvr(kind), namespace)

    def patch(self, kind: str, name: str, body: Any, namespace: str = "default", **more: Any) -> Any:
        more.setdefault("content_type", "application/strategic-merge-patch+json")
        return self.send("patch", kind, namespace, name, body, **more)

    def delete(self, kind: str, name: str, namespace: str = "default", **options: Any) -> Any:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", **options} if options else None
        return self.send("delete", kind, namespace, name, body)

    def add_node(self, name: str, zone: str = "z0") -> None:
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": zone}
        self.create({"kind": "Node", "metadata": {"name": name, "labels": labels}})
        resources = {"cpu": "4", "memory": "8Gi", "pods": "110"}
        ready = {
            "type": "Ready",
            "status": "True",
            "lastHeartbeatTime": self.loop.stamp(),
            "lastTransitionTime": self.loop.stamp(),
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
        }
        node = self.admin.get(NODES, "", name)
        assert node is not None
        status = {**node["status"], "capacity": resources, "allocatable": resources, "conditions": [ready]}
        self.admin.update_status(NODES, {**node, "status": status})

    def events(self, namespace: str = "default") -> list[tuple[str, str, str]]:
        """(object, reason, message) of each Event, in order."""
        found = sorted(self.store.iterate(EVENTS, namespace), key=lambda each: int(each["metadata"]["resourceVersion"]))
        return [
            (f"{each['involvedObject']['kind']}/{each['involvedObject']['name']}", each["reason"], each["message"])
            for each in found
        ]

    def namespace(self, name: str) -> None:
        self.create({"kind": "Namespace", "metadata": {"name": name}})
        self.run(0.02)

    def is_gone(self, name: str) -> bool:
        return self.store.get(NAMESPACES, "", name) is None


def deployment(name: str = "web", replicas: int = 3, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            **spec,
        },
    }
