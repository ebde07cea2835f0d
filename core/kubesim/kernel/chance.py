"""Named seeded random streams; uids, name suffixes and jitter. A draw in one component never disturbs another."""

from random import Random

Stream = Random
"""One named stream; other modules name the type by this, and never import ``random``."""

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: no vowels, no look-alikes. # k8s: apimachinery/util/rand"""

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_TRIPLES = [first + pair for first in ALPHABET for pair in _PAIRS]


class Chance:
    """The cluster's source of chance: one ``random.Random`` for each name, all derived from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}
        self._uids = self.stream("uid")

    def stream(self, name: str) -> Random:
        """The stream of that name, made on first use."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Random(f"{self.seed}/{name}")
        return found

    def uid(self) -> str:
        """A version 4 UUID."""
        bits = self._uids.getrandbits(122)
        return "%08x-%04x-4%03x-%04x-%012x" % (  # noqa: UP031 - half the time of an f-string, and every object has one
            bits & 0xFFFFFFFF,
            bits >> 32 & 0xFFFF,
            bits >> 48 & 0xFFF,
            bits >> 60 & 0x3FFF | 0x8000,
            bits >> 74,
        )

    def suffix(self, length: int = 5) -> str:
        """The random end of a generated name."""
        if length == 5:
            # One draw instead of five: each pod and its events need a name.
            number = int(self.stream("names").random() * (len(_TRIPLES) * len(_PAIRS)))
            return _TRIPLES[number // len(_PAIRS)] + _PAIRS[number % len(_PAIRS)]
        return "".join(self.stream("names").choices(ALPHABET, k=length))
