"""What ``helm show`` prints of a chart: its metadata, values, readme and custom resource definitions."""

from collections.abc import Iterable
from typing import Final

from kubesim.helm.chart.chart import Chart, File, Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.record import metadata_tree
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.writer import to_yaml

WHAT: Final = ("all", "chart", "crds", "readme", "values")
_README: Final = ("readme.md", "readme.txt", "readme")


def chart_yaml(metadata: Metadata) -> str:
    """Chart.yaml as Helm writes it: sorted, without what is empty."""
    return to_yaml(metadata_tree(metadata))


def show(chart: Chart, what: str) -> str:
    """The text of ``helm show WHAT``."""
    if what not in WHAT:
        raise ChartError(f"unknown part of a chart: {what}")
    whole = what == "all"
    text = ""
    if what in {"chart", "all"}:
        text += chart_yaml(chart.metadata) + "\n"
    if what in {"values", "all"} and chart.values is not None:
        text += "---\n" if whole else ""
        text += "".join([decode(file.data) + "\n" for file in chart.raw if file.name == "values.yaml"])
    if what in {"readme", "all"}:
        readme = find_readme(chart.files)
        if readme is not None:
            text += ("---\n" if whole else "") + decode(readme.data) + "\n"
    if what in {"crds", "all"}:
        text += _crds(chart)
    return text


def _crds(chart: Chart) -> str:
    text = ""
    for file in chart.crds():
        document = decode(file.data)
        text += ("" if document.startswith("---") else "---\n") + document + "\n"
    return text


def find_readme(files: Iterable[File]) -> File | None:
    """The chart's readme, if it has one."""
    return next((file for file in files if file.name.lower() in _README), None)
