"""Text in tab-separated cells to aligned columns, as kubectl's describe output is laid out."""

from typing import Any

PADDING = 2
"""Spaces between the widest cell of a column and the next column."""

NONE = "<none>"
UNSET = "<unset>"

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})


class Sheet:
    """Collects lines whose cells end with tabs; ``text`` aligns them. A level is an indent of two spaces."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> None:
        """Add text as it is; control characters that could steer a terminal are spelled out."""
        self._parts.append(text.translate(_ESCAPES))

    def line(self, level: int, text: str) -> None:
        """Add a line."""
        self.write(f"{'  ' * level}{text}\n")

    def pair(self, level: int, name: str, value: Any) -> None:
        """Add ``name:`` and a value in the next column."""
        self.write(f"{'  ' * level}{name}:\t{shown(value)}\n")

    def optional(self, level: int, name: str, value: Any) -> None:
        """Add a pair unless the value is missing or empty."""
        if value not in (None, "", [], {}):
            self.pair(level, name, value)

    def row(self, level: int, *cells: Any) -> None:
        """Add a line of several cells."""
        self.write("  " * level + "\t".join(shown(cell) for cell in cells) + "\n")

    def raw(self) -> str:
        """Everything so far with its tabs."""
        return "".join(self._parts)

    def text(self) -> str:
        """Everything so far with its columns aligned."""
        return aligned(self.raw())


def aligned(text: str) -> str:
    """Align the tab-terminated cells of lines that follow one another; the last cell of a line is never padded.

    A column's width is that of its widest cell in the unbroken run of lines that have the column.
    """
    rows = [line.split("\t") for line in text.split("\n")]
    widths = [[0] * (len(cells) - 1) for cells in rows]
    for column in range(max(map(len, widths), default=0)):
        start = 0
        while start < len(rows):
            if len(widths[start]) <= column:
                start += 1
                continue
            end = start
            while end < len(rows) and len(widths[end]) > column:
                end += 1
            width = max(len(rows[at][column]) for at in range(start, end)) + PADDING
            for at in range(start, end):
                widths[at][column] = width
            start = end
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(cells, sizes, strict=False)) + cells[-1]
        for cells, sizes in zip(rows, widths, strict=True)
    )


def shown(value: Any) -> str:
    """A JSON value as Go's ``%v`` prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + " ".join(shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "]"
    return _number(value)


def _number(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def truth(value: Any) -> str:
    """A condition-like flag: True or False, ``<unset>`` when missing."""
    if value is None:
        return UNSET
    return "True" if value else "False"
