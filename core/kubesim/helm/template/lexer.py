"""Cuts the text of a template into Go's tokens."""

import re
from typing import Final, NamedTuple

from kubesim.helm.template.quoting import is_print, quote

ERROR, EOF, TEXT, LEFT, RIGHT, SPACE, FIELD, DOT = "error", "eof", "text", "left", "right", "space", "field", "dot"
IDENTIFIER, VARIABLE, KEYWORD, NIL, BOOL = "identifier", "variable", "keyword", "nil", "bool"
NUMBER, COMPLEX, CHARACTER, STRING, RAW = "number", "complex", "character", "string", "raw"
PIPE, DECLARE, ASSIGN, OPEN, CLOSE, OTHER = "pipe", "declare", "assign", "open", "close", "char"

KEYWORDS: Final = frozenset(
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"],
)
_SPACES: Final = " \t\r\n"
_ACTION: Final = re.compile(
    r"""(?P<name>\w+)
    |(?P<field>\.\w*)
    |(?P<variable>\$\w*)
    |(?P<string>"(?:\\[^\n]|[^"\\\n])*")
    |(?P<raw>`[^`]*`)
    |(?P<character>'(?:\\[^\n]|[^'\\\n])*')
    |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))""",
    re.VERBOSE,
)
_SPACE_RUN: Final = re.compile(r"[ \t\r\n]+")
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)
_DIGITS: Final = tuple("0123456789")
_AFTER_NAME: Final = frozenset(" \t\r\n.,|:)(")
_UNFINISHED: Final = {'"': "unterminated quoted string", "`": "unterminated raw quoted string"}


class Token(NamedTuple):
    """A token: its kind, where it begins in the text (in characters) and its text (of an error: the message)."""

    kind: str
    position: int
    text: str

    def __str__(self) -> str:
        if self.kind == EOF:
            return "EOF"
        if self.kind == ERROR:
            return self.text
        if self.kind in {KEYWORD, DOT, NIL}:
            return f"<{self.text}>"
        return f"{quote(self.text[:10])}..." if len(self.text.encode("utf-8", "replace")) > 10 else quote(self.text)


class _Stop(Exception):
    """Carries the error token that ends the scan."""

    def __init__(self, position: int, text: str) -> None:
        super().__init__(text)
        self.token = Token(ERROR, position, text)


def scan(text: str) -> list[Token]:
    """All tokens of a template; the last one is EOF, or an error before it."""
    tokens: list[Token] = []
    try:
        position = 0
        while position < len(text):
            position = _scan_text(text, position, tokens)
    except _Stop as stop:
        tokens.append(stop.token)
    tokens.append(Token(EOF, len(text), ""))
    return tokens


def _scan_text(text: str, start: int, tokens: list[Token]) -> int:
    """Scan literal text and the action after it; the position after both."""
    left = text.find("{{", start)
    if left < 0:
        tokens.append(Token(TEXT, start, text[start:]))
        return len(text)
    inside = left + 2
    trims = text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in tuple(_SPACES)
    literal = text[start:left].rstrip(_SPACES) if trims else text[start:left]
    if literal:
        tokens.append(Token(TEXT, start, literal))
    if trims:
        inside += 2
    if text.startswith("/*", inside):
        return _scan_comment(text, inside)
    tokens.append(Token(LEFT, left, "{{"))
    return _scan_action(text, inside, tokens)


def _right_delimiter(text: str, position: int) -> tuple[bool, bool]:
    """Whether ``}}`` follows, and whether with a trim marker."""
    if text.startswith("}}", position):
        return True, False
    marked = text[position : position + 1] in tuple(_SPACES) and text.startswith("-}}", position + 1)
    return marked, marked


def _scan_comment(text: str, start: int) -> int:
    end = text.find("*/", start + 2)
    if end < 0:
        raise _Stop(start, "unclosed comment")
    found, trims = _right_delimiter(text, end + 2)
    if not found:
        raise _Stop(start, "comment ends before closing delimiter")
    return _skip_space(text, end + 6) if trims else end + 4


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACES:
        position += 1
    return position


