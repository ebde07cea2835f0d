"""The language: trimming, scopes, control, definitions, fields and what nil means."""

import pytest

from helm.rendering import context, render

DATA = {
    "f": 1e6,
    "l": [3.0, 1.0, 2.0],
    "m": {"b": 1.0, "a": None, "10": "x", "9": "y"},
    "s": "two",
    "nul": None,
    "empty": "",
    "deep": {"x": {"y": "v"}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a \n {{- 1 -}} \t\r\n b", "a1b"),
        ("a {{- /* comment */ -}} b", "ab"),
        ("a {{/* comment */}} b", "a  b"),
        ("{{-1}}", "-1"),
        ("{{ 3\n}}", "3"),
        ("{{ print\n  1\n  2 }}", "1 2"),
        ("{{ `a\n{{b}}` }}", "a\n{{b}}"),
        ('{{ "\\u00e9\\x41\\101\\n" }}', "éAA\n"),
        ('{{ "{{" }}}}', "{{}}"),
    ],
)
def test_text_and_trimming(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 0x1F }} {{ 0o17 }} {{ 017 }} {{ 0b11 }} {{ 1_000 }}", "31 15 15 3 1000"),
        ("{{ 1.0 }} {{ 1e3 }} {{ 'a' }} {{ '\\n' }} {{ 1i }}", "1 1000 97 10 (0+1i)"),
        ("{{ 0x1p4 }} {{ -0 }} {{ +5 }} {{ .5 }}", "16 0 5 0.5"),
        ("{{ 1e6 }} {{ 1000000 }} {{ 100000.0 }} {{ 1e21 }} {{ 0.00001 }}", "1e+06 1000000 100000 1e+21 1e-05"),
    ],
)
def test_numbers(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ range .l }}{{ $x = add $x . }}{{ end }}{{ $x }}", "7"),
        ("{{ range $x := .l }}{{ $x }}{{ end }}", "312"),
        ("{{ range $i, $x := .l }}{{ $i }}{{ $x }},{{ end }}", "03,11,22,"),
        ("{{ range $k, $v := .m }}{{ $k }}={{ $v }},{{ end }}", "10=x,9=y,a=,b=1,"),
        ("{{ $x := 9 }}{{ range $x = .l }}{{ end }}{{ $x }}", "2"),
        ("{{ range $k, $_ := (dict) }}x{{ else }}{{ $k }}{{ end }}", "map[]"),
        ("{{ with $v := .s }}{{ $v }}{{ . }}{{ end }}", "twotwo"),
        ("{{ if $v := .empty }}x{{ else }}[{{ $v }}]{{ end }}", "[]"),
        ("{{ $x := 1 | add 2 }}{{ $x }}", "3"),
        ("{{ with .deep }}{{ $.s }}{{ end }}", "two"),
    ],
)
def test_variables(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ if .nope }}a{{ else if eq 1 1 }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .nope }}a{{ else with .s }}{{ . }}{{ else }}c{{ end }}", "two"),
        ("{{ range .nope }}a{{ else }}none{{ end }}", "none"),
        ("{{ range 3 }}{{ . }}{{ end }}{{ range -1 }}x{{ else }}e{{ end }}", "012e"),
        ("{{ range int64 2 }}{{ typeOf . }} {{ end }}", "int64 int64 "),
        ("{{ range .l }}{{ if eq . 1.0 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "32"),
        ("{{ range .l }}{{ with . }}{{ if eq . 1.0 }}{{ break }}{{ end }}{{ end }}{{ . }}{{ end }}", "3"),
        ("{{ range .l }}{{ range 5 }}{{ break }}{{ end }}{{ . }}{{ end }}", "312"),
        ("{{ and .nope (fail `x`) }}|{{ or 1 (fail `x`) }}", "|1"),
        ("{{ or 0 `` .nope }}|{{ and 1 `a` }}", "|a"),
        ("{{ $d := dict `a` 1 }}{{ range $k, $v := $d }}{{ $_ := set $d `b` 2 }}{{ $k }}{{ end }}{{ len $d }}", "a2"),
    ],
)
def test_control(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ template `a` }}{{ define `a` }}[{{ . }}]{{ end }}", "[]"),
        ("{{ define `a` }}[{{ . }}]{{ end }}{{ template `a` .s }}{{ include `a` 1 }}", "[two][1]"),
        ("{{ define `a` }}A{{ end }}{{ define `a` }} {{ end }}{{ include `a` . }}", "A"),
        ("{{ block `b` .s }}<{{ . }}>{{ end }}", "<two>"),
        ("{{ define `a` }}{{ $ }}{{ end }}{{ include `a` .l }}", "[3 1 2]"),
        ('{{ tpl `{{ define "z" }}Z{{ end }}{{ include "z" . }}` . }}', "Z"),
        ("{{ tpl `<no value>{{ .nope }}` . }}|", "|"),
        ('{{ define `h` }}H{{ end }}{{ tpl `{{ include "h" . }}` . }}', "H"),
    ],
)
def test_definitions(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .nope }}|{{ .deep.x.y }}|{{ (.nope).x }}|{{ .deep.nope }}", "|v||"),
        ("{{ hasKey nil `x` }} {{ $n := .nope }}{{ hasKey $n `a` }}", "false false"),
        ("{{ .nope | default `d` }} {{ default `d` .empty }} {{ default `d` .f }}", "d d 1e+06"),
        ("{{ (dict `a` 1).a }} {{ (splitList `,` `a,b`) | last }}", "1 b"),
        ("{{ (split `/` `a/b`)._1 }}{{ (split `/` `a`)._9 }}|", "b|"),
        ("{{ index .m `zz` }}|{{ index .l 0 }}{{ index `abc` 1 }}", "|398"),
        ("{{ len `é` }} {{ len .m }} {{ len .l }}", "2 4 3"),
        ("{{ now.Unix }} {{ (now.AddDate 1 0 0).Year }}", "1700000000 2024"),
        ("{{ `2.0.0` | semver | (semver `1.0.0`).Compare }}", "-1"),
        (
            "{{ kindOf .nope }} {{ typeOf .l }} {{ typeOf (until 1) }} {{ typeOf (add 1 2) }}",
            "invalid []interface {} []int int64",
        ),
        ("{{ eq .nope nil }} {{ eq nil nil }} {{ eq .nope false }} {{ eq .m nil }}", "true true false false"),
        (
            "{{ eq 1 (int64 1) }} {{ eq (index `a` 0) 'a' }} {{ lt (index `a` 0) 98 }} {{ eq 3 1 2 3 }}",
            "true true true true",
        ),
    ],
)
def test_fields_and_nil(text: str, expected: str):
    assert render(text, DATA) == expected


