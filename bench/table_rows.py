"""The rows of the table benchmark and how they change: the same for both programs."""

import os
from collections.abc import Iterator

CURSOR = "#123456"
CURSOR_SGR = "48;2;18;52;86"
TITLES = ("Name", "Ready", "Status", "Restarts", "IP", "Node", "CPU", "Memory", "Image", "Age")
PERIOD = 1 / 30
READY = b"\x1b]0;ready\x07"


def row(number: int, version: int) -> list[str]:
    """The cells of a row after so many changes."""
    return [
        f"row-{number:06d}", f"{version % 2}/1", "Running", str(version), f"10.244.{number >> 8 & 255}.{number & 255}",
        f"node-{number % 1000}", f"{version % 900}m", f"{number % 700}Mi", "nginx:1.29", "5m",
    ]  # fmt: skip


def updates(rows: int, rate: int, period: float) -> Iterator[list[int]]:
    """Which rows change in each period."""
    state, owed = 12345, 0.0
    while True:
        owed += rate * period
        found = []
        for position in range(int(owed)):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            found.append(state % 48 if position % 2 else state % rows)
        owed -= len(found)
        yield found


def tell_ready() -> None:
    """Say that the table is complete; terminals ignore it."""
    os.write(1, READY)
