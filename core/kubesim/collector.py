"""Python's garbage collector, arranged for a heap of many small trees that live long and form no cycles."""

import gc

YOUNG = 50_000
"""Allocations between two collections of what is new; such a pause lasts some 10 ms."""
NEVER = 1_000_000


def tune() -> None:
    """Throw away what is garbage, spare what is left from all collections to come, and look at new objects only.

    For a process whose main work is the cluster; to be called again after another cluster was made or dropped.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, NEVER, NEVER)


class Undisturbed:
    """A stretch of simulated time without collections, in a process that called ``tune``.

    Nearly all that a burst allocates stays: looking through it costs a tenth of the time and finds nothing. A stretch
    that allocated much is spared for good; what a quiet one allocated is left to the next collection.
    """

    def __init__(self) -> None:
        self._before = -1

    def __enter__(self) -> None:
        if gc.isenabled() and gc.get_threshold()[0] == YOUNG:
            gc.disable()
            self._before = gc.get_count()[0]

    def __exit__(self, *exception: object) -> None:
        if self._before < 0:
            return
        if gc.get_count()[0] - self._before >= YOUNG:
            gc.freeze()
        gc.enable()
