"""Writes what became of a pod: its status, how its containers ended, and what a changed spec means for them."""

from typing import TYPE_CHECKING, Any

from kubesim.kubelet import backoff, conditions, lifecycle, notes, resizing, status
from kubesim.kubelet.admission import GRID_MS
from kubesim.kubelet.plan import INIT, Arrival
from kubesim.kubelet.record import (
    ACTIVE,
    NEW,
    NO_PROBES,
    OVER,
    PREPARING,
    RUNNING,
    STOPPING,
    TERMINATED,
    Container,
    Past,
)
from kubesim.kubelet.runtime import Ended
from kubesim.kubelet.simruntime.timeline import OUT
from kubesim.objects import pods
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

RESYNC_MS = 1_000
"""The kubelet notices within about a second that a container has ended. # k8s: PLEG relist period"""
FLEETING_MS = 500
"""A container that runs no longer is over before the kubelet looks at it."""
MAX_MESSAGE = 4096
MAX_LOG_MESSAGE = 2048
MAX_LOG_LINES = 80
"""# k8s: MaxContainerTerminationMessageLength and its fellows"""


_OTHERS = ("resourceClaimStatuses", "nominatedNodeName")
"""What others write into the status of a pod."""
_WITH_SANDBOX = (ACTIVE, STOPPING)
_HOLDS, _FAILS = (True, "", ""), (False, "", "")


# ---------------------------------------------------------------------- containers
def bury(container: Container) -> None:
    """A container's process is gone: it becomes the past."""
    process = container.process
    if process is None or process.ends is None:
        return
    ended = process.ends
    message = _last_words(container, ended)
    if message:
        ended = ended._replace(message=message)
    container.past = Past(ended, process.started_ms, container.container_id, process)
    container.state, container.process = TERMINATED, None
    container.ready = container.plan.kind == INIT and ended.code == 0
    container.started = container.stopping = False
    container.probes = NO_PROBES
    container.start_at = container.stop_at = 0
    container.touch()


def _last_words(container: Container, ended: Ended) -> str:
    process, plan = container.process, container.plan
    if process is None:
        return ""
    text = ""
    if process.program.timeline.events:
        text = process.files_at(ended.at_ms).get(plan.termination_path, "")
    if not text and plan.termination_logs and ended.code:
        lines = process.logs(ended.at_ms, MAX_LOG_LINES)
        text = "".join(f"{line.text}\n" for line in lines)[-MAX_LOG_MESSAGE:]
        said = [event for event in process.program.timeline.events if event.kind == OUT]
        # A last line that was not ended is not ended here either.
        return text if not said or said[-1].text.endswith("\n") else text.removesuffix("\n")
    return text[-MAX_MESSAGE:]


def next_try(container: Container, now: int) -> int:
    """When a container that has ended is looked at again: at once, or to find that it has to wait."""
    past = container.past
    if past is None or backoff.due(container.back_off, past.ended.at_ms) <= now:
        return now + GRID_MS
    return now + RESYNC_MS


def follow(worker: "PodWorker", old: Tree) -> None:
    """The spec has changed: take over the new plan, restart containers whose image is another one."""
    agent = worker.agent
    if worker.stage != NEW and resizing.concerns(worker, old):
        resizing.ask(worker, old)
        return
    plan = resizing.plan_of(worker)
    before = {container.plan.name: container for container in worker.containers}
    if worker.stage != NEW:
        agent.exchange(worker.plan, plan)
    worker.plan = plan
    worker.containers = []
    now = agent.loop.now
    for one in plan.containers:
        container = before.get(one.name)
        if container is None:
            worker.containers.append(Container(one))
            continue
        former, container.plan = container.plan, one
        worker.containers.append(container)
        container.touch()
        if former.image != one.image and container.state == RUNNING:
            worker.restart(container, f"Container {one.name} definition changed, will be restarted", None, now)
    deadline = worker.pod["spec"].get("activeDeadlineSeconds")
    if deadline != old["spec"].get("activeDeadlineSeconds"):
        worker.deadline = 0 if deadline is None else now + deadline * 1000


# ---------------------------------------------------------------------- status
def is_fleeting(worker: "PodWorker", now: int) -> bool:
    """Whether a container ends at once: the kubelet sees it when it has ended. # k8s: PLEG relist."""
    if worker.stage != ACTIVE:
        return False
    for container in worker.containers:
        process = container.process
        ends = process.ends if process is not None and container.state == RUNNING else None
        if process is not None and ends is not None and now <= ends.at_ms <= process.started_ms + FLEETING_MS:
            return True
    return False


def publish(worker: "PodWorker") -> None:
    """Write the status, unless the API is out of reach."""
    agent = worker.agent
    if not agent.online:
        return
    client = agent.client
    current = client.get(PODS, worker.namespace, worker.name)
    if current is None or current["metadata"].get("uid", "") != worker.uid:
        worker.dirty = False
        return
    is_first = worker.stage == PREPARING and not worker.own
    write(worker, current, _first_status(worker, current) if is_first else _status(worker, current))


