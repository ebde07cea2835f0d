"""Tells everyone who waits, at most once a tick, that the cluster may have changed."""

import asyncio

TICK = 0.03
"""Wall seconds between two flushes of the watches: changes in between go out together."""

EACH = 0.0004
"""How many wall seconds each waiting watch adds to the tick, when there are many: most of a flush is system calls."""


class Pulse:
    """A wake-up call for many waiting coroutines of one event loop."""

    def __init__(self, tick: float = TICK) -> None:
        self._tick = tick
        self._next: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = 0

    def changed(self) -> None:
        """Something may have changed; costs nothing while nobody waits."""
        if self._waiting and self._timer is None:
            tick = max(self._tick, self._waiting * EACH)
            self._timer = asyncio.get_running_loop().call_later(tick, self.ring)

    def ring(self) -> None:
        """Wake everyone now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waited, self._next = self._next, None
        if waited is not None and not waited.done():
            waited.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, or when that time is over."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._waiting += 1
        try:
            await asyncio.wait({self._next}, timeout=seconds)
        finally:
            self._waiting -= 1
