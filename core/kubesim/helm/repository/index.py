"""index.yaml: the charts of a repository and their versions, read with Helm's checks, searched, merged and written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any, Final

from kubesim.helm.chart.chart import Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.metadata import fill_metadata, validate
from kubesim.helm.functions.semver import Version, compare, parse_constraints, parse_version, satisfies
from kubesim.helm.release.record import metadata_tree
from kubesim.helm.repository.documents import read_time, struct_json
from kubesim.helm.repository.entries import NO_TIME
from kubesim.helm.repository.strict import check_fields, check_keys
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode
from kubesim.helm.yaml.reader import json_kind, read_exact
from kubesim.helm.yaml.writer import to_yaml

API_VERSION: Final = "v1"
_TOLERATED: Final = "validation: more than one dependency with name or alias"
_IN_YAML: Final = "error unmarshaling JSON: while decoding JSON: "


class NotFoundError(ChartError):
    """A repository does not have the chart or not in that version."""


@dataclass(slots=True)
class ChartVersion:
    """One version of a chart; ``urls`` is None when the index does not say where it is."""

    metadata: Metadata
    urls: list[str] | None = None
    created: str = NO_TIME
    digest: str = ""
    removed: bool = False

    @property
    def version(self) -> str:
        """The chart's version."""
        return self.metadata.version

    def tree(self) -> dict[str, Any]:
        """As JSON, in the order of Helm's struct."""
        tree = {**metadata_tree(self.metadata), "urls": self.urls, "created": self.created}
        if self.removed:
            tree["removed"] = True
        if self.digest:
            tree["digest"] = self.digest
        return tree


@dataclass(slots=True)
class Index:
    """The versions of every chart, newest first."""

    entries: dict[str, list[ChartVersion]] = field(default_factory=dict)
    generated: str = NO_TIME
    api_version: str = API_VERSION
    public_keys: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)

    def sort(self) -> None:
        """Newest versions first; what is no version comes last."""
        for versions in self.entries.values():
            versions.sort(key=cmp_to_key(_newer_first))

    def get(self, name: str, wanted: str = "") -> ChartVersion:
        """The newest version that ``wanted`` allows: a version, a constraint, or nothing for the newest stable one.

        Raises NotFoundError, or GoError for a constraint that cannot be read.
        """
        # k8s: helm pkg/repo IndexFile.Get
        versions = self.entries.get(name)
        if versions is None:
            raise NotFoundError("no chart name found")
        if not versions:
            raise NotFoundError("no chart version found")
        constraints = parse_constraints(wanted or "*")
        exact = next((one for one in versions if wanted and one.version == wanted), None)
        if exact is not None:
            return exact
        for one in versions:
            version = version_of(one.version)
            if version is not None and satisfies(version, constraints):
                return one
        raise NotFoundError(f"no chart version found for {name}-{wanted}")

    def has(self, name: str, version: str) -> bool:
        """Whether a version would be found."""
        try:
            self.get(name, version)
        except GoError:
            return False
        return True

    def merge(self, other: "Index") -> None:
        """Add the versions of another index that this one does not have."""
        for name in sorted(other.entries):
            for one in other.entries[name]:
                if not self.has(one.metadata.name, one.version):
                    self.entries.setdefault(one.metadata.name, []).append(one)

    def tree(self) -> dict[str, Any]:
        """As JSON, in the order of Helm's struct."""
        tree: dict[str, Any] = {"apiVersion": self.api_version, "generated": self.generated}
        tree["entries"] = {name: [one.tree() for one in self.entries[name]] for name in sorted(self.entries)}
        if self.public_keys:
            tree["publicKeys"] = list(self.public_keys)
        if self.annotations:
            tree["annotations"] = dict(self.annotations)
        return tree

    def to_yaml(self) -> str:
        """The text of index.yaml."""
        return to_yaml(self.tree())

    def to_json(self) -> bytes:
        """The same as indented JSON."""
        return struct_json(self.tree(), indent=2)


def version_of(text: str) -> Version | None:
    """The semantic version a text is, if it is one."""
    try:
        return parse_version(text)
    except GoError:
        return None


def _newer_first(one: ChartVersion, two: ChartVersion) -> int:
    left, right = version_of(one.version), version_of(two.version)
    if left is None or right is None:
        return (left is None) - (right is None)
    return compare(right, left)


