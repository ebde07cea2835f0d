"""Go's time.Time."""

from typing import ClassVar, Final

from kubesim.helm.functions.dates.calendar import (
    DAYS,
    LOCAL,
    MONTHS,
    SECONDS_OF_DAY,
    UTC_ZONE,
    Zone,
    civil_from_days,
    days_from_civil,
)
from kubesim.helm.functions.dates.durations import SECOND, Duration
from kubesim.helm.template.signatures import Function
from kubesim.helm.template.values import GoObject, Integer

ZERO_SECONDS: Final = -62_135_596_800


class Month(Integer):
    """A time.Month."""

    __slots__ = ()
    type_name = "time.Month"
    kind_name = "int"

    def go_string(self) -> str:
        """Its English name."""
        return MONTHS[self - 1] if 1 <= self <= len(MONTHS) else f"%!Month({int(self)})"


class Weekday(Integer):
    """A time.Weekday; Sunday is 0."""

    __slots__ = ()
    type_name = "time.Weekday"
    kind_name = "int"

    def go_string(self) -> str:
        """Its English name."""
        return DAYS[self] if 0 <= self < len(DAYS) else f"%!Weekday({int(self)})"


class Time(GoObject):
    """A moment: nanoseconds since 1970 and the zone it is told in."""

    type_name = "time.Time"
    kind_name = "struct"
    go_methods: ClassVar[dict[str, Function]] = {}

    __slots__ = ("nanoseconds", "zone")

    def __init__(self, nanoseconds: int, zone: Zone = UTC_ZONE) -> None:
        self.nanoseconds = nanoseconds
        self.zone = zone

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and (self.nanoseconds, self.zone) == (other.nanoseconds, other.zone)

    def __hash__(self) -> int:
        return self.nanoseconds

    @property
    def seconds(self) -> int:
        """Whole seconds since 1970."""
        return self.nanoseconds // SECOND

    @property
    def fraction(self) -> int:
        """Nanoseconds within the second."""
        return self.nanoseconds % SECOND

    def offset(self) -> tuple[int, str]:
        """The zone's offset in seconds, and its abbreviation, at this moment."""
        return self.zone.at(self.seconds)

    def date(self) -> tuple[int, int, int]:
        """Year, month and day in its zone."""
        return civil_from_days((self.seconds + self.offset()[0]) // SECONDS_OF_DAY)

    def clock(self) -> tuple[int, int, int]:
        """Hour, minute and second in its zone."""
        rest = (self.seconds + self.offset()[0]) % SECONDS_OF_DAY
        return rest // 3600, rest // 60 % 60, rest % 60

    def weekday(self) -> int:
        """The day of the week in its zone; Sunday is 0."""
        return ((self.seconds + self.offset()[0]) // SECONDS_OF_DAY + 4) % 7

    def year_day(self) -> int:
        """The day of the year in its zone, from 1."""
        year = self.date()[0]
        return (self.seconds + self.offset()[0]) // SECONDS_OF_DAY - days_from_civil(year, 1, 1) + 1

    def told_in(self, zone: Zone) -> "Time":
        """The same moment in another zone."""
        return Time(self.nanoseconds, zone)

    def plus(self, nanoseconds: int) -> "Time":
        """The moment some nanoseconds later."""
        return Time(self.nanoseconds + nanoseconds, self.zone)

    def go_string(self) -> str:
        """As Go prints it."""
        from kubesim.helm.functions.dates.layouts import format_time  # noqa: PLC0415 (layouts need this class)

        return format_time(self, "2006-01-02 15:04:05.999999999 -0700 MST")

    def go_json(self) -> str:
        """As it is marshalled."""
        from kubesim.helm.functions.dates.layouts import RFC3339_NANO, format_time  # noqa: PLC0415 (as above)

        return format_time(self, RFC3339_NANO)


def moment(
    year: int, month: int, day: int, clock: tuple[int, int, int] = (0, 0, 0), nanosecond: int = 0, zone: Zone = LOCAL
) -> Time:
    """time.Date: values beyond their range carry over."""
    local = days_from_civil(year, month, day) * SECONDS_OF_DAY + clock[0] * 3600 + clock[1] * 60 + clock[2]
    return Time(zone.from_local(local) * SECOND + nanosecond, zone)


def difference(one: Time, two: Time) -> Duration:
    """time.Time.Sub."""
    return Duration(max(-(2**63), min(2**63 - 1, one.nanoseconds - two.nanoseconds)))


ZERO_TIME: Final = Time(ZERO_SECONDS * SECOND)
