"""Writes TOML as the library BurntSushi/toml does: plain keys first, tables indented below."""

import math
import re
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float
from kubesim.helm.template.values import GoObject, is_nil, kind, sorted_items

_BARE: Final = re.compile(r"[0-9A-Za-z_-]+")
_SPECIAL: Final = re.compile('[\x00-\x1f\x7f"\\\\]')
_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def to_toml(value: Any) -> str:
    """A document; GoError when TOML cannot say it. Anything but a map is written as a value alone."""
    if value is None:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, dict):
        writer = _Writer()
        writer.table(value, ())
        return "".join(writer.out)
    if isinstance(value, list) and _is_array_of_tables(value):
        raise GoError("toml: top-level values must be Go maps or structs")
    return _inline(value)


class _Writer:
    """One document on its way out."""

    def __init__(self) -> None:
        self.out: list[str] = []

    def table(self, table: dict[str, Any], path: tuple[str, ...]) -> None:
        """The plain keys of a table, then the tables within it."""
        indent = "  " * len(path)
        inner: list[tuple[str, Any]] = []
        for key, value in sorted_items(table):
            if is_nil(value):
                continue
            if _is_table(value):
                inner.append((key, value))
            else:
                self.out.append(f"{indent}{_key(key)} = {_inline(value)}\n")
        for key, value in inner:
            self._inner((*path, key), value, indent)

    def _inner(self, path: tuple[str, ...], value: Any, indent: str) -> None:
        name = ".".join(map(_key, path))
        if isinstance(value, dict):
            if len(path) == 1:
                self._blank_line()
            self.out.append(f"{indent}[{name}]\n")
            self.table(value, path)
            return
        for table in value:
            self._blank_line()
            self.out.append(f"{indent}[[{name}]]\n")
            self.table(table, path)

    def _blank_line(self) -> None:
        if self.out:
            self.out.append("\n")


def _is_array_of_tables(items: list[Any]) -> bool:
    if any(is_nil(item) for item in items):
        raise GoError("toml: cannot encode array with nil element")
    return bool(items) and all(isinstance(item, dict) for item in items)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    return '"' + _SPECIAL.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        return _inline_table(value)
    if isinstance(value, list):
        if any(is_nil(item) for item in value):
            raise GoError("toml: cannot encode array with nil element")
        return f"[{', '.join(map(_inline, value))}]"
    return _foreign(value)


def _inline_table(table: dict[str, Any]) -> str:
    """Plain keys first here too; a comma follows every key but the last, even when that is nil and left out."""
    items = sorted_items(table)
    inner = [(key, item) for key, item in items if _is_table(item)]
    plain = [(key, item) for key, item in items if not _is_table(item)]
    parts: list[str] = []
    for group, follows in ((plain, bool(inner)), (inner, False)):
        for place, (key, item) in enumerate(group):
            if not is_nil(item):
                comma = ", " if follows or place < len(group) - 1 else ""
                parts.append(f"{_key(key)} = {_inline(item)}{comma}")
    return f"{{{''.join(parts)}}}"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and _is_array_of_tables(value))


def _float(number: float) -> str:
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    text = format_float(number)
    return text if "." in text or "e" in text else f"{text}.0"


def _foreign(value: Any) -> str:
    """A Go object: times are values of TOML itself, other texts are strings."""
    if isinstance(value, bytes):
        return f"[{', '.join(map(str, value))}]"
    own = getattr(value, "go_json", None)
    if not isinstance(value, GoObject) or own is None:
        raise GoError(f"unsupported type: {kind(value)}")
    said = own()
    if value.type_name == "time.Time":
        return str(said)
    return _inline(said)
