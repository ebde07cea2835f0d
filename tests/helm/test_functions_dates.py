"""Dates, layouts, zones and durations."""

import pytest

from helm.rendering import failure, render
from kubesim.helm.functions.dates.durations import format_duration, parse_duration
from kubesim.helm.functions.dates.layouts import format_time
from kubesim.helm.functions.dates.moments import moment
from kubesim.helm.functions.dates.parsing import parse_time
from kubesim.helm.template.errors import GoError


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("Mon Jan _2 15:04:05 2006", "Thu Feb  1 03:07:09 2024"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Thursday, 01-Feb-24 03:07:09 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2024-02-01T03:07:09Z"),
        ("2006-01-02T15:04:05.000-0700", "2024-02-01T03:07:09.012+0000"),
        (".999 ,000000 3:4:5pm PM", ".012 ,012345 3:7:9am AM"),
        ("January 002 __2 1/2/06 03", "February 032  32 2/1/24 03"),
        ("20060102 Janet Month 2", "20240201 Janet Month 1"),
        ("_2006 -07:00:00 Z0700", "_2024 +00:00:00 Z"),
    ],
)
def test_layouts(layout: str, expected: str):
    assert format_time(moment(2024, 2, 1, (3, 7, 9), 12_345_678), layout) == expected


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02", "2020-02-29"),
        ("Jan 2, 2006 at 3:04pm (MST)", "Feb 4, 2014 at 6:05am (PST)"),
        ("2006-01-02T15:04:05Z07:00", "2012-11-01T22:08:41+05:30"),
        ("2006-01-02 15:04:05.000", "2012-11-01 22:08:41.123"),
        ("Monday January _2 06", "Sunday October 12 14"),
    ],
)
def test_parsed_times_format_back(layout: str, text: str):
    assert format_time(parse_time(layout, text), layout) == text


def test_fractions_are_read_without_being_asked_for():
    assert parse_time("15:04:05", "01:02:03.5").fraction == 500_000_000


@pytest.mark.parametrize(
    ("layout", "text", "message"),
    [
        ("2006-01-02", "x", 'parsing time "x" as "2006-01-02": cannot parse "x" as "2006"'),
        ("2006-01-02", "2020-13-01", 'parsing time "2020-13-01": month out of range'),
        ("2006-01-02", "2021-02-29", 'parsing time "2021-02-29": day out of range'),
        ("2006-01-02", "2021-02-03x", 'parsing time "2021-02-03x": extra text: "x"'),
        ("2006-01-02", "2021/02/03", 'parsing time "2021/02/03" as "2006-01-02": cannot parse "/02/03" as "-"'),
        ("15:04", "25:00", 'parsing time "25:00": hour out of range'),
    ],
)
def test_malformed_times(layout: str, text: str, message: str):
    with pytest.raises(GoError) as caught:
        parse_time(layout, text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ now | date `2006-01-02` }} {{ now | htmlDate }} {{ unixEpoch now }}", "2023-11-14 2023-11-14 1700000000"),
        ("{{ dateInZone `15:04 MST -0700` 1700000000 `Europe/Berlin` }}", "23:13 CET +0100"),
        ("{{ dateInZone `15:04` (int64 1700000000) `Nope/Zone` }} {{ htmlDateInZone 0 `UTC` }}", "22:13 1970-01-01"),
        ("{{ toDate `2006-01-02` `2020-01-01` | dateModify `+36h` | date `2006-01-02 15:04` }}", "2020-01-02 12:00"),
        (
            "{{ dateModify `x` (toDate `2006` `2020`) | date `2006` }} {{ toDate `2006` `x` | unixEpoch }}",
            "2020 -62135596800",
        ),
        ("{{ ago (now.Add (mustToDuration `-90.4s`)) }} {{ ago now }} {{ date `15:04` `x` }}", "1m30s 0s 22:13"),
        ("{{ duration `95` }} {{ duration 95 }} {{ duration (int64 3600) }}", "1m35s 0s 1h0m0s"),
        (
            "{{ durationRound `2h10m5s` }} {{ durationRound `26h` }} {{ durationRound `400h` }}"
            " {{ durationRound `x` }}",
            "2h 1d 16d 0s",
        ),
        (
            "{{ durationRound (int64 90000000000) }} {{ durationRound 5 }} {{ durationRound (now.AddDate -2 0 0) }}",
            "1m 0s 2y",
        ),
        (
            "{{ (mustToDuration `1h30m`).Hours }} {{ mustToDuration 1.5 }} {{ (mustToDuration 90).Minutes }}",
            "1.5 1.5s 1.5",
        ),
        (
            "{{ now.Year }} {{ now.Month }} {{ now.YearDay }} {{ now.Weekday }}"
            " {{ (now.Truncate 3600000000000).Minute }}",
            "2023 November 318 Tuesday 0",
        ),
        (
            "{{ (now.AddDate 0 0 -1).Day }} {{ now.Before (now.AddDate 0 0 1) }} {{ now.Sub (now.AddDate 0 0 -1) }}",
            "13 true 24h0m0s",
        ),
    ],
)
def test_functions(text: str, expected: str):
    assert render(text) == expected


def test_must_functions_fail():
    assert failure("{{ mustToDate `2006` `x` }}").endswith('parsing time "x" as "2006": cannot parse "x" as "2006"')
    assert failure("{{ mustDateModify `5` now }}").endswith('time: missing unit in duration "5"')


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1h2m3s", 3_723_000_000_000),
        ("-1.5h", -5_400_000_000_000),
        ("1µs", 1000),
        ("10ms5us", 10_005_000),
        (".5s", 500_000_000),
    ],
)
def test_durations_are_read(text: str, nanoseconds: int):
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("x", 'time: invalid duration "x"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        (".s", 'time: invalid duration ".s"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_malformed_durations(text: str, message: str):
    with pytest.raises(GoError) as caught:
        parse_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (-90_000_000_000, "-1m30s"),
        (3_600_000_000_000, "1h0m0s"),
    ],
)
def test_durations_are_written(nanoseconds: int, text: str):
    assert format_duration(nanoseconds) == text
