"""autoscaling/v1 keeps in annotations what it has no fields for."""

import json
from typing import Any

import pytest

from kubesim.kinds.autoscaling import AutoscalerStrategy, OldAutoscalerStrategy
from kubesim.kinds.autoscaling_annotations import BEHAVIOR, CONDITIONS, CURRENT, METRICS

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
SELECTOR = {"matchLabels": {"a": "b"}}
SERVICE = {"kind": "Service", "name": "web", "apiVersion": "v1"}


def source(kind: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, f"{kind[0].lower()}{kind[1:]}": {**more, "target": target}}


def average(amount: str) -> dict[str, Any]:
    return {"type": "AverageValue", "averageValue": amount}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "memory": (
        source("Resource", average("1Gi"), name="memory"),
        {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
    ),
    "utilization of another resource": (
        source("Resource", {"type": "Utilization", "averageUtilization": 60}, name="memory"),
        {"type": "Resource", "resource": {"name": "memory", "targetAverageUtilization": 60}},
    ),
    "one container": (
        source("ContainerResource", {"type": "Utilization", "averageUtilization": 50}, name="cpu", container="app"),
        {
            "type": "ContainerResource",
            "containerResource": {"name": "cpu", "targetAverageUtilization": 50, "container": "app"},
        },
    ),
    "pods": (
        source("Pods", average("10"), metric={"name": "qps", "selector": SELECTOR}),
        {"type": "Pods", "pods": {"metricName": "qps", "targetAverageValue": "10", "selector": SELECTOR}},
    ),
    "object": (
        source("Object", {"type": "Value", "value": "7"}, metric={"name": "hits"}, describedObject=SERVICE),
        {"type": "Object", "object": {"target": SERVICE, "metricName": "hits", "targetValue": "7"}},
    ),
    "external": (
        source("External", average("3"), metric={"name": "queue", "selector": SELECTOR}),
        {
            "type": "External",
            "external": {"metricName": "queue", "metricSelector": SELECTOR, "targetAverageValue": "3"},
        },
    ),
}


def stored(*metrics: dict[str, Any], status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": {"own": "1"}},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, "metrics": list(metrics), **spec},
        "status": {"currentReplicas": 2, "desiredReplicas": 3, "currentMetrics": None, **(status or {})},
    }


@pytest.mark.parametrize(("metric", "expected"), CASES.values(), ids=CASES)
def test_a_metric_there_and_back(metric: dict[str, Any], expected: dict[str, Any]) -> None:
    strategy = OldAutoscalerStrategy()
    old = strategy.from_storage(stored(metric, CPU))
    assert old["spec"]["targetCPUUtilizationPercentage"] == 70
    text = old["metadata"]["annotations"][METRICS]
    assert json.loads(text) == [expected]
    assert text == json.dumps([expected], separators=(",", ":"))
    back = strategy.to_storage(old)
    assert back["spec"]["metrics"] == [metric, CPU]
    assert back["metadata"]["annotations"] == {"own": "1"}


def test_behaviour_has_the_names_of_go() -> None:
    rules = {"stabilizationWindowSeconds": 10, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}]}
    obj = stored(CPU, behavior={"scaleDown": rules})
    strategy = OldAutoscalerStrategy()
    old = strategy.from_storage(obj)
    assert old["metadata"]["annotations"][BEHAVIOR] == (
        '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":10,"SelectPolicy":null,"Policies":'
        '[{"Type":"Pods","Value":1,"PeriodSeconds":5}],"Tolerance":null}}'
    )
    assert strategy.to_storage(old)["spec"]["behavior"]["scaleDown"]["policies"] == rules["policies"]


def test_status() -> None:
    current = [{"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "512Mi"}}}]
    conditions = [{"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"}]
    obj = stored(CPU, status={"currentMetrics": current, "conditions": conditions})
    strategy = OldAutoscalerStrategy()
    old = strategy.from_storage(obj)
    annotations = old["metadata"]["annotations"]
    assert json.loads(annotations[CURRENT]) == [
        {"type": "Resource", "resource": {"name": "memory", "currentAverageValue": "512Mi"}}
    ]
    assert json.loads(annotations[CONDITIONS]) == conditions
    back = strategy.to_storage(old)["status"]
    assert (back["currentMetrics"], back["conditions"]) == (current, conditions)


def test_nothing_is_added_where_version_1_says_it_all() -> None:
    old = OldAutoscalerStrategy().from_storage(stored(CPU))
    assert old["metadata"]["annotations"] == {"own": "1"}


@pytest.mark.parametrize("text", ["", "x", "{}", "3"])
def test_nonsense_counts_as_not_there(text: str) -> None:
    strategy = OldAutoscalerStrategy()
    old = strategy.from_storage(stored(CPU))
    old["metadata"] = {"name": "web", "annotations": {METRICS: text}}
    back = strategy.to_storage(old)
    assert back["spec"]["metrics"] == [CPU]
    assert "annotations" not in back["metadata"]


def test_rows_are_those_of_version_2() -> None:
    obj = stored(CASES["memory"][0], CASES["pods"][0])
    old = OldAutoscalerStrategy()
    assert old.row(old.from_storage(obj), 0)[:6] == AutoscalerStrategy().row(obj, 0)[:6]
    assert old.internal(old.from_storage(obj))["metadata"]["annotations"] == {"own": "1"}
