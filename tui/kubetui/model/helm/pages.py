"""What can be read about one revision: its values, where each is from, its manifest, hooks and notes."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.dependencies import process_dependencies
from kubesim.helm.chart.values import coalesce_values, copy_tree
from kubesim.helm.provenance import Origin, trace
from kubesim.helm.release.flows.queries import hooks_text
from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.yaml.gojson import to_json
from kubesim.objects.times import format_time
from kubetui.model.describe.layout import aligned
from kubetui.model.helm.masking import mask
from kubetui.model.helm.plans import values_text
from kubetui.model.helm.releases import app_version, chart_name
from kubetui.model.helm.shelf import Given

TABS: Final = (
    ("values", "Values"),
    ("all", "All values"),
    ("origin", "Where from"),
    ("manifest", "Manifest"),
    ("hooks", "Hooks"),
    ("notes", "Notes"),
)
LONGEST_VALUE: Final = 40
_NOTHING: Final = "# nothing is set; the chart's own values hold\n"


class Subject(NamedTuple):
    """One revision with the chart and the sources of its values; ``problem`` says why there is no chart."""

    record: Record
    chart: Chart | None
    given: Given
    problem: str = ""


def page(subject: Subject, tab: str, *, reveal: bool = False) -> list[str]:
    """The lines of a tab."""
    try:
        return _MAKERS[tab](subject, reveal)
    except TemplateError as error:
        return str(error).splitlines()


def _values(subject: Subject, reveal: bool) -> list[str]:
    del reveal
    return (values_text(subject.record.config) or _NOTHING).splitlines()


def _all(subject: Subject, reveal: bool) -> list[str]:
    del reveal
    if subject.chart is None:
        return subject.problem.splitlines()
    config: dict[str, Any] = copy_tree(subject.record.config)
    processed = process_dependencies(subject.chart, config)
    return values_text(coalesce_values(processed, config)).splitlines()


def _origin(subject: Subject, reveal: bool) -> list[str]:
    del reveal
    if subject.chart is None:
        return subject.problem.splitlines()
    return origin_lines(trace(subject.chart, subject.given.sources))


def origin_lines(found: Sequence[Origin]) -> list[str]:
    """Values with where they are from, as an aligned table."""
    rows = ["KEY\tVALUE\tFROM\tINSTEAD OF", *("\t".join(_cells(each)) for each in found)]
    return aligned("\n".join(rows)).splitlines()


def _cells(origin: Origin) -> tuple[str, str, str, str]:
    value = to_json(origin.value) if not isinstance(origin.value, str) else origin.value
    value = value.replace("\n", "⏎").replace("\t", " ")
    shown = value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
    return origin.key, shown or '""', origin.source, ", ".join(origin.over) or "-"


def _manifest(subject: Subject, reveal: bool) -> list[str]:
    text = subject.record.manifest
    return (text if reveal else mask(text)).splitlines() or ["# the chart makes no objects"]


def _hooks(subject: Subject, reveal: bool) -> list[str]:
    text = hooks_text(subject.record)
    return (text if reveal else mask(text)).splitlines() or ["# the chart has no hooks"]


def _notes(subject: Subject, reveal: bool) -> list[str]:
    del reveal
    record = subject.record
    facts = [
        ("NAME", record.name),
        ("NAMESPACE", record.namespace),
        ("STATUS", record.status),
        ("REVISION", str(record.version)),
        ("CHART", chart_name(record)),
        ("APP VERSION", app_version(record)),
        ("FIRST DEPLOYED", format_time(record.first_deployed) if record.first_deployed else ""),
        ("LAST DEPLOYED", format_time(record.last_deployed) if record.last_deployed else ""),
        ("DESCRIPTION", record.description),
    ]
    lines = aligned("\n".join(f"{name}:\t{value}" for name, value in facts)).splitlines()
    return [*lines, "", "NOTES:", *(record.notes.splitlines() or ["the chart has none"])]


_MAKERS = {
    "values": _values,
    "all": _all,
    "origin": _origin,
    "manifest": _manifest,
    "hooks": _hooks,
    "notes": _notes,
}
