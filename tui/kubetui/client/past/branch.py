"""What-if: another future beside the present; anything may be changed in it, it is compared, kept or dropped."""

import asyncio
import zlib
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kubesim.objects.wire import Key
from kubesim.store import snapshot
from kubetui.client.past.outlook import Outlook
from kubetui.client.past.playback import Playback, Spot
from kubetui.client.past.record import Record
from kubetui.client.past.snapshots import photographed
from kubetui.client.past.trial import Trial
from kubetui.model.whatif import Observer, Outcome

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient

SLICE = 0.008
REST = 0.001
LOOKS = 120
"""Into how many pieces a future is cut; what happens within one is not seen."""
ENDLESS = 1 << 62

Report = Callable[[float], None]
"""Told how much is done, from 0 to 1."""


class _Half:
    """Reports one of two parts of the whole."""

    def __init__(self, report: Report, number: int) -> None:
        self._report = report
        self._number = number

    def __call__(self, part: float) -> None:
        self._report((self._number + part) / 2)


class Branches:
    """At most one branch at a time."""

    def __init__(self, client: "LocalClient") -> None:
        self.active = False
        self.started = 0
        """The instant of the fork."""
        self.record = Record()
        self.base: Any = None
        """The cluster that was shown when the branch began."""
        self.outlook = Outlook(client)
        self._client = client
        self._engine: Any = None
        self._origin = b""
        self._cancelled = False

    async def begin(self) -> None:
        """Go on in a copy of what is shown."""
        client = self._client
        client.pump.pause()
        self._engine, self.base = client.engine, client.cluster
        self._origin = await photographed(self.base)
        cluster = await asyncio.to_thread(self._copy)
        self.record, self.started, self.active = Record(), client.now(), True
        client.switch(cluster, cluster.loop)

    def _copy(self) -> Any:
        cluster = snapshot.from_bytes(zlib.decompress(self._origin))
        cluster.seal.authority = self.base.seal.authority
        return cluster

    def drop(self) -> None:
        """Back to what was shown before; the branch is gone."""
        if self.active:
            self.active = False
            self._client.switch(self.base, self._engine)
            self._forget()

    def keep(self) -> Any:
        """End the branch where it is; returns its cluster, which somebody else makes the present."""
        self.active = False
        self._forget()
        return self._client.cluster

    def _forget(self) -> None:
        self.base = self._engine = None
        self._origin = b""

    def trial(self, key: Key) -> Trial:
        """A place to try changes of an object."""
        return Trial(self._client, key)

    def cancel(self) -> None:
        """Stop comparing."""
        self._cancelled = True

    async def compare(self, duration_ms: int, report: Report) -> tuple[Outcome, Outcome] | None:
        """Both futures from the fork until so long from what is shown; None when it was cancelled."""
        self._cancelled = False
        until = self._client.now() + duration_ms
        found = []
        for number, record in enumerate((Record(), self.record)):
            cluster = await asyncio.to_thread(self._copy)
            end = Spot(ENDLESS, ENDLESS, len(record), ENDLESS)
            outcome = await self._watch(Playback(cluster, record, 0, end), until, _Half(report, number))
            if outcome is None:
                return None
            found.append(outcome)
        return found[0], found[1]

    async def _watch(self, playback: Playback, until: int, report: Report) -> Outcome | None:
        observer = Observer(playback.cluster.store)
        start = playback.now
        step = max((until - start) // LOOKS, 250)
        deadline = 0.0

        def late() -> bool:
            return perf_counter() >= deadline

        while playback.now < until:
            due = min(playback.now + step, until)
            before = playback.now
            while True:
                deadline = perf_counter() + SLICE
                if playback.run_until(due, late):
                    break
                await asyncio.sleep(REST)
                if self._cancelled:
                    return None
            observer.look(playback.now - before)
            report((playback.now - start) / max(until - start, 1))
            await asyncio.sleep(0)
            if self._cancelled:
                return None
        return observer.outcome()
