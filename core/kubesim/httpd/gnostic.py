"""OpenAPI v2 in protobuf: the messages of gnostic's ``openapi.v2`` that kubectl reads, written by hand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

_SWAGGER, _INFO, _PATHS, _DEFINITIONS = 1, 2, 8, 9
_OPERATIONS: Mapping[str, int] = {"get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8}
_NAME, _VALUE = 1, 2
_PLACES: Mapping[str, int] = {"header": 1, "formData": 2, "query": 3, "path": 4}
_TYPE_FIELD: Mapping[str, int] = {"header": 5, "formData": 6, "query": 6, "path": 5}
_TEXTS: Mapping[str, int] = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13}
_NUMBERS: Mapping[str, int] = {
    "maxLength": 11, "minLength": 12, "maxItems": 14, "minItems": 15, "maxProperties": 17, "minProperties": 18,
}  # fmt: skip
_SCHEMA_EXTENSION, _OPERATION_EXTENSION = 31, 13


def pieces(tree: Mapping[str, Any]) -> Iterator[bytes]:
    """The message ``Document`` in pieces that are to be joined."""
    yield _text(_SWAGGER, tree["swagger"])
    yield _bytes(_INFO, _text(1, tree["info"]["title"]) + _text(2, tree["info"]["version"]))
    paths: list[bytes] = []
    for count, (name, item) in enumerate(tree["paths"].items()):
        paths.append(_bytes(2, _named(name, _path_item(item))))
        if not count % 64:
            yield b""
    yield _bytes(_PATHS, b"".join(paths))
    definitions: list[bytes] = []
    for count, (name, schema) in enumerate(tree["definitions"].items()):
        definitions.append(_bytes(1, _named(name, _schema(schema))))
        if not count % 64:
            yield b""
    yield _bytes(_DEFINITIONS, b"".join(definitions))


# ---------------------------------------------------------------------- the wire
def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _named(name: str, content: bytes) -> bytes:
    return _text(_NAME, name) + _bytes(_VALUE, content)


def _any(field: int, value: Any) -> bytes:
    """A free value, which gnostic keeps as YAML; JSON is YAML."""
    return _bytes(field, _bytes(2, orjson.dumps(value) + b"\n"))


def _extensions(field: int, tree: Mapping[str, Any]) -> bytes:
    found = [
        _bytes(field, _text(_NAME, name) + _any(_VALUE, value)) for name, value in tree.items() if name[:2] == "x-"
    ]
    return b"".join(found)


# ---------------------------------------------------------------------- messages
def _path_item(item: Mapping[str, Any]) -> bytes:
    found = [_bytes(number, _operation(item[name])) for name, number in _OPERATIONS.items() if name in item]
    return b"".join([*found, *_parameters(9, item.get("parameters", ()))])


def _operation(operation: Mapping[str, Any]) -> bytes:
    found = [_text(1, tag) for tag in operation.get("tags", ())]
    found.append(_text(5, operation["operationId"]))
    for name, number in (("produces", 6), ("consumes", 7)):
        found += [_text(number, media) for media in operation.get(name, ())]
    found += _parameters(8, operation.get("parameters", ()))
    answers = [_bytes(1, _named(code, _response(answer))) for code, answer in operation["responses"].items()]
    found.append(_bytes(9, b"".join(answers)))
    found.append(_extensions(_OPERATION_EXTENSION, operation))
    return b"".join(found)


def _response(answer: Mapping[str, Any]) -> bytes:
    inner = _text(1, answer["description"])
    if "schema" in answer:
        inner += _bytes(2, _bytes(1, _schema(answer["schema"])))
    return _bytes(1, inner)


def _parameters(field: int, parameters: Iterable[Mapping[str, Any]]) -> list[bytes]:
    return [_bytes(field, _bytes(1, _parameter(parameter))) for parameter in parameters]


def _parameter(parameter: Mapping[str, Any]) -> bytes:
    place = parameter["in"]
    if place == "body":
        inner = _text(2, parameter["name"]) + _text(3, "body")
        inner += _number(4, 1) if parameter.get("required") else b""
        return _bytes(1, inner + _bytes(5, _schema(parameter["schema"])))
    inner = _number(1, 1) if parameter.get("required") else b""
    inner += _text(2, place) + _text(4, parameter["name"]) + _text(_TYPE_FIELD[place], parameter["type"])
    return _bytes(2, _bytes(_PLACES[place], inner))


def _schema(schema: Mapping[str, Any]) -> bytes:
    found = [_text(number, schema[name]) for name, number in _TEXTS.items() if isinstance(schema.get(name), str)]
    if "default" in schema:
        found.append(_any(5, schema["default"]))
    found += [_number(number, schema[name]) for name, number in _NUMBERS.items() if name in schema]
    found += [_text(19, name) for name in schema.get("required", ())]
    found += [_any(20, value) for value in schema.get("enum", ())]
    more = schema.get("additionalProperties")
    if more is not None:
        found.append(_bytes(21, _number(2, int(more)) if isinstance(more, bool) else _bytes(1, _schema(more))))
    if "type" in schema:
        found.append(_bytes(22, _types(schema["type"])))
    if "items" in schema:
        found.append(_bytes(23, _bytes(1, _schema(schema["items"]))))
    if "properties" in schema:
        inner = [_bytes(1, _named(name, _schema(field))) for name, field in schema["properties"].items()]
        found.append(_bytes(25, b"".join(inner)))
    found.append(_extensions(_SCHEMA_EXTENSION, schema))
    return b"".join(found)


def _types(types: str | Sequence[str]) -> bytes:
    return _text(1, types) if isinstance(types, str) else b"".join(_text(1, item) for item in types)
