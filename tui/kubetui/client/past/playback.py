"""Plays the recorded life of a cluster again: an engine for the pump that hands in each input at its exact place."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubetui.client.past.record import Input, Record

FAR = 86_400_000


class Spot(NamedTuple):
    """An exact place in a cluster's life: callbacks run, the clock, inputs taken in, units of work done."""

    ran: int
    at: int
    inputs: int
    steps: int


def spot_of(cluster: Any, inputs: int) -> Spot:
    """Where a cluster is."""
    return Spot(cluster.loop.ran, cluster.loop.now, inputs, cluster.loop.steps)


class Playback:
    """Drives a restored cluster along a record, never beyond ``end``."""

    def __init__(self, cluster: Any, record: Record, inputs: int, end: Spot) -> None:
        self.cluster = cluster
        self.inputs = inputs
        """How many inputs of the record the cluster has taken in."""
        self.astray = False
        """Whether the replay differs from what was: something came in that no record holds."""
        self._loop = cluster.loop
        self._record = record
        self._end = end

    # ------------------------------------------------------------------ the engine's side
    @property
    def now(self) -> int:
        """The present of the past."""
        return int(self._loop.now)

    @property
    def steps(self) -> int:
        """Units of work done."""
        return int(self._loop.steps)

    @property
    def at_end(self) -> bool:
        """True when all that happened has been played."""
        return self.inputs >= self._end.inputs and self._loop.ran >= self._end.ran

    @property
    def next_due(self) -> int | None:
        """When something happens next; the end itself is something, too."""
        if self.at_end:
            return self._end.at if self.now < self._end.at else None
        due: int | None = self._loop.next_due
        following = self._following()
        if following is not None:
            return following.at if due is None else min(due, following.at)
        return due

    def _following(self) -> Input | None:
        return self._record[self.inputs] if self.inputs < self._end.inputs else None

    def run_one(self) -> bool:
        """The next input or callback; False at the end."""
        following = self._following()
        if following is not None and self._loop.ran >= following.ran:
            self._take(following)
            return True
        if self.at_end:
            return False
        return bool(self._loop.run_one())

    def run_until(self, due: int, should_stop: Callable[[], bool] | None = None) -> bool:
        """Play up to and including ``due``; False when stopped before."""
        while True:
            following = self._following()
            goal = following if following is not None else self._end
            if goal.at > due:
                # All that is due until then comes before what is next from outside.
                return bool(self._loop.run_until(due, should_stop)) if self.now < due else self._rest(due, should_stop)
            if not self._reach(goal.ran, goal.at, should_stop):
                return False
            if following is None:
                return True
            self._take(following)

    def _rest(self, due: int, should_stop: Callable[[], bool] | None) -> bool:
        return bool(self._loop.run_until(due, should_stop))

    def _reach(self, ran: int, at: int, should_stop: Callable[[], bool] | None) -> bool:
        loop = self._loop
        if loop.now < at - 1 and not loop.run_until(at - 1, should_stop):
            return False
        while loop.ran < ran and loop.run_one():
            if should_stop is not None and should_stop() and loop.ran < ran:
                return False
        if loop.now < at:
            loop.run_until(at)
        self.astray |= loop.ran != ran
        return True

    def _take(self, came: Input) -> None:
        if self._loop.now < came.at:
            self._loop.run_until(came.at)
        self.astray |= self.cluster.store.revision != came.revision
        if came.request is not None:
            self.cluster.api.handle(came.request)
        else:
            self.cluster.seal.install(came.authority)
        self.inputs += 1

    # ------------------------------------------------------------------ seeking
    def to_step(self, steps: int, should_stop: Callable[[], bool]) -> bool:
        """Play until so many units of work are done; False when stopped before."""
        while self._loop.steps < steps and self.run_one():
            if should_stop() and self._loop.steps < steps:
                return False
        return True

    def to_time(self, at: int, should_stop: Callable[[], bool]) -> bool:
        """Play until an instant, what came from outside at that instant included."""
        return self.run_until(at, should_stop)

    def to_inputs(self, inputs: int, should_stop: Callable[[], bool]) -> bool:
        """Play until so many inputs were taken in."""
        while self.inputs < inputs and self._following() is not None:
            came = self._record[self.inputs]
            if not self._reach(came.ran, came.at, should_stop):
                return False
            self._take(came)
        return True

    def to_spot(self, spot: Spot, should_stop: Callable[[], bool]) -> bool:
        """Play until an exact place."""
        if not self.to_inputs(spot.inputs, should_stop):
            return False
        return self._reach(spot.ran, spot.at, should_stop)
