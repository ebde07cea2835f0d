"""What one render may use: steps, characters and nesting, so that no chart can hang or exhaust the program."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from kubesim.helm.template.errors import BudgetError

MAX_STEPS = 5_000_000
MAX_CHARACTERS = 128 * 1024 * 1024
MAX_DEPTH = 5_000
_FRAMES = 400_000


class Budget:
    """What is left: ``steps`` (nodes executed), ``room`` (characters produced) and ``depth`` (templates within)."""

    __slots__ = ("depth", "max_characters", "max_depth", "max_steps", "room", "steps")

    def __init__(self, steps: int = MAX_STEPS, characters: int = MAX_CHARACTERS, depth: int = MAX_DEPTH) -> None:
        self.steps = self.max_steps = steps
        self.room = self.max_characters = characters
        self.depth = 0
        self.max_depth = depth

    def spend(self, steps: int) -> None:
        """Take steps; BudgetError when there are not as many."""
        self.steps -= steps
        if self.steps < 0:
            self.out_of_steps()

    def reserve(self, characters: int) -> None:
        """Make sure that a text of this length may be made; BudgetError when not."""
        if characters > self.room:
            self.out_of_room()

    def out_of_steps(self, where: str = "") -> NoReturn:
        """Fail for want of steps."""
        raise BudgetError(f"{where}rendering takes more than {self.max_steps} steps")

    def out_of_room(self, where: str = "") -> NoReturn:
        """Fail for want of room."""
        raise BudgetError(f"{where}rendering makes more than {self.max_characters} characters of text")

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
