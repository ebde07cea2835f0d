"""What does not fit a chart's schema, each with its place in the values: for an editor to point at."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.schema.report import Problem
from kubesim.helm.chart.schema.resources import Resources, parse_json
from kubesim.helm.chart.schema.validator import Validator, validate_document
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import decode, type_name

_NO_SCHEMA: Final = "is not valid against metaschema"


class Finding(NamedTuple):
    """One thing that does not fit; ``path`` leads to the value, list items by their number."""

    path: tuple[str, ...]
    text: str


def schema_findings(chart: Chart, values: dict[str, Any], above: tuple[str, ...] = ()) -> list[Finding]:
    """What is wrong with coalesced values, by the schemas of a chart and of all charts in it."""
    found: list[Finding] = []
    if chart.schema is not None:
        found.extend(_own(chart.name, decode(chart.schema), values, above))
    for inner in chart.dependencies:
        section, path = values.get(inner.name), (*above, inner.name)
        if isinstance(section, dict):
            found.extend(schema_findings(inner, section, path))
        elif section is not None:
            found.append(Finding(path, f"expected object (map), got {type_name(section)}"))
    return found


def _own(name: str, schema: str, values: dict[str, Any], above: tuple[str, ...]) -> list[Finding]:
    try:
        report = validate_document(schema, values)
        if not report:
            return []
        if _NO_SCHEMA in report.partition("\n")[0]:
            return [Finding((), f"the schema of {name} is not valid: {report}")]
        problems = Validator(Resources(parse_json(schema))).check_document(values)
    except GoError as error:
        return [Finding((), f"the schema of {name}: {error}")]
    except ValueError as error:
        return [Finding((), f"the schema of {name} is no JSON: {error}")]
    found = [Finding((*above, *_steps(problem.path)), problem.text) for problem in _leaves(problems)]
    return found


def _leaves(problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        if problem.causes:
            yield from _leaves(problem.causes)
        else:
            yield problem


def _steps(pointer: str) -> tuple[str, ...]:
    parts = pointer.split("/")[1:] if pointer else []
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