def test_an_empty_definition_does_not_replace_another_across_files():
    made = context()
    made.add("one", "{{ define `x` }}1{{ end }}")
    made.add("two", "{{ define `x` }}  {{ end }}")
    made.add("main", "{{ include `x` . }}")
    assert made.execute("main", None) == "1"
    made.add("three", "{{ define `x` }}3{{ end }}")
    assert made.execute("main", None) == "3"


def test_what_tpl_defines_stays_there():
    made = context()
    made.add("main", '{{ tpl `{{ define "z" }}Z{{ end }}` . }}')
    made.execute("main", None)
    assert "z" not in made.templates


def test_texts_are_parsed_once():
    made = context()
    first = made.add("same", "{{ `parsed once` }}")
    assert context().add("same", "{{ `parsed once` }}") is first


def test_bytes_survive():
    data = {"raw": b"\xff\x00\xc3\xa9".decode("utf-8", "surrogateescape")}
    assert render("{{ .raw | b64enc }} {{ len .raw }} {{ printf `%q` .raw }}", data) == '/wDDqQ== 4 "\\xff\\x00é"'


def test_lint_is_lenient():
    made = context(lint=True)
    made.add("t", "{{ required `need` .x }}{{ fail `bad` }}{{ lookup `v1` `Pod` `` `` }}")
    assert made.execute("t", {}) == "map[]"
    assert made.warnings == ["missing required value: need", "fail: bad"]


def test_lookup_asks_the_cluster():
    asked = []

    def lookup(version: str, kind: str, namespace: str, name: str) -> dict[str, object]:
        asked.append((version, kind, namespace, name))
        return {"data": {"a": "b"}}

    assert render("{{ (lookup `v1` `Secret` `ns` `n`).data.a }}", lookup=lookup) == "b"
    assert asked == [("v1", "Secret", "ns", "n")]
