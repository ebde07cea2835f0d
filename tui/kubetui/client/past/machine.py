"""Goes back and forth in the life of a cluster, and knows which moment of it is shown."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from kubetui.client.past.branch import Branches
from kubetui.client.past.keeping import Bookmarks, Keeper
from kubetui.client.past.playback import Playback, Spot, spot_of
from kubetui.client.past.record import READING, Door
from kubetui.client.past.seeking import Seek, Seeker
from kubetui.client.port import Bookmark

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient

ASTRAY = "something came in that no record holds; this may differ from what was"


class TimeMachine:
    """The present cluster is ``live``; what is shown is that, a moment of its past, or a branch."""

    def __init__(self, client: "LocalClient") -> None:
        self.problem = ""
        """Why the past that is shown may differ from what was, or ""."""
        self.live = client.cluster
        self.kept = Keeper()
        self.seeker = Seeker()
        self.cancel: Callable[[], bool] = self.seeker.cancel
        """Stop seeking; False when nothing was sought."""
        self.branches = Branches(client)
        self._client = client
        self._marks = Bookmarks()
        self.bookmarks = self._marks.all
        """All bookmarks, in order of time."""
        self._was_running = False
        self._playback: Playback | None = None

    # ------------------------------------------------------------------ living
    def begin(self) -> None:
        """Keep the past from now on. Needs a running event loop."""
        if not self.kept.recording:
            self.kept.recording = True
            self.kept.photograph(self.live)

    def close(self) -> None:
        """Keep nothing any more."""
        self.kept.recording = False
        self.kept.photographer.close()

    def door(self) -> Door:
        """The cluster that is shown, for those outside."""
        if self.branches.active:
            return Door(self._client.cluster, self.branches.record)
        return Door(self._client.cluster, None if self.away else self.kept.record)

    def about_to_send(self, verb: str, request: Any) -> bool:
        """Write down a Request that is about to be carried out; False when the past refuses it."""
        if verb in READING:
            return True
        if self.branches.active:
            self.branches.record.note(self._client.cluster, request)
            return True
        if self.away:
            return False
        if self.kept.recording:
            self.kept.record.note(self.live, request)
        return True

    def lived(self) -> None:
        """Some time has passed in what is shown: keep it, or notice that the past has caught up with the present."""
        playback = self._playback
        if self.branches.active:
            return
        if playback is None:
            self.kept.lived(self.live)
        elif playback.at_end and playback.now >= self.present:
            self._was_running = not self._client.pump.paused
            self.to_present()

    # ------------------------------------------------------------------ where
    @property
    def away(self) -> bool:
        """Whether the past is shown."""
        return self._playback is not None

    @property
    def seeking(self) -> bool:
        """Whether a moment is being sought."""
        return self.seeker.seeking

    @property
    def present(self) -> int:
        """The instant of the present."""
        return int(self.live.loop.now)

    @property
    def oldest(self) -> int:
        """The instant before which nothing is kept."""
        kept = self.kept.album.all
        return kept[0].spot.at if kept else self.present

    def mark(self, name: str) -> Bookmark:
        """Set a bookmark at what is shown; one of the same name is replaced."""
        playback = self._playback
        spot = self.kept.here(self.live) if playback is None else spot_of(playback.cluster, playback.inputs)
        return self._marks.set(name, spot, int(self._client.cluster.store.revision))

    # ------------------------------------------------------------------ going
    async def back(self, steps: int) -> bool:
        """Go back so many units of work; False when that was cancelled or nothing is kept."""
        kept = self.kept.album.all
        goal = max(self._client.cluster.loop.steps - steps, kept[0].spot.steps if kept else 0)
        return await self._go(lambda spot: spot.steps < goal, lambda play, late: play.to_step(goal, late))

    async def to_time(self, at: int) -> bool:
        """Go to an instant; the present when it is not past."""
        if at >= self.present:
            return self.to_present()
        return await self._go(lambda spot: spot.at < at, lambda play, late: play.to_time(at, late))

    async def to_action(self, at: int) -> bool:
        """Go to just after what came from outside at an instant."""
        came = (number for number, each in self.kept.inputs() if each.at == at and each.request is not None)
        inputs = next(came, -1) + 1
        if not inputs:
            return await self.to_time(at)
        return await self._go(lambda spot: spot.inputs < inputs, lambda play, late: play.to_inputs(inputs, late))

    async def to_mark(self, name: str) -> bool:
        """Go to a bookmark. Raises KeyError."""
        goal = self._marks.spots[name]
        return await self._go(partial(_precedes, goal), lambda play, late: play.to_spot(goal, late))

    async def _go(self, precedes: Callable[[Spot], bool], seek: Seek) -> bool:
        kept, pump = self.kept, self._client.pump
        if self.seeking or self.branches.active or not kept.album.all:
            return False
        found = kept.album.before(precedes) or kept.album.all[0]
        if not self.away:
            self._was_running = not pump.paused
        pump.pause()
        authority = self.live.seal.authority if kept.sealed_before(found) else None
        playback = await self.seeker.find(found, kept.record, kept.here(self.live), seek, authority)
        if playback is None or (playback.at_end and playback.now >= self.present):
            if not self.away and self._was_running:
                pump.resume()
            return playback is not None and self.to_present()
        self._playback = playback
        self.problem = ASTRAY if playback.astray else ""
        self._client.switch(playback.cluster, playback)
        return True

    # ------------------------------------------------------------------ coming back
    def to_present(self) -> bool:
        """Show the present again; time goes on if it did before."""
        if self.away and not self.branches.active:
            self._client.pump.pause()
            self._playback = None
            self.problem = ""
            self._client.switch(self.live, self.live.loop)
            if self._was_running:
                self._client.pump.resume()
        return True

    def resume_here(self) -> None:
        """Make what is shown the present, and forget its future."""
        playback = self._playback
        if playback is not None:
            self._settle(playback.cluster, spot_of(playback.cluster, playback.inputs))

    def keep_branch(self) -> None:
        """Make the branch the present."""
        branches, playback = self.branches, self._playback
        came, inputs = branches.record.since(0), len(self.kept.record) if playback is None else playback.inputs
        base = spot_of(branches.base, inputs)
        self._settle(branches.keep(), base)
        for each in came:
            self.kept.record.append(each)

    def _settle(self, cluster: Any, here: Spot) -> None:
        self._client.pump.pause()
        self.live, self._playback, self.problem = cluster, None, ""
        self.kept.cut(here)
        self._marks.cut(here.at)
        self._client.switch(self.live, self.live.loop)


def _precedes(goal: Spot, spot: Spot) -> bool:
    return spot.ran <= goal.ran and spot.inputs <= goal.inputs and spot.at <= goal.at
