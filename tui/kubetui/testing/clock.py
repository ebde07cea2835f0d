"""The clock of a cluster under test: virtual time moves when the test says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Driven(Protocol):
    """The cluster as the clock needs it."""

    @property
    def cluster(self) -> Any:
        """The kubesim.cluster.Cluster."""

    def pass_time(self, duration_ms: int, is_over: Callable[[], bool] | None = None) -> None:
        """Let that much virtual time pass, or less when ``is_over`` says so."""


class _Goal:
    """Stops a stretch of time once the predicate holds; asks it only when an object has changed."""

    def __init__(self, cluster: Any, holds: Callable[[], Any]) -> None:
        self.met = False
        self._store = cluster.store
        self._holds = holds
        self._seen = -1

    def is_met(self) -> bool:
        """Whether the predicate holds by now."""
        revision = self._store.revision
        if revision != self._seen and not self.met:
            self._seen = revision
            self.met = bool(self._holds())
        return self.met


class Clock:
    """Virtual time. Durations are seconds or timedeltas."""

    def __init__(self, driven: Driven) -> None:
        self._driven = driven

    @property
    def now(self) -> datetime:
        """The present of the cluster, in UTC."""
        return datetime.fromtimestamp(self._driven.cluster.loop.now / 1000, UTC)

    def advance(self, duration: float | timedelta) -> datetime:
        """Let that much time pass; returns the present. Raises ValueError for a negative duration."""
        self._driven.pass_time(_milliseconds(duration))
        return self.now

    def run_until(self, predicate: Callable[[], Any], timeout: float | timedelta = 300) -> datetime:
        """Let time pass until the predicate holds; returns the present. Raises TimeoutError when it never does.

        The predicate is asked whenever an object has changed. It may read the cluster and must not change it.
        """
        limit_ms = _milliseconds(timeout)
        goal = _Goal(self._driven.cluster, predicate)
        if not goal.is_met():
            self._driven.pass_time(limit_ms, goal.is_met)
        if not (goal.met or predicate()):
            name = getattr(predicate, "__qualname__", None) or repr(predicate)
            msg = f"{name} does not hold after {limit_ms / 1000:g} s of virtual time ({self.now})"
            raise TimeoutError(msg)
        return self.now


def _milliseconds(duration: float | timedelta) -> int:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not 0 <= seconds < 1e12:
        msg = f"a duration must not be negative: {duration}"
        raise ValueError(msg)
    return round(seconds * 1000)
