"""Each sample cluster tells the story that its README promises, in virtual time."""

from pathlib import Path

import pytest

from invariants import broken_invariants
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.objects.wire import DEPLOYMENTS, EVENTS, FAULTS, NODES, PODS, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

SAMPLES = ("hello", "shop", "broken", "zones")


def start(name: str) -> Cluster:
    return build(read(sample_folder() / name), epoch_ms=DEFAULT_EPOCH_MS)


def pods_of(cluster: Cluster, namespace: str, app: str) -> list:
    return [
        pod for pod in cluster.store.range(PODS, namespace) if (pod["metadata"].get("labels") or {}).get("app") == app
    ]


def status_of(cluster: Cluster, pod) -> str:
    return cluster.api.strategy(PODS).row(pod, cluster.loop.now)[2]


def crash(cluster: Cluster, node: str) -> None:
    fault = {
        "apiVersion": "sim.kubetui.dev/v1",
        "kind": "Fault",
        "metadata": {"name": f"crash-{node}"},
        "spec": {"type": "NodeCrash", "target": {"kind": "Node", "name": node}},
    }
    assert cluster.handle(Request("create", Key(FAULTS), body=fault)).code == 201


@pytest.mark.parametrize("name", ["hello", "shop"])
def test_everything_comes_up(name):
    cluster = start(name)
    cluster.advance(120_000)
    for deployment in cluster.store.range(DEPLOYMENTS):
        assert deployment["status"].get("readyReplicas") == deployment["spec"]["replicas"], deployment["metadata"][
            "name"
        ]
    assert broken_invariants(cluster) == []


def test_hello_survives_the_crash_of_a_node():
    cluster = start("hello")
    cluster.advance(60_000)
    crash(cluster, "wk-2")
    cluster.advance(45_000)
    ready = {
        condition["status"]
        for condition in cluster.store.get(NODES, "", "wk-2")["status"]["conditions"]
        if condition["type"] == "Ready"
    }
    assert ready == {"True"}, "for 50 s nobody notices"
    cluster.advance(15_000)
    taints = [taint["key"] for taint in cluster.store.get(NODES, "", "wk-2")["spec"]["taints"]]
    assert "node.kubernetes.io/unreachable" in taints
    cluster.advance(330_000)
    alive = [pod for pod in pods_of(cluster, "default", "hello") if not pod["metadata"].get("deletionTimestamp")]
    assert [pod["spec"]["nodeName"] for pod in alive] == ["wk-1"] * 3
    assert cluster.handle(Request("delete", Key(FAULTS, "", "crash-wk-2"))).code == 200
    cluster.advance(60_000)
    assert len(pods_of(cluster, "default", "hello")) == 3
    assert broken_invariants(cluster) == []


BROKEN = {
    "crash-loop": {"CrashLoopBackOff", "Error"},
    "wrong-image": {"ErrImagePull", "ImagePullBackOff"},
    "missing-configmap": {"CreateContainerConfigError"},
    "missing-secret": {"ContainerCreating"},
    "too-big": {"Pending"},
    "wrong-node-selector": {"Pending"},
    "untolerated-taint": {"Pending"},
    "wrong-selector": {"Running"},
    "failing-readiness": {"Running"},
    "failing-liveness": {"Running", "CrashLoopBackOff"},
    "out-of-memory": {"OOMKilled", "CrashLoopBackOff", "Running"},
    "stalled-rollout": {"Running"},
    "stuck-init": {"Init:0/1"},
}


def test_broken_is_broken_in_all_the_promised_ways():
    cluster = start("broken")
    cluster.advance(240_000)
    found = {app: {status_of(cluster, pod) for pod in pods_of(cluster, "broken", app)} for app in BROKEN}
    wrong = {app: statuses for app, statuses in found.items() if not statuses or not statuses <= BROKEN[app]}
    assert not wrong
    reasons = {event["reason"] for event in cluster.store.range(EVENTS, "broken")}
    assert reasons >= {"BackOff", "Failed", "FailedMount", "FailedScheduling", "Unhealthy", "Killing", "Pulled"}
    restarts = pods_of(cluster, "broken", "out-of-memory")[0]["status"]["containerStatuses"][0]
    assert restarts["restartCount"] > 0
    assert restarts["lastState"]["terminated"]["reason"] == "OOMKilled"
    cluster.advance(420_000)
    stalled = cluster.store.get(DEPLOYMENTS, "broken", "stalled-rollout")
    assert "ProgressDeadlineExceeded" in [condition["reason"] for condition in stalled["status"]["conditions"]]
    assert broken_invariants(cluster) == []


def test_zones_spread_and_refuse():
    cluster = start("zones")
    cluster.advance(60_000)
    zone_of = {
        node["metadata"]["name"]: node["metadata"]["labels"].get("topology.kubernetes.io/zone")
        for node in cluster.store.range(NODES)
    }
    spread = sorted(zone_of[pod["spec"]["nodeName"]] for pod in pods_of(cluster, "zones", "spread"))
    assert spread == ["a", "a", "b", "b", "c", "c"]
    lonely = pods_of(cluster, "zones", "one-per-node")
    placed = [pod["spec"]["nodeName"] for pod in lonely if pod["spec"].get("nodeName")]
    assert len(placed) == len(set(placed)) == 6
    assert [status_of(cluster, pod) for pod in lonely if not pod["spec"].get("nodeName")] == ["Pending"]
    assert {zone_of[pod["spec"]["nodeName"]] for pod in pods_of(cluster, "zones", "near-cache")} == {"b"}
    assert broken_invariants(cluster) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_has_a_readme(name):
    assert (Path(sample_folder()) / name / "README.md").read_text().startswith(f"# {name}\n")
