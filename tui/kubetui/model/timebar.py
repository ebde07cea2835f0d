"""The bar that shows the cluster's life from its birth to the present, with what happened on it."""

from collections.abc import Iterable
from typing import NamedTuple

from kubetui.model.glyphs import Glyphs, plain


class Moment(NamedTuple):
    """Something on the bar: ``o`` an action of the person, ``!`` a fault."""

    at: int
    sign: str


def draw(
    width: int,
    epoch: int,
    now: int,
    moments: Iterable[Moment],
    glyphs: Glyphs,
    marks: Iterable[tuple[str, int]] = (),
    shown: int | None = None,
) -> list[tuple[str, str]]:
    """The bar as runs of (text, role); roles are line, action, fault, mark, past and present. Empty without room.

    ``marks`` are names and instants of bookmarks; ``shown`` is the instant of the past that is looked at.
    """
    inner = width - 2
    if inner < 8:
        return []
    cells: list[tuple[str, str]] = [(plain("─", glyphs), "line")] * inner
    span = max(now - epoch, 1)
    for moment in moments:
        position = min(max((moment.at - epoch) * (inner - 1) // span, 0), inner - 1)
        if cells[position][1] != "fault":
            cells[position] = (moment.sign, "fault" if moment.sign == "!" else "action")
    for name, at in marks:
        position = min(max((at - epoch) * (inner - 1) // span, 0), inner - 1 - min(len(name), 2))
        for offset, letter in enumerate(name[:2]):
            cells[position + offset] = (letter, "mark")
    cells[inner - 1] = (glyphs.present, "present")
    if shown is not None:
        position = min(max((shown - epoch) * (inner - 1) // span, 0), inner - 1)
        cells[position] = (glyphs.present, "past")
        if position < inner - 1:
            cells[inner - 1] = (glyphs.dot, "present")
    ends = (plain("├", glyphs), plain("┤", glyphs))
    return _joined([(ends[0], "line"), *cells, (ends[1], "line")])


def _joined(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    runs: list[tuple[str, str]] = []
    for text, role in cells:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + text, role)
        else:
            runs.append((text, role))
    return runs