def _scan_action(text: str, position: int, tokens: list[Token]) -> int:
    depth = 0
    while True:
        found, trims = _right_delimiter(text, position)
        if found:
            if depth:
                raise _Stop(position, "unclosed left paren")
            at = position + 2 if trims else position
            tokens.append(Token(RIGHT, at, "}}"))
            return _skip_space(text, at + 2) if trims else at + 2
        if position >= len(text):
            raise _Stop(position, "unclosed action")
        token = _scan_token(text, position)
        tokens.append(token)
        position += len(token.text)
        if token.kind == OPEN:
            depth += 1
        elif token.kind == CLOSE:
            depth -= 1
            if depth < 0:
                tokens.pop()
                raise _Stop(token.position, "unexpected right paren")


def _scan_token(text: str, position: int) -> Token:
    letter = text[position]
    if letter in _SPACES:
        return _space(text, position)
    if letter in "+-0123456789" or (letter == "." and text[position + 1 : position + 2] in _DIGITS):
        return _number(text, position)
    match = _ACTION.match(text, position)
    if match is None or match.lastgroup is None:
        return _other(text, position)
    kind, found = match.lastgroup, match.group()
    if kind in {"name", "field", "variable"}:
        return _name(text, position, found, kind)
    return Token(kind, position, found)


def _space(text: str, position: int) -> Token:
    match = _SPACE_RUN.match(text, position)
    found = match.group() if match else ""
    # The last space before "-}}" belongs to the delimiter.
    if len(found) > 1 and text.startswith("-}}", position + len(found)):
        found = found[:-1]
    return Token(SPACE, position, found)


def _name(text: str, position: int, found: str, kind: str) -> Token:
    end = position + len(found)
    following = text[end : end + 1]
    if following and following not in _AFTER_NAME and not text.startswith("}}", end):
        raise _Stop(position, f"bad character {unicode_name(following)}")
    if kind == "field":
        return Token(DOT if found == "." else FIELD, position, found)
    if kind == "variable":
        return Token(VARIABLE, position, found)
    if found in KEYWORDS:
        return Token(KEYWORD, position, found)
    if found == "nil":
        return Token(NIL, position, found)
    return Token(BOOL if found in {"true", "false"} else IDENTIFIER, position, found)


def _number(text: str, position: int) -> Token:
    match = _NUMBER.match(text, position)
    kind, end = NUMBER, match.end() if match else position
    if not _word(text[end : end + 1]) and text[end : end + 1] in {"+", "-"}:
        second = _NUMBER.match(text, end)
        kind, end = COMPLEX, second.end() if second else end
        if not _word(text[end : end + 1]) and text[end - 1] != "i":
            raise _Stop(position, f"bad number syntax: {quote(text[position:end])}")
    if _word(text[end : end + 1]):
        raise _Stop(position, f"bad number syntax: {quote(text[position : end + 1])}")
    return Token(kind, position, text[position:end])


def _word(letter: str) -> bool:
    return letter == "_" or letter.isalnum()


def _other(text: str, position: int) -> Token:
    letter = text[position]
    if letter in _UNFINISHED:
        raise _Stop(position, _UNFINISHED[letter])
    if letter == "'":
        raise _Stop(position, "unterminated character constant")
    if letter == ":":
        raise _Stop(position, "expected :=")
    if letter.isascii() and letter.isprintable():
        return Token(OTHER, position, letter)
    raise _Stop(position, f"unrecognized character in action: {unicode_name(letter)}")


def unicode_name(letter: str) -> str:
    """A character as %#U prints it."""
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        code, letter = 0xFFFD, "\ufffd"
    return f"U+{code:04X} '{letter}'" if is_print(letter) else f"U+{code:04X}"
