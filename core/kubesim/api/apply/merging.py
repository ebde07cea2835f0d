"""Applied configurations: merged into the live object, and taken out of it again.

# k8s: structured-merge-diff typed/merge.go, typed/remove.go, fieldpath EnsureNamedFieldsAreMembers
"""

from collections.abc import Mapping
from typing import Any

from kubesim.api.apply.comparing import ABSENT, indexed
from kubesim.api.apply.fieldsets import LEAF, SELF, Fields, is_member
from kubesim.api.apply.shapes import DEDUCED, Anything, Many, Record, Shape

_FREE = Record({}, DEDUCED)


# ---------------------------------------------------------------------- in
def merge(shape: Shape, live: Any, config: Any) -> Any:
    """The live value with what the configuration says. Raises ValueError for items that cannot be told apart."""
    if config is ABSENT:
        return live
    if live is ABSENT or shape.leaf or not (live or config):
        return config
    if isinstance(shape, Many):
        return _merged_items(shape, live or [], config or [])
    if isinstance(shape, Record):
        return _merged_fields(shape, live or {}, config or {})
    if isinstance(live or {}, Mapping) and isinstance(config or {}, Mapping):
        return _merged_fields(_FREE, live or {}, config or {})
    return config


def _merged_fields(shape: Record, live: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    for name, value in config.items():
        merged[name] = merge(shape.at(name), live.get(name, ABSENT), value)
    return merged


def _merged_items(shape: Many, live: list[Any], config: list[Any]) -> list[Any]:
    """Items of both in the order of the configuration; the others stay between the neighbours that they had."""
    return _Zip(shape, live, config).run()


class _Zip:
    """Walks two lists at once."""

    def __init__(self, shape: Many, live: list[Any], config: list[Any]) -> None:
        self.shape = shape
        self.live = live
        self.before, self.after = indexed(shape, live), indexed(shape, config)
        self.lefts = [shape.index(item) for item in live]
        self.rights = [shape.index(item) for item in config]
        self.shared = [element for element in self.rights if element in self.before]
        self.merged: list[Any] = []
        self.taken: set[str] = set()

    def run(self) -> list[Any]:
        """The merged items."""
        lefts, rights = self.lefts, self.rights
        left = right = 0
        while left < len(lefts) or right < len(rights):
            if left < len(lefts):
                element = lefts[left]
                if element not in self.after:
                    self.merged.append(self.live[left])
                    left += 1
                    continue
                if right < len(rights):
                    if element == rights[right]:
                        left += 1
                    elif self.shared and self.shared[0] != element:
                        # It comes later, where the configuration has it.
                        left += 1
                        continue
                if element in self.taken:
                    left += 1
            if right < len(rights):
                self.take(rights[right])
                right += 1
        return self.merged

    def take(self, element: str) -> None:
        """The next item of the configuration."""
        # A live item that occurs twice is not merged with the new one.
        known = self.before.get(element, ())
        live = known[0] if len(known) == 1 else ABSENT
        self.taken.add(element)
        self.merged.append(merge(self.shape.element, live, self.after[element][0]))
        if self.shared and self.shared[0] == element:
            self.shared.pop(0)


# ---------------------------------------------------------------------- out
def remove(shape: Shape, value: Any, fields: Fields | None) -> Any:
    """The value without the fields of a set; null when nothing is left of it."""
    if fields is None:
        return value
    if not value:
        return None if isinstance(value, Mapping | list) else value
    if isinstance(shape, Many):
        return _left_items(shape, value, fields)
    if isinstance(shape, Record):
        return None if shape.leaf else _left_fields(shape, value, fields)
    if isinstance(shape, Anything) and isinstance(value, Mapping):
        return None if shape.leaf else _left_fields(_FREE, value, fields)
    return value


def _left_items(shape: Many, items: list[Any], fields: Fields) -> list[Any] | None:
    if shape.leaf:
        return None
    left = []
    for item in items:
        below = fields.get(shape.index(item))
        if below is None:
            left.append(item)
        elif not is_member(below):
            left.append(remove(shape.element, item, below))
    return left or None


def _left_fields(shape: Record, value: Mapping[str, Any], fields: Fields) -> dict[str, Any] | None:
    left = {}
    for name, item in value.items():
        below = fields.get("f:" + name)
        if below is None:
            left[name] = item
        elif not is_member(below):
            left[name] = remove(shape.at(name), item, below)
    return left or None


def with_named(shape: Shape | None, fields: Fields | None) -> Fields | None:
    """The set and with it the declared objects above its fields, so that taking it away takes them too."""
    if not fields:
        return fields
    found: Fields = {SELF: LEAF} if SELF in fields else {}
    for element, child in fields.items():
        if element == SELF:
            continue
        below = with_named(_below(shape, element), child)
        if below and isinstance(shape, Record) and element[:2] == "f:" and element[2:] in shape.fields:
            below = {SELF: LEAF, **below}
        found[element] = below
    return found


def _below(shape: Shape | None, element: str) -> Shape | None:
    if isinstance(shape, Record) and element[0] == "f":
        return shape.fields.get(element[2:]) or shape.element
    if isinstance(shape, Many) and element[0] == "k":
        return shape.element
    return DEDUCED if isinstance(shape, Anything) and not shape.leaf else None
