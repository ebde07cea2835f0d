"""The texts of parse and execution errors, with their positions."""

import pytest

from helm.rendering import context, failure
from kubesim.helm.template.errors import ExecutionError, GoError

DATA = {"s": "two", "f": 1e6, "l": [3.0, 1.0], "m": {"a": None}, "deep": {"x": {"y": "v"}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ if true }}", "unexpected EOF"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ else }}", "unexpected {{else}}"),
        ("{{ nope }}", 'function "nope" not defined'),
        ("{{ $y }}", 'undefined variable "$y"'),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ range .l }}{{ continue x }}{{ end }}", 'unexpected "x" in {{continue}}'),
        ('{{ "a', "unterminated quoted string"),
        ("{{ `a", "unterminated raw quoted string"),
        ("{{ 'a", "unterminated character constant"),
        ("{{ 'ab' }}", "malformed character constant: 'ab'"),
        ("{{ 1x }}", 'bad number syntax: "1x"'),
        ("{{ 1_ }}", 'illegal number syntax: "1_"'),
        ("{{ 99999999999999999999 }}", 'integer overflow: "99999999999999999999"'),
        ("{{ .a% }}", "bad character U+0025 '%'"),
        ("{{ ☺ }}", "unrecognized character in action: U+263A '☺'"),
        ("{{ : }}", "expected :="),
        ("{{ () }}", "missing value for parenthesized pipeline"),
        ("{{ if }}{{ end }}", "missing value for if"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1) }}", "unexpected right paren"),
        ("{{/* a", "unclosed comment"),
        ("{{/* a */ }}", "comment ends before closing delimiter"),
        ("{{ ", "unclosed action"),
        ("{{ nil.a }}", 'unexpected . after term "nil"'),
        ("{{ `x` | `y` }}", "non executable command in pipeline stage 2"),
        ("{{ $a, $b := 1 }}", "too many declarations in command"),
        ("{{ range $a, $b, $c := .l }}{{ end }}", "too many declarations in range"),
        ("{{ range $a, 1 := .l }}{{ end }}", "range can only initialize variables"),
        ("{{ template x }}", 'unexpected "x" in template clause'),
        ("{{ define x }}", 'unexpected "x" in define clause'),
        ("{{ if 1 }}{{ define `x` }}{{ end }}{{ end }}", "unexpected <define> in command"),
        ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"),
        ("{{ define `x` }}1{{ end }}{{ define `x` }}2{{ end }}", 'template: multiple definition of template "x"'),
        ("{{ $x := 1 }}{{ define `u` }}{{ $x }}{{ end }}", 'undefined variable "$x"'),
        ('{{ "\\q" }}', "invalid syntax"),
    ],
)
def test_parse_errors(text: str, message: str):
    assert failure(text, DATA) == f"template: t:1: {message}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n{{ print\n   nope }}", 'template: t:3: function "nope" not defined'),
        ("{{ if 1 }}\n\n", "template: t:3: unexpected EOF"),
        ("{{ print 1\n  `a", "template: t:2: unterminated raw quoted string in action started at t:1"),
        ("{{ print 1\n", "template: t:2: unclosed action started at t:1"),
    ],
)
def test_parse_errors_name_their_line(text: str, expected: str):
    assert failure(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("{{ .s.x }}", "5: .s.x", "can't evaluate field x in type interface {}"),
        ("{{ .m.a.b }}", "5: .m.a.b", "nil pointer evaluating interface {}.b"),
        ("{{ .nope.x }}", "8: .nope.x", "nil pointer evaluating interface {}.x"),
        ("{{ with .s }}{{ .x }}{{ end }}", "16: .x", "can't evaluate field x in type string"),
        ("{{ range .l }}{{ .x }}{{ end }}", "17: .x", "can't evaluate field x in type interface {}"),
        ("{{ range splitList `,` `a` }}{{ .x }}{{ end }}", "32: .x", "can't evaluate field x in type string"),
        ("{{ range $v := .l }}{{ $v.x }}{{ end }}", "25: $v.x", "can't evaluate field x in type interface {}"),
        ("{{ $v := .s }}{{ $v.x }}", "19: $v.x", "can't evaluate field x in type string"),
        ("{{ .s | .deep.x }}", "13: .deep.x", "x is not a method but has arguments"),
        ("{{ upper 1 }}", "9: 1", "expected string; found 1"),
        ("{{ upper nil }}", "9: nil", "cannot assign nil to string"),
        ("{{ upper .nope }}", "9: .nope", "wrong type for value; expected string; got interface {}"),
        ("{{ .nope | upper }}", "11: upper", "invalid value; expected string"),
        ("{{ .f | trunc 1 }}", "14: 1", "wrong type for value; expected string; got float64"),
        ("{{ upper `a` `b` }}", "3: upper", "wrong number of args for upper: want 1 got 2"),
        ("{{ max }}", "3: max", "wrong number of args for max: want at least 1 got 0"),
        ("{{ until 1.5 }}", "9: 1.5", "expected integer; found 1.5"),
        ("{{ ternary 1 2 `x` }}", "15: `x`", "expected bool; found `x`"),
        ("{{ keys `x` }}", "8: `x`", "can't handle `x` for arg of type map[string]interface {}"),
        ("{{ 1 2 }}", "3: 1", "can't give argument to non-function 1"),
        ("{{ nil }}", "3: nil", "nil is not a command"),
        ("{{ $x = 1 }}", "8: 1", "undefined variable: $x"),
        ("{{ range .s }}{{ end }}", "9: .s", "range can't iterate over two"),
        ("{{ range $i, $c := 3 }}{{ end }}", "19: 3", "can't use 3 to iterate over more than one variable"),
        ("{{ template `n` . }}", '12: {{template "n" .}}', 'template "n" not defined'),
        ("{{ 9223372036854775808 }}", "3: 9223372036854775808", "9223372036854775808 overflows int"),
        ("{{ index .l 9 }}", "3: index .l 9", "error calling index: index out of range: 9"),
        ("{{ index nil 1 }}", "3: index nil 1", "error calling index: index of untyped nil"),
        ("{{ eq .s 1 }}", "3: eq .s 1", "error calling eq: incompatible types for comparison: string and int"),
        (
            "{{ eq .l .l }}",
            "3: eq .l .l",
            "error calling eq: non-comparable type [%!s(float64=3) %!s(float64=1)]: []interface {}",
        ),
        ("{{ div 1 0 }}", "3: div 1 0", "error calling div: runtime error: integer divide by zero"),
        ("é{{ .s.x }}", "7: .s.x", "can't evaluate field x in type interface {}"),
        ("{{ (semver `1.2.3`).Nope }}", "11: `1.2.3`", "can't evaluate field Nope in type *semver.Version"),
        ("{{ (semver `1.2.3`).Compare }}", "11: `1.2.3`", "wrong number of args for Compare: want 1 got 0"),
    ],
)
def test_execution_errors(text: str, where: str, message: str):
    column, _, node = where.partition(": ")
    assert failure(text, DATA) == f'template: t:1:{column}: executing "t" at <{node}>: {message}'


