"""Named seeded random streams; uids, name suffixes and jitter. A draw in one component never disturbs another."""

from random import Random

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: no vowels, no look-alikes. # k8s: apimachinery/util/rand"""

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_TRIPLES = [first + pair for first in ALPHABET for pair in _PAIRS]


class Chance:
    """The cluster's source of chance: one ``random.Random`` for each name, all derived from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def stream(self, name: str) -> Random:
        """The stream of that name, made on first use."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Random(f"{self.seed}/{name}")
        return found

    def uid(self) -> str:
        """A version 4 UUID."""
        text = f"{self.stream('uid').getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """The random end of a generated name."""
        if length == 5:
            # One draw instead of five: each pod and its events need a name.
            number = int(self.stream("names").random() * (len(_TRIPLES) * len(_PAIRS)))
            return _TRIPLES[number // len(_PAIRS)] + _PAIRS[number % len(_PAIRS)]
        return "".join(self.stream("names").choices(ALPHABET, k=length))
