"""Where time stops: while somebody waits for a moment, what is due runs callback by callback until that moment."""

from collections.abc import Callable
from typing import Protocol


class Engine(Protocol):
    """The event loop of the simulated cluster, as far as it is driven."""

    now: int
    steps: int

    @property
    def next_due(self) -> int | None:
        """When the next callback is due."""

    def run_one(self) -> bool:
        """Run the next callback."""

    def run_until(self, due: int, should_stop: Callable[[], bool] | None = None) -> bool:
        """Run what is due; False when stopped before the end."""


class Guard(Protocol):
    """Watches for a moment at which time has to stop."""

    @property
    def deadline(self) -> int | None:
        """The next instant at which it has to be asked, whatever happens."""

    def struck(self) -> bool:
        """Whether time has to stop here."""


class Gate:
    """Lets an engine run, past nothing that the ``guard`` waits for; without one it costs nothing."""

    def __init__(self) -> None:
        self.guard: Guard | None = None
        self.struck = False
        """Whether the last run ended because the guard struck."""

    def stops(self) -> bool:
        """Ask the guard."""
        self.struck = self.guard is not None and self.guard.struck()
        return self.struck

    def run_until(self, engine: Engine, due: int, late: Callable[[], bool]) -> bool:
        """Run what is due; False when it was late before the end, or the guard struck."""
        self.struck = False
        guard = self.guard
        if guard is None:
            return engine.run_until(due, late)
        while not late():
            deadline, following = guard.deadline, engine.next_due
            limit = due if deadline is None else min(due, deadline)
            if following is not None and following <= limit and engine.run_one():
                if self.stops():
                    return False
                continue
            engine.run_until(limit)
            if self.stops():
                return False
            if limit == due:
                return True
        return False
