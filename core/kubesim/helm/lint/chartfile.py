"""The rules for Chart.yaml."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from kubesim.helm.chart.chart import Metadata
from kubesim.helm.chart.metadata import read_metadata
from kubesim.helm.functions import semver
from kubesim.helm.functions.urls import parse as parse_url
from kubesim.helm.lint.messages import ERROR, INFO, WARNING, Findings
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode, type_name
from kubesim.helm.yaml.reader import read

CHART_FILE: Final = "Chart.yaml"
_STRICT_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII)
# differs: govalidator's expressions are stricter about rare addresses than these
_EMAIL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]+")
_WEB_ADDRESS: Final = re.compile(
    r"((ftp|tcp|udp|wss?|https?)://)?(\S+(:\S*)?@)?(localhost|([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]+|"
    r"\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?([/?#]\S*)?",
    re.IGNORECASE,
)
_DEPENDENCY: Final = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")
_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "": (
        "name", "home", "sources", "version", "description", "keywords", "maintainers", "icon", "apiVersion",
        "condition", "tags", "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type",
    ),
    "maintainers": ("name", "email", "url"),
    "dependencies": _DEPENDENCY,
}  # fmt: skip


def check_chart_file(folder: Path, found: Findings) -> None:
    """Add what is wrong with a chart's Chart.yaml."""
    path = folder / CHART_FILE
    found.rule(ERROR, CHART_FILE, "should be a file, not a directory" if path.is_dir() else None)
    metadata = Metadata()
    problem = None
    text = ""
    try:
        text = decode(path.read_bytes())
        read_metadata(text, metadata)
    except IsADirectoryError:
        problem = f"unable to parse YAML\n\tread {path}: is a directory"
    except GoError as error:
        problem = f"unable to parse YAML\n\t{error}"
    if not found.rule(ERROR, CHART_FILE, problem):
        return
    tree = read(text)
    given = tree if isinstance(tree, dict) else {}
    strict = strict_problem(text, given)
    complaint = strict and f"failed to strictly parse chart metadata file\n\t{strict}"
    found.rule(WARNING, CHART_FILE, complaint)
    found.rule(ERROR, CHART_FILE, _name_problem(metadata))
    found.rule(ERROR, CHART_FILE, _api_version_problem(metadata))
    found.rule(ERROR, CHART_FILE, _type_problem(given, "version"))
    found.rule(ERROR, CHART_FILE, _version_problem(metadata.version))
    found.rule(ERROR, CHART_FILE, _type_problem(given, "appVersion"))
    found.rule(ERROR, CHART_FILE, _maintainer_problem(metadata))
    found.rule(ERROR, CHART_FILE, _source_problem(metadata))
    found.rule(INFO, CHART_FILE, None if metadata.icon else "icon is recommended")
    bad_icon = metadata.icon and not _is_request_url(metadata.icon)
    found.rule(ERROR, CHART_FILE, f"invalid icon URL '{metadata.icon}'" if bad_icon else None)
    found.rule(ERROR, CHART_FILE, _only_second_version(metadata))
    found.rule(ERROR, CHART_FILE, _dependencies_problem(metadata))
    found.rule(WARNING, CHART_FILE, _strict_version_problem(metadata.version))


def strict_problem(text: str, tree: dict[str, Any]) -> str | None:
    """What a strict reader says: keys given twice, then the first unknown field."""
    repeated: list[str] = []
    _repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader), repeated)
    if repeated:
        return "error converting YAML to JSON: yaml: unmarshal errors:\n" + "\n".join(repeated)
    unknown = _unknown_field(tree, "")
    return unknown and f"error unmarshaling JSON: while decoding JSON: json: unknown field {quote(unknown)}"


def _repeated_keys(node: Any, repeated: list[str]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _repeated_keys(item, repeated)
    elif isinstance(node, yaml.MappingNode):
        seen: list[str] = []
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 1
                    repeated.append(f"  line {line}: key {quote(key.value)} already set in map")
                seen.append(key.value)
            _repeated_keys(value, repeated)


def _unknown_field(tree: dict[str, Any], place: str) -> str | None:
    known = [name.lower() for name in _KNOWN[place]]
    for key in sorted(tree):
        if key.lower() not in known:
            return key
        items = tree[key]
        if not place and key.lower() in _KNOWN and isinstance(items, list):
            inner = [_unknown_field(item, key.lower()) for item in items if isinstance(item, dict)]
            unknown = next((name for name in inner if name is not None), None)
            if unknown is not None:
                return unknown
    return None


def _name_problem(metadata: Metadata) -> str | None:
    if not metadata.name:
        return "name is required"
    if "/" in metadata.name:
        return f"chart name {quote(metadata.name)} is invalid"
    return None


def _api_version_problem(metadata: Metadata) -> str | None:
    if not metadata.api_version:
        return 'apiVersion is required. The value must be either "v1" or "v2"'
    if metadata.api_version not in {"v1", "v2"}:
        return f'apiVersion \'{metadata.api_version}\' is not valid. The value must be either "v1" or "v2"'
    return None


def _type_problem(given: dict[str, Any], field: str) -> str | None:
    if field not in given or isinstance(given[field], str):
        return None
    value = given[field]
    found = "<nil>" if value is None else type_name(float(value) if type(value) is int else value)
    return f"{field} should be of type string but it's of type {found}"


def _version_problem(text: str) -> str | None:
    if not text:
        return "version is required"
    try:
        version = semver.parse_version(text)
    except GoError:
        return f"version '{text}' is not a valid SemVer"
    if semver.compare(version, semver.parse_version("0.0.0-0")) <= 0:
        return f'version "{text}" is less than or equal to "0.0.0-0"'
    return None


def _strict_version_problem(text: str) -> str | None:
    problem = f"version '{text}' is not a valid SemVerV2"
    if _STRICT_VERSION.fullmatch(text) is None:
        return problem
    if any(len(part) > 1 and part[0] == "0" for part in re.split("[-+]", text, maxsplit=1)[0].split(".")):
        return problem
    try:
        semver.parse_version(text)
    except GoError:
        return problem
    return None


def _maintainer_problem(metadata: Metadata) -> str | None:
    who: Any
    for who in metadata.maintainers:
        if who is None:
            return "a maintainer entry is empty"
        if not who.name:
            return "each maintainer requires a name"
        if who.email and _EMAIL.fullmatch(who.email) is None:
            return f"invalid email '{who.email}' for maintainer '{who.name}'"
        if who.url and _WEB_ADDRESS.fullmatch(who.url) is None:
            return f"invalid url '{who.url}' for maintainer '{who.name}'"
    return None


def _source_problem(metadata: Metadata) -> str | None:
    for source in metadata.sources:
        if not _is_request_url(source):
            return f"invalid source URL '{source}'"
    return None


def _is_request_url(text: str) -> bool:
    try:
        return bool(parse_url(text).scheme)
    except GoError:
        return False


def _only_second_version(metadata: Metadata) -> str | None:
    if metadata.type and metadata.api_version != "v2":
        return f"chart type is not valid in apiVersion '{metadata.api_version}'. It is valid in apiVersion 'v2'"
    return None


def _dependencies_problem(metadata: Metadata) -> str | None:
    if metadata.dependencies and metadata.api_version != "v2":
        return (
            f"dependencies are not valid in the Chart file with apiVersion '{metadata.api_version}'. "
            "They are valid in apiVersion 'v2'"
        )
    return None
