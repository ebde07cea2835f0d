"""The scopes of a ResourceQuota: which there are, and to which resources they apply. # k8s: apis/core/validation."""

from kubesim.kinds.fielderrors import invalid, required
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

_COUNTED, _CLAIMS = frozenset({"pods"}), frozenset({"persistentvolumeclaims", "requests.storage"})
_COMPUTE = frozenset(
    {"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory", *_COUNTED}
)  # fmt: skip
_APPLIES = {
    "BestEffort": _COUNTED, "CrossNamespacePodAffinity": _COMPUTE, "NotBestEffort": _COMPUTE,
    "NotTerminating": _COMPUTE, "PriorityClass": _COMPUTE, "Terminating": _COMPUTE, "VolumeAttributesClass": _CLAIMS,
}  # fmt: skip
"""The standard resources that each scope can limit."""
_STANDARD = _COMPUTE | _CLAIMS | {
    "configmaps", "ephemeral-storage", "limits.ephemeral-storage", "replicationcontrollers",
    "requests.ephemeral-storage", "resourcequotas", "secrets", "services", "services.loadbalancers",
    "services.nodeports",
}  # fmt: skip
_OPPOSITES = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_WHOLE = frozenset({"BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "Terminating"})
"""Scopes that are there or not, and have no values."""
_WHOLE_ONLY = (
    "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def scope_errors(spec: Tree) -> list[Cause]:
    """What is wrong with ``scopes`` and ``scopeSelector`` of the spec of a ResourceQuota."""
    scopes, limited = spec.get("scopes") or [], sorted(spec.get("hard") or EMPTY)
    found: list[Cause] = []
    for scope in scopes:
        if scope not in _APPLIES:
            found.append(invalid("spec.scopes", scopes, "unsupported scope"))
        elif _misplaced(scope, limited):
            found.append(invalid("spec.scopes", scopes, "unsupported scope applied to resource"))
    if any(one in scopes and other in scopes for one, other in _OPPOSITES):
        found.append(invalid("spec.scopes", scopes, "conflicting scopes"))
    selector = spec.get("scopeSelector") or EMPTY
    for requirement in selector.get("matchExpressions") or ():
        found += _requirement(requirement, selector, limited)
    return found


def _misplaced(scope: str, limited: list[str]) -> bool:
    return any(name in _STANDARD and name not in _APPLIES[scope] for name in limited)


def _requirement(requirement: Tree, selector: Tree, limited: list[str]) -> list[Cause]:
    at = "spec.scopeSelector.matchExpressions"
    scope, operator = requirement.get("scopeName") or "", requirement.get("operator") or ""
    values = requirement.get("values") or []
    found: list[Cause] = []
    if scope not in _APPLIES:
        found.append(invalid(f"{at}.scopeName", scope, "unsupported scope"))
    elif _misplaced(scope, limited):
        found.append(invalid(at, selector, "unsupported scope applied to resource"))
    if scope in _WHOLE and operator != "Exists":
        found.append(invalid(f"{at}.operator", operator, _WHOLE_ONLY))
    if operator in {"In", "NotIn"}:
        if not values:
            why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            found.append(required(f"{at}.values", why))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            found.append(invalid(f"{at}.values", values, why))
    else:
        found.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    return found
