"""What is kept of a cluster's life: the record of what came in, snapshots at good moments, bookmarks."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from kubetui.client.past.playback import Spot, spot_of
from kubetui.client.past.record import MOST, Input, Record
from kubetui.client.past.snapshots import Album, Photographer, Snapshot
from kubetui.client.port import Bookmark

SPACE = 1.0
"""Wall seconds that pass at least between two snapshots."""
PATIENCE = 20
"""A snapshot is followed by a rest of so many times what it took."""
WORTH = 400
"""Callbacks that make a snapshot worth while: they are played again in some 20 ms."""


class Keeper:
    """Keeps the record and the snapshots of the present, whichever cluster that is."""

    def __init__(self) -> None:
        self.record = Record()
        self.album = Album()
        self.photographer = Photographer()
        self.recording = False
        self.clock: Callable[[], float] = perf_counter
        self._last = float("-inf")

    def here(self, cluster: Any) -> Spot:
        """Where the present is."""
        return spot_of(cluster, len(self.record))

    def lived(self, cluster: Any) -> None:
        """Some time has passed: take a snapshot when it is worth one."""
        kept = self.album.all
        if not self.recording or self.photographer.busy or not kept or cluster.loop.ran - kept[-1].spot.ran < WORTH:
            return
        if self.clock() - self._last >= max(SPACE, self.photographer.cost * PATIENCE):
            self.photograph(cluster)

    def photograph(self, cluster: Any) -> None:
        """Take a snapshot now."""
        spot = self.here(cluster)
        self._last = self.clock()

        def kept(data: bytes) -> None:
            self.album.add(Snapshot(spot, data))
            if len(self.record) - self.record.forgotten > MOST:
                self._forget()

        self.photographer.take(cluster, kept)

    def _forget(self) -> None:
        kept = self.album.all
        while len(kept) > 1 and len(self.record) - kept[0].spot.inputs > MOST:
            del kept[0]
        self.record.forget_before(kept[0].spot.inputs)

    def inputs(self) -> Sequence[tuple[int, Input]]:
        """What came in, with its number."""
        return list(enumerate(self.record.since(0), self.record.forgotten))

    def sealed_before(self, found: Snapshot) -> bool:
        """Whether the keys of the cluster were installed when a snapshot was taken."""
        installed = next((number for number, came in self.inputs() if came.authority is not None), None)
        return installed is None or found.spot.inputs > installed

    def cut(self, here: Spot) -> None:
        """Forget the future of a place."""
        self.record.cut(here.inputs)
        self.album.cut(here)


class Bookmarks:
    """Moments with names, in order of time."""

    def __init__(self) -> None:
        self.all: list[Bookmark] = []
        self.spots: dict[str, Spot] = {}

    def set(self, name: str, spot: Spot, revision: int) -> Bookmark:
        """Set one; one of the same name is replaced, one without a name gets the next free of B1, B2 ..."""
        if not name:
            number = 1
            while f"B{number}" in self.spots:
                number += 1
            name = f"B{number}"
        mark = Bookmark(name, spot.at, revision)
        self.all[:] = sorted([*(each for each in self.all if each.name != name), mark], key=_at)
        self.spots[name] = spot
        return mark

    def cut(self, at: int) -> None:
        """Forget those after an instant."""
        self.all[:] = [each for each in self.all if each.at <= at]
        self.spots = {each.name: self.spots[each.name] for each in self.all}


def _at(mark: Bookmark) -> int:
    return mark.at
