"""Go's strconv for numbers: reading integers and floats, and writing floats in every format."""

import math
import re
from typing import Final

from kubesim.helm.template.errors import GoError

_DECIMAL_FLOAT: Final = re.compile(r"[+-]?(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9_]+)?")
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?[0-9_]+")
_NAMED: Final = {"inf": math.inf, "infinity": math.inf, "nan": math.nan}
_BASES: Final = {"x": 16, "o": 8, "b": 2}


def parse_int(text: str, base: int = 10, bits: int = 64, call: str = "ParseInt") -> int:
    """strconv.ParseInt; GoError has its text."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    number = _digits(digits, base)
    if number is None:
        raise GoError(f"strconv.{call}: parsing {_quoted(text)}: invalid syntax")
    if text[:1] == "-":
        number = -number
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise GoError(f"strconv.{call}: parsing {_quoted(text)}: value out of range")
    return number


def parse_uint(text: str, base: int = 10, bits: int = 64) -> int:
    """strconv.ParseUint; GoError has its text."""
    number = _digits(text, base)
    if number is None:
        raise GoError(f"strconv.ParseUint: parsing {_quoted(text)}: invalid syntax")
    if number >= 1 << bits:
        raise GoError(f"strconv.ParseUint: parsing {_quoted(text)}: value out of range")
    return number


def _quoted(text: str) -> str:
    from kubesim.helm.template.quoting import quote  # noqa: PLC0415 (quoting reads numbers too)

    return quote(text)


def _digits(text: str, base: int) -> int | None:
    """The number a run of digits writes; base 0 reads the prefix and allows underscores. None when malformed."""
    if not text or not text.isascii():
        return None
    if base == 0:
        if "_" in text:
            if not _underscores_separate_digits(text):
                return None
            text = text.replace("_", "")
        base = 10
        if text[0] == "0" and len(text) > 1:
            base = _BASES.get(text[1].lower(), 8)
            text = text[1:] if base == 8 and text[1] not in "oO" else text[2:]
    if not text or not text.isalnum():
        return None
    try:
        return int(text, base)
    except ValueError:
        return None


def _underscores_separate_digits(text: str) -> bool:
    """strconv.underscoreOK: every underscore stands between digits, or after the base prefix."""
    body = text.lstrip("+-") if text[:1] in {"+", "-"} else text
    hexadecimal = body[:2] in {"0x", "0X"}
    previous = "^"
    if len(body) >= 2 and body[0] == "0" and body[1] in "xXoObB":
        body, previous = body[2:], "0"
    for letter in body:
        if letter in "0123456789" or (hexadecimal and letter in "abcdefABCDEF"):
            previous = "0"
        elif letter == "_":
            if previous != "0":
                return False
            previous = "_"
        elif previous == "_":
            return False
        else:
            previous = "!"
    return previous != "_"


def parse_float(text: str) -> float:
    """strconv.ParseFloat to 64 bits; GoError has its text."""
    sign = -1.0 if text[:1] == "-" else 1.0
    named = _NAMED.get((text[1:] if text[:1] in {"+", "-"} else text).lower())
    if named is not None:
        return sign * named
    hexadecimal = _HEX_FLOAT.fullmatch(text) is not None
    if not (hexadecimal or _DECIMAL_FLOAT.fullmatch(text)) or ("_" in text and not _underscores_separate_digits(text)):
        raise GoError(f"strconv.ParseFloat: parsing {_quoted(text)}: invalid syntax")
    plain = text.replace("_", "")
    try:
        number = float.fromhex(plain) if hexadecimal else float(plain)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise GoError(f"strconv.ParseFloat: parsing {_quoted(text)}: value out of range")
    return number


def format_float(number: float, verb: str = "g", precision: int = -1) -> str:
    """strconv.FormatFloat to 64 bits: verbs b e E f g G x X; precision -1 is the shortest that reads back."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if verb == "b":
        return _binary(number)
    if verb in "xX":
        return _hexadecimal(number, verb, precision)
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    if verb == "f":
        return sign + (_plain(*shortest_digits(abs(number))) if precision < 0 else f"{abs(number):.{precision}f}")
    if verb in "eE":
        digits, point = shortest_digits(abs(number)) if precision < 0 else _rounded(abs(number), precision + 1)
        return sign + _scientific(digits, point, verb)
    return sign + _general(abs(number), verb, precision)


def shortest_digits(number: float) -> tuple[str, int]:
    """The shortest decimal digits of a positive finite float, and where its decimal point stands among them."""
    if number == 0:
        return "0", 1
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    point = len(whole) + (int(exponent) if exponent else 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    return digits.rstrip("0"), point


def _rounded(number: float, count: int) -> tuple[str, int]:
    mantissa, _, exponent = f"{number:.{count - 1}e}".partition("e")
    return mantissa.replace(".", ""), int(exponent) + 1


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return f"0.{'0' * -point}{digits}" if digits != "0" else "0"
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _scientific(digits: str, point: int, letter: str) -> str:
    exponent = 0 if digits.strip("0") == "" else point - 1
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _general(number: float, verb: str, precision: int) -> str:
    if precision < 0:
        digits, point = shortest_digits(number)
        limit = 6
    else:
        precision = precision or 1
        digits, point = _rounded(number, precision)
        digits = digits.rstrip("0") or "0"
        limit = precision
        if limit > len(digits) >= point:
            limit = len(digits)
    exponent = point - 1 if number else 0
    if exponent < -4 or exponent >= limit:
        return _scientific(digits, point, "E" if verb == "G" else "e")
    return _plain(digits, point)


def _binary(number: float) -> str:
    mantissa, exponent = math.frexp(abs(number))
    whole = int(mantissa * (1 << 53))
    exponent -= 53
    if exponent < -1074:
        whole >>= -1074 - exponent
        exponent = -1074
    if number == 0:
        exponent = -1074
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    return f"{sign}{whole}p{exponent:+d}"


def _hexadecimal(number: float, verb: str, precision: int) -> str:
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    mantissa, exponent = math.frexp(abs(number))
    whole = int(mantissa * (1 << 53))
    exponent = exponent - 1 if number else 0
    if 0 <= precision < 13:
        drop = 52 - 4 * precision
        extra = whole & ((1 << drop) - 1)
        whole >>= drop
        if extra > 1 << (drop - 1) or (extra == 1 << (drop - 1) and whole & 1):
            whole += 1
        whole <<= drop
        if whole >> 53:
            whole >>= 1
            exponent += 1
    fraction = f"{whole & ((1 << 52) - 1):013x}"
    fraction = fraction.rstrip("0") if precision < 0 else fraction.ljust(precision, "0")[:precision]
    text = f"0x{whole >> 52}{'.' + fraction if fraction else ''}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return sign + (text.upper() if verb == "X" else text)
