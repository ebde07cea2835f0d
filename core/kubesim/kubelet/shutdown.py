"""Graceful node shutdown: pods are stopped in the order of their priority, then the machine goes off.

# k8s: pkg/kubelet/nodeshutdown
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubesim.kubelet.eviction import acting
from kubesim.kubelet.record import ACTIVE, OVER, PREPARING
from kubesim.objects.wire import EMPTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.settings import ShutdownStep
    from kubesim.kubelet.worker import PodWorker

REASON, MESSAGE = "Terminated", "Pod was terminated in response to imminent node shutdown."
REFUSAL = ("NodeShutdown", "Pod was rejected as the node is shutting down.")
OFF_MS = 2_000
"""How long the system takes to go off, in which the kubelet still says how its pods ended."""
LOOK_MS = 500
"""How often it is looked whether a group of pods has ended."""


class Shutdown:
    """The shutdown manager of one node. ``told`` hears when the machine goes off."""

    __slots__ = ("_agent", "_cancelled", "_generation", "_groups", "_told", "_until", "_waited", "active")

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self.active = False
        self._cancelled = False
        self._generation = 0
        self._told: Callable[[str], None] | None = None
        self._groups: list[tuple[int, list[PodWorker]]] = []
        """What is still to be stopped: seconds and pods."""
        self._waited: list[PodWorker] = []
        self._until = 0

    def begin(self, told: "Callable[[str], None]") -> None:
        """The machine is to go off: stop the pods, then let it."""
        agent = self._agent
        self._told = told
        if self.active:
            self._cancelled = False
            return
        if not agent.settings.shutdown or not agent.running:
            told(agent.name)
            return
        self.active, self._cancelled = True, False
        agent.heartbeat.note("Shutdown", "Shutdown manager detected shutdown event")
        agent.heartbeat.shutting_down()
        workers = [worker for worker in agent.workers.values() if _is_stopped_with(worker)]
        self._groups = grouped(agent.settings.shutdown, workers)
        self._waited, self._until = [], agent.loop.now
        self._look(self._generation)

    def cancel(self) -> None:
        """The machine stays on after all; what is being stopped goes on to be stopped. # k8s: processShutdownEvent."""
        self._cancelled = self.active

    def reset(self) -> None:
        """The kubelet has stopped, or starts again: it knows of no shutdown."""
        self._generation += 1
        self.active = self._cancelled = False
        self._groups, self._waited = [], []

    def _look(self, generation: int) -> None:
        if generation != self._generation or not self.active:
            return
        loop = self._agent.loop
        if any(worker.stage != OVER for worker in self._waited) and loop.now < self._until:
            loop.after(LOOK_MS, self._look, self._generation)
        elif self._groups:
            seconds, self._waited = self._groups.pop(0)
            self._until = loop.now + 1000 * seconds
            for worker in self._waited:
                terminate(worker, 1000 * seconds)
            loop.after(LOOK_MS, self._look, self._generation)
        elif self._cancelled:
            self._stay()
        else:
            loop.after(OFF_MS, self._go_off, self._generation)

    def _go_off(self, generation: int) -> None:
        if generation != self._generation or not self.active or self._told is None:
            return
        if self._cancelled:
            self._stay()
        else:
            self._told(self._agent.name)

    def _stay(self) -> None:
        agent = self._agent
        self.reset()
        agent.heartbeat.note("Shutdown", "Shutdown manager detected shutdown cancellation")
        agent.heartbeat.stays()


def _is_stopped_with(worker: "PodWorker") -> bool:
    """Whether a pod has to be stopped before its machine is.

    # differs: static pods end with the machine, and start again with it
    """
    annotations = worker.pod["metadata"].get("annotations") or EMPTY
    return worker.stage in {PREPARING, ACTIVE} and acting.MIRROR not in annotations


def grouped(steps: "Sequence[ShutdownStep]", workers: "Sequence[PodWorker]") -> "list[tuple[int, list[PodWorker]]]":
    """Seconds and pods of each step that has any; lowest priority first. # k8s: groupByPriority."""
    found: list[tuple[int, list[PodWorker]]] = [(step.seconds, []) for step in steps]
    for worker in workers:
        priority = int(worker.pod["spec"].get("priority") or 0)
        below = [position for position, step in enumerate(steps) if step.priority <= priority]
        found[below[-1] if below else 0][1].append(worker)
    return [(seconds, group) for seconds, group in found if group]


def terminate(worker: "PodWorker", grace_ms: int) -> None:
    """Stop one pod for the shutdown, in no more time than its own."""
    acting.finish(worker, REASON, MESSAGE, MESSAGE, min(grace_ms, worker.plan.grace_ms))
