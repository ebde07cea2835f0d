""".helmignore: which files of a folder are not part of the chart."""

import re
from functools import lru_cache
from typing import NamedTuple

from kubesim.helm.chart.errors import ChartError


class Rule(NamedTuple):
    """One line; a negated rule ignores everything it does not match."""

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool
    whole_path: bool

    def matches(self, path: str) -> bool:
        """Whether a path relative to the chart fits the pattern."""
        return self.pattern.fullmatch(path if self.whole_path else path.rpartition("/")[2]) is not None


class Rules:
    """The rules of a chart, with Helm's own: dot files in templates/ are ignored."""

    def __init__(self, text: str = "") -> None:
        self.rules: list[Rule] = []
        for line in [*text.replace("\r\n", "\n").split("\n"), "templates/.?*"]:
            self._add(line.strip())

    def _add(self, line: str) -> None:
        if not line or line.startswith("#"):
            return
        if "**" in line:
            raise ChartError("double-star (**) syntax is not supported")
        glob(line)
        negated = line.startswith("!")
        line = line.removeprefix("!")
        folders_only = line.endswith("/")
        line = line.removesuffix("/")
        whole_path = "/" in line
        self.rules.append(Rule(glob(line.removeprefix("/")), negated, folders_only, whole_path))

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether a file or folder is left out: the first rule that decides wins."""
        if path in {"", ".", "./"}:
            return False
        for rule in self.rules:
            applies = (is_folder or not rule.folders_only) and rule.matches(path)
            if rule.negated != applies:
                return True
        return False


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """filepath.Match as a regular expression: ``*``, ``?`` and ``[a-z]``, none of them across a slash."""
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            parts.append("[^/]*")
        elif letter == "?":
            parts.append("[^/]")
        elif letter == "[":
            text, place = _bracket(pattern, place)
            parts.append(text)
        elif letter == "\\":
            if place >= len(pattern):
                raise ChartError("syntax error in pattern")
            parts.append(re.escape(pattern[place]))
            place += 1
        else:
            parts.append(re.escape(letter))
    return re.compile("".join(parts), re.DOTALL)


def _bracket(pattern: str, place: int) -> tuple[str, int]:
    """A class of signs that starts behind its bracket, and where it ends."""
    negated = pattern[place : place + 1] == "^"
    place += negated
    ranges: list[str] = []
    while True:
        if pattern[place : place + 1] == "]" and ranges:
            return f"[{'^' if negated else ''}{''.join(ranges)}]", place + 1
        low, place = _sign(pattern, place)
        high = low
        if pattern[place : place + 1] == "-":
            high, place = _sign(pattern, place + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")


def _sign(pattern: str, place: int) -> tuple[str, int]:
    if place >= len(pattern) or pattern[place] in "-]":
        raise ChartError("syntax error in pattern")
    if pattern[place] == "\\":
        place += 1
    if place >= len(pattern):
        raise ChartError("syntax error in pattern")
    return pattern[place], place + 1
