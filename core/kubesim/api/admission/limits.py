"""The LimitRanger plugin: fills in the requests and limits of containers and refuses what is out of bounds.

# k8s: plugin/pkg/admission/limitranger
"""

from collections.abc import Callable
from typing import Any

from kubesim.api.admission.plugin import CREATE, UPDATE, Attributes, Plugin
from kubesim.objects import quantities
from kubesim.objects.errors import forbidden
from kubesim.objects.pods import is_sidecar
from kubesim.objects.quantities import canonical, compare
from kubesim.objects.quota import CLAIMS
from kubesim.objects.wire import EMPTY, PODS, Gvr, Tree, core
from kubesim.store.mvcc import Store

LIMITRANGES = core("limitranges")
ANNOTATION = "kubernetes.io/limit-ranger"
_Amounts = dict[str, str]


class LimitRanger(Plugin):
    """Applies the LimitRanges of a namespace to its pods and claims."""

    watched = (LIMITRANGES,)

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """New pods and claims, and changes of claims, where there is a LimitRange."""
        # k8s: updates of pods pass, since their resources cannot change in one (a resize is checked).
        resized = gvr == PODS and operation == UPDATE and subresource == "resize"
        known = gvr in {PODS, CLAIMS} and not subresource
        if not namespace or not (resized or (known and (operation == CREATE or (operation, gvr) == (UPDATE, CLAIMS)))):
            return False
        return bool(self._store.range(LIMITRANGES, namespace))

    def mutate(self, asked: Attributes) -> Tree | None:
        """The pod with the defaults of its containers."""
        pod = asked.obj
        if asked.gvr != PODS or asked.operation != CREATE or pod is None:
            return pod
        for limit_range in self._store.range(LIMITRANGES, asked.namespace):
            pod = _defaulted(pod, limit_range)
        return pod

    def validate(self, asked: Attributes) -> None:
        """Raise Forbidden when something is below a minimum, above a maximum or out of proportion."""
        obj = asked.obj
        if obj is None or (asked.gvr == PODS and (asked.old or EMPTY).get("metadata", EMPTY).get("deletionTimestamp")):
            return
        for limit_range in self._store.range(LIMITRANGES, asked.namespace):
            found = _of_pod(obj, limit_range) if asked.gvr == PODS else _of_claim(obj, limit_range)
            if found:
                text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
                raise forbidden(asked.gvr, asked.shown, text)


def _limits(limit_range: Tree, kind: str) -> list[Tree]:
    return [each for each in (limit_range.get("spec") or EMPTY).get("limits") or () if each["type"] == kind]


# ---------------------------------------------------------------------- defaults
def _defaulted(pod: Tree, limit_range: Tree) -> Tree:
    requests: _Amounts = {}
    limits: _Amounts = {}
    for limit in _limits(limit_range, "Container"):
        requests.update(limit.get("defaultRequest") or {})
        limits.update(limit.get("default") or {})
    if not requests and not limits:
        return pod
    notes: list[str] = []
    spec = pod["spec"]
    changed = {
        **spec,
        "containers": [_filled(each, requests, limits, "container", notes) for each in spec["containers"]],
    }
    if spec.get("initContainers"):
        first = spec["initContainers"]
        changed["initContainers"] = [_filled(each, requests, limits, "init container", notes) for each in first]
    if not notes:
        return pod
    metadata = pod["metadata"]
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: f"LimitRanger plugin set: {'; '.join(notes)}"}
    return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": changed}


def _filled(container: Tree, requests: _Amounts, limits: _Amounts, what: str, notes: list[str]) -> Tree:
    resources = container.get("resources") or EMPTY
    new: dict[str, Any] = dict(resources)
    for part, defaults in (("requests", requests), ("limits", limits)):
        given = resources.get(part) or {}
        absent = sorted(name for name in defaults if name not in given)
        if absent:
            new[part] = {**given, **{name: defaults[name] for name in absent}}
            notes.append(f"{', '.join(absent)} {part[:-1]} for {what} {container['name']}")
    return {**container, "resources": new}


# ---------------------------------------------------------------------- bounds
_Check = Callable[[str, str, str, Tree, Tree], str]


