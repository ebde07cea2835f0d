"""Fault objects and whom they hit."""

import pytest

from kubesim import faults
from kubesim.faults import blast, builders
from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr, Key


def pod(name, node, owner="rs", ready=True, labels=None, policy="Always"):
    references = (
        [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": "u", "controller": True}]
        if owner
        else []
    )
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "ownerReferences": references,
            "labels": labels or {"app": "web"},
        },
        "spec": {"nodeName": node, "restartPolicy": policy},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


PODS_NOW = [pod("a", "n1"), pod("b", "n2"), pod("c", "n1", owner=""), pod("d", "n1", labels={"app": "db"})]
SERVICES_NOW = [
    {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}},
    {"metadata": {"name": "db", "namespace": "shop"}, "spec": {"selector": {"app": "db"}}},
    {"metadata": {"name": "plain", "namespace": "shop"}, "spec": {}},
]


@pytest.mark.parametrize(
    ("fault", "name", "type_", "target"),
    [
        (builders.crash_node("n1"), "crash-n1", "NodeCrash", {"kind": "Node", "name": "n1"}),
        (builders.stop_kubelet("n1"), "kubelet-stop-n1", "KubeletStop", {"kind": "Node", "name": "n1"}),
        (builders.partition("n1"), "partition-n1", "NetworkPartition", {"kind": "Node", "name": "n1"}),
        (builders.shut_down("n1"), "shutdown-n1", "NodeShutdown", {"kind": "Node", "name": "n1"}),
        (builders.take_pids("n1"), "pids-n1", "PIDPressure", {"kind": "Node", "name": "n1"}),
        (
            builders.kill_containers("a", "b"),
            "kill-a.b",
            "KillContainers",
            {"kind": "Pod", "namespace": "a", "name": "b"},
        ),
    ],
    ids=["crash", "stop", "partition", "shutdown", "pids", "kill"],
)
def test_builders(fault, name, type_, target):
    assert fault == {
        "apiVersion": "sim.kubetui.dev/v1",
        "kind": "Fault",
        "metadata": {"name": name},
        "spec": {"type": type_, "target": target},
    }


def test_long_names_stay_valid_and_distinct():
    one, two = (builders.kill_containers("n", "p" * 250 + letter)["metadata"]["name"] for letter in "ab")
    assert len(one) <= 253
    assert one != two


def test_node_crash_hits_pods_owners_and_services():
    hits = faults.blast_radius(builders.crash_node("n1"), PODS_NOW, SERVICES_NOW)
    assert hits == [
        (Key(NODES, "", "n1"), blast.STOPS, "machine down"),
        (Key(PODS, "shop", "a"), blast.STOPS, "ReplicaSet/rs"),
        (Key(PODS, "shop", "c"), blast.STOPS, "not replaced: it has no controller"),
        (Key(PODS, "shop", "d"), blast.STOPS, "ReplicaSet/rs"),
        (Key(Gvr("apps", "v1", "replicasets"), "shop", "rs"), blast.OWNED, "2 pods"),
        (Key(SERVICES, "shop", "web"), blast.SHRINKS, "2 of 3"),
        (Key(SERVICES, "shop", "db"), blast.LOSES, "1 of 1"),
    ]


@pytest.mark.parametrize(
    ("fault", "node", "pod"),
    [
        (builders.shut_down("n2"), (blast.STOPS, "machine shut down"), (blast.STOPS, "ReplicaSet/rs")),
        (builders.take_pids("n2"), ("low on process numbers", ""), (blast.THREATENED, "ReplicaSet/rs")),
    ],
    ids=["shutdown", "pids"],
)
def test_whom_a_node_that_ends_or_is_short_hits(fault, node, pod):
    hits = faults.blast_radius(fault, PODS_NOW)
    assert hits[:2] == [(Key(NODES, "", "n2"), *node), (Key(PODS, "shop", "b"), *pod)]


def test_stopped_kubelet_is_silent():
    assert {hit.effect for hit in faults.blast_radius(builders.stop_kubelet("n2"), PODS_NOW)[:2]} == {blast.SILENT}


@pytest.mark.parametrize(("policy", "effect"), [("Always", blast.RESTARTS), ("Never", blast.STOPS)])
def test_kill(policy, effect):
    hits = faults.blast_radius(builders.kill_containers("shop", "x"), [pod("x", "n1", owner="", policy=policy)])
    assert hits == [(Key(PODS, "shop", "x"), effect, "not replaced: it has no controller")]


def test_finished_pods_are_not_hit():
    done = {**pod("z", "n1"), "status": {"phase": "Succeeded"}}
    assert len(faults.blast_radius(builders.crash_node("n1"), [done])) == 1
