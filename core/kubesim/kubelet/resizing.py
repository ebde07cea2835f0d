"""In-place resize: whether a node can give a pod other resources, and what its containers notice of it.

# k8s: pkg/kubelet/allocation, kuberuntime doPodResizeAction
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from kubesim.kubelet import notes, status
from kubesim.kubelet.notes import Note
from kubesim.kubelet.plan import INIT, ContainerPlan, PodPlan
from kubesim.kubelet.record import RUNNING, Container
from kubesim.objects import pods, quantities
from kubesim.objects.wire import EMPTY, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.worker import PodWorker

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
DEFERRED, INFEASIBLE, ERROR = "Deferred", "Infeasible", "Error"
ACTUATION_MS = 1_000
"""How long the runtime takes to change what a container may use."""
RETRY_MS = 10_000
"""When an actuation that failed is tried again. # k8s: pod sync back-off"""
_QUALITY = {pods.GUARANTEED: 0}


class Resize:
    """What a pod has been given, while its spec may ask for something else."""

    __slots__ = ("allocated", "due", "level", "wanted")

    def __init__(self, spec: Tree) -> None:
        self.allocated = resources_of(spec)
        """The resources of each container."""
        self.level: Any = spec.get("resources")
        """The resources of the pod as a whole."""
        self.due = 0
        """When the runtime has carried it out; 0 while there is nothing to do."""
        self.wanted: PodPlan | None = None
        """What is being carried out."""

    def given(self, pod: Tree) -> Tree:
        """The pod with the resources it has been given."""
        spec = {**pod["spec"]}
        for field in ("containers", "initContainers"):
            if spec.get(field):
                spec[field] = [_with(each, self.allocated) for each in spec[field]]
        if self.level is None:
            spec.pop("resources", None)
        else:
            spec["resources"] = self.level
        return {**pod, "spec": spec}


def _with(container: Tree, allocated: Mapping[str, Any]) -> Tree:
    wanted = allocated.get(container["name"])
    return container if wanted is None else {**container, "resources": wanted}


def resources_of(spec: Tree) -> dict[str, Any]:
    """The resources of the containers of a pod by name."""
    every = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return {each["name"]: each.get("resources") or EMPTY for each in every}


def concerns(worker: "PodWorker", old: Tree) -> bool:
    """Whether a change of the spec is one of resources."""
    spec, before = worker.pod["spec"], old["spec"]
    return bool(resources_of(spec) != resources_of(before) or spec.get("resources") != before.get("resources"))


def plan_of(worker: "PodWorker") -> PodPlan:
    """The plan of a pod: with the resources that it has been given."""
    plans = worker.agent.shared.plans
    return plans.of(worker.pod if worker.resize is None else worker.resize.given(worker.pod))


# ---------------------------------------------------------------------- allocation
def ask(worker: "PodWorker", old: Tree | None = None) -> None:
    """See whether the node can give what the spec asks for, and begin to if so; ``old`` is the pod before."""
    if worker.resize is None and old is not None:
        worker.resize = Resize(old["spec"])
    resize, agent, spec = worker.resize, worker.agent, worker.pod["spec"]
    if resize is None:
        return
    agent.deferred.pop(worker.uid, None)
    if resources_of(spec) == resize.allocated and spec.get("resources") == resize.level:
        notes.put(worker, PENDING, None)
        return
    after = agent.shared.plans.of(worker.pod)
    refusal = _refusal(agent, worker.plan.requests, after.requests)
    if refusal is not None:
        reason, message = refusal
        if reason == DEFERRED:
            agent.deferred[worker.uid] = worker
        if notes.put(worker, PENDING, Note(True, reason, message)):
            text = f"Pod resize {reason}: {summary(worker.pod, message)}"
            worker.event("Warning", f"Resize{reason}", text)
        return
    resize.allocated, resize.level, resize.wanted = resources_of(spec), spec.get("resources"), after
    resize.due = agent.loop.now + ACTUATION_MS
    notes.put(worker, PENDING, None)
    notes.put(worker, IN_PROGRESS, Note(True, "", ""))
    worker.event("Normal", "ResizeStarted", f"Pod resize started: {summary(worker.pod)}")
    agent.exchange(worker.plan, after)
    worker.plan = after
    for container, plan in _pairs(worker, after):
        _show_allocation(container, plan)


def _pairs(worker: "PodWorker", plan: PodPlan) -> list[tuple[Container, ContainerPlan]]:
    known = {container.plan.name: container for container in worker.containers}
    return [(known[one.name], one) for one in plan.containers if one.name in known]


def _show_allocation(container: Container, plan: ContainerPlan) -> None:
    """The status shows what was given before that is carried out."""
    if container.state != RUNNING or container.plan.tree.get("resources") == plan.tree.get("resources"):
        container.plan = plan
        container.touch()
        return
    tree = status.container_status(container)
    container.tree = {**tree, "allocatedResources": (plan.tree.get("resources") or EMPTY).get("requests") or {}}


