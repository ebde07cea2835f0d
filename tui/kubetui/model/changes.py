"""What changed on an object between two moments, field by field, and who wrote it when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from kubesim.objects.wire import Tree
from kubetui.client.port import Version

Path = tuple[str, ...]
_HIDDEN = frozenset({"managedFields", "resourceVersion"})
_IDENTITIES = ("name", "type", "key", "containerPort", "ip", "uid")
LONGEST = 60


class Change(NamedTuple):
    """One field; None where it is absent. ``who`` wrote it last, at ``at``; "" when that is not known."""

    path: str
    before: Any
    after: Any
    who: str = ""
    at: int = 0


class _Absent:
    """The value of a field that is not there."""


_ABSENT = _Absent()


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field that is no object and no list, with its path; items of lists go by their names."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if not (path == ("metadata",) and key in _HIDDEN):
                yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, f"[{_name(inner, index)}]"))
    else:
        yield path, value


def _name(item: Any, index: int) -> str:
    if isinstance(item, Mapping):
        for field in _IDENTITIES:
            if isinstance(item.get(field), str | int):
                return f"{item[field]}"
    return str(index)


def text(path: Path) -> str:
    """``spec.template.spec.containers[app].image``."""
    return ".".join(path).replace(".[", "[")


def changes(versions: Sequence[Version]) -> list[Change]:
    """What differs between the first and the last of some versions of one object, in the order of their paths."""
    if len(versions) < 2:
        return []
    first, last = (dict(leaves(each.object or {})) for each in (versions[0], versions[-1]))
    differing = sorted(path for path in {**first, **last} if first.get(path, _ABSENT) != last.get(path, _ABSENT))
    writers = _writers(versions, frozenset(differing))
    found = []
    for path in differing:
        who, at = writers.get(path, ("", 0))
        found.append(Change(text(path), first.get(path), last.get(path), who, at))
    return found


def _writers(versions: Sequence[Version], wanted: frozenset[Path]) -> dict[Path, tuple[str, int]]:
    found: dict[Path, tuple[str, int]] = {}
    before = dict(leaves(versions[0].object or {}))
    for version in versions[1:]:
        after = dict(leaves(version.object or {}))
        for path in wanted:
            if before.get(path, _ABSENT) != after.get(path, _ABSENT):
                found[path] = (version.actor, version.at)
        before = after
    return found


def shown(value: Any) -> str:
    """A value in one line, not too long."""
    if value is None:
        return "-"
    words = value if isinstance(value, str) else orjson.dumps(value).decode()
    words = words.replace("\n", "\\n")
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def owners(obj: Tree) -> list[tuple[str, str, list[str]]]:
    """Who owns which fields, from managedFields: manager, operation, paths."""
    found = []
    for entry in obj["metadata"].get("managedFields") or ():
        sub = f" {entry['subresource']}" if entry.get("subresource") else ""
        paths = sorted(text(path) for path in _owned(entry.get("fieldsV1") or {}))
        found.append((str(entry.get("manager", "")), f"{entry.get('operation', '')}{sub}", paths))
    return found


def _owned(fields: Any, path: Path = ()) -> Iterator[Path]:
    inner = {key: value for key, value in fields.items() if key != "."}
    if not inner and path:
        yield path
    for key, value in inner.items():
        kind, _, rest = key.partition(":")
        step = rest if kind == "f" else f"[{_listed(rest)}]"
        yield from _owned(value, (*path, step))


def _listed(rest: str) -> str:
    try:
        found = orjson.loads(rest)
    except orjson.JSONDecodeError:
        return rest
    if isinstance(found, Mapping):
        return "/".join(str(value) for value in found.values())
    return str(found)
