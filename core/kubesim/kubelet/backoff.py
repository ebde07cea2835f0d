"""The exponential waits of crashed containers and failed image pulls, as pure functions of an entry."""

from typing import NamedTuple

BASE_MS = 10_000
MAX_MS = 300_000
"""# k8s: kubelet MaxCrashLoopBackOff, MaxImageBackOff"""


class Wait(NamedTuple):
    """One key's entry: how long to wait, and when that was decided."""

    wait_ms: int
    at_ms: int


def is_expired(entry: Wait, event_ms: int) -> bool:
    """Whether the thing behaved for so long that the entry is void. # k8s: flowcontrol.Backoff.hasExpired."""
    return event_ms - entry.at_ms > 2 * MAX_MS


def due(entry: Wait | None, event_ms: int) -> int:
    """When to try again after something failed at ``event_ms``: at once the first time."""
    if entry is None or is_expired(entry, event_ms):
        return event_ms
    return event_ms + entry.wait_ms


def following(entry: Wait | None, event_ms: int, now: int) -> Wait:
    """The entry after a new try at ``now`` that follows a failure at ``event_ms``."""
    if entry is None or is_expired(entry, event_ms):
        return Wait(BASE_MS, now)
    return Wait(min(entry.wait_ms * 2, MAX_MS), now)
