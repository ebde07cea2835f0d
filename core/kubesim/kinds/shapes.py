"""Copy-on-write steps that defaults are made of: each returns its very argument when nothing changes."""

from collections.abc import Callable
from typing import Any

from kubesim.objects.wire import Tree

Step = Callable[[Any], Any]


def filled(tree: Tree, **defaults: Any) -> Tree:
    """The tree with ``defaults`` for its fields that are missing or null."""
    missing = {name: value for name, value in defaults.items() if tree.get(name) is None}
    return {**tree, **missing} if missing else tree


def filled_empty(tree: Tree, **defaults: Any) -> Tree:
    """The tree with ``defaults`` for its fields that are missing or zero ("" and 0 included)."""
    missing = {name: value for name, value in defaults.items() if not tree.get(name)}
    return {**tree, **missing} if missing else tree


def inside(tree: Tree, name: str, step: Step) -> Tree:
    """The tree with ``step`` applied to one field, when it has that field."""
    old = tree.get(name)
    if old is None:
        return tree
    new = step(old)
    return tree if new is old else {**tree, name: new}


def each(items: list[Any], step: Step) -> list[Any]:
    """The list with ``step`` applied to each item."""
    new = [step(item) for item in items]
    return items if all(a is b for a, b in zip(items, new, strict=True)) else new


def inside_each(tree: Tree, name: str, step: Step) -> Tree:
    """The tree with ``step`` applied to each item of the list in one field."""
    old = tree.get(name)
    if not old:
        return tree
    new = each(old, step)
    return tree if new is old else {**tree, name: new}


def put(tree: Tree, name: str, value: Any) -> Tree:
    """The tree with one field set; the same tree when it is that value already."""
    return tree if tree.get(name) is value and name in tree else {**tree, name: value}


def drop(tree: Tree, *names: str) -> Tree:
    """The tree without some fields."""
    if not any(name in tree for name in names):
        return tree
    return {name: value for name, value in tree.items() if name not in names}


def take(new: Tree, old: Tree, *names: str) -> Tree:
    """``new`` with some fields as they are in ``old`` (absent when absent there)."""
    changed = [name for name in names if new.get(name) is not old.get(name) or (name in new) != (name in old)]
    if not changed:
        return new
    kept = {name: value for name, value in new.items() if name not in changed}
    for name in changed:
        if name in old:
            kept[name] = old[name]
    return kept
