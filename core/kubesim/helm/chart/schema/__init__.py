"""values.schema.json: checks the values of a chart and of all charts in it, with Helm's report."""

from typing import Any

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.schema.validator import validate_document
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import decode, type_name


def validate_values(chart: Chart, values: dict[str, Any]) -> None:
    """Check coalesced values; ChartError with Helm's text when they do not fit."""
    report = schema_report(chart, values)
    if report:
        raise ChartError(f"values don't meet the specifications of the schema(s) in the following chart(s):\n{report}")


def schema_report(chart: Chart, values: dict[str, Any]) -> str:
    """What is wrong with the values, chart by chart; empty when nothing is."""
    parts: list[str] = []
    if chart.schema is not None:
        try:
            problem = validate_document(decode(chart.schema), values)
        except GoError as error:
            problem = str(error)
        if problem:
            parts.append(f"{chart.name}:\n{problem}")
    for inner in chart.dependencies:
        section = values.get(inner.name)
        if isinstance(section, dict):
            parts.append(schema_report(inner, section))
        elif section is not None:
            parts.append(f"{inner.name}:\ninvalid type for values: expected object (map), got {type_name(section)}\n")
    return "".join(parts)
