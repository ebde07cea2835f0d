"""Node pressure: what memory and disk are short of, which pods have to go for it, and what the node says about it.

# k8s: pkg/kubelet/eviction
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet import notes
from kubesim.kubelet.record import ACTIVE, OVER, PREPARING, RUNNING, Container
from kubesim.kubelet.runtime import KILLED, OOM_KILLED, Ended
from kubesim.objects import pods, quantities, taints
from kubesim.objects.wire import EMPTY, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.plan import PodPlan
    from kubesim.kubelet.worker import PodWorker

MEMORY, DISK = "MemoryPressure", "DiskPressure"
RESOURCES = {MEMORY: "memory", DISK: "ephemeral-storage"}
MIN_MEMORY = 100 * 1024 * 1024
"""# k8s: memory.available<100Mi"""
MIN_DISK_PERCENT = 10
"""# k8s: nodefs.available<10%"""
OWN_MEMORY = 300 * 1024 * 1024
"""What kubelet and container runtime use themselves."""
LEFT_MEMORY = 50 * 1024 * 1024
"""What a program that eats the memory leaves, and the share of the disk that one that fills it does."""
LEFT_DISK_PERCENT = 5
TRANSITION_MS = 300_000
"""# k8s: evictionPressureTransitionPeriod"""
GRACE_MS = 1_000
"""# k8s: immediateEvictionGracePeriodSeconds"""
FIRST_LOOK_MS = 1_000
PAUSE_MS = 8_000
CRITICAL = 2_000_000_000
"""# k8s: SystemCriticalPriority"""
MIRROR = "kubernetes.io/config.mirror"
ROOT_BYTES = 24 * 1024
"""What the file system of a container takes before anything is written to it."""
MEMORY_TAINT: Tree = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


class Signal(NamedTuple):
    """A resource that is short: bytes."""

    type: str
    threshold: int
    available: int


