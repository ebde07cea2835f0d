"""The printed row of a Pod. # k8s: pkg/printers/internalversion printPod."""

from typing import Any

from kubesim.kinds.printing import NONE, age, since
from kubesim.objects.refs import is_deleting
from kubesim.objects.wire import EMPTY, Tree

_CONDITIONS = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


class _Tally:
    """What the walk over the container statuses counts."""

    __slots__ = ("last", "ready", "reason", "restarts")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.ready = 0
        self.restarts = 0
        self.last = ""

    def restarted(self, status: Tree) -> None:
        """Count the restarts of a container; times of one format order as texts do."""
        self.restarts += status.get("restartCount") or 0
        ended = (status.get("lastState") or EMPTY).get("terminated")
        if ended is not None:
            self.last = max(self.last, ended.get("finishedAt") or "")


def pod_row(pod: Tree, now: int) -> list[Any]:
    """The cells of a Pod."""
    spec, status = pod["spec"], pod.get("status") or EMPTY
    first = spec.get("initContainers") or ()
    sidecars = {container["name"] for container in first if container.get("restartPolicy") == "Always"}
    tally = _Tally(_reason(status))
    initializing = _walk_init(tally, status, sidecars, len(first))
    if not initializing or _is_true(status, "Initialized"):
        _walk_regular(tally, status, sidecars)
    if is_deleting(pod):
        if status.get("reason") == "NodeLost":
            tally.reason = "Unknown"
        elif status.get("phase") not in {"Succeeded", "Failed"}:
            tally.reason = "Terminating"
    restarts = str(tally.restarts)
    if tally.restarts and tally.last:
        restarts = f"{restarts} ({since(tally.last, now)} ago)"
    addresses = status.get("podIPs") or ()
    return [
        pod["metadata"]["name"],
        f"{tally.ready}/{len(spec.get('containers') or ()) + len(sidecars)}",
        tally.reason,
        restarts,
        age(pod, now),
        (addresses[0].get("ip") if addresses else None) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(spec, status),
    ]


def pod_row_conditions(pod: Tree) -> list[Tree]:
    """The conditions of the row: pods that ended are marked."""
    phase = (pod.get("status") or EMPTY).get("phase")
    message = _CONDITIONS.get(phase or "")
    if message is None:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def _reason(status: Tree) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return str(status.get("reason") or status.get("phase") or "")


def _is_true(status: Tree, type_: str) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == type_:
            return bool(condition.get("status") == "True")
    return False


def _ending(ended: Tree) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    signal = ended.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{ended.get('exitCode') or 0}"


def _walk_init(tally: _Tally, status: Tree, sidecars: set[str], total: int) -> bool:
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        tally.restarted(container)
        state = container.get("state") or EMPTY
        ended, waiting = state.get("terminated"), state.get("waiting") or EMPTY
        if ended is not None and not ended.get("exitCode"):
            continue
        if container["name"] in sidecars and container.get("started"):
            tally.ready += bool(container.get("ready"))
            continue
        if ended is not None:
            tally.reason = "Init:" + _ending(ended)
        elif waiting.get("reason") and waiting["reason"] != "PodInitializing":
            tally.reason = "Init:" + waiting["reason"]
        else:
            tally.reason = f"Init:{index}/{total}"
        return True
    return False


def _walk_regular(tally: _Tally, status: Tree, sidecars: set[str]) -> None:
    # k8s: once initialized only the restarts of sidecars and regular containers count.
    tally.restarts, tally.last = 0, ""
    for container in status.get("initContainerStatuses") or ():
        if container["name"] in sidecars:
            tally.restarted(container)
    running = False
    for container in reversed(status.get("containerStatuses") or ()):
        tally.restarted(container)
        state = container.get("state") or EMPTY
        ended, waiting = state.get("terminated"), state.get("waiting") or EMPTY
        if waiting.get("reason"):
            tally.reason = waiting["reason"]
        elif ended is not None:
            tally.reason = _ending(ended)
        elif container.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    if tally.reason == "Completed" and running:
        tally.reason = "Running" if _is_true(status, "Ready") else "NotReady"


def _gates(spec: Tree, status: Tree) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return NONE
    return f"{sum(_is_true(status, gate['conditionType']) for gate in gates)}/{len(gates)}"
