"""Several watches of a rehearsal read as one story: every version of every object, in order, with its time."""

from collections.abc import Iterable
from typing import NamedTuple

from kubesim.objects.wire import Gvr, Key, Request, Tree
from kubetui.client.port import ClusterClient, WatchCursor


class Happening(NamedTuple):
    """One write: ``type`` is ADDED, MODIFIED or DELETED, ``at`` milliseconds since 1970."""

    type: str
    key: Key
    object: Tree
    at: int


class Watches:
    """Follows whole namespaces of some kinds."""

    def __init__(self, client: ClusterClient, places: Iterable[tuple[Gvr, str]]) -> None:
        self._client = client
        self._cursors: list[tuple[Gvr, WatchCursor]] = [
            (gvr, client.watch(Request("watch", Key(gvr, namespace)))) for gvr, namespace in places
        ]
        self._position = 0
        self._times: dict[int, int] = {}

    def poll(self) -> list[Happening]:
        """What happened since the last call."""
        insight = self._client.insight
        if insight is not None:
            entries, self._position = insight.journal(self._position)
            self._times = {entry.revision: entry.at for entry in entries}
        now = self._client.now()
        found: list[tuple[int, Happening]] = []
        for gvr, cursor in self._cursors:
            for event in cursor.poll():
                if event.type not in {"ADDED", "MODIFIED", "DELETED"}:
                    continue
                metadata = event.object["metadata"]
                key = Key(gvr, metadata.get("namespace", ""), metadata["name"])
                at = self._times.get(event.revision, now)
                found.append((event.revision, Happening(event.type, key, event.object, at)))
        found.sort(key=_revision)
        return [happening for _, happening in found]

    def close(self) -> None:
        """Stop following."""
        for _, cursor in self._cursors:
            cursor.close()


def _revision(item: tuple[int, Happening]) -> int:
    return item[0]
