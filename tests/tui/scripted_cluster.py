"""A cluster that does only what a test tells it: a store, a loop, a journal and printers; no rules of Kubernetes."""

from typing import Any

from kubesim.api.strategy import Column, Strategy
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Entry, Journal
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import not_found
from kubesim.objects.times import format_time, human_duration, parse_time
from kubesim.objects.wire import (
    CONFIGMAPS,
    DEPLOYMENTS,
    ENDPOINTSLICES,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICES,
    Gvr,
    Request,
    Response,
    Tree,
)
from kubesim.store.mvcc import Store
from kubetui.client.local import LocalClient

EPOCH = 1_767_225_600_000


def age(obj: Tree, now: int) -> str:
    return human_duration(now - parse_time(obj["metadata"]["creationTimestamp"]))


class Printed(Strategy):
    def __init__(self, gvr: Gvr, kind: str, short: str, columns: str, *, namespaced: bool = True) -> None:
        self.gvr = gvr
        self.kind = kind
        self.singular = kind.lower()
        self.short_names = (short,) if short else ()
        self.namespaced = namespaced
        names = columns.split(",")
        self.columns = tuple(Column(n.strip("*"), priority=1 if n.endswith("*") else 0) for n in names)
        if gvr == DEPLOYMENTS:
            self.subresources = ("scale", "status")

    def row(self, obj: Tree, now: int) -> list[Any]:
        return [cell(obj, column.name, now) for column in self.columns]


def cell(obj: Tree, name: str, now: int) -> Any:
    if name == "Name":
        return obj["metadata"]["name"]
    if name == "Age":
        return age(obj, now)
    return obj.get("printed", {}).get(name, "<none>")


STRATEGIES = [
    Printed(NODES, "Node", "no", "Name,Status,Roles,Age,Version,Internal-IP*", namespaced=False),
    Printed(PODS, "Pod", "po", "Name,Ready,Status,Restarts,Age,IP*,Node*,Nominated Node*,Readiness Gates*"),
    Printed(SERVICES, "Service", "svc", "Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector*"),
    Printed(DEPLOYMENTS, "Deployment", "deploy", "Name,Ready,Up-to-date,Available,Age,Containers*,Images*,Selector*"),
    Printed(REPLICASETS, "ReplicaSet", "rs", "Name,Desired,Current,Ready,Age"),
    Printed(NAMESPACES, "Namespace", "ns", "Name,Status,Age", namespaced=False),
    Printed(CONFIGMAPS, "ConfigMap", "cm", "Name,Data,Age"),
    Printed(SECRETS, "Secret", "", "Name,Type,Data,Age"),
    Printed(EVENTS, "Event", "ev", "Last Seen,Type,Reason,Object,Message"),
    Printed(ENDPOINTSLICES, "EndpointSlice", "", "Name,AddressType,Ports,Endpoints,Age"),
]


class ScriptedApi:
    def __init__(self, cluster: "ScriptedCluster") -> None:
        self._cluster = cluster
        self.sent: list[Request] = []

    def resources(self) -> list[Strategy]:
        return list(STRATEGIES)

    def strategy(self, gvr: Gvr) -> Strategy:
        return next(strategy for strategy in STRATEGIES if strategy.gvr == gvr)

    def handle(self, request: Request) -> Response:
        self.sent.append(request)
        gvr, namespace, name = request.key
        store = self._cluster.store
        if request.verb == "list":
            return Response(200, {"items": store.range(gvr, namespace)})
        found = store.get(gvr, namespace, name)
        if found is None:
            return not_found(gvr, name).response()
        if request.verb == "delete":
            self._cluster.delete(gvr, namespace, name, "kubetui")
        return Response(200, found)

    def watch(self, request: Request) -> "NoEvents":
        del request
        return NoEvents()


class NoEvents:
    def poll(self, limit: int | None = None) -> list[Any]:
        del limit
        return []

    def close(self) -> None:
        pass


class NoKubelets:
    def logs(self, *place: Any) -> list[tuple[int, str]]:
        del place
        return [(EPOCH + n * 1000, f"line {n} of the log") for n in range(30)]

    def usage(self, *place: Any) -> None:
        del place

    def connect(self, *place: Any) -> None:
        raise NotImplementedError(place)


