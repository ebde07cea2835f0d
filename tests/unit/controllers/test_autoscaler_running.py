"""HorizontalPodAutoscalers over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.objects import refs
from unit.controllers.small_cluster import deployment
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    cluster = WorkloadCluster()
    body = deployment(replicas=2)
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m", "memory": "64Mi"}}
    cluster.create(body)
    cluster.run(60)
    return cluster


def autoscaler(name: str = "h", metric: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    base = {"minReplicas": 1, "maxReplicas": 10, "scaleTargetRef": target, "metrics": [metric or cpu]}
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": {**base, **spec}}


QPS = {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "1"}}


def use(cluster: WorkloadCluster, cpu: int, memory: int = 1 << 20) -> None:
    assert cluster.usage is not None
    cluster.usage.amounts["*"] = (cpu, memory)


def size(cluster: WorkloadCluster) -> int:
    return int(cluster.get("Deployment", "web")["spec"]["replicas"])


def status(cluster: WorkloadCluster) -> Any:
    return cluster.get("HorizontalPodAutoscaler", "h")["status"]


def reason(cluster: WorkloadCluster, kind: str) -> str:
    found = refs.condition(cluster.get("HorizontalPodAutoscaler", "h"), kind)
    return "" if found is None else str(found["reason"])


def test_busy_pods_are_joined_by_others(cluster: WorkloadCluster) -> None:
    use(cluster, 90)
    cluster.create(autoscaler())
    cluster.run(14)
    assert size(cluster) == 2
    cluster.run(2)
    assert size(cluster) == 4
    assert cluster.messages("HorizontalPodAutoscaler", "h") == [
        ("SuccessfulRescale", "New size: 4; reason: cpu resource utilization (percentage of request) above target")
    ]
    assert reason(cluster, "AbleToScale") == "SucceededRescale"
    assert status(cluster)["lastScaleTime"] == cluster.loop.stamp()[:-3] + "15Z"
    current = {"averageUtilization": 90, "averageValue": "90m"}
    assert status(cluster)["currentMetrics"] == [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    assert (status(cluster)["currentReplicas"], status(cluster)["desiredReplicas"]) == (2, 4)


def test_idle_pods_go_after_five_minutes(cluster: WorkloadCluster) -> None:
    use(cluster, 90)
    cluster.create(autoscaler())
    cluster.run(16)
    use(cluster, 1)
    cluster.run(290)
    assert size(cluster) == 4
    assert reason(cluster, "AbleToScale") == "ScaleDownStabilized"
    cluster.run(30)
    assert size(cluster) == 1
    assert ("SuccessfulRescale", "New size: 1; reason: All metrics below target") in cluster.messages(
        "HorizontalPodAutoscaler", "h"
    )
    assert reason(cluster, "ScalingLimited") in {"TooFewReplicas", "DesiredWithinRange"}


def test_small_differences_change_nothing(cluster: WorkloadCluster) -> None:
    use(cluster, 54)
    cluster.create(autoscaler())
    cluster.run(60)
    assert size(cluster) == 2
    assert reason(cluster, "ScalingActive") == "ValidMetricFound"
    assert reason(cluster, "AbleToScale") == "ReadyForNewScale"


def test_the_speed_is_limited_and_the_maximum_kept(cluster: WorkloadCluster) -> None:
    use(cluster, 1000)
    cluster.create(autoscaler(maxReplicas=5))
    cluster.run(16)
    assert (size(cluster), reason(cluster, "ScalingLimited")) == (4, "ScaleUpLimit")
    cluster.run(30)
    assert (size(cluster), reason(cluster, "ScalingLimited")) == (5, "TooManyReplicas")


def test_behaviour_is_obeyed(cluster: WorkloadCluster) -> None:
    up = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    use(cluster, 1000)
    cluster.create(autoscaler(behavior={"scaleUp": up}))
    cluster.run(16)
    assert size(cluster) == 3
    cluster.run(45)
    assert size(cluster) == 3
    cluster.run(30)
    assert size(cluster) == 4


@pytest.mark.parametrize(
    ("replicas", "spec", "wanted"),
    [(8, {"maxReplicas": 3}, 3), (1, {"minReplicas": 4}, 4)],
    ids=["above the maximum", "below the minimum"],
)
def test_bounds_need_no_metrics(cluster: WorkloadCluster, replicas: int, spec: dict[str, int], wanted: int) -> None:
    cluster.patch("Deployment", "web", {"spec": {"replicas": replicas}})
    cluster.create(autoscaler(**spec))
    cluster.run(16)
    assert size(cluster) == wanted


def test_a_size_of_zero_switches_it_off(cluster: WorkloadCluster) -> None:
    cluster.patch("Deployment", "web", {"spec": {"replicas": 0}})
    cluster.create(autoscaler())
    cluster.run(31)
    assert (size(cluster), reason(cluster, "ScalingActive")) == (0, "ScalingDisabled")


def test_memory_as_an_average(cluster: WorkloadCluster) -> None:
    use(cluster, 1, 96 << 20)
    target = {"type": "AverageValue", "averageValue": "64Mi"}
    cluster.create(autoscaler(metric={"type": "Resource", "resource": {"name": "memory", "target": target}}))
    cluster.run(16)
    assert size(cluster) == 3
    assert status(cluster)["currentMetrics"][0]["resource"]["current"] == {"averageValue": str(96 << 20)}


@pytest.mark.parametrize(
    ("metric", "failure", "text"),
    [
        (
            {"type": "Pods", "pods": QPS},
            "FailedGetPodsMetric",
            "unable to get metric qps: unable to fetch metrics from custom metrics API: "
            "no custom metrics API (custom.metrics.k8s.io) registered",
        ),
        (
            {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}},
            "FailedGetExternalMetric",
            "unable to get external metric default/q/nil: unable to fetch metrics from external metrics API: "
            "the server could not find the requested resource (get q.external.metrics.k8s.io)",
        ),
    ],
    ids=["pods", "external"],
)  # fmt: skip
def test_other_metrics_fail(cluster: WorkloadCluster, metric: dict[str, Any], failure: str, text: str) -> None:
    cluster.create(autoscaler(metric=metric))
    cluster.run(16)
    assert (failure, text) in cluster.messages("HorizontalPodAutoscaler", "h")
    assert reason(cluster, "ScalingActive") == failure


def test_one_working_metric_is_enough_to_scale_up(cluster: WorkloadCluster) -> None:
    use(cluster, 90)
    body = autoscaler()
    body["spec"]["metrics"].append({"type": "Pods", "pods": QPS})
    cluster.create(body)
    cluster.run(16)
    assert size(cluster) == 4
    use(cluster, 1)
    cluster.run(400)
    assert size(cluster) == 4
    assert reason(cluster, "ScalingActive") == "FailedGetPodsMetric"


def test_pods_without_requests(cluster: WorkloadCluster) -> None:
    use(cluster, 90)
    cluster.create(deployment("api", replicas=1))
    cluster.run(30)
    cluster.create(autoscaler(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}))
    cluster.run(16)
    told = dict(cluster.messages("HorizontalPodAutoscaler", "h"))
    pod = next(each["metadata"]["name"] for each in cluster.all("Pod") if each["metadata"]["name"].startswith("api"))
    wanted = f"failed to get cpu utilization: missing request for cpu in container c of Pod {pod}"
    assert told["FailedGetResourceMetric"] == wanted


def test_two_for_one_target_do_nothing(cluster: WorkloadCluster) -> None:
    use(cluster, 90)
    cluster.create(autoscaler())
    cluster.create(autoscaler("other"))
    cluster.run(16)
    assert (size(cluster), reason(cluster, "ScalingActive")) == (2, "AmbiguousSelector")


def test_a_kind_that_cannot_be_scaled(cluster: WorkloadCluster) -> None:
    cluster.create(autoscaler(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Nothing", "name": "x"}))
    cluster.run(16)
    assert cluster.messages("HorizontalPodAutoscaler", "h") == [
        ("FailedGetScale", 'no matches for kind "Nothing" in group "apps"')
    ]
