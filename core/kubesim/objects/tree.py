"""Reads and copy-on-write changes of JSON trees by path, and frozen trees that refuse to be changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Never

from kubesim.objects.wire import Tree

Path = Sequence[str | int]
"""Field names and list positions from the root of a tree."""


def get(tree: Any, path: str | Path, default: Any = None) -> Any:
    """The value at a path (``"spec.replicas"`` or a sequence), or ``default`` when a step is missing or null."""
    for step in path.split(".") if isinstance(path, str) else path:
        if isinstance(tree, Mapping):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and -len(tree) <= step < len(tree):
            tree = tree[step]
        else:
            return default
        if tree is None:
            return default
    return tree


def evolve(tree: Any, path: str | Path, value: Any) -> Any:
    """A tree with ``value`` at the path; all that is beside the path is shared. The same tree when nothing changes.

    Missing objects on the way are made. A list position must exist (IndexError).
    """
    steps = path.split(".") if isinstance(path, str) else path
    return _evolve(tree, steps, 0, value)


def _evolve(tree: Any, steps: Path, depth: int, value: Any) -> Any:
    if depth == len(steps):
        return tree if tree is value or (not isinstance(value, dict | list) and equal(tree, value)) else value
    step = steps[depth]
    if isinstance(step, int):
        old = tree[step]
        new = _evolve(old, steps, depth + 1, value)
        if new is old:
            return tree
        copy = list(tree)
        copy[step] = new
        return copy
    known = tree if tree is not None else {}
    old = known.get(step)
    new = _evolve(old, steps, depth + 1, value)
    return tree if new is old and step in known else {**known, step: new}


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; unlike in Python, ``true`` is not 1."""
    if left is right:
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def without(tree: Tree, path: str | Path) -> Tree:
    """A tree without the field at the path; the same tree when it has none."""
    steps = path.split(".") if isinstance(path, str) else path
    step = steps[0]
    if not isinstance(tree, Mapping) or step not in tree:
        return tree
    if len(steps) == 1:
        return {key: value for key, value in tree.items() if key != step}
    old = tree[str(step)]
    new = without(old, steps[1:])
    return tree if new is old else {**tree, str(step): new}


class FrozenDict(dict[str, Any]):
    """A JSON object that raises TypeError when it is changed in place."""

    __slots__ = ()

    def _refuse(self, *_args: Any, **_named: Any) -> Never:
        msg = "this tree is immutable: make a new one along the changed path"
        raise TypeError(msg)

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse

    def __reduce__(self) -> tuple[type["FrozenDict"], tuple[dict[str, Any]]]:
        return FrozenDict, (dict(self),)


class FrozenList(list[Any]):
    """A JSON array that raises TypeError when it is changed in place."""

    __slots__ = ()

    def _refuse(self, *_args: Any, **_named: Any) -> Never:
        msg = "this tree is immutable: make a new one along the changed path"
        raise TypeError(msg)

    __setitem__ = _refuse
    __delitem__ = _refuse
    __iadd__ = _refuse
    __imul__ = _refuse
    append = _refuse
    clear = _refuse
    extend = _refuse
    insert = _refuse
    pop = _refuse
    remove = _refuse
    reverse = _refuse
    sort = _refuse

    def __reduce__(self) -> tuple[type["FrozenList"], tuple[list[Any]]]:
        return FrozenList, (list(self),)


def freeze(value: Any) -> Any:
    """The tree with every object and array frozen; frozen parts are shared, plain ones copied."""
    if isinstance(value, FrozenDict | FrozenList):
        return value
    if isinstance(value, dict):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList([freeze(item) for item in value])
    return value


def thaw(value: Any) -> Any:
    """A deep copy made of plain dicts and lists, free to be changed."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [thaw(item) for item in value]
    return value


def drop_nulls(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the pairs whose value is not None."""
    return {key: value for key, value in pairs if value is not None}
