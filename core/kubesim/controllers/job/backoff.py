"""How long a Job waits before it replaces failed pods."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.controllers.job import indexes
from kubesim.objects import pods
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

FIRST_MS, LONGEST_MS = 10_000, 600_000
"""# k8s: DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff"""


class Backoff(NamedTuple):
    """How many pods have failed since the last success, and when the last one did, in ms since 1970."""

    failures: int = 0
    failed_at: int = 0


NONE = Backoff()


def finished_at(pod: Tree) -> int:
    """When a pod ended: by its containers, its Ready condition, its deletion, or else when it was made."""
    status, metadata = pod.get("status") or EMPTY, pod["metadata"]
    ends = []
    for container in status.get("containerStatuses") or ():
        terminated = (container.get("state") or EMPTY).get("terminated") or EMPTY
        ends.append(terminated.get("finishedAt"))
    if ends and all(ends):
        return max(map(parse_time, ends))
    ready = pods.ready_condition(pod)
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    if metadata.get("deletionTimestamp"):
        grace: int = metadata.get("deletionGracePeriodSeconds") or 0
        return parse_time(metadata["deletionTimestamp"]) - grace * 1000
    return parse_time(metadata["creationTimestamp"])


def after(known: Backoff, succeeded: Sequence[Tree], failed: Sequence[Tree]) -> Backoff:
    """The back-off once these pods have ended. # k8s: job/backoff_utils.go newBackoffRecord."""
    times = sorted(map(finished_at, failed))
    if not succeeded:
        return Backoff(known.failures + len(times), times[-1]) if times else known
    latest = max(map(finished_at, succeeded))
    later = [time for time in times if time > latest]
    return Backoff(len(later), later[-1]) if later else NONE


def remaining(backoff: Backoff, now: int) -> int:
    """Milliseconds to wait still."""
    if not backoff.failures:
        return 0
    delay = FIRST_MS << min(backoff.failures - 1, 16)
    return max(0, backoff.failed_at + min(delay, LONGEST_MS) - now)


def remaining_of_index(last_failed: Tree | None, now: int) -> int:
    """Milliseconds to wait still before the pod of an index is replaced."""
    if last_failed is None:
        return 0
    return remaining(Backoff(indexes.all_failures_of(last_failed) + 1, finished_at(last_failed)), now)
