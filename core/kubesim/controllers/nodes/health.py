"""What a node's conditions mean: Unknown after silence, the taints that follow, the labels that must agree."""

from collections.abc import Sequence
from typing import Any

from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Tree

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"
HEARD = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
"""The conditions that become Unknown when the kubelet falls silent."""

_CONDITION_TAINTS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_MANAGED = (UNSCHEDULABLE, *dict.fromkeys(_CONDITION_TAINTS.values()))
_LABELS = (("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch"))
_ZONE, _REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"


def ready_status(node: Tree) -> str:
    """The status of the Ready condition, "" when it was never posted."""
    found = refs.condition(node, "Ready")
    return "" if found is None else str(found["status"])


def zone_of(node: Tree) -> str:
    """Region and zone as one value. # k8s: component-helpers/node/topology GetZoneKey."""
    labels = refs.labels(node)
    region, zone = labels.get(_REGION, ""), labels.get(_ZONE, "")
    return f"{region}:\x00:{zone}" if region or zone else ""


def silent_conditions(node: Tree, stamp: str) -> list[Tree]:
    """The conditions of a node that has not been heard of for too long.

    # k8s: node_lifecycle_controller.go tryUpdateNodeHealth
    """
    conditions: list[Tree] = list((node.get("status") or EMPTY).get("conditions") or ())
    places = {each["type"]: place for place, each in enumerate(conditions)}
    for kind in HEARD:
        if kind not in places:
            conditions.append(
                {
                    "type": kind,
                    "status": "Unknown",
                    "lastHeartbeatTime": node["metadata"].get("creationTimestamp"),
                    "lastTransitionTime": stamp,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
        elif conditions[places[kind]]["status"] != "Unknown":
            conditions[places[kind]] = {
                **conditions[places[kind]],
                "status": "Unknown",
                "lastTransitionTime": stamp,
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
    return conditions


def taints_of(node: Tree) -> list[Tree]:
    """The taints of a node."""
    found: list[Tree] = node["spec"].get("taints") or [] if node.get("spec") else []
    return found


def has_taint(node: Tree, key: str, effect: str) -> bool:
    """Whether a node carries a taint."""
    return any(each["key"] == key and each["effect"] == effect for each in taints_of(node))


def swap_taints(
    taints: Sequence[Tree], add: Sequence[tuple[str, str]], remove: Sequence[tuple[str, str]], stamp: str
) -> list[Tree]:
    """The taints with some (key, effect) put at the end and some taken away."""
    kept = [each for each in taints if (each["key"], each["effect"]) not in remove]
    present = {(each["key"], each["effect"]) for each in kept}
    new = [{"key": key, "effect": effect, "timeAdded": stamp} for key, effect in add if (key, effect) not in present]
    return [*kept, *new]


def schedule_taints(node: Tree, stamp: str) -> list[Tree]:
    """The taints with the NoSchedule ones as conditions and cordon ask for; equal to the present ones when they do.

    # k8s: node_lifecycle_controller.go doNoScheduleTaintingPass
    """
    wished = [
        (_CONDITION_TAINTS[each["type"], each["status"]], NO_SCHEDULE)
        for each in (node.get("status") or EMPTY).get("conditions") or ()
        if (each["type"], each["status"]) in _CONDITION_TAINTS
    ]
    if (node.get("spec") or EMPTY).get("unschedulable"):
        wished.append((UNSCHEDULABLE, NO_SCHEDULE))
    present = taints_of(node)
    gone = [
        (each["key"], NO_SCHEDULE)
        for each in present
        if each["effect"] == NO_SCHEDULE and each["key"] in _MANAGED and (each["key"], NO_SCHEDULE) not in wished
    ]
    return swap_taints(present, wished, gone, stamp)


def agreeing_labels(node: Tree) -> Tree:
    """The labels with the old names of os and architecture beside the new ones; the same mapping when they agree."""
    labels = refs.labels(node)
    changes = {old: labels[name] for name, old in _LABELS if name in labels and labels.get(old) != labels[name]}
    return {**labels, **changes} if changes else labels


def with_spec(node: Tree, taints: Sequence[Tree]) -> dict[str, Any]:
    """The node with other taints."""
    spec = {key: value for key, value in (node.get("spec") or EMPTY).items() if key != "taints"}
    if taints:
        spec["taints"] = list(taints)
    return {**node, "spec": spec}


def not_ready_pod(pod: Tree, stamp: str) -> Tree:
    """The pod with Ready False; the same pod when it is that already or has no such condition."""
    conditions = (pod.get("status") or EMPTY).get("conditions") or []
    for place, each in enumerate(conditions):
        if each["type"] == "Ready" and each["status"] != "False":
            changed = {**each, "status": "False", "lastTransitionTime": stamp}
            return {
                **pod,
                "status": {**pod["status"], "conditions": [*conditions[:place], changed, *conditions[place + 1 :]]},
            }
    return pod