def _of_pod(pod: Tree, limit_range: Tree) -> list[str]:
    spec = pod["spec"]
    every = [*spec["containers"], *(spec.get("initContainers") or ())]
    found: list[str] = []
    for limit in (limit_range.get("spec") or EMPTY).get("limits") or ():
        if limit["type"] == "Container":
            for container in every:
                found += _bounds(limit, *_parts(container))
        elif limit["type"] == "Pod":
            found += _bounds(limit, *_of_all(spec))
    return found


def _parts(container: Tree) -> tuple[Tree, Tree]:
    resources = container.get("resources") or EMPTY
    return resources.get("requests") or EMPTY, resources.get("limits") or EMPTY


def _of_all(spec: Tree) -> tuple[_Amounts, _Amounts]:
    """The requests and limits of a whole pod; names that not all containers give are left out. # k8s: podRequests."""
    first = spec.get("initContainers") or ()
    running = [*spec["containers"], *(each for each in first if is_sidecar(each))]
    others = [each for each in first if not is_sidecar(each)]
    totals: list[_Amounts] = []
    for part in (0, 1):
        total = _sum([_parts(each)[part] for each in running])
        for container in others:
            for name, amount in _parts(container)[part].items():
                if name in total and compare(amount, total[name]) > 0:
                    total[name] = amount
        totals.append(total)
    return totals[0], totals[1]


def _sum(listed: list[Tree]) -> _Amounts:
    total: _Amounts = {}
    for name in dict.fromkeys(name for each in listed for name in each):
        if all(name in each for each in listed):
            amount = "0"
            for each in listed:
                amount = quantities.add(amount, each[name])
            total[name] = amount
    return total


def _of_claim(claim: Tree, limit_range: Tree) -> list[str]:
    requests = ((claim.get("spec") or EMPTY).get("resources") or EMPTY).get("requests") or EMPTY
    found: list[str] = []
    for limit in _limits(limit_range, "PersistentVolumeClaim"):
        for check, part in ((_minimum, "min"), (_maximum_request, "max")):
            found += _checked(check, limit, part, requests, EMPTY)
    return found


def _bounds(limit: Tree, requests: Tree, limits: Tree) -> list[str]:
    found: list[str] = []
    for check, part in ((_minimum, "min"), (_maximum, "max"), (_ratio, "maxLimitRequestRatio")):
        found += _checked(check, limit, part, requests, limits)
    return found


def _checked(check: _Check, limit: Tree, part: str, requests: Tree, limits: Tree) -> list[str]:
    bounds = limit.get(part) or EMPTY
    said = [check(limit["type"], name, canonical(bounds[name]), requests, limits) for name in sorted(bounds)]
    return [text for text in said if text]


def _minimum(kind: str, name: str, bound: str, requests: Tree, limits: Tree) -> str:
    begin = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        return f"{begin}.  No request is specified"
    if compare(requests[name], bound) < 0:
        return f"{begin}, but request is {canonical(requests[name])}"
    if name in limits and compare(limits[name], bound) < 0:
        return f"{begin}, but limit is {canonical(limits[name])}"
    return ""


def _maximum(kind: str, name: str, bound: str, requests: Tree, limits: Tree) -> str:
    begin = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        return f"{begin}.  No limit is specified"
    if compare(limits[name], bound) > 0:
        return f"{begin}, but limit is {canonical(limits[name])}"
    if name in requests and compare(requests[name], bound) > 0:
        return f"{begin}, but request is {canonical(requests[name])}"
    return ""


def _maximum_request(kind: str, name: str, bound: str, requests: Tree, limits: Tree) -> str:
    del limits
    begin = f"maximum {name} usage per {kind} is {bound}"
    if name not in requests:
        return f"{begin}.  No request is specified"
    return f"{begin}, but request is {canonical(requests[name])}" if compare(requests[name], bound) > 0 else ""


def _ratio(kind: str, name: str, bound: str, requests: Tree, limits: Tree) -> str:
    begin = f"{name} max limit to request ratio per {kind} is {bound}"
    asked, most = quantities.nano(requests.get(name, "0")), quantities.nano(limits.get(name, "0"))
    if not asked:
        return f"{begin}, but no request is specified or request is 0"
    if not most:
        return f"{begin}, but no limit is specified or limit is 0"
    if most > asked * quantities.nano(bound) / 1_000_000_000:
        return f"{begin}, but provided ratio is {most / asked:f}"
    return ""
