"""values.schema.json: reports recorded with Helm for schemas of all drafts."""

import json
from pathlib import Path

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.schema import schema_report, validate_values
from kubesim.helm.chart.schema.formats import format_problem
from kubesim.helm.chart.schema.report import number

CASES = json.loads((Path(__file__).parent / "cases" / "schema.json").read_text(encoding="utf-8"))["cases"]


def floats(value):
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_recorded_case(case):
    schema = case["schema"] if isinstance(case["schema"], str) else json.dumps(case["schema"])
    report = schema_report(chart_of({"values.schema.json": schema}), floats(case["values"]))
    # Helm takes the properties of an object in random order.
    assert sorted(report.removeprefix("t:\n").rstrip("\n").split("\n")) == sorted(case["report"].split("\n"))


def test_each_chart_checks_its_own_section():
    sub = '{"required": ["x"]}'
    chart = chart_of({
        "values.schema.json": '{"properties": {"a": {"type": "string"}}}',
        "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n",
        "charts/s/values.schema.json": sub,
    })  # fmt: skip
    with pytest.raises(ChartError) as error:
        validate_values(chart, {"a": 1.0, "s": {}})
    assert str(error.value) == (
        "values don't meet the specifications of the schema(s) in the following chart(s):\n"
        "t:\n- at '/a': got number, want string\ns:\n- at '': missing property 'x'\n"
    )
    validate_values(chart, {"a": "x", "s": {"x": 1.0}})


def test_a_schema_that_refers_to_itself_without_end_is_an_error():
    chart = chart_of({"values.schema.json": '{"$ref": "#"}'})
    assert "infinite loop" in schema_report(chart, {})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.0, "1,234"), (12345.5, "12,345.5"), (1e6, "1×10⁰⁶"), (-1e6, "-1×10⁰⁶"), (1.5e-7, "1.5×10⁻⁰⁷"),
        (0.0001, "0.0001"), (-5.0, "-5"), (-0.5, "-0.5"),
    ],
)  # fmt: skip
def test_numbers_in_reports(value: float, text: str):
    assert number(value) == text


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("ipv4", "10.0.0.1", True), ("ipv4", "10.0.0.256", False), ("ipv4", "01.0.0.1", False),
        ("ipv6", "::1", True), ("ipv6", "1", False), ("hostname", "a.b-c", True), ("hostname", "a_b", False),
        ("email", "a@b.c", True), ("email", ".a@b.c", False), ("date", "2020-02-29", True),
        ("date", "2021-02-29", False), ("time", "10:00:00Z", True), ("time", "25:00:00Z", False),
        ("date-time", "2020-01-01T10:00:00Z", True), ("date-time", "2020-01-01 10:00:00Z", False),
        ("uri", "http://a/b", True), ("uri", "a/b", False), ("uuid", "123e4567-e89b-12d3-a456-426614174000", True),
        ("duration", "P1DT2H", True), ("duration", "P", False), ("regex", "a(b)", True), ("unknown", "x", True),
        ("ipv4", 5.0, True),
    ],
)  # fmt: skip
def test_formats(name: str, value: object, fits: bool):
    assert (format_problem(name, value) is None) is fits


def test_several_problems_behind_a_reference_are_told_at_its_place():
    schema = {
        "properties": {"v": {"$ref": "#/$defs/context"}},
        "$defs": {"context": {"properties": {"drop": {"type": "array", "items": {"type": "string"}}}}},
    }
    chart = chart_of({"values.schema.json": json.dumps(schema)})
    assert schema_report(chart, {"v": {"drop": [1.0, None]}}).splitlines()[1:] == [
        "- at '/v': validation failed",
        "  - at '/v/drop/0': got number, want string",
        "  - at '/v/drop/1': got null, want string",
    ]
