"""The functions that Go's text/template has built in."""

from typing import Any
from urllib.parse import quote_plus

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.formatting import sprint, sprintf, sprintln, text
from kubesim.helm.template.quoting import is_print
from kubesim.helm.template.signatures import ANY, STRING, VALUE, Function, function
from kubesim.helm.template.values import (
    INVALID,
    GoMap,
    GoObject,
    Integer,
    UInt8,
    byte_length,
    encode,
    is_nil,
    kind,
    type_name,
)

_ORDERED = frozenset(["int", "uint", "float", "string"])
BAD_TYPE = "invalid type for comparison"


def basic_kind(value: Any) -> str:
    """Which kind of comparison a value takes part in; empty for none."""
    plain = {str: "string", bool: "bool", int: "int", float: "float", complex: "complex"}.get(type(value))
    if plain is not None:
        return plain
    if isinstance(value, Integer):
        return "int" if value.signed else "uint"
    return "string" if isinstance(value, str) else ""


def equal(first: Any, *others: Any) -> bool:
    """``eq``: whether the first equals any of the others."""
    if not others:
        raise GoError("missing argument for comparison")
    kind_one = basic_kind(first)
    return any(_equal(first, kind_one, other) for other in others)


def _equal(one: Any, kind_one: str, two: Any) -> bool:
    kind_two = basic_kind(two)
    if kind_one != kind_two:
        if {kind_one, kind_two} == {"int", "uint"}:
            return bool(one == two)
        if one is None or one is INVALID or two is None or two is INVALID:
            return False
        raise GoError(f"incompatible types for comparison: {type_name(one)} and {type_name(two)}")
    if kind_one:
        return bool(one == two)
    return _equal_objects(one, two)


def _equal_objects(one: Any, two: Any) -> bool:
    if is_nil(one) or is_nil(two):
        return is_nil(one) and is_nil(two)
    if kind(one) != kind(two):
        raise GoError(f"non-comparable types {sprintf('%s', one)}: {type_name(one)}, {type_name(two)}: {text(two)}")
    if not isinstance(two, GoObject):
        raise GoError(f"non-comparable type {sprintf('%s', two)}: {type_name(two)}")
    return bool(one == two)


def not_equal(first: Any, second: Any) -> bool:
    """``ne``."""
    return not equal(first, second)


def less(first: Any, second: Any) -> bool:
    """``lt``."""
    kind_one, kind_two = basic_kind(first), basic_kind(second)
    if not kind_one or not kind_two:
        raise GoError(BAD_TYPE)
    if kind_one != kind_two and {kind_one, kind_two} != {"int", "uint"}:
        raise GoError(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")
    if kind_one not in _ORDERED:
        raise GoError(BAD_TYPE)
    if kind_one == "string" and not (first.isascii() and second.isascii()):
        return encode(first) < encode(second)
    return bool(first < second)


def less_or_equal(first: Any, second: Any) -> bool:
    """``le``."""
    return less(first, second) or equal(first, second)


def greater(first: Any, second: Any) -> bool:
    """``gt``."""
    return not less_or_equal(first, second)


def greater_or_equal(first: Any, second: Any) -> bool:
    """``ge``."""
    return not less(first, second)


def index(item: Any, *indexes: Any) -> Any:
    """``index``: x[1][2] and so on."""
    if item is None or item is INVALID:
        raise GoError("index of untyped nil")
    for one in indexes:
        if item is None:
            raise GoError("index of nil pointer")
        if isinstance(item, dict):
            item = _element_of_map(item, one)
        elif isinstance(item, list | str | bytes):
            item = _element_of_slice(item, one)
        else:
            raise GoError(f"can't index item of type {type_name(item)}")
    return item


def _element_of_map(item: dict[str, Any], key: Any) -> Any:
    if key is None or key is INVALID:
        raise GoError("value is nil; should be of type string")
    if not isinstance(key, str):
        raise GoError(f"value has type {type_name(key)}; should be string")
    found = item.get(key)
    return item.zero if found is None and isinstance(item, GoMap) and key not in item else found


def _element_of_slice(item: list[Any] | str | bytes, key: Any) -> Any:
    if key is None or key is INVALID:
        raise GoError("cannot index slice/array with nil")
    if not isinstance(key, int) or isinstance(key, bool):
        raise GoError(f"cannot index slice/array with type {type_name(key)}")
    sequence = encode(item) if isinstance(item, str) else item
    if not 0 <= key <= len(sequence):
        raise GoError(f"index out of range: {int(key)}")
    if key == len(sequence):
        # Go lets the index that equals the length through its own check, and reflect then panics.
        raise GoError(f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range")
    return sequence[key] if isinstance(sequence, list) else UInt8(sequence[key])


def length(item: Any) -> int:
    """``len``."""
    if item is None:
        raise GoError("len of nil pointer")
    if item is INVALID:
        raise GoError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(item, str):
        return byte_length(item)
    if isinstance(item, dict | list | bytes):
        return len(item)
    raise GoError(f"len of type {type_name(item)}")


def negate(value: Any) -> bool:
    """``not``."""
    return not value


def _short_circuit(*values: Any) -> Any:
    """``and`` and ``or`` are compiled; this stands in the table for their signature."""
    raise GoError("unreachable")


def call(value: Any, *arguments: Any) -> Any:
    """``call``: templates have no function values, so it always fails."""
    if value is None or value is INVALID:
        raise GoError("call of nil")
    name = value if isinstance(value, str) else f"<{type_name(value)} Value>"
    raise GoError(f"non-function {name} of type {type_name(value)}")


_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JAVASCRIPT = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
}


def _joined(values: tuple[Any, ...]) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(*values)


def html(*values: Any) -> str:
    """``html``: escapes for HTML."""
    return _joined(values).translate(_HTML)


def javascript(*values: Any) -> str:
    """``js``: escapes for JavaScript strings."""
    return "".join([_javascript(letter) for letter in _joined(values)])


def _javascript(letter: str) -> str:
    known = _JAVASCRIPT.get(letter)
    if known is not None:
        return known
    if letter < " ":
        return f"\\u00{ord(letter):02X}"
    return letter if letter < "\x80" or is_print(letter) else f"\\u{ord(letter):04X}"


def urlquery(*values: Any) -> str:
    """``urlquery``: escapes for the query of a URL."""
    return quote_plus(encode(_joined(values)), safe="~-_.")


BUILTINS: dict[str, Function] = {
    one.name: one
    for one in (
        function("and", _short_circuit, VALUE, more=VALUE),
        function("or", _short_circuit, VALUE, more=VALUE),
        function("not", negate, VALUE),
        function("call", call, VALUE, more=VALUE),
        function("index", index, VALUE, more=VALUE),
        function("len", length, VALUE),
        function("eq", equal, VALUE, more=VALUE),
        function("ne", not_equal, VALUE, VALUE),
        function("lt", less, VALUE, VALUE),
        function("le", less_or_equal, VALUE, VALUE),
        function("gt", greater, VALUE, VALUE),
        function("ge", greater_or_equal, VALUE, VALUE),
        function("html", html, more=ANY),
        function("js", javascript, more=ANY),
        function("urlquery", urlquery, more=ANY),
        function("print", sprint, more=ANY),
        function("println", sprintln, more=ANY),
        function("printf", sprintf, STRING, more=ANY),
    )
}
