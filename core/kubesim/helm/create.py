"""Scaffolds a new chart from the starter: what ``helm create`` makes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError

MAX_NAME_LENGTH: Final = 250
_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_STARTER: Final = Path(__file__).parent / "starter"
_PLACEHOLDER: Final = b"<CHARTNAME>"
# differs: the texts are our own; they render what Helm's starter renders.
_FILES: Final = (
    "Chart.yaml",
    "values.yaml",
    ".helmignore",
    "templates/ingress.yaml",
    "templates/httproute.yaml",
    "templates/deployment.yaml",
    "templates/service.yaml",
    "templates/serviceaccount.yaml",
    "templates/hpa.yaml",
    "templates/NOTES.txt",
    "templates/_helpers.tpl",
    "templates/tests/test-connection.yaml",
)


def check_chart_name(name: str) -> None:
    """Refuse a name that no chart may have; ChartError with Helm's text."""
    if not name or len(name) > MAX_NAME_LENGTH:
        raise ChartError(f"chart name must be between 1 and {MAX_NAME_LENGTH} characters")
    if _NAME.fullmatch(name) is None:
        raise ChartError(f'chart name must match the regular expression "^{_NAME.pattern}$"')


def starter_files(name: str) -> Iterator[File]:
    """The files of a new chart, in the order Helm writes them; ChartError when the name will not do."""
    check_chart_name(name)
    for path in _FILES:
        yield File(path, (_STARTER / path).read_bytes().replace(_PLACEHOLDER, name.encode()))


def create(name: str, parent: Path) -> list[Path]:
    """Write a new chart into a folder of its name under ``parent``; the files that were there and are no more."""
    files = list(starter_files(name))
    folder = parent / name
    if not parent.exists():
        raise ChartError(f"stat {parent}: no such file or directory")
    if folder.exists() and not folder.is_dir():
        raise ChartError(f"file {folder} already exists and is not a directory")
    replaced: list[Path] = []
    for file in files:
        path = folder / file.name
        if path.exists():
            replaced.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    (folder / "charts").mkdir(exist_ok=True)
    return replaced
