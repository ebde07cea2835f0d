"""Parses RE2 syntax into a tree, with Go's error texts."""

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

from kubesim.helm.functions.regex.classes import LAST, PERL, POSIX, Ranges, folded, merged, negated, unicode_class
from kubesim.helm.template.errors import GoError

MAX_REPEAT: Final = 1000
MAX_HEIGHT: Final = 200
"""How deep groups may nest. # differs: Go allows 1000."""

_COUNT: Final = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
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
class _Mode:
    fold: bool = False
    lines: bool = False
    dot_all: bool = False
    ungreedy: bool = False


class Expression:
    """A parsed expression: its tree, how many groups capture, and their names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.height = 0
        self.tree = self._alternatives(_Mode())
        if self.at < len(text):
            self._fail("unexpected )", text)

    def _fail(self, what: str, where: str) -> NoReturn:
        raise GoError(f"error parsing regexp: {what}: `{where}`")

    def _alternatives(self, mode: _Mode) -> Node:
        self.height += 1
        if self.height > MAX_HEIGHT:
            self._fail("expression nests too deeply", self.text)
        branches: list[Node] = []
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
                branches.append(Node("join", parts))
                parts = []
            else:
                mode = self._item(parts, mode)
        self.height -= 1
        branches.append(Node("join", parts))
        return branches[0] if len(branches) == 1 else Node("either", branches)

    def _item(self, parts: list[Node], mode: _Mode) -> _Mode:
        """Read one item into the parts; the mode changes where flags stand."""
        letter = self.text[self.at]
        if letter == "(":
            return self._group(parts, mode)
        if letter == "[":
            parts.append(self._class(mode))
        elif letter in "*+?" or (letter == "{" and _COUNT.match(self.text, self.at)):
            self._repeat(parts, mode)
        elif letter == "\\":
            self._escape(parts, mode)
        else:
            self.at += 1
            parts.append(self._plain(letter, mode))
        return mode

    def _plain(self, letter: str, mode: _Mode) -> Node:
        if letter == ".":
            return Node("set", ranges=((0, LAST),) if mode.dot_all else negated(((10, 10),)))
        if letter == "^":
            return Node("line_begin" if mode.lines else "begin")
        if letter == "$":
            return Node("line_end" if mode.lines else "end")
        return self._literal(letter, mode)

    def _literal(self, letter: str, mode: _Mode) -> Node:
        ranges = ((ord(letter), ord(letter)),)
        return Node("set", ranges=folded(ranges) if mode.fold else ranges)

    def _group(self, parts: list[Node], mode: _Mode) -> _Mode:
        start = self.at
        if not self.text.startswith("(?", start):
            self.at += 1
            self.groups += 1
            parts.append(self._inner(start, self.groups, mode))
            return mode
        if self.text.startswith(("(?P<", "(?<"), start) and not self.text.startswith(("(?<=", "(?<!"), start):
            self._name(start)
            self.groups += 1
            parts.append(self._inner(start, self.groups, mode))
            return mode
        match = _FLAGS.match(self.text, start)
        if match is None or (match.group(3) == ")" and not match.group(1) and not match.group(2)):
            self._bad_group(start)
        changed = _switched(mode, match.group(1), match.group(2) or "")
        self.at = match.end()
        if match.group(3) == ")":
            return changed
        parts.append(self._inner(start, 0, changed))
        return mode

    def _bad_group(self, start: int) -> NoReturn:
        text = self.text
        end = start + 2
        while end < len(text) and text[end] in "imsU-":
            end += 1
        if end >= len(text):
            self._fail("missing closing )", text)
        self._fail("invalid or unsupported Perl syntax", text[start : end + 1])

    def _name(self, start: int) -> None:
        begin = self.text.index("<", start) + 1
        end = self.text.find(">", begin)
        if end < 0:
            self._fail("invalid named capture", self.text[start:])
        name = self.text[begin:end]
        if _NAME.fullmatch(name) is None:
            self._fail("invalid named capture", self.text[start : end + 1])
        if name in self.names:
            self._fail("duplicate capture group name", name)
        self.names[name] = self.groups + 1
        self.at = end + 1

    def _inner(self, start: int, number: int, mode: _Mode) -> Node:
        tree = self._alternatives(mode)
        if self.at >= len(self.text):
            self._fail("missing closing )", self.text)
        self.at += 1
        return Node("group", [tree], number=number)

    def _repeat(self, parts: list[Node], mode: _Mode) -> None:
        start = self.at
        least, most = self._counts()
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        if not parts:
            self._fail("missing argument to repetition operator", self.text[start : self.at])
        if parts[-1].kind == "repeat" and parts[-1].number == start:
            self._fail("invalid nested repetition operator", self._operators(start))
        parts[-1] = Node("repeat", [parts[-1]], least=least, most=most, lazy=lazy != mode.ungreedy, number=self.at)

    def _operators(self, start: int) -> str:
        """The repetition operators that stand together around a place."""
        before = re.search(r"(?:[*+?]|\{[0-9]+,?[0-9]*\})\??$", self.text[:start])
        return (before.group() if before else "") + self.text[start : self.at]

    def _counts(self) -> tuple[int, int | None]:
        letter = self.text[self.at]
        if letter != "{":
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[letter]
        match = _COUNT.match(self.text, self.at)
        if match is None:
            self._fail("invalid repeat count", self.text[self.at :])
        self.at = match.end()
        least = int(match.group(1))
        most = int(match.group(3)) if match.group(3) else None if match.group(2) else least
        if least > MAX_REPEAT or (most is not None and (most > MAX_REPEAT or most < least)):
            self._fail("invalid repeat count", match.group())
        return least, most

    def _escape(self, parts: list[Node], mode: _Mode) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "Q":
            quoted, _, _ = self.text[self.at + 2 :].partition("\\E")
            parts.extend(self._literal(letter, mode) for letter in quoted)
            self.at = min(len(self.text), self.at + 2 + len(quoted) + 2)
            return
        anchors = {"A": "begin", "z": "end", "b": "boundary", "B": "not_boundary"}
        if following in anchors and following:
            self.at += 2
            parts.append(Node(anchors[following]))
            return
        ranges = self._class_escape(mode)
        if ranges is None:
            parts.append(self._literal(self._character(), mode))
        else:
            parts.append(Node("set", ranges=ranges))

    def _class_escape(self, mode: _Mode) -> Ranges | None:
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
                self._fail("invalid character class range", self.text[start:])
            name, self.at = self.text[start + 3 : end], end + 1
        inverted = (following == "P") != name.startswith("^")
        ranges_of_name = unicode_class(name.removeprefix("^"))
        if ranges_of_name is None:
            self._fail("invalid character class range", self.text[start : self.at])
        ranges = folded(ranges_of_name) if mode.fold else ranges_of_name
        return negated(ranges) if inverted else ranges

    def _character(self) -> str:
        """The character of an escape sequence."""
        start = self.at
        following = self.text[start + 1 : start + 2]
        if not following:
            self._fail("trailing backslash at end of expression", "")
        self.at += 2
        if following in _ESCAPES:
            return _ESCAPES[following]
        if following == "x":
            return self._hexadecimal(start)
        if following in "01234567":
            digits = re.compile("[0-7]{1,3}").match(self.text, start + 1)
            octal = digits.group() if digits else ""
            if following == "0" or len(octal) > 1:
                self.at = start + 1 + len(octal)
                return chr(int(octal, 8))
        if following < "\x80" and not following.isalnum():
            return following
        self._fail("invalid escape sequence", self.text[start : self.at])

    def _hexadecimal(self, start: int) -> str:
        match = re.compile(r"\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2})").match(self.text, self.at)
        if match is None:
            self._fail("invalid escape sequence", self.text[start : self.at + 1])
        self.at = match.end()
        code = int(match.group(1) or match.group(2), 16)
        if code > LAST:
            self._fail("invalid escape sequence", self.text[start : self.at])
        return chr(code)

    def _class(self, mode: _Mode) -> Node:
        start = self.at
        self.at += 1
        inverted = self.text.startswith("^", self.at)
        self.at += inverted
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self._fail("missing closing ]", self.text[start:])
            first = False
            ranges.extend(self._class_item(start, mode))
        self.at += 1
        found = merged(ranges)
        return Node("set", ranges=negated(found) if inverted else found)

    def _class_item(self, start: int, mode: _Mode) -> Ranges:
        if self.text.startswith("[:", self.at):
            named = self._posix()
            if named is not None:
                return folded(named) if mode.fold else named
        if self.text.startswith("\\", self.at):
            ranges = self._class_escape(mode)
            if ranges is not None:
                return ranges
        begin = self.at
        low = self._class_character(start)
        high = low
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
            self.at += 1
            high = self._class_character(start)
            if high < low:
                self._fail("invalid character class range", self.text[begin : self.at])
        found = ((low, high),)
        return folded(found) if mode.fold else found

    def _class_character(self, start: int) -> int:
        if self.at >= len(self.text):
            self._fail("missing closing ]", self.text[start:])
        if self.text[self.at] == "\\":
            return ord(self._character())
        self.at += 1
        return ord(self.text[self.at - 1])

    def _posix(self) -> Ranges | None:
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            self._fail("invalid character class range", self.text[self.at : end + 2])
        self.at = end + 2
        return negated(ranges) if name.startswith("^") else ranges


def _switched(mode: _Mode, on: str, off: str) -> _Mode:
    return _Mode(
        fold=(mode.fold or "i" in on) and "i" not in off,
        lines=(mode.lines or "m" in on) and "m" not in off,
        dot_all=(mode.dot_all or "s" in on) and "s" not in off,
        ungreedy=(mode.ungreedy or "U" in on) and "U" not in off,
    )
