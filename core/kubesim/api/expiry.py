"""The time to live of Events: one timer a minute, which deletes the Events that were last written an hour ago."""

from kubesim.api.writer import Writer
from kubesim.kernel.loop import Loop
from kubesim.objects.wire import EVENTS, Identity, Key, Request
from kubesim.store.mvcc import Store

EVENT_TTL_MS = 3_600_000
"""# k8s: --event-ttl"""
BUCKET_MS = 60_000
SLICE = 200
"""How many Events end in one callback, so that time can be stopped and a screen painted in between."""

_IDENTITY = Identity("system:apiserver", ("system:masters",), "kube-apiserver")


class EventExpiry:
    """Remembers which Events expire in which minute.

    # differs: Events live up to a minute longer than an hour, since all leases of a minute end together.
    """

    def __init__(self, store: Store, loop: Loop, writer: Writer) -> None:
        self._store = store
        self._loop = loop
        self._writer = writer
        self._buckets: dict[int, dict[str, list[str]]] = {}
        self._renewed: dict[tuple[str, str], int] = {}
        self._latest: dict[str, list[str]] = {}
        self._latest_due = 0
        self._latest_until = 0
        """When the minute ends whose Events are noted in ``_latest``."""

    def created(self, namespace: str, name: str) -> None:
        """An Event was created: it lives for an hour."""
        if self._loop.now >= self._latest_until:
            self._open_bucket()
        names = self._latest.get(namespace)
        if names is None:
            self._latest[namespace] = [name]
        else:
            names.append(name)

    def renewed(self, namespace: str, name: str) -> None:
        """An Event was written again: its hour starts anew."""
        self.created(namespace, name)
        self._renewed[namespace, name] = self._latest_due

    def _open_bucket(self) -> None:
        due = (self._loop.now + EVENT_TTL_MS) // BUCKET_MS * BUCKET_MS + BUCKET_MS
        self._latest = self._buckets[due] = {}
        self._latest_due, self._latest_until = due, due - EVENT_TTL_MS
        self._loop.at(due, self._ripe, due)

    def _ripe(self, due: int) -> None:
        # The oldest go first, and a list is cheap to shorten at its end only.
        for names in self._buckets[due].values():
            names.reverse()
        self._expire(due)

    def _expire(self, due: int) -> None:
        if self._writer.outage:
            self._loop.after(BUCKET_MS, self._expire, due)
            return
        bucket = self._buckets[due]
        left = SLICE
        while bucket and left > 0:
            namespace, names = next(iter(bucket.items()))
            while names and left > 0:
                self._end(namespace, names.pop(), due)
                left -= 1
            if not names:
                del bucket[namespace]
        if bucket:
            self._loop.at(self._loop.now, self._expire, due)
        else:
            del self._buckets[due]

    def _end(self, namespace: str, name: str, due: int) -> None:
        if self._renewed.get((namespace, name), due) > due:
            return
        self._renewed.pop((namespace, name), None)
        event = self._store.get(EVENTS, namespace, name)
        if event is not None:
            request = Request("delete", Key(EVENTS, namespace, name), identity=_IDENTITY, note="event expired")
            self._writer.delete(EVENTS, namespace, name, event, request)
