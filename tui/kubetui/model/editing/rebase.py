"""Carries an edit over to a newer state of the same object: a three-way merge that reports where both changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.objects.wire import Tree

_MISSING: Any = object()

_THEIRS = frozenset(
    (("metadata", "resourceVersion"), ("metadata", "managedFields"), ("metadata", "generation"), ("status",))
)
"""What the server keeps: there the newest state wins without a word."""


class Rebase(NamedTuple):
    """The newest state with the edit on top, and the fields that both sides changed differently."""

    tree: Tree
    conflicts: tuple[str, ...]


def rebase(base: Tree, mine: Tree, theirs: Tree) -> Rebase:
    """Merge what changed from ``base`` to ``mine`` into ``theirs``; lists merge item by item when items have names."""
    conflicts: list[str] = []
    merged = _merge(base, mine, theirs, (), conflicts)
    return Rebase(merged, tuple(conflicts))


def _merge(base: Any, mine: Any, theirs: Any, path: tuple[str, ...], conflicts: list[str]) -> Any:
    if path in _THEIRS or mine == base:
        return theirs
    if theirs in (base, mine):
        return mine
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return _merge_objects(base if isinstance(base, Mapping) else {}, mine, theirs, path, conflicts)
    if _are_named(base) and _are_named(mine) and _are_named(theirs):
        return _merge_lists(base, mine, theirs, path, conflicts)
    conflicts.append(_spell(path))
    return mine


def _merge_objects(base: Tree, mine: Tree, theirs: Tree, path: tuple[str, ...], conflicts: list[str]) -> Tree:
    merged: dict[str, Any] = {}
    for key in dict.fromkeys([*theirs, *mine]):
        old, edited, newest = (side.get(key, _MISSING) for side in (base, mine, theirs))
        value = _merge(old, edited, newest, (*path, str(key)), conflicts)
        if value is not _MISSING:
            merged[key] = value
    return merged


def _are_named(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    names = [item.get("name") for item in value if isinstance(item, Mapping)]
    return len(names) == len(value) and all(names) and len(set(names)) == len(names)


def _merge_lists(base: Any, mine: Any, theirs: Any, path: tuple[str, ...], conflicts: list[str]) -> list[Any]:
    sides = [{item["name"]: item for item in side} for side in (base, mine, theirs)]
    merged = []
    for name in dict.fromkeys([*sides[1], *sides[2]]):
        old, edited, newest = (side.get(name, _MISSING) for side in sides)
        value = _merge(old, edited, newest, (*path, f"[{name}]"), conflicts)
        if value is not _MISSING:
            merged.append(value)
    return merged


def _spell(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")
