"""Reads a time by one of Go's layouts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kubesim.helm.functions.dates.calendar import DAYS, LOCAL, MONTHS, UTC_ZONE, Zone, days_from_civil
from kubesim.helm.functions.dates.durations import SECOND
from kubesim.helm.functions.dates.layouts import chunks
from kubesim.helm.functions.dates.moments import Time, moment
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote


@dataclass(slots=True)
class _Fields:
    """What was read; None where the layout does not say."""

    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool | None = None
    offset: int | None = None
    abbreviation: str = ""


class _Mismatch(Exception):
    """The text does not fit a part of the layout; with a message when a number is out of range."""


def parse_time(layout: str, text: str, zone: Zone = LOCAL) -> Time:
    """time.ParseInLocation; GoError has its text."""
    fields = _Fields()
    rest, left = text, layout
    for literal, part in chunks(layout):
        remaining = _skip(rest, literal)
        if remaining is None:
            raise _failure(layout, text, literal, rest)
        rest, left = remaining, left[len(literal) :]
        if not part:
            break
        try:
            rest = _read(fields, part, rest, left[len(part) :])
        except _Mismatch as mismatch:
            raise _failure(layout, text, part, rest, str(mismatch)) from None
        left = left[len(part) :]
    if rest:
        raise GoError(f"parsing time {quote(text)}: extra text: {quote(rest)}")
    return _assembled(fields, text, zone)


def _failure(layout: str, text: str, part: str, rest: str, message: str = "") -> GoError:
    if message:
        return GoError(f"parsing time {quote(text)}: {message}")
    return GoError(f"parsing time {quote(text)} as {quote(layout)}: cannot parse {quote(rest)} as {quote(part)}")


def _skip(text: str, literal: str) -> str | None:
    """The text behind a literal; a space matches any run of spaces."""
    while literal:
        if literal[0] == " ":
            if text and text[0] != " ":
                return None
            literal, text = literal.lstrip(" "), text.lstrip(" ")
            continue
        if not text or text[0] != literal[0]:
            return None
        literal, text = literal[1:], text[1:]
    return text


def _digits(text: str, pattern: str) -> tuple[int, str]:
    match = re.match(pattern, text, re.ASCII)
    if match is None:
        raise _Mismatch
    return int(match.group()), text[match.end() :]


def _within(number: int, low: int, high: int, name: str) -> int:
    if not low <= number <= high:
        raise _Mismatch(f"{name} out of range")
    return number


def _read(fields: _Fields, part: str, text: str, following: str) -> str:
    if part[0] in ".,":
        return _read_fraction(fields, part, text)
    if part[0] in "-Z" or part == "MST":
        return _read_zone(fields, part, text)
    if part in {"January", "Jan", "Monday", "Mon", "PM", "pm"}:
        return _read_name(fields, part, text)
    return _READERS[part](fields, part, text, following)


def _read_name(fields: _Fields, part: str, text: str) -> str:
    if part in {"PM", "pm"}:
        half = text[:2]
        if half not in ({"PM", "AM"} if part == "PM" else {"pm", "am"}):
            raise _Mismatch
        fields.afternoon = half.upper() == "PM"
        return text[2:]
    names = MONTHS if part in {"January", "Jan"} else DAYS
    short = part in {"Jan", "Mon"}
    for number, name in enumerate(names, start=1):
        wanted = name[:3] if short else name
        if text[: len(wanted)].lower() == wanted.lower():
            if names is MONTHS:
                fields.month = number
            return text[len(wanted) :]
    raise _Mismatch


def _read_year(fields: _Fields, part: str, text: str, following: str) -> str:
    number, rest = _digits(text, r"\d{4}" if part == "2006" else r"\d{2}")
    if part == "06":
        number += 1900 if number >= 69 else 2000
    fields.year = number
    return rest


def _read_month(fields: _Fields, part: str, text: str, following: str) -> str:
    number, rest = _digits(text, r"\d{2}" if part == "01" else r"\d{1,2}")
    fields.month = _within(number, 1, 12, "month")
    return rest


def _read_day(fields: _Fields, part: str, text: str, following: str) -> str:
    if part == "_2" and text[:1] == " ":
        text = text[1:]
    fields.day, rest = _digits(text, r"\d{2}" if part == "02" else r"\d{1,2}")
    return rest


def _read_year_day(fields: _Fields, part: str, text: str, following: str) -> str:
    if part == "__2":
        text = text.lstrip(" ")
    fields.year_day, rest = _digits(text, r"\d{3}" if part == "002" else r"\d{1,3}")
    return rest


def _read_hour(fields: _Fields, part: str, text: str, following: str) -> str:
    number, rest = _digits(text, r"\d{2}" if part == "03" else r"\d{1,2}")
    fields.hour = _within(number, 0, 23 if part == "15" else 12, "hour")
    return rest


def _read_minute(fields: _Fields, part: str, text: str, following: str) -> str:
    number, rest = _digits(text, r"\d{2}" if part == "04" else r"\d{1,2}")
    fields.minute = _within(number, 0, 59, "minute")
    return rest


def _read_second(fields: _Fields, part: str, text: str, following: str) -> str:
    number, rest = _digits(text, r"\d{2}" if part == "05" else r"\d{1,2}")
    fields.second = _within(number, 0, 59, "second")
    # A fraction behind the seconds is read even when the layout has none.
    fraction = re.match(r"[.,]\d+", rest, re.ASCII)
    if fraction is None or re.match(r"[.,][09]+(?!\d)", following):
        return rest
    fields.nanosecond = _nanoseconds(fraction.group()[1:])
    return rest[fraction.end() :]


def _nanoseconds(digits: str) -> int:
    return int(digits[:9].ljust(9, "0"))


def _read_fraction(fields: _Fields, part: str, text: str) -> str:
    if part[1] == "9":
        fraction = re.match(r"[.,]\d{1,9}(?!\d)", text, re.ASCII)
        if fraction is None:
            return text
        fields.nanosecond = _nanoseconds(fraction.group()[1:])
        return text[fraction.end() :]
    fraction = re.match(rf"[.,]\d{{{len(part) - 1}}}", text, re.ASCII)
    if fraction is None:
        raise _Mismatch
    fields.nanosecond = _nanoseconds(fraction.group()[1:])
    return text[fraction.end() :]


def _read_zone(fields: _Fields, part: str, text: str) -> str:
    if part == "MST":
        return _read_abbreviation(fields, text)
    if part[0] == "Z" and text[:1] == "Z":
        fields.offset, fields.abbreviation = 0, "UTC"
        return text[1:]
    separator = ":" if ":" in part else ""
    count = {3: 1, 5: 2, 6: 2, 7: 3, 9: 3}[len(part)]
    match = re.match(r"([+-])(\d\d)" + rf"{separator}(\d\d)" * (count - 1), text, re.ASCII)
    if match is None:
        raise _Mismatch
    hours, minutes, seconds, *_ = [*map(int, match.groups()[1:]), 0, 0]
    if hours > 24 or minutes > 60 or seconds > 60:
        raise _Mismatch("time zone offset hour out of range" if hours > 24 else "time zone offset minute out of range")
    size = hours * 3600 + minutes * 60 + seconds
    fields.offset = -size if match.group(1) == "-" else size
    return text[match.end() :]


def _read_abbreviation(fields: _Fields, text: str) -> str:
    if text.startswith("UTC"):
        fields.offset, fields.abbreviation = 0, "UTC"
        return text[3:]
    match = re.match(r"ChST|MeST|GMT[+-]\d{1,2}|[+-]\d{2}(?:\d{2})?|WITA|[A-Z]{4}T|[A-Z]{3}T|[A-Z]{3}", text, re.ASCII)
    if match is None:
        raise _Mismatch
    fields.abbreviation = match.group()
    return text[match.end() :]


_Reader = Callable[[_Fields, str, str, str], str]
_READERS: Final[dict[str, _Reader]] = {
    "2006": _read_year,
    "06": _read_year,
    "01": _read_month,
    "1": _read_month,
    "02": _read_day,
    "_2": _read_day,
    "2": _read_day,
    "002": _read_year_day,
    "__2": _read_year_day,
    "15": _read_hour,
    "03": _read_hour,
    "3": _read_hour,
    "04": _read_minute,
    "4": _read_minute,
    "05": _read_second,
    "5": _read_second,
}


def _assembled(fields: _Fields, text: str, zone: Zone) -> Time:
    hour = fields.hour
    if fields.afternoon and hour < 12:
        hour += 12
    elif fields.afternoon is False and hour == 12:
        hour = 0
    month, day = fields.month or 1, fields.day if fields.day is not None else 1
    if fields.year_day is not None:
        month, day = 1, fields.year_day
        last = days_from_civil(fields.year + 1, 1, 1) - days_from_civil(fields.year, 1, 1)
    else:
        last = days_from_civil(fields.year, month + 1, 1) - days_from_civil(fields.year, month, 1)
    if not 1 <= day <= last:
        raise GoError(
            f"parsing time {quote(text)}: {'day-of-year' if fields.year_day is not None else 'day'} out of range"
        )
    clock = (hour, fields.minute, fields.second)
    if fields.offset is None:
        if fields.abbreviation:
            zone = Zone("", 0, fields.abbreviation)
        return moment(fields.year, month, day, clock, fields.nanosecond, zone)
    time = moment(fields.year, month, day, clock, fields.nanosecond, UTC_ZONE)
    time = Time(time.nanoseconds - fields.offset * SECOND, UTC_ZONE)
    if fields.offset == 0 and fields.abbreviation == "UTC":
        return time
    if zone.at(time.seconds)[0] == fields.offset:
        return time.told_in(zone)
    return time.told_in(Zone("", fields.offset, fields.abbreviation))
