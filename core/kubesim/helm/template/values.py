"""Go's values in Python: which class stands for which Go type, their kinds, truth and nil.

``None`` is a nil interface, ``INVALID`` the zero reflect.Value. ``bool``, ``int``, ``float``, ``complex`` and ``str``
stand for Go's bool, int, float64, complex128 and string (bytes that are no UTF-8 are lone surrogates, as
``surrogateescape`` makes them); ``dict`` is map[string]interface {}, ``list`` []interface {}, ``bytes`` []uint8. The
other types have classes here; each names its Go type in ``type_name`` and its kind in ``kind_name``.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from kubesim.helm.template.signatures import Function


class Invalid:
    """The class of ``INVALID``."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "INVALID"

    def __reduce__(self) -> str:
        return "INVALID"


INVALID = Invalid()
"""The zero reflect.Value: what a pipeline makes of nil."""


class Integer(int):
    """An integer of another type than int."""

    __slots__ = ()
    type_name: ClassVar[str] = "int64"
    kind_name: ClassVar[str] = "int64"
    bits: ClassVar[int] = 64
    signed: ClassVar[bool] = True


class Int64(Integer):
    """An int64."""

    __slots__ = ()


class Int32(Integer):
    """An int32, also a rune."""

    __slots__ = ()
    type_name = kind_name = "int32"
    bits = 32


class UInt8(Integer):
    """A byte, as ``index`` takes one out of a string."""

    __slots__ = ()
    type_name = kind_name = "uint8"
    bits = 8
    signed = False


class UInt32(Integer):
    """A uint32."""

    __slots__ = ()
    type_name = kind_name = "uint32"
    bits = 32
    signed = False


class UInt64(Integer):
    """A uint64."""

    __slots__ = ()
    type_name = kind_name = "uint64"
    signed = False


class GoSlice(list[Any]):
    """A slice of another type than []interface {}; ``element`` is the type of its elements."""

    type_name: ClassVar[str] = "[]interface {}"
    element: ClassVar[str] = "interface {}"
    nil: ClassVar[bool] = False


class StringSlice(GoSlice):
    """A []string."""

    type_name = "[]string"
    element = "string"


class IntSlice(GoSlice):
    """A []int."""

    type_name = "[]int"
    element = "int"


class ListSlice(GoSlice):
    """A [][]interface {}, as ``chunk`` makes it."""

    type_name = "[][]interface {}"
    element = "[]interface {}"


class MapSlice(GoSlice):
    """A []map[string]interface {}, as TOML's arrays of tables are read."""

    type_name = "[]map[string]interface {}"
    element = "map[string]interface {}"


class NilList(GoSlice):
    """A nil []interface {}: empty, prints as [], marshals as null."""

    nil = True


class NilStrings(StringSlice):
    """A nil []string."""

    nil = True


class GoMap(dict[str, Any]):
    """A map of another type than map[string]interface {}, or one with methods."""

    type_name: ClassVar[str] = "map[string]interface {}"
    element: ClassVar[str] = "interface {}"
    zero: ClassVar[Any] = None
    nil: ClassVar[bool] = False
    go_methods: ClassVar["Mapping[str, Function]"] = {}


class StringMap(GoMap):
    """A map[string]string, as ``split`` makes it."""

    type_name = "map[string]string"
    element = "string"
    zero = ""


class Values(GoMap):
    """A common.Values: a chart's values, and what templates get as their data. ``documents`` gives it its methods."""

    type_name = "common.Values"


class NilMap(GoMap):
    """A nil map[string]interface {}: empty, and nothing can be set in it."""

    nil = True


class GoObject:
    """A struct, or a pointer to one when ``kind_name`` is ptr.

    ``go_fields`` maps a field's Go name to the attribute that holds it, in Go's order; ``go_methods`` maps a method's
    name to its signature (the implementation takes the object first). With ``go_string()`` it is a fmt.Stringer, with
    ``go_json()`` it says itself what is marshalled. ``by_pointer``: its String method is one of the pointer, which a
    template finds only where the struct is printed by itself; ``printed_fields`` are all of its fields then.
    """

    type_name: ClassVar[str] = "struct {}"
    kind_name: ClassVar[str] = "struct"
    by_pointer: ClassVar[bool] = False
    printed_fields: ClassVar[Mapping[str, str]] = {}
    go_fields: ClassVar[Mapping[str, str]] = {}
    go_methods: ClassVar["Mapping[str, Function]"] = {}


BASIC_TYPES: dict[type, tuple[str, str]] = {
    str: ("string", "string"),
    dict: ("map[string]interface {}", "map"),
    list: ("[]interface {}", "slice"),
    float: ("float64", "float64"),
    int: ("int", "int"),
    bool: ("bool", "bool"),
    complex: ("complex128", "complex128"),
    bytes: ("[]uint8", "slice"),
    type(None): ("<nil>", "invalid"),
    Invalid: ("<nil>", "invalid"),
}


def type_name(value: Any) -> str:
    """The name of a value's Go type, as %T prints it; ``<nil>`` for nil."""
    known = BASIC_TYPES.get(type(value))
    if known is not None:
        return known[0]
    named: str | None = getattr(value, "type_name", None)
    if named is not None:
        return named
    return next(names[0] for basic, names in BASIC_TYPES.items() if isinstance(value, basic))


def kind(value: Any) -> str:
    """The name of a value's reflect.Kind; ``invalid`` for nil."""
    known = BASIC_TYPES.get(type(value))
    if known is not None:
        return known[1]
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "slice"
    named: str | None = getattr(value, "kind_name", None)
    return named if named is not None else "string"


def truth(value: Any) -> bool:
    """Whether ``if`` takes a value for true: neither nil, false, zero nor empty. Structs always are."""
    return bool(value)


def is_nil(value: Any) -> bool:
    """Whether a value is nil of any type."""
    return value is None or value is INVALID or getattr(value, "nil", False) is True


def static_type(value: Any, container: Any) -> str:
    """The static type of an element of a map, slice or object: interface {} unless its container says more."""
    if isinstance(container, GoMap | GoSlice):
        return container.element if container.element != "interface {}" else "interface {}"
    if isinstance(container, GoObject):
        return type_name(value)
    return "interface {}"


def encode(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """The Go string of some bytes."""
    return data.decode("utf-8", "surrogateescape")


def byte_length(text: str) -> int:
    """The length of a Go string: its bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def wrap64(number: int) -> int:
    """A number as 64-bit signed arithmetic leaves it."""
    number &= 0xFFFFFFFFFFFFFFFF
    return number - 0x10000000000000000 if number & 0x8000000000000000 else number


def sorted_items(mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The items of a map in Go's order: by the bytes of the keys."""
    keys = sorted(mapping)
    if not all(map(str.isascii, keys)):
        # Code points and UTF-8 bytes sort alike, but escaped bytes (lone surrogates) do not.
        keys.sort(key=encode)
    return [(key, mapping[key]) for key in keys]


Implementation = Callable[..., Any]
