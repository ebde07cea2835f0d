"""Protobuf request bodies as client-go writes them, decoded into JSON trees with the field numbers of the schema."""

import struct
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from kubesim.api.documents import TOO_DEEP, check_depth
from kubesim.api.schema import Field, Gvk, Schema, Type
from kubesim.api.schema.facts import LIST, MAP, OBJECT
from kubesim.objects.times import format_time

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
"""What every body begins with. # k8s: apimachinery/pkg/runtime/serializer/protobuf"""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Token = tuple[int, int, Any]
"""Field number, wire type, and an integer or bytes."""

DELETE_OPTIONS = "DeleteOptions"
_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_EITHER = {"JSONSchemaPropsOrBool": (2, 1), "JSONSchemaPropsOrArray": (1, 2), "JSONSchemaPropsOrStringArray": (1, 2)}
"""Types that hold a schema or something else, with the field numbers of both."""
ABSENT = object()
"""Stands for a value that JSON would leave out."""


class TooManyError(ValueError):
    """A body has more fields than anyone needs."""


class Budget:
    """How many fields may still be decoded. Of this process: bodies are decoded one at a time."""

    left = 1 << 62

    def spend(self, fields: int) -> None:
        """Some more fields are decoded. Raises TooManyError."""
        self.left -= fields
        if self.left < 0:
            raise TooManyError


BUDGET = Budget()


def tokens(data: bytes) -> Iterator[Token]:
    """The fields of a message in order. Raises ValueError when the bytes are no message."""
    position, size = 0, len(data)
    while position < size:
        BUDGET.spend(1)
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == VARINT:
            value: Any
            value, position = _varint(data, position)
        elif kind in {FIXED64, FIXED32, BYTES}:
            length = 8 if kind == FIXED64 else 4
            if kind == BYTES:
                length, position = _varint(data, position)
            value = data[position : position + length]
            position += length
            if len(value) != length:
                msg = "unexpected EOF"
                raise ValueError(msg)
        else:
            msg = f"proto: illegal wireType {kind}"
            raise ValueError(msg)
        yield tag >> 3, kind, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            msg = "unexpected EOF"
            raise ValueError(msg)
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift >= 64:
            msg = "proto: integer overflow"
            raise ValueError(msg)


def envelope(body: bytes) -> tuple[str, str, bytes]:
    """apiVersion, kind and message of a body. Raises ValueError."""
    if not body.startswith(MAGIC):
        msg = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        raise ValueError(msg)
    api_version = kind = ""
    raw = b""
    for number, wire, value in tokens(body[len(MAGIC) :]):
        if number == 1 and wire == BYTES:
            names = {inner: _text(item) for inner, _, item in tokens(value)}
            api_version, kind = names.get(1, ""), names.get(2, "")
        elif number == 2 and wire == BYTES:
            raw = value
    return api_version, kind, raw


def decode(schema: Schema, body: bytes, fields: int = 1 << 62) -> dict[str, Any]:
    """The object in a body, as the same client would have written it in JSON. Raises ValueError.

    TooManyError when there are more than so many fields.
    """
    BUDGET.left = fields
    api_version, kind, raw = envelope(body)
    group, _, version = api_version.rpartition("/")
    # k8s: metav1.AddToGroupVersion registers the options of deletions in every group.
    gvk: Gvk = ("", "v1", kind) if kind == DELETE_OPTIONS else (group, version, kind)
    if not schema.knows(gvk) or not any(field.numbers for field in schema.type(gvk).fields.values()):
        msg = f'no kind "{kind}" is registered for version "{api_version}"'
        raise ValueError(msg)
    try:
        tree = _Decoder(schema).message(schema.type(gvk), raw)
        check_depth(tree)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except (TypeError, OverflowError, struct.error) as error:
        # A field came with the wire type of another one.
        msg = f"proto: wrong wireType: {error}"
        raise ValueError(msg) from None
    return {"kind": kind, "apiVersion": api_version, **tree}


