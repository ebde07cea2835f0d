"""The causal journal: who wrote what, when, and which earlier write made them; "why?" is a lookup here."""

from bisect import bisect_left
from hashlib import sha256
from typing import NamedTuple

import orjson

from kubesim.objects.wire import Gvr

BLOCK = 256
"""How many entries are hashed at once."""


class Entry(NamedTuple):
    """One write. ``cause`` is the revision that made ``actor`` act, 0 for a person or the passing of time."""

    revision: int
    at: int
    actor: str
    verb: str
    gvr: Gvr
    namespace: str
    name: str
    subresource: str
    cause: int
    note: str


Fields = tuple[int, int, str, str, Gvr, str, str, str, int, str]
"""The fields of an entry as a plain tuple, which is made in a quarter of the time; every write has one."""


class Journal:
    """The last ``retain`` writes in order, and a digest over all of them since the beginning."""

    def __init__(self, retain: int = 50_000) -> None:
        self.retain = retain
        self.dropped = 0
        """How many entries were folded into the digest and forgotten."""
        self.entries: list[Fields] = []
        """Those that are remembered, oldest first. Whoever appends here calls ``trim`` now and then."""
        self._full = retain + BLOCK
        self._fold = b""

    def append(self, entry: Entry | Fields) -> None:
        """Remember a write; entries must come in the order of their revisions."""
        self.entries.append(entry)
        self.trim()

    def trim(self) -> None:
        """Fold the oldest entries into the digest, whole blocks only, when there are too many."""
        entries = self.entries
        while len(entries) >= self._full:
            self._fold = _digest(self._fold, entries[:BLOCK])
            del entries[:BLOCK]
            self.dropped += BLOCK

    def since(self, position: int) -> list[Entry]:
        """Entries from an absolute position (``len(journal)`` at an earlier time) on; those still remembered."""
        return [Entry(*fields) for fields in self.entries[max(0, position - self.dropped) :]]

    def __len__(self) -> int:
        return self.dropped + len(self.entries)

    def find(self, revision: int) -> Entry | None:
        """The write that made this revision, while it is remembered."""
        at = bisect_left(self.entries, revision, key=_revision)
        if at < len(self.entries) and self.entries[at][0] == revision:
            return Entry(*self.entries[at])
        return None

    def chain(self, revision: int, limit: int = 32) -> list[Entry]:
        """The write of this revision and the writes that caused it, newest first."""
        found: list[Entry] = []
        while revision and len(found) < limit:
            entry = self.find(revision)
            if entry is None:
                break
            found.append(entry)
            revision = entry.cause if entry.cause < revision else 0
        return found

    def digest(self) -> str:
        """The sha256 over every write since the beginning, as hexadecimal text."""
        fold = self._fold
        for start in range(0, len(self.entries), BLOCK):
            fold = _digest(fold, self.entries[start : start + BLOCK])
        return fold.hex()


def _revision(fields: Fields) -> int:
    return fields[0]


def _digest(start: bytes, entries: list[Fields]) -> bytes:
    # Blocks begin at multiples of BLOCK since the beginning: when they are folded must not show in the digest.
    return sha256(start + orjson.dumps(entries, default=tuple)).digest()
