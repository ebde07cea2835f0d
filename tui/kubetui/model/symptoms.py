"""The state of an object in one sentence, with how long it has lasted: what an explanation begins with."""

from kubesim.objects import refs
from kubesim.objects import tree as trees
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import NODES, PODS, Gvr, Tree


def symptom(gvr: Gvr, obj: Tree, now: int) -> str:
    """For instance ``pod default/web-7d9-8vq Pending for 11s``."""
    metadata = obj["metadata"]
    space = metadata.get("namespace", "")
    name = f"{str(obj.get('kind') or gvr.resource).lower()} {f'{space}/' if space else ''}{metadata['name']}"
    if metadata.get("deletionTimestamp"):
        return _lasting(f"{name} Terminating", metadata["deletionTimestamp"], now)
    if gvr == PODS:
        word, since = _pod(obj)
        return _lasting(f"{name} {word}", since, now)
    if gvr == NODES:
        ready = refs.condition(obj, "Ready") or {}
        word = "Ready" if ready.get("status") == "True" else "NotReady"
        return _lasting(f"{name} {word}", ready.get("lastTransitionTime"), now)
    return f"{name} {_workload(obj)}".rstrip()


def _lasting(text: str, since: str | None, now: int) -> str:
    return f"{text} for {human_duration(max(now - parse_time(since), 0))}" if since else text


def _pod(pod: Tree) -> tuple[str, str | None]:
    status = pod.get("status") or {}
    created = pod["metadata"].get("creationTimestamp")
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = container.get("state") or {}
        reason = (state.get("waiting") or {}).get("reason")
        if reason and reason not in {"PodInitializing", "ContainerCreating"}:
            ready = refs.condition(pod, "Ready") or {}
            return str(reason), ready.get("lastTransitionTime", created)
    phase = str(status.get("reason") or status.get("phase") or "Pending")
    if phase != "Running":
        return phase, created
    ready = refs.condition(pod, "Ready") or {}
    word = "Running and Ready" if ready.get("status") == "True" else "Running, not Ready"
    return word, ready.get("lastTransitionTime", created)


def _workload(obj: Tree) -> str:
    wanted = trees.get(obj, "spec.replicas", None)
    if wanted is None:
        return str(trees.get(obj, "status.phase", ""))
    return f"{trees.get(obj, 'status.readyReplicas', 0)} of {wanted} ready"
