"""Gives many watches of the same objects the same bytes: what happened is looked up and encoded once a tick."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from kubesim.httpd.encoding import Encoder
from kubesim.objects.wire import WatchEvent

BATCH = 500
"""How many events a watch is told of at a time."""
PIECE = 256 * 1024
"""About how many bytes go into one write."""


class Batch(NamedTuple):
    """What a watch is sent next. ``full`` when there may be more at once."""

    pieces: tuple[bytes, ...]
    revision: int
    full: bool


class Fan:
    """Remembers what watches were sent that stood at the same revision, as long as the store does not change."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[Any, int], Batch] = {}
        self._at = -1

    def clear(self) -> None:
        """Forget everything: another cluster is served from now on."""
        self._known.clear()
        self._at = -1

    def batch(self, cursor: Any, current: int) -> Batch:
        """What comes next for a cursor; ``current`` is the revision of the store. Raises what ``poll`` raises."""
        kind = cursor.kind
        if kind is None:
            return self._encoded(cursor.poll(BATCH), cursor.revision)
        if self._at != current:
            self._known.clear()
            self._at = current
        place = kind, cursor.revision
        found = self._known.get(place)
        if found is not None:
            cursor.skip_to(found.revision)
            # Bookmarks are due to each watch at its own time.
            return found if found.pieces else self._encoded(cursor.poll(BATCH), cursor.revision)
        events = cursor.poll(BATCH)
        found = self._encoded(events, cursor.revision)
        if not cursor.closed and not (events and events[0].type == "BOOKMARK"):
            self._known[place] = found
        return found

    def _encoded(self, events: list[WatchEvent], revision: int) -> Batch:
        encode = self._encoder.event
        lines = [encode(event) for event in events]
        return Batch(tuple(_pieces(lines)), revision, len(events) >= BATCH)


def _pieces(lines: list[bytes]) -> Iterator[bytes]:
    """Lines put together into pieces of moderate size."""
    start = size = 0
    for position, line in enumerate(lines):
        size += len(line)
        if size >= PIECE:
            yield b"".join(lines[start : position + 1])
            start, size = position + 1, 0
    if start < len(lines):
        yield b"".join(lines[start:])
