"""Types as ownership sees them: what is one leaf, what has fields of its own, and how list items are told apart."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.apply.fieldsets import key_element, value_element

_NO_FIELDS: Mapping[str, Any] = {}


class Scalar:
    """A value without parts. ``kind`` is string, boolean, numeric or untyped."""

    leaf = True

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Anything:
    """A value of any form: an atomic leaf, or else (custom resources) with the fields that its maps happen to have."""

    def __init__(self, *, leaf: bool) -> None:
        self.leaf = leaf


class Many:
    """A list: atomic, a set of scalars (no ``keys``), or a list map.

    ``defaults`` has the values that count when an item leaves a key out.
    """

    def __init__(
        self, element: "Shape", *, leaf: bool, keys: tuple[str, ...] = (), defaults: Mapping[str, Any] = _NO_FIELDS
    ) -> None:
        self.element = element
        self.leaf = leaf
        self.keys = tuple(sorted(keys))
        self.defaults = defaults

    def index(self, item: Any) -> str:
        """The path element of an item. Raises ValueError with the text of structured-merge-diff."""
        if not self.keys:
            return _set_element(item)
        if not isinstance(item, Mapping):
            what = "a null element" if item is None else "non-map elements"
            raise ValueError(f"associative list with keys may not have {what}")
        values = []
        for key in self.keys:
            if key in item:
                values.append(item[key])
            elif key in self.defaults:
                values.append(self.defaults[key])
            else:
                text = f'associative list with keys has an element that omits key field "{key}"'
                raise ValueError(f"{text} (and doesn't have default value)")
        return key_element(self.keys, tuple(values))


def _set_element(item: Any) -> str:
    if isinstance(item, Mapping):
        raise ValueError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ValueError("not supported: associative list with lists as elements")
    if item is None:
        raise ValueError("associative list without keys has an element that's an explicit null")
    return value_element(item)


class Record:
    """An object: declared ``fields``, an ``element`` for all other keys, or both."""

    def __init__(self, fields: dict[str, "Shape"], element: "Shape | None" = None, *, leaf: bool = False) -> None:
        self.fields = fields
        self.element = element
        self.leaf = leaf

    def at(self, name: str) -> "Shape":
        """The shape of a field; a leaf when the type does not have it."""
        return self.fields.get(name) or self.element or ATOMIC


Shape = Scalar | Anything | Many | Record

ATOMIC = Anything(leaf=True)
DEDUCED = Anything(leaf=False)
UNTYPED = Scalar("untyped")
SCALARS: Mapping[str, Scalar] = {kind: Scalar(kind) for kind in ("string", "boolean", "numeric", "untyped")}
