"""The shared informers: tell components of writes, in order, after the watch lag."""

from collections.abc import Callable

from kubesim.kernel.loop import Loop
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.mvcc import Fields, Store

Handler = Callable[[Tree | None, Tree | None, int], None]
"""Called with (old, new, revision); old is None for a creation, new for a deletion. O(1) work only."""

WATCH_LAG_MS = 3
SLICE = 64


class Hub:
    """Delivers each write once to every handler of its resource; all writes of one lag are delivered together."""

    def __init__(self, loop: Loop, store: Store, lag_ms: int = WATCH_LAG_MS) -> None:
        self.lag_ms = lag_ms
        self._loop = loop
        self._store = store
        self._handlers: dict[Gvr, list[Handler]] = {}
        self._pending: list[Fields] = []
        self._position = 0
        self._armed = False

    def on(self, gvr: Gvr, handler: Handler) -> None:
        """Call a bound method for each write to a resource, in order of registration."""
        if getattr(handler, "__self__", None) is None:
            msg = "only bound methods may be handlers: a cluster must survive pickling"
            raise TypeError(msg)
        known = self._handlers.get(gvr)
        if known is None:
            known = self._handlers[gvr] = []
            self._store.subscribe(self._changed, gvr)
        known.append(handler)

    def _changed(self, change: Fields) -> None:
        self._pending.append(change)
        if not self._armed:
            self._armed = True
            self._loop.after(self.lag_ms, self._deliver)

    def _deliver(self) -> None:
        # A slice at a time, so that a screen can be painted while a burst is delivered.
        pending, start = self._pending, self._position
        end = min(start + SLICE, len(pending))
        every = self._handlers
        for revision, gvr, _, _, old, new in pending[start:end]:
            for handler in every[gvr]:
                handler(old, new, revision)
        if end < len(pending):
            self._position = end
            self._loop.at(self._loop.now, self._deliver)
        else:
            self._pending, self._position, self._armed = [], 0, False
