"""JSON values as Go's ``%v`` prints them, which is how they appear in some error messages."""

from collections.abc import Mapping
from typing import Any


def go_value(value: Any) -> str:
    """``map[a:1 b:[x y]]``, keys sorted; null is ``<nil>``."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_value, value)) + "]"
    if isinstance(value, float):
        return go_float(value)
    return str(value)


def go_float(value: float) -> str:
    """A float64 in Go's shortest form: exponents below -4 and from 21 on."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text if abs(value) >= 1e-4 else _with_exponent(value)
    mantissa, exponent = text.split("e")
    mantissa = mantissa.removesuffix(".0")
    sign, digits = ("-", exponent[1:]) if exponent[0] == "-" else ("+", exponent.lstrip("+"))
    return f"{mantissa}e{sign}{digits.zfill(2)}"


def _with_exponent(value: float) -> str:
    mantissa, exponent = f"{value:.17g}".split("e") if "e" in f"{value:.17g}" else (repr(value), "")
    return f"{mantissa}e{exponent}" if exponent else mantissa


def go_type(value: Any) -> str:
    """The Go type that a decoded JSON value has."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    if isinstance(value, str):
        return "string"
    return "int64" if isinstance(value, int) else "float64"


def json_type(value: Any) -> str:
    """The word encoding/json has for a value: object, array, string, number, bool, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"
