"""The proleptic Gregorian calendar for any year, and time zones by name."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
SECONDS_OF_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; months and days beyond their range carry over."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468 + day - 1


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day since 1970-01-01."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


class Zone(NamedTuple):
    """A time zone: its name and either a fixed offset in seconds (with abbreviation) or the zone of that name."""

    name: str
    offset: int = 0
    abbreviation: str = "UTC"
    named: bool = False

    def at(self, seconds: int) -> tuple[int, str]:
        """The offset in seconds and the abbreviation at a time in seconds since 1970."""
        if not self.named:
            return self.offset, self.abbreviation
        bounded = max(-62_135_510_400, min(253_370_764_800, seconds))
        local = (_EPOCH + timedelta(seconds=bounded)).astimezone(ZoneInfo(self.name))
        offset = local.utcoffset() or timedelta()
        return int(offset.total_seconds()), local.tzname() or ""

    def from_local(self, seconds: int) -> int:
        """The time since 1970 of a local wall clock's reading."""
        offset, _ = self.at(seconds)
        if not self.named:
            return seconds - offset
        first = seconds - offset
        again, _ = self.at(first)
        return first if again == offset else seconds - again


UTC_ZONE: Final = Zone("UTC")
LOCAL: Final = Zone("Local")
"""The zone of the machine. # differs: always UTC, so that a render does not depend on where it runs."""


@lru_cache(maxsize=64)
def zone(name: str) -> Zone | None:
    """time.LoadLocation; None when there is no such zone."""
    if name in {"", "UTC"}:
        return UTC_ZONE
    if name == "Local":
        return LOCAL
    if ".." in name or name[0] in "/\\" or "\\" in name:
        return None
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None
    return Zone(name, named=True)
