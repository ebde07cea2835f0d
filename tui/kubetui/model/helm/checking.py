"""What is wrong with values as they are typed: YAML that cannot be read, and what the chart's schema says."""

import re
from typing import Any, Final

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.dependencies import process_dependencies
from kubesim.helm.chart.schema.findings import schema_findings
from kubesim.helm.chart.sources import read_values
from kubesim.helm.chart.values import coalesce_values
from kubesim.helm.template.errors import TemplateError
from kubetui.model import editing
from kubetui.model.editing import Problem

_LINE: Final = re.compile(r"line (\d+)(?:, column (\d+))?:?")


def parse(text: str) -> dict[str, Any]:
    """The values that a text writes. TemplateError with Helm's text."""
    return read_values(text)


def problems(text: str, chart: Chart) -> list[Problem]:
    """What is wrong with values for a chart, each with the line that it is about; nothing when they fit."""
    try:
        values = read_values(text)
    except TemplateError as error:
        return [located(str(error))]
    try:
        processed = process_dependencies(chart, values)
        findings = schema_findings(processed, coalesce_values(processed, values))
    except TemplateError as error:
        return [located(str(error))]
    found = []
    for finding in findings:
        name = ".".join(finding.path)
        words = f"{name}: {finding.text}" if name else finding.text
        found.append(Problem(words, *(editing.locate(text, _field(finding.path)) if finding.path else (0, 0))))
    return sorted(found, key=_line)


def located(message: str) -> Problem:
    """A message with the place that it names."""
    match = _LINE.search(message)
    return Problem(message, int(match[1]), int(match[2] or 1)) if match else Problem(message)


def _field(path: tuple[str, ...]) -> str:
    # In brackets a name may have dots in it.
    return "".join(f"[{name}]" for name in path)


def _line(problem: Problem) -> int:
    return problem.line
