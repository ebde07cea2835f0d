"""CEL's operators and the functions of its standard library, by name: of plain values, errors in cel-go's words."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kubesim.api.cel.syntax import Unsigned
from kubesim.api.cel.values import (
    NONE,
    EvaluationError,
    Optional,
    Span,
    TypeName,
    checked,
    equal,
    instant,
    is_number,
    moved,
    no_overload,
    order,
    type_of,
)
from kubesim.objects.regex import Pattern, RegexError, compile_pattern
from kubesim.objects.units import format_duration, parse_duration

Function = Callable[..., Any]


def add(left: Any, right: Any) -> Any:
    """``left + right``."""
    if is_number(left) and type(left) is type(right):
        return left + right if isinstance(left, float) else checked(left + right, left)
    if isinstance(left, datetime) and isinstance(right, Span):
        return moved(left, right.nanoseconds)
    if isinstance(left, Span) and isinstance(right, datetime):
        return moved(right, left.nanoseconds)
    if isinstance(left, Span) and isinstance(right, Span):
        return Span(left.nanoseconds + right.nanoseconds)
    joined: Any = left
    if isinstance(left, str | bytes | list) and type(left) is type(right):
        return joined + right
    no_overload()


def subtract(left: Any, right: Any) -> Any:
    """``left - right``."""
    if is_number(left) and type(left) is type(right):
        return left - right if isinstance(left, float) else checked(left - right, left)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return Span(int((left - right) / timedelta(microseconds=1)) * 1000)
    if isinstance(left, datetime) and isinstance(right, Span):
        return moved(left, -right.nanoseconds)
    if isinstance(left, Span) and isinstance(right, Span):
        return Span(left.nanoseconds - right.nanoseconds)
    no_overload()


def multiply(left: Any, right: Any) -> Any:
    """``left * right``."""
    if not is_number(left) or type(left) is not type(right):
        no_overload()
    return left * right if isinstance(left, float) else checked(left * right, left)


def divide(left: Any, right: Any) -> Any:
    """``left / right``; whole numbers are cut off towards zero."""
    if not is_number(left) or type(left) is not type(right):
        no_overload()
    if isinstance(left, float):
        return _float_divide(left, right)
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return checked(quotient if (left < 0) == (right < 0) else -quotient, left)


def _float_divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


def modulo(left: Any, right: Any) -> Any:
    """``left % right`` with the sign of ``left``."""
    if not isinstance(left, int) or isinstance(left, bool) or type(left) is not type(right):
        no_overload()
    if right == 0:
        raise EvaluationError("modulus by zero")
    rest = abs(left) % abs(right)
    return checked(-rest if left < 0 else rest, left)


def negate(value: Any) -> Any:
    """``-value``."""
    if not is_number(value) or isinstance(value, Unsigned):
        no_overload()
    return -value if isinstance(value, float) else checked(-value)


def index(container: Any, key: Any) -> Any:
    """``container[key]``."""
    if isinstance(container, Optional):
        return optional_index(container, key)
    if isinstance(container, dict):
        if key in container:
            return container[key]
        raise EvaluationError(f"no such key: {key}")
    if not isinstance(container, list) or not is_number(key):
        no_overload()
    if not 0 <= key < len(container):
        raise EvaluationError(f"index out of bounds: {int(key)}")
    return container[int(key)]


def optional_index(container: Any, key: Any) -> Optional:
    """``container[?key]``."""
    if isinstance(container, Optional):
        return optional_index(container.value, key) if container.present else NONE
    try:
        return Optional(True, index(container, key))
    except EvaluationError as error:
        if str(error) == "no such overload":
            raise
        return NONE


def contains(item: Any, container: Any) -> bool:
    """``item in container``."""
    if isinstance(container, dict):
        return any(equal(item, key) for key in container)
    if isinstance(container, list):
        return any(equal(item, each) for each in container)
    no_overload()


def negation(value: Any) -> bool:
    """``!value``."""
    return not value if isinstance(value, bool) else no_overload()


def size(value: Any) -> int:
    """How many characters, bytes, items or keys."""
    return len(value) if isinstance(value, str | bytes | list | dict) else no_overload()


# ---------------------------------------------------------------------- conversions
def to_int(value: Any) -> int:
    """int(value)."""
    if isinstance(value, float):
        if math.isnan(value) or not -(2.0**63) <= value < 2.0**63:
            raise EvaluationError("integer overflow")
        return int(value)
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, Span):
        return value.nanoseconds
    return checked(_whole(value, "ParseInt"))


def to_uint(value: Any) -> int:
    """uint(value)."""
    if isinstance(value, float):
        value = int(value)
    return checked(_whole(value, "ParseUint"), Unsigned(0))


def _whole(value: Any, parser: str) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+", value):
            raise EvaluationError(f'strconv.{parser}: parsing "{value}": invalid syntax')
        return int(value)
    return int(value) if is_number(value) else no_overload()


def to_double(value: Any) -> float:
    """double(value)."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise EvaluationError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    return float(value) if is_number(value) else no_overload()


