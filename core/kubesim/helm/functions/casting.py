"""Turns any value into a number, as the library behind ``int``, ``int64`` and ``float64`` does."""

import math
import re
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import parse_float, parse_int
from kubesim.helm.template.values import Int32, Int64, UInt8, UInt32, UInt64, wrap64

_ZERO_FRACTION: Final = re.compile(r"(.*)\.0+")
_INTEGERS: Final = frozenset([int, Int64, Int32, UInt8, UInt32, UInt64])
_OVERFLOW: Final = -(2**63)


def to_int(value: Any) -> int:
    """The number as an int; 0 for what is none. Named integers such as durations are none."""
    kind = type(value)
    if kind is float:
        return truncated(value)
    if kind in _INTEGERS:
        return wrap64(int(value))
    if kind is bool:
        return int(value)
    if kind is str:
        match = _ZERO_FRACTION.fullmatch(value)
        try:
            return parse_int(match.group(1) if match else value, 0)
        except GoError:
            return 0
    return 0


def truncated(number: float) -> int:
    """A float as Go converts it to an int64 on amd64."""
    if math.isnan(number) or not -(2.0**63) <= number < 2.0**63:
        return _OVERFLOW
    return int(number)


def to_int64(value: Any) -> Int64:
    """The number as an int64; 0 for what is none."""
    return Int64(to_int(value))


def to_float(value: Any) -> float:
    """The number as a float64; 0 for what is none."""
    kind = type(value)
    if kind is float:
        return float(value)
    if kind in _INTEGERS or kind is bool:
        return float(value)
    if kind is str:
        try:
            return parse_float(value)
        except GoError:
            return 0.0
    return 0.0
