"""Go's layouts: formatting and parsing times by the reference time Mon Jan 2 15:04:05 MST 2006."""

import re
from typing import Final

from kubesim.helm.functions.dates.calendar import DAYS, MONTHS
from kubesim.helm.functions.dates.moments import Time

RFC3339_NANO: Final = "2006-01-02T15:04:05.999999999Z07:00"

_PART: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|01|02|03|04|05|06|__2|_2(?!006)|15|PM|pm"
    r"|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07"
    r"|[.,]0+(?![0-9])|[.,]9+(?![0-9])|1|2|3|4|5"
)
"""What stands for something in a layout; at one place the first alternative counts."""


def chunks(layout: str) -> list[tuple[str, str]]:
    """The layout as pairs of literal text and the part behind it; the last part is empty."""
    found: list[tuple[str, str]] = []
    end = 0
    for match in _PART.finditer(layout):
        found.append((layout[end : match.start()], match.group()))
        end = match.end()
    found.append((layout[end:], ""))
    return found


def format_time(time: Time, layout: str) -> str:
    """time.Time.Format."""
    return "".join([literal + (_formatted(time, part) if part else "") for literal, part in chunks(layout)])


def _formatted(time: Time, part: str) -> str:
    if part[0] in "-Z":
        return _offset(time.offset()[0], part)
    if part[0] in ".,":
        return _fraction(time, part)
    if part == "MST":
        return _abbreviation(time)
    if part in {"15", "03", "3", "04", "4", "05", "5", "PM", "pm"}:
        return _clock(time.clock(), part)
    return _date(time, part)


def _date(time: Time, part: str) -> str:
    year, month, day = time.date()
    match part:
        case "2006":
            return f"{year:04d}" if year >= 0 else f"-{-year:04d}"
        case "06":
            return f"{year % 100:02d}"
        case "January":
            return MONTHS[month - 1]
        case "Jan":
            return MONTHS[month - 1][:3]
        case "Monday":
            return DAYS[time.weekday()]
        case "Mon":
            return DAYS[time.weekday()][:3]
        case "002":
            return f"{time.year_day():03d}"
        case "__2":
            return f"{time.year_day():3d}"
    number = month if part in {"01", "1"} else day
    return f"{number:2d}" if part == "_2" else f"{number:02d}" if part[0] == "0" else str(number)


def _clock(clock: tuple[int, int, int], part: str) -> str:
    hour, minute, second = clock
    if part in {"PM", "pm"}:
        half = "PM" if hour >= 12 else "AM"
        return half if part == "PM" else half.lower()
    if part == "15":
        return f"{hour:02d}"
    number = {"3": hour % 12 or 12, "4": minute, "5": second}[part[-1]]
    return f"{number:02d}" if part[0] == "0" else str(number)


def _offset(offset: int, part: str) -> str:
    if part[0] == "Z" and offset == 0:
        return "Z"
    sign, rest = ("-" if offset < 0 else "+"), abs(offset)
    colon = ":" if ":" in part else ""
    hours, minutes, seconds = f"{rest // 3600:02d}", f"{rest // 60 % 60:02d}", f"{rest % 60:02d}"
    fields = [hours, minutes, seconds][: {3: 1, 5: 2, 6: 2, 7: 3, 9: 3}[len(part)]]
    return sign + colon.join(fields)


def _fraction(time: Time, part: str) -> str:
    digits = f"{time.fraction:09d}".ljust(len(part) - 1, "0")[: len(part) - 1]
    if part[1] == "9":
        digits = digits.rstrip("0")
        return part[0] + digits if digits else ""
    return part[0] + digits


def _abbreviation(time: Time) -> str:
    offset, name = time.offset()
    return name or _offset(offset, "-0700")
