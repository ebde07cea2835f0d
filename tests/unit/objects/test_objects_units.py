"""Int-or-percent, Go durations and hashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.objects import units


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [(3, 10, 3, 3), ("25%", 10, 3, 2), ("0%", 10, 0, 0), ("100%", 7, 7, 7), ("50%", 3, 2, 1), ("150%", 2, 3, 3)],
)
def test_int_or_percent(value, total, up, down):
    assert units.int_or_percent(value, total, round_up=True) == up
    assert units.int_or_percent(value, total, round_up=False) == down


@pytest.mark.parametrize("value", ["5", "x%", "", "1.5%"])
def test_not_a_percentage(value):
    with pytest.raises(ValueError, match="string is not a percentage"):
        units.int_or_percent(value, 1, round_up=True)


@pytest.mark.parametrize(
    ("text", "nanoseconds", "printed"),
    [
        ("0", 0, "0s"),
        ("300ms", 300_000_000, "300ms"),
        ("1.5s", 1_500_000_000, "1.5s"),
        ("90s", 90_000_000_000, "1m30s"),
        ("1h", 3_600_000_000_000, "1h0m0s"),
        ("1h15m30.5s", 4_530_500_000_000, "1h15m30.5s"),
        ("-2m", -120_000_000_000, "-2m0s"),
        ("1us", 1_000, "1\u00b5s"),
        ("15ns", 15, "15ns"),
        (".5h", 1_800_000_000_000, "30m0s"),
    ],
)
def test_durations(text, nanoseconds, printed):
    assert units.parse_duration(text) == nanoseconds
    assert units.format_duration(nanoseconds) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("x", 'time: invalid duration "x"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
        ("1h5", 'time: missing unit in duration "1h5"'),
        (".s", 'time: invalid duration ".s"'),
    ],
)
def test_bad_durations(text, message):
    with pytest.raises(ValueError, match=r".*") as caught:
        units.parse_duration(text)
    assert str(caught.value) == message


@given(st.integers(-(10**18), 10**18))
def test_duration_round_trip(nanoseconds):
    assert units.parse_duration(units.format_duration(nanoseconds)) == nanoseconds


def test_fnv32a():
    assert units.fnv32a(b"") == 0x811C9DC5
    assert units.fnv32a(b"a") == 0xE40C292C
    assert units.fnv32a(b"foobar") == 0xBF9CF968


def test_safe_encode():
    assert units.safe_encode("0123456789") == "456789bcdf"
    assert set(units.safe_encode("4294967295")) <= set(units.SAFE_ALPHABET)
