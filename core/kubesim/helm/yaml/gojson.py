"""JSON as Go's encoding/json writes and reads it, with its error texts."""

import base64
import json
import math
import re
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float, shortest_digits
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import GoObject, decode, encode, is_nil, sorted_items, type_name
from kubesim.helm.template.weight import weigh

_SPECIAL: Final = re.compile('[\\x00-\\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')
_MARKUP: Final = re.compile("[\\x00-\\x09\\x0b-\\x1f<>&\u2028\u2029\ud800-\udfff]")
_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
}


def to_json(value: Any, *, escape_html: bool = True, indent: str = "") -> str:
    """json.Marshal, or MarshalIndent with an indent; GoError for what JSON cannot say."""
    weigh(value)
    return _Writer(escape_html, indent).text(value, 0)


def string(text: str, *, escape_html: bool = True) -> str:
    """A JSON string."""
    if _SPECIAL.search(text) is None:
        return f'"{text}"'
    if _MARKUP.search(text) is None:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return f'"{_SPECIAL.sub(_escaped if escape_html else _escaped_plainly, text)}"'


def _escaped(match: re.Match[str]) -> str:
    letter = match.group()
    known = _ESCAPES.get(letter)
    if known is not None:
        return known
    return "\ufffd" if "\ud800" <= letter <= "\udfff" else f"\\u{ord(letter):04x}"


def _escaped_plainly(match: re.Match[str]) -> str:
    return match.group() if match.group() in "<>&" else _escaped(match)


def number(value: float) -> str:
    """A float as JavaScript writes it; GoError for infinities and NaN."""
    if not math.isfinite(value):
        raise GoError(f"json: unsupported value: {format_float(value)}")
    _, point = shortest_digits(abs(value))
    if value == 0 or -6 < point <= 21:
        return format_float(value, "f")
    return re.sub(r"e-0(\d)$", r"e-\1", format_float(value, "e"))


class _Writer:
    """Writes one value."""

    def __init__(self, escape_html: bool, indent: str) -> None:
        self.escape_html = escape_html
        self.indent = indent

    def text(self, value: Any, depth: int) -> str:
        if isinstance(value, str):
            return string(value, escape_html=self.escape_html)
        if value is None or is_nil(value):
            return "null"
        if isinstance(value, dict):
            return self.mapping(sorted_items(value), depth)
        if isinstance(value, list):
            return self.sequence(value, depth)
        return self.scalar(value, depth)

    def scalar(self, value: Any, depth: int) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, float):
            return number(value)
        if isinstance(value, bytes):
            return f'"{base64.b64encode(value).decode("ascii")}"'
        if isinstance(value, GoObject):
            return self.struct(value, depth)
        raise GoError(f"json: unsupported type: {type_name(value)}")

    def struct(self, value: GoObject, depth: int) -> str:
        own = getattr(value, "go_json", None)
        if own is not None:
            return self.text(own(), depth)
        return self.mapping([(name, getattr(value, attribute)) for name, attribute in value.go_fields.items()], depth)

    def mapping(self, items: list[tuple[str, Any]], depth: int) -> str:
        colon = ": " if self.indent else ":"
        pairs = [
            string(key, escape_html=self.escape_html) + colon + self.text(value, depth + 1) for key, value in items
        ]
        return self.wrapped("{", pairs, "}", depth)

    def sequence(self, items: list[Any], depth: int) -> str:
        return self.wrapped("[", [self.text(value, depth + 1) for value in items], "]", depth)

    def wrapped(self, left: str, parts: list[str], right: str, depth: int) -> str:
        if not self.indent or not parts:
            return left + ",".join(parts) + right
        inner = "\n" + self.indent * (depth + 1)
        return f"{left}{inner}{f',{inner}'.join(parts)}\n{self.indent * depth}{right}"


MAX_DEPTH: Final = 1_000
"""How deep what is read may nest. # differs: Go allows 10,000 levels."""

_BRACKETS: Final = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{}]')
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def from_json(text: str) -> Any:
    """json.Unmarshal into an interface: numbers are floats. GoError has Go's text."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text)
    try:
        value = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise GoError(_complaint(text)) from None
    if "\\u" in text or not text.isascii():
        value = _repaired(value)
    return value


def _check_depth(text: str) -> None:
    """GoError when brackets nest too deeply: Python's reader would use up the stack."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth > MAX_DEPTH:
            raise GoError("exceeded max depth")


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise GoError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _repaired(value: Any) -> Any:
    """The value with what is no character replaced, as Go decodes strings."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_repaired(key): _repaired(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_repaired(one) for one in value]
    return value


def json_kind(value: Any) -> str:
    """What JSON calls a value that was read."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "number"


