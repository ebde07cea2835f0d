"""The commands about charts themselves: create, lint, package and show."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Final

from kubesim.helm.capabilities import KubeVersion, parse_kube_version
from kubesim.helm.chart.archive import read_archive
from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load_archive
from kubesim.helm.template.errors import GoError
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.inputs import VALUE_FLAGS, load_path, namespace_of, sources, values_of
from kubetui.cli.helm.references import ACCESS_FLAGS, CHART_FLAGS, located, update_dependencies

CREATE_USAGE: Final = "create NAME [flags]"
LINT_USAGE: Final = "lint PATH [flags]"
PACKAGE_USAGE: Final = "package [CHART_PATH] [...] [flags]"
SHOW_USAGE: Final = "show {all|chart|crds|readme|values} [CHART] [flags]"

LINT_FLAGS: Final = {
    "strict": Flag(SWITCH),
    "quiet": Flag(SWITCH),
    "with-subcharts": Flag(SWITCH),
    "skip-schema-validation": Flag(SWITCH),
    "kube-version": Flag(TEXT),
    **VALUE_FLAGS,
}
PACKAGE_FLAGS: Final = {
    **ACCESS_FLAGS,
    "app-version": Flag(TEXT),
    "dependency-update": Flag(SWITCH, "u"),
    "destination": Flag(TEXT, "d"),
    "version": Flag(TEXT),
}
SHOW_FLAGS: Final = CHART_FLAGS


def create(parsed: Parsed) -> int:
    """Write a new chart."""
    from kubesim.helm.create import create as scaffold

    if len(parsed.words) != 1:
        raise ChartError(f'"helm create" requires 1 argument\n\nUsage:  helm {CREATE_USAGE}')
    name = parsed.words[0]
    print(f"Creating {name}")
    path = Path(os.path.abspath(name))
    for replaced in scaffold(Path(name).name, path.parent):
        print(f'WARNING: File "{replaced}" already exists. Overwriting.', file=sys.stderr)
    return 0


def lint(parsed: Parsed) -> int:
    """Print what is wrong with charts; ChartError with the summary when one failed."""
    if not parsed.words:
        raise ChartError(f'"helm lint" requires at least 1 argument\n\nUsage:  helm {LINT_USAGE}')
    version = _kube_version(parsed.text("kube-version"))
    paths = list(parsed.words)
    if parsed.on("with-subcharts"):
        for path in parsed.words:
            paths.extend(_inner_charts(path))
    values = values_of(parsed)
    failed = 0
    worth_telling = False
    for path in paths:
        lines, severity, has_failed = _lint_one(path, values, version, parsed)
        failed += has_failed
        worth_telling = worth_telling or severity > 1
        if not parsed.on("quiet") or severity > 1:
            print(f"==> Linting {path}", *lines, "", sep="\n")
    summary = f"{len(paths)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        raise ChartError(summary)
    if not parsed.on("quiet") or worth_telling:
        print(summary)
    return 0


def _kube_version(text: str) -> KubeVersion | None:
    try:
        return parse_kube_version(text) if text else None
    except ChartError as error:
        raise ChartError(f"invalid kube version '{text}': {error}") from None


def _inner_charts(path: str) -> Iterator[str]:
    for folder, folders, names in os.walk(os.path.join(os.path.normpath(path), "charts")):
        folders.sort()
        for name in sorted(names):
            if name == "Chart.yaml":
                yield folder
            elif name.endswith((".tgz", ".tar.gz")):
                yield os.path.join(folder, name)


def _lint_one(
    path: str, values: dict[str, Any], version: KubeVersion | None, parsed: Parsed
) -> tuple[list[str], int, bool]:
    """The lines about a chart, the highest severity among them, and whether it failed."""
    from kubesim.helm.lint import ERROR, INFO, WARNING, Options, lint_folder

    options = Options(namespace_of(parsed), version, parsed.on("skip-schema-validation"))
    try:
        if path.endswith((".tgz", ".tar.gz")):
            with tempfile.TemporaryDirectory(prefix="helm-lint") as folder:
                messages = lint_folder(_unpacked(path, Path(folder)), values, sources(), options)
        else:
            messages = lint_folder(Path(path), values, sources(), options)
    except ChartError as error:
        return [f"Error {error}"], ERROR, True
    severity = max((message.severity for message in messages), default=0)
    shown = [str(message) for message in messages if not parsed.on("quiet") or message.severity > INFO]
    return shown, severity, severity >= (WARNING if parsed.on("strict") else ERROR)


def _unpacked(path: str, folder: Path) -> Path:
    """The folder of the chart in an archive, unpacked under ``folder``."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        raise ChartError(f"unable to open tarball: open {path}: no such file or directory") from None
    try:
        files = read_archive(data)
    except ChartError as error:
        raise ChartError(f"unable to extract tarball: {error}") from None
    root = folder / "chart"
    for file in files:
        target = root / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
    return root


def package(parsed: Parsed) -> int:
    """Write archives of charts."""
    from kubesim.helm.package import archive_name
    from kubesim.helm.package import package as pack

    if not parsed.words:
        raise ChartError("need at least one argument, the path to the chart")
    modified = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    for name in parsed.words:
        if not os.path.exists(name):
            raise ChartError(f"stat {name}: no such file or directory")
        if parsed.on("dependency-update"):
            _update_silently(Path(name), parsed)
        chart = load_path(Path(os.path.abspath(name)))
        _set_versions(chart.metadata, parsed)
        missing = [one.name for one in chart.metadata.dependencies if one.name not in _names(chart.dependencies)]
        if missing:
            raise ChartError(f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}")
        data = pack(chart, modified)
        target = Path(_destination(parsed), archive_name(chart))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        print(f"Successfully packaged chart and saved it to: {target}")
    return 0


def _update_silently(path: Path, parsed: Parsed) -> None:
    """Fetch dependencies before packing, of which Helm prints nothing."""
    with redirect_stdout(StringIO()):
        update_dependencies(path, parsed)


def _destination(parsed: Parsed) -> str:
    """Where archives go: shown as it was given, but never as a dot."""
    given = parsed.text("destination", ".")
    return os.getcwd() if given in {"", "."} else given


def _names(charts: list[Any]) -> list[str]:
    return [chart.name for chart in charts]


def _set_versions(metadata: Any, parsed: Parsed) -> None:
    from kubesim.helm.functions.semver import parse_version

    if parsed.text("version"):
        metadata.version = parsed.text("version")
    try:
        parse_version(metadata.version)
    except GoError as error:
        raise ChartError(str(error)) from None
    if parsed.text("app-version"):
        metadata.app_version = parsed.text("app-version")


def _archived(path: Path) -> Chart:
    """The chart in an archive, with the errors of the library that Helm shows charts with."""
    try:
        return load_path(path)
    except ChartError:
        data = path.read_bytes()
        if not data.startswith(b"\x1f\x8b\x08"):
            raise
        return load_archive(data)


def show(parsed: Parsed) -> int:
    """Print a part of a chart."""
    from kubesim.helm.show import WHAT
    from kubesim.helm.show import show as text_of

    what = parsed.words[0] if parsed.words else ""
    if what not in WHAT:
        print(f"Usage:  helm {SHOW_USAGE}")
        return 0
    if len(parsed.words) != 2:
        raise ChartError(f'"helm show {what}" requires 1 argument\n\nUsage:  helm show {what} [CHART] [flags]')
    path = located(parsed.words[1], parsed)
    text = text_of(_archived(path) if path.is_file() else load_path(path), what)
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
    return 0
