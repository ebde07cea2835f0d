"""The date functions."""

from typing import Any

from kubesim.helm.functions.dates import durations
from kubesim.helm.functions.dates.calendar import LOCAL, UTC_ZONE, zone
from kubesim.helm.functions.dates.durations import HOUR, MINUTE, SECOND, Duration, parse_duration
from kubesim.helm.functions.dates.layouts import format_time
from kubesim.helm.functions.dates.methods import TIME
from kubesim.helm.functions.dates.moments import ZERO_TIME, Time, difference
from kubesim.helm.functions.dates.parsing import parse_time
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.numbers import parse_float, parse_int
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import ANY, STRING, Function, function
from kubesim.helm.template.values import Int32, Int64, UInt8, UInt32, UInt64, type_name

_PLAIN_INTEGERS = (int, Int64, Int32, UInt8, UInt32, UInt64)
_PERIODS = ((HOUR * 24 * 365, "y"), (HOUR * 24 * 30, "mo"), (HOUR * 24, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))


def now(render: Context) -> Time:
    """The time of the render."""
    return Time(render.sources.now() * 1_000_000, LOCAL)


def _time_of(render: Context, value: Any) -> Time:
    """A time, seconds since 1970 as an int, int32 or int64, or else now."""
    if isinstance(value, Time):
        return value
    if type(value) in {int, Int64, Int32}:
        return Time(value * SECOND, LOCAL)
    return now(render)


def date_in_zone(render: Context, layout: str, value: Any, name: str) -> str:
    """A time formatted in a zone; in UTC when the zone is unknown."""
    return format_time(_time_of(render, value).told_in(zone(name) or UTC_ZONE), layout)


def date(render: Context, layout: str, value: Any) -> str:
    """A time formatted in the local zone."""
    return date_in_zone(render, layout, value, "Local")


def html_date(render: Context, value: Any) -> str:
    """A date for an HTML input."""
    return date(render, "2006-01-02", value)


def html_date_in_zone(render: Context, value: Any, name: str) -> str:
    """A date for an HTML input, in a zone."""
    return date_in_zone(render, "2006-01-02", value, name)


def date_modify(text: str, time: Time) -> Time:
    """A time moved by a duration; unchanged when that is malformed."""
    try:
        return time.plus(parse_duration(text))
    except GoError:
        return time


def must_date_modify(text: str, time: Time) -> Time:
    """A time moved by a duration."""
    return time.plus(parse_duration(text))


def ago(render: Context, value: Any) -> str:
    """How long ago a time was, to the second."""
    if type(value) is Int32:
        value = None
    passed = difference(now(render), _time_of(render, value))
    return durations.round_to(passed, SECOND).go_string()


def duration(seconds: Any) -> str:
    """Some seconds (int64 or a string) as a duration."""
    number = 0
    if type(seconds) is str:
        try:
            number = parse_int(seconds)
        except GoError:
            number = 0
    elif type(seconds) is Int64:
        number = int(seconds)
    return durations.format_duration(number * SECOND)


def duration_round(render: Context, value: Any) -> str:
    """A duration as a number of its largest unit."""
    nanoseconds = 0
    if isinstance(value, str):
        try:
            nanoseconds = parse_duration(value)
        except GoError:
            nanoseconds = 0
    elif type(value) is Int64:
        nanoseconds = int(value)
    elif isinstance(value, Time):
        nanoseconds = difference(now(render), value)
    for size, unit in _PERIODS:
        if abs(nanoseconds) > size:
            return f"{abs(nanoseconds) // size}{unit}"
    return "0s"


def to_date(layout: str, text: str) -> Time:
    """A time read by a layout; the zero time when it does not fit."""
    try:
        return parse_time(layout, text)
    except GoError:
        return ZERO_TIME


def must_to_date(layout: str, text: str) -> Time:
    """A time read by a layout."""
    return parse_time(layout, text)


def unix_epoch(time: Time) -> str:
    """A time as seconds since 1970."""
    return str(time.seconds)


def must_to_duration(value: Any) -> Duration:
    """A duration, a number of seconds, or a string of either."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return _duration_of_text(value)
    if type(value) is float:
        return durations.from_seconds(value)
    if type(value) in _PLAIN_INTEGERS:
        return Duration(max(-(2**63), min(2**63 - 1, value * SECOND)))
    raise GoError(f"could not convert {type_name(value)} to duration")


def _duration_of_text(text: str) -> Duration:
    stripped = text.strip()
    try:
        return Duration(parse_duration(stripped))
    except GoError:
        pass
    try:
        return durations.from_seconds(parse_float(stripped))
    except GoError:
        raise GoError(f"could not parse duration {quote(text)}") from None


def _or_zero(value: Any) -> Duration:
    try:
        return must_to_duration(value)
    except GoError:
        return Duration(0)


def in_seconds(value: Any) -> float:
    """A duration in seconds; 0 when malformed."""
    return durations.seconds(_or_zero(value))


def in_milliseconds(value: Any) -> Int64:
    """A duration in whole milliseconds."""
    return durations.milliseconds(_or_zero(value))


def in_microseconds(value: Any) -> Int64:
    """A duration in whole microseconds."""
    return durations.microseconds(_or_zero(value))


def in_nanoseconds(value: Any) -> Int64:
    """A duration in nanoseconds."""
    return durations.nanoseconds(_or_zero(value))


def in_minutes(value: Any) -> float:
    """A duration in minutes."""
    return durations.minutes(_or_zero(value))


def in_hours(value: Any) -> float:
    """A duration in hours."""
    return durations.hours(_or_zero(value))


def in_days(value: Any) -> float:
    """A duration in days."""
    return in_hours(value) / 24


def in_weeks(value: Any) -> float:
    """A duration in weeks."""
    return in_hours(value) / 24 / 7


def rounded_to(value: Any, step: Any) -> Duration:
    """A duration rounded to a multiple of another."""
    return durations.round_to(_or_zero(value), _or_zero(step))


def truncated_to(value: Any, step: Any) -> Duration:
    """A duration cut to a multiple of another."""
    return durations.truncate_to(_or_zero(value), _or_zero(step))


FUNCTIONS: tuple[Function, ...] = (
    function("now", now, context=True),
    function("date", date, STRING, ANY, context=True),
    *[function(name, date_in_zone, STRING, ANY, STRING, context=True) for name in ("dateInZone", "date_in_zone")],
    function("htmlDate", html_date, ANY, context=True),
    function("htmlDateInZone", html_date_in_zone, ANY, STRING, context=True),
    *[function(name, date_modify, STRING, TIME) for name in ("dateModify", "date_modify")],
    *[function(name, must_date_modify, STRING, TIME) for name in ("mustDateModify", "must_date_modify")],
    function("ago", ago, ANY, context=True),
    function("duration", duration, ANY),
    function("durationRound", duration_round, ANY, context=True),
    function("toDate", to_date, STRING, STRING),
    function("mustToDate", must_to_date, STRING, STRING),
    function("unixEpoch", unix_epoch, TIME),
    function("mustToDuration", must_to_duration, ANY),
    function("durationSeconds", in_seconds, ANY),
    function("durationMilliseconds", in_milliseconds, ANY),
    function("durationMicroseconds", in_microseconds, ANY),
    function("durationNanoseconds", in_nanoseconds, ANY),
    function("durationMinutes", in_minutes, ANY),
    function("durationHours", in_hours, ANY),
    function("durationDays", in_days, ANY),
    function("durationWeeks", in_weeks, ANY),
    function("durationRoundTo", rounded_to, ANY, ANY),
    function("durationTruncateTo", truncated_to, ANY, ANY),
)
