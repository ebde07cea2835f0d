"""Carries one pod through its life on a node: admission, volumes, sandbox, containers, probes, termination, status."""

from typing import TYPE_CHECKING

from kubesim.kubelet import admission, disks, lifecycle, ordinary, probing, reporting, resizing, starting, stopping
from kubesim.kubelet.admission import SANDBOX_MS, on_grid
from kubesim.kubelet.conditions import NONE, Own
from kubesim.kubelet.plan import INIT, PodPlan
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
from kubesim.kubelet.runtime import UNKNOWN, Ended
from kubesim.objects import pods
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.notes import Note
    from kubesim.kubelet.resizing import Resize

RETRY_MS = 1_000
LOST_CODE = 255
"""What the runtime reports for a container that was running when its machine went down."""


class PodWorker:
    """One pod."""

    __slots__ = (
        "agent", "cause", "containers", "deadline", "deleting", "dirty", "due", "final", "initialized", "ip",
        "message", "mount_wait", "name", "namespace", "notes", "own", "plan", "pod", "reason", "resize", "sandbox_at",
        "stage", "start_stamp", "stop_by", "uid", "written",
    )  # fmt: skip

    def __init__(self, agent: "Agent", pod: Tree, plan: PodPlan, cause: int) -> None:
        metadata = pod["metadata"]
        self.agent = agent
        self.pod = pod
        self.plan = plan
        self.cause = cause
        self.uid: str = metadata.get("uid", "")
        self.namespace: str = metadata.get("namespace", "")
        self.name: str = metadata["name"]
        self.containers = list(map(Container, plan.containers))
        self.stage = NEW
        self.due = 0
        self.ip = ""
        self.own: Own = NONE
        """The kubelet's conditions."""
        self.written: Tree | None = None
        """The status as it was last written."""
        self.start_stamp: str = ""
        self.reason = ""
        self.message = ""
        self.final = ""
        """The phase, once it is decided for good."""
        self.deadline = 0
        self.mount_wait = 0
        self.sandbox_at = 0
        self.stop_by = 0
        self.deleting = metadata.get("deletionTimestamp") is not None
        self.initialized = False
        self.dirty = False
        self.resize: Resize | None = None
        """What it was given, once its resources have been changed in place."""
        self.notes: dict[str, Note | None] | None = None
        """Conditions that most pods never have, by type; None for one that is over."""

    # ------------------------------------------------------------------ waking
    def arm(self, due: int) -> None:
        """Be woken at ``due`` at the latest."""
        if self.due and self.due <= due:
            return
        self.due = due
        self.agent.loop.at(due, self.wake, due)

    def poke(self) -> None:
        """Be woken now."""
        now = self.agent.loop.now
        if not self.due or self.due > now:
            self.due = now
            self.agent.shared.queued += 1
            self.agent.loop.at(now, self.poked, now)

    def poked(self, due: int) -> None:
        """Be woken, from the queue."""
        self.agent.shared.queued -= 1
        self.wake(due)

    def wake(self, due: int) -> None:
        """Do one step, if this is still the time for it."""
        if due != self.due:
            return
        self.due = 0
        agent = self.agent
        if not agent.running or agent.workers.get(self.uid) is not self:
            return
        agent.loop.mark()
        client = agent.client
        client.cause = self.cause
        now = agent.loop.now
        if not (self.stage == PREPARING and self.plan.is_ordinary and ordinary.start(self, now)):
            self._step(now)
        client.cause = 0

    def _step(self, now: int) -> None:
        if self.stage == NEW:
            admission.admit(self, now)
        if self.stage == PREPARING:
            admission.prepare(self, now)
        if self.stage == ACTIVE:
            self._advance(now)
        if self.stage == STOPPING and stopping.advance(self, now):
            self._conclude()
        if self.dirty and not reporting.is_fleeting(self, now):
            reporting.publish(self)
        if self.stage == OVER:
            if self.deleting:
                self.agent.remove(self)
            return
        due = self._next_due()
        if self.dirty and self.agent.online:
            # The status could not be written.
            due = min(due, now + RETRY_MS) if due else now + RETRY_MS
        if due:
            self.arm(max(on_grid(due), now + 1))

    def _next_due(self) -> int:
        if self.stage == PREPARING:
            return self.sandbox_at
        earliest = self.deadline if self.stage == ACTIVE else 0
        resize = self.resize
        if resize is not None and resize.due and self.stage == ACTIVE and (not earliest or resize.due < earliest):
            earliest = resize.due
        for container in self.containers:
            if self.stage == STOPPING and container.state != RUNNING:
                continue
            due = container.due()
            if due and (not earliest or due < earliest):
                earliest = due
        return earliest

    # ------------------------------------------------------------------ stages
    def _advance(self, now: int) -> None:
        if self.resize is not None:
            resizing.advance(self, now)
        for container in self.containers:
            self._look_at(container, now)
        if self.deleting:
            self.stop(now, self._grace_ms())
            return
        if self.deadline and now >= self.deadline:
            self.reason, self.final = "DeadlineExceeded", pods.FAILED
            self.message = "Pod was active on the node longer than the specified deadline"
            self.event("Normal", "DeadlineExceeded", self.message)
            self.stop(now, self.plan.grace_ms)
            return
        for _ in range(len(self.containers) + 1):
            decision = lifecycle.decide(self.plan, self.containers, now, initialized=self.initialized)
            if decision.finished:
                self.stop(now, self.plan.grace_ms)
                return
            if not decision.start:
                return
            self.dirty = True
            for container in decision.start:
                starting.start(self, container, now)
            if not self.plan.init_count:
                return

    def _look_at(self, container: Container, now: int) -> None:
        if container.state == RUNNING:
            process = container.process
            if container.stop_at:
                stopping.advance_container(self, container, now)
            if process is not None and process.asks_at and process.asks_at <= now:
                process.ask(now)
            if process is not None and process.ends is not None and process.ends.at_ms <= now:
                self.ended(container, now)
            elif container.start_at and container.start_at <= now:
                container.start_at = 0
                probing.begin(self, container, now)
                self.dirty = True
            elif container.probes and not container.stopping:
                probing.advance(self, container, now)
        elif container.pull is not None and container.pull.ends_ms <= now:
            starting.pulled(self, container, now)
            self.dirty = True

    def stop(self, now: int, grace_ms: int) -> None:
        """Begin to stop everything."""
        self.stage = STOPPING
        self.dirty = True
        stopping.begin(self, now, grace_ms)

    def _conclude(self) -> None:
        stopping.settle(self)
        self.final = self.final or lifecycle.phase(self.plan, self.containers, terminal=True)
        self.stage = OVER
        self.dirty = True
        self.agent.release(self)

    def _grace_ms(self) -> int:
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds")
        return self.plan.grace_ms if grace is None else int(grace) * 1000

    # ------------------------------------------------------------------ containers
    def ended(self, container: Container, now: int) -> None:
        """A container has ended: remember how, and when to look again."""
        disks.keep(self, container)
        reporting.bury(container)
        self.dirty = True
        if self.stage == ACTIVE:
            container.retry_at = reporting.next_try(container, now)

    def restart(self, container: Container, message: str, grace_ms: int | None, now: int) -> None:
        """Stop one container so that it is started again."""
        grace = self.plan.grace_ms if grace_ms is None else grace_ms
        self.stop_by = now + grace
        container.probes = NO_PROBES
        stopping.stop_container(self, container, now, grace, message)

    def kill(self, now: int) -> None:
        """Kill the containers as a crash would."""
        for container in self.containers:
            if container.state == RUNNING and container.process is not None:
                container.process.kill(now)
        self.poke()

    def is_stopping(self) -> bool:
        """Whether the pod is being terminated."""
        return self.stage >= STOPPING

    # ------------------------------------------------------------------ news
    def change(self, pod: Tree, cause: int) -> None:
        """The API object has changed."""
        old, self.pod, self.cause = self.pod, pod, cause
        metadata = pod["metadata"]
        if pod["spec"] is not old["spec"] and self.stage < STOPPING:
            reporting.follow(self, old)
        if metadata.get("deletionTimestamp") is not None:
            if self.deleting and self.stage == STOPPING:
                stopping.shorten(self, self.agent.loop.now, self._grace_ms())
            self.deleting = True
        self.dirty = True
        self.poke()

    def reboot(self, now: int) -> None:
        """The machine has gone down and come up: nothing of the pod runs any more."""
        for container in self.containers:
            container.back_off = container.image_back_off = container.pull = None
            container.retry_at = container.stop_at = container.start_at = 0
            if container.state == RUNNING:
                process = container.process
                started = process.started_ms if process is not None else now
                container.past = Past(Ended(now, LOST_CODE, UNKNOWN), started, container.container_id, process)
                container.state, container.process = TERMINATED, None
                container.ready = container.started = container.stopping = False
                container.probes = NO_PROBES
                container.touch()
            if container.plan.kind == INIT and self.stage == ACTIVE:
                container.wait("")
        if self.stage == ACTIVE:
            self.event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            if not self.plan.host_network:
                self.agent.addresses.give_back(self.ip)
            self.ip, self.initialized = "", False
            self.stage, self.sandbox_at = PREPARING, on_grid(now + SANDBOX_MS)
        self.dirty = True
        self.poke()

    # ------------------------------------------------------------------ saying
    def event(self, kind: str, reason: str, message: str) -> None:
        """An Event about the pod."""
        self.agent.event(self.pod, kind, reason, message)

    def container_event(self, container: Container, kind: str, reason: str, message: str) -> None:
        """An Event about a container."""
        agent = self.agent
        if agent.online:
            agent.client.event(self.pod, kind, reason, message, container.plan.field_path)
