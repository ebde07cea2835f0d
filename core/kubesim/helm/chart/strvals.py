"""The little languages of --set, --set-string, --set-json, --set-literal and --set-file."""

import json
from collections.abc import Callable
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import parse_int
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import Int64, type_name

MAX_INDEX: Final = 65536
MAX_NESTED_NAME_LEVEL: Final = 30

Tree = dict[str, Any]
Reader = Callable[[str], Any]
_DECODER: Final = json.JSONDecoder(parse_int=float)


def parse(text: str) -> Tree:
    """The tree that ``name1=value1,name2=value2`` describes; ChartError with Helm's text."""
    data: Tree = {}
    parse_into(text, data)
    return data


def parse_into(text: str, data: Tree) -> None:
    """--set: add to a tree, in place; numbers become int64, ``true``, ``false`` and ``null`` themselves."""
    _Parser(text, data, typed_value).parse()


def parse_into_string(text: str, data: Tree) -> None:
    """--set-string: every value is a string."""
    _Parser(text, data, str).parse()


def parse_into_file(text: str, data: Tree, read: Reader) -> None:
    """--set-file: the value is what ``read(path)`` gives."""
    _Parser(text, data, read).parse()


def parse_json(text: str, data: Tree) -> None:
    """--set-json: values are JSON, an empty one is null."""
    _JsonParser(text, data, str).parse()


def parse_literal_into(text: str, data: Tree) -> None:
    """--set-literal: one name, and everything after its ``=`` is the value."""
    _LiteralParser(text, data, str).parse()


def typed_value(text: str) -> Any:
    """What --set makes of a value."""
    lower = text.lower()
    if lower in {"true", "false"}:
        return lower == "true"
    if lower == "null":
        return None
    if text == "0":
        return Int64(0)
    if text and text[0] != "0":
        try:
            return Int64(parse_int(text))
        except GoError:
            return text
    return text


class _EndError(Exception):
    """The text has ended: how a parse ends well."""