def read_index(data: bytes, source: str, warnings: list[str] | None = None) -> Index:
    """The index in some bytes; ``warnings`` gets a log line for every version left out. GoError with Helm's text."""
    if not data:
        raise ChartError("empty index.yaml file")
    tree, strict = _decoded(decode(data))
    if tree is not None and not isinstance(tree, dict):
        prefix = _IN_YAML if strict else ""
        raise ChartError(f"{prefix}json: cannot unmarshal {json_kind(tree)} into Go value of type repo.IndexFile")
    index = _filled(tree or {}, strict)
    for name in sorted(index.entries):
        index.entries[name] = _usable(name, index.entries[name], source, warnings if warnings is not None else [])
    index.sort()
    if not index.api_version:
        raise ChartError("no API version specified")
    return index


def _decoded(text: str) -> tuple[Any, bool]:
    """The document, and whether it is read strictly: JSON is not."""
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text), False
        except (ValueError, RecursionError):
            pass  # flow style YAML begins in the same way
    tree = read_exact(text)
    check_keys(text)
    return tree, True


def _filled(tree: dict[str, Any], strict: bool) -> Index:
    if strict:
        check_fields(tree, "index")
    index = Index(api_version="")
    given = {key.lower(): value for key, value in tree.items()}
    version = given.get("apiversion")
    index.api_version = "" if version is None else str(version)
    if isinstance(given.get("generated"), str):
        index.generated = read_time(given["generated"])
    index.public_keys = _strings(given.get("publickeys"), "publicKeys") or []
    annotations = given.get("annotations") or {}
    index.annotations = {key: str(value) for key, value in annotations.items()} if isinstance(annotations, dict) else {}
    entries = given.get("entries") or {}
    if not isinstance(entries, dict):
        raise _mismatch(entries, "IndexFile.entries", "map[string]repo.ChartVersions")
    for name in sorted(entries):
        versions = entries[name] or []
        if not isinstance(versions, list):
            raise _mismatch(versions, f".entries.{name}", "repo.ChartVersions")
        index.entries[name] = [_version(name, one, strict) for one in versions]  # type: ignore[misc]
    return index


def _version(name: str, tree: Any, strict: bool) -> ChartVersion | None:
    if tree is None:
        return None
    if not isinstance(tree, Mapping):
        raise _mismatch(tree, f".entries.{name}", "repo.ChartVersion")
    if strict:
        check_fields(tree, "version")
    metadata = Metadata()
    fill_metadata(dict(tree), metadata)
    given = {key.lower(): value for key, value in tree.items() if value is not None}
    made = ChartVersion(metadata, _strings(given.get("urls"), "urls"))
    if isinstance(given.get("created"), str):
        made.created = read_time(given["created"])
    made.digest = str(given.get("digest", ""))
    made.removed = given.get("removed") is True
    return made


def _strings(value: Any, path: str) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise _mismatch(value, path, "[]string")
    return ["" if one is None else str(one) for one in value]


def _mismatch(value: Any, path: str, kind: str) -> ChartError:
    return ChartError(f"{_IN_YAML}json: cannot unmarshal {json_kind(value)} into Go struct field {path} of type {kind}")


def _usable(name: str, versions: list[Any], source: str, warnings: list[str]) -> list[ChartVersion]:
    """The versions that Helm takes; the others are told of, from the last to the first."""
    kept: list[ChartVersion] = []
    for one in reversed(versions):
        if one is None:
            warnings.append(log_line("skipping loading invalid entry for chart: empty entry", name=name, source=source))
            continue
        metadata = one.metadata
        metadata.api_version = metadata.api_version or "v1"
        try:
            validate(metadata)
        except GoError as error:
            if not str(error).startswith(_TOLERATED):
                fields = {"name": name, "version": one.version, "source": source, "error": str(error)}
                warnings.append(log_line("skipping loading invalid entry for chart", **fields))
                continue
        kept.append(one)
    return kept[::-1]


def log_line(message: str, level: str = "WARN", **fields: str) -> str:
    """A line of Go's log/slog text handler, without a time."""
    parts = {"msg": message, **fields}
    return " ".join([f"level={level}", *[f"{key}={_log_value(value)}" for key, value in parts.items()]])


def _log_value(text: str) -> str:
    plain = text and all(letter.isprintable() and letter not in ' "=' for letter in text)
    return text if plain else quote(text)
