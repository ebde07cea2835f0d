"""What objects use of a ResourceQuota: which names a kind counts for, how much, in which scopes."""

from collections.abc import Iterable

from kubesim.objects import pods, quantities, selectors
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, PODS, SERVICES, Gvr, Tree, core

CLAIMS = core("persistentvolumeclaims")
QUOTAS = core("resourcequotas")
Usage = dict[str, str]
"""Quantities by the names that ``spec.hard`` uses."""

_OLD_NAMES = ("configmaps", "replicationcontrollers", "resourcequotas", "secrets")
"""Kinds that are counted under their plain name, too. # k8s: pkg/quota/v1/evaluator/core legacyObjectCountAliases"""
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = frozenset(
    ["pods", *(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in _COMPUTE)],
)
_MUST_BE_SET = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory"))
"""Names that every container of a pod must say something about once a quota has them."""
_SERVICE_NAMES = frozenset(["services", "services.nodeports", "services.loadbalancers"])
_OF_CLASS = ".storageclass.storage.k8s.io/"


def object_count(gvr: Gvr) -> str:
    """The name under which all objects of a kind are counted."""
    return f"count/{gvr.resource}.{gvr.group}" if gvr.group else f"count/{gvr.resource}"


def counted(names: Iterable[str], gvr: Gvr) -> list[str]:
    """Those names that objects of a kind count for. # k8s: Evaluator.MatchingResources."""
    return [name for name in names if _counts(name, gvr)]


def _counts(name: str, gvr: Gvr) -> bool:
    if name == object_count(gvr):
        return True
    if gvr == PODS:
        prefixed = name.startswith(("hugepages-", "requests.hugepages-"))
        return name in _POD_NAMES or prefixed or (name.startswith("requests.") and "/" in name)
    if gvr == SERVICES:
        return name in _SERVICE_NAMES
    if gvr == CLAIMS:
        return name in {"persistentvolumeclaims", "requests.storage"} or _OF_CLASS in name
    return not gvr.group and name == gvr.resource and name in _OLD_NAMES


# ---------------------------------------------------------------------- usage
def usage(gvr: Gvr, obj: Tree, now: int) -> Usage:
    """What one object uses; ``now`` in milliseconds since 1970. # k8s: Evaluator.Usage."""
    found: Usage = {object_count(gvr): "1"}
    if gvr == PODS:
        if _is_charged(obj, now):
            found.update(_of_pod(obj))
    elif gvr == SERVICES:
        found.update(_of_service(obj))
    elif gvr == CLAIMS:
        found.update(_of_claim(obj))
    elif not gvr.group and gvr.resource in _OLD_NAMES:
        found[gvr.resource] = "1"
    return found


def _is_charged(pod: Tree, now: int) -> bool:
    """Whether a pod still uses compute resources. # k8s: core.QuotaV1Pod."""
    if pods.is_terminal(pod):
        return False
    metadata = pod["metadata"]
    begun, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return begun is None or grace is None or now <= parse_time(begun) + int(grace) * 1000


def _of_pod(pod: Tree) -> Usage:
    requests, limits = pods.requests(pod), pods.limits(pod)
    found = _compute(
        {name: quantities.of_resource(name, amount) for name, amount in requests.items()},
        {name: quantities.of_resource(name, amount) for name, amount in limits.items()},
    )
    return {"pods": "1", **found}


