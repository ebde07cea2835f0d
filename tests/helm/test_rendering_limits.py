"""Charts that ask for too much are refused with the template and place named, and a rendering can be stopped."""

from typing import Any

import pytest

from helm.charts import SOURCES, chart_of
from helm.rendering import failure, render
from kubesim.helm.engine import Release
from kubesim.helm.engine import render as render_chart
from kubesim.helm.template.errors import BudgetError, TemplateError
from kubesim.helm.template.execute.budget import Budget
from kubesim.helm.yaml.reader import read

RELEASE = Release("r")


def refusal(template: str, files: dict[str, str | bytes] | None = None, **limits: Any) -> str:
    """The text of the error that a chart with this template ends in."""
    chart = chart_of({"templates/x.yaml": template, **(files or {})})
    budget = Budget(**{"steps": 50_000, "characters": 200_000, **limits})
    with pytest.raises(BudgetError) as caught:
        render_chart(chart, {}, RELEASE, SOURCES, budget=budget)
    return str(caught.value)


@pytest.mark.parametrize(
    ("template", "place", "message"),
    [
        ("a: 1\n{{ range until 100000000 }}x{{ end }}", "t/templates/x.yaml:2:15", "more than 50000 steps"),
        ("{{ range 100000000 }}x{{ end }}", "t/templates/x.yaml:1:9", "more than 50000 steps"),
        ("k: {{ repeat 1000000 `x` }}", "t/templates/x.yaml:1:21", "more than 200000 characters"),
        ("{{ range until 300 }}" + "y" * 1000 + "{{ end }}", "t/templates/x.yaml:1:15", "more than 200000 characters"),
        ("{{ bcrypt `x` }}{{ bcrypt `x` }}", "t/templates/x.yaml:1", "more than 50000 steps"),
        ("{{ $x := dict }}{{ $_ := set $x `x` $x }}{{ toYaml $x }}", "t/templates/x.yaml:1", "the value is too large"),
    ],
    ids=["long range", "range over a number", "long text", "much text", "slow functions", "endless value"],
)
def test_errors_name_the_template_and_the_place(template: str, place: str, message: str):
    text = refusal(template)
    assert text.startswith(place)
    assert '\n  executing "t/templates/x.yaml" at <' in text
    assert message in text


def test_the_place_within_a_named_template():
    helpers = "{{ define `t.loop` }}\n{{ range until 1000000 }}x{{ end }}{{ end }}"
    text = refusal("k: {{ include `t.loop` . }}", {"templates/_h.tpl": helpers})
    assert text.startswith('t/templates/x.yaml: t/templates/_h.tpl:2:15\n  executing "t.loop" at <')


def test_the_place_within_tpl():
    text = refusal("k: {{ tpl `{{ range until 1000000 }}x{{ end }}` . }}")
    assert text.startswith("t/templates/x.yaml: gotpl:1:15\n")


def test_a_rendering_can_be_stopped():
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    text = refusal("{{ range until 40000 }}x{{ end }}", steps=1_000_000, stop=stop)
    assert text.endswith("rendering was stopped")
    assert text.startswith("t/templates/x.yaml:1")
    assert len(asked) == 4


def test_a_rendering_that_nobody_stops_is_the_same():
    chart = chart_of({"templates/x.yaml": "{{ range until 9000 }}x{{ end }}"})
    budget = Budget(stop=lambda: False)
    assert render_chart(chart, {}, RELEASE, SOURCES, budget=budget).files == {"t/templates/x.yaml": "x" * 9000}


def test_what_no_function_is_prepared_for_is_an_error_with_the_path(monkeypatch: pytest.MonkeyPatch):
    def broken(*_arguments: object) -> str:
        raise ValueError("unexpected")

    monkeypatch.setattr("kubesim.helm.template.execute.context.Context.execute", broken)
    chart = chart_of({"templates/x.yaml": "k: v"})
    with pytest.raises(TemplateError, match=r"t/templates/x\.yaml: rendering failed: ValueError: unexpected"):
        render_chart(chart, {}, RELEASE, SOURCES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "yaml: exceeded max depth of 10000"),
        ("\n\n" + "[" * 20_000, "yaml: line 3: exceeded max depth of 10000"),
        ("- " * 12_000, "yaml: exceeded max depth of 10000"),
    ],
    ids=["lists", "below other lines", "block lists"],
)
def test_yaml_that_nests_too_deeply(text: str, message: str):
    with pytest.raises(TemplateError, match=f"error converting YAML to JSON: {message}"):
        read(text)


def test_many_colons_at_the_end_of_plain_scalars_in_flow_lists():
    assert read(f"[{'x:, ' * 3000}'b:,c']") == [*["x:"] * 3000, "b:,c"]


def test_values_that_are_too_large_are_never_left_out_silently():
    grow = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}"
    assert "the value is too large" in failure(grow + "{{ toYaml $x }}")
    assert "the value is too large" in failure(grow + "{{ toJson $x }}")


def test_long_runs_of_digits_are_numbers_out_of_range():
    assert "value out of range" in failure("{{ semver (repeat 20000 `1`) }}")
    long, longer = "9" * 30, "1" + "0" * 30
    assert render(f"{{{{ semverCompare `<1.0.0-{longer}` `1.0.0-{long}` }}}}") == "true"