def to_string(value: Any) -> str:
    """string(value)."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None
    if isinstance(value, datetime):
        return _shown_time(value)
    if isinstance(value, Span):
        return f"{value.nanoseconds / 1e9:g}s"
    if isinstance(value, float):
        return f"{value:g}"
    text = getattr(value, "text", None)
    return str(value) if is_number(value) else text if isinstance(text, str) else no_overload()


def _shown_time(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return re.sub(r"\.(\d*?)0*Z", r".\1Z", text).replace(".Z", "Z")


def to_bool(value: Any) -> bool:
    """bool(value)."""
    if isinstance(value, bool):
        return value
    if value in {"1", "t", "true", "T", "TRUE", "True"}:
        return True
    if value in {"0", "f", "false", "F", "FALSE", "False"}:
        return False
    raise EvaluationError(f'strconv.ParseBool: parsing "{value}": invalid syntax')


def to_bytes(value: Any) -> bytes:
    """bytes(value)."""
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else no_overload()


def to_duration(value: Any) -> Span:
    """duration(value)."""
    if isinstance(value, Span):
        return value
    if isinstance(value, int):
        return Span(value)
    try:
        return Span(parse_duration(value))
    except (ValueError, TypeError) as error:
        raise EvaluationError(str(error)) from None


def to_timestamp(value: Any) -> datetime:
    """timestamp(value)."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    return instant(value) if isinstance(value, str) else no_overload()


def shown_span(value: Span) -> str:
    """A duration as Go prints it."""
    return format_duration(value.nanoseconds)


# ---------------------------------------------------------------------- methods
def matches(text: Any, expression: Any) -> bool:
    """Whether the text has a match of a regular expression."""
    if not isinstance(text, str) or not isinstance(expression, str):
        no_overload()
    return pattern(expression).found_in(text)


def pattern(expression: str) -> Pattern:
    """A compiled regular expression. Raises EvaluationError."""
    try:
        return compile_pattern(expression)
    except RegexError as error:
        raise EvaluationError(str(error)) from None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        pass
    found = re.fullmatch(r"([+-]?)(\d\d):(\d\d)", name)
    if found is None:
        raise EvaluationError(f"unknown time zone {name}")
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _local(when: Any, *zone: str) -> datetime:
    if not isinstance(when, datetime):
        no_overload()
    return when.astimezone(_zone(zone[0]) if zone else UTC)


def _part(divisor: int, of_time: Callable[[datetime], int]) -> Function:
    def part(value: Any, *zone: str) -> int:
        if isinstance(value, Span):
            whole = abs(value.nanoseconds) // divisor
            return whole if value.nanoseconds >= 0 else -whole
        return of_time(_local(value, *zone))

    return part


def _of_date(of_time: Callable[[datetime], int]) -> Function:
    def part(value: Any, *zone: str) -> int:
        return of_time(_local(value, *zone))

    return part


OPERATORS: Mapping[str, Function] = {
    "_+_": add, "_-_": subtract, "_*_": multiply, "_/_": divide, "_%_": modulo, "-_": negate, "!_": negation,
    "_==_": equal, "_!=_": lambda left, right: not equal(left, right), "_[_]": index, "_[?_]": optional_index,
    "_<_": lambda left, right: order(left, right) < 0, "_<=_": lambda left, right: order(left, right) <= 0,
    "_>_": lambda left, right: order(left, right) > 0, "_>=_": lambda left, right: order(left, right) >= 0,
    "@in": contains, "_in_": contains, "_?._": optional_index,
    "size": size, "int": to_int, "uint": to_uint, "double": to_double, "string": to_string, "bool": to_bool,
    "bytes": to_bytes, "duration": to_duration, "timestamp": to_timestamp, "type": type_of, "dyn": lambda value: value,
    "matches": matches,
    "contains": lambda text, part: part in text, "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "getFullYear": _of_date(lambda when: when.year), "getMonth": _of_date(lambda when: when.month - 1),
    "getDayOfYear": _of_date(lambda when: when.timetuple().tm_yday - 1), "getDate": _of_date(lambda when: when.day),
    "getDayOfMonth": _of_date(lambda when: when.day - 1),
    "getDayOfWeek": _of_date(lambda when: (when.weekday() + 1) % 7),
    "getHours": _part(3_600_000_000_000, lambda when: when.hour),
    "getMinutes": _part(60_000_000_000, lambda when: when.minute),
    "getSeconds": _part(1_000_000_000, lambda when: when.second),
    "getMilliseconds": _part(1_000_000, lambda when: when.microsecond // 1000),
}  # fmt: skip
TYPE_NAMES: Mapping[str, TypeName] = {
    name: TypeName(name)
    for name in ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
}
