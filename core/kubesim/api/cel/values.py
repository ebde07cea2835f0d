"""CEL's values in Python: JSON values are themselves; what JSON does not have is here, with equality and order.

int, float, str, bytes, bool, None, list and dict are CEL's own; ``Unsigned`` is a uint, ``datetime`` a timestamp.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from kubesim.api.cel.syntax import Unsigned

INT_MIN, INT_MAX, UINT_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1


class EvaluationError(Exception):
    """An expression that has no value, in the words of cel-go."""


class CostError(EvaluationError):
    """An expression that costs more than it may."""


class Span(NamedTuple):
    """A duration in nanoseconds."""

    nanoseconds: int


class Optional(NamedTuple):
    """An optional value."""

    present: bool
    value: Any = None


NONE = Optional(False)


class TypeName(str):
    """A type as a value."""

    __slots__ = ()


def no_overload() -> NoReturn:
    """Raise the error of an operation between values that do not go together."""
    raise EvaluationError("no such overload")


def is_number(value: Any) -> bool:
    """Whether a value is an int, uint or double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def type_of(value: Any) -> TypeName:
    """The type of a value."""
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return TypeName(name)
    return TypeName("null_type" if value is None else getattr(value, "cel_type", "dyn"))


_TYPES: tuple[tuple[type, str], ...] = (
    (TypeName, "type"), (bool, "bool"), (Unsigned, "uint"), (int, "int"), (float, "double"), (str, "string"),
    (bytes, "bytes"), (Span, "google.protobuf.Duration"), (Optional, "optional_type"), (list, "list"), (dict, "map"),
    (datetime, "google.protobuf.Timestamp"),
)  # fmt: skip


def equal(left: Any, right: Any) -> bool:
    """CEL's equality: numbers by value, other types never equal one another."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(key in right and equal(value, right[key]) for key, value in left.items())
    return type_of(left) == type_of(right) and bool(left == right)


def order(left: Any, right: Any) -> int:
    """-1, 0 or 1. Raises EvaluationError for values without order."""
    same = is_number(left) and is_number(right)
    if not same:
        kind = type_of(left)
        if kind != type_of(right) or kind not in _ORDERED:
            no_overload()
    return int(left > right) - int(left < right)


_ORDERED = frozenset({"string", "bytes", "bool", "google.protobuf.Duration", "google.protobuf.Timestamp"})


def checked(value: int, like: Any = 0) -> int:
    """An integer within its bounds; a uint when ``like`` is one. Raises EvaluationError."""
    if isinstance(like, Unsigned):
        if not 0 <= value <= UINT_MAX:
            raise EvaluationError("unsigned integer overflow")
        return Unsigned(value)
    if not INT_MIN <= value <= INT_MAX:
        raise EvaluationError("integer overflow")
    return value


def instant(text: str) -> datetime:
    """A timestamp of RFC 3339. Raises EvaluationError."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise EvaluationError(f'timestamp conversion error: invalid timestamp "{text}"') from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def moved(when: datetime, nanoseconds: int) -> datetime:
    """A timestamp so much later. # differs: microseconds at most."""
    return when + timedelta(microseconds=nanoseconds // 1000)
