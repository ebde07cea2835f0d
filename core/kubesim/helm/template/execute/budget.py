"""What one render may use: steps, characters and nesting, so that no chart can hang or exhaust the program."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from kubesim.helm.template.errors import BudgetError

MAX_STEPS = 5_000_000
MAX_CHARACTERS = 128 * 1024 * 1024
MAX_DEPTH = 5_000
STEPS_BETWEEN_LOOKS = 2_000
"""About a millisecond of rendering."""
_FRAMES = 400_000


class Budget:
    """What is left: ``steps`` (nodes executed), ``room`` (characters produced) and ``depth`` (templates within).

    ``stop`` lets whoever started a render end it early: it is asked every few thousand steps, on the thread that
    renders, and when it gives True the render ends in a BudgetError. A deadline is a ``stop`` that looks at a clock.
    A budget serves one render.
    """

    __slots__ = ("depth", "look_at", "max_characters", "max_depth", "max_steps", "room", "steps", "stop")

    def __init__(
        self,
        steps: int = MAX_STEPS,
        characters: int = MAX_CHARACTERS,
        depth: int = MAX_DEPTH,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self.steps = self.max_steps = steps
        self.room = self.max_characters = characters
        self.depth = 0
        self.max_depth = depth
        self.stop = stop
        self.look_at = 0 if stop is None else steps
        """Below so many steps ``look`` has something to do."""

    def spend(self, steps: int) -> None:
        """Take steps; BudgetError when there are not as many."""
        self.steps -= steps
        if self.steps < self.look_at:
            self.look()

    def reserve(self, characters: int) -> None:
        """Make sure that a text of this length may be made; BudgetError when not."""
        if characters > self.room:
            self.out_of_room()

    def look(self) -> None:
        """See whether anything is used up, or the render is to stop; BudgetError then."""
        if self.steps < 0:
            raise BudgetError(f"rendering takes more than {self.max_steps} steps")
        if self.room < 0:
            self.out_of_room()
        if self.stop is not None:
            self.look_at = max(0, self.steps - STEPS_BETWEEN_LOOKS)
            if self.stop():
                raise BudgetError("rendering was stopped")

    def out_of_room(self) -> NoReturn:
        """Fail for want of room."""
        raise BudgetError(f"rendering makes more than {self.max_characters} characters of text")

    def enter(self) -> None:
        """Go one template deeper."""
        self.depth += 1
        if self.depth > self.max_depth:
            raise BudgetError(f"rendering nests templates deeper than {self.max_depth}")


class _Frames:
    """How many deep calls are under way, and Python's own limit of frames when there are none."""

    under_way = 0
    usual = 0


@contextmanager
def deep_calls() -> Iterator[None]:
    """Let Python nest as many calls as a budget's depth needs: templates may include each other a thousandfold."""
    if not _Frames.under_way:
        _Frames.usual = sys.getrecursionlimit()
        sys.setrecursionlimit(max(_FRAMES, _Frames.usual))
    _Frames.under_way += 1
    try:
        yield
    finally:
        _Frames.under_way -= 1
        if not _Frames.under_way:
            sys.setrecursionlimit(_Frames.usual)
