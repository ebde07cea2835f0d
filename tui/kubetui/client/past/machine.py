"""Goes back and forth in the life of a cluster: takes snapshots as it lives, finds and replays any moment of it."""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kubetui.client.past.playback import Playback, Spot, spot_of
from kubetui.client.past.record import MOST, READING, Door, Record
from kubetui.client.past.snapshots import Album, Photographer, Snapshot
from kubetui.client.port import Bookmark

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient

SLICE = 0.008
"""Wall seconds of replaying between two looks at the keys."""
REST = 0.001
SPACE = 1.0
"""Wall seconds that pass at least between two snapshots."""
PATIENCE = 20
"""A snapshot is followed by a rest of so many times what it took."""
WORTH = 400
"""Callbacks that make a snapshot worth while: they are played again in some 20 ms."""

Seek = Callable[[Playback, Callable[[], bool]], bool]
Precedes = Callable[[Spot], bool]


class TimeMachine:
    """Knows the present cluster, its record and its snapshots, and which cluster the client shows."""

    def __init__(self, client: "LocalClient", *, clock: Callable[[], float] = perf_counter) -> None:
        self.bookmarks: list[Bookmark] = []
        self.seeking = False
        self.problem = ""
        """Why the past that is shown may differ from what was, or ""."""
        self.live = client.cluster
        """The cluster of the present."""
        self._client = client
        self._record = Record()
        self._album = Album()
        self._photographer = Photographer()
        self._clock = clock
        self._last = float("-inf")
        self._recording = False
        self._cancelled = False
        self._was_running = False
        self._playback: Playback | None = None
        self._spots: dict[str, Spot] = {}

    # ------------------------------------------------------------------ living
    @property
    def recording(self) -> bool:
        """Whether the past is kept."""
        return self._recording

    def begin(self) -> None:
        """Keep the past from now on. Needs a running event loop."""
        if not self._recording:
            self._recording = True
            self._photograph()

    def close(self) -> None:
        """Keep nothing any more."""
        self._recording = False
        self._photographer.close()

    def door(self) -> Door:
        """The cluster that is shown, for those outside."""
        return Door(self._client.cluster, None if self.away else self._record)

    def about_to_send(self, verb: str, request: Any) -> bool:
        """Write down a Request that is about to be carried out; False when the past refuses it."""
        if verb in READING:
            return True
        if self.away:
            return False
        if self._recording:
            self._record.note(self.live, request)
        return True

    def lived(self) -> None:
        """Some of the present's time has passed: take a snapshot when it is worth one."""
        if not self._recording or self._photographer.busy or self.away:
            return
        album = self._album.all
        if not album or self.live.loop.ran - album[-1].spot.ran < WORTH:
            return
        rest = max(SPACE, self._photographer.cost * PATIENCE)
        if self._clock() - self._last >= rest:
            self._photograph()

    def _photograph(self) -> None:
        spot = self._here()
        self._last = self._clock()

        def kept(data: bytes) -> None:
            self._album.add(Snapshot(spot, data))
            if len(self._record) - self._record.forgotten > MOST:
                self._forget()

        self._photographer.take(self.live, kept)

    def _forget(self) -> None:
        album = self._album
        while len(album.all) > 1 and len(self._record) - album.all[0].spot.inputs > MOST:
            del album.all[0]
        self._record.forget_before(album.all[0].spot.inputs)

    def _here(self) -> Spot:
        """Where the present is."""
        return spot_of(self.live, len(self._record))

    # ------------------------------------------------------------------ where
    @property
    def away(self) -> bool:
        """Whether the past is shown."""
        return self._playback is not None

    @property
    def present(self) -> int:
        """The instant of the present."""
        return int(self.live.loop.now)

    @property
    def oldest(self) -> int:
        """The instant before which nothing is kept."""
        return self._album.all[0].spot.at if self._album.all else self.present

    def actions(self) -> Sequence[int]:
        """The instants at which something came from outside."""
        return [came.at for came in self._record.since(0) if came.request is not None]

    def mark(self, name: str) -> Bookmark:
        """Set a bookmark at what is shown; one of the same name is replaced."""
        playback = self._playback
        spot = self._here() if playback is None else spot_of(playback.cluster, playback.inputs)
        mark = Bookmark(name or self._free_name(), spot.at)
        self.bookmarks = sorted([*(each for each in self.bookmarks if each.name != mark.name), mark], key=_at)
        self._spots[mark.name] = spot
        return mark

    def _free_name(self) -> str:
        number = 1
        while f"B{number}" in self._spots:
            number += 1
        return f"B{number}"

    # ------------------------------------------------------------------ going
    async def back(self, steps: int) -> bool:
        """Go back so many units of work; False when that was cancelled or nothing is kept."""
        shown = self._client.cluster.loop.steps
        goal = max(shown - steps, self._album.all[0].spot.steps if self._album.all else 0)
        return await self._go(lambda spot: spot.steps < goal, lambda play, late: play.to_step(goal, late))

    async def to_time(self, at: int) -> bool:
        """Go to an instant; the present when it is not past."""
        if at >= self.present:
            return self.to_present()
        return await self._go(lambda spot: spot.at < at, lambda play, late: play.to_time(at, late))

    async def to_action(self, at: int) -> bool:
        """Go to just after what came from outside at an instant."""
        inputs = next((i + 1 for i, came in self._inputs() if came.at == at and came.request is not None), None)
        if inputs is None:
            return await self.to_time(at)
        return await self._go(lambda spot: spot.inputs < inputs, lambda play, late: play.to_inputs(inputs, late))

    def _inputs(self) -> list[tuple[int, Any]]:
        return list(enumerate(self._record.since(0), self._record.forgotten))

    async def to_mark(self, name: str) -> bool:
        """Go to a bookmark. Raises KeyError."""
        goal = self._spots[name]

        def precedes(spot: Spot) -> bool:
            return spot.ran <= goal.ran and spot.inputs <= goal.inputs and spot.at <= goal.at

        return await self._go(precedes, lambda play, late: play.to_spot(goal, late))

    async def _go(self, precedes: Precedes, seek: Seek) -> bool:
        album = self._album
        if self.seeking or not album.all:
            return False
        found = album.before(precedes) or album.all[0]
        self._freeze()
        self.seeking, self._cancelled = True, False
        try:
            cluster = await asyncio.to_thread(found.restored)
            cluster.seal.authority = self.live.seal.authority if self._sealed_before(found) else None
            playback = Playback(cluster, self._record, found.spot.inputs, self._here())
            arrived = await self._play(playback, seek)
        finally:
            self.seeking = False
        if not arrived:
            if not self.away:
                self._thaw()
            return False
        if playback.at_end and playback.now >= self.present:
            if not self.away:
                self._thaw()
            return self.to_present()
        self._playback = playback
        self.problem = "something came in that no record holds; this may differ from what was" if playback.astray else ""
        self._client.switch(cluster, playback)
        return True

    async def _play(self, playback: Playback, seek: Seek) -> bool:
        deadline = 0.0

        def late() -> bool:
            return self._clock() >= deadline

        while True:
            deadline = self._clock() + SLICE
            if seek(playback, late):
                return True
            await asyncio.sleep(REST)
            if self._cancelled:
                return False

    def _sealed_before(self, found: Snapshot) -> bool:
        installed = next((i for i, came in self._inputs() if came.authority is not None), None)
        return installed is None or found.spot.inputs > installed

    def cancel(self) -> bool:
        """Stop seeking; False when nothing was sought."""
        self._cancelled = True
        return self.seeking

    def _freeze(self) -> None:
        if not self.away:
            self._was_running = not self._client.pump.paused
        self._client.pump.pause()

    def _thaw(self) -> None:
        if self._was_running:
            self._client.pump.resume()

    # ------------------------------------------------------------------ coming back
    def played(self) -> None:
        """Some of the past was played: it may have caught up with the present."""
        if self._playback is not None and self._playback.at_end and self._playback.now >= self.present:
            self._was_running = not self._client.pump.paused
            self.to_present()

    def to_present(self) -> bool:
        """Show the present again; time goes on if it did before."""
        if self.away:
            self._client.pump.pause()
            self._playback = None
            self.problem = ""
            self._client.switch(self.live, self.live.loop)
            self._thaw()
        return True

    def resume_here(self) -> None:
        """Make what is shown the present, and forget its future."""
        playback = self._playback
        if playback is None:
            return
        self._client.pump.pause()
        self.live = playback.cluster
        here = spot_of(self.live, playback.inputs)
        self._record.cut(playback.inputs)
        self._album.cut(here)
        self.bookmarks = [each for each in self.bookmarks if each.at <= here.at]
        self._spots = {each.name: self._spots[each.name] for each in self.bookmarks}
        self._playback = None
        self._client.switch(self.live, self.live.loop)


def _at(mark: Bookmark) -> int:
    return mark.at