def write(worker: "PodWorker", current: Tree, new: Tree) -> None:
    """Replace the status; when that fails the worker stays dirty."""
    agent = worker.agent
    try:
        stored = agent.client.update_status(PODS, {**current, "status": new})
    except ApiError as error:
        agent.last_error = str(error)
        return
    worker.dirty = False
    worker.written = stored["status"]
    if worker.stage >= ACTIVE and stored["spec"] is worker.pod["spec"]:
        # An older state of every pod need not be kept alive.
        worker.pod = stored


def _first_status(worker: "PodWorker", current: Tree) -> Tree:
    """The status of a pod that has just arrived, made from that of the pod that came before, if they are alike."""
    agent, plan, old = worker.agent, worker.plan, current.get("status") or {}
    found: list[Tree] = old.get("conditions") or []
    stamp = agent.loop.stamp()
    if len(found) != 1 or worker.start_stamp != stamp:
        return _status(worker, current)
    generation, qos = current["metadata"].get("generation", 1), old.get("qosClass")
    known = plan.arrival
    if (
        known is None
        or known.scheduled is not found[0]
        or known.stamp != stamp
        or known.generation != generation
        or known.qos != qos
    ):
        made = _status(worker, current)
        plan.arrival = Arrival(found[0], stamp, generation, qos, worker.own, made)
        return made
    worker.own = known.own
    return {**known.status, "hostIP": agent.host_ip, "hostIPs": agent.host_ips}


def running_status(worker: "PodWorker", current: Tree) -> Tree:
    """The status of an ordinary pod whose container has just started; ``current`` has the first status."""
    agent, old, ip = worker.agent, current["status"], worker.ip
    stamp, generation = agent.loop.stamp(), current["metadata"].get("generation", 1)
    worker.own, listed = agent.shared.conditions.all_true(worker.own, old["conditions"], stamp, generation)
    made: dict[str, Any] = {
        "conditions": listed,
        "hostIP": agent.host_ip,
        "hostIPs": agent.host_ips,
        "observedGeneration": generation,
        "phase": pods.RUNNING,
        "qosClass": old["qosClass"],
        "startTime": worker.start_stamp,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "containerStatuses": [worker.containers[0].tree],
    }
    for key in _OTHERS:
        if key in old:
            made[key] = old[key]
    return made


def _status(worker: "PodWorker", current: Tree) -> dict[str, Any]:
    plan, agent = worker.plan, worker.agent
    stamp, generation = agent.loop.stamp(), current["metadata"].get("generation", 1)
    old: Tree = current.get("status") or {}
    if not worker.start_stamp:
        # It never came to anything on this node: there is nothing to tell but the end.
        return {**old, "phase": worker.final or old.get("phase") or pods.PENDING}
    phase, ending = _phase(worker, old)
    made: dict[str, Any] = {
        "conditions": _conditions(worker, old.get("conditions") or [], phase, stamp, generation),
        "hostIP": agent.host_ip,
        "hostIPs": agent.host_ips,
        "observedGeneration": generation,
        "phase": phase,
        "qosClass": old.get("qosClass") or plan.qos,
        "startTime": worker.start_stamp,
    }
    if worker.reason and not ending:
        made["reason"], made["message"] = worker.reason, worker.message
        if not worker.ip and worker.stage == OVER:
            return made
    if worker.ip:
        made["podIP"] = worker.ip
        made["podIPs"] = [{"ip": worker.ip}]
    first, last = plan.init_count, plan.init_count + plan.app_count
    containers = worker.containers
    made["containerStatuses"] = status.statuses(containers[first:last], plan.creating)
    if first:
        made["initContainerStatuses"] = status.statuses(containers[:first], plan.creating_init)
    if len(containers) > last:
        made["ephemeralContainerStatuses"] = status.statuses(containers[last:], [])
    for key in _OTHERS:
        if key in old:
            made[key] = old[key]
    return made


def _phase(worker: "PodWorker", old: Tree) -> tuple[str, bool]:
    """The phase, and whether the pod comes to an end that is not told yet."""
    if worker.final and worker.stage == STOPPING:
        # k8s: status manager mergePodStatus: nothing of an end is told while containers may still run
        return old.get("phase") or pods.RUNNING, True
    if worker.final:
        return worker.final, False
    active = worker.stage >= ACTIVE
    return lifecycle.phase(worker.plan, worker.containers, terminal=False) if active else pods.PENDING, False


def _conditions(worker: "PodWorker", old: list[Tree], phase: str, stamp: str, generation: int) -> list[Tree]:
    plan, containers = worker.plan, worker.containers
    has_sandbox = _HOLDS if worker.ip and worker.stage in _WITH_SANDBOX else _FAILS
    containers_ready = lifecycle.containers_ready(plan, containers, phase)
    if plan.init_count or plan.gates or phase != pods.RUNNING:
        initialized = lifecycle.initialized(plan, containers, phase)
        verdicts = (has_sandbox, initialized, lifecycle.ready(plan, containers_ready, old), containers_ready)
    else:
        verdicts = (has_sandbox, _HOLDS, containers_ready, containers_ready)
    book = worker.agent.shared.conditions
    if worker.notes is not None:
        told = notes.during_stop(worker.notes) if worker.stage == STOPPING else worker.notes
        old = notes.merged(told, old, stamp, generation)
    before = worker.own if worker.own else conditions.adopted(old)
    worker.own = book.transition(before, verdicts, stamp, generation)
    return book.joined(worker.own, old, stamp, generation)
