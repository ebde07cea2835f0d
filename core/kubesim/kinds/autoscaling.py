"""HorizontalPodAutoscalers: stored as autoscaling/v2, served as v1 too. # k8s: autoscaling/validation."""

from typing import Any

from kubesim.kinds.autoscaling_annotations import ALL, annotations_of, read
from kubesim.kinds.fielderrors import all_invalid, invalid, not_negative, not_supported, required
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import NONE, UNKNOWN
from kubesim.kinds.shapes import filled, filled_empty, inside
from kubesim.objects import refs
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")
_PARTS = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
DEFAULT_METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
_STORED = resource("autoscaling", "v2", "horizontalpodautoscalers")
NO_METRICS: Tree = {"desiredReplicas": 0, "currentMetrics": None}


class AutoscalerStrategy(Plain):
    """HorizontalPodAutoscalers of autoscaling/v2."""

    gvr = _STORED
    kind = "HorizontalPodAutoscaler"
    short_names = ("hpa",)
    categories = ("all",)
    subresources = ("status",)
    has_generation = False
    initial_status = NO_METRICS

    def default(self, obj: Tree) -> Tree:
        """One replica at least, 80 % of the CPU asked for, and how fast to scale when that is said in part."""
        return filled(inside(filled(obj, spec={}), "spec", _default), status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """Bounds, target, metrics."""
        spec = obj["spec"]
        low, high = spec.get("minReplicas"), spec.get("maxReplicas") or 0
        found: list[Cause] = []
        if low is not None and low < 1:
            found.append(invalid("spec.minReplicas", low, "must be greater than or equal to 1"))
        if high < 1:
            found.append(required("spec.maxReplicas", "must be set and greater than 0"))
        if low is not None and high < low:
            found.append(invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
        found += _target(spec.get("scaleTargetRef") or EMPTY)
        for index, metric in enumerate(spec.get("metrics") or ()):
            found += _metric(f"spec.metrics[{index}]", metric)
        for side in ("scaleUp", "scaleDown"):
            found += _rules(f"spec.behavior.{side}", (spec.get("behavior") or EMPTY).get(side))
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        return [] if subresource == "status" or new["spec"] is old["spec"] else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """Target, metrics, bounds, replicas."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        target = spec.get("scaleTargetRef") or EMPTY
        low = spec.get("minReplicas")
        return [
            f"{target.get('kind') or ''}/{target.get('name') or ''}",
            _metrics_text(spec.get("metrics") or [], status.get("currentMetrics") or []),
            "<unset>" if low is None else str(low),
            spec.get("maxReplicas") or 0,
            status.get("currentReplicas") or 0,
        ]


def _default(spec: Tree) -> Tree:
    spec = filled_empty(filled(spec, minReplicas=1), metrics=[DEFAULT_METRIC])
    return inside(spec, "behavior", _default_behavior)


def _default_behavior(behavior: Tree) -> Tree:
    behavior = filled(behavior, scaleUp={}, scaleDown={})
    return inside(inside(behavior, "scaleUp", _default_up), "scaleDown", _default_down)


def _default_up(rules: Tree) -> Tree:
    return filled(rules, **_UP)


def _default_down(rules: Tree) -> Tree:
    return filled(rules, **_DOWN)


def _segment(field: str, text: str) -> list[Cause]:
    wrong = [f"may not contain '{part}'" for part in ("/", "%") if part in text]
    return all_invalid(field, text, wrong)


def _target(target: Tree) -> list[Cause]:
    found: list[Cause] = []
    for name in ("kind", "name"):
        text = target.get(name) or ""
        field = f"spec.scaleTargetRef.{name}"
        found += _segment(field, text) if text else [required(field)]
    version = target.get("apiVersion") or ""
    if not version and target.get("kind") != "ReplicationController":
        found.append(invalid("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group"))
    return found


def _metric(at: str, metric: Tree) -> list[Cause]:
    kind = metric.get("type") or ""
    if not kind:
        return [required(f"{at}.type", "must specify a metric source type")]
    if kind not in METRICS:
        # k8s: an unknown type is reported by two checks.
        return [not_supported(f"{at}.type", kind, METRICS)] * 2
    part = _PARTS[kind]
    source = metric.get(part)
    if source is None:
        return [required(f"{at}.{part}", "must populate information for the given metric source")]
    target = source.get("target") or EMPTY
    if not target.get("type"):
        return [required(f"{at}.{part}.target.type", "must specify a metric target type")]
    return []


def _rules(at: str, rules: Tree | None) -> list[Cause]:
    if rules is None:
        return []
    found: list[Cause] = []
    window = rules.get("stabilizationWindowSeconds")
    found += not_negative(f"{at}.stabilizationWindowSeconds", window)
    if window is not None and window > 3600:
        why = "must be less than or equal to 3600"
        found.append(invalid(f"{at}.stabilizationWindowSeconds", window, why))
    chosen = rules.get("selectPolicy")
    known = ("Disabled", "Max", "Min")
    if chosen is not None and chosen not in known:
        found.append(not_supported(f"{at}.selectPolicy", chosen, known))
    if not rules.get("policies"):
        found.append(required(f"{at}.policies", "must specify at least one Policy"))
    return found


def _metrics_text(specs: list[Any], statuses: list[Any]) -> str:
    if not specs:
        return NONE
    shown = [_metric_text(spec, statuses[i] if i < len(statuses) else EMPTY) for i, spec in enumerate(specs)]
    text = ", ".join(shown[:2])
    return f"{text} + {len(shown) - 2} more..." if len(shown) > 2 else text


def _metric_text(spec: Tree, status: Tree) -> str:
    kind = spec.get("type") or ""
    part = _PARTS.get(kind)
    if part is None:
        return "<unknown type>"
    source = spec.get(part) or EMPTY
    target = source.get("target") or EMPTY
    current = ((status.get(part) or EMPTY).get("current")) or EMPTY
    average = target.get("averageValue")
    if kind in {"Resource", "ContainerResource"}:
        name = source.get("name") or ""
        if average is not None:
            return f"{name}: {current.get('averageValue') or UNKNOWN}/{average}"
        wanted, used = target.get("averageUtilization"), current.get("averageUtilization")
        return f"{name}: {UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if kind == "Pods":
        return f"{current.get('averageValue') or UNKNOWN}/{average}"
    if average is not None:
        return f"{current.get('averageValue') or UNKNOWN}/{average} (avg)"
    return f"{current.get('value') or UNKNOWN}/{target.get('value')}"


class OldAutoscalerStrategy(AutoscalerStrategy):
    """HorizontalPodAutoscalers of autoscaling/v1, which know the CPU utilisation alone."""

    gvr = resource("autoscaling", "v1", "horizontalpodautoscalers")
    storage = _STORED

    def default(self, obj: Tree) -> Tree:
        """One replica at least."""
        return inside(filled(obj, spec={}, status={"currentReplicas": 0, "desiredReplicas": 0}), "spec", _one_at_least)

    def to_storage(self, obj: Tree) -> Tree:
        """As autoscaling/v2."""
        kept, kept_status = read(refs.annotations(obj))
        spec = dict(obj["spec"])
        percent = spec.pop("targetCPUUtilizationPercentage", None)
        metrics = [*kept.pop("metrics", ()), *([] if percent is None else [_cpu(percent)])]
        status = {**self.initial_status, **(obj.get("status") or {})}
        percent_now = status.pop("currentCPUUtilizationPercentage", None)
        if percent_now is not None:
            used = {"name": "cpu", "current": {"averageUtilization": percent_now}}
            status["currentMetrics"] = [{"type": "Resource", "resource": used}]
        spec = dict(_default({**spec, **kept, "metrics": metrics}))
        made = {**obj, "apiVersion": _STORED.api_version, "spec": spec, "status": {**status, **kept_status}}
        return self.internal(made)

    def from_storage(self, obj: Tree) -> Tree:
        """From autoscaling/v2."""
        spec = {name: value for name, value in obj["spec"].items() if name not in {"metrics", "behavior"}}
        percent = _utilization(obj["spec"].get("metrics"), "target")
        if percent is not None:
            spec["targetCPUUtilizationPercentage"] = percent
        old = obj.get("status") or EMPTY
        names = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
        status: dict[str, Any] = {"currentReplicas": 0, "desiredReplicas": 0}
        status |= {name: old[name] for name in names if old.get(name) is not None}
        used = _utilization(old.get("currentMetrics"), "current")
        if used is not None:
            status["currentCPUUtilizationPercentage"] = used
        made = {**obj, "apiVersion": self.gvr.api_version, "spec": spec, "status": status}
        others = annotations_of(obj["spec"], old)
        if others:
            metadata = obj["metadata"]
            made["metadata"] = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **others}}
        return made

    def internal(self, obj: Tree) -> Tree:
        """Without the annotations that stand for fields."""
        return refs.without_annotations(obj, ALL)

    def validate(self, obj: Tree) -> list[Cause]:
        """As autoscaling/v2."""
        return super().validate(self.to_storage(obj))

    def cells(self, obj: Tree) -> list[Any]:
        """As autoscaling/v2."""
        return super().cells(self.to_storage(obj))


def _one_at_least(spec: Tree) -> Tree:
    return filled(spec, minReplicas=1)


def _cpu(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _utilization(metrics: Any, side: str) -> Any:
    for metric in metrics or ():
        source = metric.get("resource") or EMPTY
        if metric.get("type") == "Resource" and source.get("name") == "cpu":
            return (source.get(side) or EMPTY).get("averageUtilization")
    return None
