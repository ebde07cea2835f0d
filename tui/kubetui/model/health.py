"""Whether an object is well, in one word, from its own fields: the colour of its row and the faults filter."""

from kubesim.objects import tree as trees
from kubesim.objects.wire import Gvr, Tree

OK = "ok"
NEW = "new"
PENDING = "pending"
ERROR = "error"
DONE = "done"
LEAVING = "leaving"
TONES = (OK, NEW, PENDING, ERROR, DONE, LEAVING)

_BROKEN = frozenset({
    "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "OOMKilled",
    "CreateContainerError", "CreateContainerConfigError", "RunContainerError", "Error", "StartError",
    "ContainerCannotRun", "PostStartHookError", "RegistryUnavailable", "SignatureValidationFailed",
})  # fmt: skip


def tone(gvr: Gvr, obj: Tree) -> str:
    """One of TONES."""
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp"):
        return LEAVING
    judge = _JUDGES.get(gvr.resource)
    return judge(obj) if judge is not None else OK


def is_fault(gvr: Gvr, obj: Tree) -> bool:
    """Whether the faults filter keeps the row."""
    return tone(gvr, obj) in {PENDING, ERROR}


def _pod(pod: Tree) -> str:
    status = pod.get("status") or {}
    phase = status.get("phase", "Pending")
    if phase == "Succeeded":
        return DONE
    if phase == "Failed":
        return ERROR
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for container in statuses:
        state = container.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason", "")
        if reason in _BROKEN:
            return ERROR
    if phase == "Pending":
        return PENDING
    return OK if _is(pod, "Ready") else PENDING


def _node(node: Tree) -> str:
    if not _is(node, "Ready"):
        return ERROR
    if trees.get(node, "spec.unschedulable", False):
        return PENDING
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    return PENDING if any(_is(node, pressure) for pressure in pressures) else OK


def _replicated(obj: Tree) -> str:
    wanted = trees.get(obj, "spec.replicas", 1)
    ready = trees.get(obj, "status.readyReplicas", 0) or 0
    progressing = _condition(obj, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        return ERROR
    if wanted == 0 and obj.get("kind") == "ReplicaSet":
        return DONE
    return OK if ready >= wanted else PENDING


def _daemonset(obj: Tree) -> str:
    wanted = trees.get(obj, "status.desiredNumberScheduled", 0)
    return OK if trees.get(obj, "status.numberReady", 0) >= wanted else PENDING


def _job(obj: Tree) -> str:
    if _is(obj, "Failed"):
        return ERROR
    return DONE if _is(obj, "Complete") else OK


def _bound(obj: Tree) -> str:
    phase = trees.get(obj, "status.phase", "")
    return OK if phase in {"Bound", "Available"} else ERROR if phase in {"Failed", "Lost"} else PENDING


def _namespace(obj: Tree) -> str:
    return LEAVING if trees.get(obj, "status.phase", "") == "Terminating" else OK


def _event(obj: Tree) -> str:
    return PENDING if obj.get("type") == "Warning" else OK


def _fault(obj: Tree) -> str:
    del obj
    return ERROR


def _told(obj: Tree) -> str:
    """Rows that the explorer makes itself say how they are."""
    return str(obj.get("tone", OK))


_JUDGES = {
    "releases": _told,
    "revisions": _told,
    "resources": _told,
    "pods": _pod,
    "nodes": _node,
    "deployments": _replicated,
    "statefulsets": _replicated,
    "replicasets": _replicated,
    "daemonsets": _daemonset,
    "jobs": _job,
    "persistentvolumeclaims": _bound,
    "persistentvolumes": _bound,
    "namespaces": _namespace,
    "events": _event,
    "faults": _fault,
}


def _condition(obj: Tree, kind: str) -> Tree | None:
    for condition in trees.get(obj, "status.conditions", None) or ():
        if condition.get("type") == kind:
            found: Tree = condition
            return found
    return None


def _is(obj: Tree, kind: str) -> bool:
    found = _condition(obj, kind)
    return found is not None and found.get("status") == "True"
