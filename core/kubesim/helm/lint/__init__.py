"""Looks for mistakes in charts: what ``helm lint`` finds, with its texts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.helm.capabilities import KUBE_VERSION, Capabilities, KubeVersion, default_capabilities
from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.dependencies import process_dependencies
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load
from kubesim.helm.chart.schema import validate_values
from kubesim.helm.chart.schema.validator import validate_document
from kubesim.helm.chart.values import coalesce_tables, coalesce_values, copy_tree
from kubesim.helm.engine import Release, render
from kubesim.helm.lint.chartfile import CHART_FILE, check_chart_file
from kubesim.helm.lint.documents import check_crd, check_template
from kubesim.helm.lint.messages import ERROR, INFO, WARNING, Findings, Message
from kubesim.helm.template.errors import GoError, TemplateError
from kubesim.helm.template.execute.context import Sources
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.reader import read_map

Tree = dict[str, Any]

__all__ = ["ERROR", "INFO", "WARNING", "Message", "Options", "lint_folder"]


class Options(NamedTuple):
    """How a chart is linted; without a version deprecations are those of the newest Kubernetes."""

    namespace: str = "default"
    kube_version: KubeVersion | None = None
    skip_schema_validation: bool = False

    def capabilities(self) -> Capabilities:
        """What the templates are told about the cluster."""
        made = default_capabilities(KUBE_VERSION)
        return made if self.kube_version is None else Capabilities(self.kube_version, made.api_versions)


def lint_folder(folder: Path, values: Tree, sources: Sources, options: Options | None = None) -> list[Message]:
    """The findings about a chart's folder; ChartError when there is no chart in it."""
    if not (folder / CHART_FILE).exists():
        raise ChartError(
            f"unable to check Chart.yaml file in chart: stat {folder / CHART_FILE}: no such file or directory"
        )
    options = options or Options()
    folder = Path(os.path.abspath(folder))
    found = Findings()
    check_chart_file(folder, found)
    _check_values(folder, values, options, found)
    _check_templates(folder, values, sources, options, found)
    _check_dependencies(folder, found)
    _check_crds(folder, found)
    return found.messages


def _loaded(folder: Path) -> tuple[Chart | None, str | None]:
    try:
        return load(folder), None
    except GoError as error:
        return None, str(error)


def _check_values(folder: Path, values: Tree, options: Options, found: Findings) -> None:
    name = "values.yaml"
    path = folder / name
    if found.rule(INFO, name, None if path.exists() else "file does not exist"):
        found.rule(ERROR, name, _values_problem(path, values, options))


def _values_problem(path: Path, values: Tree, options: Options) -> str | None:
    try:
        own = read_map(decode(path.read_bytes()))
    except GoError as error:
        return f"unable to parse YAML: {error}"
    schema = path.with_name("values.schema.json")
    data = schema.read_bytes() if schema.is_file() else b""
    if not data or options.skip_schema_validation:
        return None
    try:
        return validate_document(decode(data), coalesce_tables(copy_tree(values), own)) or None
    except GoError as error:
        return str(error)


def _check_templates(folder: Path, values: Tree, sources: Sources, options: Options, found: Findings) -> None:
    where = "templates/"
    path = folder / "templates"
    if not found.rule(WARNING, where, None if path.exists() else "directory does not exist"):
        return
    if not found.rule(ERROR, where, None if path.is_dir() else "not a directory"):
        return
    chart, problem = _loaded(folder)
    found.rule(ERROR, where, problem)
    if chart is None:
        return
    try:
        complete = coalesce_values(process_dependencies(chart, values), values, [])
    except GoError:
        # k8s: Helm says nothing here; installing the chart will
        return
    try:
        rendered = _rendered(chart, complete, sources, options)
    except TemplateError as error:
        found.rule(ERROR, where, str(error))
        return
    for template in chart.templates:
        text = rendered.get(f"{chart.name}/{template.name}", "")
        if not check_template(template.name, text, options.kube_version, found):
            return


def _rendered(chart: Chart, values: Tree, sources: Sources, options: Options) -> dict[str, str]:
    """The chart's files, rendered whatever version it asks for and whatever dependencies it misses."""
    if not options.skip_schema_validation:
        validate_values(process_dependencies(chart, values), values)
    lenient = chart.copy()
    lenient.metadata.kube_version = ""
    present = [inner.name for inner in chart.dependencies]
    lenient.metadata.dependencies = [one for one in lenient.metadata.dependencies if one.name in present]
    release = Release("test-release", options.namespace, is_install=False)
    capabilities = options.capabilities()
    return render(
        lenient, values, release, sources, capabilities=capabilities, lint=True, skip_schema_validation=True
    ).files


def _check_dependencies(folder: Path, found: Findings) -> None:
    chart, problem = _loaded(folder)
    found.rule(ERROR, "", problem and f"unable to load chart\n\t{problem}")
    if chart is None:
        return
    declared = [wanted.name for wanted in chart.metadata.dependencies]
    present = [inner.name for inner in chart.dependencies]
    where = str(folder)
    undeclared = ",".join(dict.fromkeys(name for name in present if name not in declared))
    found.rule(ERROR, where, f"chart metadata is missing these dependencies: {undeclared}" if undeclared else None)
    absent = ",".join(name for name in declared if name not in present)
    found.rule(WARNING, where, f"chart directory is missing these dependencies: {absent}" if absent else None)


def _check_crds(folder: Path, found: Findings) -> None:
    where = "crds/"
    path = folder / "crds"
    if not path.exists() or not found.rule(ERROR, where, None if path.is_dir() else "not a directory"):
        return
    chart, problem = _loaded(folder)
    found.rule(ERROR, where, problem)
    if chart is None:
        return
    for file in _crds(chart):
        if not check_crd(file.name, decode(file.data), found):
            return


def _crds(chart: Chart) -> Iterator[File]:
    """The files under crds/, named as within their own chart."""
    prefix = f"{chart.full_path()}/"
    own = [inner.full_path() for inner in chart.dependencies]
    for file in chart.crds():
        if not any(file.name.startswith(f"{path}/") for path in own):
            yield File(file.name.removeprefix(prefix), file.data)
    for inner in chart.dependencies:
        yield from _crds(inner)
