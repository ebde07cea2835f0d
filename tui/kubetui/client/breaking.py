"""Break points in the time of a cluster in this process: the pump asks after every callback whether one has struck."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kubesim.api.cel.objecttests import compiled
from kubesim.objects.wire import EVENTS, Tree
from kubesim.store.mvcc import CompactedError
from kubetui.model.breaking import Break, Change, parse
from kubetui.model.catalogue import Catalogue

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient


class BreakPoints:
    """All break points of a cluster. While there is none, the pump is not told to ask."""

    stops = True

    def __init__(self, client: "LocalClient") -> None:
        self.all: list[Break] = []
        self.on_strike: Callable[[str], None] | None = None
        """Told what has come true, after time was stopped."""
        self._client = client
        self._revision = 0

    # ------------------------------------------------------------------ what a person does
    def add(self, text: str, namespace: str) -> int:
        """Set one; returns of how many objects it is true already. Raises ValueError."""
        client = self._client
        found = parse(text, Catalogue(client.resources()), namespace, compiled)
        client.pump.catch_up()
        if not self.all:
            self._revision = int(client.cluster.store.revision)
        already = found.begin(self._objects(found), client.cluster.loop.now)
        self.all.append(found)
        client.pump.gate.guard = self
        return already

    def remove(self, number: int) -> None:
        """End one by its position."""
        del self.all[number]
        if not self.all:
            self._client.pump.gate.guard = None

    def clear(self) -> None:
        """End all."""
        self.all.clear()
        self._client.pump.gate.guard = None

    def anew(self) -> None:
        """Another time of the cluster is shown."""
        store, now = self._client.cluster.store, self._client.cluster.loop.now
        self._revision = int(store.revision)
        for each in self.all:
            each.begin(self._objects(each), now)

    def _objects(self, found: Break) -> Sequence[Tree]:
        if found.gvr == EVENTS:
            return ()
        api = self._client.cluster.api
        return self._client.objects(api.strategy(found.gvr).storage or found.gvr)

    # ------------------------------------------------------------------ what the pump asks
    @property
    def deadline(self) -> int | None:
        """The next instant at which a state will have lasted long enough."""
        return min((due for each in self.all if (due := each.deadline) is not None), default=None)

    def struck(self) -> bool:
        """Look at what was written since the last call; whether time has to stop."""
        found = self._news()
        if found and self.on_strike is not None:
            self.on_strike("\n".join(found))
        return bool(found)

    def _news(self) -> list[str]:
        store, now = self._client.cluster.store, self._client.cluster.loop.now
        found: list[str] = []
        if store.revision != self._revision:
            try:
                changes = store.since(self._revision)
            except CompactedError:
                changes = []
            self._revision = store.revision
            for _, gvr, namespace, name, old, new in changes:
                change = Change(gvr, namespace, name, old, new)
                found += [text for each in self.all if each.gvr == gvr and (text := each.take(change, now))]
        return found + [text for each in self.all for text in each.lasted(now)]
