"""The scheduler alone on the workloads of Kubernetes' own scheduler_perf, beside the floors that its CI demands.

Usage: python bench/scheduler.py [--nodes N ...] [--only NAME]
The API only stores; the creation of the pods is not counted. The last line is the figure: SchedulingBasic, pods a
second at the largest number of nodes. The workloads and the floors (measured there with a real API server, for 5,000
nodes) are those of kubernetes/test/integration/scheduler_perf/*/performance-config.yaml.
"""

import argparse
import gc
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "core"))

from kubesim.api.cel.devices import DeviceSelectors
from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.volumes import BIND_COMPLETED
from kubesim.objects.wire import (
    CLAIMS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    VOLUMES,
    Asked,
    Gvr,
    Identity,
    Tree,
    request_of,
)
from kubesim.scheduler import Scheduler
from kubesim.scheduler.devices.pools import DEVICECLASSES, RESOURCECLAIMS, RESOURCESLICES
from kubesim.scheduler.storage import CSINODES
from kubesim.store.mvcc import Store

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


class StoringApi:
    """Stores what it is given; events are only counted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.events = self.bound = 0

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
            self.bound += 1
            spec = {**old["spec"], "nodeName": request.body["target"]["name"]}
            return self.store.put(gvr, namespace, name, {**old, "spec": spec}, old)
        tree = request.body
        return self.store.put(gvr, namespace, tree["metadata"]["name"], tree, old)


class Cluster:
    """Nodes as templates/node-default.yaml has them, and a scheduler."""

    def __init__(self, nodes: int, zones: int = 1) -> None:
        self.loop = Loop(1_767_225_600_000)
        self.store = Store(retain=1000)
        hub = Hub(self.loop, self.store)
        self.api = StoringApi(self.store)
        client = Client(self.api, self.store, self.loop, Identity("system:kube-scheduler", (), "default-scheduler"))
        self.scheduler = Scheduler(self.loop, hub, client, Chance(1), DeviceSelectors())
        self.serial = self.bound = 0
        self.names = [f"node-{number}" for number in range(nodes)]
        allocatable = {"cpu": "4", "memory": "32Gi", "pods": "110"}
        for number, name in enumerate(self.names):
            labels = {HOST: name, ZONE: f"zone-{number % zones}"}
            self.put(NODES, {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}})
        self.loop.run_until(self.loop.now + 10)

    def put(self, gvr: Gvr, tree: dict[str, Any]) -> Tree:
        """Store an object as an outside caller would."""
        self.serial += 1
        metadata = {**tree["metadata"], "uid": f"{self.serial:032x}"}
        namespace = metadata.get("namespace", "")
        return self.store.put(gvr, namespace, metadata["name"], {**tree, "metadata": metadata}, None)

    def create(self, templates: list[dict[str, Any]], count: int) -> None:
        """Create pods of the templates in turn."""
        for number in range(count):
            template = templates[number % len(templates)]
            metadata = {"namespace": "default", **template["metadata"], "name": f"pod-{self.serial}"}
            self.put(PODS, {**template, "metadata": metadata})

    def limit_attachments(self) -> None:
        """Every node takes 39 volumes of the driver."""
        for name in self.names:
            driver = {"name": "ebs.csi.aws.com", "nodeID": name, "allocatable": {"count": 39}}
            self.put(CSINODES, {"kind": "CSINode", "metadata": {"name": name}, "spec": {"drivers": [driver]}})

    def create_with_volumes(self, template: dict[str, Any], count: int) -> None:
        """Create pods, each with a claim that is bound to a volume of its own."""
        modes, size = ["ReadOnlyMany"], {"storage": "1Gi"}
        for number in range(count):
            csi = {"driver": "ebs.csi.aws.com", "volumeHandle": f"vol-{number}"}
            volume = {"accessModes": modes, "capacity": size, "csi": csi}
            self.put(VOLUMES, {"kind": "PersistentVolume", "metadata": {"name": f"pv-{number}"}, "spec": volume})
            metadata = {"name": f"pvc-{number}", "namespace": "default", "annotations": {BIND_COMPLETED: "yes"}}
            claim = {"accessModes": modes, "resources": {"requests": size}, "volumeName": f"pv-{number}"}
            self.put(CLAIMS, {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim})
            used = [{"name": "vol", "persistentVolumeClaim": {"claimName": f"pvc-{number}"}}]
            self.create([{**template, "spec": {**template["spec"], "volumes": used}}], 1)

    def create_with_devices(self, template: dict[str, Any], count: int) -> None:
        """Ten devices on every node; pods, each with a claim of its own."""
        selector = {"cel": {"expression": 'device.driver == "test.example.com"'}}
        self.put(DEVICECLASSES, {"metadata": {"name": "test"}, "spec": {"selectors": [selector]}})
        for name in self.names:
            pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
            devices = [{"name": f"device-{number}"} for number in range(10)]
            spec = {"driver": "test.example.com", "nodeName": name, "pool": pool, "devices": devices}
            self.put(RESOURCESLICES, {"metadata": {"name": name}, "spec": spec})
        for number in range(count):
            metadata = {"name": f"claim-{number}", "namespace": "default"}
            exact = {"deviceClassName": "test", "allocationMode": "ExactCount", "count": 1}
            spec = {"devices": {"requests": [{"name": "r", "exactly": exact}]}}
            self.put(RESOURCECLAIMS, {"kind": "ResourceClaim", "metadata": metadata, "spec": spec, "status": {}})
            used = [{"name": "r", "resourceClaimName": f"claim-{number}"}]
            self.create([{**template, "spec": {**template["spec"], "resourceClaims": used}}], 1)

    def settle(self) -> tuple[float, int]:
        """Let the scheduler work; the seconds it took and how many pods were bound."""
        before = self.api.bound
        gc.collect()
        gc.disable()
        started = perf_counter()
        self.loop.run_until(self.loop.now + 10)
        spent = perf_counter() - started
        gc.enable()
        return spent, self.api.bound - before

    def schedule(self, templates: list[dict[str, Any]], count: int) -> None:
        """Create pods and have them scheduled, uncounted."""
        self.create(templates, count)
        self.settle()


NEEDED, WANTED = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
HIGH = 1_000_000


def template(cpu: str = "100m", memory: str = "500Mi", labels: Tree | None = None, **spec: Any) -> dict[str, Any]:
    """As templates/pod-default.yaml."""
    containers = [{"name": "pause", "image": "pause:3", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": labels or {}, "generation": 1},
        "spec": {"containers": containers, "schedulerName": "default-scheduler", "priority": 0, **spec},
        "status": {"phase": "Pending"},
    }


def affinity(kind: str, key: str, color: str, *, required: bool, **term: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"color": color}}
    one = {"topologyKey": key, "labelSelector": selector, "namespaces": ["default"], **term}
    listed = {NEEDED: [one]} if required else {WANTED: [{"weight": 1, "podAffinityTerm": one}]}
    return template(labels={"color": color}, affinity={kind: listed})


def spread(when: str) -> dict[str, Any]:
    selector = {"matchLabels": {"color": "blue"}}
    constraint = {"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": when, "labelSelector": selector}
    return template(labels={"color": "blue"}, topologySpreadConstraints=[constraint])


class Workload(NamedTuple):
    """What scheduler_perf does: pods that are there before, pods that are measured, each as a share of the nodes."""

    name: str
    floor: int
    """Pods a second that CI demands at 5,000 nodes."""
    measured: dict[str, Any]
    pods: tuple[int, int]
    """How many pods are measured at 500 and at 5,000 nodes."""
    before: tuple[dict[str, Any], ...] = (template(),)
    initial: tuple[int, int] = (500, 1000)
    """How many pods of each kind are there before."""
    zones: int = 1
    volumes: bool = False
    churn: tuple[dict[str, Any], ...] = ()
    """What comes in between the measured pods, once for every fiftieth part of them; not measured itself."""
    namespaces: int = 0
    """Over how many labelled namespaces the pods that are there before are spread."""
    claims: bool = False
    """Every measured pod has a ResourceClaim; there are ten devices a node, as there are 500 nodes at most."""


def workloads() -> list[Workload]:
    anti = affinity("podAntiAffinity", HOST, "green", required=True)
    near = affinity("podAffinity", ZONE, "blue", required=True)
    likes = affinity("podAffinity", HOST, "red", required=False)
    dislikes = affinity("podAntiAffinity", HOST, "yellow", required=False)
    zone = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone-0", "zone-1"]}]}
    node = template(affinity={"nodeAffinity": {NEEDED: {"nodeSelectorTerms": [zone]}}})
    included = template(
        labels={"foo": ""},
        topologySpreadConstraints=[
            {
                "maxSkew": 1,
                "topologyKey": HOST,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"foo": ""}},
                "nodeTaintsPolicy": "Honor",
            }
        ],
    )
    low = template(cpu="900m")
    high = template(cpu="3", priority=HIGH)
    wide = {"namespaceSelector": {"matchLabels": {"team": "devops"}}, "namespaces": None}
    gate = template(schedulingGates=[{"name": "example.com/wait"}])
    secret = template(volumes=[{"name": "secret", "secret": {"secretName": "s"}}])
    return [
        Workload("SchedulingBasic", 680, template(), (1000, 10_000)),
        Workload("SchedulingBasic, 50,000 pods", 810, template(), (5000, 50_000), initial=(500, 5000)),
        Workload("SchedulingPodAntiAffinity", 60, anti, (400, 2000), (anti,), (100, 1000)),
        Workload(
            "SchedulingPodMatchingAntiAffinity",
            600,
            template(labels={"color": "green"}),
            (400, 4000),
            (anti,),
            (100, 1000),
        ),
        Workload("SchedulingPodAffinity", 35, near, (1000, 5000), (near,), (500, 5000)),
        Workload("SchedulingPreferredPodAffinity", 90, likes, (1000, 5000), (likes,), (500, 5000)),
        Workload("SchedulingPreferredPodAntiAffinity", 90, dislikes, (1000, 5000), (dislikes,), (500, 5000)),
        Workload("SchedulingNodeAffinity", 220, node, (1000, 10_000), (node,), (500, 5000)),
        Workload(
            "MixedSchedulingBasePod",
            140,
            template(),
            (1000, 5000),
            (template(), near, anti, likes, dislikes),
            (100, 2000),
        ),
        Workload("TopologySpreading", 460, spread("DoNotSchedule"), (1000, 5000), initial=(1000, 5000), zones=3),
        Workload(
            "PreferredTopologySpreading", 340, spread("ScheduleAnyway"), (1000, 5000), initial=(1000, 5000), zones=3
        ),
        Workload(
            "DefaultTopologySpreading",
            160,
            template(labels={"app": "app-0"}),
            (1000, 50_000),
            initial=(1000, 5000),
            zones=3,
        ),
        Workload("SchedulingWithNodeInclusionPolicy", 270, included, (400, 4000), initial=(0, 0)),
        Workload("SchedulingCSIPVs", 100, template(), (1000, 5000), initial=(0, 0), volumes=True),
        Workload(
            "SchedulingRequiredPodAntiAffinityWithNSSelector",
            24,
            affinity("podAntiAffinity", HOST, "green", required=True, **wide),
            (400, 2000),
            (affinity("podAntiAffinity", HOST, "green", required=True, **wide),),
            (80, 2000),
            namespaces=100,
        ),
        Workload(
            "SchedulingRequiredPodAffinityWithNSSelector",
            35,
            affinity("podAffinity", ZONE, "blue", required=True, **wide),
            (400, 2000),
            (affinity("podAffinity", ZONE, "blue", required=True, **wide),),
            (500, 5000),
            namespaces=100,
        ),
        Workload("SchedulingSecrets", 790, secret, (1000, 10_000), initial=(500, 1000)),
        Workload("SchedulingWhileGated", 910, template(), (1000, 10_000), (gate,), (10_000, 10_000)),
        Workload("SchedulingWithResourceClaimTemplate", 56, template(), (250, 2500), initial=(0, 0), claims=True),
        Workload("PreemptionBasic", 0, high, (100, 1000), (low,), (2000, 20_000)),
        Workload("PreemptionAsync", 570, template(), (500, 5000), (low,), (2000, 20_000), churn=(high,)),
        Workload("Unschedulable, 20,000 pods there", 600, template(), (1000, 10_000), (low,), (2000, 20_000)),
    ]


class Bench:
    """One workload on a new cluster."""

    def __init__(self, workload: Workload, nodes: int) -> None:
        self.workload = workload
        self.large = nodes > 500
        self.cluster = Cluster(nodes, workload.zones)
        selector = {"app": "app-0"}
        service = {"metadata": {"name": "app-0", "namespace": "default"}, "spec": {"selector": selector}}
        self.cluster.put(SERVICES, service)
        if workload.volumes:
            self.cluster.limit_attachments()

    def run(self) -> float:
        """Pods a second."""
        workload, cluster = self.workload, self.cluster
        initial, count = workload.initial[self.large], workload.pods[self.large]
        for number in range(workload.namespaces):
            cluster.put(NAMESPACES, {"metadata": {"name": f"ns-{number}", "labels": {"team": "devops"}}})
        for kind in workload.before:
            cluster.schedule([in_namespace(kind, n) for n in range(workload.namespaces)] or [kind], initial)
        if workload.churn:
            return self._churned(count)
        if workload.name.startswith("Unschedulable"):
            cluster.schedule([template(cpu="90", priority=HIGH)], count // 50)
        if workload.volumes:
            cluster.create_with_volumes(workload.measured, count)
        elif workload.claims:
            cluster.create_with_devices(workload.measured, count)
        else:
            cluster.create([workload.measured], count)
        spent, bound = cluster.settle()
        if bound < count and not workload.name.startswith("Preemption"):
            msg = f"{workload.name}: {bound} of {count} pods were bound"
            raise SystemExit(msg)
        return count / spent

    def _churned(self, count: int) -> float:
        spent = 0.0
        for _ in range(50):
            self.cluster.create([self.workload.measured], count // 50)
            self.cluster.create(list(self.workload.churn), len(self.workload.churn))
            spent += self.cluster.settle()[0]
        return count / spent


def in_namespace(template: dict[str, Any], number: int) -> dict[str, Any]:
    return {**template, "metadata": {**template["metadata"], "namespace": f"ns-{number}"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="*", default=[500, 5000])
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    figure = 0.0
    for nodes in options.nodes:
        for workload in workloads():
            if (options.only and options.only != workload.name) or (workload.claims and nodes > 500):
                continue
            rate = Bench(workload, nodes).run()
            floor = f"{workload.floor:,}" if workload.floor and nodes >= 5000 else "-"
            print(f"{nodes:6,} nodes  {workload.name:47} {rate:10,.0f} pods/s   floor {floor}", flush=True)
            if workload.name == "SchedulingBasic":
                figure = rate
    print(f"{figure:.0f}")


if __name__ == "__main__":
    main()
