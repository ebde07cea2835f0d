"""Readers of Pods that every component needs: readiness, activity, effective requests, QoS class, template hash."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from kubesim.objects import quantities, units
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

PENDING, RUNNING, SUCCEEDED, FAILED, UNKNOWN = "Pending", "Running", "Succeeded", "Failed", "Unknown"
ENDED = frozenset((SUCCEEDED, FAILED))
"""The phases of a pod that will run nothing any more."""
GUARANTEED, BURSTABLE, BEST_EFFORT = "Guaranteed", "Burstable", "BestEffort"

_MEMO_SIZE = 8192

Amounts = Mapping[str, int]
"""Resource name to amount: cpu in thousandths, all others in units."""


def phase(pod: Tree) -> str:
    """``status.phase``, "" before there is one."""
    status = pod.get("status")
    return str(status.get("phase", "")) if status else ""


_ready_memo: dict[int, tuple[Any, Tree | None]] = {}
"""The Ready condition of lists of conditions, which pods share; the memo holds the lists, so addresses stay theirs."""


def ready_condition(pod: Tree) -> Tree | None:
    """The Ready condition, or None."""
    status = pod.get("status")
    conditions = status.get("conditions") if status else None
    if not conditions:
        return None
    known = _ready_memo.get(id(conditions))
    if known is not None:
        return known[1]
    if len(_ready_memo) >= _MEMO_SIZE:
        _ready_memo.clear()
    found = next((each for each in conditions if each["type"] == "Ready"), None)
    _ready_memo[id(conditions)] = (conditions, found)
    return found


def is_ready(pod: Tree) -> bool:
    """Whether the Ready condition is true."""
    found = ready_condition(pod)
    return found is not None and found["status"] == "True"


def is_terminal(pod: Tree) -> bool:
    """Whether it has succeeded or failed, for good."""
    status = pod.get("status")
    return status is not None and status.get("phase") in ENDED


def is_active(pod: Tree) -> bool:
    """Whether it has neither ended nor been asked to go. # k8s: controller.IsPodActive."""
    return pod["metadata"].get("deletionTimestamp") is None and not is_terminal(pod)


def is_available(pod: Tree, min_ready_seconds: int, now_ms: int) -> bool:
    """Whether it has been ready for ``min_ready_seconds``. # k8s: podutil.IsPodAvailable."""
    found = ready_condition(pod)
    if found is None or found["status"] != "True":
        return False
    if not min_ready_seconds:
        return True
    since = found.get("lastTransitionTime")
    return since is not None and parse_time(since) + min_ready_seconds * 1000 <= now_ms


def node_name(pod: Tree) -> str:
    """The node it is bound to, "" while there is none."""
    return str(pod["spec"].get("nodeName") or "")


def is_sidecar(container: Tree) -> bool:
    """Whether an init container keeps running beside the others. # k8s: restartable init container."""
    return container.get("restartPolicy") == "Always"


# ---------------------------------------------------------------------- requests
# Pods of one template share these parts of the spec, so a computation is done once a template. The memo holds the
# parts it was computed from: an address can thus not be used again for something else.
_Parts = tuple[Any, Any, Any, Any]
_requests_memo: dict[int, tuple[_Parts, Amounts]] = {}
_limits_memo: dict[int, tuple[_Parts, Amounts]] = {}


def requests(pod: Tree) -> Amounts:
    """What the pod asks of a node: containers, init containers, sidecars, pod level resources and overhead.

    # k8s: component-helpers/resource PodRequests
    """
    return _memoised(pod["spec"], "requests", _requests_memo)


def occupying(pod: Tree) -> Tree:
    """The spec with the requests by which the pod counts on its node; the very spec when no resize is under way.

    # k8s: PodRequests with UseStatusResources: the most of what is asked for, allocated and in force, and only the
    # latter two when a resize can never be granted.
    """
    spec: Tree = pod["spec"]
    status = pod.get("status") or {}
    infeasible = any(
        each["type"] == "PodResizePending" and each.get("reason") == "Infeasible"
        for each in status.get("conditions") or ()
    )
    for field, listed in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        known = {each["name"]: each for each in status.get(listed) or ()}
        before = spec.get(field)
        if not known or not before:
            continue
        after = [_occupying(each, known.get(each["name"]), infeasible=infeasible) for each in before]
        if any(new is not old for new, old in zip(after, before, strict=True)):
            spec = {**spec, field: after}
    return spec


def _occupying(container: Tree, status: Tree | None, *, infeasible: bool) -> Tree:
    if status is None or status.get("resources") is None:
        return container
    asked = (container.get("resources") or EMPTY).get("requests") or EMPTY
    most: dict[str, Any] = {} if infeasible else dict(asked)
    for listed in (status["resources"].get("requests"), status.get("allocatedResources")):
        for name, amount in (listed or EMPTY).items():
            if name not in most or quantities.compare(amount, most[name]) > 0:
                most[name] = amount
    same = len(most) == len(asked) and all(
        name in asked and quantities.compare(amount, asked[name]) == 0 for name, amount in most.items()
    )
    resources = container.get("resources") or EMPTY
    return container if same else {**container, "resources": {**resources, "requests": most}}


