"""``helm search repo``: keyword or regular expression over names, descriptions and keywords, best matches first."""

from collections.abc import Iterable, Mapping
from functools import cmp_to_key
from typing import Final, NamedTuple

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.functions.regex import compile_pattern
from kubesim.helm.functions.semver import compare, parse_constraints, satisfies
from kubesim.helm.repository.index import ChartVersion, Index, version_of
from kubesim.helm.template.errors import GoError

_SEPARATOR: Final = "\v"
_WORST: Final = 25


class Found(NamedTuple):
    """A chart that fits; ``score`` is the field of the match: 0 the name, 1 the full name, 2 the description."""

    name: str
    score: int
    chart: ChartVersion


def search(
    indexes: Mapping[str, Index], words: Iterable[str], *, regexp: bool, version: str, devel: bool, every: bool
) -> list[Found]:
    """The charts that fit, best first.

    ``indexes`` are the indexes by the repository's name; ``version`` is a constraint, ``devel`` takes prereleases,
    ``every`` lists all versions of a chart. GoError with Helm's text for what cannot be read.
    """
    # k8s: helm cmd search_repo, pkg/cmd/search
    constraint = version or (">0.0.0-0" if devel else ">0.0.0")
    term = " ".join(words)
    lines = _lines(indexes)
    found = _matching(lines, term, regexp) if term else [Found(name, 0, chart) for name, _, chart in lines]
    found.sort(key=cmp_to_key(_better_first))
    return _allowed(found, constraint, every)


def _lines(indexes: Mapping[str, Index]) -> list[tuple[str, str, ChartVersion]]:
    lines = []
    for repository in sorted(indexes):
        entries = indexes[repository].entries
        for name in sorted(entries):
            for chart in entries[name]:
                metadata = chart.metadata
                full = f"{repository}/{metadata.name}"
                text = [metadata.name, full, metadata.description, " ".join(metadata.keywords)]
                lines.append((f"{repository}/{name}", _SEPARATOR.join(text), chart))
    return lines


def _matching(lines: list[tuple[str, str, ChartVersion]], term: str, regexp: bool) -> list[Found]:
    pattern = None
    if regexp:
        try:
            pattern = compile_pattern(term)
        except GoError as error:
            raise ChartError(str(error)) from None
    found = []
    for name, line, chart in lines:
        if pattern is None:
            place = line.lower().find(term.lower())
        else:
            spans = pattern.search(line)
            place = -1 if spans is None else spans[0][0]
        score = line.count(_SEPARATOR, 0, max(place, 0))
        if place >= 0 and score < _WORST:
            found.append(Found(name, score, chart))
    return found


def _better_first(one: Found, two: Found) -> int:
    if one.score != two.score:
        return one.score - two.score
    if one.name != two.name:
        return -1 if one.name < two.name else 1
    left, right = version_of(one.chart.version), version_of(two.chart.version)
    if left is None or right is None:
        return (left is None) - (right is None)
    return compare(right, left)


def _allowed(found: list[Found], constraint: str, every: bool) -> list[Found]:
    try:
        constraints = parse_constraints(constraint)
    except GoError as error:
        raise ChartError(f"an invalid version/constraint format: {error}") from None
    kept: list[Found] = []
    names: set[str] = set()
    for one in found:
        version = version_of(one.chart.version)
        if (every or one.name not in names) and version is not None and satisfies(version, constraints):
            kept.append(one)
            names.add(one.name)
    return kept
