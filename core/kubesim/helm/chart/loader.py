"""Loads charts from folders, archives and lists of files, with Helm's checks and texts."""

import stat
from pathlib import Path
from typing import Any

from kubesim.helm.chart.archive import MAX_CHART_SIZE, read_archive
from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.ignore import Rules
from kubesim.helm.chart.metadata import read_metadata, validate
from kubesim.helm.chart.sources import read_values
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.reader import read_map

_BOM = b"\xef\xbb\xbf"


def load(path: Path) -> Chart:
    """The chart in a folder or an archive; ChartError with Helm's text."""
    if not path.exists():
        raise ChartError(f"stat {path}: no such file or directory")
    if path.is_dir():
        return load_folder(path)
    data = path.read_bytes()
    if not data.startswith(b"\x1f\x8b\x08"):
        if path.suffix in {".yml", ".yaml"}:
            raise ChartError(f"file '{path}' seems to be a YAML file, but expected a gzipped archive")
        raise ChartError(f"file '{path}' does not appear to be a gzipped archive; got '{content_type(data)}'")
    try:
        files = read_archive(data)
    except ChartError:
        raise ChartError("unable to load chart archive") from None
    return load_top(files)


def content_type(data: bytes) -> str:
    """What net/http would call the start of a file that is no archive."""
    head = data[:512]
    if any(byte < 32 and byte not in b"\t\n\x0c\r\x1b" for byte in head):
        return "application/octet-stream"
    # Go reads 512 bytes into a buffer of zeros: a shorter file ends in them.
    return "application/octet-stream" if len(head) < 512 else "text/plain; charset=utf-8"


def load_archive(data: bytes) -> Chart:
    """The chart in the bytes of a .tgz."""
    return load_files(read_archive(data))


def load_folder(folder: Path) -> Chart:
    """The chart in a folder, without what .helmignore names; links are followed."""
    ignore_file = folder / ".helmignore"
    rules = Rules(decode(ignore_file.read_bytes()) if ignore_file.exists() else "")
    files: list[File] = []
    _walk(folder, "", rules, files, [folder.resolve()])
    return load_top(files)


def _walk(folder: Path, prefix: str, rules: Rules, files: list[File], above: list[Path]) -> None:
    size = sum(len(file.data) for file in files)
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + entry.name
        mode = entry.stat().st_mode
        if stat.S_ISDIR(mode):
            resolved = entry.resolve()
            if not rules.ignores(name, is_folder=True) and resolved not in above:
                _walk(entry, name + "/", rules, files, [*above, resolved])
                size = sum(len(file.data) for file in files)
        elif not rules.ignores(name, is_folder=False):
            if not stat.S_ISREG(mode):
                raise ChartError(f"cannot load irregular file {entry} as it has file mode type bits set")
            size += entry.stat().st_size
            if size > MAX_CHART_SIZE:
                raise ChartError(
                    f"error reading {name}: chart exceeds maximum decompressed size of {MAX_CHART_SIZE} bytes"
                )
            files.append(File(name, entry.read_bytes().removeprefix(_BOM)))


def load_top(files: list[File]) -> Chart:
    """A chart that a user named: its API version must be one that Helm knows."""
    found = [file for file in files if file.name == "Chart.yaml"]
    if not found:
        raise ChartError("unable to detect chart version, no Chart.yaml found")
    chart = load_files(files)
    if chart.metadata.api_version not in {"v1", "v2"}:
        raise ChartError("invalid chart apiVersion")
    return chart


def load_files(files: list[File]) -> Chart:
    """The chart that these files make; ChartError with Helm's text."""
    chart = Chart()
    chart.raw = list(files)
    _read_metadata(chart)
    inner: dict[str, list[File]] = {}
    has_metadata = False
    for file in files:
        has_metadata = has_metadata or file.name in {"Chart.yaml", "requirements.yaml", "requirements.lock"}
        _place(chart, file, inner)
    if not has_metadata:
        raise ChartError("Chart.yaml file is missing")
    validate(chart.metadata)
    loaded = [_load_inner(chart, name, inner[name]) for name in sorted(inner) if name[0] not in "_."]
    chart.set_dependencies(loaded)
    return chart


def _read_metadata(chart: Chart) -> None:
    for file in chart.raw:
        if file.name == "Chart.yaml":
            _wrapped("cannot load Chart.yaml", read_metadata, decode(file.data), chart.metadata)
            # Charts of Helm 2 did not say which version they are.
            chart.metadata.api_version = chart.metadata.api_version or "v1"


def _place(chart: Chart, file: File, inner: dict[str, list[File]]) -> None:
    name = file.name
    if name == "Chart.yaml":
        return
    if name in {"Chart.lock", "requirements.lock"}:
        chart.lock = _wrapped(f"cannot load {name}", read_map, decode(file.data))
        if name == "requirements.lock" and chart.metadata.api_version == "v1":
            chart.files.append(file)
    elif name == "values.yaml":
        chart.values = _wrapped("cannot load values.yaml", read_values, decode(file.data))
    elif name == "values.schema.json":
        chart.schema = file.data
    elif name == "requirements.yaml":
        if chart.metadata.api_version == "v1":
            chart.files.append(file)
        else:
            chart.warnings.append(
                'Warning: Dependencies are handled in Chart.yaml since apiVersion "v2". '
                "We recommend migrating dependencies to Chart.yaml."
            )
        _wrapped("cannot load requirements.yaml", read_metadata, decode(file.data), chart.metadata)
    elif name.startswith("templates/"):
        chart.templates.append(file)
    elif name.startswith("charts/") and not name.endswith(".prov"):
        rest = name.removeprefix("charts/")
        inner.setdefault(rest.partition("/")[0] or rest, []).append(File(rest, file.data))
    else:
        chart.files.append(file)


def _load_inner(chart: Chart, name: str, files: list[File]) -> Chart:
    try:
        if name.endswith(".tgz"):
            if files[0].name != name:
                raise ChartError(f"error unpacking subchart tar in {chart.name}: expected {name}, got {files[0].name}")
            return load_archive(files[0].data)
        inside = [File(file.name.partition("/")[2], file.data) for file in files if "/" in file.name]
        return load_files(inside)
    except GoError as error:
        if str(error).startswith("error unpacking subchart tar in"):
            raise
        raise ChartError(f"error unpacking subchart {name} in {chart.name}: {error}") from None


def _wrapped(what: str, function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except GoError as error:
        raise ChartError(f"{what}: {error}") from None
