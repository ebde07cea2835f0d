"""DaemonSets over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.controllers.daemonset.eligibility import NO_FIT, Eligibility, Fit, tolerations_of
from kubesim.objects import refs
from kubesim.objects.wire import NODES
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster(nodes=4)


def daemon_set(image: str = "nginx:1", strategy: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "ds"}}, "spec": {"containers": [{"name": "c", "image": image}], **pod}}
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "ds"}}, "template": template}
    if strategy is not None:
        spec["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": strategy}
    return {"kind": "DaemonSet", "metadata": {"name": "ds"}, "spec": spec}


def image(text: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": text}]}}}}


def places(cluster: WorkloadCluster) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in cluster.all("Pod") if not refs.is_deleting(pod))


def status(cluster: WorkloadCluster) -> Any:
    return cluster.get("DaemonSet", "ds")["status"]


def node(name: str = "n", labels: dict[str, str] | None = None, *taints: str) -> dict[str, Any]:
    listed = [{"key": key, "effect": effect} for key, _, effect in (taint.partition(":") for taint in taints)]
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": {"taints": listed}}


def required(**term: Any) -> dict[str, Any]:
    terms = {"nodeSelectorTerms": [term]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


@pytest.mark.parametrize(
    ("pod", "given", "wanted"),
    [
        ({}, node(), Fit(True, True)),
        ({}, node("n", {}, "x:NoSchedule"), Fit(False, True)),
        ({}, node("n", {}, "x:NoExecute"), Fit(False, False)),
        ({}, node("n", {}, "x:PreferNoSchedule"), Fit(True, True)),
        ({}, node("n", {}, "node.kubernetes.io/not-ready:NoExecute"), Fit(True, True)),
        ({}, node("n", {}, "node.kubernetes.io/network-unavailable:NoSchedule"), Fit(False, True)),
        ({"hostNetwork": True}, node("n", {}, "node.kubernetes.io/network-unavailable:NoSchedule"), Fit(True, True)),
        ({"tolerations": [{"operator": "Exists"}]}, node("n", {}, "x:NoExecute"), Fit(True, True)),
        ({"nodeSelector": {"disk": "ssd"}}, node(), Fit(False, False)),
        ({"nodeSelector": {"disk": "ssd"}}, node("n", {"disk": "ssd"}), Fit(True, True)),
        (required(matchExpressions=[{"key": "a", "operator": "Exists"}]), node("n", {"a": ""}), Fit(True, True)),
        (required(matchExpressions=[{"key": "a", "operator": "Exists"}]), node(), Fit(False, False)),
        (required(matchFields=[{"key": "metadata.name", "operator": "In", "values": ["m"]}]), node(), NO_FIT),
        ({"nodeName": "other"}, node(), Fit(False, False)),
    ],
    ids=["plain", "no schedule", "no execute", "soft taint", "not ready", "network", "host network", "tolerated",
         "selector", "selected", "affinity", "no affinity", "name", "fixed elsewhere"],
)  # fmt: skip
def test_eligibility(pod: dict[str, Any], given: dict[str, Any], wanted: Fit) -> None:
    eligibility = Eligibility({"spec": pod})
    assert eligibility.judge(given) == wanted
    assert eligibility.judge(given) == wanted


def test_given_tolerations_are_not_repeated() -> None:
    given = [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]
    assert len(tolerations_of({"tolerations": given})) == len(tolerations_of({})) == 6


def test_pods_follow_the_nodes(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set())
    cluster.run(2)
    assert places(cluster) == ["n0", "n1", "n2", "n3"]
    cluster.add_node("n4")
    cluster.run(2)
    assert places(cluster)[-1] == "n4"
    taints = [{"key": "gpu", "effect": "NoSchedule"}]
    cluster.patch("Node", "n0", {"spec": {"taints": taints}})
    cluster.run(2)
    assert (len(places(cluster)), status(cluster)["desiredNumberScheduled"]) == (5, 4)
    assert status(cluster)["numberMisscheduled"] == 1
    cluster.patch("Node", "n1", {"spec": {"taints": [{"key": "gpu", "effect": "NoExecute"}]}})
    cluster.run(2)
    assert places(cluster) == ["n0", "n2", "n3", "n4"]


def test_labels_of_nodes_decide(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set(nodeSelector={"disk": "ssd"}))
    cluster.run(2)
    assert places(cluster) == []
    cluster.patch("Node", "n2", {"metadata": {"labels": {"disk": "ssd"}}})
    cluster.run(2)
    assert places(cluster) == ["n2"]
    cluster.patch("Node", "n2", {"metadata": {"labels": {"disk": None}}})
    cluster.run(2)
    assert places(cluster) == []


@pytest.mark.parametrize(
    ("strategy", "least", "most"),
    [({"maxUnavailable": 1}, 3, 4), ({"maxUnavailable": "50%"}, 2, 4), ({"maxSurge": 1, "maxUnavailable": 0}, 4, 5)],
    ids=["one at a time", "half of them", "surge"],
)
def test_rolling_update_stays_within_its_limits(
    cluster: WorkloadCluster, strategy: dict[str, Any], least: int, most: int
) -> None:
    cluster.create(daemon_set(strategy=strategy))
    cluster.run(2)
    cluster.patch("DaemonSet", "ds", image("nginx:2"))
    fewest, largest = 99, 0
    for _ in range(200):
        cluster.run(0.02)
        alive = [pod for pod in cluster.all("Pod") if not refs.is_deleting(pod)]
        fewest = min(fewest, sum(refs.is_condition_true(pod, "Ready") for pod in alive))
        largest = max(largest, len(alive))
    assert (fewest, largest) == (least, most)
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")} == {"nginx:2"}
    assert status(cluster)["updatedNumberScheduled"] == status(cluster)["numberAvailable"] == 4


def test_a_broken_update_stops(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set())
    cluster.run(2)
    cluster.patch("DaemonSet", "ds", image("bad"))
    cluster.run(20)
    images = sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod"))
    assert images == ["bad", "nginx:1", "nginx:1", "nginx:1"]
    assert (status(cluster)["numberAvailable"], status(cluster)["numberUnavailable"]) == (3, 1)


def test_a_rollback_takes_up_the_old_revision(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set())
    for text in ("nginx:2", "nginx:1"):
        cluster.run(3)
        cluster.patch("DaemonSet", "ds", image(text))
    cluster.run(3)
    assert sorted(each["revision"] for each in cluster.all("ControllerRevision")) == [2, 3]
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")} == {"nginx:1"}


def test_failed_pods_are_replaced_ever_more_slowly(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set("fail", nodeSelector={"kubernetes.io/hostname": "n0"}))
    cluster.run(60)
    told = [message for reason, message in cluster.messages("DaemonSet", "ds") if reason == "FailedDaemonPod"]
    # After 1, 2, 4, 8, 16 and 32 seconds, and the first one at once.
    assert 5 <= len(told) <= 7
    assert told[0].startswith("Found failed daemon pod default/ds-")
    assert told[0].endswith(" on node n0, will try to kill it")


def test_heartbeats_of_nodes_cost_nothing(cluster: WorkloadCluster) -> None:
    cluster.create(daemon_set())
    cluster.run(3)
    synced = cluster.daemonset.controller.synced
    for _ in range(5):
        found = cluster.admin.get(NODES, "", "n0")
        assert found is not None
        conditions = [{**each, "lastHeartbeatTime": cluster.loop.stamp()} for each in found["status"]["conditions"]]
        cluster.admin.update_status(NODES, {**found, "status": {**found["status"], "conditions": conditions}})
        cluster.run(10)
    assert cluster.daemonset.controller.synced == synced
