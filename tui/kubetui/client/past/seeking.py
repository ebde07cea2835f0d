"""Finds a moment: restores a snapshot in a thread, and plays on from it in slices that leave room for keys."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from kubetui.client.past.playback import Playback, Spot
from kubetui.client.past.record import Record
from kubetui.client.past.snapshots import Snapshot

SLICE = 0.008
"""Wall seconds of replaying between two looks at the keys."""
REST = 0.001
LARGE = 500_000
"""Bytes from which on a snapshot takes longer to read than a glance."""
PAINT = 0.05
"""Wall seconds that painting takes at most."""

Seek = Callable[[Playback, Callable[[], bool]], bool]
"""Plays on; False when it was stopped before it got there."""


class Seeker:
    """One search at a time; it can be cancelled."""

    def __init__(self) -> None:
        self.seeking = False
        self.clock: Callable[[], float] = perf_counter
        self.part = 0.0
        """How much of the way has been gone, from 0 to 1; a snapshot that is being read is none of it."""
        self._cancelled = False

    def cancel(self) -> bool:
        """Stop; False when nothing was sought."""
        self._cancelled = True
        return self.seeking

    async def find(
        self, found: Snapshot, record: Record, end: Spot, seek: Seek, authority: Any = None
    ) -> Playback | None:
        """The cluster at the moment that ``seek`` plays to, or None when it was cancelled."""
        self.seeking, self._cancelled = True, False
        self.part = 0.0
        try:
            if len(found.data) > LARGE:
                # Reading it holds the interpreter for most of its time: what is painted must be painted before.
                await asyncio.sleep(PAINT)
            cluster = await asyncio.to_thread(found.restored)
            cluster.seal.authority = authority
            playback = Playback(cluster, record, found.spot.inputs, end)
            way = (found.spot.at, max(end.at - found.spot.at, 1))
            return playback if await self._play(playback, seek, way) else None
        finally:
            self.seeking = False

    async def _play(self, playback: Playback, seek: Seek, way: tuple[int, int]) -> bool:
        deadline = 0.0

        def late() -> bool:
            return self.clock() >= deadline

        while True:
            deadline = self.clock() + SLICE
            if seek(playback, late):
                return True
            self.part = min((playback.now - way[0]) / way[1], 1.0)
            await asyncio.sleep(REST)
            if self._cancelled:
                return False
