"""Which pod has to go first, the words for it, and how it goes. # k8s: eviction/helpers.go."""

from typing import TYPE_CHECKING

from kubesim.kubelet import notes
from kubesim.kubelet.eviction import usage
from kubesim.kubelet.eviction.signals import DISK, MEMORY, PID, RESOURCES, Observations, threshold_of
from kubesim.kubelet.record import ACTIVE, OVER, STOPPING
from kubesim.objects import pods, quantities
from kubesim.objects.wire import EMPTY, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubesim.kubelet.settings import Threshold
    from kubesim.kubelet.worker import PodWorker

GRACE_MS = 1_000
"""# k8s: immediateEvictionGracePeriodSeconds"""
CRITICAL = 2_000_000_000
"""# k8s: SystemCriticalPriority"""
MIRROR = "kubernetes.io/config.mirror"


class Rank:
    """Who has to go first for a condition.

    # k8s: rankMemoryPressure, rankDiskPressureFunc: those above their requests, of low priority, far above;
    # rankPIDPressure: of low priority, with many processes.
    """

    def __init__(self, condition: str, now: int) -> None:
        self._condition = condition
        self._now = now

    def of(self, worker: "PodWorker") -> tuple[bool, int, int]:
        """The lowest goes first."""
        priority = int(worker.pod["spec"].get("priority") or 0)
        if self._condition == PID:
            return False, priority, -usage.pids(worker, self._now)
        if self._condition == DISK:
            used = usage.storage(worker, self._now)
        else:
            used = sum(usage.memory(worker, self._now).values())
        excess = used - worker.plan.requests.get(RESOURCES[self._condition], 0)
        return excess <= 0, priority, -excess


def is_critical(pod: Tree) -> bool:
    """Whether a pod is never evicted by its node. # k8s: kubelettypes.IsCriticalPod."""
    annotations = pod["metadata"].get("annotations") or EMPTY
    return MIRROR in annotations or int(pod["spec"].get("priority") or 0) >= CRITICAL


def told(worker: "PodWorker", condition: str, thresholds: "Sequence[Threshold]", seen: Observations, now: int) -> str:
    """The message of an eviction. # k8s: evictionMessage."""
    resource = RESOURCES[condition]
    text = f"The node was low on resource: {resource}. "
    threshold = threshold_of(resource, thresholds)
    if threshold is not None:
        observation = seen[threshold.signal]
        quantity = quantities.from_bytes(threshold.amount.of(observation.capacity))
        text += f"Threshold quantity: {quantity}, available: {quantities.from_bytes(observation.available)}. "
    used = usage.memory(worker, now) if condition == MEMORY else usage.disk(worker, now) if condition == DISK else {}
    for container in worker.containers:
        name = container.plan.name
        wanted = usage.request(container, resource)
        if used.get(name, 0) > wanted:
            amount, asked = quantities.from_bytes(used[name]), quantities.from_bytes(wanted)
            text += f"Container {name} was using {amount}, request is {asked}, has larger consumption of {resource}. "
    return text


def evict(worker: "PodWorker", message: str, grace_ms: int = GRACE_MS, *, note: bool = True) -> None:
    """End a pod for good; ``note``: with a condition that says what for."""
    worker.event("Warning", "Evicted", message)
    finish(worker, "Evicted", message, message if note else "", grace_ms)


def finish(worker: "PodWorker", reason: str, message: str, note: str, grace_ms: int) -> None:
    """Have a pod fail for a reason, and stop it; ``note`` is what the condition DisruptionTarget says, "" for none."""
    if worker.stage >= STOPPING:
        return
    worker.reason, worker.message, worker.final = reason, message, pods.FAILED
    if note:
        notes.put(worker, notes.DISRUPTED, notes.Note(True, "TerminationByKubelet", note))
    if worker.stage == ACTIVE:
        worker.stop(worker.agent.loop.now, grace_ms)
    elif worker.stage < ACTIVE:
        worker.agent.release(worker)
        worker.stage, worker.dirty = OVER, True
    worker.poke()