class _Decoder:
    """Walks messages along the types of the schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def message(self, kind: Type, data: bytes) -> dict[str, Any]:
        """A struct. Fields that the schema does not know are skipped, as Go does."""
        found: dict[str, Any] = {}
        self._fill(_numbered(kind.fields.values(), 0), 0, data, found)
        return {field: found[field] for field in kind.fields if field in found}

    def _fill(self, fields: Mapping[int, list[Field]], depth: int, data: bytes, found: dict[str, Any]) -> None:
        for number, wire, value in tokens(data):
            owners = fields.get(number)
            if owners is None:
                continue
            field = owners[0]
            if len(field.numbers) > depth + 1:
                # An embedded struct is a message of its own here and no level at all in JSON.
                self._fill(_numbered(owners, depth + 1), depth + 1, value, found)
            else:
                self._put(field, wire, value, found)

    def _put(self, field: Field, wire: int, value: Any, found: dict[str, Any]) -> None:
        shape = field.shape
        if shape[0] == LIST:
            items = found.setdefault(field.name, [])
            packed = wire == BYTES and shape[1] in "bild"
            items.extend(_packed(shape[1], value) if packed else [self._value(shape[1:], value)])
        elif shape[0] == MAP:
            key, item = self._entry(shape[1:], value)
            found.setdefault(field.name, {})[key] = item
        else:
            decoded = self._value(shape, value)
            zero = decoded is ABSENT or (not decoded and not isinstance(decoded, dict))
            if decoded is not ABSENT and (field.pointer or not field.omit_empty or not zero):
                found[field.name] = decoded

    def _entry(self, shape: str, data: bytes) -> tuple[str, Any]:
        key, value = "", None
        for number, _, item in tokens(data):
            if number == 1:
                key = _text(item)
            elif number == 2:
                value = item
        if shape[0] == LIST:
            # A list cannot be the value of a map: it is wrapped in a message.
            return key, [self._value(shape[1:], item) for _, _, item in tokens(value or b"")]
        if value is None:
            return key, {} if shape[0] == OBJECT else _ZEROS.get(shape, "")
        return key, self._value(shape, value)

    def _value(self, shape: str, value: Any) -> Any:
        if shape[0] != OBJECT:
            return _SCALARS[shape](value)
        kind = self._schema.target(shape)
        if kind is None:
            msg = f"no type {shape}"
            raise ValueError(msg)
        if kind.struct in _EITHER:
            return self._either(kind.struct, list(tokens(value)))
        return self._opaque(value) if kind.opaque else self.message(kind, value)

    def _either(self, struct: str, found: list[Token]) -> Any:
        """A schema, or what may stand in its place. # k8s: apiextensions/v1 marshal.go."""
        place, other = _EITHER[struct]
        props = self._schema.named(_PROPS)
        whole = next((value for number, _, value in found if number == place), None)
        if whole is not None:
            return self.message(props, whole)
        rest = [value for number, _, value in found if number == other]
        if struct == "JSONSchemaPropsOrBool":
            return bool(rest and rest[0])
        return [self.message(props, item) if struct == "JSONSchemaPropsOrArray" else _text(item) for item in rest]

    def _opaque(self, data: bytes) -> Any:
        """Any JSON, which is one field of bytes."""
        for number, _, item in tokens(data):
            if number == 1:
                return orjson.loads(item) if item else ABSENT
        return ABSENT


def _numbered(fields: Any, depth: int) -> dict[int, list[Field]]:
    found: dict[int, list[Field]] = {}
    for field in fields:
        if len(field.numbers) > depth:
            found.setdefault(field.numbers[depth], []).append(field)
    return found


# ---------------------------------------------------------------------- scalars
def _text(value: Any) -> str:
    if isinstance(value, int):
        msg = "proto: wrong wireType = 0 for a text"
        raise ValueError(msg)
    return bytes(value).decode("utf-8", "replace")


def _signed(value: Any) -> int:
    return int(value) - (1 << 64) if value >= 1 << 63 else int(value)


def _signed32(value: Any) -> int:
    short = _signed(value) & 0xFFFFFFFF
    return short - (1 << 32) if short >= 1 << 31 else short


def _double(value: Any) -> float:
    found = float(struct.unpack("<d", value)[0])
    return int(found) if found.is_integer() and abs(found) < 1 << 53 else found


def _bytes(value: Any) -> str:
    return b64encode(value).decode()


def _only(value: Any, number: int) -> Any:
    return next((item for found, _, item in tokens(value) if found == number), None)


def _quantity(value: Any) -> str:
    return _text(_only(value, 1) or b"0")


def _time(value: Any) -> Any:
    return ABSENT if not value else format_time(_moment(value)[0] * 1000)


def _micro_time(value: Any) -> Any:
    if not value:
        return ABSENT
    seconds, nanos = _moment(value)
    return f"{format_time(seconds * 1000)[:-1]}.{nanos // 1000:06d}Z"


def _moment(value: Any) -> tuple[int, int]:
    return _signed(_only(value, 1) or 0), int(_only(value, 2) or 0)


def _int_or_string(value: Any) -> int | str:
    if _only(value, 1) == 1:
        return _text(_only(value, 3) or b"")
    return _signed32(_only(value, 2) or 0)


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "s": _text,
    "b": bool,
    "i": _signed32,
    "l": _signed,
    "d": _double,
    "y": _bytes,
    "q": _quantity,
    "t": _time,
    "u": _micro_time,
    "o": _int_or_string,
}
_ZEROS: Mapping[str, Any] = {"s": "", "b": False, "i": 0, "l": 0, "d": 0.0, "y": "", "q": "0", "o": 0}


def _packed(shape: str, data: bytes) -> list[Any]:
    if shape == "d":
        return [_double(data[at : at + 8]) for at in range(0, len(data) - 7, 8)]
    found, position = [], 0
    while position < len(data):
        BUDGET.spend(1)
        value, position = _varint(data, position)
        found.append(_SCALARS[shape](value))
    return found
