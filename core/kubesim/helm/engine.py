"""Renders charts: values, objects and templates come together here, and errors get Helm's texts."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kubesim.helm.capabilities import Capabilities, default_capabilities
from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.dependencies import check_dependencies, is_compatible, process_dependencies
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.files import Files
from kubesim.helm.chart.schema import validate_values
from kubesim.helm.chart.values import coalesce_values
from kubesim.helm.template.errors import BudgetError, ExecutionError, GoError, ParseError, TemplateError
from kubesim.helm.template.execute.budget import Budget
from kubesim.helm.template.execute.context import Context, Library, Lookup, Sources
from kubesim.helm.template.values import Values, decode

Tree = dict[str, Any]

_WARNING: Final = re.compile("HELM_ERR_START(.*)HELM_ERR_END", re.DOTALL)
_UNEXPECTED: Final = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a function that was given something it is not prepared for may raise: the program goes on all the same."""
_NO_TEMPLATE: Final = re.compile(r'template: no template "[^"]*" associated with template "[^"]*"')


class Release(NamedTuple):
    """What templates find in .Release."""

    name: str
    namespace: str = "default"
    revision: int = 1
    is_install: bool = True
    is_upgrade: bool = False

    def as_map(self) -> Tree:
        """The map that templates see."""
        return {
            "Name": self.name,
            "Namespace": self.namespace,
            "Revision": self.revision,
            "IsInstall": self.is_install,
            "IsUpgrade": self.is_upgrade,
            "Service": "Helm",
        }


class Prepared(NamedTuple):
    """A chart whose dependencies are decided, and all its values."""

    chart: Chart
    values: Tree
    warnings: list[str]


class Rendered(NamedTuple):
    """The text of every template, by path, in the order they were rendered."""

    files: dict[str, str]
    chart: Chart
    values: Tree
    warnings: list[str]


class _Scope(NamedTuple):
    """A template file and the objects it is rendered with."""

    text: str
    top: Values
    base_path: str


