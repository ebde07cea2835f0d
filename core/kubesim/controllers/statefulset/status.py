"""The status of a StatefulSet."""

from collections.abc import Sequence
from typing import Any

from kubesim.controllers.statefulset.identity import is_available, revision_of, size_of
from kubesim.controllers.statefulset.revisions import Revisions
from kubesim.objects import pods, refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import Tree


class Counts:
    """How many pods there are, by what they are."""

    def __init__(self, owned: Sequence[Tree], revisions: Revisions, min_ready_seconds: int, now: int) -> None:
        names = revisions.current["metadata"]["name"], revisions.update["metadata"]["name"]
        self.replicas = self.ready = self.available = self.current = self.updated = 0
        self.ripens_at: int | None = None
        """When the next ready pod becomes available, in ms since 1970."""
        for pod in owned:
            self.replicas += 1
            if pods.phase(pod) == pods.RUNNING and pods.is_ready(pod):
                self.ready += 1
                if is_available(pod, min_ready_seconds, now):
                    self.available += 1
                else:
                    self._ripens(pod, min_ready_seconds)
            if not refs.is_deleting(pod):
                name = revision_of(pod)
                self.current += name == names[0]
                self.updated += name == names[1]

    def _ripens(self, pod: Tree, min_ready_seconds: int) -> None:
        since = (pods.ready_condition(pod) or {}).get("lastTransitionTime")
        if since:
            due = parse_time(since) + min_ready_seconds * 1000
            self.ripens_at = due if self.ripens_at is None else min(self.ripens_at, due)


def status_of(stateful_set: Tree, counts: Counts, revisions: Revisions) -> dict[str, Any]:
    """The status, as Kubernetes writes it. # k8s: completeRollingUpdate, updateStatefulSetStatus."""
    size = size_of(stateful_set)
    current, update = revisions.current["metadata"]["name"], revisions.update["metadata"]["name"]
    current_count = counts.current
    is_rolling = (stateful_set["spec"].get("updateStrategy") or {}).get("type") == "RollingUpdate"
    if is_rolling and counts.updated == counts.ready == counts.replicas == size:
        current, current_count = update, counts.updated
    found: dict[str, Any] = {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "replicas": counts.replicas,
    }
    numbers = {"readyReplicas": counts.ready, "currentReplicas": current_count, "updatedReplicas": counts.updated}
    found |= {name: number for name, number in numbers.items() if number}
    found |= {"currentRevision": current, "updateRevision": update, "collisionCount": revisions.collisions}
    found["availableReplicas"] = counts.available
    return found
