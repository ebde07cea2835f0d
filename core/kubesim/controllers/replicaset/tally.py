"""What is known of the pods of one ReplicaSet: a few bits a pod and their sums, so that no event needs a listing."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

ACTIVE, READY, LABELED, TERMINATING = 1, 2, 4, 8
FRESH = ACTIVE | LABELED
"""What a pod is that was just made from the template."""


def bits_of(pod: Tree, template_labels: Tree) -> int:
    """What a pod counts as: active, ready, carrying all the labels of the template, terminating."""
    metadata = pod["metadata"]
    status = pod.get("status") or EMPTY
    phase = status.get("phase")
    if phase in {"Succeeded", "Failed"}:
        return 0
    if "deletionTimestamp" in metadata:
        return TERMINATING
    bits = ACTIVE | READY if _is_ready(status) else ACTIVE
    labels = metadata.get("labels")
    if labels is template_labels or template_labels.items() <= (labels or EMPTY).items():
        bits |= LABELED
    return bits


def differs(old: Tree, new: Tree) -> bool:
    """Whether a pod with the labels it had may count as something else now."""
    before, after = old.get("status"), new.get("status")
    if before is not after:
        if before is None or after is None or before.get("phase") != after.get("phase"):
            return True
        if before.get("conditions") is not after.get("conditions") and _is_ready(before) != _is_ready(after):
            return True
    return ("deletionTimestamp" in old["metadata"]) != ("deletionTimestamp" in new["metadata"])


def _is_ready(status: Tree) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


class Tally:
    """Counts of pods by what they are. Levels, not differences: telling it the same twice changes nothing."""

    __slots__ = ("_pods", "_ripening", "_waiting", "active", "labeled", "min_ready_ms", "ready", "terminating")

    def __init__(self, min_ready_seconds: int = 0) -> None:
        self.min_ready_ms = min_ready_seconds * 1000
        self.active = 0
        self.ready = 0
        self.labeled = 0
        self.terminating = 0
        self._pods: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._ripening: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._pods)

    def __len__(self) -> int:
        return len(self._pods)

    def bits(self, name: str) -> int:
        """What a pod was last said to be."""
        return self._pods.get(name, 0)

    @property
    def available(self) -> int:
        """How many have been ready for long enough; call ``ripen`` before."""
        return self.ready - len(self._waiting)

    def put(self, name: str, bits: int, pod: Tree, now: int) -> int:
        """Say what a pod is now; returns what it was (0 for a new one)."""
        before = self._pods.get(name)
        if before == bits:
            return bits
        self._pods[name] = bits
        was = before or 0
        self._move(name, was, bits)
        if self.min_ready_ms and bits & READY and not was & READY:
            self._wait(name, pod, now)
        return was

    def drop(self, name: str) -> int:
        """Forget a pod that is gone; returns what it was."""
        was = self._pods.pop(name, 0)
        self._move(name, was, 0)
        return was

    def _move(self, name: str, was: int, bits: int) -> None:
        changed = was ^ bits
        if changed & ACTIVE:
            self.active += 1 if bits & ACTIVE else -1
        if changed & READY:
            self.ready += 1 if bits & READY else -1
            if not bits & READY:
                self._waiting.pop(name, None)
        if changed & LABELED:
            self.labeled += 1 if bits & LABELED else -1
        if changed & TERMINATING:
            self.terminating += 1 if bits & TERMINATING else -1

    def _wait(self, name: str, pod: Tree, now: int) -> None:
        due = now + self.min_ready_ms
        for condition in pod["status"]["conditions"]:
            if condition["type"] == "Ready" and condition.get("lastTransitionTime"):
                due = parse_time(condition["lastTransitionTime"]) + self.min_ready_ms
        if due > now:
            self._waiting[name] = due
            heappush(self._ripening, (due, name))

    def ripen(self, now: int) -> int | None:
        """Count those that have become available by now; returns when the next one does, or None."""
        heap, waiting = self._ripening, self._waiting
        while heap and (heap[0][0] <= now or waiting.get(heap[0][1]) != heap[0][0]):
            due, name = heappop(heap)
            if waiting.get(name) == due:
                del waiting[name]
        return heap[0][0] if heap else None

    def counts(self) -> dict[str, Any]:
        """The numbers of the status, as Kubernetes writes them: 0 is left out but for two."""
        found = {"replicas": self.active}
        if self.labeled:
            found["fullyLabeledReplicas"] = self.labeled
        if self.ready:
            found["readyReplicas"] = self.ready
        if self.available:
            found["availableReplicas"] = self.available
        found["terminatingReplicas"] = self.terminating
        return found