class Work:
    """Something that is due every second and counts as a unit of work."""

    def __init__(self, loop: Loop) -> None:
        self.name = "replicaset default/web"
        self._loop = loop
        loop.after(1000, self.work)

    def work(self) -> None:
        self._loop.mark()
        self._loop.after(1000, self.work)


class ScriptedCluster:
    def __init__(self, *, busy: bool = True) -> None:
        self.store = Store()
        self.loop = Loop(EPOCH)
        self.journal = Journal()
        self.chance = Chance(42)
        self.api = ScriptedApi(self)
        self.kubelets = NoKubelets()
        self.scheduler = None
        self.work = Work(self.loop) if busy else None

    def components(self) -> list[tuple[str, int]]:
        return [("deployment", 1), ("replicaset", 2), ("scheduler", 0)]

    def put(self, gvr: Gvr, obj: dict[str, Any], actor: str = "kubelet", *, cause: int = 0, note: str = "") -> Tree:
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        old = self.store.get(gvr, namespace, name)
        verb = "create" if old is None else "update"
        born = {"uid": f"uid-{name}", "creationTimestamp": format_time(self.loop.now)}
        if old is not None:
            born = {field: old["metadata"][field] for field in born}
        obj = {**obj, "metadata": {**born, **metadata}}
        strategy = self.api.strategy(gvr)
        obj = {"kind": strategy.kind, "apiVersion": gvr.api_version, **obj}
        stored = self.store.put(gvr, namespace, name, obj, old)
        revision = self.store.revision
        self.journal.append(Entry(revision, self.loop.now, actor, verb, gvr, namespace, name, "", cause, note))
        return stored

    def delete(self, gvr: Gvr, namespace: str, name: str, actor: str = "kubelet") -> None:
        self.store.delete(gvr, namespace, name, self.store.get(gvr, namespace, name))
        self.journal.append(Entry(self.store.revision, self.loop.now, actor, "delete", gvr, namespace, name, "", 0, ""))

    # ------------------------------------------------------------------ objects
    def node(
        self, name: str, *, ready: bool = True, cpu: str = "2", memory: str = "4Gi", roles: str = "<none>"
    ) -> None:
        status = "True" if ready else "Unknown"
        message = "" if ready else "Kubelet stopped posting node status."
        condition = {"type": "Ready", "status": status, "message": message, "reason": "NodeStatusUnknown"}
        printed = {"Status": "Ready" if ready else "NotReady", "Roles": roles, "Version": "v1.37.0"}
        taints = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}] if roles != "<none>" else []
        allocatable = {"cpu": cpu, "memory": memory, "pods": "110"}
        self.put(
            NODES,
            {
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                "spec": {"taints": taints},
                "status": {"allocatable": allocatable, "conditions": [condition]},
                "printed": {**printed, "Internal-IP": "172.18.0.2"},
            },
        )

    def pod(
        self,
        namespace: str,
        name: str,
        *,
        status: str = "Running",
        node: str = "wk-1",
        app: str = "",
        cpu: str = "250m",
        restarts: int = 0,
        message: str = "",
    ) -> None:
        phase = status if status in {"Pending", "Succeeded", "Failed"} else "Running"
        ready = status == "Running"
        waiting = {"reason": status, "message": message} if status.endswith("BackOff") else None
        state = {"waiting": waiting} if waiting else {"running": {}}
        conditions = [{"type": "Ready", "status": str(ready)}]
        if not node:
            unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            conditions = [unscheduled]
        requests = {"cpu": cpu, "memory": "256Mi"}
        labels = {"app": app or name.split("-", maxsplit=1)[0]}
        container = {"name": labels["app"], "image": "nginx:1.27", "resources": {"requests": requests}}
        container_status = {"name": labels["app"], "state": state, "restartCount": restarts, "ready": ready}
        self.put(
            PODS,
            {
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "spec": {"nodeName": node, "containers": [container]},
                "status": {
                    "phase": phase,
                    "conditions": conditions,
                    "containerStatuses": [container_status] if node else [],
                },
                "printed": {
                    "Ready": "1/1" if ready else "0/1",
                    "Status": status,
                    "Restarts": restarts,
                    "IP": "10.244.1.7" if node else "<none>",
                    "Node": node or "<none>",
                },
            },
        )

    def service(
        self, namespace: str, name: str, *, kind: str = "ClusterIP", ip: str = "10.96.14.2", port: int = 80
    ) -> None:
        self.put(
            SERVICES,
            {
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": port, "targetPort": 8080}]},
                "printed": {"Type": kind, "Cluster-IP": ip, "External-IP": "<none>", "Port(s)": f"{port}/TCP"},
            },
        )

    def endpoints(self, namespace: str, service: str, *ready: bool) -> None:
        self.put(
            ENDPOINTSLICES,
            {
                "metadata": {
                    "name": f"{service}-abc",
                    "namespace": namespace,
                    "labels": {"kubernetes.io/service-name": service},
                },
                "endpoints": [{"conditions": {"ready": one}} for one in ready],
            },
            "endpoint-slice-controller",
        )

    def event(
        self, namespace: str, name: str, reason: str, message: str, *, component: str, warning: bool = False
    ) -> None:
        stamp = format_time(self.loop.now)
        self.put(
            EVENTS,
            {
                "metadata": {"name": f"{name}.{self.store.revision:x}", "namespace": namespace},
                "involvedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": namespace, "name": name},
                "reason": reason,
                "message": message,
                "type": "Warning" if warning else "Normal",
                "source": {"component": component},
                "lastTimestamp": stamp,
                "count": 1,
            },
            component,
        )

    def advance(self, seconds: float) -> None:
        self.loop.run_until(self.loop.now + int(seconds * 1000))


