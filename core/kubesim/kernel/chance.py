"""Named seeded random streams; uids, name suffixes and jitter. A draw in one component never disturbs another."""

from random import Random
from struct import Struct

Stream = Random
"""One named stream; other modules name the type by this, and never import ``random``."""

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: no vowels, no look-alikes. # k8s: apimachinery/util/rand"""

_UIDS_AT_ONCE = 64
_WANTED = int.from_bytes(bytes.fromhex("ffffffffffff0fff3fffffffffffffff") * _UIDS_AT_ONCE, "big")
_FIXED = int.from_bytes(bytes.fromhex("00000000000040008000000000000000") * _UIDS_AT_ONCE, "big")
"""The bits of UUIDs that are drawn, and those that say version 4, variant 1."""

_PARTS = Struct("8s4s4s4s12s" * _UIDS_AT_ONCE)

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_TRIPLES = [first + pair for first in ALPHABET for pair in _PAIRS]


class Chance:
    """The cluster's source of chance: one ``random.Random`` for each name, all derived from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}
        self._bits = self.stream("uid")
        self._uids: list[str] = []
        self._names = self.stream("names")

    def stream(self, name: str) -> Random:
        """The stream of that name, made on first use."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Random(f"{self.seed}/{name}")
        return found

    def uid(self) -> str:
        """A version 4 UUID."""
        if not self._uids:
            self._draw_uids()
        return self._uids.pop()

    def _draw_uids(self) -> None:
        # Every object and every Event has one: drawn and formatted in one go they cost a quarter.
        bits = self._bits.getrandbits(128 * _UIDS_AT_ONCE) & _WANTED | _FIXED
        digits = bits.to_bytes(16 * _UIDS_AT_ONCE, "big").hex().encode()
        text = b"-".join(_PARTS.unpack(digits)).decode()
        self._uids = [text[start : start + 36] for start in range(0, 37 * _UIDS_AT_ONCE, 37)]

    def suffix(self, length: int = 5) -> str:
        """The random end of a generated name."""
        if length == 5:
            # One draw instead of five: each pod and its events need a name.
            number = int(self._names.random() * (len(_TRIPLES) * len(_PAIRS)))
            return _TRIPLES[number // len(_PAIRS)] + _PAIRS[number % len(_PAIRS)]
        return "".join(self._names.choices(ALPHABET, k=length))
