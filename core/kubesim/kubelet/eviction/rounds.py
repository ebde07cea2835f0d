"""The eviction manager of one node: what is observed in one round, and what is done for it.

# k8s: eviction_manager.go synchronize
"""

from typing import TYPE_CHECKING

from kubesim.kubelet import settings
from kubesim.kubelet.eviction import local_storage, signals, usage
from kubesim.kubelet.eviction.acting import GRACE_MS, Rank, evict, is_critical, told
from kubesim.kubelet.eviction.signals import CONDITIONS, DISK, MEMORY, PRESSURES, RESOURCES, Observation
from kubesim.kubelet.record import ACTIVE, PREPARING, RUNNING, Container
from kubesim.kubelet.runtime import KILLED, OOM_KILLED, Ended
from kubesim.objects import pods, taints
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.plan import PodPlan
    from kubesim.kubelet.settings import Threshold
    from kubesim.kubelet.worker import PodWorker

OWN_MEMORY = 300 * 1024 * 1024
"""What kubelet and container runtime use themselves."""
LEFT_MEMORY = 50 * 1024 * 1024
"""What a program that eats the memory leaves, and the share that one that fills the disk or the process table does."""
LEFT_PERCENT = 5
FIRST_LOOK_MS = 1_000
PAUSE_MS = 8_000
MEMORY_TAINT: Tree = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


