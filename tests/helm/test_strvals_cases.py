"""Every recorded case of Helm's --set languages."""

import copy
import json
from pathlib import Path

import pytest

from kubesim.helm.chart import strvals
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.values import Int64

CASES = json.loads((Path(__file__).parent / "cases" / "strvals.json").read_text(encoding="utf-8"))
PARSERS = {
    "set": strvals.parse_into,
    "set-into": strvals.parse_into,
    "set-json": strvals.parse_json,
    "set-literal": strvals.parse_literal_into,
    "set-literal-into": strvals.parse_literal_into,
}


def parser_of(case):
    return strvals.parse_into_string if case["table"] == "testsString" else PARSERS[case["kind"]]


@pytest.mark.parametrize("case", CASES, ids=[f"{c['kind']}-{n}" for n, c in enumerate(CASES)])
def test_recorded_case(case):
    parse = parser_of(case)
    data = copy.deepcopy(case.get("got") or {})
    texts = [case[name] for name in ("str", "input", "input2") if name in case]
    if case.get("err"):
        with pytest.raises(ChartError):
            parse(texts[-1], data)
        return
    for text in texts:
        parse(text, data)
    assert data == case["expect"]


def test_whole_numbers_are_int64_and_everything_else_is_text():
    data = strvals.parse("x=1,y=1.5,z=0x10,d=012,e=1e3,big=9223372036854775808,neg=-5,t=TRUE,n=Null")
    assert data == {
        "x": 1, "y": "1.5", "z": "0x10", "d": "012", "e": "1e3", "big": "9223372036854775808", "neg": -5, "t": True,
        "n": None,
    }  # fmt: skip
    assert type(data["x"]) is Int64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name1,name2=", 'key "name1" has no value (cannot end with ,)'),
        ("name1", 'key "name1" has no value'),
        ("a.=b", 'key map "a" has no value'),
        ("a={1,2", "list must terminate with '}'"),
        ("list[-2]=1", "negative -2 index not allowed"),
        ("list[x]=1", 'error parsing index: strconv.Atoi: parsing "x": invalid syntax'),
        ("a[70000]=1", "index of 70000 is greater than maximum supported index of 65536"),
        ("a[0]b=1", 'unexpected data at end of array index: "b"'),
        ("a=1,a.b=2", "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}"),
        ("a=,a[0]=2", "unable to parse key: interface conversion: interface {} is string, not []interface {}"),
        (
            ".".join("abcdefghijklmnopqrstuvwxyzabcdefg") + "=1",
            "value name nested level is greater than maximum supported nested level of 30",
        ),
    ],
)
def test_errors_have_helms_texts(text: str, message: str):
    with pytest.raises(ChartError) as error:
        strvals.parse(text)
    assert str(error.value) == message


def test_files_are_read_by_the_reader():
    data: dict[str, object] = {}
    strvals.parse_into_file("a.b=one.txt,c={x,y}", data, {"one.txt": "1", "x": "X", "y": "Y"}.__getitem__)
    assert data == {"a": {"b": "1"}, "c": ["X", "Y"]}