class Eviction:
    """The eviction manager of one node."""

    __slots__ = ("_acted", "_agent", "_disk_hog", "_memory_hog", "_seen", "burdened", "peak")

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._memory_hog = self._disk_hog = self._acted = 0
        self._seen: dict[str, int] = {}
        """When a pressure was last seen, by its type; it is reported for five minutes more."""
        self.peak = 0
        """The bytes that the pods of the node can use at most."""
        self.burdened = False
        """Whether traffic has ever used memory here."""

    @property
    def pressures(self) -> tuple[str, ...]:
        """The conditions that hold."""
        return tuple(type_ for type_ in RESOURCES if type_ in self._seen)

    # ------------------------------------------------------------------ faults
    def squeeze(self, *, memory: bool, disk: bool) -> None:
        """Something outside of Kubernetes eats the memory or fills the disk of the machine, or does no more."""
        agent = self._agent
        if memory and not self._memory_hog:
            self._memory_hog = max(agent.capacity_of("memory") - self._used_memory() - LEFT_MEMORY, 1)
        elif not memory:
            self._memory_hog = 0
        if disk and not self._disk_hog:
            size = agent.capacity_of("ephemeral-storage")
            self._disk_hog = max(size * (100 - LEFT_DISK_PERCENT) // 100 - self._used_disk(), 1)
        elif not disk:
            self._disk_hog = 0
        if memory or disk:
            agent.loop.after(FIRST_LOOK_MS, self.look)

    # ------------------------------------------------------------------ watching
    def look(self) -> None:
        """See what is short, if anything can be; make room, and have the conditions reported."""
        agent = self._agent
        room = agent.capacity_of("memory") - MIN_MEMORY - OWN_MEMORY
        if not (self._seen or self._memory_hog or self._disk_hog or self.burdened or self.peak > room):
            return
        if not agent.running:
            return
        now, before = agent.loop.now, self.pressures
        short = [signal for signal in self._signals() if signal.available < signal.threshold]
        for signal in short:
            self._seen[signal.type] = now
        for type_ in [type_ for type_, seen in self._seen.items() if now - seen >= TRANSITION_MS]:
            del self._seen[type_]
        if self.pressures != before:
            agent.heartbeat.pressed(before)
        if short and now - self._acted >= PAUSE_MS:
            # k8s: one resource at a time, memory first; the usage is known anew every ten seconds
            self._acted = now
            self._make_room(short[0], now)

    def _signals(self) -> tuple[Signal, Signal]:
        agent = self._agent
        memory, disk = agent.capacity_of("memory"), agent.capacity_of("ephemeral-storage")
        return (
            Signal(MEMORY, MIN_MEMORY, memory - self._memory_hog - self._used_memory()),
            Signal(DISK, disk * MIN_DISK_PERCENT // 100, disk - self._disk_hog - self._used_disk()),
        )

    def _used_memory(self) -> int:
        now = self._agent.loop.now
        return OWN_MEMORY + sum(sum(_memory(worker, now).values()) for worker in self._agent.workers.values())

    def _used_disk(self) -> int:
        agent = self._agent
        own = sum(sum(_disk(worker, 0).values()) for worker in agent.workers.values())
        return own + sum(agent.images.present.values())

    # ------------------------------------------------------------------ acting
    def _make_room(self, signal: Signal, now: int) -> None:
        agent = self._agent
        resource = RESOURCES[signal.type]
        agent.heartbeat.warn("EvictionThresholdMet", f"Attempting to reclaim {resource}")
        if signal.type == MEMORY and signal.available < 0:
            self._kill_by_system(now)
        if signal.type == DISK and self._collect_images() and self._signals()[1].available >= signal.threshold:
            return
        use = _memory if signal.type == MEMORY else _disk
        candidates = [
            worker
            for worker in agent.workers.values()
            if worker.stage in {PREPARING, ACTIVE} and not worker.deleting and not is_critical(worker.pod)
        ]
        if candidates:
            first = min(candidates, key=_Rank(use, resource, now).of)
            evict(first, _told(first, use(first, now), resource, signal))

    def _collect_images(self) -> bool:
        """Remove the images that no pod uses; whether there were any. # k8s: imageGC.DeleteUnusedImages."""
        agent = self._agent
        used = {
            container.plan.reference.full
            for worker in agent.workers.values()
            for container in worker.containers
            if container.plan.reference is not None
        }
        unused = [full for full in agent.images.present if full not in used]
        for full in unused:
            del agent.images.present[full]
        agent.heartbeat.changed = agent.heartbeat.changed or bool(unused)
        return bool(unused)

    def _kill_by_system(self, now: int) -> None:
        """The kernel kills what uses the most above its request. # k8s: oom watcher."""
        worst: tuple[int, PodWorker, Container] | None = None
        for worker in self._agent.workers.values():
            if is_critical(worker.pod):
                continue
            for container in worker.containers:
                if container.state == RUNNING and container.process is not None:
                    excess = container.process.usage(now)[1] - _request(container, "memory")
                    if worst is None or excess > worst[0]:
                        worst = (excess, worker, container)
        if worst is None or worst[2].process is None:
            return
        _, worker, container = worst
        process = worst[2].process
        name = process.program.argv[0].rpartition("/")[2] if process.program.argv else container.plan.name
        self._agent.heartbeat.warn("SystemOOM", f"System OOM encountered, victim process: {name}, pid: 1")
        process.ends = Ended(now, KILLED, OOM_KILLED)
        worker.poke()

    # ------------------------------------------------------------------ admission
    def refusal(self, pod: Tree, plan: "PodPlan") -> tuple[str, str] | None:
        """Reason and message when a pod may not come while something is short. # k8s: managerImpl.Admit."""
        if not self._seen or is_critical(pod):
            return None
        if list(self._seen) == [MEMORY]:
            tolerations = pod["spec"].get("tolerations") or ()
            if plan.qos != pods.BEST_EFFORT or any(taints.covers(each, MEMORY_TAINT) for each in tolerations):
                return None
        return "Evicted", f"The node had condition: [{' '.join(self.pressures)}]. "


class _Rank:
    """Who has to go first: those above their requests, of low priority, far above. # k8s: rankMemoryPressure."""

    def __init__(self, use: "Callable[[PodWorker, int], dict[str, int]]", resource: str, now: int) -> None:
        self._use = use
        self._resource = resource
        self._now = now

    def of(self, worker: "PodWorker") -> tuple[bool, int, int]:
        """The lowest goes first."""
        used = sum(self._use(worker, self._now).values())
        excess = used - worker.plan.requests.get(self._resource, 0)
        return excess <= 0, int(worker.pod["spec"].get("priority") or 0), -excess


def is_critical(pod: Tree) -> bool:
    """Whether a pod is never evicted by its node. # k8s: kubelettypes.IsCriticalPod."""
    annotations = pod["metadata"].get("annotations") or EMPTY
    return MIRROR in annotations or int(pod["spec"].get("priority") or 0) >= CRITICAL


def _memory(worker: "PodWorker", now: int) -> dict[str, int]:
    return {
        container.plan.name: container.process.usage(now)[1]
        for container in worker.containers
        if container.state == RUNNING and container.process is not None
    }


def _disk(worker: "PodWorker", now: int) -> dict[str, int]:
    del now
    found: dict[str, int] = {}
    for container in worker.containers:
        process = container.process
        if container.state == RUNNING and process is not None:
            written = sum(len(text) for text in (process.layer or {}).values() if text)
            found[container.plan.name] = ROOT_BYTES + written
    return found


def _request(container: Container, resource: str) -> int:
    requests = (container.plan.tree.get("resources") or EMPTY).get("requests") or EMPTY
    return quantities.value(requests[resource]) if resource in requests else 0


def _told(worker: "PodWorker", used: dict[str, int], resource: str, signal: Signal) -> str:
    """The message of an eviction. # k8s: evictionMessage."""
    threshold = quantities.from_bytes(signal.threshold)
    available = quantities.from_bytes(signal.available)
    text = f"The node was low on resource: {resource}. Threshold quantity: {threshold}, available: {available}. "
    for container in worker.containers:
        name = container.plan.name
        wanted = _request(container, resource)
        if used.get(name, 0) > wanted:
            amount, request = quantities.from_bytes(used[name]), quantities.from_bytes(wanted)
            text += f"Container {name} was using {amount}, request is {request}, has larger consumption of {resource}. "
    return text


def evict(worker: "PodWorker", message: str) -> None:
    """End a pod for good."""
    now = worker.agent.loop.now
    worker.reason, worker.message, worker.final = "Evicted", message, pods.FAILED
    notes.put(worker, "DisruptionTarget", notes.Note(True, "TerminationByKubelet", message))
    worker.event("Warning", "Evicted", message)
    if worker.stage == ACTIVE:
        worker.stop(now, GRACE_MS)
    elif worker.stage < ACTIVE:
        worker.agent.release(worker)
        worker.stage, worker.dirty = OVER, True
    worker.poke()
