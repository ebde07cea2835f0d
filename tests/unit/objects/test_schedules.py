"""Cron schedules: when the next time is, also across months, leap years and changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kubesim.objects import schedules
from kubesim.objects.times import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "after", "wanted"),
    [
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
        ("*/15 * * * *", "2026-01-01T00:46:10Z", "2026-01-01T01:00:00Z"),
        ("5/20 * * * *", "2026-01-01T00:06:00Z", "2026-01-01T00:25:00Z"),
        ("0 9-17/4 * * MON-FRI", "2026-01-02T17:00:00Z", "2026-01-05T09:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 13 * FRI", "2026-01-03T00:00:00Z", "2026-01-09T00:00:00Z"),
        ("0 0 */2 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("@monthly", "2026-12-15T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("@every 1h30m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z"),
        ("0,30 22-23 * dec sun", "2026-12-06T23:30:00Z", "2026-12-13T22:00:00Z"),
    ],
    ids=["minute", "seconds are dropped", "step", "from a start on", "working hours", "leap year", "day or weekday",
         "a stepped star restricts", "long months", "descriptor", "interval", "names"],
)  # fmt: skip
def test_next_time(text: str, after: str, wanted: str) -> None:
    found = schedules.parse(text).after(parse_time(after))
    assert found is not None
    assert format_time(found) == wanted


def test_a_day_that_never_comes() -> None:
    assert schedules.parse("59 23 31 2 *").after(parse_time("2026-01-01T00:00:00Z")) is None


def local(text: str, after: str) -> str:
    zone = ZoneInfo("Europe/Berlin")
    found = schedules.parse(text).after(
        round(datetime.fromisoformat(after).replace(tzinfo=zone).timestamp()) * 1000, zone
    )
    assert found is not None
    return datetime.fromtimestamp(found // 1000, zone).isoformat()


@pytest.mark.parametrize(
    ("text", "after", "wanted"),
    [
        ("0 9 * * *", "2026-06-01T10:00:00", "2026-06-02T09:00:00+02:00"),
        ("30 2 * * *", "2026-03-29T00:00:00", "2026-03-30T02:30:00+02:00"),
        ("0 0 * * *", "2026-03-29T00:00:00", "2026-03-30T00:00:00+02:00"),
        ("30 2 * * *", "2026-10-25T00:00:00", "2026-10-25T02:30:00+02:00"),
    ],
    ids=["zone", "an hour that does not exist", "a day of 23 hours", "an hour that comes twice"],
)
def test_zones(text: str, after: str, wanted: str) -> None:
    assert local(text, after) == wanted


def test_an_invalid_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="expected exactly 5 fields"):
        schedules.parse("* *")
