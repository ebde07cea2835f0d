"""Finds a text in lines: all matches, and the one that is looked at."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Match(NamedTuple):
    """A match; ``end`` is excluded."""

    line: int
    start: int
    end: int


class Finder:
    """The state of one search. ``text`` is a regular expression, or plain text when it is not a valid one."""

    def __init__(self) -> None:
        self.text = ""
        self.matches: list[Match] = []
        self.position = -1
        self._pattern: re.Pattern[str] | None = None

    def set(self, text: str) -> None:
        """Look for something else; "" ends the search."""
        self.text = text
        self._pattern = pattern(text)
        self.position = -1

    @property
    def active(self) -> bool:
        """Whether anything is looked for."""
        return self._pattern is not None

    @property
    def current(self) -> Match | None:
        """The match that is looked at."""
        return self.matches[self.position] if 0 <= self.position < len(self.matches) else None

    def scan(self, lines: Sequence[str]) -> None:
        """Find all matches."""
        self.matches = [match for number, line in enumerate(lines) for match in self.in_line(number, line)]
        self.position = min(self.position, len(self.matches) - 1)

    def in_line(self, number: int, line: str) -> Iterator[Match]:
        """The matches of one line."""
        if self._pattern is not None:
            for found in self._pattern.finditer(line):
                if found.end() > found.start():
                    yield Match(number, found.start(), found.end())

    def go(self, step: int) -> None:
        """The next match, or the one before; from the last to the first."""
        if self.matches:
            self.position = (self.position + step) % len(self.matches)

    def go_from(self, line: int) -> None:
        """The first match from a line on, or else the first of all."""
        self.position = next((at for at, match in enumerate(self.matches) if match.line >= line), 0)


def pattern(text: str) -> re.Pattern[str] | None:
    """What to look for; a capital letter makes it tell capitals apart. None for ""."""
    if not text:
        return None
    flags = re.IGNORECASE if text == text.lower() else 0
    try:
        return re.compile(text, flags)
    except re.error:
        return re.compile(re.escape(text), flags)
