"""Kubernetes resource quantities (``500m``, ``1Gi``): parse, round, compare, add, and write in canonical form."""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

BAD_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
BAD_NUMBER = "unable to parse numeric part of quantity"
BAD_SUFFIX = "unable to parse quantity's suffix"

DECIMAL = "DecimalSI"
BINARY = "BinarySI"
EXPONENT = "DecimalExponent"

_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([-+]?[0-9]*)")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL_NAMES = {power: name for name, power in _DECIMAL.items()}
_BINARY_NAMES = {power: name for name, power in _BINARY.items()} | {0: ""}
_NANO = 1_000_000_000
_LARGEST = (2**63 - 1) * _NANO
_FAST_DIGITS = 18

Quantity = str | int | float
"""A quantity as JSON holds it."""


class _Parsed(NamedTuple):
    """Amount in billionths, the family of suffixes it was written in, and its text when that is kept as it is."""

    nano: int
    family: str
    kept: str = ""


@lru_cache(maxsize=8192)
def _parse(text: str) -> _Parsed:
    text = text.strip()
    shape = _SHAPE.fullmatch(text)
    if not text or shape is None:
        raise ValueError(BAD_FORMAT)
    whole, fraction = shape[2].lstrip("0") or "0", shape[3] or ""
    scale, family = _scale(shape[4], shape[5])
    digits = int(whole + fraction)
    amount = Fraction(digits * _NANO, 10 ** len(fraction)) * scale
    # k8s: what is more precise than a billionth is rounded up, away from zero.
    nano = -(-amount.numerator // amount.denominator)
    if family == BINARY:
        nano = min(nano, _LARGEST)
        if 0 < nano < _NANO:
            family = DECIMAL
    return _Parsed(-nano if shape[1] == "-" else nano, family, _kept(text, whole, fraction, shape[4], shape[5]))


def _kept(text: str, whole: str, fraction: str, letters: str, exponent: str) -> str:
    # k8s: ParseQuantity keeps the text of most numbers that look canonical, without a closer look ("1.250", "+5").
    if letters in _BINARY:
        power = 10 * _BINARY[letters]
        return text if not fraction and 14 - len(whole) - int(power * 0.3) >= 0 and int(whole) & 7 else ""
    power = int(exponent) if exponent else _DECIMAL[letters]
    digits = whole + fraction
    power -= len(fraction)
    fast = len(digits) <= _FAST_DIGITS and power >= -9
    return text if fast and power % 3 == 0 and not digits.endswith("000") and digits[0] != "0" else ""


def _scale(letters: str, exponent: str) -> tuple[Fraction, str]:
    if not exponent:
        if letters in _DECIMAL:
            return _ten(_DECIMAL[letters]), DECIMAL
        if letters in _BINARY:
            return Fraction(1024 ** _BINARY[letters]), BINARY
    elif letters in {"e", "E"} and exponent not in {"+", "-"}:
        power = int(exponent)
        if abs(power) <= 10_000:
            return _ten(power), EXPONENT
    raise ValueError(BAD_SUFFIX)


def _ten(power: int) -> Fraction:
    return Fraction(10**power) if power >= 0 else Fraction(1, 10**-power)


def _text(quantity: Quantity) -> str:
    # k8s: a JSON number is read by its text.
    return quantity if isinstance(quantity, str) else repr(quantity)


def check(quantity: Quantity) -> None:
    """Raise ValueError, with the text of resource.ParseQuantity, unless the quantity can be read."""
    _parse(_text(quantity))


def nano(quantity: Quantity) -> int:
    """The amount in billionths."""
    return _parse(_text(quantity)).nano


@lru_cache(maxsize=8192)
def milli(quantity: Quantity) -> int:
    """The amount in thousandths, rounded away from zero. # k8s: Quantity.MilliValue."""
    return _round(_parse(_text(quantity)).nano, 1_000_000)


@lru_cache(maxsize=8192)
def value(quantity: Quantity) -> int:
    """The amount in units, rounded away from zero. # k8s: Quantity.Value."""
    return _round(_parse(_text(quantity)).nano, _NANO)


def _round(nanos: int, unit: int) -> int:
    return -(-nanos // unit) if nanos > 0 else nanos // unit


@lru_cache(maxsize=8192)
def canonical(quantity: Quantity) -> str:
    """The text as the API server writes it: ``0.5`` becomes ``500m``, ``1024Mi`` becomes ``1Gi``."""
    parsed = _parse(_text(quantity))
    return parsed.kept or write(parsed.nano, parsed.family)


def family(quantity: Quantity) -> str:
    """The family of suffixes it is written in: DECIMAL, BINARY or EXPONENT."""
    return _parse(_text(quantity)).family


def write(nanos: int, suffixes: str = DECIMAL) -> str:
    """An amount in billionths as canonical text in a family of suffixes."""
    if not nanos:
        return "0"
    sign, amount = ("-", -nanos) if nanos < 0 else ("", nanos)
    # k8s: what is below 1024 or has a fraction is written in decimal suffixes.
    if suffixes == BINARY and amount >= 1024 * _NANO and not amount % _NANO:
        return sign + _write_binary(amount // _NANO)
    power = -9
    while amount % 1000 == 0 and (power < 18 or suffixes == EXPONENT):
        amount //= 1000
        power += 3
    if suffixes == EXPONENT:
        return f"{sign}{amount}e{power}" if power else f"{sign}{amount}"
    return f"{sign}{amount}{_DECIMAL_NAMES[power]}"


def _write_binary(units: int) -> str:
    power = 0
    while units % 1024 == 0 and power < 6:
        units //= 1024
        power += 1
    return f"{units}{_BINARY_NAMES[power]}"


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1."""
    a, b = nano(left), nano(right)
    return (a > b) - (a < b)


def add(left: Quantity, right: Quantity) -> str:
    """The canonical sum, in the suffixes of the left (of the right, when the left is zero)."""
    return _combine(left, right, 1)


def subtract(left: Quantity, right: Quantity) -> str:
    """The canonical difference, in the suffixes of the left (of the right, when the left is zero)."""
    return _combine(left, right, -1)


def _combine(left: Quantity, right: Quantity, sign: int) -> str:
    a, b = _parse(_text(left)), _parse(_text(right))
    return write(a.nano + sign * b.nano, a.family if a.nano else b.family)


def from_milli(amount: int) -> str:
    """Thousandths as canonical decimal text: 1500 becomes ``1500m``, 2000 becomes ``2``."""
    return write(amount * 1_000_000, DECIMAL)


def from_units(amount: int, suffixes: str = DECIMAL) -> str:
    """Units as canonical text: 1024 in BINARY becomes ``1Ki``."""
    return write(amount * _NANO, suffixes)


def from_bytes(amount: int) -> str:
    """Units as canonical binary text, as memory and storage are written."""
    return write(amount * _NANO, BINARY)


def of_resource(resource: str, amount: int) -> str:
    """An amount as ``pods.requests`` counts it (cpu in thousandths, others in units), as canonical text."""
    if resource == "cpu":
        return from_milli(amount)
    binary = resource in {"memory", "ephemeral-storage", "storage"} or resource.startswith("hugepages-")
    return write(amount * _NANO, BINARY if binary else DECIMAL)