def is_resizing(pod: Tree) -> bool:
    """Whether a container asks for other amounts than its status shows."""
    spec, status = pod["spec"], pod.get("status") or EMPTY
    for field, listed in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        known = {each["name"]: each for each in status.get(listed) or ()}
        for container in spec.get(field) or ():
            there = known.get(container["name"])
            if there is None or there.get("resources") is None:
                continue
            asked = container_amounts(container, "requests")
            if asked != container_amounts(there, "requests") or asked != amounts_of(there.get("allocatedResources")):
                return True
    return False


def limits(pod: Tree) -> Amounts:
    """What the pod may use at most, for the resources that are limited. # k8s: component-helpers/resource PodLimits."""
    return _memoised(pod["spec"], "limits", _limits_memo)


def _memoised(spec: Tree, what: str, memo: dict[int, tuple[_Parts, Amounts]]) -> Amounts:
    containers = spec.get("containers")
    found = memo.get(id(containers))
    if found is not None:
        parts = found[0]
        if (
            parts[0] is containers
            and parts[1] is spec.get("initContainers")
            and parts[2] is spec.get("overhead")
            and parts[3] is spec.get("resources")
        ):
            return found[1]
    if len(memo) >= _MEMO_SIZE:
        memo.clear()
    amounts = _total(spec, what)
    parts = (containers, spec.get("initContainers"), spec.get("overhead"), spec.get("resources"))
    memo[id(containers)] = (parts, amounts)
    return amounts


def amounts_of(listed: Tree | None) -> dict[str, int]:
    """A ResourceList as numbers: cpu in thousandths, all others in units, rounded up."""
    if not listed:
        return {}
    return {
        name: quantities.milli(quantity) if name == "cpu" else quantities.value(quantity)
        for name, quantity in listed.items()
    }


def container_amounts(container: Tree, what: str) -> dict[str, int]:
    """The ``requests`` or ``limits`` of one container."""
    return amounts_of((container.get("resources") or EMPTY).get(what))


def _total(spec: Tree, what: str) -> Amounts:
    total: dict[str, int] = {}
    for container in spec.get("containers") or ():
        _add(total, container_amounts(container, what))
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        amounts = container_amounts(container, what)
        if is_sidecar(container):
            _add(total, amounts)
            _add(sidecars, amounts)
            _raise(peak, sidecars)
        else:
            _add(amounts, sidecars)
            _raise(peak, amounts)
    _raise(total, peak)
    level = amounts_of((spec.get("resources") or EMPTY).get(what))
    total.update((name, level[name]) for name in level if name in {"cpu", "memory"} or name.startswith("hugepages-"))
    for name, amount in amounts_of(spec.get("overhead")).items():
        # k8s: overhead is added to limits only where there is one.
        if what == "requests" or total.get(name):
            total[name] = total.get(name, 0) + amount
    return total


def _add(total: dict[str, int], more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise(total: dict[str, int], more: Amounts) -> None:
    for name, amount in more.items():
        if amount > total.get(name, -1):
            total[name] = amount


# ---------------------------------------------------------------------- quality of service
def qos_class(pod: Tree) -> str:
    """Guaranteed, Burstable or BestEffort, from the spec. # k8s: qos.ComputePodQOS."""
    spec = pod["spec"]
    level = spec.get("resources")
    if level and (level.get("requests") or level.get("limits")):
        return _qos([level])
    every = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return _qos([container.get("resources") or EMPTY for container in every])


def _qos(resources: Iterable[Tree]) -> str:
    asked: dict[str, int] = {}
    limited: dict[str, int] = {}
    all_limited = True
    for item in resources:
        _add(asked, _compute(item.get("requests")))
        own = _compute(item.get("limits"))
        all_limited = all_limited and len(own) == 2
        _add(limited, own)
    if not asked and not limited:
        return BEST_EFFORT
    return GUARANTEED if all_limited and asked == limited else BURSTABLE


def _compute(listed: Tree | None) -> dict[str, int]:
    found = {}
    for name in ("cpu", "memory"):
        amount = quantities.nano(listed[name]) if listed and name in listed else 0
        if amount > 0:
            found[name] = amount
    return found


# ---------------------------------------------------------------------- templates
def template_hash(template: Tree, collision_count: int | None = None) -> str:
    """The value of the pod-template-hash label for a pod template.

    # k8s: controller.ComputeHash
    # differs: Kubernetes hashes a dump of its Go structures, so the values differ; the properties do not
    """
    data = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collision_count is not None:
        data += collision_count.to_bytes(8, "little")
    return units.safe_encode(str(units.fnv32a(data)))
