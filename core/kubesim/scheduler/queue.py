"""The scheduling queue: pods to try now, pods that back off, and pods that wait for the cluster to change."""

from collections import deque
from heapq import heappop, heappush

from kubesim.objects.wire import Tree
from kubesim.scheduler.cycle import Framework
from kubesim.scheduler.framework import ClusterEvent
from kubesim.scheduler.plugins.priority_sort import PrioritySort
from kubesim.scheduler.podinfo import Incoming

INITIAL_BACKOFF_MS = 1_000
MAX_BACKOFF_MS = 10_000
POOL_TIMEOUT_MS = 300_000
FLUSH_PERIOD_MS = 30_000
"""# k8s: backend/queue/scheduling_queue.go."""

ACTIVE, BACKOFF, ERROR_BACKOFF, POOL, GATED, TAKEN = "active", "backoff", "error", "unschedulable", "gated", "taken"

_Group = tuple[int, tuple[tuple[str, str], ...], tuple[str, ...], tuple[str, ...]]


class QueuedPod:
    """A pod in the queue. ``cause`` is the revision that last made it worth a try."""

    __slots__ = (
        "attempts",
        "cause",
        "errors",
        "failures",
        "group",
        "incoming",
        "pod",
        "priority",
        "queued_at",
        "ready_at",
        "rejected_by",
        "ticket",
        "uid",
        "where",
    )

    def __init__(self, pod: Tree, now: int, cause: int) -> None:
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.priority: int = pod["spec"].get("priority") or 0
        self.cause = cause
        self.queued_at = now
        self.ready_at = now
        self.attempts = 0
        self.failures = 0
        """How often it could not be scheduled."""
        self.errors = 0
        """How often in a row something else went wrong."""
        self.rejected_by: tuple[str, ...] = ()
        self.incoming: Incoming | None = None
        self.group: _Group | None = None
        self.where = TAKEN
        self.ticket = 0


class Active:
    """Pods to try now: those that are sorted alike stand in one line, and only the lines are in a heap.

    Entries of pods that are elsewhere by now are passed over.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._lines: dict[tuple[int, int], deque[tuple[int, QueuedPod]]] = {}

    def push(self, key: tuple[int, int, int], queued: QueuedPod) -> None:
        """Let a pod stand in line; the last part of its key grows from pod to pod."""
        place = key[:2]
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = deque()
            heappush(self._heap, place)
        line.append((key[2], queued))

    def first(self) -> QueuedPod | None:
        """The pod to try next."""
        heap = self._heap
        while heap:
            line = self._lines[heap[0]]
            while line:
                ticket, queued = line[0]
                if queued.ticket == ticket and queued.where == ACTIVE:
                    return queued
                line.popleft()
            del self._lines[heappop(heap)]
        return None


class Pool:
    """Pods that fit nowhere, in groups that any event helps alike."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._groups: dict[_Group, dict[str, QueuedPod]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, queued: QueuedPod) -> None:
        """Take a pod in; its ``group`` is set."""
        if queued.group is not None:
            self._groups.setdefault(queued.group, {})[queued.uid] = queued

    def discard(self, queued: QueuedPod) -> None:
        """Let a pod go."""
        if queued.group is not None:
            members = self._groups[queued.group]
            del members[queued.uid]
            if not members:
                del self._groups[queued.group]

    def all(self) -> list[QueuedPod]:
        """Every pod."""
        return [queued for members in self._groups.values() for queued in members.values()]

    def helped(self, event: ClusterEvent) -> list[QueuedPod]:
        """The pods that may be schedulable after an event."""
        found: list[QueuedPod] = []
        for members in self._groups.values():
            if self.helps(next(iter(members.values())), event):
                found += members.values()
        return found

    def helps(self, queued: QueuedPod, event: ClusterEvent) -> bool:
        """Whether one of the plugins that rejected a pod has hope. # k8s: isPodWorthRequeuing."""
        if queued.incoming is None:
            return True
        for name in queued.rejected_by:
            plugin = self._framework.plugin(name)
            if plugin is None or plugin.hint(queued.incoming, event):
                return True
        return False


