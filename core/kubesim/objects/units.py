"""Int-or-percent values, Go durations, and the hashes and safe alphabets that names are made with."""

import re
from functools import lru_cache

SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels, no look-alikes. # k8s: apimachinery/util/rand"""

NANOSECOND, MICROSECOND, MILLISECOND = 1, 1_000, 1_000_000
SECOND, MINUTE, HOUR = 1_000_000_000, 60_000_000_000, 3_600_000_000_000

_UNITS = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,
    "\u03bcs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
_PERCENT = re.compile(r"-?[0-9]+%")


def is_percent(value: int | str) -> bool:
    """Whether an int-or-string is a percentage text."""
    return isinstance(value, str) and _PERCENT.fullmatch(value) is not None


def int_or_percent(value: int | str, total: int, *, round_up: bool) -> int:
    """An int as it is, ``"25%"`` as its share of ``total``. ValueError on other texts.

    # k8s: apimachinery/util/intstr GetScaledValueFromIntOrPercent
    """
    if isinstance(value, int):
        return value
    if not is_percent(value):
        msg = "invalid value for IntOrString: invalid type: string is not a percentage"
        raise ValueError(msg)
    product = int(value[:-1]) * total
    return -(-product // 100) if round_up else product // 100


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as ``"1h15m30.5s"``. ValueError with Go's text otherwise."""
    rest = text[1:] if text[:1] in {"-", "+"} else text
    if rest == "0":
        return 0
    total = 0
    position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or not (part[1] or part[2]):
            raise ValueError(_duration_error(text, rest, position))
        unit = _UNITS[part[3]]
        total += int(part[1] or 0) * unit
        if part[2]:
            total += int(part[2]) * unit // 10 ** len(part[2])
        position = part.end()
    if not rest:
        raise ValueError(_duration_error(text, rest, position))
    return -total if text[0] == "-" else total


def _duration_error(text: str, rest: str, position: int) -> str:
    number = re.match(r"[\d.]+", rest[position:])
    if number is None or not any(letter.isdigit() for letter in number[0]):
        return f'time: invalid duration "{text}"'
    unit = re.match(r"[^\d.]*", rest[position + number.end() :])
    if unit is None or not unit[0]:
        return f'time: missing unit in duration "{text}"'
    return f'time: unknown unit "{unit[0]}" in duration "{text}"'


def format_duration(nanoseconds: int) -> str:
    """Print as Go's time.Duration: ``1h0m0s``, ``1.5s``, ``300ms``, ``0s``."""
    sign = "-" if nanoseconds < 0 else ""
    rest = abs(nanoseconds)
    if rest == 0:
        return "0s"
    for unit, name in ((MICROSECOND, "ns"), (MILLISECOND, "\u00b5s"), (SECOND, "ms")):
        if rest < unit:
            return f"{sign}{_decimal(rest, _UNITS[name])}{name}"
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = f"{_decimal(rest, SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _decimal(value: int, unit: int) -> str:
    whole, part = divmod(value, unit)
    if not part:
        return str(whole)
    digits = str(part).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}.{digits}"


def fnv32a(data: bytes) -> int:
    """The 32-bit FNV-1a hash."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def safe_encode(text: str) -> str:
    """Map each character of a hash to the alphabet that makes no words. # k8s: rand.SafeEncodeString."""
    return "".join(SAFE_ALPHABET[ord(letter) % len(SAFE_ALPHABET)] for letter in text)
