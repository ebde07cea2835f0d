"""What a Deployment reports: counts, the Available and Progressing conditions, and when to look for a stall again."""

from collections.abc import Sequence
from typing import Any

from kubesim.controllers.deployment import plan
from kubesim.objects import refs
from kubesim.objects.times import format_time, parse_time
from kubesim.objects.wire import EMPTY, Tree

PROGRESSING, AVAILABLE, FAILURE = "Progressing", "Available", "ReplicaFailure"
CREATED, FOUND, UPDATED = "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"
COMPLETE, TIMED_OUT, CREATE_ERROR = "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "ReplicaSetCreateError"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
NO_DEADLINE = 2**31 - 1


def make(kind: str, status: str, reason: str, message: str, now: int) -> dict[str, Any]:
    """A DeploymentCondition."""
    stamp = format_time(now)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def find(conditions: Sequence[Tree], kind: str) -> Tree | None:
    """The condition of a type, or None."""
    return next((each for each in conditions if each["type"] == kind), None)


def put(conditions: list[Tree], new: Tree) -> list[Tree]:
    """Set a condition: nothing happens while status and reason stay; else it moves to the end.

    # k8s: deployment/util SetDeploymentCondition
    """
    old = find(conditions, new["type"])
    if old is not None and old["status"] == new["status"]:
        if old.get("reason") == new["reason"]:
            return conditions
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*drop(conditions, new["type"]), new]


def drop(conditions: list[Tree], kind: str) -> list[Tree]:
    """The conditions without one type."""
    return [each for each in conditions if each["type"] != kind]


def has_deadline(deployment: Tree) -> bool:
    """Whether lack of progress is to be noticed."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != NO_DEADLINE


def conditions_of(deployment: Tree) -> list[Tree]:
    """The present conditions."""
    return (deployment.get("status") or EMPTY).get("conditions") or []


def paused_condition(deployment: Tree, now: int) -> list[Tree] | None:
    """The conditions when a pause has just begun or ended, else None. # k8s: checkPausedConditions."""
    conditions = conditions_of(deployment)
    current = find(conditions, PROGRESSING)
    if not has_deadline(deployment) or (current is not None and current.get("reason") == TIMED_OUT):
        return None
    noted = current is not None and current.get("reason") == PAUSED
    paused = bool(deployment["spec"].get("paused"))
    if paused and not noted:
        return put(conditions, make(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now))
    if not paused and noted:
        return put(conditions, make(PROGRESSING, "Unknown", RESUMED, "Deployment is resumed", now))
    return None


def observe(deployment: Tree, new: Tree | None, every: Sequence[Tree], now: int) -> dict[str, Any]:
    """Counts and availability, without judging progress. # k8s: deployment/sync.go calculateStatus."""
    available = _sum(every, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _sum(every, "replicas"),
        "updatedReplicas": 0 if new is None else plan.reported(new, "replicas"),
        "readyReplicas": _sum(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, plan.total(every) - available),
    }
    status: dict[str, Any] = {field: count for field, count in counts.items() if count}
    terminating = _terminating(every)
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    if available >= plan.replicas(deployment) - plan.max_unavailable(deployment):
        judged = make(AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    else:
        text = "Deployment does not have minimum availability."
        judged = make(AVAILABLE, "False", "MinimumReplicasUnavailable", text, now)
    status["conditions"] = put(conditions_of(deployment), judged)
    collisions = (deployment.get("status") or EMPTY).get("collisionCount")
    if collisions is not None:
        status["collisionCount"] = collisions
    return status


def _sum(replica_sets: Sequence[Tree], field: str) -> int:
    return sum(plan.reported(each, field) for each in replica_sets)


def _terminating(replica_sets: Sequence[Tree]) -> int | None:
    # k8s: one ReplicaSet that does not tell makes the sum unknown.
    count = 0
    for each in replica_sets:
        known = (each.get("status") or EMPTY).get("terminatingReplicas")
        if known is None:
            return None
        count += known
    return count


def is_complete(deployment: Tree, status: Tree) -> bool:
    """Whether all wished pods are new and available, and no others are left."""
    desired = plan.replicas(deployment)
    return bool(
        status.get("updatedReplicas", 0) == desired
        and status.get("replicas", 0) == desired
        and status.get("availableReplicas", 0) == desired
        and status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    )


def _is_progressing(deployment: Tree, new: Tree) -> bool:
    old = deployment.get("status") or EMPTY
    return bool(
        new.get("updatedReplicas", 0) > old.get("updatedReplicas", 0)
        or _old_replicas(new) < _old_replicas(old)
        or new.get("readyReplicas", 0) > old.get("readyReplicas", 0)
        or new.get("availableReplicas", 0) > old.get("availableReplicas", 0)
    )


def _old_replicas(status: Tree) -> int:
    return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))