class _Parser:
    """--set, --set-string and --set-file: lists in braces, backslash escapes."""

    key_stops = "=[,."
    escapes = True

    def __init__(self, text: str, data: Tree, reader: Reader) -> None:
        self.text = text
        self.place = 0
        self.data = data
        self.reader = reader

    def parse(self) -> None:
        try:
            while True:
                self._key(self.data, 0)
        except _EndError:
            return

    def _next(self) -> str | None:
        if self.place >= len(self.text):
            return None
        self.place += 1
        return self.text[self.place - 1]

    def _until(self, stops: str) -> tuple[str, str | None]:
        """The text before the next stop, and the stop; None when the text ends first."""
        letters: list[str] = []
        while True:
            letter = self._next()
            if letter is None or letter in stops:
                return "".join(letters), letter
            if letter == "\\" and self.escapes:
                letter = self._next()
                if letter is None:
                    return "".join(letters), None
            letters.append(letter)

    def _key(self, data: Tree, level: int) -> None:
        key, last = self._until(self.key_stops)
        if last is None:
            if not key:
                raise _EndError
            raise ChartError(f"key {quote(key)} has no value")
        if last == "[":
            self._list(data, key, level)
        elif last == "=":
            self._assign(data, key)
        elif last == ",":
            raise ChartError(f"key {quote(key)} has no value (cannot end with ,)")
        else:
            self._map(data, key, level + 1)

    def _list(self, data: Tree, key: str, level: int) -> None:
        index = self._index()
        items: list[Any] = []
        if key in data:
            if not isinstance(data[key], list):
                raise _mistaken(data[key], "[]interface {}")
            items = data[key]
        try:
            items = self._item(items, index, level)
        finally:
            _set(data, key, items)

    def _map(self, data: Tree, key: str, level: int) -> None:
        if level > MAX_NESTED_NAME_LEVEL:
            raise ChartError(
                f"value name nested level is greater than maximum supported nested level of {MAX_NESTED_NAME_LEVEL}"
            )
        inner: Tree = {}
        if key in data:
            if not isinstance(data[key], dict):
                raise _mistaken(data[key], "map[string]interface {}")
            inner = data[key]
        try:
            self._key(inner, level)
        finally:
            if inner:
                _set(data, key, inner)
        if not inner:
            raise ChartError(f"key map {quote(key)} has no value")

    def _index(self) -> int:
        digits, last = self._until("]")
        if last is None:
            raise _EndError
        try:
            return parse_int(digits, 10, call="Atoi")
        except GoError as error:
            raise ChartError(f"error parsing index: {error}") from None

    def _item(self, items: list[Any], index: int, level: int) -> list[Any]:
        """The list with what follows an index set in it."""
        if index < 0:
            raise ChartError(f"negative {index} index not allowed")
        stray, last = self._until("[.=")
        if stray:
            raise ChartError(f"unexpected data at end of array index: {quote(stray)}")
        if last is None:
            raise _EndError
        if last == "=":
            return _set_index(items, index, self._item_value())
        existing = items[index] if index < len(items) else None
        if last == "[":
            inner_index = self._index()
            if existing is not None and not isinstance(existing, list):
                raise _mistaken(existing, "[]interface {}")
            return _set_index(items, index, self._item(existing or [], inner_index, level))
        inner = existing if isinstance(existing, dict) else {}
        self._key(inner, level)
        return _set_index(items, index, inner)

    def _item_value(self) -> Any:
        if self.place >= len(self.text):
            return ""
        return self._value()

    def _assign(self, data: Tree, key: str) -> None:
        if self.place >= len(self.text):
            _set(data, key, "")
            raise _EndError
        _set(data, key, self._value())

    def _value(self) -> Any:
        if self.text[self.place] != "{":
            return self.reader(self._until(",")[0])
        self.place += 1
        items: list[Any] = []
        while True:
            item, last = self._until(",}")
            if last is None:
                raise ChartError("list must terminate with '}'")
            items.append(self.reader(item))
            if last == "}":
                if self.text[self.place : self.place + 1] == ",":
                    self.place += 1
                return items


class _LiteralParser(_Parser):
    """--set-literal: nothing is special in the value."""

    key_stops = "=[."
    escapes = False

    def _value(self) -> Any:
        return self._until("")[0]


class _JsonParser(_Parser):
    """--set-json: values are JSON."""

    def _item_value(self) -> Any:
        return self._value()

    def _assign(self, data: Tree, key: str) -> None:
        _set(data, key, self._value())

    def _value(self) -> Any:
        if self._is_empty():
            return None
        rest = self.text[self.place :]
        try:
            value, end = _DECODER.raw_decode(rest)
        except ValueError:
            raise ChartError(_json_problem(rest)) from None
        self.place += end
        self._is_empty()
        return value

    def _is_empty(self) -> bool:
        """Skip blanks and at most one comma; whether nothing else came before it."""
        while True:
            letter = self._next()
            if letter is None or letter == ",":
                return True
            if not letter.isspace():
                self.place -= 1
                return False


def _json_problem(text: str) -> str:
    """What encoding/json says of a text that does not start with a JSON value."""
    from kubesim.helm.yaml.gojson import from_json  # noqa: PLC0415 (only errors need it)

    try:
        from_json(text)
    except GoError as error:
        return "unexpected EOF" if str(error) == "unexpected end of JSON input" else str(error)
    return "invalid JSON"


def _mistaken(value: Any, wanted: str) -> ChartError:
    found = "nil" if value is None else type_name(value)
    return ChartError(f"unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}")


def _set(data: Tree, key: str, value: Any) -> None:
    if key:
        data[key] = value


def _set_index(items: list[Any], index: int, value: Any) -> list[Any]:
    if index > MAX_INDEX:
        raise ChartError(f"index of {index} is greater than maximum supported index of {MAX_INDEX}")
    if index >= len(items):
        items = [*items, *[None] * (index + 1 - len(items))]
    items[index] = value
    return items