def _refusal(agent: "Agent", before: Mapping[str, int], after: Mapping[str, int]) -> tuple[str, str] | None:
    for name in ("memory", "cpu"):
        wanted, capacity = after.get(name, 0), agent.capacity_of(name)
        if wanted > capacity:
            text = f"Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}"
            return INFEASIBLE, text
    used = agent.describe()
    for name in ("cpu", "memory"):
        wanted, capacity = after.get(name, 0), agent.capacity_of(name)
        rest = used.get(name, 0) - before.get(name, 0)
        if wanted > before.get(name, 0) and rest + wanted > capacity:
            text = f"Node didn't have enough resource: {name}, requested: {wanted}, used: {rest}, capacity: {capacity}"
            return DEFERRED, text
    return None


def summary(pod: Tree, error: str = "") -> str:
    """What the spec asks for, as the events of a resize tell it."""
    found: dict[str, Any] = {}
    for field in ("initContainers", "containers"):
        listed = [
            {"name": each["name"], "resources": each.get("resources") or {}}
            for each in pod["spec"].get(field) or ()
            if field == "containers" or pods.is_sidecar(each)
        ]
        if listed:
            found[field] = listed
    found["generation"] = pod["metadata"].get("generation", 1)
    if error:
        found["error"] = error
    return orjson.dumps(found).decode()


def retry(agent: "Agent") -> None:
    """Something has become free: look at the resizes that wait for room."""
    for worker in sorted(agent.deferred.values(), key=_urgency):
        worker.poke()


def _urgency(worker: "PodWorker") -> tuple[int, int]:
    # k8s: allocation manager, the order of pending resizes
    return -int(worker.pod["spec"].get("priority") or 0), _QUALITY.get(worker.plan.qos, 1)


# ---------------------------------------------------------------------- actuation
def advance(worker: "PodWorker", now: int) -> None:
    """Go on with a resize: ask again for room, or tell the runtime."""
    resize = worker.resize
    if resize is None:
        return
    if worker.uid in worker.agent.deferred:
        ask(worker)
    if resize.due and resize.due <= now:
        _actuate(worker, resize, now)


def _actuate(worker: "PodWorker", resize: Resize, now: int) -> None:
    plan, resize.due = resize.wanted, 0
    if plan is None:
        return
    pairs = _pairs(worker, plan)
    worker.dirty = True
    failure = next((text for container, wanted in pairs if (text := _too_low(container, wanted, now))), "")
    if failure:
        if notes.put(worker, IN_PROGRESS, Note(True, ERROR, failure)):
            worker.event("Warning", "ResizeError", f"Pod resize error: {summary(worker.pod, failure)}")
        resize.due = now + RETRY_MS
        return
    for container, wanted in pairs:
        _change(worker, container, wanted, now)
    resize.wanted = None
    notes.put(worker, IN_PROGRESS, None)
    worker.event("Normal", "ResizeCompleted", f"Pod resize completed: {summary(worker.pod)}")


def _too_low(container: Container, wanted: ContainerPlan, now: int) -> str:
    """Why the memory limit of a running container cannot be lowered, or ""."""
    process = container.process
    if process is None or not wanted.memory_limit or wanted.memory_limit == container.plan.memory_limit:
        return ""
    if "memory" in _restarting(container.plan):
        return ""
    usage = process.usage(now)[1]
    if usage < wanted.memory_limit:
        return ""
    return (
        f'cannot decrease memory limits: attempting to set container "{wanted.name}" memory limit '
        f"({wanted.memory_limit}) below current usage ({usage})"
    )


def _restarting(plan: ContainerPlan) -> list[str]:
    policies = plan.tree.get("resizePolicy") or ()
    return [policy["resourceName"] for policy in policies if policy.get("restartPolicy") == "RestartContainer"]


def _change(worker: "PodWorker", container: Container, wanted: ContainerPlan, now: int) -> None:
    before, after = container.plan.tree.get("resources") or EMPTY, wanted.tree.get("resources") or EMPTY
    if before == after or wanted.kind == INIT:
        return
    changed = [name for name in ("cpu", "memory") if any(_differs(before, after, part, name) for part in _PARTS)]
    container.plan = wanted
    container.touch()
    if container.process is None:
        return
    if any(name in _restarting(wanted) for name in changed):
        worker.restart(container, f"Container {wanted.name} resize requires restart", None, now)
    else:
        container.process.limit_memory(wanted.memory_limit, now)


_PARTS = ("requests", "limits")


def _differs(before: Tree, after: Tree, part: str, name: str) -> bool:
    old, new = (before.get(part) or EMPTY).get(name), (after.get(part) or EMPTY).get(name)
    if old is None or new is None:
        return old is not new
    return quantities.compare(old, new) != 0