def shop() -> ScriptedCluster:
    """Three nodes, two applications, one of everything that can go wrong."""
    cluster = ScriptedCluster()
    for name in ("default", "shop", "kube-system"):
        cluster.put(NAMESPACES, {"metadata": {"name": name}, "printed": {"Status": "Active"}}, "kubetui")
    cluster.node("cp-1", roles="control-plane")
    cluster.node("wk-1")
    cluster.node("wk-2", ready=False)
    cluster.service("default", "web")
    cluster.service("shop", "api", kind="NodePort", ip="10.96.77.9")
    cluster.service("shop", "cart", ip="None", port=7070)
    cluster.service("kube-system", "kube-dns", ip="10.96.0.10", port=53)
    labels = {"matchLabels": {"app": "web"}}
    cluster.put(
        DEPLOYMENTS,
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 3, "selector": labels},
            "status": {"readyReplicas": 2},
            "printed": {"Ready": "2/3", "Up-to-date": 3, "Available": 2, "Containers": "web", "Images": "nginx:1.27"},
        },
        "kubetui",
    )
    cluster.advance(540)
    cluster.pod("default", "web-7d9-4xk")
    cluster.pod("default", "web-7d9-q2m", cpu="900m")
    cluster.pod(
        "shop", "api-5f6-zz1", status="CrashLoopBackOff", restarts=4, message="back-off 40s restarting failed container"
    )
    cluster.pod("shop", "cart-0", node="wk-2", cpu="1")
    cluster.pod("kube-system", "coredns-1", node="cp-1", app="kube-dns")
    cluster.endpoints("default", "web", True, True)
    cluster.endpoints("shop", "api", False)
    cluster.endpoints("shop", "cart", False)
    cluster.endpoints("kube-system", "kube-dns", True)
    cluster.event(
        "shop", "api-5f6-zz1", "BackOff", "Back-off restarting failed container api", component="kubelet", warning=True
    )
    cluster.advance(30)
    scaled = cluster.put(
        DEPLOYMENTS, {**cluster.store.get(DEPLOYMENTS, "default", "web")}, "kubetui", note="scale 2->3"
    )
    cluster.advance(0.2)
    why = (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unreachable. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    cluster.pod("default", "web-7d9-8vq", status="Pending", node="", message=why)
    cluster.event(
        "default", "web-7d9", "SuccessfulCreate", "Created pod: web-7d9-8vq", component="replicaset-controller"
    )
    cluster.advance(0.02)
    cluster.event("default", "web-7d9-8vq", "FailedScheduling", why, component="default-scheduler", warning=True)
    assert scaled is not None
    cluster.advance(11)
    return cluster


def client_of(cluster: ScriptedCluster) -> LocalClient:
    return LocalClient(cluster, "lab/three-node")
