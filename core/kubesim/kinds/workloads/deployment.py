"""Deployments. # k8s: apps/validation ValidateDeployment."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import forbidden, invalid, not_negative, not_supported
from kubesim.kinds.formats import hundred_at_most, percent_or_count
from kubesim.kinds.goshape import internal
from kubesim.kinds.plain import Plain, keep_all_but_status
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.printing import age, containers_and_images
from kubesim.kinds.selection import matching_template, selector_rules
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each, put, take
from kubesim.kinds.workloads.replicas import changed_spec, status_counts, template_warnings
from kubesim.objects.errors import Cause
from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import DEPLOYMENTS, EMPTY, Tree

_COUNTS = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas",
    "terminatingReplicas",
)  # fmt: skip


class DeploymentStrategy(Plain):
    """Deployments."""

    gvr = DEPLOYMENTS
    kind = "Deployment"
    short_names = ("deploy",)
    categories = ("all",)
    subresources = ("scale", "status")
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """Replicas, strategy, history and the template's defaults."""
        obj = inside(filled(obj, spec={}, status=self.initial_status), "spec", _default)
        return inside(obj, "status", _default_status)

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A status update leaves the labels alone."""
        if subresource != "status":
            return super().prepare_update(new, old, context, subresource)
        new = keep_all_but_status(new, old)
        return put(new, "metadata", take(new["metadata"], old["metadata"], "labels"))

    def validate(self, obj: Tree) -> list[Cause]:
        """Counts, selector, template, strategy."""
        spec = obj["spec"]
        found = not_negative("spec.replicas", spec.get("replicas"))
        selector = spec.get("selector")
        found += selector_rules("spec.selector", selector, "empty selector is invalid for deployment")
        found += matching_template("spec.template", spec.get("template"), selector)
        found += _strategy("spec.strategy", spec.get("strategy") or {})
        found += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
        found += not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
        deadline = spec.get("progressDeadlineSeconds")
        if deadline is not None:
            found += not_negative("spec.progressDeadlineSeconds", deadline)
            if deadline <= (spec.get("minReadySeconds") or 0):
                why = "must be greater than minReadySeconds"
                found.append(invalid("spec.progressDeadlineSeconds", deadline, why))
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The selector stays; counts of the status are possible ones."""
        if subresource == "status":
            return _status(new.get("status") or EMPTY, old.get("status") or EMPTY)
        return changed_spec(self, new, old)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Ready of desired, updated and available pods."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        names, images = containers_and_images(spec.get("template"))
        return [
            obj["metadata"]["name"],
            f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
            status.get("updatedReplicas") or 0,
            status.get("availableReplicas") or 0,
            age(obj, now),
            names,
            images,
            selector_text(spec.get("selector")),
        ]


def selector_text(selector: Tree | None) -> str:
    """The selector as its own text, unlike other kinds, which print it with ``<none>`` and ``<error>``."""
    try:
        return str(from_label_selector(selector))
    except ValueError:
        return "<invalid>"


def _default(spec: Tree) -> Tree:
    spec = filled(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={}, template={})
    spec = inside(spec, "template", default_template)
    return inside(spec, "strategy", _default_strategy)


def _default_strategy(strategy: Tree) -> Tree:
    strategy = filled_empty(strategy, type="RollingUpdate")
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = filled(strategy.get("rollingUpdate") or {}, maxUnavailable="25%", maxSurge="25%")
    return put(strategy, "rollingUpdate", rolling)


def _default_status(status: Tree) -> Tree:
    return inside_each(status, "conditions", _dated)


def _dated(condition: Tree) -> Tree:
    # k8s: times without "omitempty" are written even when they are not set.
    missing = {name: None for name in ("lastUpdateTime", "lastTransitionTime") if name not in condition}
    return {**condition, **missing} if missing else condition


def _strategy(field: str, strategy: Tree) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [] if rolling is None else [forbidden(f"{field}.rollingUpdate", why)]
    if kind != "RollingUpdate":
        return [not_supported(field, internal(strategy, "Strategy"), ("Recreate", "RollingUpdate"))]
    return rolling_update(f"{field}.rollingUpdate", rolling or {})


def rolling_update(field: str, rolling: Tree) -> list[Cause]:
    """How many pods may be missing or surplus during a rollout of a Deployment."""
    missing, surplus = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    found = percent_or_count(f"{field}.maxUnavailable", missing)
    found += percent_or_count(f"{field}.maxSurge", surplus)
    if _is_zero(missing) and _is_zero(surplus):
        found.append(invalid(f"{field}.maxUnavailable", missing, "may not be 0 when `maxSurge` is 0"))
    return found + hundred_at_most(f"{field}.maxUnavailable", missing)


def _is_zero(value: Any) -> bool:
    return value in {0, "0%", "0"}


def _status(status: Tree, before: Tree) -> list[Cause]:
    found = status_counts(status, _COUNTS, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    count, known = status.get("collisionCount"), before.get("collisionCount")
    if count is not None:
        found += not_negative("status.collisionCount", count)
    if known is not None and (count is None or count < known):
        found.append(invalid("status.collisionCount", count, "cannot be decremented"))
    return found
