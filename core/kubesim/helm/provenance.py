"""Where each value of a release comes from: which file, flag, chart or earlier revision set it, and over what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.helm.chart import strvals
from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.dependencies import enabled_dependencies, import_values
from kubesim.helm.chart.sources import merge_maps
from kubesim.helm.chart.values import GLOBAL, coalesce_values, copy_tree

Tree = dict[str, Any]
Path = tuple[str, ...]


class Source(NamedTuple):
    """Values that a user gave in one place; ``label`` names it: ``-f values-prod.yaml``, ``--set replicas=3``."""

    label: str
    values: Tree


class Origin(NamedTuple):
    """One value and where it comes from; ``over`` are the places it wins over, the strongest first.

    Lists and empty maps are values of their own: Helm replaces lists as a whole.
    """

    path: Path
    value: Any
    source: str
    over: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The path with dots, as --set takes it; dots within a name are escaped."""
        return ".".join(name.replace(".", "\\.") for name in self.path)


class _Marked:
    """A value that knows its source; for Helm's rules it is neither a map nor null."""

    __slots__ = ("source", "value")

    def __init__(self, value: Any, source: str) -> None:
        self.value = value
        self.source = source

    def __str__(self) -> str:
        return str(self.value)


def trace(chart: Chart, sources: Sequence[Source]) -> list[Origin]:
    """Every value that a chart is rendered with, in order of its path; later sources win over earlier ones.

    The sections that Helm copies ``global`` into are left out. ChartError when the values do not fit the charts.
    """
    plain: Tree = {}
    for source in sources:
        plain = merge_maps(plain, source.values)
    used = enabled_dependencies(chart, copy_tree(plain))
    layers = [*reversed(sources), *_defaults(used, ())]
    _mark_charts(used)
    import_values(used)
    marked: Tree = {}
    for source in sources:
        marked = merge_maps(marked, _mark(source.values, source.label))
    coalesced = coalesce_values(used, marked)
    copies = list(_global_sections(used, ()))
    return [
        _origin(path, value, layers)
        for path, value in _leaves(coalesced, ())
        if not any(path[: len(copy)] == copy for copy in copies)
    ]


def sources_of(
    files: Iterable[tuple[str, Tree]] = (), flags: Iterable[str] = (), string_flags: Iterable[str] = ()
) -> list[Source]:
    """The sources of -f files (label, values), then of --set and --set-string flags. GoError for a bad flag."""
    found = [Source(label, values) for label, values in files]
    for flag in flags:
        values: Tree = {}
        strvals.parse_into(flag, values)
        found.append(Source(f"--set {flag}", values))
    for flag in string_flags:
        values = {}
        strvals.parse_into_string(flag, values)
        found.append(Source(f"--set-string {flag}", values))
    return found


def overrides(revisions: Sequence[tuple[int, Tree]]) -> list[Source]:
    """A release's own values as sources: each value under the revision since which it has been as it is now.

    ``revisions`` are (number, values), the oldest first; the last one counts.
    """
    if not revisions:
        return []
    by_revision: dict[int, Tree] = {}
    for path, value in _leaves(revisions[-1][1], ()):
        since = revisions[-1][0]
        for number, values in reversed(revisions):
            if _at(values, path) != (value,):
                break
            since = number
        _put(by_revision.setdefault(since, {}), path, value)
    return [Source(f"release, revision {number}", by_revision[number]) for number in sorted(by_revision)]


def in_force(values: Tree, config: Mapping[str, Any]) -> Tree:
    """The part of a source's values that a release still has as the source gives it."""
    kept: Tree = {}
    for path, value in _leaves(values, ()):
        if _at(config, path) == (value,):
            _put(kept, path, value)
    return kept


# ---------------------------------------------------------------------- marking
def _mark(values: Tree, source: str) -> Tree:
    # Nulls stay nulls, for they delete, and maps stay maps, for they merge.
    return {
        key: _mark(value, source) if isinstance(value, dict) else None if value is None else _Marked(value, source)
        for key, value in values.items()
    }


def _mark_charts(chart: Chart) -> None:
    if chart.values:
        chart.values = _mark(chart.values, values_file(chart))
    for inner in chart.dependencies:
        _mark_charts(inner)


def values_file(chart: Chart) -> str:
    """The place of a chart's own values: ``shop/values.yaml``, ``shop/charts/redis/values.yaml``."""
    return f"{chart.full_path()}/values.yaml"


# ---------------------------------------------------------------------- reading
def _leaves(tree: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key in sorted(tree, key=str):
        value, path = tree[key], (*above, str(key))
        if isinstance(value, dict) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _origin(path: Path, value: Any, layers: Sequence[Source]) -> Origin:
    having = [layer.label for layer in layers if _at(layer.values, path) is not None]
    if isinstance(value, _Marked):
        return Origin(path, value.value, value.source, tuple(label for label in having if label != value.source))
    return Origin(path, value, having[0] if having else "", tuple(having[1:]))


def _at(tree: Any, path: Path) -> tuple[Any] | None:
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return (tree,)


def _put(tree: Tree, path: Path, value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _defaults(chart: Chart, above: Path) -> Iterator[Source]:
    """The values files of a chart and of those in it, each at its place in the whole."""
    values: Tree = chart.values or {}
    for name in reversed(above):
        values = {name: values}
    yield Source(values_file(chart), values)
    for inner in chart.dependencies:
        yield from _defaults(inner, (*above, inner.name))


def _global_sections(chart: Chart, above: Path) -> Iterator[Path]:
    for inner in chart.dependencies:
        path = (*above, inner.name)
        yield (*path, GLOBAL)
        yield from _global_sections(inner, path)
