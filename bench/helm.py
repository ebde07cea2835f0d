"""Renders charts with the built-in engine and with real helm, and compares every byte, every error and the time taken.

``bench/helm.py --helm PATH FOLDER...``: each folder is a chart, or holds charts (folders and .tgz archives). A chart is
rendered with its own values, with each file of its ``ci/`` folder and each ``values-*.yaml``, and with every set of
flags. Lines that two runs of real helm print differently (chance, clock) are left out of the comparison.
"""

import argparse
import contextlib
import difflib
import io
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kubetui.cli.helm import main

KUBETUI = Path(sys.executable).with_name("kubetui")
FLAGS = (
    (),
    ("--include-crds",),
    ("--is-upgrade", "--include-crds", "--namespace", "prod", "--kube-version", "1.29.3"),
    (
        "--api-versions",
        "monitoring.coreos.com/v1,networking.k8s.io/v1/Ingress,autoscaling/v2beta2,cert-manager.io/v1",
        "--no-hooks",
    ),
)


class Rendering(NamedTuple):
    """What one run gave, and the seconds it took."""

    code: int
    out: bytes
    errors: str
    seconds: float


class Caught(io.TextIOWrapper):
    """An output stream that keeps what is written to it."""

    def __init__(self) -> None:
        self.kept = io.BytesIO()
        super().__init__(self.kept, encoding="utf-8", write_through=True)

    def caught(self) -> bytes:
        """All of it so far."""
        return self.kept.getvalue()


class Case(NamedTuple):
    """A chart with the flags it is rendered with."""

    chart: Path
    flags: tuple[str, ...]

    def arguments(self) -> list[str]:
        """The command line behind the program's name."""
        return ["template", "rel", str(self.chart), *self.flags]

    def title(self) -> str:
        """The chart and its flags, without folders."""
        return " ".join([self.chart.name, *[flag.rpartition("/")[2] for flag in self.flags]])


def charts(folders: Sequence[Path]) -> Iterator[Path]:
    """Charts named or found one level below."""
    for folder in folders:
        if folder.is_file() or (folder / "Chart.yaml").exists():
            yield folder
            continue
        for entry in sorted(folder.iterdir()):
            if entry.suffix == ".tgz" or (entry / "Chart.yaml").exists():
                yield entry


def cases(chart: Path) -> Iterator[Case]:
    """All renderings of a chart."""
    files = [*sorted(chart.glob("ci/*.y*ml")), *sorted(chart.glob("values-*.y*ml"))] if chart.is_dir() else []
    for flags in FLAGS:
        yield Case(chart, flags)
    for file in files:
        yield Case(chart, ("--values", str(file)))


def real(helm: str, case: Case) -> Rendering:
    """One process of real helm."""
    began = time.perf_counter()
    done = subprocess.run([helm, *case.arguments()], capture_output=True, check=False, timeout=120)
    taken = time.perf_counter() - began
    return Rendering(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), taken)


def own(case: Case) -> Rendering:
    """The same in this process, from reading the chart to the text."""
    out, errors = Caught(), Caught()
    began = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main(case.arguments())
    taken = time.perf_counter() - began
    return Rendering(code, out.caught(), errors.caught().decode("utf-8", "replace"), taken)


def cold(case: Case) -> float:
    """Seconds of one process of ``kubetui helm``."""
    began = time.perf_counter()
    subprocess.run([KUBETUI, "helm", *case.arguments()], capture_output=True, check=False, timeout=120)
    return time.perf_counter() - began


def message(errors: str) -> str:
    """The error itself: what helm logs before it carries times and addresses of its own."""
    start = errors.find("Error: ")
    return errors[start:].strip() if start >= 0 else ""


def lines_of(rendering: Rendering) -> list[str]:
    """The lines that are compared: the output, or the error."""
    if rendering.code:
        return message(rendering.errors).splitlines()
    return rendering.out.decode("utf-8", "surrogateescape").split("\n")


def differences(case: Case, helm: str, theirs: Rendering, ours: Rendering) -> list[str]:
    """What the built-in engine does otherwise."""
    expected, found = lines_of(theirs), lines_of(ours)
    if expected == found:
        return []
    if len(expected) == len(found):
        again = lines_of(real(helm, case))
        settled = [one == other for one, other in zip(expected, again, strict=False)]
        if theirs.code and sorted(expected) == sorted(found):
            # Go goes through a schema's properties in random order.
            return []
        if len(again) == len(expected) and all(
            mine == one for one, mine, same in zip(expected, found, settled, strict=True) if same
        ):
            return []
    return list(difflib.unified_diff(expected, found, "helm", "kubetui", lineterm="", n=1))


def report(title: str, numbers: Sequence[float], unit: str = "ms") -> None:
    """One line of figures."""
    print(f"{title}: median {statistics.median(numbers):.1f} {unit}, worst {max(numbers):.1f}, sum {sum(numbers):.0f}")


def run() -> int:
    """Compare everything; the exit code is 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--helm", default="helm", help="the real program")
    parser.add_argument("--lines", type=int, default=20, help="lines shown of each difference")
    parser.add_argument("--cold", type=int, default=3, help="charts also rendered by a process of kubetui")
    wanted = parser.parse_args()
    theirs: list[float] = []
    warm: list[float] = []
    first: list[float] = []
    failed: list[str] = []
    found = list(charts(wanted.folders))
    for chart in found:
        for case in cases(chart):
            expected = real(wanted.helm, case)
            early, ours = own(case), own(case)
            theirs.append(expected.seconds * 1000)
            first.append(early.seconds * 1000)
            warm.append(ours.seconds * 1000)
            lines = differences(case, wanted.helm, expected, ours)
            if lines:
                failed.append(case.title())
                print(f"DIFFERS {case.title()}", *[f"    {line[:220]}" for line in lines[: wanted.lines]], sep="\n")
            if warm[-1] > 60:
                print(f"slow    {case.title()}: {warm[-1]:.0f} ms, helm {theirs[-1]:.0f} ms")
    report("helm, one process each", theirs)
    report("kubetui, first time", first)
    report("kubetui, warm", warm)
    for chart in found[: wanted.cold]:
        print(f"kubetui helm template {chart.name} as a process: {cold(Case(chart, ())) * 1000:.0f} ms")
    print(f"{len(found)} charts, {len(warm)} renderings, {len(warm) - len(failed)} equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run())