def prepare(
    chart: Chart, values: Tree, capabilities: Capabilities, *, skip_schema_validation: bool = False
) -> Prepared:
    """Decide which dependencies take part, coalesce all values and check them; ChartError with Helm's text."""
    check_dependencies(chart)
    processed = process_dependencies(chart, values)
    wanted = processed.metadata.kube_version
    version = capabilities.kube_version.go_string()
    if wanted and not is_compatible(wanted, version):
        raise ChartError(f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")
    warnings = list(processed.warnings)
    coalesced = coalesce_values(processed, values, warnings)
    if not skip_schema_validation:
        validate_values(processed, coalesced)
    return Prepared(processed, coalesced, warnings)


def render(
    chart: Chart,
    values: Tree,
    release: Release,
    sources: Sources,
    *,
    capabilities: Capabilities | None = None,
    lookup: Lookup | None = None,
    library: Library | None = None,
    budget: Budget | None = None,
    strict: bool = False,
    lint: bool = False,
    skip_schema_validation: bool = False,
) -> Rendered:
    """Render a chart with a user's values; ChartError or TemplateError with Helm's text.

    ``budget`` limits the steps and text that the templates of the chart may use together, and can stop the render;
    past it a BudgetError names the template and the place.
    """
    capabilities = capabilities or default_capabilities()
    prepared = prepare(chart, values, capabilities, skip_schema_validation=skip_schema_validation)
    library = library or standard_library()
    context = Context(library, sources, budget=budget, lookup=lookup, strict=strict, lint=lint)
    scopes: dict[str, _Scope] = {}
    common = {"Release": release.as_map(), "Capabilities": capabilities}
    _collect(prepared.chart, Values(prepared.values), common, scopes)
    files = _render(context, scopes)
    return Rendered(files, prepared.chart, prepared.values, [*prepared.warnings, *context.warnings])


def standard_library() -> Library:
    """Helm's functions; templates parsed with them are remembered by their text, whatever the chart."""
    from kubesim.helm.functions import LIBRARY  # noqa: PLC0415 (the functions are many)

    return LIBRARY


def _collect(chart: Chart, values: Tree, common: Mapping[str, Any], scopes: dict[str, _Scope]) -> Values:
    """The top-level objects of a chart; its templates, and those of its dependencies, are added to the scopes."""
    inner: Tree = {}
    top = Values({
        "Chart": {**chart.metadata.as_map(), "IsRoot": chart.is_root},
        "Files": Files.of(chart.files),
        **common,
        "Values": values,
        "Subcharts": inner,
    })  # fmt: skip
    for child in chart.dependencies:
        section = values.get(child.name)
        # differs: Helm's type is common.Values here too; the same dict lets a template's changes be seen on both paths
        inner[child.name] = _collect(child, section if isinstance(section, dict) else {}, common, scopes)
    path = chart.full_path()
    for template in chart.templates:
        if not chart.is_library or _is_partial(template.name):
            scopes[f"{path}/{template.name}"] = _Scope(decode(template.data), top, f"{path}/templates")
    return top


def _is_partial(path: str) -> bool:
    return path.rpartition("/")[2].startswith("_")


def render_order(paths: Mapping[str, Any]) -> list[str]:
    """The order in which templates are parsed and rendered: deepest first, the last by name first."""
    return sorted(paths, key=lambda path: (path.count("/"), path.encode("utf-8", "surrogateescape")), reverse=True)


def _render(context: Context, scopes: dict[str, _Scope]) -> dict[str, str]:
    order = render_order(scopes)
    for path in order:
        try:
            context.add(path, scopes[path].text)
        except ParseError as error:
            raise ParseError(parse_error_text(path, str(error))) from None
    rendered: dict[str, str] = {}
    for path in order:
        if _is_partial(path):
            continue
        scope = scopes[path]
        scope.top["Template"] = Values({"Name": path, "BasePath": scope.base_path})
        try:
            rendered[path] = context.execute(path, scope.top).replace("<no value>", "")
        except ExecutionError as error:
            raise TemplateError(execution_error_text(path, error)) from None
        except BudgetError as error:
            raise BudgetError(budget_error_text(path, error)) from None
        except _UNEXPECTED as error:
            raise TemplateError(f"{path}: rendering failed: {type(error).__name__}: {error}") from error
    return rendered


def parse_error_text(path: str, text: str) -> str:
    """What Helm makes of an error of the template parser."""
    parts = text.split(": ")
    if len(parts) == 1:
        return f"parse error in ({path}): {text}"
    return f"parse error at ({parts[1]}): {parts[-1]}"


def execution_error_text(path: str, error: GoError) -> str:
    """What Helm makes of an error of an executing template: one line, or a trace through the templates."""
    text = str(error)
    parts = text.split(": ", 2)
    if len(parts) != 3:
        return f"execution error in ({path}): {text}"
    warning = _WARNING.search(parts[2])
    if warning is not None:
        return f"execution error at ({parts[1]}): {warning[1]}"
    traces: list[str] = []
    current: GoError | None = error
    while current is not None:
        trace = _trace(str(current))
        if trace is None:
            return text
        if not traces or traces[-1] != trace:
            traces.append(trace)
        current = current.cause
    return "".join(traces).strip()


def budget_error_text(path: str, error: BudgetError) -> str:
    """Where a render used up its budget, in the form of a trace."""
    text = (_trace(str(error)) or str(error)).strip()
    return text if text.startswith(path) else f"{path}: {text}"


def _trace(text: str) -> str | None:
    """One template's part of a chain of errors; None when the text is not a template's."""
    if not text.startswith("template: "):
        return None
    if _NO_TEMPLATE.match(text):
        return text + "\n"
    rest = text.removeprefix("template: ")
    location, found, executing = rest.partition(": executing ")
    if found:
        place, _, message = executing.partition(">: ")
        message = message.partition("template: ")[0].strip()
        return f"{location}\n  executing {place}>:\n    {message}\n"
    location, found, message = rest.partition(": ")
    return f"{location}\n  {message}\n" if found else None


def notes_of(rendered: Rendered, *, subchart_notes: bool = False) -> str:
    """The text of NOTES.txt: the root chart's, or all charts' in order of path."""
    own = f"{rendered.chart.name}/templates/NOTES.txt"
    wanted = [path for path in rendered.files if path.endswith("NOTES.txt") and (subchart_notes or path == own)]
    return "\n".join([rendered.files[path] for path in wanted])


def manifests_of(rendered: Rendered) -> dict[str, str]:
    """The rendered files that hold manifests: all but notes."""
    return {path: text for path, text in rendered.files.items() if not path.endswith("NOTES.txt")}


def crds_of(chart: Chart) -> list[File]:
    """The files under crds/ of a chart and its dependencies."""
    return chart.crds()
