"""The Go signatures of functions and methods: parameter types and what may be passed for them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubesim.helm.template.values import (
    INVALID,
    GoMap,
    GoSlice,
    Implementation,
    Int64,
    NilList,
    NilMap,
    UInt32,
)


class GoType(NamedTuple):
    """A parameter's type.

    ``accepts`` says whether a non-nil value is assignable, ``zero`` makes its nil (None: it has none). ``literal``
    names what a literal must be: any, string, bool, integer, unsigned, float or nothing; ``make`` makes it the type.
    """

    name: str
    accepts: Callable[[Any], bool]
    literal: str = ""
    nilable: bool = False
    zero: Callable[[], Any] | None = None
    make: Callable[[Any], Any] | None = None


def _anything(value: Any) -> bool:
    return True


def _string(value: Any) -> bool:
    return isinstance(value, str)


def _bool(value: Any) -> bool:
    return type(value) is bool


def _int(value: Any) -> bool:
    return type(value) is int


def _int64(value: Any) -> bool:
    return type(value) is Int64


def _uint32(value: Any) -> bool:
    return type(value) is UInt32


def _float64(value: Any) -> bool:
    return type(value) is float


def _map(value: Any) -> bool:
    return isinstance(value, dict) and not (isinstance(value, GoMap) and value.element != "interface {}")


def _list(value: Any) -> bool:
    return isinstance(value, list) and not (isinstance(value, GoSlice) and value.element != "interface {}")


def _nothing() -> None:
    return None


def _invalid() -> Any:
    return INVALID


ANY = GoType("interface {}", _anything, "any", nilable=True, zero=_nothing)
VALUE = GoType("reflect.Value", _anything, "any", nilable=True, zero=_invalid)
STRING = GoType("string", _string, "string")
BOOL = GoType("bool", _bool, "bool")
INT = GoType("int", _int, "integer", make=int)
INT64 = GoType("int64", _int64, "integer", make=Int64)
UINT32 = GoType("uint32", _uint32, "unsigned", make=UInt32)
FLOAT64 = GoType("float64", _float64, "float", make=float)
MAP = GoType("map[string]interface {}", _map, nilable=True, zero=NilMap)
LIST = GoType("[]interface {}", _list, nilable=True, zero=NilList)


def object_type(kind: type, *, pointer: bool = False) -> GoType:
    """The type of parameters that take the objects of a ``GoObject`` class."""

    def accepts(value: Any) -> bool:
        return isinstance(value, kind)

    name: str = kind.type_name  # type: ignore[attr-defined]
    return GoType(name, accepts, nilable=pointer, zero=_nothing if pointer else None)


class Function(NamedTuple):
    """A function or method that templates call.

    ``implementation`` gets the arguments (``context`` first where asked for; a method its object first of all), returns
    a value (None is a nil interface) and raises GoError where Go returns an error or panics.
    """

    name: str
    implementation: Implementation
    parameters: tuple[GoType, ...] = ()
    variadic: GoType | None = None
    context: bool = False


def function(
    name: str, implementation: Implementation, *parameters: GoType, more: GoType | None = None, context: bool = False
) -> Function:
    """A Function; ``more`` is the type of the variadic rest."""
    return Function(name, implementation, parameters, more, context)
