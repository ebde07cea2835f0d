"""Writes sample-clusters/charts-repository: the archives and the index, out of the charts in its folder ``sources``."""

import gzip
import sys
from functools import cmp_to_key
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "core"))

from kubesim.helm.chart.chart import Chart, File  # noqa: E402
from kubesim.helm.chart.loader import load_archive, load_files  # noqa: E402
from kubesim.helm.functions.semver import compare, parse_version  # noqa: E402
from kubesim.helm.package import archive_name, package  # noqa: E402
from kubesim.helm.repository.building import build_index  # noqa: E402
from kubesim.helm.repository.index import read_index  # noqa: E402

REPOSITORY = ROOT / "sample-clusters" / "charts-repository"
ORDER = ("common", "web", "redis", "guestbook", "report")
"""Charts come after those that they depend on."""
MADE = 1_767_225_600
"""The time of every file: the first second of 2026."""


def sources(name: str) -> list[tuple[str, dict[str, bytes]]]:
    """The versions of a chart, oldest first, with all their files: each version's folder lies over the one before."""
    folder = REPOSITORY / "sources" / name
    versions = sorted(
        [path.name for path in folder.iterdir()],
        key=cmp_to_key(lambda one, two: compare(parse_version(one), parse_version(two))),
    )
    files: dict[str, bytes] = {}
    found = []
    for version in versions:
        place = folder / version
        files = {
            **files,
            **{str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()},
        }
        found.append((version, dict(sorted(files.items()))))
    return found


def vendored(chart: Chart, archives: dict[str, bytes]) -> list[File]:
    """The archives of the charts that a chart depends on."""
    index = build_index([File(name, data) for name, data in archives.items()], "", MADE)
    index.sort()
    names = [(index.get(one.name, one.version).urls or [""])[0] for one in chart.metadata.dependencies]
    return [File(f"charts/{name}", archives[name]) for name in names]


def build() -> dict[str, bytes]:
    """All files of the repository by name."""
    archives: dict[str, bytes] = {}
    for name in ORDER:
        for version, files in sources(name):
            loose = [File(path, data) for path, data in files.items()]
            chart = load_files([*loose, *vendored(load_files(loose), archives)])
            assert chart.metadata.version == version, f"{name} {version} says it is {chart.metadata.version}"
            archives[archive_name(chart)] = package(chart, MADE)
    index = build_index([File(name, archives[name]) for name in sorted(archives)], "", MADE * 1_000_000_000)
    index.sort()
    return {**archives, "index.yaml": index.to_yaml().encode()}


def stale(made: dict[str, bytes]) -> list[str]:
    """The files on disk that are not as they would be made; how well they are compressed does not matter."""
    found = [
        name
        for name, data in made.items()
        if name.endswith(".tgz")
        and (
            not (REPOSITORY / name).exists()
            or gzip.decompress((REPOSITORY / name).read_bytes()) != gzip.decompress(data)
        )
    ]
    index = read_index((REPOSITORY / "index.yaml").read_bytes(), "index.yaml")
    kept = {path.name: path.read_bytes() for path in REPOSITORY.glob("*.tgz")}
    again = build_index([File(name, kept[name]) for name in sorted(kept)], "", MADE * 1_000_000_000)
    again.sort()
    found += [] if again.to_yaml() == index.to_yaml() else ["index.yaml"]
    return found + sorted(set(kept) - set(made))


def main() -> int:
    """Write the files, or with --check say which are stale."""
    made = build()
    if "--check" in sys.argv:
        names = stale(made)
        print("\n".join([f"stale: {name}" for name in names]) or "the sample charts are up to date")
        return 1 if names else 0
    for path in REPOSITORY.glob("*.tgz"):
        path.unlink()
    for name, data in made.items():
        (REPOSITORY / name).write_bytes(data)
        load_archive(data) if name.endswith(".tgz") else None
    print(f"{len(made)} files in {REPOSITORY.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
