"""How wide the columns of a table are: contents decide, elastic columns give way, spare room goes between them."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

GAP = 2
ELASTIC_MINIMUM = 10
NAME_MINIMUM = 20
"""A name is what a row is known by: it gives way last."""
SPARE_GAP = 4
"""How much spare room one gap may take, beside GAP."""


class Fit(NamedTuple):
    """The widths of the columns and the gap behind each but the last; ``total`` may exceed what is available."""

    widths: tuple[int, ...]
    gaps: tuple[int, ...]
    total: int


def fit(natural: Sequence[int], elastic: Sequence[bool], available: int, names: Collection[int] = ()) -> Fit:
    """Divide the available columns of the screen among the table's columns; ``names`` are positions of names."""
    count = len(natural)
    if not count:
        return Fit((), (), 0)
    gap = GAP
    widths = list(natural)
    if sum(widths) + gap * (count - 1) > available:
        gap = 1
        least = [NAME_MINIMUM if position in names else ELASTIC_MINIMUM for position in range(count)]
        widths = _shrunk(natural, elastic, available - gap * (count - 1), least)
    gaps = [gap] * (count - 1)
    spare = available - sum(widths) - sum(gaps)
    if spare > 0 and gaps:
        each = min(SPARE_GAP, spare // len(gaps))
        gaps = [gap + each for gap in gaps]
    return Fit(tuple(widths), tuple(gaps), sum(widths) + sum(gaps))


def _shrunk(natural: Sequence[int], elastic: Sequence[bool], room: int, least: Sequence[int]) -> list[int]:
    """Take from the widest elastic column first, down to the least that it needs."""
    widths = list(natural)
    excess = sum(widths) - room
    while excess > 0:
        candidates = [n for n, soft in enumerate(elastic) if soft and widths[n] > least[n]]
        if not candidates:
            break
        widest = max(widths[n] for n in candidates)
        wide = [n for n in candidates if widths[n] == widest]
        floors = [least[n] for n in wide]
        below = max([widths[n] for n in candidates if widths[n] < widest] + floors)
        take = min(excess, (widest - below) * len(wide))
        for position, n in enumerate(wide):
            widths[n] -= take // len(wide) + (1 if position < take % len(wide) else 0)
        excess -= take
    return widths
