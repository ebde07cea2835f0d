"""A cluster with every kind of workload, and all that can happen to it: for random lives of any length."""

from random import Random
from typing import Any

from building import create
from invariants import broken_invariants
from kubesim import faults
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects import pods as pod_facts
from kubesim.objects import refs
from kubesim.objects.wire import (
    CLAIMS,
    DAEMONSETS,
    DEPLOYMENTS,
    FAULTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    STATEFULSETS,
    Gvr,
    Key,
    Request,
    Tree,
)
from kubesim.scenario.system import STORAGE_CLASS

NODE_NAMES = ("n1", "n2", "n3", "n4", "n5")
ZONES = {"z0": ("n2", "n4"), "z1": ("n1", "n3", "n5")}
SPACE = "work"
MERGE = "application/merge-patch+json"
CONFIGMAPS = Gvr("", "v1", "configmaps")
JUMPS = (7, 300, 5_000, 30_000, 70_000, 400_000, 3_600_000)
SETTLED_MS = 1_500_000
"""Longer than every grace period, back-off and timeout that a mended cluster may still wait for."""


def template(name: str, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "c",
        "image": "nginx:1.29",
        "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "200m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
    }
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **spec}}


def workload(kind: str, name: str, api: str = "apps/v1", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": SPACE}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def selected(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    pods = spec.pop("pods", {})
    labels = {"matchLabels": {"app": name}}
    return workload(kind, name, selector=labels, template=template(name, **pods), **spec)


def worker() -> dict[str, Any]:
    container = {"name": "c", "image": "busybox", "command": ["sleep", "20"]}
    return {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}


class Turmoil:
    """``act`` does one random thing; ``settle`` mends all and checks what must hold then."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.cluster = Cluster(Settings(seed=seed, validate_components=True))
        self.jobs = 0
        for number, name in enumerate(NODE_NAMES, 1):
            self.cluster.add_node(NodeSpec(name=name, cpu="4", memory="8Gi", zone=f"z{number % 2}"))
        create(self.cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
        create(self.cluster, STORAGE_CLASS)
        self.cluster.advance(10_000)
        for tree in self.wanted():
            create(self.cluster, tree)

    def wanted(self) -> list[dict[str, Any]]:
        """What is created at first, and again when it was deleted."""
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claims = [{"metadata": {"name": "data"}, "spec": claim}]
        found = [
            selected("Deployment", "web", replicas=3),
            selected("Deployment", "api", replicas=2, strategy={"type": "Recreate"}),
            selected("StatefulSet", "db", replicas=2, serviceName="db", volumeClaimTemplates=claims),
            selected("DaemonSet", "agent"),
        ]
        for name in ("web", "api", "db"):
            spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
            found.append(workload("Service", name, "v1", **spec))
        budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
        found.append(workload("PodDisruptionBudget", "web", "policy/v1", **budget))
        found.append(workload("ResourceQuota", "q", "v1", hard={"pods": "40", "count/configmaps": "50"}))
        return found

    # ------------------------------------------------------------------ asking
    def ask(self, verb: str, key: Key, body: Any = None, subresource: str = "") -> Any:
        """A refused request is part of life; a server error is one only while the control plane is down."""
        kind = MERGE if verb == "patch" else "application/json"
        response = self.cluster.handle(Request(verb, key, subresource, body, content_type=kind))
        assert response.code < 500 or self.cluster.control_plane.down(), str(response.body)
        return response.body

    def pods(self) -> list[Tree]:
        return self.cluster.store.range(PODS, SPACE)

    def one_pod(self) -> Tree | None:
        found = self.pods()
        return self.random.choice(found) if found else None

    # ------------------------------------------------------------------ what may happen
    def act(self) -> str:
        """Do one random thing; returns what it was."""
        name = self.random.choice(ACTIONS)
        getattr(self, name)()
        return name

    def scale(self) -> None:
        gvr, name = self.random.choice([(DEPLOYMENTS, "web"), (DEPLOYMENTS, "api"), (STATEFULSETS, "db")])
        self.ask("patch", Key(gvr, SPACE, name), {"spec": {"replicas": self.random.randrange(6)}})

    def image(self) -> None:
        gvr, name = self.random.choice([(DEPLOYMENTS, "web"), (STATEFULSETS, "db"), (DAEMONSETS, "agent")])
        found = self.cluster.store.get(gvr, SPACE, name)
        if found is not None:
            image = self.random.choice(["nginx:1.28", "nginx:1.29", "redis:7.4", "nginx:broken"])
            container = {**found["spec"]["template"]["spec"]["containers"][0], "image": image}
            self.ask("patch", found_key(gvr, name), {"spec": {"template": {"spec": {"containers": [container]}}}})

    def break_node(self) -> None:
        fault = self.random.choice([faults.crash_node, faults.stop_kubelet, faults.partition])
        self.ask("create", Key(FAULTS), dict(fault(self.random.choice(NODE_NAMES))))

    def break_zone(self) -> None:
        for name in ZONES[self.random.choice(sorted(ZONES))]:
            self.ask("create", Key(FAULTS), dict(faults.partition(name)))

    def break_component(self) -> None:
        part = self.random.choice(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
        self.ask("create", Key(FAULTS), dict(faults.crash_component(part)))

    def mend_one(self) -> None:
        found = self.cluster.store.range(FAULTS)
        if found:
            self.ask("delete", Key(FAULTS, "", self.random.choice(found)["metadata"]["name"]))

    def kill_containers(self) -> None:
        pod = self.one_pod()
        if pod is not None:
            self.ask("create", Key(FAULTS), dict(faults.kill_containers(SPACE, pod["metadata"]["name"])))

    def delete_pod(self) -> None:
        pod = self.one_pod()
        if pod is not None:
            grace = self.random.choice([None, {"gracePeriodSeconds": 0}])
            self.ask("delete", Key(PODS, SPACE, pod["metadata"]["name"]), grace)

    def evict(self) -> None:
        pod = self.one_pod()
        if pod is not None:
            name = pod["metadata"]["name"]
            metadata = {"name": name, "namespace": SPACE}
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
            self.ask("create", Key(PODS, SPACE, name), body, "eviction")

    def cordon(self) -> None:
        on = self.random.choice([True, None])
        self.ask("patch", Key(NODES, "", self.random.choice(NODE_NAMES)), {"spec": {"unschedulable": on}})

    def job(self) -> None:
        self.jobs += 1
        completions = self.random.randrange(1, 4)
        spec = {**worker(), "completions": completions, "ttlSecondsAfterFinished": 60}
        self.ask("create", Key(JOBS, SPACE), workload("Job", f"job-{self.jobs}", "batch/v1", **spec))

    def remove(self) -> None:
        gvr, name = self.random.choice([(DEPLOYMENTS, "web"), (STATEFULSETS, "db"), (DAEMONSETS, "agent")])
        policy = self.random.choice(["Background", "Foreground", "Orphan"])
        self.ask("delete", Key(gvr, SPACE, name), {"propagationPolicy": policy})

    def restore(self) -> None:
        tree = self.random.choice(self.wanted())
        strategy = self.cluster.api.scheme.of_kind(tree["apiVersion"], tree["kind"])
        assert strategy is not None
        self.ask("create", Key(strategy.gvr, SPACE), tree)

    def fill_quota(self) -> None:
        number = self.random.randrange(60)
        self.ask("create", Key(CONFIGMAPS, SPACE), {"metadata": {"name": f"c-{number}"}})

    def short_lived_namespace(self) -> None:
        name = f"space-{self.random.randrange(3)}"
        if self.cluster.store.get(NAMESPACES, "", name) is None:
            self.ask("create", Key(NAMESPACES), {"metadata": {"name": name}})
            tree = selected("Deployment", "guest", replicas=1)
            self.ask("create", Key(DEPLOYMENTS, name), {**tree, "metadata": {"name": "guest"}})
        else:
            self.ask("delete", Key(NAMESPACES, "", name))

    def wait(self) -> None:
        self.cluster.advance(self.random.choice(JUMPS))

    # ------------------------------------------------------------------ the quiet after
    def settle(self) -> None:
        """Mend everything, let it come to rest, and check what must hold."""
        for fault in self.cluster.store.range(FAULTS):
            self.ask("delete", Key(FAULTS, "", fault["metadata"]["name"]))
        self.cluster.advance(30_000)
        for name in NODE_NAMES:
            self.ask("patch", Key(NODES, "", name), {"spec": {"unschedulable": None}})
        self.heal_images()
        self.cluster.advance(SETTLED_MS)
        problems = [*broken_invariants(self.cluster), *self.unfinished()]
        assert not problems, "\n".join(problems)

    def heal_images(self) -> None:
        """No image that cannot be pulled; what nobody looks after any more is cleared away, as people do."""
        for found in self.cluster.store.range(REPLICASETS, SPACE):
            if refs.controller_of(found) is None:
                self.ask("delete", found_key(REPLICASETS, found["metadata"]["name"]))
        for gvr in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS):
            for found in self.cluster.store.range(gvr, SPACE):
                container = {**found["spec"]["template"]["spec"]["containers"][0], "image": "nginx:1.29"}
                key = found_key(gvr, found["metadata"]["name"])
                self.ask("patch", key, {"spec": {"template": {"spec": {"containers": [container]}}}})
        for pod in self.pods():
            broken = pod["spec"]["containers"][0]["image"] == "nginx:broken"
            orphan = refs.controller_of(pod) is None
            if broken or orphan:
                options = {"gracePeriodSeconds": 0}
                self.ask("delete", Key(PODS, SPACE, pod["metadata"]["name"]), options)

    def unfinished(self) -> list[str]:
        """Workloads that are not as they should be by now."""
        store = self.cluster.store
        found = [f"job {job['metadata']['name']} is left" for job in store.range(JOBS, SPACE)]
        for gvr in (DEPLOYMENTS, STATEFULSETS):
            for tree in store.range(gvr, SPACE):
                wanted, ready = tree["spec"]["replicas"], tree["status"].get("readyReplicas", 0)
                if wanted != ready:
                    found.append(f"{gvr.resource} {tree['metadata']['name']}: {ready} of {wanted} ready")
        found += [
            f"daemonset {tree['metadata']['name']}: {tree['status']}"
            for tree in store.range(DAEMONSETS, SPACE)
            if tree["status"].get("numberReady") != len(NODE_NAMES)
        ]
        found += [text for pod in self.pods() if (text := _unfinished_pod(pod))]
        return found + self.unbound_claims()

    def unbound_claims(self) -> list[str]:
        used = self.used_claims()
        return [
            f"claim {claim['metadata']['name']} is not bound"
            for claim in self.cluster.store.range(CLAIMS, SPACE)
            if claim["metadata"]["name"] in used and (claim.get("status") or {}).get("phase") != "Bound"
        ]

    def used_claims(self) -> set[str]:
        return {
            volume["persistentVolumeClaim"]["claimName"]
            for pod in self.pods()
            for volume in pod["spec"].get("volumes") or ()
            if "persistentVolumeClaim" in volume
        }


def _unfinished_pod(pod: Tree) -> str:
    if refs.is_deleting(pod):
        return f"pod {pod['metadata']['name']} does not go away"
    if pod_facts.is_active(pod) and not pod_facts.is_ready(pod) and refs.controller_of(pod) is not None:
        return f"pod {pod['metadata']['name']} is not ready: {pod['status'].get('phase')}"
    return ""


def found_key(gvr: Gvr, name: str) -> Key:
    return Key(gvr, SPACE, name)


ACTIONS = (
    "break_component", "break_node", "break_zone", "cordon", "delete_pod", "evict", "fill_quota", "image", "job",
    "kill_containers", "mend_one", "mend_one", "remove", "restore", "restore", "scale", "scale",
    "short_lived_namespace", "wait", "wait", "wait",
)  # fmt: skip
