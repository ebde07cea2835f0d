"""Cron schedules and time zones: what is wrong with one, in the words of robfig/cron and Go's time package."""

import re
from zoneinfo import ZoneInfo

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = {
    name: index
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: index for index, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, _MONTHS, _DAYS)
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


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
