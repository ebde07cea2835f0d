"""Checked expressions out of the library's protocol buffers: a tree of small tuples.

# k8s: google/api/expr: cel.expr.CheckedExpr
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple


class Node(NamedTuple):
    """One expression. ``form`` is constant, ident, select, call, list, map or fold; the parts depend on it."""

    form: str
    number: int
    name: str = ""
    """Of an identifier, a field, a function; of a fold's accumulator."""
    value: Any = None
    """Of a constant; of a select whether it only tests; of a list the optional positions; of a fold its variables."""
    target: "Node | None" = None
    parts: "tuple[Any, ...]" = ()


class Checked(NamedTuple):
    """A whole expression, and where in the text its parts are (in characters, by their numbers)."""

    root: Node
    positions: dict[int, int]
    overloads: dict[int, tuple[str, ...]]
    """Which overloads a call may be."""


class Unsigned(int):
    """A CEL uint."""

    __slots__ = ()


def read(data: bytes) -> Checked:
    """Take apart what the library serialised."""
    checked = next(value for number, value in _fields(data) if number == 2)
    root, positions, overloads = b"", {}, {}
    for number, value in _fields(checked):
        if number == 4:
            root = value
        elif number == 5:
            positions = {entry.get(1, 0): entry.get(2, 0) for entry in _maps(value, 4)}
        elif number == 2:
            entry = dict(_fields(value))
            found = tuple(text.decode() for field, text in _fields(entry.get(2, b"")) if field == 3)
            overloads[entry.get(1, 0)] = found
    return Checked(_expression(root), positions, overloads)


def _maps(data: bytes, wanted: int) -> list[dict[int, Any]]:
    return [dict(_fields(value)) for number, value in _fields(data) if number == wanted]


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            size, position = _varint(data, position)
            yield number, data[position : position + size]
            position += size
        else:
            size = 8 if wire == 1 else 4
            yield number, data[position : position + size]
            position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def _expression(data: bytes) -> Node:
    number, form, content = 0, 0, b""
    for field, value in _fields(data):
        if field == 2:
            number = value
        else:
            form, content = field, value
    return _FORMS[form](number, content)


def _constant(number: int, data: bytes) -> Node:
    value: Any = None
    for field, raw in _fields(data):
        if field == 2:
            value = bool(raw)
        elif field == 3:
            value = raw - (1 << 64) if raw >= 1 << 63 else raw
        elif field == 4:
            value = Unsigned(raw)
        elif field == 5:
            value = struct.unpack("<d", raw)[0]
        elif field == 6:
            value = raw.decode()
        elif field == 7:
            value = bytes(raw)
    return Node("constant", number, value=value)


def _ident(number: int, data: bytes) -> Node:
    return Node("ident", number, dict(_fields(data)).get(1, b"").decode())


def _select(number: int, data: bytes) -> Node:
    found = dict(_fields(data))
    return Node("select", number, found.get(2, b"").decode(), bool(found.get(3)), _expression(found[1]))


def _call(number: int, data: bytes) -> Node:
    target, name, parts = None, "", []
    for field, value in _fields(data):
        if field == 1:
            target = _expression(value)
        elif field == 2:
            name = value.decode()
        else:
            parts.append(_expression(value))
    return Node("call", number, name, None, target, tuple(parts))


def _list(number: int, data: bytes) -> Node:
    parts, optional = [], []
    for field, value in _fields(data):
        if field == 1:
            parts.append(_expression(value))
        elif isinstance(value, int):
            optional.append(value)
        else:
            position = 0
            while position < len(value):
                index, position = _varint(value, position)
                optional.append(index)
    return Node("list", number, value=tuple(optional), parts=tuple(parts))


def _map(number: int, data: bytes) -> Node:
    name, parts = "", []
    for field, value in _fields(data):
        if field == 1:
            name = value.decode()
            continue
        entry = dict(_fields(value))
        key = Node("constant", 0, value=entry[2].decode()) if 2 in entry else _expression(entry[3])
        parts.append((key, _expression(entry[4]), bool(entry.get(5))))
    return Node("map", number, name, parts=tuple(parts))


def _fold(number: int, data: bytes) -> Node:
    found = dict(_fields(data))
    variables = (found.get(1, b"").decode(), found.get(8, b"").decode())
    parts = tuple(_expression(found[field]) for field in (4, 5, 6, 7))
    return Node("fold", number, found.get(3, b"").decode(), variables, _expression(found[2]), parts)


_FORMS = {3: _constant, 4: _ident, 5: _select, 6: _call, 7: _list, 8: _map, 9: _fold}
