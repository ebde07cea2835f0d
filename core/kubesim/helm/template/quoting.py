"""Go's strconv for text: quoting strings and runes, and reading Go string and character literals."""

import re
from functools import lru_cache
from typing import Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import decode

_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
_SHORT: Final = {7: "\\a", 8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t", 11: "\\v"}
_ESCAPES: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}
_WIDTHS: Final = {"x": 2, "u": 4, "U": 8}


def quote(text: str) -> str:
    """strconv.Quote: a double-quoted Go string literal."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    if text.isascii() and text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join([_escaped(letter, '"', ascii_only=False) for letter in text]) + '"'


def quote_ascii(text: str) -> str:
    """strconv.QuoteToASCII."""
    return '"' + "".join([_escaped(letter, '"', ascii_only=True) for letter in text]) + '"'


def quote_rune(code: int, *, ascii_only: bool = False) -> str:
    """strconv.QuoteRune: a character literal; what is no code point is quoted as U+FFFD."""
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        code = 0xFFFD
    return "'" + _escaped(chr(code), "'", ascii_only=ascii_only) + "'"


def _escaped(letter: str, quotation: str, *, ascii_only: bool) -> str:
    if letter in {quotation, "\\"}:
        return "\\" + letter
    code = ord(letter)
    if is_print(letter) and (not ascii_only or code < 0x80):
        return letter
    if code in _SHORT:
        return _SHORT[code]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def is_print(letter: str) -> bool:
    """unicode.IsPrint of one character."""
    return letter.isprintable()


def can_backquote(text: str) -> bool:
    """strconv.CanBackquote: whether a raw string literal on one line can hold the text."""
    return not any(
        (ord(letter) < 0x20 and letter != "\t") or letter in {"`", "\x7f", "\ufeff"} or 0xDC80 <= ord(letter) <= 0xDCFF
        for letter in text
    )


@lru_cache(maxsize=2048)
def unquote(literal: str) -> str:
    """strconv.Unquote of a string literal, interpreted or raw; GoError("invalid syntax") when malformed."""
    if literal[0] == "`":
        return literal[1:-1].replace("\r", "")
    body = literal[1:-1]
    if "\\" not in body:
        return body
    data, position = bytearray(), 0
    while position < len(body):
        letter = body[position]
        if letter != "\\":
            data += letter.encode("utf-8", "surrogateescape")
            position += 1
            continue
        code, position, is_byte = _escape(body, position, '"')
        data += bytes([code]) if is_byte else chr(code).encode()
    return decode(bytes(data))


def unquote_rune(literal: str) -> int:
    """The code of a character literal; GoError when malformed."""
    if len(literal) < 3:
        raise GoError("invalid syntax")
    if literal[1] == "\\":
        code, position, _ = _escape(literal, 1, "'")
    elif literal[1] == "'":
        raise GoError("invalid syntax")
    else:
        code, position = ord(literal[1]), 2
    if literal[position:] != "'":
        raise GoError(f"malformed character constant: {literal}")
    return code


def _escape(text: str, position: int, quotation: str) -> tuple[int, int, bool]:
    """The code of the escape at a backslash, the position after it, and whether it is a single byte."""
    letter = text[position + 1 : position + 2]
    if letter in {"'", '"'} and letter != quotation:
        raise GoError("invalid syntax")
    if letter in _ESCAPES:
        return _ESCAPES[letter], position + 2, False
    width, base, start = _WIDTHS.get(letter, 0), 16, position + 2
    if letter and letter in "01234567":
        width, base, start = 3, 8, position + 1
    digits = text[start : start + width]
    if not width or len(digits) < width or not digits.isalnum() or not digits.isascii():
        raise GoError("invalid syntax")
    try:
        code = int(digits, base)
    except ValueError:
        raise GoError("invalid syntax") from None
    is_byte = letter not in "uU"
    if code > (0xFF if is_byte else 0x10FFFF) or (not is_byte and 0xD800 <= code <= 0xDFFF):
        raise GoError("invalid syntax")
    return code, start + width, is_byte
