"""Quantities against what resource.Quantity does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.objects import quantities


@pytest.mark.parametrize(
    ("text", "canonical", "units", "thousandths"),
    [
        ("0", "0", 0, 0),
        ("0.5", "500m", 1, 500),
        (0.5, "500m", 1, 500),
        (4, "4", 4, 4000),
        ("1000m", "1", 1, 1000),
        ("1500m", "1500m", 2, 1500),
        ("1024Mi", "1Gi", 2**30, 2**30 * 1000),
        ("1.5Gi", "1536Mi", 1536 * 2**20, 1536 * 2**20 * 1000),
        ("1000Ki", "1000Ki", 1024_000, 1024_000_000),
        ("1023", "1023", 1023, 1023_000),
        ("1000", "1k", 1000, 1_000_000),
        ("1.1Ki", "1126400m", 1127, 1_126_400),
        ("12.5Mi", "12800Ki", 12_800 * 1024, 12_800 * 1024_000),
        ("1e3", "1e3", 1000, 1_000_000),
        ("1200e0", "1200e0", 1200, 1_200_000),
        ("12e5", "1200e3", 1_200_000, 1_200_000_000),
        ("1E", "1E", 10**18, 10**21),
        ("100E", "100E", 10**20, 10**23),
        ("1Ei", "1Ei", 2**60, 2**60 * 1000),
        ("100n", "100n", 1, 1),
        ("0.1n", "1n", 1, 1),
        ("5u", "5u", 1, 1),
        ("-0.5", "-500m", -1, -500),
        ("-1500m", "-1500m", -2, -1500),
        ("1.250", "1.250", 2, 1250),
        ("+5", "+5", 5, 5000),
        ("100Ti", "100Ti", 100 * 2**40, 100 * 2**40 * 1000),
        (" 1 ", "1", 1, 1000),
    ],
)
def test_reading(text, canonical, units, thousandths):
    assert quantities.canonical(text) == canonical
    assert quantities.value(text) == units
    assert quantities.milli(text) == thousandths


FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX = "unable to parse quantity's suffix"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORMAT),
        ("abc", FORMAT),
        ("1x", FORMAT),
        ("1.2.3", FORMAT),
        ("5-", SUFFIX),
        ("1KiB", FORMAT),
        ("1ki", SUFFIX),
    ],
)
def test_bad_text(text, message):
    with pytest.raises(ValueError, match=r".*") as caught:
        quantities.check(text)
    assert str(caught.value) == message


def test_too_large_binary_is_capped():
    assert quantities.value("100Ei") == 2**63 - 1


@pytest.mark.parametrize(
    ("left", "right", "order"), [("1", "1000m", 0), ("1Gi", "1G", 1), ("100m", "0.2", -1), (1, "1", 0)]
)
def test_compare(left, right, order):
    assert quantities.compare(left, right) == order


@pytest.mark.parametrize(
    ("left", "right", "total", "rest"),
    [
        ("1", "500m", "1500m", "500m"),
        ("1Gi", "512Mi", "1536Mi", "512Mi"),
        ("0", "1Gi", "1Gi", "-1Gi"),
        ("1Gi", "1G", "2073741824", "73741824"),
        ("500m", "500m", "1", "0"),
    ],
)
def test_add_and_subtract(left, right, total, rest):
    assert quantities.add(left, right) == total
    assert quantities.subtract(left, right) == rest


def test_writing_amounts():
    assert quantities.from_milli(250) == "250m"
    assert quantities.from_milli(4000) == "4"
    assert quantities.from_bytes(8 * 2**30) == "8Gi"
    assert quantities.of_resource("cpu", 1500) == "1500m"
    assert quantities.of_resource("memory", 2**30) == "1Gi"
    assert quantities.of_resource("pods", 110) == "110"


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "n", "u", "e3"]))
def test_canonical_text_means_the_same(number, suffix):
    text = f"{number}{suffix}"
    written = quantities.canonical(text)
    assert quantities.compare(text, written) == 0
    assert quantities.canonical(written) == written


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_addition_is_undone_by_subtraction(left, right):
    total = quantities.add(quantities.from_milli(left), quantities.from_milli(right))
    assert (
        quantities.compare(quantities.subtract(total, quantities.from_milli(right)), quantities.from_milli(left)) == 0
    )