def test_positions_count_lines():
    assert failure("a\n\n  {{ .s.x }}", DATA).startswith('template: t:3:7: executing "t" at <.s.x>: ')


def test_errors_name_the_template_and_wrap():
    text = "{{ define `a` }}{{ .s.x }}{{ end }}{{ include `a` . }}"
    inner = 'template: t:1:21: executing "a" at <.s.x>: can\'t evaluate field x in type interface {}'
    assert failure(text, DATA) == f'template: t:1:38: executing "t" at <include `a` .>: error calling include: {inner}'
    made = context()
    made.add("t", text)
    with pytest.raises(ExecutionError) as caught:
        made.execute("t", DATA)
    assert isinstance(caught.value.cause, ExecutionError)
    assert str(caught.value.cause) == inner


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (
            '{{ include "nope" . }}',
            'error calling include: template: no template "nope" associated with template "gotpl"',
        ),
        ('{{ tpl "{{ .s" . }}', 'error calling tpl: cannot parse template "{{ .s": template: gotpl:1: unclosed action'),
        ('{{ fail "no" }}', "error calling fail: HELM_ERR_STARTnoHELM_ERR_END"),
        ('{{ required "need" "" }}', "error calling required: HELM_ERR_STARTneedHELM_ERR_END"),
    ],
)
def test_engine_function_errors(text: str, ending: str):
    assert failure(text, DATA).endswith(ending)


def test_strict_rendering_refuses_missing_keys():
    assert failure("{{ .m.zz }}", DATA, strict=True).endswith('<.m.zz>: map has no entry for key "zz"')
    assert failure("{{ $x := .m.a }}{{ $x.y }}", DATA, strict=True).endswith('nil data; no entry for key "y"')


def test_unknown_template():
    with pytest.raises(GoError, match='no template "x" associated with template "gotpl"'):
        context().execute("x", None)
