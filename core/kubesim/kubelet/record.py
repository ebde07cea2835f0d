"""The state of one container on a node: what runs, what ran before, and what it waits for."""

from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet.plan import ContainerPlan
from kubesim.kubelet.runtime import Ended
from kubesim.kubelet.simruntime.process import SimProcess

if TYPE_CHECKING:
    from kubesim.kubelet.backoff import Wait
    from kubesim.kubelet.images import Pull
    from kubesim.objects.wire import Tree

WAITING, RUNNING, TERMINATED = 0, 1, 2
"""The states of a container."""
NEW, PREPARING, ACTIVE, STOPPING, OVER = range(5)
"""The stages of a pod on its node: unseen, sandbox and volumes, containers, termination, all done."""
CRASH_LOOP = "CrashLoopBackOff"


class Past(NamedTuple):
    """A run that is over."""

    ended: Ended
    started_ms: int
    container_id: str
    process: SimProcess | None


class ProbeState(NamedTuple):
    """Where a probe stands: its counts in a row, and the next time it is made."""

    position: int
    """Which of the container's probes this is."""
    successes: int
    failures: int
    due: int
    """Milliseconds since 1970; 0: its outcome cannot change any more by itself."""


NO_PROBES: list[ProbeState] = []
"""Shared by all containers that are not probed; never added to."""


class Container:
    """One container. ``state`` is WAITING, RUNNING or TERMINATED."""

    __slots__ = (
        "back_off", "container_id", "image_back_off", "message", "past", "plan", "probes", "process", "pull",
        "pull_error", "ready", "reason", "restarts", "retry_at", "start_at", "started", "state", "stop_at", "stopping",
        "tree",
    )  # fmt: skip

    def __init__(self, plan: ContainerPlan) -> None:
        self.plan = plan
        self.state = WAITING
        self.reason = ""
        """Why it waits; "" stands for ContainerCreating or PodInitializing."""
        self.message = ""
        self.process: SimProcess | None = None
        self.container_id = ""
        self.restarts = 0
        self.ready = False
        self.started = False
        self.past: Past | None = None
        """The last run that is over; while TERMINATED the present state."""
        self.back_off: Wait | None = None
        self.image_back_off: Wait | None = None
        self.pull: Pull | None = None
        self.pull_error = ""
        """Why the last pull failed."""
        self.retry_at = 0
        """Not to be started before then."""
        self.start_at = 0
        """When a postStart hook lets it count as running; 0 without one."""
        self.stop_at = 0
        """When its preStop hook is over and TERM is sent; 0 when that is not awaited."""
        self.stopping = False
        self.probes = NO_PROBES
        self.tree: Tree | None = plan.creating
        """Its container status; None when that has to be made anew."""

    def touch(self) -> None:
        """Something changed that its status shows."""
        self.tree = None

    def wait(self, reason: str, message: str = "", retry_at: int = 0) -> None:
        """Wait for a reason."""
        if self.state != WAITING or self.reason != reason or self.message != message:
            self.touch()
        self.state, self.reason, self.message, self.retry_at = WAITING, reason, message, retry_at
        self.ready = self.started = False

    def due(self) -> int:
        """When it needs attention next, 0 for never."""
        if self.state == RUNNING:
            ends = self.process.ends if self.process is not None else None
            earliest = ends.at_ms if ends is not None else 0
            if self.process is not None and self.process.asks_at:
                asks = self.process.asks_at
                earliest = asks if not earliest or asks < earliest else earliest
            if self.stop_at and (not earliest or self.stop_at < earliest):
                earliest = self.stop_at
            if self.start_at and (not earliest or self.start_at < earliest):
                earliest = self.start_at
            for probe in self.probes:
                if probe.due and (not earliest or probe.due < earliest):
                    earliest = probe.due
            return earliest
        if self.pull is not None:
            return self.pull.ends_ms
        return self.retry_at
