"""JSON as Go writes and reads it, and the functions on JSON, YAML and TOML."""

from typing import Any

import pytest

from helm.rendering import render
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import Int64, NilList, NilMap, StringSlice
from kubesim.helm.yaml.gojson import from_json, marshal, to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (Int64(5), "5"),
        (1.0, "1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (-0.0, "-0"),
        ("<a>&\u2028\x01\x7f\b\f", '"\\u003ca\\u003e\\u0026\\u2028\\u0001\x7f\\b\\f"'),
        ('"\\\n\t\r', '"\\"\\\\\\n\\t\\r"'),
        ("é\udcff", '"é\ufffd"'),
        ({"b": 1, "a": [1, {}], "10": None, "9": []}, '{"10":null,"9":[],"a":[1,{}],"b":1}'),
        (NilList(), "null"),
        (NilMap(), "null"),
        (StringSlice(["a"]), '["a"]'),
        (b"\xff", '"/w=="'),
    ],
)
def test_marshal(value: Any, expected: str):
    assert marshal(value) == expected


def test_indent_and_raw():
    assert to_json({"a": [1, {}], "b": []}, indent="  ") == '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}'
    assert to_json("<\u2028>", escape_html=False) == '"<\\u2028>"'


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "json: unsupported value: +Inf"),
        (float("nan"), "json: unsupported value: NaN"),
        (1j, "json: unsupported type: complex128"),
    ],
)
def test_what_json_cannot_say(value: Any, message: str):
    with pytest.raises(GoError) as caught:
        marshal(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": [true, null, "x"]}', {"a": [True, None, "x"]}),
        ("5", 5.0),
        ('"\\ud83d\\ude00\\ud800"', "😀\ufffd"),
        (' \n"\\u0041" ', "A"),
    ],
)
def test_from_json(text: str, value: Any):
    read = from_json(text)
    assert read == value
    assert not isinstance(read, int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ("[1", "unexpected end of JSON input"),
        ("bad", "invalid character 'b' looking for beginning of value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("1 2", "invalid character '2' after top-level value"),
        ('"a\nb"', "invalid character '\\n' in string"),
        ('"\\q"', "invalid escape sequence `\\q` in string"),
        ('"\\u00g0"', "invalid escape sequence `\\u00g0` in string"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' in numeric literal"),
        ("1ex", "invalid character 'x' in numeric literal"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("01", "invalid character '1' after top-level value"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ],
)
def test_malformed_json(text: str, message: str):
    with pytest.raises(GoError) as caught:
        from_json(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{{ fromJson `{"a": 1}` }} {{ fromJson `[1]` }} {{ fromJson `null` }}',
            "map[a:1] map[Error:json: cannot unmarshal array into Go value of type map[string]interface {}] map[]",
        ),
        ('{{ fromJsonArray `[1, "a"]` }} {{ mustFromJson `5` | typeOf }}', "[1 a] float64"),
        (
            "{{ toJson (dict `t` now `v` (semver `1.2.3`) `d` (mustToDuration 1)) }}",
            '{"d":1000000000,"t":"2023-11-14T22:13:20.123Z","v":"1.2.3"}',
        ),
        (
            "{{ toPrettyJson (list) }} {{ toRawJson `<` }} {{ toJson (dict `f` 1e20) }}",
            '[] "<" {"f":100000000000000000000}',
        ),
        ("{{ toYaml (dict `a` (list 1 `b`)) }}", "a:\n- 1\n- b"),
        (
            "{{ (fromYaml `a: 1`).a | typeOf }} {{ fromYamlArray `[1]` }} {{ fromYaml `- a` | keys }}",
            "float64 [1] [Error]",
        ),
        ('{{ fromToml `a = 1\nb = 1.5\nc = [1, "x"]\n[d]\ne = true` }}', "map[a:1 b:1.5 c:[1 x] d:map[e:true]]"),
        (
            "{{ typeOf (fromToml `a = 1`).a }} {{ typeOf (fromToml `[[a]]\nb = 1`).a }}",
            "int64 []map[string]interface {}",
        ),
        ("{{ (fromToml `a = 2020-01-02T03:04:05+01:00`).a }}", "2020-01-02 03:04:05 +0100 +0100"),
        ("{{ fromToml `a` }}", "map[Error:toml: line 1: unexpected EOF; expected key separator '=']"),
    ],
)
def test_document_functions(text: str, expected: str):
    assert render(text) == expected


def test_values_have_methods():
    from kubesim.helm.template.values import Values

    data = Values({"Values": Values({"a": {"b": 1.0}, "c": "x"})})
    assert render("{{ typeOf . }} {{ .Values.Table `a` }} {{ .Values.PathValue `a.b` }} {{ .Values.YAML }}", data) == (
        "common.Values map[b:1] 1 a:\n  b: 1\nc: x\n"
    )
