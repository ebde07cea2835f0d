"""Snapshots of a cluster: made by a forked process, so that the screen waits a millisecond; kept thinner with age."""

import asyncio
import gc
import os
import sys
import warnings
import zlib
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

from kubesim.store import snapshot
from kubetui.client.past.playback import Spot

MOST = 48
BUDGET = 64 * 1024 * 1024
"""Bytes that all snapshots of a cluster may take."""
CHUNK = 1 << 20

Kept = Callable[[bytes], None]
TUNED = 1_000_000
"""The threshold of a collector that looks at old objects only when it is told to."""


class Snapshot(NamedTuple):
    """A whole cluster at one place of its life, compressed."""

    spot: Spot
    data: bytes

    def restored(self) -> Any:
        """The cluster; takes some 20 ms a MB. A tuned collector is not sent through all of it afterwards."""
        plain, was = zlib.decompress(self.data), gc.isenabled()
        gc.disable()
        try:
            found = snapshot.from_bytes(plain)
            if gc.get_threshold()[2] >= TUNED:
                gc.freeze()
        finally:
            if was:
                gc.enable()
        return found


class Album:
    """Snapshots in order. The first and the newest stay; of the others those go that are missed least."""

    def __init__(self, most: int = MOST, budget: int = BUDGET) -> None:
        self.all: list[Snapshot] = []
        self._most = most
        self._budget = budget

    @property
    def size(self) -> int:
        """Bytes taken."""
        return sum(len(each.data) for each in self.all)

    def add(self, taken: Snapshot) -> None:
        """Keep one more; it is the newest."""
        self.all.append(taken)
        while len(self.all) > 2 and (len(self.all) > self._most or self.size > self._budget):
            del self.all[self._least_missed()]

    def _least_missed(self) -> int:
        # A gap costs what has to be played again in it; long ago longer ways are in order.
        newest = self.all[-1].spot

        def cost(index: int) -> float:
            gap = self.all[index + 1].spot.ran - self.all[index - 1].spot.ran
            return gap / (newest.ran - self.all[index].spot.ran + 1)

        return min(range(1, len(self.all) - 1), key=cost)

    def before(self, precedes: Callable[[Spot], bool]) -> Snapshot | None:
        """The newest that precedes what is sought."""
        return next((each for each in reversed(self.all) if precedes(each.spot)), None)

    def cut(self, end: Spot) -> None:
        """Drop those of a future that is no more."""
        self.all = [each for each in self.all if each.spot.ran <= end.ran and each.spot.inputs <= end.inputs]


def can_fork() -> bool:
    """Whether this system lets a process copy itself."""
    return hasattr(os, "fork") and sys.platform != "win32"


def packed(cluster: Any) -> bytes:
    """A cluster as compressed bytes."""
    return zlib.compress(snapshot.to_bytes(cluster), 1)


class Photographer:
    """Takes one snapshot at a time. ``cost`` is how many wall seconds the last one took, elsewhere."""

    def __init__(self) -> None:
        self.cost = 0.0
        self.busy = False
        self._pid = 0
        self._pipe = -1

    def take(self, cluster: Any, kept: Kept, lost: Callable[[], object] | None = None) -> None:
        """Begin a snapshot of this very instant; ``kept`` is called with its bytes later, in the event loop.

        ``lost`` is called instead when the other process ended before its time.
        """
        started = perf_counter()
        if not can_fork():
            kept(packed(cluster))
            self.cost = perf_counter() - started
            return
        self.busy = True
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Only this thread goes on in the child, which needs no lock of another one.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _child(cluster, writing)
        os.close(writing)
        self._pid, self._pipe = pid, reading
        chunks: list[bytes] = []
        loop = asyncio.get_running_loop()

        def read() -> None:
            chunk = os.read(reading, CHUNK)
            if chunk:
                chunks.append(chunk)
                return
            loop.remove_reader(reading)
            self._reap()
            self.cost = perf_counter() - started
            data = b"".join(chunks)
            if data[:8] == len(data[8:]).to_bytes(8, "big"):
                kept(data[8:])
            elif lost is not None:
                lost()

        loop.add_reader(reading, read)

    def _reap(self) -> None:
        os.close(self._pipe)
        os.waitpid(self._pid, 0)
        self._pid, self._pipe, self.busy = 0, -1, False

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.kill(self._pid, 9)
            self._reap()


async def photographed(cluster: Any) -> bytes:
    """A cluster as it is at this instant, compressed, while it goes on and requests come in. Raises OSError."""
    taken: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    photographer = Photographer()

    def lost() -> None:
        taken.set_exception(OSError("the copy of the cluster was not finished: its process ended"))

    photographer.take(cluster, taken.set_result, lost)
    try:
        return await taken
    finally:
        photographer.close()


def _child(cluster: Any, writing: int) -> None:
    """The life of the forked process; it never returns and touches nothing of the screen."""
    code = 1
    try:
        import gc  # noqa: PLC0415

        gc.disable()
        os.nice(5)
        data = packed(cluster)
        rest = memoryview(len(data).to_bytes(8, "big") + data)
        while rest:
            rest = rest[os.write(writing, rest[:CHUNK]) :]
        code = 0
    finally:
        os._exit(code)
