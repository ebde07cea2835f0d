"""LimitRanges, ResourceQuotas, PriorityClasses and PodDisruptionBudgets."""

from typing import Any

from kubesim.kinds.fielderrors import duplicate, forbidden, invalid, not_supported, one_of
from kubesim.kinds.formats import hundred_at_most, label_selector, percent_or_count
from kubesim.kinds.goshape import internal
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import age
from kubesim.kinds.resources import amount, container_resource_name, quota_name, resource_name
from kubesim.kinds.scopes import scope_errors
from kubesim.kinds.shapes import filled, inside, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.quantities import canonical, compare
from kubesim.objects.wire import EMPTY, Tree

HIGHEST_PRIORITY = 1_000_000_000
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
NO_DISRUPTION: Tree = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


class LimitRangeStrategy(Plain):
    """LimitRanges."""

    gvr = resource("", "v1", "limitranges")
    kind = "LimitRange"
    short_names = ("limits",)
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: Tree) -> Tree:
        """Limits of containers default to the maximum, requests to the limits, then to the minimum."""
        return inside(filled(obj, spec={}), "spec", _default_limits)

    def validate(self, obj: Tree) -> list[Cause]:
        """Names, and an order of minimum, default request, default and maximum."""
        found: list[Cause] = []
        seen: dict[str, None] = {}
        for index, limit in enumerate((obj.get("spec") or EMPTY).get("limits") or ()):
            at, kind = f"spec.limits[{index}]", limit.get("type") or ""
            if kind not in _LIMIT_TYPES and "/" not in kind:
                found.append(invalid(f"{at}.type", kind, "must be a standard limit type or fully qualified"))
            if kind in seen:
                found.append(duplicate(f"{at}.type", kind))
            seen[kind] = None
            found += _limit(at, limit, kind)
        return found


def _default_limits(spec: Tree) -> Tree:
    return inside_each(spec, "limits", _default_limit)


def _default_limit(limit: Tree) -> Tree:
    if limit.get("type") != "Container":
        return limit
    most, least = limit.get("max") or EMPTY, limit.get("min") or EMPTY
    default = {**most, **(limit.get("default") or {})}
    request = {**least, **default, **(limit.get("defaultRequest") or {})}
    if default and default != limit.get("default"):
        limit = {**limit, "default": default}
    return {**limit, "defaultRequest": request} if request and request != limit.get("defaultRequest") else limit


def _limit(at: str, limit: Tree, kind: str) -> list[Cause]:
    found: list[Cause] = []
    parts = {name: limit.get(name) or EMPTY for name in ("max", "min", "default", "defaultRequest")}
    names = dict.fromkeys(name for part in parts.values() for name in part)
    check = container_resource_name if kind in {"Pod", "Container"} else resource_name
    for part, given in parts.items():
        if part.startswith("default") and given and kind == "Pod":
            found.append(forbidden(f"{at}.{part}", "may not be specified when `type` is 'Pod'"))
        for name in given:
            found += check(f"{at}.{part}[{name}]", name)
    for name in names:
        values = {part: given.get(name) for part, given in parts.items()}
        found += _ordered(at, name, values)
    return found


_ORDER = (
    ("min", "max", "min", "min value {0} is greater than max value {1}"),
    ("defaultRequest", "min", "defaultRequest", "min value {1} is greater than default request value {0}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {0} is greater than default limit value {1}",
    ),
    ("default", "min", "default", "min value {1} is greater than default value {0}"),
    ("default", "max", "default", "default value {0} is greater than max value {1}"),
)


def _ordered(at: str, name: str, values: dict[str, Any]) -> list[Cause]:
    found: list[Cause] = []
    for left, right, field, text in _ORDER:
        a, b = values[left], values[right]
        if a is None or b is None:
            continue
        order = compare(a, b)
        if order < 0 if right == "min" else order > 0:
            # k8s: the value shown for a default above the maximum is the maximum.
            shown = b if (left, right) == ("default", "max") else a
            why = text.format(canonical(a), canonical(b))
            found.append(invalid(f"{at}.{field}[{name}]", canonical(shown), why))
    return found


