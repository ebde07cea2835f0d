"""What may change in a Pod once it is created. # k8s: core/validation ValidatePodUpdate, ValidatePodStatusUpdate."""

from typing import Any

import orjson

from kubesim.kinds import goshape
from kubesim.kinds.fielderrors import IMMUTABLE, forbidden, invalid
from kubesim.kinds.formats import address, qualified
from kubesim.kinds.pod.placement import validate_tolerations
from kubesim.kinds.shapes import drop, take
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

MUTABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_SYSTEM_CONDITIONS = frozenset(("PodScheduled", "Ready", "Initialized"))


def validate_spec_update(new: Tree, old: Tree) -> list[Cause]:
    """Rules broken by changing a pod spec to another."""
    for name in ("containers", "initContainers"):
        if len(new.get(name) or ()) != len(old.get(name) or ()):
            return [forbidden(f"spec.{name}", "pod updates may not add or remove containers")]
    found = _deadline(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    if found and new.get("activeDeadlineSeconds") is not None:
        return found
    found += _tolerations(new.get("tolerations") or [], old.get("tolerations") or [])
    found += _scheduling_gates(new.get("schedulingGates") or [], old.get("schedulingGates") or [])
    return found + _rest(new, old)


def _deadline(new: int | None, old: int | None) -> list[Cause]:
    field = "spec.activeDeadlineSeconds"
    if new is None:
        why = "must not update from a positive integer to nil value"
        return [] if old is None else [invalid(field, None, why)]
    if not 0 <= new <= 2147483647:
        return [invalid(field, new, "must be between 0 and 2147483647, inclusive")]
    if old is not None and old < new:
        return [invalid(field, new, "must be less than or equal to previous value")]
    return []


def _tolerations(new: list[Any], old: list[Any]) -> list[Cause]:
    if new is old:
        return []
    known = {_lasting(after) for after in new}
    for before in old:
        if _lasting(before) not in known:
            why = "existing toleration can not be modified except its tolerationSeconds"
            return [forbidden("spec.tolerations", why)]
    return validate_tolerations("spec.tolerations", new)


def _lasting(toleration: Tree) -> bytes:
    return orjson.dumps(drop(toleration, "tolerationSeconds"), option=orjson.OPT_SORT_KEYS)


def _scheduling_gates(new: list[Any], old: list[Any]) -> list[Cause]:
    known = {gate.get("name") for gate in old}
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
        )
        for index, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def _rest(new: Tree, old: Tree) -> list[Cause]:
    level = take(new, old, "activeDeadlineSeconds", "tolerations", "schedulingGates")
    for name in ("containers", "initContainers"):
        if new.get(name):
            pairs = zip(new[name], old[name], strict=True)
            level = {**level, name: [take(after, before, "image") for after, before in pairs]}
    grace = old.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0 and level.get("terminationGracePeriodSeconds") == 1:
        level = take(level, old, "terminationGracePeriodSeconds")
    found: list[Cause] = []
    if old.get("schedulingGates"):
        found, level = _gated(level, old)
    if level == old:
        return found
    diff = goshape.difference(goshape.pod_spec(old), goshape.pod_spec(level))
    if not diff:
        return found
    return [*found, forbidden("spec", f"pod updates may not change fields other than {MUTABLE}\n{diff}")]


def _gated(level: Tree, old: Tree) -> tuple[list[Cause], Tree]:
    # k8s: while a pod waits behind scheduling gates its node selection may be narrowed.
    found: list[Cause] = []
    before, after = old.get("nodeSelector") or EMPTY, level.get("nodeSelector") or EMPTY
    if any(after.get(name) != value for name, value in before.items()):
        why = "only additions are allowed to spec.nodeSelector (no mutations or deletions)"
        found.append(invalid("spec.nodeSelector", after, why))
    level = take(level, old, "nodeSelector")
    affinity, known = level.get("affinity") or EMPTY, old.get("affinity") or EMPTY
    if affinity.get("nodeAffinity") != known.get("nodeAffinity"):
        merged = take(affinity, known, "nodeAffinity")
        level = {**level, "affinity": merged} if merged or "affinity" in old else drop(level, "affinity")
    return found, level


# ---------------------------------------------------------------------- status
def validate_status_update(new: Tree, old: Tree) -> list[Cause]:
    """Rules broken by changing the status of a Pod."""
    status, before = new.get("status") or EMPTY, old.get("status") or EMPTY
    found: list[Cause] = []
    conditions = status.get("conditions") or ()
    if conditions is not before.get("conditions"):
        for index, condition in enumerate(conditions):
            if condition.get("type") not in _SYSTEM_CONDITIONS:
                found += qualified(f"status.conditions[{index}].Type", condition.get("type") or "")
    if status.get("qosClass") != before.get("qosClass"):
        found.append(invalid("status.qosClass", status.get("qosClass") or "", IMMUTABLE))
    policy = (old.get("spec") or EMPTY).get("restartPolicy")
    if policy != "Always":
        found += _resurrected(status, before, policy or "")
    for index, entry in enumerate(status.get("podIPs") or ()):
        found += address(f"status.podIPs[{index}]", entry.get("ip") or "")
    return found


def _resurrected(status: Tree, before: Tree, policy: str) -> list[Cause]:
    found: list[Cause] = []
    running = {
        current.get("name")
        for current in status.get("containerStatuses") or ()
        if not (current.get("state") or EMPTY).get("terminated")
    }
    for index, known in enumerate(before.get("containerStatuses") or ()):
        ended = (known.get("state") or EMPTY).get("terminated")
        if ended is None or (ended.get("exitCode") and policy == "OnFailure") or known.get("name") not in running:
            continue
        why = "may not be transitioned to non-terminated state"
        found.append(forbidden(f"status.containerStatuses[{index}].state", why))
    return found
