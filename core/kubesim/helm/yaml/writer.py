"""Writes YAML as Helm's toYaml (through JSON and go-yaml version 2) and toYamlPretty (version 3) do, byte for byte."""

import math
import re
from functools import lru_cache
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float
from kubesim.helm.yaml.order import ordered
from kubesim.helm.yaml.reader import read
from kubesim.helm.yaml.scalars import DIALECT2, DIALECT3, LITERAL, Dialect, block_lines, inline, scalar

_ESCAPED_BYTE: Final = re.compile("[\ud800-\udfff]")
_MAX_INDENT: Final = 2000
"""How far values may be indented: a thousand levels, where Go begins to look for cycles."""
_EXACT: Final = 2.0**53
_CHANGED_BY_JSON: Final = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def to_yaml(value: Any) -> str:
    """sigs.k8s.io/yaml Marshal: YAML that ends in a line break; GoError when the value cannot be marshalled."""
    return _Writer(DIALECT2).document(value)


def to_yaml_pretty(value: Any) -> str:
    """go-yaml version 3 with an indent of two: lists are indented, lines do not fold."""
    return _Writer(DIALECT3).document(value)


class _Writer:
    """One document on its way out."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.through_json = dialect.version == 2
        self.list_indent = 0 if dialect.version == 2 else 2
        self.out: list[str] = []

    def document(self, value: Any) -> str:
        try:
            self._root(value)
        except RecursionError:
            raise _cycle() from None
        self.out.append("")
        return "\n".join(self.out)

    def _root(self, value: Any) -> None:
        if isinstance(value, dict) and value:
            self._mapping(value, 0, "")
        elif isinstance(value, list) and value:
            self._sequence(value, 0, "")
        else:
            self._scalar(value, "", 0)

    def _mapping(self, mapping: dict[str, Any], indent: int, lead: str) -> None:
        if indent > _MAX_INDENT:
            raise _cycle()
        out = self.out
        pad = " " * indent
        for key in ordered(mapping, self.dialect.version):
            value = mapping[key]
            shown = scalar(self._text(key, is_key=True), self.dialect)
            if not shown.simple:
                self._complex(key, value, indent, lead)
                lead = pad
                continue
            head = f"{lead}{shown.text}:"
            lead = pad
            if isinstance(value, dict) and value:
                out.append(head)
                self._mapping(value, indent + 2, pad + "  ")
            elif isinstance(value, list) and value:
                out.append(head)
                inner = indent + self.list_indent
                self._sequence(value, inner, " " * inner)
            else:
                self._scalar(value, head + " ", indent + 2)

    def _complex(self, key: str, value: Any, indent: int, lead: str) -> None:
        """A key of many lines, or of more than 128 bytes, has an indicator of its own, and so has its value."""
        self._scalar(key, lead + "? ", indent + 2)
        self._nested(value, indent, " " * indent + ": ")

    def _sequence(self, items: list[Any], indent: int, lead: str) -> None:
        if indent > _MAX_INDENT:
            raise _cycle()
        pad = " " * indent + "- "
        lead += "- "
        for item in items:
            self._nested(item, indent, lead)
            lead = pad

    def _nested(self, value: Any, indent: int, lead: str) -> None:
        if isinstance(value, dict) and value:
            self._mapping(value, indent + 2, lead)
        elif isinstance(value, list) and value:
            self._sequence(value, indent + 2, lead)
        else:
            self._scalar(value, lead, indent + 2)

    def _scalar(self, value: Any, head: str, indent: int) -> None:
        if not isinstance(value, str):
            self._other(value, head, indent)
            return
        text = self._text(value)
        shown = scalar(text, self.dialect)
        indent = indent or 2
        if shown.kind == LITERAL:
            self.out.append(f"{head}{shown.text}")
            self.out.append(block_lines(text, indent))
        else:
            self.out.append(head + inline(shown, text, len(head), indent, self.dialect.width))

    def _other(self, value: Any, head: str, indent: int) -> None:
        """Anything but a string or a collection with entries."""
        if value is None or (self.through_json and getattr(value, "nil", False) is True):
            text = "null"
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, int):
            text = int.__repr__(value)
        elif isinstance(value, float):
            text = number_text(value) if self.through_json else _float_text(value)
        elif isinstance(value, dict):
            text = "{}"
        elif isinstance(value, list):
            text = "[]"
        else:
            self._foreign(value, head, indent)
            return
        self.out.append(head + text)

    def _foreign(self, value: Any, head: str, indent: int) -> None:
        """A Go struct, time or byte slice: what its JSON says."""
        from kubesim.helm.yaml.gojson import to_json  # noqa: PLC0415 (most values never need it)

        self._nested(read(to_json(value)), indent - 2, head)

    def _text(self, text: str, is_key: bool = False) -> str:
        """A string as it is after its way through JSON."""
        if text.isascii() and "\x7f" not in text and not (is_key and len(text) > 1000):
            return text
        return _reread(text, is_key) if self.through_json else _ESCAPED_BYTE.sub("\ufffd", text)


def _cycle() -> GoError:
    return GoError("json: unsupported value: encountered a cycle via map[string]interface {}")


@lru_cache(maxsize=1024)
def _reread(text: str, is_key: bool) -> str:
    """The string that go-yaml reads out of the JSON of a string; as a key it has at most 1024 signs."""
    if is_key and (len(text) > 1000 or "\x85" in text):
        read(f'{{{_json(text)}: ""}}')
    return str(read(_json(text))) if _CHANGED_BY_JSON.search(text) else text


def _json(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub("[\x00-\x1f<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", escaped)
    return '"' + _ESCAPED_BYTE.sub("\ufffd", escaped) + '"'


def number_text(number: float) -> str:
    """A float64 after its way through JSON: whole numbers that fit 64 bits are integers."""
    if number.is_integer() and -9.3e18 < number < 1.9e19:
        # Go's JSON has the shortest digits that tell the number from its neighbours, then zeros.
        whole = str(int(number)) if abs(number) < _EXACT else format_float(number, "f")
        if whole == "-0":
            return "0"
        if -(1 << 63) <= int(whole) < 1 << 64:
            return whole
    if not math.isfinite(number):
        raise GoError(f"json: unsupported value: {format_float(number)}")
    return format_float(number)


def _float_text(number: float) -> str:
    text = format_float(number)
    return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(text, text)
