"""The virtual clock and the event heap: every callback of the cluster runs from here, in (due, seq) order."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from kubesim.objects.times import format_micro_time, format_time

Callback = Callable[..., None]


class Loop:
    """A discrete-event loop. Times are integer milliseconds since 1970.

    Callbacks that are due at one instant share a bucket, so the heap holds distinct instants only and order within
    an instant is the order of registration. Only bound methods may be scheduled: a loop must survive pickling.
    """

    def __init__(self, epoch_ms: int) -> None:
        self.now = epoch_ms
        """The present, in milliseconds since 1970. Only the loop moves it."""
        self.epoch = epoch_ms
        """The instant at which this cluster's time began."""
        self.steps = 0
        """How many units of work (reconciles, syncs, scheduling cycles) have been done; see ``mark``."""
        self.ran = 0
        """How many callbacks have run: with ``now`` the exact place in the cluster's life."""
        self._heap: list[int] = []
        self._buckets: dict[int, deque[tuple[Callback, tuple[Any, ...]]]] = {}
        self._second = -1
        self._stamp = ""
        self._micro_at = -1
        self._micro = ""
        self._move(epoch_ms)

    def at(self, due: int, callback: Callback, *args: Any) -> None:
        """Run ``callback(*args)`` at ``due`` (or now, when that is past)."""
        if getattr(callback, "__self__", None) is None:
            msg = f"only bound methods may be scheduled, not {callback!r}: a cluster must survive pickling"
            raise TypeError(msg)
        due = due if due > self.now else self.now
        bucket = self._buckets.get(due)
        if bucket is None:
            bucket = self._buckets[due] = deque()
            heappush(self._heap, due)
        bucket.append((callback, args))

    def after(self, delay_ms: int, callback: Callback, *args: Any) -> None:
        """Run ``callback(*args)`` that many milliseconds from now."""
        self.at(self.now + delay_ms, callback, *args)

    def mark(self) -> None:
        """Count one unit of work that a person would call a step."""
        self.steps += 1

    def stamp(self) -> str:
        """The present as metav1.Time; one string object per second, so that it is shared."""
        return self._stamp

    def _move(self, instant: int) -> None:
        self.now = instant
        if instant // 1000 != self._second:
            self._second = instant // 1000
            self._stamp = format_time(instant)

    def micro_stamp(self) -> str:
        """The present as metav1.MicroTime; one string object per instant."""
        if self.now != self._micro_at:
            self._micro_at = self.now
            self._micro = format_micro_time(self.now)
        return self._micro

    @property
    def next_due(self) -> int | None:
        """When the next callback is due, or None when nothing is scheduled."""
        return self._heap[0] if self._heap else None

    def peek(self) -> Callback | None:
        """The callback that runs next."""
        return self._buckets[self._heap[0]][0][0] if self._heap else None

    def run_one(self) -> bool:
        """Run the next callback, moving the clock to it. False when nothing is scheduled."""
        if not self._heap:
            return False
        due = self._heap[0]
        bucket = self._buckets[due]
        callback, args = bucket.popleft()
        self._move(due)
        self.ran += 1
        callback(*args)
        if not bucket:
            self._drop(due)
        return True

    def run_until(self, due: int, should_stop: Callable[[], bool] | None = None) -> bool:
        """Run everything due up to and including ``due``, then set the clock to it.

        ``should_stop`` is asked every 4 callbacks; when it says yes the clock stays where it is and False is returned.
        """
        countdown = 4
        while self._heap and self._heap[0] <= due:
            instant = self._heap[0]
            bucket = self._buckets[instant]
            self._move(instant)
            while bucket:
                callback, args = bucket.popleft()
                callback(*args)
                countdown -= 1
                if countdown <= 0:
                    countdown = 4
                    # Counted by fours: one callback is too short to count each.
                    self.ran += 4
                    if should_stop is not None and should_stop():
                        if not bucket:
                            self._drop(instant)
                        return False
            self._drop(instant)
        self.ran += 4 - countdown
        self._move(max(self.now, due))
        return True

    def _drop(self, instant: int) -> None:
        # A callback may not register before the present, so the emptied bucket is the heap's first.
        del self._buckets[instant]
        heappop(self._heap)
