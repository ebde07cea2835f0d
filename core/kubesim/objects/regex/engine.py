"""Runs expressions: on Python's engine, or, where that could take exponential time, on one that is linear."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kubesim.objects.regex import linear
from kubesim.objects.regex.classes import LAST, Ranges
from kubesim.objects.regex.deciding import Decider
from kubesim.objects.regex.sets import Node
from kubesim.objects.regex.syntax import Expression

_WORK: Final = 5_000_000
"""How many steps Python's engine may need at worst before the linear one is taken."""
_FAR: Final = 10

Spans = list[tuple[int, int]]
"""Start and end of the match and of each group; (-1, -1) of groups that took no part."""

_ANCHORS: Final = {
    "begin": r"\A",
    "end": r"\Z",
    "line_begin": "(?m:^)",
    "line_end": "(?m:$)",
    "boundary": r"(?a:\b)",
    "not_boundary": r"(?a:\B)",
}


def _python(node: Node) -> str:
    """The node as a Python expression."""
    if node.kind == "set":
        return _set(node.ranges)
    if node.kind in _ANCHORS:
        return _ANCHORS[node.kind]
    inner = [_python(part) for part in node.parts]
    if node.kind == "join":
        return "".join(inner)
    if node.kind == "either":
        return f"(?:{'|'.join(inner)})"
    if node.kind == "group":
        return f"({inner[0]})" if node.number else f"(?:{inner[0]})"
    most = "" if node.most is None else node.most
    return f"(?:{inner[0]}){{{node.least},{most}}}{'?' if node.lazy else ''}"


def _set(ranges: Ranges) -> str:
    if not ranges:
        return r"(?!)"
    if ranges == ((0, LAST),):
        return r"(?s:.)"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return re.escape(chr(ranges[0][0]))
    spans = [f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges]
    return f"[{''.join(spans)}]"


def _repeats(node: Node) -> list[Node]:
    """The repetitions that have no end, or a far one."""
    own = [node] if node.kind == "repeat" and (node.most is None or node.most > _FAR) else []
    return own + [found for part in node.parts for found in _repeats(part)]


def _has_choice(node: Node) -> bool:
    """Whether a node can match in different ways from one place."""
    if node.kind == "either" or (node.kind == "repeat" and node.least != node.most):
        return True
    return any(map(_has_choice, node.parts))


class Pattern:
    """A compiled expression."""

    def __init__(self, text: str) -> None:
        expression = Expression(text)
        self.text = text
        self.groups = expression.groups
        self.names = expression.names
        self.tree = expression.tree
        repeats = _repeats(expression.tree)
        self.repeats = len(repeats)
        self.is_ambiguous = any(_has_choice(repeat.parts[0]) for repeat in repeats)
        self._program: linear.Program | None = None
        self._decider: Decider | None = None
        self._compiled: re.Pattern[str] | None = None

    def found_in(self, text: str) -> bool:
        """Whether there is a match anywhere."""
        if not self._is_risky(text):
            return self.search(text) is not None
        if self._decider is None:
            self._decider = Decider(linear.assemble(self.tree, self.groups))
        return self._decider.matches(text)

    def _is_risky(self, text: str) -> bool:
        # Repeated choices can take exponential time, repetitions in a row polynomial time.
        return self.is_ambiguous or (self.repeats > 1 and (len(text) + 1) ** min(self.repeats, 4) > _WORK)

    def search(self, text: str, start: int = 0) -> Spans | None:
        """The leftmost match from a place on."""
        if self._is_risky(text):
            if self._program is None:
                self._program = linear.assemble(self.tree, self.groups)
            return linear.search(self._program, text, start)
        if self._compiled is None:
            self._compiled = re.compile(_python(self.tree))
        match = self._compiled.search(text, start)
        return None if match is None else [match.span(), *match.regs[1:]]

    def matches(self, text: str, limit: int = -1) -> Iterator[Spans]:
        """Successive matches; an empty one right behind another does not count."""
        at, previous, count = 0, -1, 0
        while at <= len(text) and count != limit:
            spans = self.search(text, at)
            if spans is None:
                return
            start, end = spans[0]
            if end > start or start != previous:
                count += 1
                yield spans
            at = end if end > at or end > start else at + 1
            if end == start and at == end:
                at += 1
            previous = end


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """The pattern of an expression; RegexError has Go's text."""
    return Pattern(text)
