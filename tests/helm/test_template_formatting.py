"""Printing and printf beyond Go's own table: widths, flags, lists, maps and wrong verbs."""

from typing import Any

import pytest

from helm.rendering import render
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.formatting import sprint, sprintf, sprintln
from kubesim.helm.template.numbers import format_float, parse_float, parse_int
from kubesim.helm.template.quoting import quote, unquote
from kubesim.helm.template.values import Int64, UInt8


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("%*d|", 5, 3), "    3|"),
        (("%-*d|", 4, 1), "1   |"),
        (("%[2]s %[1]s", "a", "b"), "b a"),
        (("%[3]d", 1), "%!d(BADINDEX)"),
        (("%d %d", 1), "1 %!d(MISSING)"),
        (("%!",), "%!!(MISSING)"),
        (("%",), "%!(NOVERB)"),
        (("%d%%", 5), "5%"),
        (("a", 1, "b", None), "a%!(EXTRA int=1, string=b, <nil>)"),
        (("%s", [1.0, None, "x"]), "[%!s(float64=1) <nil> x]"),
        (("%d", [1, Int64(2)]), "[1 2]"),
        (("%v", {"b": 1, "a": [None, {}]}), "map[a:[<nil> map[]] b:1]"),
        (("%#v", {"a": [1, "x", None]}), 'map[string]interface {}{"a":[]interface {}{1, "x", interface {}(nil)}}'),
        (("%T %T %T", Int64(1), [1], None), "int64 []interface {} <nil>"),
        (("%q", "é\x00\u2028"), '"é\\x00\\u2028"'),
        (("%+q", "é\U0001f600"), '"\\u00e9\\U0001f600"'),
        (("%q %q", 65, 0x1F600), "'A' '😀'"),
        (("%x %X", "hi", 255), "6869 FF"),
        (("%08.3f|%+d|% d", 3.14159, 5, 5), "0003.142|+5| 5"),
        (("%t %v", True, False), "true false"),
        (("%s", True), "%!s(bool=true)"),
        (("%c%c", 0x4E2D, 65), "中A"),
        (("%U", 0x1F600), "U+1F600"),
        (("%6.2f|%-8s|%8s", 1.0, "é", "ab"), "  1.00|é       |      ab"),
        (("%e %g %G", 1234567.0, 1e-7, 1e20), "1.234567e+06 1e-07 1E+20"),
        (("%v %v", UInt8(7), b"ab"), "7 [97 98]"),
        (("%*d", "x", 1), "%!(BADWIDTH)1"),
        (("%.*f", 2, 1.0), "1.00"),
        (("%s %v", "a", "b"), "a b"),
        (("%[1]d %[1]v %d", 1, 2), "1 1 2"),
    ],
)
def test_sprintf(arguments: tuple[Any, ...], expected: str):
    assert sprintf(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1, 2, "a", "b", 3), "1 2ab3"),
        (("a", 1, 2, "b"), "a1 2b"),
        ((None, 1.0, None), "<nil> 1 <nil>"),
        ((), ""),
    ],
)
def test_sprint(arguments: tuple[Any, ...], expected: str):
    assert sprint(*arguments) == expected


def test_sprintln():
    assert sprintln("a", 1, None) == "a 1 <nil>\n"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1e6, "1e+06"),
        (100000.0, "100000"),
        (123456789.0, "1.23456789e+08"),
        (1234567.8, "1.2345678e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-0.0, "-0"),
        (1e100, "1e+100"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
        (123456789012345678.0, "1.2345678901234568e+17"),
    ],
)
def test_floats(number: float, expected: str):
    assert format_float(number) == expected


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("0x1f", 0, 31),
        ("017", 0, 15),
        ("0b11", 0, 3),
        ("0o17", 0, 15),
        ("1_000", 0, 1000),
        ("-5", 10, -5),
        ("+5", 10, 5),
    ],
)
def test_parse_int(text: str, base: int, expected: int):
    assert parse_int(text, base) == expected


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        ("", 10, 'strconv.ParseInt: parsing "": invalid syntax'),
        ("1_0", 10, 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        ("1__0", 0, 'strconv.ParseInt: parsing "1__0": invalid syntax'),
        ("9223372036854775808", 10, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'),
        ("08", 0, 'strconv.ParseInt: parsing "08": invalid syntax'),
    ],
)
def test_parse_int_errors(text: str, base: int, expected: str):
    with pytest.raises(GoError) as caught:
        parse_int(text, base)
    assert str(caught.value) == expected


@pytest.mark.parametrize("text", ["1.5", "1e3", ".5", "5.", "0x1p-2", "1_0.5", "-inf", "Infinity"])
def test_parse_float_accepts(text: str):
    parse_float(text)


@pytest.mark.parametrize("text", ["", "1e", "abc", "1_", "0x1", "1.5f", "e5", " 1"])
def test_parse_float_refuses(text: str):
    with pytest.raises(GoError):
        parse_float(text)


@pytest.mark.parametrize("text", ["plain", 'a"b\\', "é\n\t\x01\x7f", "\ufeff\u00a0", "\udcff"])
def test_quoting_round_trips(text: str):
    assert unquote(quote(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{ genCA "x" 1 | kindOf }}', "struct"),
        ('{{ semver "1.2.3" }} {{ print (semver "1.2.3") }} {{ list (semver "1.2.3") }}', "1.2.3 1.2.3 [1.2.3]"),
        ("{{ now }}", "2023-11-14 22:13:20.123 +0000 UTC"),
        ("{{ mustToDuration 90 }} {{ now.Weekday }} {{ printf `%d` now.Month }}", "1m30s Tuesday 11"),
        ("{{ 1i }} {{ list 1i }}", "(0+1i) [(0+1i)]"),
        (
            "{{ html `<a>&'\"` }} {{ js `<'` }} {{ urlquery `a b&é` }}",
            "&lt;a&gt;&amp;&#39;&#34; \\u003C\\' a+b%26%C3%A9",
        ),
    ],
)
def test_objects_print_as_go_prints_them(text: str, expected: str):
    assert render(text) == expected
