"""Cron schedules and time zones: when a schedule is due, and what is wrong with one in robfig/cron's and Go's words."""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kubesim.objects import units

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = {
    name: index
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: index for index, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, _MONTHS, _DAYS)
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_YEARS = 5
"""How far ahead the next time is looked for. # k8s: robfig/cron SpecSchedule.Next"""


class Schedule(NamedTuple):
    """When something is due: the values each field allows, or an interval in seconds."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    """Whether the day of the month or of the week is ``*``: then both must match, else one is enough."""
    every: int = 0

    def after(self, when: int, zone: tzinfo = UTC) -> int | None:
        """The first time later than ``when`` (both in ms since 1970), None when there is none within five years."""
        if self.every:
            return (when // 1000 + self.every) * 1000
        second = when // 1000 + 1
        local = datetime.fromtimestamp(second, zone)
        last = local.year + _YEARS
        while local.year <= last:
            step = self._step(local, second)
            if step == second:
                return second * 1000
            second = step
            local = datetime.fromtimestamp(second, zone)
        return None

    def _step(self, local: datetime, second: int) -> int:
        """The same second when it is due, else a later one before which none is."""
        if local.month not in self.months:
            year, month = (local.year, local.month + 1) if local.month < 12 else (local.year + 1, 1)
            return int(datetime(year, month, 1, tzinfo=local.tzinfo).timestamp())
        into_hour = local.minute * 60 + local.second
        if not self._is_day(local):
            # Not to midnight at once: a day may have 23 or 25 hours.
            return second - into_hour + 3600 * max(1, 22 - local.hour)
        if local.hour not in self.hours:
            return second - into_hour + 3600
        if local.minute not in self.minutes:
            return second - local.second + 60
        return second - local.second + 60 if local.second else second

    def _is_day(self, local: datetime) -> bool:
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.any_day else (day or weekday)


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    """The schedule of a text that ``schedule_error`` finds nothing wrong with. ValueError otherwise."""
    wrong = schedule_error(text)
    if wrong:
        raise ValueError(wrong)
    if text.startswith(_EVERY):
        return Schedule(every=max(1, units.parse_duration(text[len(_EVERY) :]) // units.SECOND))
    fields = _DESCRIPTORS.get(text, text).split()
    values = [
        frozenset(value for part in field.split(",") for value in _values(part, *bounds, names))
        for field, bounds, names in zip(fields, _FIELDS, _NAMES, strict=True)
    ]
    starred = any(_is_star(part) for field in (fields[2], fields[4]) for part in field.split(","))
    return Schedule(values[0], values[1], values[2], values[3], values[4], any_day=starred)


def _is_star(part: str) -> bool:
    # k8s: with a step above 1 a star restricts like any other range
    head, _, step = part.partition("/")
    return head in {"*", "?"} and step in {"", "1"}


def _values(part: str, low: int, high: int, names: dict[str, int]) -> range:
    head, slash, step = part.partition("/")
    start, dash, end = head.partition("-")
    if start in {"*", "?"}:
        first, last = low, high
    else:
        first = _number(start, names) or 0
        last = (_number(end, names) or 0) if dash else first
        if slash and not dash:
            last = high
    return range(first, last + 1, int(step) if slash else 1)


def schedule_error(text: str) -> str:
    """What is wrong with a cron schedule, "" when nothing is."""
    if text.startswith("@"):
        if text in _DESCRIPTORS or re.fullmatch(r"@every ([0-9.]+(h|m|s|ms))+", text):
            return ""
        return f"unrecognized descriptor: {text}"
    if text.startswith(("TZ=", "CRON_TZ=")):
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, bounds, names in zip(fields, _FIELDS, _NAMES, strict=True):
        for part in field.split(","):
            wrong = _range_error(part, *bounds, names)
            if wrong:
                return wrong
    return ""


def _range_error(part: str, low: int, high: int, names: dict[str, int]) -> str:
    head, slash, step = part.partition("/")
    if "/" in step:
        return f"too many slashes: {part}"
    start, dash, end = head.partition("-")
    if "-" in end:
        return f"too many hyphens: {part}"
    if start in {"*", "?"}:
        first, last = low, high
    else:
        bounds = [_number(text, names) for text in ([start, end] if dash else [start])]
        if None in bounds:
            wrong = start if bounds[0] is None else end
            return f'failed to parse int from {wrong}: strconv.Atoi: parsing "{wrong}": invalid syntax'
        first, last = bounds[0] or 0, bounds[-1] or 0
    if slash and not step.isdigit():
        return f'failed to parse int from {step}: strconv.Atoi: parsing "{step}": invalid syntax'
    return _bounds_error(part, first, last, low, high, int(step) if slash else 1)


def _bounds_error(part: str, first: int, last: int, low: int, high: int, step: int) -> str:
    if first < low:
        return f"beginning of range ({first}) below minimum ({low}): {part}"
    if last > high:
        return f"end of range ({last}) above maximum ({high}): {part}"
    if first > last:
        return f"beginning of range ({first}) beyond end of range ({last}): {part}"
    return f"step of range should be a positive number: {part}" if step == 0 else ""


def _number(text: str, names: dict[str, int]) -> int | None:
    if text.lower() in names:
        return names[text.lower()]
    return int(text) if text.isdigit() else None


def zone_error(name: str) -> str:
    """What is wrong with the name of a time zone, "" when nothing is."""
    if not name:
        return "timeZone must be nil or non-empty string"
    if name.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return f"unknown time zone {name}"
    return ""
