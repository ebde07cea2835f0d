"""Whether an object of a release has become what it was made for: Ready, Progressing or Failed, and why."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kubesim.objects import tree as trees
from kubesim.objects.wire import Tree

READY: Final = "Ready"
PROGRESSING: Final = "Progressing"
FAILED: Final = "Failed"
MISSING: Final = "Missing"

_WAITING: Final = frozenset({
    "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName",
    "CreateContainerError", "CreateContainerConfigError", "RunContainerError",
})  # fmt: skip


class State(NamedTuple):
    """One of the four words, with the reason when it is not Ready."""

    word: str
    reason: str = ""


def state_of(obj: Tree | None, pods: Sequence[Tree] = ()) -> State:
    """The state of an object; ``pods`` are those that it looks after, if it looks after any."""
    if obj is None:
        return State(MISSING, "not in the cluster")
    if obj["metadata"].get("deletionTimestamp"):
        return State(PROGRESSING, "being deleted")
    judge = _JUDGES.get(str(obj.get("kind", "")))
    if judge is None:
        return State(READY)
    state = judge(obj)
    if state.word == READY:
        return state
    trouble = next((text for pod in pods if (text := pod_trouble(pod))), "")
    return State(state.word, f"{state.reason.rstrip('.')}: {trouble}" if trouble else state.reason)


def pod_trouble(pod: Tree) -> str:
    """Why a pod does not run, in one line; "" when nothing is known to be wrong."""
    status = pod.get("status") or {}
    name = pod["metadata"].get("name", "")
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = trees.get(container, "state.waiting", None) or {}
        if waiting.get("reason") in _WAITING:
            return f"{name} {waiting['reason']}" + (f": {waiting['message']}" if waiting.get("message") else "")
    for found in status.get("conditions") or ():
        if found.get("type") == "PodScheduled" and found.get("status") == "False":
            return f"{name} Pending: {_first(str(found.get('message') or found.get('reason', '')))}"
    if status.get("phase") == "Failed":
        return f"{name} Failed: {status.get('message') or status.get('reason') or ''}".rstrip(": ")
    return ""


def _first(message: str) -> str:
    """The scheduler's message without what it says about preemption."""
    return message.partition(". ")[0]


def condition(obj: Tree, name: str) -> Tree | None:
    """A condition of an object's status."""
    for found in trees.get(obj, "status.conditions", None) or ():
        if found.get("type") == name:
            tree: Tree = found
            return tree
    return None


def _holds(obj: Tree, name: str) -> bool:
    found = condition(obj, name)
    return found is not None and found.get("status") == "True"


def _deployment(obj: Tree) -> State:
    progressing = condition(obj, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        return State(FAILED, str(progressing.get("message", "ProgressDeadlineExceeded")))
    return _counted(obj, "availableReplicas", "available")


def _statefulset(obj: Tree) -> State:
    return _counted(obj, "readyReplicas", "ready")


def _counted(obj: Tree, field: str, word: str) -> State:
    status = obj.get("status") or {}
    wanted = int(trees.get(obj, "spec.replicas", 1))
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return State(PROGRESSING, "not yet observed")
    updated, good = status.get("updatedReplicas", 0), status.get(field, 0)
    if updated < wanted:
        return State(PROGRESSING, f"{updated}/{wanted} updated")
    if good < wanted:
        return State(PROGRESSING, f"{good}/{wanted} {word}")
    surplus = status.get("replicas", wanted) - wanted
    return State(PROGRESSING, f"{surplus} old to go") if surplus > 0 else State(READY)


def _daemonset(obj: Tree) -> State:
    status = obj.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return State(PROGRESSING, "not yet observed")
    if status.get("updatedNumberScheduled", 0) < wanted:
        return State(PROGRESSING, f"{status.get('updatedNumberScheduled', 0)}/{wanted} updated")
    ready = status.get("numberReady", 0)
    return State(PROGRESSING, f"{ready}/{wanted} ready") if ready < wanted else State(READY)


def _replicaset(obj: Tree) -> State:
    wanted, ready = int(trees.get(obj, "spec.replicas", 1)), trees.get(obj, "status.readyReplicas", 0) or 0
    return State(PROGRESSING, f"{ready}/{wanted} ready") if ready < wanted else State(READY)


def _job(obj: Tree) -> State:
    failed = condition(obj, "Failed")
    if failed is not None and failed.get("status") == "True":
        return State(FAILED, str(failed.get("message", "") or failed.get("reason", "")))
    if _holds(obj, "Complete") or trees.get(obj, "spec.suspend", False):
        return State(READY)
    wanted = trees.get(obj, "spec.completions", 1)
    return State(PROGRESSING, f"{trees.get(obj, 'status.succeeded', 0) or 0}/{wanted} completed")


def _pod(obj: Tree) -> State:
    phase = trees.get(obj, "status.phase", "Pending")
    if phase == "Succeeded" or _holds(obj, "Ready"):
        return State(READY)
    return State(FAILED if phase == "Failed" else PROGRESSING, pod_trouble(obj) or str(phase))


def _claim(obj: Tree) -> State:
    phase = str(trees.get(obj, "status.phase", "Pending"))
    return State(READY) if phase == "Bound" else State(FAILED if phase == "Lost" else PROGRESSING, phase)


def _service(obj: Tree) -> State:
    if trees.get(obj, "spec.type", "") != "LoadBalancer":
        return State(READY)
    address = trees.get(obj, "status.loadBalancer.ingress", None)
    return State(READY) if address else State(PROGRESSING, "no address from the load balancer yet")


def _definition(obj: Tree) -> State:
    return State(READY) if _holds(obj, "Established") else State(PROGRESSING, "not established")


_JUDGES = {
    "Deployment": _deployment,
    "StatefulSet": _statefulset,
    "DaemonSet": _daemonset,
    "ReplicaSet": _replicaset,
    "Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "CustomResourceDefinition": _definition,
}
