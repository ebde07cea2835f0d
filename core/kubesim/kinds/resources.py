"""Names and amounts of resources: what containers, nodes, quotas and limit ranges may ask for."""

from collections.abc import Mapping
from typing import Any

from kubesim.kinds.fielderrors import NOT_NEGATIVE, all_invalid, invalid, not_supported, required
from kubesim.kinds.formats import subdomain
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import key_errors
from kubesim.objects.quantities import canonical, compare, nano
from kubesim.objects.wire import EMPTY, Tree

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTED = (
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
)  # fmt: skip
_SIDES = tuple(f"{side}.{name}" for side in ("requests", "limits") for name in _COMPUTE)
_STANDARD = frozenset((*_COMPUTE, *_COUNTED, *_SIDES, "storage", "requests.storage"))
_QUOTA = frozenset((*_COMPUTE, *_COUNTED, *_SIDES, "requests.storage"))
POD_LEVEL = ("cpu", "memory")


def is_native(name: str) -> bool:
    """Whether Kubernetes itself defines the resource."""
    return "/" not in name or "kubernetes.io/" in name


def may_be_overcommitted(name: str) -> bool:
    """Whether limits may exceed requests."""
    return is_native(name) and not name.startswith("hugepages-")


def resource_name(field: str, name: str) -> list[Cause]:
    """The name of any resource."""
    wrong = all_invalid(field, name, key_errors(name))
    if not wrong and "/" not in name and name not in _STANDARD and not name.startswith(("hugepages-", "requests.huge")):
        return [invalid(field, name, "must be a standard resource type or fully qualified")]
    return wrong


def quota_name(field: str, name: str) -> list[Cause]:
    """The name of what a ResourceQuota may limit."""
    wrong = resource_name(field, name)
    if "/" not in name and name not in _QUOTA and not name.startswith(("hugepages-", "requests.huge")):
        wrong.append(invalid(field, name, "must be a standard resource for quota"))
    return wrong


def container_resource_name(field: str, name: str) -> list[Cause]:
    """The name of what a container may ask for."""
    wrong = resource_name(field, name)
    if "/" not in name:
        if name not in _COMPUTE and not name.startswith("hugepages-"):
            wrong.append(invalid(field, name, "must be a standard resource for containers"))
    elif not is_native(name) and (name.startswith("requests.") or subdomain(name.partition("/")[0])):
        wrong.append(invalid(field, name, "doesn't follow extended resource name standard"))
    return wrong


def amount(field: str, name: str, quantity: Any) -> list[Cause]:
    """An amount of a resource: not negative, and whole where the resource is counted."""
    if compare(quantity, 0) < 0:
        return [invalid(field, canonical(quantity), NOT_NEGATIVE)]
    counted = name in _COUNTED or not is_native(name)
    return [invalid(field, quantity, "must be an integer")] if counted and nano(quantity) % 1_000_000_000 else []


def container_resources(field: str, resources: Tree | None) -> list[Cause]:
    """Limits and requests of a container."""
    return _requirements(field, resources, pod=False)


def pod_resources(field: str, resources: Tree | None) -> list[Cause]:
    """Limits and requests of a pod as a whole."""
    return _requirements(field, resources, pod=True)


def _requirements(field: str, resources: Tree | None, *, pod: bool) -> list[Cause]:
    if not resources:
        return []
    limits: Mapping[str, Any] = resources.get("limits") or EMPTY
    requests: Mapping[str, Any] = resources.get("requests") or EMPTY
    found: list[Cause] = []
    for name, quantity in limits.items():
        found += _named(f"{field}.limits[{name}]", name, quantity, pod)
    for name, quantity in requests.items():
        found += _named(f"{field}.requests[{name}]", name, quantity, pod)
        found += _within(field, name, quantity, limits.get(name))
    return found


def _named(field: str, name: str, quantity: Any, pod: bool) -> list[Cause]:
    if pod:
        wrong = resource_name(field, name)
        if not wrong and name not in POD_LEVEL and not name.startswith("hugepages-"):
            wrong = [not_supported(field, name, POD_LEVEL)]
    else:
        wrong = container_resource_name(field, name)
    return wrong + amount(field, name, quantity)


def _within(field: str, name: str, quantity: Any, limit: Any) -> list[Cause]:
    where = f"{field}.requests"
    if limit is None:
        if may_be_overcommitted(name):
            return []
        return [required(f"{field}.limits", "Limit must be set for non overcommitable resources")]
    order = compare(quantity, limit)
    if order != 0 and not may_be_overcommitted(name):
        rule = "equal to"
    elif order > 0:
        rule = "less than or equal to"
    else:
        return []
    return [invalid(where, canonical(quantity), f"must be {rule} {name} limit of {canonical(limit)}")]
