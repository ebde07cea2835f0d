"""Templates that would never end, or fill the memory, end in an error."""

import sys

import pytest

from helm.rendering import context, failure, render, small_budget
from kubesim.helm.template.errors import BudgetError, TemplateError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ range until 1000000000 }}x{{ end }}", "more than 20000 steps"),
        ("{{ range 1000000000 }}x{{ end }}", "more than 20000 steps"),
        ("{{ range until 10000 }}{{ range until 10000 }}x{{ end }}{{ end }}", "more than 20000 steps"),
        ("{{ seq 1 1000000000 }}", "more than 20000 steps"),
        ("{{ $x := `ab` }}{{ range until 60 }}{{ $x = printf `%s%s` $x $x }}{{ end }}", "100000 characters"),
        ("{{ $x := repeat 10000 `x` }}{{ range until 1000 }}{{ $x }}{{ end }}", "100000 characters"),
        ("{{ repeat 2000000000 `x` }}", "100000 characters"),
        ("{{ indent 2000000000 `x` }}", "100000 characters"),
        ("{{ randAlphaNum 2000000000 }}", "100000 characters"),
        ("{{ replace `x` (repeat 1000 `y`) (repeat 1000 `x`) }}", "100000 characters"),
        ("{{ regexReplaceAll `x` (repeat 1000 `x`) (repeat 1000 `y`) }}", "100000 characters"),
        ("{{ join (repeat 1000 `z`) (until 1000) }}", "100000 characters"),
        ("{{ wrapWith 1 (repeat 1000 `z`) (repeat 1000 `a`) }}", "100000 characters"),
        ("{{ $t := `{{ tpl .t . }}` }}{{ tpl $t (dict `t` $t) }}", "nests templates deeper than 5000"),
    ],
)
def test_exhaustion(text: str, expected: str):
    made = context(budget=small_budget())
    made.add("t", text)
    with pytest.raises(BudgetError, match=expected):
        made.execute("t", {})


def test_includes_nest_a_thousandfold():
    message = failure("{{ define `a` }}{{ include `a` . }}{{ end }}{{ include `a` . }}")
    assert message.endswith("rendering template has a nested reference name: a: unable to execute template")
    assert message.count("error calling include") == 1002


def test_templates_that_call_themselves():
    message = failure("{{ define `a` }}{{ template `a` . }}{{ end }}{{ template `a` . }}")
    assert message.endswith("exceeded maximum template depth (100000)")


def test_deep_recursion_that_ends_is_fine():
    text = "{{ define `n` }}{{ if . }}{{ include `n` (int (sub . 1)) }}x{{ end }}{{ end }}{{ include `n` 900 | len }}"
    assert render(text) == "900"


@pytest.mark.parametrize(
    "use",
    [
        "{{ print $x }}",
        "{{ mustToJson $x }}",
        "{{ mustToYaml $x }}",
        "{{ deepCopy $x }}",
        "{{ deepEqual $x (list $x) }}",
        "{{ toToml (dict `x` $x) | fail }}",
    ],
)
def test_shared_values_do_not_explode(use: str):
    grow = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}"
    assert "the value is too large" in failure(grow + use)


@pytest.mark.parametrize("use", ["{{ $x }}", "{{ mustToJson $x }}", "{{ mustToYaml $x }}", "{{ deepCopy $x }}"])
def test_cycles_end(use: str):
    assert "too large" in failure("{{ $x := dict }}{{ $_ := set $x `x` $x }}" + use)


@pytest.mark.parametrize("text", ["{{if 1}}" * 5000 + "{{end}}" * 5000, "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}"])
def test_nesting_has_a_limit(text: str):
    assert failure(text) == "template: t:1: nested deeper than 300 levels"


def test_json_nesting_has_a_limit():
    assert render("{{ fromJson (repeat 100000 `[`) }}") == "map[Error:exceeded max depth]"


def test_python_keeps_its_own_limit():
    before = sys.getrecursionlimit()
    made = context()
    made.add("t", "{{ define `a` }}{{ include `a` . }}{{ end }}{{ include `a` . }}")
    with pytest.raises(TemplateError):
        made.execute("t", {})
    assert sys.getrecursionlimit() == before


def test_a_context_can_go_on_after_a_failure():
    made = context()
    made.add("bad", "{{ fail `x` }}")
    made.add("good", "ok")
    with pytest.raises(TemplateError):
        made.execute("bad", {})
    assert made.execute("good", {}) == "ok"
    assert made.budget.depth == 0
