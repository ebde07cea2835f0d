"""Go's time.Duration: reading, writing, rounding."""

import re
from typing import ClassVar, Final

from kubesim.helm.functions.casting import truncated
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import Function, function, object_type
from kubesim.helm.template.values import Int64, Integer, wrap64

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
_UNITS: Final = {
    "ns": 1,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,
    "\u03bcs": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_PART: Final = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")


class Duration(Integer):
    """A time.Duration, in nanoseconds."""

    __slots__ = ()
    type_name = "time.Duration"
    kind_name = "int64"
    go_methods: ClassVar[dict[str, Function]] = {}

    def go_string(self) -> str:
        """Such as 1h15m30.918s."""
        return format_duration(int(self))


def format_duration(nanoseconds: int) -> str:
    """time.Duration.String."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if rest < SECOND:
        for unit, size in (("ns", 1), ("\u00b5s", MICROSECOND), ("ms", MILLISECOND)):
            if rest < size * 1000:
                return f"{sign}{_fraction(rest, size)}{unit}"
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = f"{_fraction(rest, SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def _fraction(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def parse_duration(text: str) -> int:
    """time.ParseDuration in nanoseconds; GoError has its text."""
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return 0
    if not rest:
        raise _invalid(text)
    total = 0
    while rest:
        size, length = _leading_part(rest, text)
        total += size
        rest = rest[length:]
    total = -total if text[0] == "-" else total
    if not -(2**63) <= total < 2**63:
        raise _invalid(text)
    return total


def _leading_part(rest: str, text: str) -> tuple[int, int]:
    """The nanoseconds of the number and unit that a text begins with, and their length."""
    match = _PART.match(rest)
    whole, fraction, unit = match.groups() if match is not None else ("", "", "")
    if match is None or (not whole and len(fraction or "") < 2):
        raise _invalid(text)
    if not unit:
        raise GoError(f"time: missing unit in duration {quote(text)}")
    if unit not in _UNITS:
        raise GoError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    size = _UNITS[unit]
    total = int(whole or "0") * size
    if fraction and len(fraction) > 1:
        total += int(fraction[1:]) * size // 10 ** (len(fraction) - 1)
    return total, match.end()


def _invalid(text: str) -> GoError:
    return GoError(f"time: invalid duration {quote(text)}")


def from_seconds(seconds: float) -> Duration:
    """The duration of some seconds."""
    return Duration(truncated(seconds * SECOND))


def round_to(duration: int, step: int) -> Duration:
    """time.Duration.Round: to the nearest multiple, halves away from zero."""
    if step <= 0:
        return Duration(duration)
    rest = abs(duration) % step
    size = abs(duration) - rest + (step if rest * 2 >= step else 0)
    return Duration(max(-(2**63), min(2**63 - 1, size if duration >= 0 else -size)))


def truncate_to(duration: int, step: int) -> Duration:
    """time.Duration.Truncate: to a multiple, towards zero."""
    if step <= 0:
        return Duration(duration)
    size = abs(duration) // step * step
    return Duration(size if duration >= 0 else -size)


def hours(duration: int) -> float:
    """As hours."""
    return _parts(duration, HOUR)


def minutes(duration: int) -> float:
    """As minutes."""
    return _parts(duration, MINUTE)


def seconds(duration: int) -> float:
    """As seconds."""
    return _parts(duration, SECOND)


def _parts(duration: int, size: int) -> float:
    whole = abs(duration) // size
    number = float(whole) + float(abs(duration) % size) / size
    return -number if duration < 0 else number


def milliseconds(duration: int) -> Int64:
    """As whole milliseconds."""
    return _whole(duration, MILLISECOND)


def microseconds(duration: int) -> Int64:
    """As whole microseconds."""
    return _whole(duration, MICROSECOND)


def nanoseconds(duration: int) -> Int64:
    """As nanoseconds."""
    return Int64(duration)


def _whole(duration: int, size: int) -> Int64:
    whole = abs(duration) // size
    return Int64(-whole if duration < 0 else whole)


def _absolute(duration: int) -> Duration:
    return Duration(wrap64(abs(duration)))


DURATION = object_type(Duration)
Duration.go_methods.update(
    {
        method.name: method
        for method in (
            function("Hours", hours),
            function("Minutes", minutes),
            function("Seconds", seconds),
            function("Milliseconds", milliseconds),
            function("Microseconds", microseconds),
            function("Nanoseconds", nanoseconds),
            function("String", format_duration),
            function("Abs", _absolute),
            function("Round", round_to, DURATION._replace(literal="integer", make=Duration)),
            function("Truncate", truncate_to, DURATION._replace(literal="integer", make=Duration)),
        )
    }
)
