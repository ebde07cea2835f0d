"""Objects as protobuf, the way that typed clients send them: built from JSON trees with the numbers of the schema."""

import struct
from base64 import b64decode
from datetime import datetime
from typing import Any

import orjson

from kubesim.api.schema import Field, Schema, Type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
SCHEMA = Schema.load()
Tree = dict[str, Any]


def knows(tree: Any) -> bool:
    """Whether a tree is of a built-in kind, and has no field at its top that the kind has not."""
    if not isinstance(tree, dict) or not SCHEMA.knows(_gvk(tree)):
        return False
    return set(tree) <= set(SCHEMA.type(_gvk(tree)).fields)


def encode(tree: Tree) -> bytes:
    """A body: the magic number and the envelope around the object."""
    meta = _bytes(1, tree["apiVersion"].encode()) + _bytes(2, tree["kind"].encode())
    message = _message(SCHEMA.type(_gvk(tree)), tree)
    return b"k8s\0" + _bytes(1, meta) + _bytes(2, message) + _bytes(3, b"") + _bytes(4, b"")


def _gvk(tree: Tree) -> tuple[str, str, str]:
    group, _, version = str(tree.get("apiVersion", "")).rpartition("/")
    if tree.get("kind") == "DeleteOptions":
        return "", "v1", "DeleteOptions"  # all groups have it
    return group, version, str(tree.get("kind", ""))


def _message(kind: Type, tree: Tree, depth: int = 0, prefix: tuple[int, ...] = ()) -> bytes:
    """The fields below a prefix of numbers: an embedded struct is a message of its own."""
    found = b""
    inner: list[int] = []
    for field in kind.fields.values():
        if field.numbers[:depth] != prefix or len(field.numbers) <= depth or tree.get(field.name) is None:
            continue
        number = field.numbers[depth]
        if len(field.numbers) == depth + 1:
            found += _field(field, number, tree[field.name])
        elif number not in inner:
            inner.append(number)
    return found + b"".join(_bytes(number, _message(kind, tree, depth + 1, (*prefix, number))) for number in inner)


def _field(field: Field, number: int, value: Any) -> bytes:
    shape = field.shape
    if shape[0] == "[":
        return b"".join(_value(shape[1:], number, item) for item in value)
    if shape[0] == "{":
        return b"".join(_bytes(number, _entry(shape[1:], key, item)) for key, item in value.items())
    return _value(shape, number, value)


def _entry(shape: str, key: str, value: Any) -> bytes:
    if shape[0] == "[":
        return _bytes(1, key.encode()) + _bytes(2, b"".join(_value(shape[1:], 1, item) for item in value))
    return _bytes(1, key.encode()) + _value(shape, 2, value)


def _value(shape: str, number: int, value: Any) -> bytes:
    if shape[0] == "#":
        return _bytes(number, _object(SCHEMA.target(shape), value))
    if shape in "bil":
        return _varint(number << 3) + _varint(int(value))
    if shape == "d":
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    return _bytes(number, _SCALARS[shape](value))


def _object(kind: Type | None, value: Any) -> bytes:
    assert kind is not None
    if kind.struct in _UNIONS:
        return _UNIONS[kind.struct](kind, value)
    return _bytes(1, orjson.dumps(value)) if kind.opaque else _message(kind, value)


def _schema_or_flag(kind: Type, value: Any) -> bytes:
    """JSONSchemaPropsOrBool: ``allows`` and a schema."""
    if isinstance(value, bool):
        return _varint(1 << 3) + _varint(value)
    return _varint(1 << 3) + _varint(1) + _bytes(2, _message(_schema_type(), value))


def _schema_or_list(kind: Type, value: Any) -> bytes:
    """JSONSchemaPropsOrArray: one schema or many."""
    if isinstance(value, list):
        return b"".join(_bytes(2, _message(_schema_type(), item)) for item in value)
    return _bytes(1, _message(_schema_type(), value))


def _schema_or_names(kind: Type, value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(_bytes(2, item.encode()) for item in value)
    return _bytes(1, _message(_schema_type(), value))


def _schema_type() -> Type:
    definition = SCHEMA.type(("apiextensions.k8s.io", "v1", "CustomResourceDefinition"))
    for step in ("spec", "versions", "schema", "openAPIV3Schema"):
        found = SCHEMA.target(definition.fields[step].shape.lstrip("["))
        assert found is not None
        definition = found
    return definition


_UNIONS = {
    "JSONSchemaPropsOrBool": _schema_or_flag,
    "JSONSchemaPropsOrArray": _schema_or_list,
    "JSONSchemaPropsOrStringArray": _schema_or_names,
}


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _moment(text: str) -> bytes:
    moment = datetime.fromisoformat(text)
    return b"".join(
        _varint(number << 3) + _varint(part)
        for number, part in ((1, int(moment.timestamp())), (2, moment.microsecond * 1000))
    )


def _int_or_string(value: int | str) -> bytes:
    if isinstance(value, str):
        return _varint(1 << 3) + _varint(1) + _varint(2 << 3) + _varint(0) + _bytes(3, value.encode())
    return _varint(1 << 3) + _varint(0) + _varint(2 << 3) + _varint(value) + _bytes(3, b"")


_SCALARS: dict[str, Any] = {
    "s": str.encode,
    "y": b64decode,
    "q": lambda value: _bytes(1, str(value).encode()),
    "t": _moment,
    "u": _moment,
    "o": _int_or_string,
}
