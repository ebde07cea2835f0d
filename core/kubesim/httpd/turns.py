"""Turns: however many requests are under way, one turn of the event loop carries out only so much of their work."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter

BUDGET = 0.01
"""How many seconds a turn of the event loop should take."""
WIDEST = 128
"""How many pieces of work may be done in one turn at most."""


def _never() -> float:
    """Nothing comes before the work."""
    return 0.0


class Turns:
    """Lets so many callers go on in each turn of the event loop that it takes about the budget; the rest wait in line.

    Whatever else the loop does, as painting a screen, comes between two turns. ``held`` says for how many seconds
    nobody may go on, because somebody has pressed a key.
    """

    def __init__(
        self,
        held: Callable[[], float] = _never,
        budget: float = BUDGET,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._held = held
        self._budget = budget
        self._clock = clock
        self._line: deque[asyncio.Future[None]] = deque()
        self._again: list[asyncio.Future[None]] = []
        """Those who come first in the next turn."""
        self._width = WIDEST
        self._given = self._gone = 0
        """How many were let go on in this turn, and how many of them did."""
        self._began = 0.0
        self._turning = False

    async def take(self) -> None:
        """Return when it is the caller's turn: at once, unless much is going on."""
        if not self._turning:
            self._turning = True
            self._given = self._gone = 0
            self._began = self._clock()
            asyncio.get_running_loop().call_soon(self._next)
        if not self._line and self._is_free() and self._given < self._width and self._held() <= 0:
            self._given += 1
            self._gone += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._line.append(place)
        while True:
            await place
            # Those who were let go on together may find that the first of them took all the time.
            if not self._gone or self._is_free():
                self._gone += 1
                return
            place = asyncio.get_running_loop().create_future()
            self._again.append(place)

    def _is_free(self) -> bool:
        return self._clock() - self._began < self._budget

    def _next(self) -> None:
        """A turn is over: see how long it was, and let the next ones go on."""
        now = self._clock()
        if self._given:
            took = now - self._began
            if took > self._budget:
                self._width = max(1, self._width // 2)
            elif took * 2 < self._budget:
                self._width = min(WIDEST, self._width * 2)
        self._given, self._gone, self._began = 0, 0, now
        self._line.extendleft(reversed(self._again))
        self._again.clear()
        held = self._held() if self._line else 0.0
        if held > 0:
            asyncio.get_running_loop().call_later(held, self._next)
            return
        while self._line and self._given < self._width:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                self._given += 1
        self._turning = bool(self._line or self._given)
        if self._turning:
            asyncio.get_running_loop().call_soon(self._next)