class Eviction:
    """The eviction manager of one node."""

    __slots__ = (
        "_acted", "_agent", "_disk_hog", "_first", "_memory_hog", "_met", "_pid_hog", "_room", "_seen", "burdened",
        "peak", "watched",
    )  # fmt: skip

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._memory_hog = self._disk_hog = self._pid_hog = self._acted = 0
        self._met: list[Threshold] = []
        """The thresholds met for longer than their grace, until enough is reclaimed."""
        self._first: dict[Threshold, int] = {}
        """Since when a threshold is met."""
        self._seen: dict[str, int] = {}
        """When a pressure was last seen, by its type; it is reported for five minutes more."""
        capacity = agent.capacity_of("memory")
        wanted = [
            each.amount.of(capacity) for each in agent.settings.thresholds if CONDITIONS.get(each.signal) == MEMORY
        ]
        self._room = capacity - OWN_MEMORY - max(wanted, default=0)
        """What pods can use without anything being short."""
        self.peak = 0
        """The bytes that the pods of the node can use at most."""
        self.burdened = False
        """Whether traffic has ever used memory here, or somebody has written much to the disk."""
        self.watched = 0
        """How many pods of the node have limits for what they write, or may write much."""

    @property
    def pressures(self) -> tuple[str, ...]:
        """The conditions that hold."""
        return tuple(type_ for type_ in PRESSURES if type_ in self._seen)

    # ------------------------------------------------------------------ faults
    def squeeze(self, *, memory: bool, disk: bool, pids: bool = False) -> None:
        """Something outside of Kubernetes eats memory, disk or process numbers of the machine, or does no more."""
        agent = self._agent
        if memory and not self._memory_hog:
            self._memory_hog = max(agent.capacity_of("memory") - self._used_memory() - LEFT_MEMORY, 1)
        elif not memory:
            self._memory_hog = 0
        if disk and not self._disk_hog:
            size = agent.capacity_of("ephemeral-storage")
            self._disk_hog = max(size * (100 - LEFT_PERCENT) // 100 - self._used_disk(), 1)
        elif not disk:
            self._disk_hog = 0
        if pids and not self._pid_hog:
            self._pid_hog = max(usage.MAX_PIDS * (100 - LEFT_PERCENT) // 100 - self._used_pids(), 1)
        elif not pids:
            self._pid_hog = 0
        if memory or disk or pids:
            agent.loop.after(FIRST_LOOK_MS, self.look)

    # ------------------------------------------------------------------ watching
    def look(self) -> None:
        """See what is short, if anything can be; make room, and have the conditions reported."""
        agent = self._agent
        hogs = self._memory_hog or self._disk_hog or self._pid_hog
        if not (self._seen or hogs or self.burdened or self.watched or self.peak > self._room):
            return
        if not agent.running:
            return
        now, before = agent.loop.now, self.pressures
        seen = self.observe()
        short = signals.met(agent.settings.thresholds, seen, reclaimed=False)
        short = signals.merged(short, signals.met(self._met, seen, reclaimed=True))
        self._first = {each: self._first.get(each, now) for each in short}
        for each in short:
            self._seen[CONDITIONS[each.signal]] = now
        for type_ in [type_ for type_, at in self._seen.items() if now - at >= agent.settings.transition_ms]:
            del self._seen[type_]
        self._met = [each for each, since in self._first.items() if now - since >= each.grace_ms]
        if self.pressures != before:
            agent.heartbeat.pressed(before)
        if self.watched and local_storage.evict_all(list(agent.workers.values()), now):
            return
        if self._met and now - self._acted >= PAUSE_MS:
            # k8s: one resource at a time, memory first; the usage is known anew every ten seconds
            self._acted = now
            self._make_room(signals.by_priority(self._met), seen, now)

    def observe(self) -> dict[str, Observation]:
        """What there is and what is free, by signal."""
        agent = self._agent
        memory, disk = agent.capacity_of("memory"), agent.capacity_of("ephemeral-storage")
        on_disk = Observation(disk, self.free_disk())
        return {
            settings.MEMORY_AVAILABLE: Observation(memory, memory - self._memory_hog - self._used_memory()),
            settings.NODEFS_AVAILABLE: on_disk,
            settings.IMAGEFS_AVAILABLE: on_disk,
            settings.PID_AVAILABLE: Observation(usage.MAX_PIDS, usage.MAX_PIDS - self._pid_hog - self._used_pids()),
        }

    def free_disk(self) -> int:
        """The bytes that are free on the node's disk."""
        agent = self._agent
        if not (self._disk_hog or self.burdened or self.watched):
            # What pods write is nothing beside the images.
            return agent.capacity_of("ephemeral-storage") - sum(agent.images.present.values())
        return agent.capacity_of("ephemeral-storage") - self._disk_hog - self._used_disk()

    def _used_memory(self) -> int:
        now = self._agent.loop.now
        return OWN_MEMORY + sum(sum(usage.memory(worker, now).values()) for worker in self._agent.workers.values())

    def _used_disk(self) -> int:
        agent = self._agent
        own = sum(usage.storage(worker, agent.loop.now) for worker in agent.workers.values())
        return own + sum(agent.images.present.values())

    def _used_pids(self) -> int:
        now = self._agent.loop.now
        return usage.OWN_PIDS + sum(usage.pids(worker, now) for worker in self._agent.workers.values())

    # ------------------------------------------------------------------ acting
    def _make_room(self, thresholds: "Sequence[Threshold]", seen: "signals.Observations", now: int) -> None:
        agent = self._agent
        threshold = thresholds[0]
        condition = CONDITIONS[threshold.signal]
        agent.heartbeat.warn("EvictionThresholdMet", f"Attempting to reclaim {RESOURCES[condition]}")
        if condition == MEMORY and seen[threshold.signal].available < 0:
            self._kill_by_system(now)
        if condition == DISK and agent.reclaim_images() and not self._still_short():
            return
        candidates = [
            worker
            for worker in agent.workers.values()
            if worker.stage in {PREPARING, ACTIVE} and not worker.deleting and not is_critical(worker.pod)
        ]
        if candidates:
            first = min(candidates, key=Rank(condition, now).of)
            grace = agent.settings.grace_ms if threshold.grace_ms else GRACE_MS
            evict(first, told(first, condition, thresholds, seen, now), grace)

    def _still_short(self) -> bool:
        """Whether anything is short after images have gone. # k8s: reclaimNodeLevelResources."""
        return bool(signals.met(self._agent.settings.thresholds, self.observe(), reclaimed=True))

    def _kill_by_system(self, now: int) -> None:
        """The kernel kills what uses the most above its request. # k8s: oom watcher."""
        worst: tuple[int, PodWorker, Container] | None = None
        for worker in self._agent.workers.values():
            if is_critical(worker.pod):
                continue
            for container in worker.containers:
                if container.state == RUNNING and container.process is not None:
                    excess = container.process.usage(now)[1] - usage.request(container, "memory")
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
