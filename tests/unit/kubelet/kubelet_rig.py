"""A small cluster of kubelets over the real API server, without controllers and scheduler."""

from typing import Any

from kubesim.api.schema import Schema
from kubesim.api.server import ApiServer
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.kinds import strategies
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.fleet import Kubelets
from kubesim.kubelet.node import NodeSpec
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.wire import (
    CONFIGMAPS,
    EVENTS,
    FAULTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICEACCOUNTS,
    Identity,
    Key,
    Request,
)
from kubesim.store.mvcc import Store

EPOCH = 1_750_000_000_000


class Rig:
    """Everything that kubelets need, and shortcuts for tests."""

    def __init__(self, nodes: int = 1, extra: dict[str, Any] | None = None, **spec: Any) -> None:
        self.loop = Loop(EPOCH)
        self.store = Store()
        self.chance = Chance(7)
        self.api = ApiServer(self.store, self.loop, self.chance, Journal(), strategies(), Schema.load())
        self.hub = Hub(self.loop, self.store)
        self.admin = self.client_for(Identity("admin", ("system:masters",), "test"))
        for name in ("default", "kube-system", "kube-node-lease"):
            if self.admin.get(NAMESPACES, "", name) is None:
                self.admin.create(NAMESPACES, "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
        self.admin.create(SERVICEACCOUNTS, "default", body)
        self.kubelets = Kubelets(self.loop, self.hub, self.client_for, self.chance, Catalogue.load(extra))
        for number in range(1, nodes + 1):
            self.kubelets.add_node(NodeSpec(f"n{number}", **spec))
        self.run(2)

    def client_for(self, identity: Identity) -> Client:
        return Client(self.api, self.store, self.loop, identity)

    def run(self, seconds: float) -> None:
        self.loop.run_until(self.loop.now + round(seconds * 1000))

    def age(self, since: int) -> float:
        return (self.loop.now - since) / 1000

    # ------------------------------------------------------------------ objects
    def pod(
        self, name: str = "web", image: str = "nginx:1.27", node: str = "n1", metadata: Any = None, **container: Any
    ) -> dict[str, Any]:
        spec = container.pop("spec", {})
        found: dict[str, Any] = {"name": "c", "image": image, **container}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", **(metadata or {})},
            "spec": {"nodeName": node, "containers": [found], "tolerations": [{"operator": "Exists"}], **spec},
        }

    def create(self, body: dict[str, Any], gvr: Any = PODS) -> Any:
        return self.admin.create(gvr, body["metadata"].get("namespace", ""), body)

    def start(self, *args: Any, **kwargs: Any) -> Any:
        return self.create(self.pod(*args, **kwargs))

    def configmap(self, name: str, **data: str) -> Any:
        return self.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data},
            CONFIGMAPS,
        )

    def get(self, name: str = "web") -> Any:
        return self.store.get(PODS, "default", name)

    def status(self, name: str = "web") -> Any:
        return self.get(name)["status"]

    def container(self, name: str = "web", index: int = 0, kind: str = "containerStatuses") -> Any:
        return self.status(name)[kind][index]

    def condition(self, type_: str, name: str = "web") -> Any:
        return next(c for c in self.status(name)["conditions"] if c["type"] == type_)

    def delete(self, name: str = "web", **options: Any) -> None:
        self.api.handle(Request("delete", Key(PODS, "default", name), body=options or None))

    def events(self, name: str = "web") -> list[tuple[str, str]]:
        found = [e for e in self.store.range(EVENTS) if e["involvedObject"]["name"] == name]
        found.sort(key=lambda e: (e["firstTimestamp"], int(e["metadata"]["resourceVersion"])))
        return [
            (e["reason"], e["message"])
            for e in sorted(found, key=lambda e: int(e["metadata"]["name"].rsplit(".", 1)[1], 16))
        ]

    def reasons(self, name: str = "web") -> list[str]:
        return [reason for reason, _ in self.events(name)]

    def node(self, name: str = "n1") -> Any:
        return self.store.get(NODES, "", name)

    def fault(self, name: str, kind: str, target: dict[str, str]) -> Any:
        body = {
            "apiVersion": "sim.kubetui.dev/v1",
            "kind": "Fault",
            "metadata": {"name": name},
            "spec": {"type": kind, "target": target},
        }
        return self.create(body, FAULTS)

    def mend(self, name: str) -> None:
        self.admin.delete(FAULTS, "", name)
