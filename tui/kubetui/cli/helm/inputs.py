"""What commands read from outside: charts, values files, the clock and chance."""

import os
import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load
from kubesim.helm.chart.sources import merge_values
from kubesim.helm.template.execute.context import Sources
from kubesim.helm.template.values import decode
from kubetui.cli.helm.flags import LIST, MANY, SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.references import SETTING_FLAGS, located

VALUE_FLAGS: Final = {
    "values": Flag(LIST, "f"),
    "set": Flag(MANY),
    "set-string": Flag(MANY),
    "set-json": Flag(MANY),
    "set-file": Flag(MANY),
    "set-literal": Flag(MANY),
}
GLOBAL_FLAGS: Final = {"namespace": Flag(TEXT, "n"), "debug": Flag(SWITCH), **SETTING_FLAGS}


def namespace_of(parsed: Parsed) -> str:
    """--namespace, or what the environment says."""
    return parsed.text("namespace") or os.environ.get("HELM_NAMESPACE") or "default"


def sources() -> Sources:
    """The real clock and real chance."""
    return Sources(_now, SystemRandom())


def _now() -> int:
    return time.time_ns() // 1_000_000


def values_of(parsed: Parsed) -> dict[str, Any]:
    """The user's values; ChartError with Helm's text."""
    return merge_values(
        [(path, _read(path)) for path in parsed.many("values")],
        set_json=parsed.many("set-json"),
        set_values=parsed.many("set"),
        set_strings=parsed.many("set-string"),
        set_files=parsed.many("set-file"),
        set_literals=parsed.many("set-literal"),
        read=_read,
    )


def _read(path: str) -> str:
    """A file's text; ``-`` is standard input."""
    if path.strip() == "-":
        return decode(sys.stdin.buffer.read())
    try:
        return decode(Path(path).read_bytes())
    except FileNotFoundError:
        raise ChartError(f"open {path}: no such file or directory") from None
    except IsADirectoryError:
        raise ChartError(f"read {path}: is a directory") from None
    except PermissionError:
        raise ChartError(f"open {path}: permission denied") from None


def load_chart(name: str, parsed: Parsed | None = None) -> Chart:
    """The chart that a user named; ``parsed`` has the flags that say how to find it."""
    return load_path(located(name, parsed or Parsed({}, [])))


def load_path(path: Path) -> Chart:
    """The chart in a folder or archive."""
    file = path / "Chart.yaml"
    if path.is_dir() and not file.exists():
        raise ChartError(f"unable to detect chart at {file}: open {file}: no such file or directory")
    return load(path)
