"""Where the charts of releases are found, and the values as they were written: files beside the cluster first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load
from kubesim.helm.chart.sources import merge_values, read_values
from kubesim.helm.provenance import Source, in_force, overrides, sources_of
from kubesim.helm.release.record import Record, chart_of
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.template.values import decode
from kubetui.model.helm.plans import values_text

Tree = dict[str, Any]
LARGEST_VALUES: Final = 16 * 1024 * 1024
"""Bytes that a values file may have."""


class Origin(NamedTuple):
    """Where a release comes from on this machine; ``watch`` is "", "preview" or "apply"."""

    name: str
    namespace: str
    chart: Path
    values: tuple[Path, ...] = ()
    set: tuple[str, ...] = ()
    watch: str = ""


class Given(NamedTuple):
    """A user's values: the tree, each source of it, and the text of the only file when there is just one."""

    values: Tree
    sources: tuple[Source, ...] = ()
    text: str = ""


def read_given(origin: Origin) -> Given:
    """The values of a release from its files and flags. ChartError that names file, line and column."""
    texts = [(str(path), _read(path)) for path in origin.values]
    found = []
    for path, (_, text) in zip(origin.values, texts, strict=True):
        try:
            found.append((f"-f {path.name}", read_values(text)))
        except TemplateError as error:
            raise ChartError(f"{path.name}: {error}") from None
    values = merge_values(texts, set_values=origin.set)
    alone = texts[0][1] if len(texts) == 1 and not origin.set else ""
    return Given(values, tuple(sources_of(found, origin.set)), alone)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_VALUES:
            raise ChartError(f"{path.name}: the file is larger than {LARGEST_VALUES // 1024 // 1024} MiB")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ChartError(f"open {path}: no such file or directory") from None
    except OSError as error:
        raise ChartError(f"read {path}: {error.strerror}") from None
    return decode(data)


class Shelf:
    """Finds charts: on this machine, among the charts beside the cluster, in repositories, or in a release's record."""

    def __init__(self, folder: Path | None = None, origins: Sequence[Origin] = ()) -> None:
        self.folder = folder
        self._origins = {(origin.namespace, origin.name): origin for origin in origins}

    @property
    def names(self) -> list[str]:
        """The charts beside the cluster."""
        charts = self.folder / "charts" if self.folder is not None else None
        if charts is None or not charts.is_dir():
            return []
        return sorted(
            path.name for path in charts.iterdir() if path.suffix == ".tgz" or (path / "Chart.yaml").is_file()
        )

    def origin(self, namespace: str, name: str) -> Origin | None:
        """Where a release comes from, when that is known."""
        return self._origins.get((namespace, name))

    def remember(self, origin: Origin) -> None:
        """From now on the release comes from there."""
        self._origins[origin.namespace, origin.name] = origin

    def path_of(self, reference: str) -> Path:
        """The folder or archive that a user means. ChartError when there is none. May take its time: repositories."""
        path = Path(reference).expanduser()
        if path.exists():
            return path
        beside = self.folder / "charts" / reference if self.folder is not None else None
        if beside is not None and beside.exists():
            return beside
        from kubetui.repositories import locate_chart  # noqa: PLC0415 - repositories bring the network

        return locate_chart(reference)

    def chart(self, reference: str) -> Chart:
        """The chart that a user means. ChartError with Helm's text."""
        path = self.path_of(reference)
        if path.is_dir() and not (path / "Chart.yaml").is_file():
            raise ChartError(f"{path}: there is no Chart.yaml in this folder")
        try:
            return load(path)
        except OSError as error:
            raise ChartError(f"{path}: {error.strerror or error}") from None

    def chart_for(self, record: Record) -> Chart:
        """The chart to upgrade a release with: where it came from, beside the cluster, or as its record holds it."""
        origin = self.origin(record.namespace, record.name)
        if origin is not None and origin.chart.exists():
            return self.chart(str(origin.chart))
        recorded = chart_of(record.chart)
        if not recorded.metadata.dependencies:
            return recorded
        if recorded.name in self.names:
            return self.chart(recorded.name)
        raise ChartError(
            f"the record of {record.name} does not hold the charts that {recorded.name} depends on; "
            f":upgrade {record.name} CHART says where it is"
        )

    def given_for(self, record: Record, history: Sequence[Record]) -> Given:
        """A release's values with their sources: its files as far as they say the same, else its revisions."""
        revisions = [(each.version, each.config) for each in history if each.version <= record.version]
        origin = self.origin(record.namespace, record.name)
        try:
            given = read_given(origin) if origin is not None else Given({})
        except TemplateError:
            given = Given({})
        if given.values == record.config:
            return given
        files = [Source(source.label, in_force(source.values, record.config)) for source in given.sources]
        return Given(record.config, (*overrides(revisions), *files))


def editable_text(given: Given, chart: Chart) -> str:
    """The text that an editor begins with: the file, the values, or the chart's own values as comments."""
    if given.text:
        return given.text
    if given.values:
        return values_text(given.values)
    own = next((decode(file.data) for file in chart.raw if file.name == "values.yaml"), "")
    head = f"# Nothing is set yet. These are the values of {chart.name}; take the # away from what you change.\n"
    return head + "".join(
        f"# {line}\n" if line else "#\n" for line in (own or values_text(chart.values or {})).splitlines()
    )
