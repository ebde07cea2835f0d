"""Sets of fields as trees in the form of FieldsV1: algebra, order, paths, and reading what clients send.

A tree stands for one field: ``{}`` says that the field itself is in the set, ``{".": {}, "f:a": {}}`` that it is and
so is its field ``a``, ``{"f:a": {}}`` that only ``a`` is. None is the empty set. The root is never in a set.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

Fields = dict[str, Any]
Path = tuple[str, ...]
"""Path elements as FieldsV1 writes them: ``f:spec``, ``k:{"name":"c"}``, ``v:"x"``, ``i:0``."""

SELF = "."
LEAF: Fields = {}
"""A field that is in the set and has none below it. Shared: never change it."""

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_RANKS = {"f": 1, "k": 2, "v": 3, "i": 4}


# ---------------------------------------------------------------------- elements
@lru_cache(maxsize=4096)
def value_element(value: Any) -> str:
    """The element of an item in a set."""
    return "v:" + _json(value)


@lru_cache(maxsize=4096)
def key_element(names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """The element of an item in a list map; names in order."""
    pairs = zip(names, values, strict=True)
    return "k:{" + ",".join(f"{_json(name)}:{_json(value)}" for name, value in pairs) + "}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode().translate(_HTML)


@lru_cache(maxsize=4096)
def element_text(element: str) -> str:
    """An element as error messages print it: ``.spec``, ``[name="c"]``, ``[="x"]``, ``[0]``."""
    kind, content = element[0], element[2:]
    if kind == "f":
        return f".{content}"
    if kind == "i":
        return f"[{content}]"
    value = orjson.loads(content)
    if kind == "v":
        return f"[={_shown(value)}]"
    return "[" + ",".join(f"{name}={_shown(item)}" for name, item in value.items()) + "]"


def _shown(value: Any) -> str:
    if isinstance(value, str | bool):
        return orjson.dumps(value).decode()
    return str(value)


def path_text(path: Path) -> str:
    """A path as error messages print it."""
    return "".join(map(element_text, path))


@lru_cache(maxsize=4096)
def _rank(element: str) -> tuple[Any, ...]:
    """Sorts as PathElement.Compare does: fields, keys, values, indices."""
    kind, content = element[0], element[2:]
    if element == SELF:
        return (0,)
    if kind == "f":
        return (1, content)
    if kind == "i":
        return (4, int(content))
    value = orjson.loads(content)
    if kind == "v":
        return (3, _value_rank(value))
    return (2, tuple((name, _value_rank(item)) for name, item in value.items()))


def _value_rank(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, int | float):
        return (0, value)
    return (1, value) if isinstance(value, str) else (3, _json(value))


def ordered(fields: Fields) -> Fields:
    """The same set with its elements in the order of the real server."""
    if not fields:
        return fields
    names = sorted(fields)
    if names[-1][0] != "f" or names[0][0] not in ".f":
        names.sort(key=_rank)
    return {name: ordered(fields[name]) for name in names}


# ---------------------------------------------------------------------- algebra
def is_member(fields: Fields) -> bool:
    """Whether the field itself is in the set."""
    return not fields or SELF in fields


def _tree(children: Fields, *, member: bool) -> Fields | None:
    if not children:
        return LEAF if member else None
    return {SELF: LEAF, **children} if member else children


def union(left: Fields | None, right: Fields | None) -> Fields | None:
    """What is in either."""
    if left is None or left is right:
        return right
    if right is None:
        return left
    children = {
        element: union(child, right[element]) if element in right else child
        for element, child in left.items()
        if element != SELF
    }
    children.update((element, child) for element, child in right.items() if element != SELF and element not in left)
    return _tree(children, member=is_member(left) or is_member(right))


def intersection(left: Fields | None, right: Fields | None) -> Fields | None:
    """What is in both."""
    if left is None or right is None:
        return None
    children = {}
    for element, child in left.items():
        other = right.get(element)
        if other is not None and element != SELF:
            both = intersection(child, other)
            if both is not None:
                children[element] = both
    return _tree(children, member=is_member(left) and is_member(right))


def difference(left: Fields | None, right: Fields | None) -> Fields | None:
    """What is in the left and not in the right; taking away a field leaves those below it."""
    if left is None or right is None:
        return left
    children = {}
    for element, child in left.items():
        if element == SELF:
            continue
        other = right.get(element)
        rest = child if other is None else difference(child, other)
        if rest is not None:
            children[element] = rest
    return _tree(children, member=is_member(left) and not is_member(right))


def without(left: Fields | None, right: Fields | None) -> Fields | None:
    """What is in the left and neither in the right nor below a field of it."""
    if left is None or right is None:
        return left
    children = {}
    for element, child in left.items():
        if element == SELF:
            continue
        other = right.get(element)
        if other is not None and is_member(other):
            continue
        rest = child if other is None else without(child, other)
        if rest is not None:
            children[element] = rest
    return _tree(children, member=is_member(left))


def has(fields: Fields | None, path: Path) -> bool:
    """Whether the field at a path is in the set."""
    for element in path:
        if fields is None:
            return False
        fields = fields.get(element)
    return fields is not None and is_member(fields)


def of_path(path: Path) -> Fields:
    """The set of one field."""
    fields = LEAF
    for element in reversed(path):
        fields = {element: fields}
    return fields


def paths(fields: Fields | None, prefix: Path = ()) -> Iterator[Path]:
    """Every field of a set: at each level first the fields there, then those below. # k8s: fieldpath.Set.Iterate."""
    if not fields:
        return
    children = [(element, child) for element, child in ordered(fields).items() if element != SELF]
    for element, child in children:
        if is_member(child):
            yield (*prefix, element)
    for element, child in children:
        yield from paths(child, (*prefix, element))


# ---------------------------------------------------------------------- reading
def parse(given: Any) -> Fields | None:
    """Read the FieldsV1 that a client sent. Raises ValueError. Unknown kinds of elements are left out."""
    if not isinstance(given, Mapping):
        msg = "fieldsV1 is no object"
        raise ValueError(msg)
    children = {}
    for element, child in given.items():
        if element == SELF:
            continue
        known = _canonical(element)
        if known:
            found = parse(child)
            children[known] = LEAF if found is None else found
    return _tree(children, member=SELF in given)


def _canonical(element: str) -> str:
    if len(element) < 2 or element[1] != ":":
        msg = f"missing colon: {element}"
        raise ValueError(msg)
    kind, content = element[0], element[2:]
    if kind == "f":
        return element
    if kind not in _RANKS:
        return ""
    if kind == "i":
        return f"i:{int(content)}"
    value = orjson.loads(content)
    if kind == "v":
        return "v:" + _json(value)
    if not isinstance(value, dict):
        msg = f"no object: {element}"
        raise ValueError(msg)
    names = sorted(value)
    return "k:{" + ",".join(f"{_json(name)}:{_json(value[name])}" for name in names) + "}"
