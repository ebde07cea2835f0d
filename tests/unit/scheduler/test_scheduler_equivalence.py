"""The indexed way finds the node that the full cycle over all plugins and nodes finds, whatever the cluster."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_double import Bench, node, pod

from kubesim.objects.wire import NAMESPACES, NODES, PODS, REPLICASETS, SERVICES

ZONE, HOST, RACK = "topology.kubernetes.io/zone", "kubernetes.io/hostname", "rack"
APPS = ("a", "b", "c")
SIZES = (("", ""), ("100m", "200Mi"), ("500m", "1Gi"), ("1500m", ""), ("", "2Gi"), ("6", "1Gi"))
TAINTS: tuple[list[dict[str, str]], ...] = (
    [],
    [{"key": "k", "value": "v", "effect": "NoSchedule"}],
    [{"key": "soft", "value": "1", "effect": "PreferNoSchedule"}],
    [{"key": "soft", "value": "1", "effect": "PreferNoSchedule"}, {"key": "e", "effect": "NoExecute"}],
)


def random_node(random: Random, number: int) -> dict[str, Any]:
    labels = {"disk": random.choice(["ssd", "hdd"])}
    if random.random() < 0.9:
        labels[ZONE] = random.choice(["z1", "z2", "z3"])
    if random.random() < 0.6:
        labels[RACK] = random.choice(["r1", "r2"])
    images = {image: size * 1024 * 1024 for image, size in (("nginx:1", 400), ("big:2", 900)) if random.random() < 0.5}
    taints = random.choice(TAINTS) if random.random() < 0.4 else []
    made = node(
        f"n{number}",
        cpu=random.choice(["2", "4", "4", "8"]),
        memory=random.choice(["4Gi", "8Gi"]),
        pods=random.choice(["4", "110"]),
        labels=labels,
        taints=taints,
        unschedulable=random.random() < 0.08,
        images=images,
    )
    if random.random() < 0.05:
        del made["metadata"]["labels"][HOST]
    return made


def random_spec(random: Random, app: str) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if random.random() < 0.3:
        spec["tolerations"] = random.choice(
            [[{"operator": "Exists"}], [{"key": "k", "value": "v"}], [{"key": "soft", "operator": "Exists"}]]
        )
    if random.random() < 0.2:
        spec["nodeSelector"] = {"disk": random.choice(["ssd", "hdd"])}
    if random.random() < 0.35:
        spec["topologySpreadConstraints"] = [random_constraint(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.45:
        spec["affinity"] = random_affinity(random, app)
    return spec


def random_constraint(random: Random) -> dict[str, Any]:
    constraint: dict[str, Any] = {
        "maxSkew": random.randint(1, 3),
        "topologyKey": random.choice([ZONE, HOST, RACK]),
        "whenUnsatisfiable": random.choice(["DoNotSchedule", "ScheduleAnyway"]),
        "labelSelector": {"matchLabels": {"app": random.choice(APPS)}} if random.random() < 0.9 else {},
    }
    if random.random() < 0.2 and constraint["whenUnsatisfiable"] == "DoNotSchedule":
        constraint["minDomains"] = random.randint(1, 4)
    if random.random() < 0.2:
        constraint["nodeTaintsPolicy"] = "Honor"
    if random.random() < 0.2:
        constraint["nodeAffinityPolicy"] = "Ignore"
    if random.random() < 0.2:
        constraint["matchLabelKeys"] = ["track"]
    return constraint


def random_affinity(random: Random, app: str) -> dict[str, Any]:
    affinity: dict[str, Any] = {}
    if random.random() < 0.3:
        affinity["nodeAffinity"] = {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 10,
                    "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]},
                },
                {"weight": 7, "preference": {"matchExpressions": [{"key": RACK, "operator": "Exists"}]}},
            ]
        }
    for kind in ("podAffinity", "podAntiAffinity"):
        part: dict[str, Any] = {}
        if random.random() < 0.25:
            part["requiredDuringSchedulingIgnoredDuringExecution"] = [
                random_term(random, app) for _ in range(random.randint(1, 2))
            ]
        if random.random() < 0.3:
            part["preferredDuringSchedulingIgnoredDuringExecution"] = [
                {"weight": random.choice([1, 50, 100]), "podAffinityTerm": random_term(random, app)}
                for _ in range(random.randint(1, 2))
            ]
        if part:
            affinity[kind] = part
    return affinity


def random_term(random: Random, app: str) -> dict[str, Any]:
    term: dict[str, Any] = {
        "topologyKey": random.choice([ZONE, HOST, RACK]),
        "labelSelector": {"matchLabels": {"app": app if random.random() < 0.5 else random.choice(APPS)}},
    }
    if random.random() < 0.15:
        term["namespaces"] = ["default", "other"]
    elif random.random() < 0.15:
        term["namespaceSelector"] = random.choice([{}, {"matchLabels": {"team": "x"}}])
    return term


class World(Bench):
    """A bench whose scheduler is asked, not left to run."""

    def __init__(self, seed: int, nodes: int) -> None:
        super().__init__()
        self.scheduler.enabled = False
        self.random = Random(seed)
        self.created = 0
        self.put(NAMESPACES, {"metadata": {"name": "default"}})
        self.put(NAMESPACES, {"metadata": {"name": "other", "labels": {"team": "x"}}})
        self.put(SERVICES, {"metadata": {"name": "a", "namespace": "default"}, "spec": {"selector": {"app": "a"}}})
        selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["b"]}]}
        rs = self.put(REPLICASETS, {"metadata": {"name": "b", "namespace": "default"}, "spec": {"selector": selector}})
        self.owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "b", "uid": rs["metadata"]["uid"]}
        self.numbers = 0
        for _ in range(nodes):
            self.add_node()
        self.templates = [self.template() for _ in range(6)]

    def add_node(self) -> None:
        self.put(NODES, random_node(self.random, self.numbers))
        self.numbers += 1

    def template(self) -> dict[str, Any]:
        random, app = self.random, self.random.choice(APPS)
        cpu, memory = random.choice(SIZES)
        labels = {"app": app, "track": random.choice(["x", "y"])}
        return {
            "cpu": cpu,
            "memory": memory,
            "labels": labels,
            "owner": self.owner if app == "b" else None,
            "namespace": "other" if random.random() < 0.15 else "default",
            "ports": [8080] if random.random() < 0.15 else None,
            "image": random.choice(["nginx:1", "big:2", "none:3"]),
            "priority": random.choice([0, 0, 10]),
            **random_spec(random, app),
        }

    def settle(self) -> None:
        self.run(5)

    def compare(self) -> None:
        """Ask both ways about the next pod, then bind it where both say."""
        random = self.random
        if random.random() < 0.1:
            self.templates[random.randrange(len(self.templates))] = self.template()
        self.created += 1
        tree = pod(f"p{self.created}", **random.choice(self.templates))
        tree["metadata"]["uid"] = f"pod-{self.created}"
        scheduler = self.scheduler
        if scheduler._needs_scan(scheduler._parser.parse(tree), tree):
            return
        incoming = scheduler._placements.incoming(tree)
        filtered = scheduler._framework.find(incoming, scheduler._cache)
        placement = scheduler._placements.of(tree)
        choice = placement.choose()
        assert (choice.feasible if choice else 0) == len(filtered.feasible)
        if choice is None:
            found = placement.diagnose()
            assert found.counts == filtered.diagnosis.counts
            assert dict(found.statuses) == dict(filtered.diagnosis.statuses)
            assert found.message() == filtered.diagnosis.message()
            return
        best = scheduler._framework.select(scheduler._framework.score(incoming, scheduler._cache, filtered))
        assert (choice.node.name, choice.score) == (best.node.name, best.total)
        tree["spec"]["nodeName"] = best.node.name
        self.put(PODS, tree)

    def disturb(self) -> None:
        """Change something else."""
        random = self.random
        pods, nodes = self.store.range(PODS), self.store.range(NODES)
        what = random.choice(["delete", "delete", "terminate", "relabel", "node", "nominate", "remove", "add"])
        if what in {"delete", "terminate", "relabel"} and pods:
            self.disturb_pod(what, random.choice(pods))
        elif what == "node" and nodes:
            old = random.choice(nodes)
            made = random_node(random, 0)
            self.put(
                NODES,
                {
                    **made,
                    "metadata": {
                        **old["metadata"],
                        "labels": {**made["metadata"]["labels"], HOST: old["metadata"]["name"]},
                    },
                },
            )
        elif what == "remove" and len(nodes) > 2:
            self.delete(NODES, "", random.choice(nodes)["metadata"]["name"])
        elif what == "add":
            self.add_node()
        elif what == "nominate" and nodes:
            self.nominate(random.choice(nodes)["metadata"]["name"])

    def nominate(self, node_name: str) -> None:
        """Hold a place for a pod, or give one up."""
        nominator = self.scheduler._nominator
        tree = pod("held", cpu="1", ports=[8080], priority=self.random.choice([-5, 0, 10]))
        tree["metadata"]["uid"] = f"held-{self.random.randrange(3)}"
        if nominator.node_of(tree["metadata"]["uid"]):
            nominator.remove(tree["metadata"]["uid"])
        else:
            nominator.add(tree, self.scheduler._parser.parse(tree), node_name)

    def disturb_pod(self, what: str, old: Any) -> None:
        metadata = old["metadata"]
        if what == "delete":
            self.delete(PODS, metadata["namespace"], metadata["name"])
            return
        change = (
            {"deletionTimestamp": "2026-01-01T00:00:30Z"}
            if what == "terminate"
            else {"labels": {**metadata["labels"], "app": self.random.choice(APPS)}}
        )
        self.put(PODS, {**old, "metadata": {**metadata, **change}})


def play(seed: int, nodes: int, steps: int) -> World:
    world = World(seed, nodes)
    world.settle()
    for _ in range(steps):
        world.compare()
        if world.random.random() < 0.3:
            world.disturb()
        world.settle()
    return world


@pytest.mark.parametrize("seed", range(12))
def test_same_node_for_every_pod(seed: int) -> None:
    assert play(seed, nodes=9, steps=60).created == 60


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(1000, 10**9), nodes=st.integers(1, 6))
def test_same_node_in_any_small_cluster(seed: int, nodes: int) -> None:
    play(seed, nodes, 14)
