"""Which fields a value has, and which of them one value has, changed or lacks beside another.

# k8s: structured-merge-diff typed/compare.go, typed/tofieldset.go
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.api.apply.fieldsets import LEAF, SELF, Fields, union
from kubesim.api.apply.shapes import ATOMIC, DEDUCED, Anything, Many, Record, Shape

ABSENT: Any = object()
"""A value that is not there; null is."""


class Change(NamedTuple):
    """The fields by which two values differ."""

    added: Fields | None
    modified: Fields | None
    removed: Fields | None


SAME = Change(None, None, None)
MODIFIED = Change(None, LEAF, None)


def whole(shape: Shape, value: Any) -> Fields:
    """All fields of a value that is new (or gone) altogether, itself included."""
    if shape.leaf or not value:
        return LEAF
    fields: Fields = {SELF: LEAF}
    if isinstance(shape, Many):
        seen = set()
        for item in value:
            element = shape.index(item)
            # An item that occurs twice is one leaf.
            fields[element] = LEAF if element in seen else whole(shape.element, item)
            seen.add(element)
        return fields
    if isinstance(shape, Anything):
        if not isinstance(value, Mapping):
            return LEAF
        for name, item in value.items():
            fields[f"f:{name}"] = whole(DEDUCED, item)
        return fields
    if isinstance(shape, Record):
        known, rest = shape.fields, shape.element or ATOMIC
        for name, item in value.items():
            fields["f:" + name] = whole(known.get(name, rest), item)
    return fields


def compare(shape: Shape, old: Any, new: Any) -> Change:
    """What is new, changed and gone; both may be ABSENT."""
    if old is new:
        return SAME
    if old is ABSENT:
        return Change(whole(shape, new), None, None)
    if new is ABSENT:
        return Change(None, None, whole(shape, old))
    if shape.leaf or not (old or new):
        return SAME if old == new else MODIFIED
    if isinstance(shape, Many):
        return _items(shape, old or [], new or [])
    if isinstance(shape, Record):
        return _fields(shape, old or {}, new or {})
    return _deduced(old, new)


def _fields(shape: Record, old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    added: Fields = {}
    modified: Fields = {}
    removed: Fields = {}
    known, rest = shape.fields, shape.element or ATOMIC
    for name, value in new.items():
        before = old.get(name, ABSENT)
        if before is value:
            continue
        if before is ABSENT:
            added["f:" + name] = whole(known.get(name, rest), value)
        elif before != value:
            _note("f:" + name, compare(known.get(name, rest), before, value), added, modified, removed)
    for name, value in old.items():
        if name not in new:
            removed["f:" + name] = whole(known.get(name, rest), value)
    return _change(added, modified, removed)


def _note(element: str, change: Change, added: Fields, modified: Fields, removed: Fields) -> None:
    if change.added is not None:
        added[element] = change.added
    if change.modified is not None:
        modified[element] = change.modified
    if change.removed is not None:
        removed[element] = change.removed


def _change(added: Fields, modified: Fields, removed: Fields) -> Change:
    if added or modified or removed:
        return Change(added or None, modified or None, removed or None)
    return SAME


def _items(shape: Many, old: list[Any], new: list[Any]) -> Change:
    added: Fields = {}
    modified: Fields = {}
    removed: Fields = {}
    before, after = indexed(shape, old), indexed(shape, new)
    for element in {**before, **after}:
        lefts, rights = before.get(element, ()), after.get(element, ())
        if len(lefts) <= 1 and len(rights) <= 1:
            left = lefts[0] if lefts else ABSENT
            right = rights[0] if rights else ABSENT
            _note(element, compare(shape.element, left, right), added, modified, removed)
        elif len(lefts) > 1 and len(rights) > 1:
            if lefts != rights:
                modified[element] = LEAF
        elif len(lefts) > 1:
            if rights:
                added[element] = whole(shape.element, rights[0])
            removed[element] = LEAF
        else:
            if lefts:
                removed[element] = whole(shape.element, lefts[0])
            added[element] = LEAF
    return _change(added, modified, removed)


def indexed(shape: Many, items: list[Any]) -> dict[str, list[Any]]:
    """The items of an associative list by path element; more than one where a key is repeated."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(shape.index(item), []).append(item)
    return found


def _deduced(old: Any, new: Any) -> Change:
    maps = isinstance(old, Mapping), isinstance(new, Mapping)
    if all(maps) or (old is None and maps[1]) or (new is None and maps[0]):
        return _fields(_FREE, old or {}, new or {})
    if not any(maps):
        return SAME if old == new else MODIFIED
    # A map took the place of something else, or the other way round.
    added = {element: child for element, child in whole(DEDUCED, new).items() if element != SELF} or None
    removed = {element: child for element, child in whole(DEDUCED, old).items() if element != SELF} or None
    return Change(added, LEAF, removed)


_FREE = Record({}, DEDUCED)


def fields_of(shape: Shape, value: Any) -> Fields | None:
    """The fields that a value mentions: leaves, list items, keys of maps; not the objects that the type declares."""
    if shape.leaf:
        return LEAF
    if isinstance(shape, Many):
        return _fields_of_items(shape, value or [])
    if isinstance(shape, Anything) and not isinstance(value, Mapping):
        return None if value is None else LEAF
    record = shape if isinstance(shape, Record) else _FREE
    fields: Fields = {}
    for name, item in (value or {}).items():
        child = fields_of(record.at(name), item)
        is_empty = item is None or (isinstance(item, Mapping) and not item)
        if is_empty or name not in record.fields:
            child = union(child, LEAF)
        if child is not None:
            fields["f:" + name] = child
    return fields or None


def _fields_of_items(shape: Many, items: list[Any]) -> Fields | None:
    fields: Fields = {}
    for element, found in indexed(shape, items).items():
        fields[element] = LEAF if len(found) > 1 else union(fields_of(shape.element, found[0]), LEAF)
    return fields or None
