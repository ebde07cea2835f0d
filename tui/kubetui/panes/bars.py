"""One-line widgets made of styled runs of text: they repaint without a layout, and drop what does not fit."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

Run = tuple[str, str]
"""Text and the component class it is drawn in."""


class Bar(Widget):
    """Draws ``lines()``; a subclass says what they are."""

    def lines(self, width: int) -> Sequence[Sequence[Run]]:
        """The runs of each line for this width."""
        del width
        return ()

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width = self.size.width
        base = self.rich_style
        lines = self.lines(width)
        if y >= len(lines):
            return Strip.blank(width, base)
        segments = [Segment(text, self.get_component_rich_style(role) if role else base) for text, role in lines[y]]
        return Strip(segments).adjust_cell_length(width, base)


def measure(runs: Iterable[Run]) -> int:
    """How many columns of the screen some runs take."""
    return sum(cell_len(text) for text, _ in runs)


def fitting(groups: Sequence[tuple[int, Sequence[Run]]], width: int) -> list[Run]:
    """The groups of runs that fit, in their order; those with the highest rank number are dropped first."""
    kept = list(range(len(groups)))
    while kept and sum(measure(groups[n][1]) for n in kept) > width:
        kept.remove(max(kept, key=lambda n: (groups[n][0], n)))
    return [run for n in kept for run in groups[n][1]]
