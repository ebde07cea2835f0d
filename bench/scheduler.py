"""The scheduler alone, against an API that only stores: pods scheduled and bound per second for several workloads.

Usage: python bench/scheduler.py [--nodes N ...] [--pods N] [--only NAME]
The last line is the figure: pods a second for plain pods at the largest number of nodes.
"""

import argparse
import gc
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "core"))

from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.wire import EVENTS, NODES, PODS, SERVICES, Asked, Gvr, Identity, Tree, request_of
from kubesim.scheduler import Scheduler
from kubesim.store.mvcc import Store

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


class StoringApi:
    """Stores what it is given; events are only counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.events = 0

    def perform(self, asked: Asked) -> Tree:
        """Carry out a request."""
        request = request_of(asked)
        gvr, namespace, name = request.key
        if gvr == EVENTS:
            self.events += 1
            return request.body
        old = self.store.get(gvr, namespace, name or request.body["metadata"]["name"])
        if request.verb == "delete":
            return self.store.delete(gvr, namespace, name, old or {})
        if request.subresource == "binding" and old is not None:
            spec = {**old["spec"], "nodeName": request.body["target"]["name"]}
            return self.store.put(gvr, namespace, name, {**old, "spec": spec}, old)
        tree = request.body
        return self.store.put(gvr, namespace, tree["metadata"]["name"], tree, old)


class Cluster:
    """Nodes and a scheduler."""

    def __init__(self, nodes: int) -> None:
        self.loop = Loop(1_767_225_600_000)
        self.store = Store(retain=1000)
        hub = Hub(self.loop, self.store)
        self.api = StoringApi(self.store)
        client = Client(self.api, self.store, self.loop, Identity("system:kube-scheduler", (), "default-scheduler"))
        self.scheduler = Scheduler(self.loop, hub, client, Chance(1))
        self.serial = 0
        allocatable = {"cpu": "32", "memory": "128Gi", "pods": "110"}
        for number in range(nodes):
            labels = {HOST: f"node-{number}", ZONE: f"zone-{number % 3}"}
            self.put(
                NODES,
                {"metadata": {"name": f"node-{number}", "labels": labels}, "status": {"allocatable": allocatable}},
            )
        self.loop.run_until(self.loop.now + 10)

    def put(self, gvr: Gvr, tree: dict[str, Any]) -> Tree:
        """Store an object as an outside caller would."""
        self.serial += 1
        metadata = {**tree["metadata"], "uid": f"{self.serial:032x}"}
        namespace = metadata.get("namespace", "")
        return self.store.put(gvr, namespace, metadata["name"], {**tree, "metadata": metadata}, None)

    def pods(self, templates: list[dict[str, Any]], count: int) -> None:
        """Create pods of the templates in turn."""
        for number in range(count):
            template = templates[number % len(templates)]
            metadata = {**template["metadata"], "name": f"pod-{self.serial}", "namespace": "default"}
            self.put(PODS, {**template, "metadata": metadata})

    def time(self, templates: list[dict[str, Any]], count: int) -> float:
        """Seconds to schedule ``count`` new pods, their creation left out."""
        self.pods(templates, count)
        gc.collect()
        gc.disable()
        started = perf_counter()
        self.loop.run_until(self.loop.now + 10)
        spent = perf_counter() - started
        gc.enable()
        return spent


def template(app: str, cpu: str = "100m", memory: str = "128Mi", service: bool = True, **spec: Any) -> dict[str, Any]:
    labels = {"app": app, "pod-template-hash": "abc"}
    containers = [{"name": "c", "image": "nginx:1", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": labels if service else {}, "generation": 1},
        "spec": {"containers": containers, "schedulerName": "default-scheduler", "priority": 0, **spec},
        "status": {"phase": "Pending"},
    }


def term(app: str, key: str) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}


def workloads() -> dict[str, list[dict[str, Any]]]:
    apps = [f"app-{number}" for number in range(10)]
    hard = [
        {
            "maxSkew": 5,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "app-1"}},
        }
    ]
    needed, wanted = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
    return {
        "plain": [template("app-0")],
        "ten mixed": [template(app, cpu=f"{100 + 10 * number}m") for number, app in enumerate(apps)],
        "no service": [template("none", service=False)],
        "zone spread, required": [template("app-1", topologySpreadConstraints=hard)],
        "anti-affinity, required": [template("app-2", affinity={"podAntiAffinity": {needed: [term("app-2", HOST)]}})],
        "affinity, required": [template("app-3", affinity={"podAffinity": {needed: [term("app-3", ZONE)]}})],
        "anti-affinity, preferred": [
            template(
                "app-4",
                affinity={"podAntiAffinity": {wanted: [{"weight": 50, "podAffinityTerm": term("app-4", HOST)}]}},
            )
        ],
        "unschedulable": [template("app-5", cpu="64")],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="*", default=[1000, 5000])
    parser.add_argument("--pods", type=int, default=10_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    figure = 0.0
    for nodes in options.nodes:
        for name, templates in workloads().items():
            if options.only and options.only != name:
                continue
            count = min(options.pods, nodes - 1) if name == "anti-affinity, required" else options.pods
            cluster = Cluster(nodes)
            for number in range(10):
                selector = {"app": f"app-{number}"}
                cluster.put(
                    SERVICES,
                    {"metadata": {"name": f"app-{number}", "namespace": "default"}, "spec": {"selector": selector}},
                )
            cluster.time(templates, min(50, count // 10))
            spent = cluster.time(templates, count - count // 10)
            done = count - count // 10
            print(f"{nodes:6} nodes  {name:26} {done / spent:10,.0f} pods/s  {spent / done * 1e6:8.1f} us a pod")
            if name == "plain":
                figure = done / spent
    print(f"{figure:.0f}")


if __name__ == "__main__":
    main()