class ResourceQuotaStrategy(Plain):
    """ResourceQuotas."""

    gvr = resource("", "v1", "resourcequotas")
    kind = "ResourceQuota"
    short_names = ("quota",)
    subresources = ("status",)
    has_generation = False
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """The status is always served."""
        return filled(obj, spec={}, status={})

    def validate(self, obj: Tree) -> list[Cause]:
        """Names, amounts, scopes."""
        spec = obj.get("spec") or EMPTY
        found: list[Cause] = []
        for name, quantity in (spec.get("hard") or EMPTY).items():
            found += quota_name(f"spec.hard[{name}]", name)
            found += amount(f"spec.hard[{name}]", name, quantity)
        return found + scope_errors(spec)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The scopes stay."""
        if subresource == "status" or new["spec"] is old["spec"]:
            return []
        found = self.validate(new)
        scopes = new["spec"].get("scopes")
        if set(scopes or ()) != set(old["spec"].get("scopes") or ()):
            found.append(invalid("spec.scopes", scopes, "field is immutable"))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """What is used of what may be used."""
        status = obj.get("status") or EMPTY
        hard, used = status.get("hard") or EMPTY, status.get("used") or EMPTY
        shown: dict[bool, list[str]] = {False: [], True: []}
        for name in sorted(hard):
            shown[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard[name]}")
        return [obj["metadata"]["name"], ", ".join(shown[False]), ", ".join(shown[True]), age(obj, now)]


class PriorityClassStrategy(Plain):
    """PriorityClasses."""

    gvr = resource("scheduling.k8s.io", "v1", "priorityclasses")
    kind = "PriorityClass"
    namespaced = False
    short_names = ("pc",)

    def default(self, obj: Tree) -> Tree:
        """Pods of the class preempt."""
        return filled(filled(obj, preemptionPolicy="PreemptLowerPriority"), value=0)

    def validate(self, obj: Tree) -> list[Cause]:
        """Only system classes are of system priority."""
        name, value = obj["metadata"].get("name") or "", obj.get("value") or 0
        found: list[Cause] = []
        if name.startswith("system-"):
            if name not in {"system-cluster-critical", "system-node-critical"}:
                why = (
                    "priority class names with 'system-' prefix are reserved for system use only. error: is not a known"
                )
                found.append(forbidden("metadata.name", f"{why} system priority class"))
        elif value > HIGHEST_PRIORITY:
            why = f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"
            found.append(forbidden("value", why))
        policy = obj.get("preemptionPolicy")
        return found + one_of("preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Value and policy stay."""
        del subresource
        found: list[Cause] = []
        if (new.get("value") or 0) != (old.get("value") or 0):
            found.append(forbidden("value", "may not be changed in an update."))
        if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
            found.append(invalid("preemptionPolicy", new.get("preemptionPolicy"), "field is immutable"))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Value and policy."""
        policy = obj.get("preemptionPolicy") or ""
        return [obj["metadata"]["name"], obj.get("value") or 0, bool(obj.get("globalDefault")), age(obj, now), policy]


class BudgetStrategy(Plain):
    """PodDisruptionBudgets."""

    gvr = resource("policy", "v1", "poddisruptionbudgets")
    kind = "PodDisruptionBudget"
    short_names = ("pdb",)
    subresources = ("status",)
    allow_unconditional_update = False
    initial_status = NO_DISRUPTION

    def default(self, obj: Tree) -> Tree:
        """The status is always served."""
        return filled(obj, spec={}, status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """One bound, a selector."""
        spec = obj.get("spec") or EMPTY
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        found: list[Cause] = []
        if least is not None and most is not None:
            why = "minAvailable and maxUnavailable cannot be both set"
            found.append(invalid("spec", internal(spec, "Budget"), why))
        for name, value in (("minAvailable", least), ("maxUnavailable", most)):
            if value is not None:
                found += percent_or_count(f"spec.{name}", value) + hundred_at_most(f"spec.{name}", value)
        found += label_selector("spec.selector", spec.get("selector"))
        policy, known = spec.get("unhealthyPodEvictionPolicy"), ("AlwaysAllow", "IfHealthyBudget")
        if policy is not None and policy not in known:
            found.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, known))
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        return [] if subresource == "status" or new["spec"] is old["spec"] else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """Bounds, and how many pods may be evicted now."""
        spec = obj.get("spec") or EMPTY
        bounds = [
            str(spec[name]) if spec.get(name) is not None else "N/A" for name in ("minAvailable", "maxUnavailable")
        ]
        return [*bounds, (obj.get("status") or EMPTY).get("disruptionsAllowed") or 0]
