"""How go-yaml writes a string: which style the text allows, its quotes and escapes, and where lines fold."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from kubesim.helm.yaml.resolve import reads_as_string, reads_as_string3

INLINE, LITERAL = 0, 1
PLAIN, SINGLE, DOUBLE = 0, 1, 2

_BREAK: Final = re.compile("[\r\n\x85\u2028\u2029]")
_BLOCK_INDICATOR: Final = re.compile(
    r"""(?:---|\.\.\.)|[#,\[\]{}&*!|>'"%@`]|[?:-](?=[ \t]|\Z)|.+?(?::(?=[ \t]|\Z)|(?<=[ \t])\#)""", re.DOTALL
)
_SPECIAL: Final = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_SPECIAL_BUT_TABS: Final = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_BREAK_SPACE: Final = re.compile("[\r\n\x85\u2028\u2029] ")
_SPACE_BREAK: Final = re.compile(" [\r\n\x85\u2028\u2029]")
_ESCAPED: Final = re.compile('[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|["\\\\]')
_ANY: Final = re.compile(".", re.DOTALL)
_ESCAPES: Final = {
    "\0": "\\0", "\x07": "\\a", "\x08": "\\b", "\t": "\\t", "\n": "\\n", "\x0b": "\\v", "\x0c": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


class Dialect(NamedTuple):
    """What distinguishes the writers of go-yaml's versions."""

    version: int
    width: int
    reads_as_string: Callable[[str], bool]
    special_in_blocks: re.Pattern[str]


DIALECT2: Final = Dialect(2, 80, reads_as_string, _SPECIAL)
DIALECT3: Final = Dialect(3, 1 << 31, reads_as_string3, _SPECIAL_BUT_TABS)


class Scalar(NamedTuple):
    """A string ready to be written: ``text`` in one line, or in block style the header and the lines."""

    kind: int
    style: int
    text: str
    simple: bool


def scalar(text: str, dialect: Dialect) -> Scalar:
    """The presentation of a string; kept for short ones."""
    return _short(text, dialect) if len(text) < 256 else _present(text, dialect)


def _present(text: str, dialect: Dialect) -> Scalar:
    many_lines = _BREAK.search(text) is not None
    simple = not many_lines and (len(text) <= 32 or len(text.encode("utf-8", "surrogateescape")) <= 128)
    if "\n" in text:
        if text[-1] != " " and not _SPACE_BREAK.search(text) and not dialect.special_in_blocks.search(text):
            return Scalar(LITERAL, PLAIN, _header(text), simple)
    elif dialect.reads_as_string(text):
        special = _SPECIAL.search(text)
        padded = text[0] == " " or text[-1] == " "
        if not (special or padded or many_lines or _BLOCK_INDICATOR.match(text)):
            return Scalar(INLINE, PLAIN, text, simple)
        if not (special or _SPACE_BREAK.search(text) or _BREAK_SPACE.search(text)):
            return Scalar(INLINE, SINGLE, "'" + text.replace("'", "''") + "'", simple)
    # go-yaml looks for the mark at the start of the text, whichever letter it is at: one mark escapes all letters.
    escaped = _ANY if text[:1] == "\ufeff" else _ESCAPED
    return Scalar(INLINE, DOUBLE, '"' + escaped.sub(_escape, text) + '"', simple)


_short = lru_cache(maxsize=16384)(_present)


def _escape(match: re.Match[str]) -> str:
    letter = match[0]
    known = _ESCAPES.get(letter)
    if known is not None:
        return known
    code = ord(letter)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _header(text: str) -> str:
    """The indicators of a literal block: indentation if the text starts with white space, then how it ends."""
    hint = "2" if text[0] in " \n\r\x85\u2028\u2029" else ""
    if not _BREAK.match(text[-1]):
        return f"|{hint}-"
    return f"|{hint}+" if len(text) == 1 or _BREAK.match(text[-2]) else f"|{hint}"


def block_lines(text: str, indent: int) -> str:
    """The lines of a literal block, each that has text indented, without the last line break."""
    pad = " " * indent
    body = text.removesuffix("\n")
    if "\u2028" in body or "\u2029" in body:
        body = re.sub("([\u2028\u2029])(?=[^\n\u2028\u2029])", rf"\1{pad}", body)
    return "\n".join([f"{pad}{line}" if line and line[0] not in "\u2028\u2029" else line for line in body.split("\n")])


def inline(shown: Scalar, text: str, column: int, indent: int, width: int) -> str:
    """One scalar that starts at a column, folded where it passes the width; folded lines get the indent."""
    if column + len(shown.text) <= width and not (shown.style == SINGLE and _BREAK.search(text)):
        return shown.text
    if shown.style == SINGLE and _BREAK.search(text):
        return _fold_single_lines(text, column, indent, width)
    if " " not in text or text[:1] == "\ufeff":
        return shown.text
    if shown.style == DOUBLE:
        return _fold_double(text, column, indent, width)
    return _fold(shown.text, column, indent, width)


def _fold(text: str, column: int, indent: int, width: int) -> str:
    """Break at lone spaces beyond the width."""
    parts: list[str] = []
    start = 0
    space = text.find(" ", max(0, width - column))
    last = len(text) - (2 if text[0] == "'" else 1)
    while 0 < space < last:
        lone = text[space + 1] != " " and text[space - 1] != " " and not (text[0] == "'" and space == 1)
        if lone and column + space - start > width:
            parts.append(text[start:space])
            start = space + 1
            column = indent
            space = text.find(" ", start + max(0, width - indent))
        else:
            space = text.find(" ", space + 1)
    parts.append(text[start:])
    return ("\n" + " " * indent).join(parts)


def _fold_double(text: str, column: int, indent: int, width: int) -> str:
    parts = ['"']
    column += 1
    after_space = False
    last = len(text) - 1
    for place, letter in enumerate(text):
        if letter != " ":
            shown = _ESCAPED.sub(_escape, letter)
            after_space = False
        else:
            shown = " "
            if not after_space and column > width and 0 < place < last:
                column = indent
                shown = "\n" + " " * indent + ("\\" if text[place + 1] == " " else "")
                column -= len(shown) - (text[place + 1] == " ")
            after_space = True
        parts.append(shown)
        column += len(shown)
    parts.append('"')
    return "".join(parts)


def _fold_single_lines(text: str, column: int, indent: int, width: int) -> str:
    """A single-quoted text with Unicode line breaks in it: each starts a new, indented line."""
    parts = ["'"]
    column += 1
    after_space = after_break = False
    for place, letter in enumerate(text):
        if letter in "\u2028\u2029":
            parts.append(letter)
            column = 0
            after_break = True
            continue
        lone = letter == " " and not after_space and 0 < place < len(text) - 1 and text[place + 1] != " "
        if lone and column > width:
            parts.append("\n" + " " * indent)
            column = indent
            after_space = True
            continue
        if after_break and letter != " ":
            parts.append(" " * indent)
            column = indent
        parts.append("''" if letter == "'" else letter)
        column += len(parts[-1])
        after_space = letter == " "
        after_break = after_break and letter == " "
    parts.append("'")
    return "".join(parts)
