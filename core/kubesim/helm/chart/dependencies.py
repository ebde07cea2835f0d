"""Which dependencies of a chart take part: versions, aliases, tags, conditions; and the values parents import."""

from typing import Any

from kubesim.helm.chart.chart import Chart, Dependency
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.values import coalesce_values, copy_tree, merge_chart_values, merge_tables, path_value, table
from kubesim.helm.template.formatting.printer import sprint

Tree = dict[str, Any]


def check_dependencies(chart: Chart) -> None:
    """Refuse a chart whose declared dependencies are not in charts/."""
    names = [inner.name for inner in chart.dependencies]
    missing = [wanted.name for wanted in chart.metadata.dependencies if wanted.name not in names]
    if missing:
        raise ChartError(
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' "
            "to fetch missing dependencies: "
            f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}"
        )


def process_dependencies(chart: Chart, values: Tree) -> Chart:
    """A copy of the chart in which only enabled dependencies are left and imported values are in place."""
    processed = chart.copy()
    try:
        _enable(processed, values, "")
        _import_values(processed)
    except ChartError as error:
        raise ChartError(f"chart dependencies processing failed: {error}") from None
    return processed


def enabled_dependencies(chart: Chart, values: Tree) -> Chart:
    """A copy of the chart in which only enabled dependencies are left; nothing is imported yet."""
    processed = chart.copy()
    _enable(processed, values, "")
    return processed


def import_values(chart: Chart) -> None:
    """Put the values that charts import from their dependencies in place."""
    _import_values(chart)


def is_compatible(constraint: str, version: str) -> bool:
    """Whether a version satisfies a constraint; False when either cannot be read."""
    from kubesim.helm.functions.semver import is_compatible_range  # noqa: PLC0415 (most charts never ask)

    return is_compatible_range(constraint, version)


def _enable(chart: Chart, values: Tree, path: str) -> None:
    wanted = chart.metadata.dependencies
    if not chart.metadata.declares_dependencies:
        return
    chart.set_dependencies(_selected(chart, wanted))
    for dependency in wanted:
        dependency.enabled = True
    coalesced = coalesce_values(chart, values, chart.warnings)
    _apply_tags(chart, wanted, coalesced)
    _apply_conditions(chart, wanted, coalesced, path)
    removed = [dependency.name for dependency in wanted if not dependency.enabled]
    chart.set_dependencies([inner for inner in chart.dependencies if inner.name not in removed])
    chart.metadata.dependencies = [dependency for dependency in wanted if dependency.name not in removed]
    for inner in chart.dependencies:
        _enable(inner, coalesced, f"{path}{inner.name}.")


def _selected(chart: Chart, wanted: list[Dependency]) -> list[Chart]:
    """Undeclared charts first, then one copy for each declared dependency, under its alias."""
    selected = [
        inner
        for inner in chart.dependencies
        if not any(one.name == inner.name and is_compatible(one.version, inner.metadata.version) for one in wanted)
    ]
    for dependency in wanted:
        found = next(
            (
                inner
                for inner in chart.dependencies
                if inner.name == dependency.name and is_compatible(dependency.version, inner.metadata.version)
            ),
            None,
        )
        if found is not None:
            copy = found.copy()
            if dependency.alias:
                copy.metadata.name = dependency.alias
            selected.append(copy)
        if dependency.alias:
            dependency.name = dependency.alias
    return selected


def _apply_tags(chart: Chart, wanted: list[Dependency], values: Tree) -> None:
    tags = table(values, "tags")
    if tags is None:
        return
    for dependency in wanted:
        found = [tags[tag] for tag in dependency.tags if tag in tags]
        for value in found:
            if not isinstance(value, bool):
                chart.warnings.append(f"returned non-bool value chart={dependency.name}")
        has_true = any(value is True for value in found)
        has_false = any(value is False for value in found)
        dependency.enabled = has_true or not has_false


def _apply_conditions(chart: Chart, wanted: list[Dependency], values: Tree, path: str) -> None:
    for dependency in wanted:
        for condition in dependency.condition.strip().split(","):
            if not condition:
                continue
            try:
                value = path_value(values, path + condition)
            except KeyError:
                continue
            if isinstance(value, bool):
                dependency.enabled = value
                break
            chart.warnings.append(f"returned non-bool value path={condition} chart={dependency.name}")


def _import_values(chart: Chart) -> None:
    for inner in chart.dependencies:
        _import_values(inner)
    if not chart.metadata.dependencies:
        return
    values = merge_chart_values(chart, None)
    imported: Tree = {}
    for dependency in chart.metadata.dependencies:
        wanted = [_child_and_parent(entry) for entry in dependency.import_values if isinstance(entry, str | dict)]
        for child, parent in wanted:
            found = table(values, f"{dependency.name}.{child}")
            if found is None:
                chart.warnings.append(f"ImportValues missing table from chart chart={dependency.name}")
                continue
            imported = merge_tables(imported, _nested(parent, found))
        dependency.import_values = [{"child": child, "parent": parent} for child, parent in wanted]
    # Imported values lose against the chart's own.
    chart.values = merge_tables(copy_tree(values), imported)


def _child_and_parent(entry: Any) -> tuple[str, str]:
    if isinstance(entry, str):
        return f"exports.{entry}", "."
    return sprint(entry.get("child")), sprint(entry.get("parent"))


def _nested(path: str, values: Tree) -> Tree:
    if path == ".":
        return values
    for name in reversed(path.split(".")):
        values = {name: values}
    return values
