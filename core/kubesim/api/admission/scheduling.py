"""The plugins that prepare pods and nodes for scheduling: priority, overhead, tolerations, taints, topology labels."""

from typing import Any

from kubesim.objects.errors import forbidden
from kubesim.objects.wire import NODES, PODS, Gvr, Tree
from kubesim.store.mvcc import Store

PRIORITYCLASSES = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
RUNTIMECLASSES = Gvr("node.k8s.io", "v1", "runtimeclasses")
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
TOPOLOGY_LABELS = (ZONE, REGION)
TOLERATION_SECONDS = 300

SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_LOWER = "PreemptLowerPriority"
_NOT_READY_TAINT = {"key": NOT_READY, "effect": "NoSchedule"}


def with_priority(spec: Tree, shown: str, store: Store) -> Tree:
    """The pod spec with the priority of its class. Raises Forbidden. # k8s: plugin/pkg/admission/priority."""
    name, value, policy = _priority(spec.get("priorityClassName") or "", shown, store)
    given = spec.get("priority")
    computed = "must not be provided in pod spec; priority admission controller computed"
    source = "from the given PriorityClass name"
    if given is not None and given != value:
        raise forbidden(PODS, shown, f"the integer value of priority ({given}) {computed} {value} {source}")
    wish = spec.get("preemptionPolicy")
    if wish is not None and wish != policy:
        raise forbidden(PODS, shown, f"the string value of PreemptionPolicy ({wish}) {computed} {policy} {source}")
    changed = {**spec, "priority": value, "preemptionPolicy": policy}
    if name:
        changed["priorityClassName"] = name
    return changed


def _priority(name: str, shown: str, store: Store) -> tuple[str, int, str]:
    found: Tree | None
    if name:
        found = store.get(PRIORITYCLASSES, "", name)
        if found is None:
            if name in SYSTEM_PRIORITIES:
                return name, SYSTEM_PRIORITIES[name], _LOWER
            raise forbidden(PODS, shown, f"no PriorityClass with name {name} was found")
    else:
        found = _default_class(store)
        if found is None:
            return "", 0, _LOWER
    return found["metadata"]["name"], found["value"], found.get("preemptionPolicy", _LOWER)


def _default_class(store: Store) -> Tree | None:
    # k8s: of several global defaults the one with the lowest value counts.
    found = None
    for candidate in store.iterate(PRIORITYCLASSES):
        if candidate.get("globalDefault") and (found is None or candidate["value"] < found["value"]):
            found = candidate
    return found


def with_runtime_class(spec: Tree, shown: str, store: Store) -> Tree:
    """The pod spec with its runtime class's overhead. Raises Forbidden. # k8s: plugin/pkg/admission/runtimeclass."""
    name = spec.get("runtimeClassName")
    if not name:
        return spec
    found = store.get(RUNTIMECLASSES, "", name)
    if found is None:
        raise forbidden(PODS, shown, f'pod rejected: RuntimeClass "{name}" not found')
    overhead = (found.get("overhead") or {}).get("podFixed")
    return {**spec, "overhead": overhead} if overhead else spec


def with_tolerations(spec: Tree) -> Tree:
    """The pod spec with the default NoExecute tolerations. # k8s: plugin/pkg/admission/defaulttolerationseconds."""
    tolerations: list[Any] = spec.get("tolerations") or []
    added = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_SECONDS}
        for key in (NOT_READY, UNREACHABLE)
        if not any(_tolerates(toleration, key) for toleration in tolerations)
    ]
    return {**spec, "tolerations": [*tolerations, *added]} if added else spec


def _tolerates(toleration: Tree, key: str) -> bool:
    return toleration.get("key", "") in {key, ""} and toleration.get("effect", "") in {"NoExecute", ""}


def with_not_ready_taint(node: Tree) -> Tree:
    """A new node with the taint that keeps pods away until it is ready. # k8s: plugin/pkg/admission/nodetaint."""
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    if any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
        return node
    return {**node, "spec": {**spec, "taints": [*taints, _NOT_READY_TAINT]}}


def topology_labels(node_name: str, store: Store) -> dict[str, str]:
    """The topology labels of a node, which its pods get too. # k8s: plugin/pkg/admission/podtopologylabels."""
    node = store.get(NODES, "", node_name)
    labels = node["metadata"].get("labels") if node is not None else None
    return {key: labels[key] for key in TOPOLOGY_LABELS if key in labels} if labels else {}


def with_topology(labels: Tree | None, topology: dict[str, str]) -> Tree | None:
    """Labels with the topology of a node; what is labelled already stays, and unchanged labels are the same object."""
    if not topology or (labels and all(key in labels for key in topology)):
        return labels
    return {**topology, **(labels or {})}
