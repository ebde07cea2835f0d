"""Reads Chart.yaml into Metadata and checks it, with the texts of encoding/json and Helm."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kubesim.helm.chart.chart import Dependency, Maintainer, Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.numbers import format_float
from kubesim.helm.template.quoting import quote
from kubesim.helm.yaml.reader import json_kind, read_exact

_VERSION: Final = re.compile(
    r"v?[0-9]+(\.[0-9]+)?(\.[0-9]+)?(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", re.ASCII
)
_ALIAS: Final = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # noqa: E501


class _Field(NamedTuple):
    attribute: str
    kind: str
    read: Callable[[Any, str], Any]


def _mismatch(value: Any, path: str, kind: str, element: bool = False) -> ChartError:
    where = f"{path} of type {kind}" if element else f"Go struct field {path} of type {kind}"
    return ChartError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {json_kind(value)} into {where}"
    )


def _string(value: Any, path: str) -> str:
    return _text(value, path, element=False)


def _text(value: Any, path: str, element: bool) -> str:
    """A string; numbers and booleans become their text, as sigs.k8s.io/yaml arranges for string fields."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_float(value)
    if value is None:
        return ""
    raise _mismatch(value, path, "string", element)


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _mismatch(value, path, "bool")
    return value


def _strings(value: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        raise _mismatch(value, path, "[]string")
    return [_text(item, f"{path}.{place}", element=True) for place, item in enumerate(value)]


def _anything(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _mismatch(value, path, "[]interface {}")
    return _floats(value)  # type: ignore[no-any-return]


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if type(value) is int else value


def _string_map(value: Any, path: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _mismatch(value, path, "map[string]string")
    return {key: _text(item, f"{path}.{key}", element=False) for key, item in value.items()}


def _maintainers(value: Any, path: str) -> list[Maintainer | None]:
    if not isinstance(value, list):
        raise _mismatch(value, path, "[]*v2.Maintainer")
    return [_struct(item, f"{path}.{place}", Maintainer, _MAINTAINER) for place, item in enumerate(value)]


def _dependencies(value: Any, path: str) -> list[Dependency | None]:
    if not isinstance(value, list):
        raise _mismatch(value, path, "[]*v2.Dependency")
    return [_struct(item, f"{path}.{place}", Dependency, _DEPENDENCY) for place, item in enumerate(value)]


def _struct(value: Any, path: str, kind: type[Any], fields: dict[str, _Field]) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _mismatch(value, path, f"v2.{kind.__name__}", element=bool(path))
    made = kind()
    _fill(made, value, path, fields)
    return made


def _fill(target: Any, value: dict[str, Any], path: str, fields: dict[str, _Field]) -> None:
    for name in sorted(value):
        field = fields.get(name.lower())
        if field is not None and value[name] is not None:
            setattr(target, field.attribute, field.read(value[name], f"{path}.{field.kind}"))


def _fields(readers: dict[str, Callable[[Any, str], Any]]) -> dict[str, _Field]:
    """By lower-case JSON name: encoding/json does not mind the case."""
    made = {}
    for name, reader in readers.items():
        attribute = re.sub("([A-Z]+)", r"_\1", name).lower().replace("-", "_")
        made[name.lower()] = _Field(attribute, name, reader)
    return made


_MAINTAINER: Final = _fields({"name": _string, "email": _string, "url": _string})
_DEPENDENCY: Final = _fields({
    "name": _string, "version": _string, "repository": _string, "condition": _string, "tags": _strings,
    "enabled": _flag, "import-values": _anything, "alias": _string,
})  # fmt: skip
_METADATA: Final = _fields({
    "name": _string, "home": _string, "sources": _strings, "version": _string, "description": _string,
    "keywords": _strings, "maintainers": _maintainers, "icon": _string, "apiVersion": _string, "condition": _string,
    "tags": _string, "appVersion": _string, "deprecated": _flag, "annotations": _string_map, "kubeVersion": _string,
    "dependencies": _dependencies, "type": _string,
})  # fmt: skip


def read_metadata(text: str, into: Metadata) -> None:
    """Add what a Chart.yaml or requirements.yaml says; GoError with Go's text when it does not fit."""
    value = read_exact(text)
    if value is None:
        return
    if not isinstance(value, dict):
        raise ChartError(
            "error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {json_kind(value)} into Go value of type v2.Metadata"
        )
    fill_metadata(value, into)


def fill_metadata(value: dict[str, Any], into: Metadata) -> None:
    """Add what the JSON of a Chart.yaml says."""
    _fill(into, value, "", _METADATA)
    # An empty list counts: Helm checks the values of such a chart earlier.
    into.declares_dependencies |= any(name.lower() == "dependencies" and value[name] is not None for name in value)


def _invalid(text: str) -> ChartError:
    return ChartError(f"validation: {text}")


def validate(metadata: Metadata) -> None:
    """Clean the texts, then refuse metadata that is incomplete; ChartError with Helm's text."""
    for name in ("name", "description", "home", "icon", "condition", "tags", "app_version", "kube_version"):
        setattr(metadata, name, sanitize(getattr(metadata, name)))
    metadata.sources = [sanitize(text) for text in metadata.sources]
    metadata.keywords = [sanitize(text) for text in metadata.keywords]
    if not metadata.api_version:
        raise _invalid("chart.metadata.apiVersion is required")
    _validate_name(metadata.name)
    if not metadata.version:
        raise _invalid("chart.metadata.version is required")
    if not is_version(metadata.version):
        raise _invalid(f"chart.metadata.version {quote(metadata.version)} is invalid")
    if metadata.type not in {"", "application", "library"}:
        raise _invalid("chart.metadata.type must be application or library")
    for maintainer in metadata.maintainers:
        _validate_maintainer(maintainer)
    _validate_dependencies(metadata.dependencies)


def _validate_name(name: str) -> None:
    if not name:
        raise _invalid("chart.metadata.name is required")
    if name in {".", ".."}:
        raise _invalid(f"chart.metadata.name {quote(name)} is not allowed")
    if "/" in name:
        raise _invalid(f"chart.metadata.name {quote(name)} is invalid")


def _validate_maintainer(maintainer: Maintainer | None) -> None:
    if maintainer is None:
        raise _invalid("maintainers must not contain empty or null nodes")
    maintainer.name, maintainer.email = sanitize(maintainer.name), sanitize(maintainer.email)
    maintainer.url = sanitize(maintainer.url)


def _validate_dependencies(dependencies: list[Any]) -> None:
    seen: list[str] = []
    for dependency in dependencies:
        if dependency is None:
            raise _invalid("dependencies must not contain empty or null nodes")
        for name in ("name", "version", "repository", "condition"):
            setattr(dependency, name, sanitize(getattr(dependency, name)))
        dependency.tags = [sanitize(tag) for tag in dependency.tags]
        if dependency.alias and not _ALIAS.fullmatch(dependency.alias):
            raise _invalid(f"dependency {quote(dependency.name)} has disallowed characters in the alias")
        key = dependency.alias or dependency.name
        if key in seen:
            raise _invalid(f"more than one dependency with name or alias {quote(key)}")
        seen.append(key)


def is_version(text: str) -> bool:
    """Whether Helm reads the text as a semantic version."""
    return _VERSION.fullmatch(text) is not None


def sanitize(text: str) -> str:
    """White space becomes spaces, unprintable signs go."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([" " if letter in _WHITE_SPACE else letter for letter in text if _is_kept(letter)])


def _is_kept(letter: str) -> bool:
    return letter in _WHITE_SPACE or letter.isprintable()