def _compute(requests: Tree, limits: Tree) -> Usage:
    found: Usage = {}
    for name in _COMPUTE:
        if name in requests:
            found[name] = found[f"requests.{name}"] = requests[name]
        if name in limits:
            found[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            found[name] = found[f"requests.{name}"] = amount
        elif "/" in name:
            found[f"requests.{name}"] = amount
    return found


def _of_service(service: Tree) -> Usage:
    spec = service.get("spec") or EMPTY
    kind, ports = spec.get("type"), spec.get("ports") or ()
    balanced = kind == "LoadBalancer"
    nodes = len(ports) if kind == "NodePort" else 0
    if balanced:
        wanted = spec.get("allocateLoadBalancerNodePorts") is not False
        nodes = len(ports) if wanted else sum(1 for port in ports if port.get("nodePort"))
    return {"services": "1", "services.nodeports": str(nodes), "services.loadbalancers": str(int(balanced))}


def _of_claim(claim: Tree) -> Usage:
    spec = claim.get("spec") or EMPTY
    found: Usage = {"persistentvolumeclaims": "1"}
    asked = ((spec.get("resources") or EMPTY).get("requests") or EMPTY).get("storage")
    allocated = ((claim.get("status") or EMPTY).get("allocatedResources") or EMPTY).get("storage")
    if asked is not None and allocated is not None and quantities.compare(allocated, asked) > 0:
        asked = allocated
    class_name = spec.get("storageClassName") or ""
    if class_name:
        found[f"{class_name}{_OF_CLASS}persistentvolumeclaims"] = "1"
    if asked is not None:
        found["requests.storage"] = quantities.canonical(asked)
        if class_name:
            found[f"{class_name}{_OF_CLASS}requests.storage"] = found["requests.storage"]
    return found


def total(left: Tree, right: Tree) -> Usage:
    """The sum of two usages."""
    found: Usage = dict(left)
    for name, amount in right.items():
        found[name] = quantities.add(found[name], amount) if name in found else amount
    return found


def missing(required: Iterable[str], pod: Tree) -> str:
    """What the containers of a pod must say more, "" for nothing. # k8s: podEvaluator.Constraints."""
    spec = pod["spec"]
    wanted = sorted(name for name in required if name in _MUST_BE_SET)
    lacking: dict[str, list[str]] = {name: [] for name in wanted}
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        resources = container.get("resources") or EMPTY
        given = _compute(resources.get("requests") or EMPTY, resources.get("limits") or EMPTY)
        for name in wanted:
            if name not in given:
                lacking[name].append(container["name"])
    parts = [f"{name} for: {','.join(sorted(set(found)))}" for name, found in lacking.items() if found]
    return f"must specify {'; '.join(parts)}" if parts else ""


# ---------------------------------------------------------------------- scopes
def covers(quota: Tree, gvr: Gvr, obj: Tree) -> bool:
    """Whether an object is within all scopes of a quota that says anything about its kind."""
    spec = quota.get("spec") or EMPTY
    hard = (quota.get("status") or EMPTY).get("hard") or spec.get("hard") or EMPTY
    if not counted(hard, gvr):
        return False
    terms = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    terms += (spec.get("scopeSelector") or EMPTY).get("matchExpressions") or ()
    return all(_in_scope(term, gvr, obj) for term in terms)


def _in_scope(term: Tree, gvr: Gvr, obj: Tree) -> bool:
    scope: str = term["scopeName"]
    if gvr == CLAIMS and scope == "VolumeAttributesClass":
        return _is_named(term, (obj.get("spec") or EMPTY).get("volumeAttributesClassName") or "")
    if gvr != PODS:
        return False
    spec = obj["spec"]
    if scope in {"Terminating", "NotTerminating"}:
        deadline = spec.get("activeDeadlineSeconds")
        return bool(deadline is not None and deadline >= 0) == (scope == "Terminating")
    if scope in {"BestEffort", "NotBestEffort"}:
        return bool(pods.qos_class(obj) == pods.BEST_EFFORT) == (scope == "BestEffort")
    if scope == "PriorityClass":
        return _is_named(term, spec.get("priorityClassName") or "")
    return bool(scope == "CrossNamespacePodAffinity") and _crosses_namespaces(spec)


def _is_named(term: Tree, name: str) -> bool:
    if term["operator"] == "Exists":
        return bool(name)
    requirement = {"key": "class", "operator": term["operator"], "values": term.get("values") or []}
    selector = selectors.from_label_selector({"matchExpressions": [requirement]})
    return selector.matches({"class": name} if name else {})


def _crosses_namespaces(spec: Tree) -> bool:
    affinity = spec.get("affinity") or EMPTY
    terms: list[Tree] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        given = affinity.get(kind) or EMPTY
        terms += given.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        preferred = given.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [each["podAffinityTerm"] for each in preferred]
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)
