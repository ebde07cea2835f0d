"""ReplicaSets and ReplicationControllers. # k8s: apps/validation ValidateReplicaSet."""

from collections.abc import Mapping
from typing import Any

from kubesim.kinds.fielderrors import IMMUTABLE, invalid, not_negative, required
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.pod.spec import validate_template
from kubesim.kinds.pod.warnings import spec_warnings
from kubesim.kinds.printing import age, containers_and_images, format_labels
from kubesim.kinds.selection import MISMATCH, matching_template, restarts_always, selector_rules, template_labels
from kubesim.kinds.shapes import filled, inside
from kubesim.objects.errors import Cause
from kubesim.objects.selectors import format_label_selector, from_map
from kubesim.objects.wire import EMPTY, REPLICASETS, Tree

TOO_MANY = "cannot be greater than status.replicas"


def template_warnings(new: Tree, old: Tree | None) -> list[str]:
    """Warnings about the pod template of a workload, when it is new or changed."""
    template = (new.get("spec") or EMPTY).get("template") or EMPTY
    if old is not None and (old.get("spec") or EMPTY).get("template") is template:
        return []
    return spec_warnings("spec.template.spec", template.get("spec") or EMPTY)


def status_counts(status: Tree, names: tuple[str, ...], bounded: tuple[str, ...]) -> list[Cause]:
    """Counts that may not be negative, and those that may not exceed ``status.replicas``."""
    found: list[Cause] = []
    for name in names:
        found += not_negative(f"status.{name}", status.get(name))
    total = status.get("replicas") or 0
    for name in bounded:
        count = status.get(name) or 0
        if count > total:
            found.append(invalid(f"status.{name}", count, TOO_MANY))
    ready, available = status.get("readyReplicas") or 0, status.get("availableReplicas") or 0
    if available > ready:
        found.append(invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))
    return found


NO_REPLICAS: Tree = {"replicas": 0}


class ReplicaSetStrategy(Plain):
    """ReplicaSets."""

    gvr = REPLICASETS
    kind = "ReplicaSet"
    short_names = ("rs",)
    categories = ("all",)
    subresources = ("scale", "status")
    initial_status = NO_REPLICAS

    def default(self, obj: Tree) -> Tree:
        """One replica, and the template's defaults."""
        return filled(inside(filled(obj, spec={}), "spec", _default), status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """Counts, selector, template."""
        spec = obj["spec"]
        found = not_negative("spec.replicas", spec.get("replicas"))
        found += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        selector = spec.get("selector")
        found += selector_rules("spec.selector", selector, "empty selector is invalid for deployment")
        return found + matching_template("spec.template", spec.get("template"), selector)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The selector stays."""
        if subresource == "status":
            names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
            return status_counts(new.get("status") or EMPTY, names, names[1:4])
        return changed_spec(self, new, old)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Desired, current and ready pods."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        names, images = containers_and_images(spec.get("template"))
        return [
            obj["metadata"]["name"],
            spec.get("replicas") or 0,
            status.get("replicas") or 0,
            status.get("readyReplicas") or 0,
            age(obj, now),
            names,
            images,
            format_label_selector(spec.get("selector")),
        ]


def changed_spec(strategy: Plain, new: Tree, old: Tree) -> list[Cause]:
    """The rules of an updated workload, whose selector is immutable; none when the spec is the old one."""
    if new["spec"] is old["spec"]:
        return []
    found = strategy.validate(new)
    selector = new["spec"].get("selector")
    if selector != old["spec"].get("selector"):
        found.append(invalid("spec.selector", selector, IMMUTABLE))
    return found


def _default(spec: Tree) -> Tree:
    return inside(filled(spec, replicas=1, template={}), "template", default_template)


class ReplicationControllerStrategy(Plain):
    """ReplicationControllers, the forerunners of ReplicaSets."""

    gvr = resource("", "v1", "replicationcontrollers")
    kind = "ReplicationController"
    short_names = ("rc",)
    categories = ("all",)
    subresources = ("scale", "status")
    default_propagation = "Orphan"
    initial_status = NO_REPLICAS

    def default(self, obj: Tree) -> Tree:
        """One replica; selector and labels default to the template's labels."""
        obj = inside(filled(obj, spec={}), "spec", _default)
        labels = template_labels(obj["spec"].get("template"))
        if labels:
            obj = inside(obj, "spec", lambda spec: filled(spec, selector=labels))
            obj = inside(obj, "metadata", lambda metadata: filled(metadata, labels=labels))
        return filled(obj, status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """Counts, selector, template."""
        spec = obj["spec"]
        found = not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        selector, template = spec.get("selector"), spec.get("template")
        if not selector:
            found.append(required("spec.selector"))
        found += not_negative("spec.replicas", spec.get("replicas"))
        labels = template_labels(template)
        if selector and not from_map(selector).matches(labels or EMPTY):
            found.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
        found += validate_template("spec.template", template)
        why = "activeDeadlineSeconds in ReplicationController is not Supported"
        return found + restarts_always("spec.template", template, why)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Even the selector may change."""
        if subresource == "status":
            names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
            return status_counts(new.get("status") or EMPTY, names, names[1:4])
        return [] if new["spec"] is old["spec"] else self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By the number of pods."""
        return {"status.replicas": str((obj.get("status") or EMPTY).get("replicas") or 0)}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Desired, current and ready pods."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        names, images = containers_and_images(spec.get("template"))
        counts = [spec.get("replicas") or 0, status.get("replicas") or 0, status.get("readyReplicas") or 0]
        selector = format_labels(spec.get("selector"))
        return [obj["metadata"]["name"], *counts, age(obj, now), names, images, selector]
