"""Coalescing: which of the user's, the parent charts' and a chart's own values wins, and what null deletes."""

from typing import Any, Final

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.formatting.printer import sprint
from kubesim.helm.template.formatting.sprintf import sprintf

Tree = dict[str, Any]
GLOBAL: Final = "global"


def copy_tree(value: Any) -> Any:
    """An independent copy of maps and lists."""
    if isinstance(value, dict):
        return {key: copy_tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_tree(item) for item in value]
    return value


class Coalescing:
    """One pass over a chart and all charts in it; ``merge`` keeps nulls, otherwise they delete."""

    def __init__(self, merge: bool) -> None:
        self.merge = merge
        self.warnings: list[str] = []

    def chart(self, chart: Chart, values: Tree, prefix: str = "") -> Tree:
        """Complete a tree, in place, with the values of a chart and of its dependencies."""
        self._own_values(chart, values, prefix)
        for inner in chart.dependencies:
            found = values.setdefault(inner.name, {})
            if not isinstance(found, dict):
                raise ChartError(f"type mismatch on {inner.name}: {sprintf('%t', found)}")
            path = _join(prefix, chart.name)
            self._globals(found, values, path)
            values[inner.name] = self.chart(inner, found, path)
        return values

    def _globals(self, into: Tree, source: Tree, prefix: str) -> None:
        theirs = into.get(GLOBAL, {})
        ours = source.get(GLOBAL, {})
        for tree, what in ((theirs, "destination"), (ours, "source")):
            if not isinstance(tree, dict):
                self.warnings.append(f"warning: skipping globals because {what} {GLOBAL} is not a table.")
                return
        for key, value in ours.items():
            self._global(theirs, key, value, prefix)
        into[GLOBAL] = theirs

    def _global(self, theirs: Tree, key: str, value: Any, prefix: str) -> None:
        if isinstance(value, dict):
            value = dict(value)
            if key not in theirs:
                theirs[key] = value
            elif not isinstance(theirs[key], dict):
                self.warnings.append(f'Conflict: cannot merge map onto non-map for "{key}". Skipping.')
            else:
                # The parent's globals win: this merges the other way round, and nulls stay for now.
                self.tables(value, theirs[key], _join(prefix, key), merge=True)
                theirs[key] = value
        elif isinstance(theirs.get(key), dict):
            self.warnings.append(f"key {key} is table. Skipping")
        else:
            theirs[key] = value

    def _own_values(self, chart: Chart, values: Tree, prefix: str) -> None:
        path = _join(prefix, chart.name)
        children = [inner.name for inner in chart.dependencies]
        for key, default in copy_tree(chart.values or {}).items():
            if key not in values:
                self._take(values, key, default)
                continue
            value = values[key]
            if value is None and not self.merge:
                del values[key]
            elif isinstance(value, dict):
                if isinstance(default, dict):
                    # A dependency's section keeps its nulls: they delete that chart's defaults later.
                    merge = self.merge or key in children
                    if not merge:
                        _drop_nulls(default)
                    self.tables(value, default, _join(path, key), merge)
                elif default is not None:
                    self.warnings.append(f"warning: skipped value for {path}.{key}: Not a table.")

    def _take(self, values: Tree, key: str, default: Any) -> None:
        if not self.merge:
            if default is None:
                return
            if isinstance(default, dict):
                _drop_nulls(default)
        values[key] = default

    def tables(self, into: Tree, source: Tree, prefix: str, merge: bool) -> Tree:
        """Merge ``source`` into ``into``, which wins."""
        not_null = [key for key, value in source.items() if value is not None]
        known = set(not_null)
        for key, value in into.items():
            if value is None:
                source[key] = None
        for key, value in source.items():
            path = _join(prefix, key)
            if key not in into:
                into[key] = value
                continue
            own = into[key]
            if own is None and not merge and key in known:
                del into[key]
            elif isinstance(value, dict):
                if isinstance(own, dict):
                    self.tables(own, value, path, merge)
                else:
                    self.warnings.append(f"warning: cannot overwrite table with non table for {path} ({_shown(value)})")
            elif isinstance(own, dict) and value is not None:
                self.warnings.append(
                    f"warning: destination for {path} is a table. Ignoring non-table value ({_shown(value)})"
                )
        return into


def coalesce_values(chart: Chart, values: Tree | None, warnings: list[str] | None = None) -> Tree:
    """All values a chart is rendered with; a new tree."""
    return _pass(chart, values, False, warnings)


def merge_chart_values(chart: Chart, values: Tree | None, warnings: list[str] | None = None) -> Tree:
    """The same, but nulls stay: for steps before the values are coalesced for good."""
    return _pass(chart, values, True, warnings)


def _pass(chart: Chart, values: Tree | None, merge: bool, warnings: list[str] | None) -> Tree:
    coalescing = Coalescing(merge)
    result = coalescing.chart(chart, copy_tree(values or {}))
    if warnings is not None:
        warnings.extend(coalescing.warnings)
    return result


def merge_tables(into: Tree, source: Tree) -> Tree:
    """Merge ``source`` into ``into``, which wins; nulls stay."""
    return Coalescing(merge=True).tables(into, source, "", merge=True)


def coalesce_tables(into: Tree, source: Tree) -> Tree:
    """Merge ``source`` into ``into``, which wins; nulls delete."""
    return Coalescing(merge=False).tables(into, source, "", merge=False)


def table(values: Tree, path: str) -> Tree | None:
    """The map at a dotted path, None when there is none."""
    current: Any = values
    for name in path.split("."):
        if not isinstance(current, dict) or name not in current:
            return None
        current = current[name]
    return current if isinstance(current, dict) else None


def path_value(values: Tree, path: str) -> Any:
    """What a dotted path leads to; KeyError when nothing or a map is there."""
    if not path:
        raise KeyError(path)
    *above, last = path.split(".")
    holder = table(values, ".".join(above)) if above else values
    if holder is None or last not in holder or isinstance(holder[last], dict):
        raise KeyError(path)
    return holder[last]


def _drop_nulls(tree: Tree) -> None:
    for key in [key for key, value in tree.items() if value is None]:
        del tree[key]
    for value in tree.values():
        if isinstance(value, dict):
            _drop_nulls(value)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _shown(value: Any) -> str:
    return sprint(value)
