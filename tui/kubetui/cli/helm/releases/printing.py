"""Prints releases as Helm does: the summary after a change, records as JSON and YAML, tables of text."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubesim.helm.release.flows.queries import values_of
from kubesim.helm.release.record import Record, json_text
from kubesim.helm.yaml.writer import to_yaml
from kubesim.objects.times import parse_time
from kubetui.cli.helm.output import write

Tree = dict[str, Any]
_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))")
_PADDING: Final = 3
_NARROWEST: Final = 6


def local_time(stamp: str) -> str:
    """``Mon Jan  2 15:04:05 2006`` in the zone of this machine."""
    moment = time.localtime((parse_time(stamp) or 0) // 1000)
    return time.strftime("%a %b %e %H:%M:%S %Y", moment)


def own_time(stamp: str) -> str:
    """The same in the zone that the time was written in."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return stamp
    moment = time.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M:%S")
    return time.strftime("%a %b %e %H:%M:%S %Y", moment)


def go_time(stamp: str) -> str:
    """``2006-01-02 15:04:05.999999999 +0000 UTC``, as Go prints a time."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return stamp
    fraction = (match[3] or "").rstrip("0").rstrip(".")
    offset = "+0000" if match[4] == "Z" else f"{match[5]}{match[6]}{match[7]}"
    zone = "UTC" if match[4] == "Z" else offset
    moment = time.localtime((parse_time(stamp) or 0) // 1000)
    if match[4] != "Z" and time.strftime("%z", moment) == offset:
        zone = moment.tm_zone
    return f"{match[1]} {match[2]}{fraction} {offset} {zone}"


def print_release(record: Record, form: str, **how: Any) -> None:
    """A release after a change, in the format that was asked for; ``how`` is for summary()."""
    if form == "table":
        write(summary(record, **how))
    else:
        print_tree(record.to_tree(), form)


def print_tree(tree: Any, form: str) -> None:
    """A document as JSON, its fields in the order they are in, or YAML."""
    write(f"{json_text(tree)}\n" if form == "json" else to_yaml(tree))


def summary(
    record: Record,
    *,
    debug: bool = False,
    metadata: bool = False,
    hide_notes: bool = False,
    resources: str = "",
    stored: bool = False,
) -> str:
    """What Helm says of a release. ``stored``: it was read from the cluster, where no values are null."""
    lines = [f"NAME: {record.name}"]
    if record.last_deployed:
        lines.append(f"LAST DEPLOYED: {local_time(record.stamp('last_deployed'))}")
    lines += [f"NAMESPACE: {record.namespace}", f"STATUS: {record.status}", f"REVISION: {record.version}"]
    if metadata:
        chart = record.chart.get("metadata") or {}
        lines += [f"CHART: {chart.get('name', '')}", f"VERSION: {chart.get('version', '')}"]
        lines.append(f"APP_VERSION: {chart.get('appVersion', '')}")
    lines.append(f"DESCRIPTION: {record.description}")
    if resources:
        lines.append(f"RESOURCES:\n{resources}")
    lines += _tests(record)
    text = "\n".join(lines) + "\n"
    if debug:
        text += f"USER-SUPPLIED VALUES:\n{values_text(record, stored=stored)}\n"
        text += f"COMPUTED VALUES:\n{to_yaml(values_of(record, every=True))}\n"
    if debug or record.description.lower() == "dry run complete":
        hooks = "".join([f"---\n# Source: {tree['path']}\n{tree['manifest']}\n" for tree in record.hooks])
        text += f"HOOKS:\n{hooks}MANIFEST:\n{record.manifest}\n"
    notes = "" if hide_notes else record.notes.strip()
    return text + (f"NOTES:\n{notes}\n" if record.notes and not hide_notes else "")


def values_text(record: Record, *, stored: bool = True) -> str:
    """The user's values as YAML. Helm reads none at all from the cluster where there are none."""
    return "null\n" if stored and not record.config else to_yaml(record.config)


def _tests(record: Record) -> list[str]:
    tests = [tree for tree in record.hooks if "test" in (tree.get("events") or ())]
    if not tests:
        return ["TEST SUITE: None"]
    lines: list[str] = []
    for tree in tests:
        run = tree.get("last_run") or {}
        if run.get("started_at"):
            ended = run.get("completed_at")
            lines += [
                f"TEST SUITE:     {tree.get('name', '')}",
                f"Last Started:   {local_time(run['started_at'])}",
                f"Last Completed: {local_time(ended) if ended else 'Mon Jan  1 00:00:00 0001'}",
                f"Phase:          {run.get('phase', '')}",
            ]
    return lines


# ---------------------------------------------------------------------- tables
def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows as Helm's tables: cells filled up with spaces, columns set apart by tabs, long cells over several lines."""
    # k8s: gosuri/uitable, with its way of cutting what has several lines
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for row in rows:
        cells = [_resized(cell, width).split("\n") for cell, width in zip(row, widths, strict=True)]
        for number in range(max(len(cell) for cell in cells)):
            parts = [cell[number] if number < len(cell) else "" for cell in cells]
            lines.append("\t".join([_resized(part, width) for part, width in zip(parts, widths, strict=True)]))
    write("\n".join(lines) + "\n")


def _width(cell: str) -> int:
    return max(len(line) for line in cell.split("\n"))


def _resized(text: str, width: int) -> str:
    length = len(text.replace("\n", ""))
    if not width or length == width:
        return text
    if length > width:
        return text[: width - 3] + "..." if width > 3 else text[:width]
    return text + " " * (width - length)


class TablePrinter:
    """Prints server-side tables one after the other as kubectl does; equal columns get no second header."""

    def __init__(self) -> None:
        self._columns: Any = None

    def text(self, table: Mapping[str, Any]) -> str:
        """One table."""
        definitions = [one for one in table.get("columnDefinitions") or () if not one.get("priority")]
        wanted = [number for number, one in enumerate(table.get("columnDefinitions") or ()) if not one.get("priority")]
        rows = [[_cell(row["cells"][number]) for number in wanted] for row in table.get("rows") or ()]
        if definitions != self._columns:
            rows.insert(0, [str(one["name"]).upper() for one in definitions])
        self._columns = definitions
        return aligned(rows)


def _cell(value: Any) -> str:
    if value is None:
        return "<none>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).partition("\n")[0]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns three spaces apart."""
    if not rows:
        return ""
    widths = [max(_NARROWEST, *[len(cell) + _PADDING for cell in column]) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("".join([*cells, row[-1]]) + "\n")
    return "".join(lines)
