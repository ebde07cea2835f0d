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

Seek = Callable[[Playback, Callable[[], bool]], bool]
"""Plays on; False when it was stopped before it got there."""


class Seeker:
    """One search at a time; it can be cancelled."""

    def __init__(self) -> None:
        self.seeking = False
        self.clock: Callable[[], float] = perf_counter
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
        try:
            cluster = await asyncio.to_thread(found.restored)
            cluster.seal.authority = authority
            playback = Playback(cluster, record, found.spot.inputs, end)
            return playback if await self._play(playback, seek) else None
        finally:
            self.seeking = False

    async def _play(self, playback: Playback, seek: Seek) -> bool:
        deadline = 0.0

        def late() -> bool:
            return self.clock() >= deadline

        while True:
            deadline = self.clock() + SLICE
            if seek(playback, late):
                return True
            await asyncio.sleep(REST)
            if self._cancelled:
                return False
