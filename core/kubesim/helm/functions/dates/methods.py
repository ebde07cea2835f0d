"""The methods of time.Time that templates call."""

from collections.abc import Callable
from typing import Any

from kubesim.helm.functions.dates.calendar import LOCAL, UTC_ZONE
from kubesim.helm.functions.dates.durations import DURATION, SECOND, Duration
from kubesim.helm.functions.dates.layouts import format_time
from kubesim.helm.functions.dates.moments import Month, Time, Weekday, difference, moment
from kubesim.helm.template.signatures import INT, STRING, function, object_type
from kubesim.helm.template.values import Int64

TIME = object_type(Time)
_STEP = DURATION._replace(literal="integer", make=Duration)


def add_date(time: Time, years: int, months: int, days: int) -> Time:
    """time.Time.AddDate."""
    year, month, day = time.date()
    return moment(year + years, month + months, day + days, time.clock(), time.fraction, time.zone)


def _truncated(time: Time, step: int) -> Time:
    return time if step <= 0 else time.plus(-(_since_zero(time) % step))


def _rounded(time: Time, step: int) -> Time:
    rest = _since_zero(time) % step if step > 0 else 0
    return time.plus(step - rest if rest * 2 >= step > 0 else -rest)


def _since_zero(time: Time) -> int:
    return time.nanoseconds + 62_135_596_800 * SECOND


def _is_zero(time: Time) -> bool:
    return _since_zero(time) == 0


def _number(read: Callable[[Time], int], kind: type = int) -> Callable[[Time], Any]:
    def method(time: Time) -> Any:
        return kind(read(time))

    return method


Time.go_methods.update(
    {
        method.name: method
        for method in (
            function("Format", format_time, STRING),
            function("String", Time.go_string),
            function("Unix", _number(lambda time: time.seconds, Int64)),
            function("UnixMilli", _number(lambda time: time.nanoseconds // 1_000_000, Int64)),
            function("UnixMicro", _number(lambda time: time.nanoseconds // 1_000, Int64)),
            function("UnixNano", _number(lambda time: time.nanoseconds, Int64)),
            function("Year", _number(lambda time: time.date()[0])),
            function("Month", _number(lambda time: time.date()[1], Month)),
            function("Day", _number(lambda time: time.date()[2])),
            function("Hour", _number(lambda time: time.clock()[0])),
            function("Minute", _number(lambda time: time.clock()[1])),
            function("Second", _number(lambda time: time.clock()[2])),
            function("Nanosecond", _number(lambda time: time.fraction)),
            function("Weekday", _number(Time.weekday, Weekday)),
            function("YearDay", Time.year_day),
            function("Add", Time.plus, _STEP),
            function("AddDate", add_date, INT, INT, INT),
            function("Sub", difference, TIME),
            function("Before", lambda one, two: one.nanoseconds < two.nanoseconds, TIME),
            function("After", lambda one, two: one.nanoseconds > two.nanoseconds, TIME),
            function("Equal", lambda one, two: one.nanoseconds == two.nanoseconds, TIME),
            function("UTC", lambda time: time.told_in(UTC_ZONE)),
            function("Local", lambda time: time.told_in(LOCAL)),
            function("Truncate", _truncated, _STEP),
            function("Round", _rounded, _STEP),
            function("IsZero", _is_zero),
        )
    }
)
