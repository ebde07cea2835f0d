"""Parses escapes and character classes of RE2 syntax."""

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

from kubesim.objects.regex.classes import LAST, PERL, POSIX, Ranges, folded, merged, negated, unicode_class
from kubesim.objects.regex.errors import RegexError

_ESCAPES: Final = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


@dataclass(slots=True)
class Node:
    """A part of an expression.

    ``kind`` is set, begin, end, line_begin, line_end, boundary, not_boundary, group, join, either or repeat.
    A set holds ``ranges``; a repeat ``least`` and ``most`` (None: no end) and whether it is ``lazy``; a group its
    ``number``, 0 when it does not capture.
    """

    kind: str
    parts: list["Node"] = field(default_factory=list)
    ranges: Ranges = ()
    least: int = 0
    most: int | None = None
    lazy: bool = False
    number: int = 0


@dataclass(slots=True, frozen=True)
class Mode:
    """Which flags are on: i, m, s and U."""

    fold: bool = False
    lines: bool = False
    dot_all: bool = False
    ungreedy: bool = False


def literal(letter: str, mode: Mode) -> Node:
    """The set of one character."""
    ranges = ((ord(letter), ord(letter)),)
    return Node("set", ranges=folded(ranges) if mode.fold else ranges)


class SetReader:
    """An expression's text and how far it was read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, what: str, where: str) -> NoReturn:
        """Raise a RegexError with Go's text."""
        raise RegexError(f"error parsing regexp: {what}: `{where}`")

    def class_escape(self, mode: Mode) -> Ranges | None:
        r"""The set of a \d, \W, \pL and such; None where something else stands."""
        following = self.text[self.at + 1 : self.at + 2]
        if following and following.lower() in PERL and following in "dswDSW":
            self.at += 2
            ranges = PERL[following.lower()]
            return negated(ranges) if following.isupper() else ranges
        if following not in {"p", "P"}:
            return None
        start = self.at
        name = self.text[start + 2 : start + 3]
        self.at += 3
        if name == "{":
            end = self.text.find("}", start)
            if end < 0:
                self.fail("invalid character class range", self.text[start:])
            name, self.at = self.text[start + 3 : end], end + 1
        inverted = (following == "P") != name.startswith("^")
        ranges_of_name = unicode_class(name.removeprefix("^"))
        if ranges_of_name is None:
            self.fail("invalid character class range", self.text[start : self.at])
        ranges = folded(ranges_of_name) if mode.fold else ranges_of_name
        return negated(ranges) if inverted else ranges

    def character(self) -> str:
        """The character of an escape sequence."""
        start = self.at
        following = self.text[start + 1 : start + 2]
        if not following:
            self.fail("trailing backslash at end of expression", "")
        self.at += 2
        if following in _ESCAPES:
            return _ESCAPES[following]
        if following == "x":
            return self.hexadecimal(start)
        if following in "01234567":
            digits = re.compile("[0-7]{1,3}").match(self.text, start + 1)
            octal = digits.group() if digits else ""
            if following == "0" or len(octal) > 1:
                self.at = start + 1 + len(octal)
                return chr(int(octal, 8))
        if following < "\x80" and not following.isalnum():
            return following
        self.fail("invalid escape sequence", self.text[start : self.at])

    def hexadecimal(self, start: int) -> str:
        """The character of a hexadecimal escape."""
        match = re.compile(r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2})").match(self.text, self.at)
        if match is None:
            self.fail("invalid escape sequence", self.text[start : self.at + 1])
        self.at = match.end()
        code = int(match.group(1) or match.group(2), 16)
        if code > LAST:
            self.fail("invalid escape sequence", self.text[start : self.at])
        return chr(code)

    def set_node(self, mode: Mode) -> Node:
        """The set that a bracket expression names."""
        start = self.at
        self.at += 1
        inverted = self.text.startswith("^", self.at)
        self.at += inverted
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self.fail("missing closing ]", self.text[start:])
            first = False
            ranges.extend(self.class_item(start, mode))
        self.at += 1
        found = merged(ranges)
        return Node("set", ranges=negated(found) if inverted else found)

    def class_item(self, start: int, mode: Mode) -> Ranges:
        """The characters of one item in brackets."""
        if self.text.startswith("[:", self.at):
            named = self.posix()
            if named is not None:
                return folded(named) if mode.fold else named
        if self.text.startswith("\\", self.at):
            ranges = self.class_escape(mode)
            if ranges is not None:
                return ranges
        begin = self.at
        low = self.class_character(start)
        high = low
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
            self.at += 1
            high = self.class_character(start)
            if high < low:
                self.fail("invalid character class range", self.text[begin : self.at])
        found = ((low, high),)
        return folded(found) if mode.fold else found

    def class_character(self, start: int) -> int:
        """The code of one character in brackets."""
        if self.at >= len(self.text):
            self.fail("missing closing ]", self.text[start:])
        if self.text[self.at] == "\\":
            return ord(self.character())
        self.at += 1
        return ord(self.text[self.at - 1])

    def posix(self) -> Ranges | None:
        """The set of a [:name:]; None where none stands."""
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            self.fail("invalid character class range", self.text[self.at : end + 2])
        self.at = end + 2
        return negated(ranges) if name.startswith("^") else ranges