class SchedulingQueue:
    """# k8s: backend/queue. Times are milliseconds since 1970, given by the caller."""

    def __init__(self, framework: Framework) -> None:
        self._sorting = PrioritySort()
        self._pods: dict[str, QueuedPod] = {}
        self._tickets = 0
        self._active = Active()
        self._backoff: list[tuple[int, tuple[int, int, int], QueuedPod]] = []
        self._errors: list[tuple[int, int, QueuedPod]] = []
        self._counts = dict.fromkeys((ACTIVE, BACKOFF, ERROR_BACKOFF, POOL, GATED, TAKEN), 0)
        self._pool = Pool(framework)

    # ------------------------------------------------------------------ reading
    def get(self, uid: str) -> QueuedPod | None:
        """The pod, wherever in the queue it is."""
        return self._pods.get(uid)

    def __len__(self) -> int:
        return self._counts[ACTIVE] + self._counts[BACKOFF]

    @property
    def is_waiting(self) -> bool:
        """Whether any pod waits for the cluster to change."""
        return bool(self._pool)

    def gated(self) -> list[QueuedPod]:
        """The pods that may not be tried yet; looked for only when there are any."""
        return [queued for queued in self._pods.values() if queued.where == GATED] if self._counts[GATED] else []

    def count(self, where: str) -> int:
        """How many pods are in one part of the queue."""
        return self._counts[where]

    def peek(self) -> QueuedPod | None:
        """The pod that ``pop`` would return."""
        queued = self._active.first()
        if queued is not None:
            return queued
        waiting = self._backoff
        while waiting and (waiting[0][2].where != BACKOFF or waiting[0][2].ticket != waiting[0][1][2]):
            heappop(waiting)
        return waiting[0][2] if waiting else None

    @property
    def next_error_due(self) -> int | None:
        """When the next pod that failed by an error may be tried again."""
        heap = self._errors
        while heap and (heap[0][2].where != ERROR_BACKOFF or heap[0][2].ticket != heap[0][1]):
            heappop(heap)
        return heap[0][0] if heap else None

    # ------------------------------------------------------------------ coming and going
    def add(self, pod: Tree, now: int, cause: int, *, gated: bool) -> None:
        """A new pod."""
        queued = self._pods[pod["metadata"]["uid"]] = QueuedPod(pod, now, cause)
        self._counts[TAKEN] += 1
        if gated:
            self._move(queued, GATED)
        else:
            self._activate(queued)

    def remove(self, uid: str) -> QueuedPod | None:
        """The pod is gone, or bound."""
        queued = self._pods.pop(uid, None)
        if queued is not None:
            if queued.where != TAKEN:
                self._move(queued, TAKEN)
            self._counts[TAKEN] -= 1
        return queued

    def ungate(self, queued: QueuedPod, now: int, cause: int) -> None:
        """The last scheduling gate has been removed."""
        queued.queued_at, queued.cause = now, cause
        self._activate(queued)

    def pop(self, now: int) -> QueuedPod | None:
        """The next pod to try; it stays known but in no part of the queue.

        # k8s: with SchedulerPopFromBackoffQ an idle scheduler does not wait for back-offs to end
        """
        if self._errors:
            self.release(now)
        queued = self.peek()
        if queued is None:
            return None
        self._move(queued, TAKEN)
        queued.attempts += 1
        return queued

    def release(self, now: int) -> None:
        """Let pods go on whose back-off after an error has ended."""
        due = self.next_error_due
        while due is not None and due <= now:
            self._activate(self._errors[0][2])
            due = self.next_error_due

    # ------------------------------------------------------------------ failing
    def park(self, queued: QueuedPod, rejected_by: tuple[str, ...], incoming: Incoming, now: int) -> None:
        """The pod fits nowhere: wait until something that may help its rejecting plugins happens."""
        queued.queued_at = now
        queued.failures += 1
        queued.errors = 0
        queued.rejected_by, queued.incoming = rejected_by, incoming
        queued.ready_at = now + backoff(queued.failures)
        queued.group = (incoming.info.serial, tuple(incoming.labels.items()), rejected_by, incoming.claims)
        self._move(queued, POOL)
        self._pool.add(queued)

    def retry(self, queued: QueuedPod, now: int) -> int:
        """Something went wrong that has nothing to do with the pod: try again after a while; returns when."""
        queued.queued_at = now
        queued.errors += 1
        queued.rejected_by = ()
        queued.ready_at = now + backoff(queued.errors)
        self._move(queued, ERROR_BACKOFF)
        heappush(self._errors, (queued.ready_at, queued.ticket, queued))
        return queued.ready_at

    # ------------------------------------------------------------------ hoping again
    def notify(self, event: ClusterEvent, now: int, cause: int, only: QueuedPod | None = None) -> None:
        """Requeue the waiting pods that an event may help; ``only`` when it is a change of that pod.

        # k8s: MoveAllToActiveOrBackoffQueue
        """
        if only is None:
            for queued in self._pool.helped(event):
                self._requeue(queued, now, cause)
        elif only.where == POOL and self._pool.helps(only, event):
            self._requeue(only, now, cause)

    def flush(self, now: int) -> None:
        """Requeue the pods that have waited for too long. # k8s: flushUnschedulablePodsLeftover."""
        for queued in self._pool.all():
            if now - queued.queued_at > POOL_TIMEOUT_MS:
                self._requeue(queued, now, 0)

    def _requeue(self, queued: QueuedPod, now: int, cause: int) -> None:
        queued.cause = cause
        if queued.ready_at <= now:
            self._activate(queued)
            return
        self._move(queued, BACKOFF)
        key = self._sorting.key(queued.priority, queued.queued_at, queued.ticket)
        # k8s: back-offs that end within one second are ordered by priority.
        heappush(self._backoff, (queued.ready_at // 1000, key, queued))

    # ------------------------------------------------------------------ moving
    def _activate(self, queued: QueuedPod) -> None:
        self._move(queued, ACTIVE)
        self._active.push(self._sorting.key(queued.priority, queued.queued_at, queued.ticket), queued)

    def _move(self, queued: QueuedPod, where: str) -> None:
        if queued.where == POOL:
            self._pool.discard(queued)
        self._counts[queued.where] -= 1
        self._counts[where] += 1
        queued.where = where
        self._tickets += 1
        queued.ticket = self._tickets


def backoff(times: int) -> int:
    """How long to wait after so many failures, in milliseconds."""
    return int(min(INITIAL_BACKOFF_MS << min(times - 1, 10), MAX_BACKOFF_MS)) if times else 0


def everything(queue: SchedulingQueue) -> list[QueuedPod]:
    """Every pod that has no node yet, wherever in the queue it is."""
    return list(queue._pods.values())
