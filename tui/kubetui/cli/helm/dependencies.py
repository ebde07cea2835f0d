"""``kubetui helm dependency``: lists, fetches and locks the charts that a chart depends on."""

import re
from pathlib import Path
from typing import Any, Final

from kubesim.helm.chart.chart import Chart, Dependency
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load, load_archive
from kubesim.helm.repository.index import version_of
from kubesim.helm.repository.locks import allows
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import count_of, print_table
from kubetui.cli.helm.references import ACCESS_FLAGS, options_of, settings_of
from kubetui.repositories.dependencies import Dependencies

USAGE: Final = "dependency build|list|update"
LIST_USAGE: Final = "dependency list CHART [flags]"
UPDATE_USAGE: Final = "dependency update CHART [flags]"
BUILD_USAGE: Final = "dependency build CHART [flags]"
LIST_FLAGS: Final = {"max-col-width": Flag(TEXT)}
UPDATE_FLAGS: Final = {
    **ACCESS_FLAGS,
    "keyring": Flag(TEXT),
    "skip-refresh": Flag(SWITCH),
    "verify": Flag(SWITCH),
}
_STRICT: Final = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII)


def run(parsed: Parsed) -> int:
    """Say which commands there are."""
    from kubetui.cli.helm.groups import group

    return group("dependency", parsed)


def _path(parsed: Parsed, command: str) -> Path:
    if len(parsed.words) > 1:
        raise ChartError(
            f'"helm dependency {command}" accepts at most 1 argument\n\nUsage:  helm dependency {command} CHART [flags]'
        )
    return Path(parsed.words[0] if parsed.words else ".")


def _manager(parsed: Parsed, command: str) -> Dependencies:
    return Dependencies(
        _path(parsed, command), options_of(parsed), settings_of(parsed), print, skip_refresh=parsed.on("skip-refresh")
    )


def update(parsed: Parsed) -> int:
    """Fetch the newest charts that Chart.yaml allows, and lock their versions."""
    _manager(parsed, "update").update()
    return 0


def build(parsed: Parsed) -> int:
    """Fetch the charts that Chart.lock names."""
    _manager(parsed, "build").build()
    return 0


def list_all(parsed: Parsed) -> int:
    """List the dependencies and whether they are in charts/."""
    path = _path(parsed, "list")
    widest = count_of(parsed, "max-col-width", 80)
    if path.is_dir() and not (path / "Chart.yaml").exists():
        raise ChartError("Chart.yaml file is missing")
    chart = load(path)
    wanted = chart.metadata.dependencies
    if not chart.metadata.declares_dependencies:
        print(f"WARNING: no dependencies at {path / 'charts'}")
        return 0
    rows = [[one.name, one.version, one.repository, _status(path, one, chart)] for one in wanted]
    print_table([["NAME", "VERSION", "REPOSITORY", "STATUS"], *rows], widest)
    print()
    _print_strangers(path, wanted)
    return 0


def _status(path: Path, wanted: Dependency, parent: Chart) -> str:
    """What is to be said of one dependency."""
    # k8s: helm pkg/action Dependency.dependencyStatus
    archives = sorted((path / "charts").glob(f"{_plain(wanted.name)}-*.tgz"))
    if len(archives) > 1:
        archives = [one for one in archives if _STRICT.fullmatch(one.stem.removeprefix(f"{wanted.name}-"))]
        if len(archives) > 1:
            return "too many matches"
    if archives:
        return _archive_status(archives[0], wanted)
    inner = next((one for one in parent.dependencies if one.name == wanted.name), None)
    if inner is None:
        return "missing"
    return _version_status(inner.metadata.version, wanted) or "unpacked"


def _plain(name: str) -> str:
    """A name in which no sign means anything to glob."""
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _archive_status(archive: Path, wanted: Dependency) -> str:
    try:
        chart = load_archive(archive.read_bytes())
    except (GoError, OSError):
        return "corrupt"
    if chart.name != wanted.name:
        return "misnamed"
    return _version_status(chart.metadata.version, wanted) or "ok"


def _version_status(version: str, wanted: Dependency) -> str:
    if version == wanted.version:
        return ""
    if version_of(version) is None:
        return "invalid version"
    try:
        return "" if allows(wanted, version) else "wrong version"
    except GoError:
        return "invalid version"


def _print_strangers(path: Path, wanted: list[Any]) -> None:
    """Warn of charts in charts/ that Chart.yaml does not name."""
    folder = path / "charts"
    names = [one.name for one in wanted]
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not entry.is_dir() and entry.suffix != ".tgz":
            continue
        try:
            chart = load(entry)
        except (GoError, OSError):
            print(f"WARNING: {quote(str(entry))} is not a chart.")
            continue
        if chart.name not in names:
            print(f"WARNING: {quote(str(entry))} is not in Chart.yaml.")
