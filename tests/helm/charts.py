"""Charts for tests, made of texts."""

import random
from typing import Any

from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.loader import load_files
from kubesim.helm.template.execute.context import Sources


def now() -> int:
    return 1_790_000_000_000


SOURCES = Sources(now, random.Random(1))
CHART_YAML = "apiVersion: v2\nname: t\nversion: 0.1.0\n"


def chart_of(files: dict[str, str | bytes] | None = None) -> Chart:
    """A chart named t of these files."""
    contents: dict[str, Any] = {"Chart.yaml": CHART_YAML, **(files or {})}
    return load_files(
        [File(name, text if isinstance(text, bytes) else text.encode()) for name, text in contents.items()]
    )