def _is_timed_out(deployment: Tree, current: Tree | None, now: int) -> bool:
    if current is None or current.get("reason") == COMPLETE:
        return False
    if current.get("reason") == TIMED_OUT:
        return True
    return _deadline(deployment, current) < now


def _deadline(deployment: Tree, current: Tree) -> int:
    seconds: int = deployment["spec"]["progressDeadlineSeconds"]
    return parse_time(current["lastUpdateTime"]) + seconds * 1000


def judge(deployment: Tree, new: Tree | None, every: Sequence[Tree], now: int) -> dict[str, Any]:
    """The whole status during a rollout. # k8s: deployment/progress.go syncRolloutStatus."""
    status = observe(deployment, new, every, now)
    conditions: list[Tree] = status["conditions"]
    current = find(conditions_of(deployment), PROGRESSING)
    settled = (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current.get("reason") == COMPLETE
    )
    if not has_deadline(deployment):
        conditions = drop(conditions, PROGRESSING)
    elif not settled:
        conditions = _progress(deployment, new, status, current, now)
    failure = _failure(new, every)
    conditions = put(conditions, failure) if failure is not None else drop(conditions, FAILURE)
    return _with_conditions(status, conditions)


def _progress(deployment: Tree, new: Tree | None, status: Tree, current: Tree | None, now: int) -> list[Tree]:
    conditions: list[Tree] = status["conditions"]
    subject = f'Deployment "{deployment["metadata"]["name"]}"'
    if new is not None:
        subject = f'ReplicaSet "{new["metadata"]["name"]}"'
    if is_complete(deployment, status):
        return put(conditions, make(PROGRESSING, "True", COMPLETE, f"{subject} has successfully progressed.", now))
    if _is_progressing(deployment, status):
        moved = make(PROGRESSING, "True", UPDATED, f"{subject} is progressing.", now)
        if current is not None and current["status"] == "True":
            moved["lastTransitionTime"] = current["lastTransitionTime"]
        # Progress is written down even when nothing but its time changes, so the condition is dropped first.
        return put(drop(conditions, PROGRESSING), moved)
    if _is_timed_out(deployment, current, now):
        return put(conditions, make(PROGRESSING, "False", TIMED_OUT, f"{subject} has timed out progressing.", now))
    return conditions


def _failure(new: Tree | None, every: Sequence[Tree]) -> Tree | None:
    for each in (*([new] if new is not None else ()), *every):
        found = refs.condition(each, FAILURE)
        if found is not None:
            return {
                "type": FAILURE,
                "status": found["status"],
                "lastUpdateTime": found["lastTransitionTime"],
                "lastTransitionTime": found["lastTransitionTime"],
                "reason": found.get("reason", ""),
                "message": found.get("message", ""),
            }
    return None


def _with_conditions(status: Tree, conditions: list[Tree]) -> dict[str, Any]:
    # Field order as in Kubernetes' output: the collision count comes last.
    changed = {key: value for key, value in status.items() if key not in {"conditions", "collisionCount"}}
    if conditions:
        changed["conditions"] = conditions
    if "collisionCount" in status:
        changed["collisionCount"] = status["collisionCount"]
    return changed


def next_check(deployment: Tree, status: Tree, now: int) -> int | None:
    """In how many milliseconds a stall could have to be reported, or None. # k8s: requeueStuckDeployment."""
    current = find(status.get("conditions") or (), PROGRESSING)
    if not has_deadline(deployment) or current is None:
        return None
    if is_complete(deployment, status) or current.get("reason") == TIMED_OUT:
        return None
    # A second more than needed: the condition's time has no milliseconds.
    return max(_deadline(deployment, current) - now, 0) + 1000
