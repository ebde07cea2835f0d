"""Chart.lock: the exact versions of a chart's dependencies, and the digest that says whether it still fits."""

import hashlib
import os.path
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Dependency
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.functions.semver import parse_constraints, parse_version, satisfies
from kubesim.helm.functions.urls import parse
from kubesim.helm.repository.addresses import is_oci, same_place
from kubesim.helm.repository.documents import struct_json
from kubesim.helm.repository.entries import Entry
from kubesim.helm.repository.index import Index, version_of
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.yaml.writer import to_yaml

FILE: Final = "file://"
UNMANAGED: Final = "helm-manager-"
"""How the caches of repositories begin that a chart names by URL only."""


class Lock(NamedTuple):
    """The content of Chart.lock."""

    dependencies: tuple[Dependency, ...]
    digest: str
    generated: str

    def to_yaml(self) -> str:
        """The text of the file."""
        return to_yaml({
            "generated": self.generated,
            "digest": self.digest,
            "dependencies": [dependency_tree(one) for one in self.dependencies],
        })  # fmt: skip


def dependency_tree(dependency: Dependency) -> dict[str, Any]:
    """A dependency as JSON, in the order of Helm's struct."""
    tree: dict[str, Any] = {"name": dependency.name}
    if dependency.version:
        tree["version"] = dependency.version
    tree["repository"] = dependency.repository
    optional = {
        "condition": dependency.condition,
        "tags": dependency.tags,
        "enabled": dependency.enabled,
        "import-values": [_ordered(value) for value in dependency.import_values],
        "alias": dependency.alias,
    }
    return {**tree, **{key: value for key, value in optional.items() if value}}


def _ordered(value: Any) -> Any:
    """What a user wrote, as Go marshals it: keys sorted, whole numbers without a point."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def digest(wanted: Sequence[Dependency], locked: Sequence[Dependency]) -> str:
    """The digest over what Chart.yaml wants and what was locked."""
    # k8s: helm internal/resolver HashReq
    data = struct_json([[dependency_tree(one) for one in wanted], [dependency_tree(one) for one in locked]])
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def read_lock(tree: Mapping[str, Any]) -> Lock:
    """The lock in what was read from Chart.lock."""
    keys = ("name", "version", "repository")
    listed = [one for one in tree.get("dependencies") or () if isinstance(one, dict)]
    found = [Dependency(*[str(one.get(key) or "") for key in keys]) for one in listed]
    return Lock(tuple(found), str(tree.get("digest") or ""), str(tree.get("generated") or ""))


def unmanaged_name(url: str) -> str:
    """The name under which the index of a repository is cached that was never added."""
    return UNMANAGED + hashlib.sha256(url.encode()).hexdigest()


class Sources(NamedTuple):
    """Dependencies whose aliases are resolved, and the repository each comes from, by the dependency's name."""

    dependencies: list[Dependency]
    names: dict[str, str]


def resolve_sources(wanted: Sequence[Dependency], entries: Sequence[Entry]) -> Sources:
    """Put URLs in the place of ``@name`` and ``alias:name``; ChartError for a repository that nobody added."""
    # k8s: helm pkg/downloader Manager.resolveRepoNames
    names: dict[str, str] = {}
    resolved: list[Dependency] = []
    missing: list[str] = []
    for dependency in wanted:
        one = dependency.copy()
        resolved.append(one)
        if not one.repository or is_oci(one.repository):
            if one.repository:
                names[one.name] = one.repository
            continue
        entry = _entry_of(one.repository, entries)
        if entry is not None:
            one.repository = entry.url
            names[one.name] = entry.name
        elif one.repository.startswith(FILE):
            names[one.name] = one.repository
        elif not _is_url(one.repository):
            missing.append(one.repository)
    if missing:
        raise ChartError(_unknown_repositories(missing))
    return Sources(resolved, names)


def _entry_of(repository: str, entries: Sequence[Entry]) -> Entry | None:
    for entry in entries:
        if repository in {f"@{entry.name}", f"alias:{entry.name}"} or same_place(entry.url, repository):
            return entry
    return None


def _is_url(text: str) -> bool:
    try:
        url = parse(text)
    except GoError:
        return False
    return bool(url.scheme) or text.startswith("/")


def _unknown_repositories(missing: Sequence[str]) -> str:
    text = f"no repository definition for {', '.join(missing)}. Please add them via 'helm repo add'"
    if any("//" not in one and not one.startswith(("@", "alias:")) for one in missing):
        text += (
            '\nNote that repositories must be URLs or aliases. For example, to refer to the "example"\n'
            'repository, use "https://charts.example.com/" or "@example" instead of\n'
            "\"example\". Don't forget to add the repo, too ('helm repo add')."
        )
    return text


def check_all_added(locked: Sequence[Dependency], entries: Sequence[Entry]) -> None:
    """A chart is built from its lock only out of repositories that were added; ChartError with Helm's text."""
    missing = [
        one.repository
        for one in locked
        if one.repository
        and not one.repository.startswith(FILE)
        and not is_oci(one.repository)
        and not any(same_place(entry.url, one.repository) for entry in entries)
    ]
    if missing:
        raise ChartError(
            f"no repository definition for {', '.join(missing)}. Please add the missing repos via 'helm repo add'"
        )


def local_folder(repository: str, chart: str) -> str:
    """The folder that a file:// repository or a name below charts/ means, seen from the chart's folder."""
    path = repository.removeprefix(FILE)
    return os.path.normpath(path) if path.startswith("/") else os.path.normpath(os.path.join(chart, path))


def constraint_of(dependency: Dependency) -> Any:
    """The constraint on a dependency's version; ChartError with Helm's text."""
    try:
        return parse_constraints(dependency.version)
    except GoError as error:
        name = quote(dependency.name)
        raise ChartError(f"dependency {name} has an invalid version/constraint format: {error}") from None


def pick(dependency: Dependency, index: Index) -> str | None:
    """The newest version in an index that a dependency allows; ChartError when the chart is not there at all."""
    versions = index.entries.get(dependency.name)
    if versions is None:
        raise ChartError(f"{dependency.name} chart not found in repo {dependency.repository}")
    constraints = constraint_of(dependency)
    for one in versions:
        version = version_of(one.version)
        if version is not None and one.urls and satisfies(version, constraints):
            return version.original
    return None


def allows(dependency: Dependency, version: str) -> bool:
    """Whether a version is one that the dependency allows; GoError for a version that is none."""
    return satisfies(parse_version(version), constraint_of(dependency))


def nothing_fits(unmet: Sequence[Dependency]) -> ChartError:
    """The error about dependencies of which no version fits."""
    shown = ", ".join([
        f"{quote(one.name)} (repository {quote(one.repository)}, version {quote(one.version)})" for one in unmet
    ])  # fmt: skip
    return ChartError(
        f"can't get a valid version for {len(unmet)} subchart(s): {shown}. Make sure a matching chart version exists "
        "in the repo, or change the version constraint in Chart.yaml"
    )