def from_json_as(text: str, wanted: type, go_type: str) -> Any:
    """json.Unmarshal into a map or list; null is None. GoError has Go's text."""
    value = from_json(text)
    if value is None or isinstance(value, wanted):
        return value
    raise GoError(f"json: cannot unmarshal {json_kind(value)} into Go value of type {go_type}")


_SPACE: Final = b" \t\r\n"
_LITERALS: Final = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}


class _Stop(Exception):
    """Carries what is wrong with the text."""


def _complaint(text: str) -> str:
    """What Go's scanner says of malformed JSON."""
    scanner = _Scanner(encode(text))
    try:
        scanner.value()
        scanner.skip()
        if scanner.at < len(scanner.data):
            scanner.invalid("after top-level value")
    except _Stop as stop:
        return str(stop)
    return "unexpected end of JSON input"


class _Scanner:
    """Walks over JSON to the first byte that does not belong there."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.depth = 0

    def invalid(self, where: str) -> None:
        if self.at >= len(self.data):
            raise _Stop("unexpected end of JSON input")
        code = self.data[self.at]
        if code >= 0x80:
            letter = self.data[self.at : self.at + 4].decode("utf-8", "replace")[:1]
            code = ord(letter) if letter != "\ufffd" else code
        raise _Stop(f"invalid character {_quoted(code)} {where}")

    def skip(self) -> None:
        while self.at < len(self.data) and self.data[self.at] in _SPACE:
            self.at += 1

    def byte(self) -> int:
        return self.data[self.at] if self.at < len(self.data) else -1

    def value(self) -> None:
        self.skip()
        byte = self.byte()
        if byte == ord("{"):
            self.enter()
            self.object()
        elif byte == ord("["):
            self.enter()
            self.array()
        elif byte == ord('"'):
            self.string()
        elif byte == ord("-") or chr(max(byte, 0)) in "0123456789":
            self.number()
        elif byte in _LITERALS:
            self.literal(_LITERALS[byte])
        else:
            self.invalid("looking for beginning of value")

    def enter(self) -> None:
        self.at += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Stop("exceeded max depth")

    def object(self) -> None:
        self.skip()
        if self.byte() == ord("}"):
            self.leave()
            return
        while True:
            self.skip()
            if self.byte() != ord('"'):
                self.invalid("looking for beginning of object key string")
            self.string()
            self.skip()
            if self.byte() != ord(":"):
                self.invalid("after object key")
            self.at += 1
            self.value()
            if self.ends("}", "after object key:value pair"):
                return

    def array(self) -> None:
        self.skip()
        if self.byte() == ord("]"):
            self.leave()
            return
        while True:
            self.value()
            if self.ends("]", "after array element"):
                return

    def leave(self) -> None:
        self.at += 1
        self.depth -= 1

    def ends(self, closing: str, where: str) -> bool:
        self.skip()
        if self.byte() == ord(closing):
            self.leave()
            return True
        if self.byte() != ord(","):
            self.invalid(where)
        self.at += 1
        return False

    def string(self) -> None:
        self.at += 1
        while self.byte() != ord('"'):
            if self.byte() < 0x20:
                self.invalid("in string")
            if self.byte() == ord("\\"):
                self.escape()
            self.at += 1
        self.at += 1

    def escape(self) -> None:
        start = self.at
        self.at += 1
        if self.byte() == ord("u"):
            for _ in range(4):
                self.at += 1
                if self.byte() < 0 or chr(self.byte()) not in "0123456789abcdefABCDEF":
                    self.invalid_escape(start, 6)
        elif self.byte() < 0 or chr(self.byte()) not in 'bfnrt\\/"':
            self.invalid_escape(start, 2)

    def invalid_escape(self, start: int, length: int) -> None:
        if self.at >= len(self.data):
            raise _Stop("unexpected end of JSON input")
        raise _Stop(f"invalid escape sequence `{decode(self.data[start : start + length])}` in string")

    def number(self) -> None:
        if self.byte() == ord("-"):
            self.at += 1
        if self.byte() == ord("0"):
            self.at += 1
        else:
            self.digits()
        if self.byte() == ord("."):
            self.at += 1
            self.digits()
        if self.byte() in {ord("e"), ord("E")}:
            self.at += 1
            if self.byte() in {ord("+"), ord("-")}:
                self.at += 1
            self.digits()

    def digits(self) -> None:
        if not 48 <= self.byte() <= 57:
            self.invalid("in numeric literal")
        while 48 <= self.byte() <= 57:
            self.at += 1

    def literal(self, word: bytes) -> None:
        for expected in word:
            if self.byte() != expected:
                self.invalid(f"in literal {word.decode()} (expecting {_quoted(expected)})")
            self.at += 1


def _quoted(byte: int) -> str:
    if byte == ord("'"):
        return "'\\''"
    if byte == ord('"'):
        return "'\"'"
    return f"'{quote(chr(byte))[1:-1]}'"


def marshal(value: Any) -> str:
    """json.Marshal."""
    return to_json(value)
