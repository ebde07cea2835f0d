"""Parses RE2 syntax into a tree, with Go's error texts."""

import re
from typing import Final, NoReturn

from kubesim.objects.regex.classes import LAST, negated
from kubesim.objects.regex.sets import Mode, Node, SetReader, literal

MAX_REPEAT: Final = 1000
MAX_HEIGHT: Final = 200
"""How deep groups may nest. # differs: Go allows 1000."""

_COUNT: Final = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")


class Expression(SetReader):
    """A parsed expression: its tree, how many groups capture, and their names."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.groups = 0
        self.names: dict[str, int] = {}
        self.height = 0
        self.tree = self._alternatives(Mode())
        if self.at < len(text):
            self.fail("unexpected )", text)

    def _alternatives(self, mode: Mode) -> Node:
        self.height += 1
        if self.height > MAX_HEIGHT:
            self.fail("expression nests too deeply", self.text)
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

    def _item(self, parts: list[Node], mode: Mode) -> Mode:
        """Read one item into the parts; the mode changes where flags stand."""
        letter = self.text[self.at]
        if letter == "(":
            return self._group(parts, mode)
        if letter == "[":
            parts.append(self.set_node(mode))
        elif letter in "*+?" or (letter == "{" and _COUNT.match(self.text, self.at)):
            self._repeat(parts, mode)
        elif letter == "\\":
            self._escape(parts, mode)
        else:
            self.at += 1
            parts.append(self._plain(letter, mode))
        return mode

    def _plain(self, letter: str, mode: Mode) -> Node:
        if letter == ".":
            return Node("set", ranges=((0, LAST),) if mode.dot_all else negated(((10, 10),)))
        if letter == "^":
            return Node("line_begin" if mode.lines else "begin")
        if letter == "$":
            return Node("line_end" if mode.lines else "end")
        return literal(letter, mode)

    def _group(self, parts: list[Node], mode: Mode) -> Mode:
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
            self.fail("missing closing )", text)
        self.fail("invalid or unsupported Perl syntax", text[start : end + 1])

    def _name(self, start: int) -> None:
        begin = self.text.index("<", start) + 1
        end = self.text.find(">", begin)
        if end < 0:
            self.fail("invalid named capture", self.text[start:])
        name = self.text[begin:end]
        if _NAME.fullmatch(name) is None:
            self.fail("invalid named capture", self.text[start : end + 1])
        if name in self.names:
            self.fail("duplicate capture group name", name)
        self.names[name] = self.groups + 1
        self.at = end + 1

    def _inner(self, start: int, number: int, mode: Mode) -> Node:
        tree = self._alternatives(mode)
        if self.at >= len(self.text):
            self.fail("missing closing )", self.text)
        self.at += 1
        return Node("group", [tree], number=number)

    def _repeat(self, parts: list[Node], mode: Mode) -> None:
        start = self.at
        least, most = self._counts()
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        if not parts:
            self.fail("missing argument to repetition operator", self.text[start : self.at])
        if parts[-1].kind == "repeat" and parts[-1].number == start:
            self.fail("invalid nested repetition operator", self._operators(start))
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
            self.fail("invalid repeat count", self.text[self.at :])
        self.at = match.end()
        least = int(match.group(1))
        most = int(match.group(3)) if match.group(3) else None if match.group(2) else least
        if least > MAX_REPEAT or (most is not None and (most > MAX_REPEAT or most < least)):
            self.fail("invalid repeat count", match.group())
        return least, most

    def _escape(self, parts: list[Node], mode: Mode) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "Q":
            quoted, _, _ = self.text[self.at + 2 :].partition("\\E")
            parts.extend(literal(letter, mode) for letter in quoted)
            self.at = min(len(self.text), self.at + 2 + len(quoted) + 2)
            return
        anchors = {"A": "begin", "z": "end", "b": "boundary", "B": "not_boundary"}
        if following in anchors and following:
            self.at += 2
            parts.append(Node(anchors[following]))
            return
        ranges = self.class_escape(mode)
        if ranges is None:
            parts.append(literal(self.character(), mode))
        else:
            parts.append(Node("set", ranges=ranges))


def _switched(mode: Mode, on: str, off: str) -> Mode:
    return Mode(
        fold=(mode.fold or "i" in on) and "i" not in off,
        lines=(mode.lines or "m" in on) and "m" not in off,
        dot_all=(mode.dot_all or "s" in on) and "s" not in off,
        ungreedy=(mode.ungreedy or "U" in on) and "U" not in off,
    )
