"""What autoscaling/v1 has no fields for: metrics, behaviour and conditions, kept in annotations as JSON.

# k8s: pkg/apis/autoscaling/annotations.go, v1/conversion.go
"""

import json
from collections.abc import Mapping
from typing import Any

from kubesim.objects.wire import EMPTY, Tree

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
ALL = (METRICS, CURRENT, CONDITIONS, BEHAVIOR)

_PARTS = {
    "Object": "object", "Pods": "pods", "Resource": "resource", "ContainerResource": "containerResource",
    "External": "external",
}  # fmt: skip
_RULES = (
    ("stabilizationWindowSeconds", "StabilizationWindowSeconds"),
    ("selectPolicy", "SelectPolicy"),
    ("policies", "Policies"),
    ("tolerance", "Tolerance"),
)
_POLICY = (("type", "Type"), ("value", "Value"), ("periodSeconds", "PeriodSeconds"))
_SIDES = (("scaleUp", "ScaleUp"), ("scaleDown", "ScaleDown"))


def is_cpu(metric: Tree) -> bool:
    """Whether version 1 has a field for this metric."""
    resource = metric.get("resource") or EMPTY
    target = resource.get("target") or EMPTY
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and "averageUtilization" in target


def annotations_of(spec: Tree, status: Tree) -> dict[str, str]:
    """The annotations that an object of version 2 has in version 1."""
    found: dict[str, Any] = {}
    others = [_metric(each, "target") for each in spec.get("metrics") or () if not is_cpu(each)]
    if others:
        found[METRICS] = others
    if status.get("currentMetrics"):
        found[CURRENT] = [_metric(each, "current") for each in status["currentMetrics"]]
    if status.get("conditions"):
        names = ("type", "status", "lastTransitionTime", "reason", "message")
        found[CONDITIONS] = [{name: each[name] for name in names if each.get(name)} for each in status["conditions"]]
    if spec.get("behavior"):
        found[BEHAVIOR] = {big: _rules(spec["behavior"].get(small)) for small, big in _SIDES}
    return {name: json.dumps(value, ensure_ascii=False, separators=(",", ":")) for name, value in found.items()}


def read(annotations: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parts of spec and status that annotations hold; what is no JSON counts as not there."""
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}
    metrics, current = _parsed(annotations, METRICS, list), _parsed(annotations, CURRENT, list)
    conditions, behavior = _parsed(annotations, CONDITIONS, list), _parsed(annotations, BEHAVIOR, dict)
    if metrics is not None:
        spec["metrics"] = [_unpacked(each, "target") for each in metrics if each.get("type") in _PARTS]
    if behavior is not None:
        read_back = {small: _read_rules(behavior.get(big)) for small, big in _SIDES if behavior.get(big)}
        spec["behavior"] = read_back
    if current is not None:
        status["currentMetrics"] = [_unpacked(each, "current") for each in current if each.get("type") in _PARTS]
    if conditions is not None:
        status["conditions"] = conditions
    return spec, status


def _parsed(annotations: Mapping[str, str], name: str, form: type) -> Any:
    text = annotations.get(name)
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, form) else None


# ---------------------------------------------------------------------- metrics
def _metric(metric: Tree, side: str) -> dict[str, Any]:
    kind = metric["type"]
    part = _PARTS[kind]
    source = metric.get(part) or EMPTY
    return {"type": kind, part: _packed(kind, source, source.get(side) or EMPTY, side)}


def _packed(kind: str, source: Tree, amounts: Tree, side: str) -> dict[str, Any]:
    """The fields of one metric in version 1, in the order of Go's structs."""
    metric = source.get("metric") or EMPTY
    average, utilization = amounts.get("averageValue"), amounts.get("averageUtilization")
    found: dict[str, Any]
    if kind in {"Resource", "ContainerResource"}:
        found = {"name": source.get("name") or "", f"{side}AverageUtilization": utilization}
        found[f"{side}AverageValue"] = average
        if kind == "ContainerResource":
            found["container"] = source.get("container")
    elif kind == "Pods":
        found = {"metricName": metric.get("name"), f"{side}AverageValue": average, "selector": metric.get("selector")}
    elif kind == "Object":
        found = {"target": source.get("describedObject"), "metricName": metric.get("name")}
        found |= {f"{side}Value": amounts.get("value"), "selector": metric.get("selector"), "averageValue": average}
    else:
        found = {"metricName": metric.get("name"), "metricSelector": metric.get("selector")}
        found |= {f"{side}Value": amounts.get("value"), f"{side}AverageValue": average}
    return {name: value for name, value in found.items() if value is not None}


def _unpacked(metric: Tree, side: str) -> dict[str, Any]:
    kind = metric["type"]
    part = _PARTS[kind]
    old = metric.get(part) or EMPTY
    average = old.get("averageValue") if kind == "Object" else old.get(f"{side}AverageValue")
    amounts = {"value": old.get(f"{side}Value"), "averageValue": average}
    amounts["averageUtilization"] = old.get(f"{side}AverageUtilization")
    known: dict[str, Any] = {name: value for name, value in amounts.items() if value is not None}
    if side == "target":
        order = (("averageUtilization", "Utilization"), ("averageValue", "AverageValue"), ("value", "Value"))
        known = {"type": next((form for name, form in order if name in known), "Value"), **known}
    source: dict[str, Any] = {}
    if kind in {"Resource", "ContainerResource"}:
        source = {name: old[name] for name in ("name", "container") if name in old}
    else:
        selector = old.get("metricSelector" if kind == "External" else "selector")
        source["metric"] = {"name": old.get("metricName") or ""} | ({} if selector is None else {"selector": selector})
        if kind == "Object":
            source["describedObject"] = old.get("target")
    return {"type": kind, part: {**source, side: known}}


# ---------------------------------------------------------------------- behaviour
def _rules(rules: Tree | None) -> dict[str, Any] | None:
    # k8s: what is written here is the internal type, whose fields have Go's own names.
    if rules is None:
        return None
    found = {big: rules.get(small) for small, big in _RULES}
    policies = found["Policies"]
    found["Policies"] = policies and [{big: each.get(small) for small, big in _POLICY} for each in policies]
    return found


def _read_rules(rules: Tree) -> dict[str, Any]:
    found = {small: rules[big] for small, big in _RULES if rules.get(big) is not None}
    if "policies" in found:
        found["policies"] = [{small: each.get(big) for small, big in _POLICY} for each in found["policies"]]
    return found
