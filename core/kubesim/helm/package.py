"""Packs a chart into the .tgz that repositories hold; the same chart always gives the same bytes."""

import gzip
import io
import tarfile
from collections.abc import Iterator

from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.metadata import validate
from kubesim.helm.show import chart_yaml
from kubesim.helm.yaml.writer import to_yaml


def archive_name(chart: Chart) -> str:
    """``name-version.tgz``."""
    return f"{chart.name}-{chart.metadata.version}.tgz"


def package(chart: Chart, modified: int = 0) -> bytes:
    """The archive; ``modified`` (seconds since 1970) is the time of every file in it. ChartError if it is invalid."""
    validate(chart.metadata)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in packed_files(chart, ""):
            entry = tarfile.TarInfo(file.name)
            entry.size = len(file.data)
            entry.mode = 0o644
            entry.mtime = modified
            archive.addfile(entry, io.BytesIO(file.data))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def packed_files(chart: Chart, prefix: str) -> Iterator[File]:
    """The files of a chart and of the charts in it, as they lie in the archive."""
    base = f"{prefix}{chart.name}/"
    yield File(f"{base}Chart.yaml", _metadata(chart).encode("utf-8", "surrogateescape"))
    if chart.lock is not None and chart.metadata.api_version == "v2":
        yield File(f"{base}Chart.lock", to_yaml(chart.lock).encode("utf-8", "surrogateescape"))
    for file in chart.raw:
        if file.name == "values.yaml":
            yield File(f"{base}values.yaml", file.data)
    if chart.schema is not None:
        yield File(f"{base}values.schema.json", chart.schema)
    for file in (*chart.templates, *chart.files):
        yield File(base + file.name, file.data)
    for inner in chart.dependencies:
        yield from packed_files(inner, f"{base}charts/")


def _metadata(chart: Chart) -> str:
    metadata = chart.metadata
    if metadata.api_version == "v1":
        # Charts of the first version name their dependencies in requirements.yaml, which is packed as it is.
        metadata = metadata.copy()
        metadata.dependencies = []
    return chart_yaml(metadata)
