"""PodDisruptionBudgets and evictions over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS
from unit.controllers.small_cluster import deployment
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    cluster = WorkloadCluster()
    cluster.create(deployment(replicas=4))
    cluster.run(3)
    return cluster


def budget(name: str = "p", app: str = "web", **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": app}}
    return {"kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": {"selector": selector, **spec}}


def numbers(cluster: WorkloadCluster, name: str = "p") -> tuple[int, int, int, int]:
    status = cluster.get("PodDisruptionBudget", name)["status"]
    return tuple(status[field] for field in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"))


def evict(cluster: WorkloadCluster, name: str, **options: Any) -> Any:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **options}
    return cluster.send("create", "Pod", "default", name, body, subresource="eviction")


def names(cluster: WorkloadCluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.all("Pod") if not refs.is_deleting(pod)]


def make_unready(cluster: WorkloadCluster, name: str) -> None:
    pod = cluster.get("Pod", name)
    conditions = [
        {**each, "status": "False"} if each["type"] == "Ready" else each for each in pod["status"]["conditions"]
    ]
    cluster.admin.update_status(PODS, {**pod, "status": {**pod["status"], "conditions": conditions}})


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"minAvailable": 3}, (4, 4, 3, 1)),
        ({"minAvailable": 5}, (4, 4, 5, 0)),
        ({"minAvailable": "60%"}, (4, 4, 3, 1)),
        ({"maxUnavailable": 1}, (4, 4, 3, 1)),
        ({"maxUnavailable": "30%"}, (4, 4, 2, 2)),
        ({"maxUnavailable": 9}, (4, 4, 0, 4)),
    ],
    ids=["number", "more than there are", "percent", "unavailable", "percent unavailable", "all may go"],
)
def test_numbers(cluster: WorkloadCluster, spec: dict[str, Any], wanted: tuple[int, ...]) -> None:
    cluster.create(budget(**spec))
    cluster.run(1)
    assert numbers(cluster) == wanted


def test_the_status_follows_pods_and_scale(cluster: WorkloadCluster) -> None:
    cluster.create(budget(maxUnavailable=1))
    cluster.run(1)
    make_unready(cluster, names(cluster)[0])
    cluster.run(1)
    assert numbers(cluster) == (4, 3, 3, 0)
    cluster.patch("Deployment", "web", {"spec": {"replicas": 6}})
    cluster.run(2)
    assert numbers(cluster) == (6, 5, 5, 0)
    cluster.delete("Deployment", "web", propagationPolicy="Background")
    cluster.run(2)
    assert numbers(cluster) == (0, 0, 0, 0)
    assert ("NoPods", "No matching pods found") in cluster.messages("PodDisruptionBudget", "p")


def test_evictions_stop_at_the_budget_and_go_on_later(cluster: WorkloadCluster) -> None:
    cluster.create(budget(minAvailable=3))
    cluster.run(1)
    first, second, *_ = names(cluster)
    assert evict(cluster, first)["status"] == "Success"
    status = cluster.get("PodDisruptionBudget", "p")["status"]
    assert (list(status["disruptedPods"]), status["disruptionsAllowed"]) == ([first], 0)
    target = refs.condition(cluster.get("Pod", first), "DisruptionTarget")
    assert target is not None
    assert (target["reason"], target["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
    with pytest.raises(ApiError) as refused:
        evict(cluster, second)
    assert refused.value.code == 429
    assert refused.value.reason == "TooManyRequests"
    cluster.run(2)
    assert numbers(cluster) == (4, 4, 3, 1)
    assert "disruptedPods" not in cluster.get("PodDisruptionBudget", "p")["status"]
    evict(cluster, second)


def test_an_eviction_that_nobody_carries_out_is_forgotten(cluster: WorkloadCluster) -> None:
    cluster.create(budget(minAvailable=3))
    cluster.run(1)
    found = cluster.get("PodDisruptionBudget", "p")
    name = names(cluster)[0]
    status = {**found["status"], "disruptedPods": {name: cluster.loop.stamp()}}
    cluster.admin.update_status(cluster.gvr("PodDisruptionBudget"), {**found, "status": status})
    cluster.run(1)
    assert numbers(cluster) == (4, 3, 3, 0)
    cluster.run(125)
    assert numbers(cluster) == (4, 4, 3, 1)
    assert [reason for reason, _ in cluster.messages("Pod", name)] == ["NotDeleted"]


def test_an_unprocessed_budget_refuses_for_a_while(cluster: WorkloadCluster) -> None:
    cluster.create(budget(minAvailable=1))
    with pytest.raises(ApiError) as refused:
        evict(cluster, names(cluster)[0])
    assert refused.value.status["details"] == {
        "causes": [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget p is still being processed by the server.",
            }
        ],
        "retryAfterSeconds": 10,
    }


def test_two_budgets_on_a_pod_are_an_error(cluster: WorkloadCluster) -> None:
    cluster.create(budget(minAvailable=1))
    cluster.create(budget("q", minAvailable=1))
    cluster.run(1)
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget") as refused:
        evict(cluster, names(cluster)[0])
    assert refused.value.code == 500


@pytest.mark.parametrize(
    ("spec", "unready", "allowed"),
    [
        ({"minAvailable": 3}, 1, True),
        ({"minAvailable": 3}, 2, False),
        ({"minAvailable": 3, "unhealthyPodEvictionPolicy": "AlwaysAllow"}, 2, True),
    ],
    ids=["enough healthy ones", "too few healthy ones", "always allowed"],
)
def test_pods_that_are_not_ready(cluster: WorkloadCluster, spec: dict[str, Any], unready: int, allowed: bool) -> None:
    cluster.create(budget(**spec))
    for name in names(cluster)[:unready]:
        make_unready(cluster, name)
    cluster.run(1)
    before = cluster.get("PodDisruptionBudget", "p")["status"]
    if allowed:
        evict(cluster, names(cluster)[0])
        assert cluster.get("PodDisruptionBudget", "p")["status"] == before
    else:
        with pytest.raises(ApiError, match="Cannot evict pod"):
            evict(cluster, names(cluster)[0])


def test_a_trial_changes_nothing(cluster: WorkloadCluster) -> None:
    cluster.create(budget(minAvailable=3))
    cluster.run(1)
    before = cluster.store.revision
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": names(cluster)[0]}}
    cluster.send("create", "Pod", "default", names(cluster)[0], body, subresource="eviction", query={"dryRun": "All"})
    assert cluster.store.revision == before


def test_pods_without_scale_or_controller(cluster: WorkloadCluster) -> None:
    template = {"metadata": {"labels": {"app": "ds"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"selector": {"matchLabels": {"app": "ds"}}, "template": template}
    cluster.create({"kind": "DaemonSet", "metadata": {"name": "ds"}, "spec": spec})
    cluster.create({"kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "bare"}}, "spec": template["spec"]})
    cluster.create(budget("d", "ds", maxUnavailable=1))
    cluster.create(budget("b", "bare", maxUnavailable=1))
    cluster.run(2)
    failed = refs.condition(cluster.get("PodDisruptionBudget", "d"), "DisruptionAllowed")
    assert failed is not None
    text = "daemonsets.apps does not implement the scale subresource"
    assert (failed["reason"], failed["message"]) == ("SyncFailed", text)
    told = f"Failed to calculate the number of expected pods: {text}"
    assert ("CalculateExpectedPodCountFailed", told) in cluster.messages("PodDisruptionBudget", "d")
    reason, message = cluster.messages("PodDisruptionBudget", "b")[-1]
    assert reason == "UnmanagedPods"
    assert "(selector: &LabelSelector{MatchLabels:map[string]string{app: bare,}," in message


def test_pods_of_other_namespaces_cost_nothing(cluster: WorkloadCluster) -> None:
    cluster.create(budget("p", "zzz", maxUnavailable=1))
    cluster.run(1)
    synced = cluster.disruption.controller.synced
    cluster.patch("Deployment", "web", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    cluster.run(5)
    assert cluster.disruption.controller.synced <= synced + 5
