"""Keeps Python's garbage collector out of the way of keys: small collections always, whole ones when nobody types."""

import gc

YOUNG = 10_000
"""Allocations between two collections of what is new: about 1 ms each."""
MIDDLE = 1
"""Middle collections come at once too: each object is looked at twice either way, but never many of them in a row."""
NEVER = 1_000_000
QUIET = 10.0
"""Seconds without a key after which a pause of some tenths of a second goes unnoticed."""
DUE = 20
"""Collections of the middle generation after which a whole one is worth its while."""


class Collector:
    """Decides when a whole collection may run. A cluster is a heap of trees without cycles: waiting loses little."""

    def __init__(self) -> None:
        self._typed = float("-inf")
        self._dropped = False

    def dropped(self) -> None:
        """A cluster is not shown any more; it may have been spared from all collections."""
        self._dropped = True

    def start(self) -> None:
        """Take what is there out of all collections to come."""
        gc.freeze()
        gc.set_threshold(YOUNG, MIDDLE, NEVER)

    def typed(self, now: float) -> None:
        """Somebody pressed a key."""
        self._typed = now

    def rest(self, now: float) -> bool:
        """A quiet moment may have come; True when a whole collection ran. ``now`` in seconds of any clock."""
        if now - self._typed < QUIET or (gc.get_count()[2] < DUE and not self._dropped):
            return False
        if self._dropped:
            self._dropped = False
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True
