"""Lists: making, taking parts, searching and sorting. Every function copies; nothing changes a list in place."""

import math
from collections.abc import Sequence
from typing import Any

from kubesim.helm.functions.casting import to_int
from kubesim.helm.functions.faults import kind_of
from kubesim.helm.functions.reflection import deep_equal
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.formatting import text
from kubesim.helm.template.signatures import ANY, INT, STRING, Function, function
from kubesim.helm.template.values import (
    GoSlice,
    Int64,
    ListSlice,
    NilList,
    StringSlice,
    UInt8,
    decode,
    encode,
)


def make_list(*values: Any) -> list[Any]:
    """The arguments as a list."""
    return list(values)


def items_of(value: Any, complaint: str) -> list[Any]:
    """The elements of a list; fails with the complaint and the kind for anything else."""
    if isinstance(value, list):
        return value
    if isinstance(value, bytes):
        return [UInt8(byte) for byte in value]
    raise GoError(complaint + kind_of(value))


def append(render: Context, items: Any, value: Any) -> list[Any]:
    """A list with one more element behind."""
    found = items_of(items, "Cannot push on type ")
    render.budget.spend(len(found) >> 6)
    return [*found, value]


def prepend(render: Context, items: Any, value: Any) -> list[Any]:
    """A list with one more element in front."""
    found = items_of(items, "Cannot prepend on type ")
    render.budget.spend(len(found) >> 6)
    return [value, *found]


def concat(render: Context, *lists: Any) -> list[Any]:
    """All lists in one."""
    joined: list[Any] = []
    for one in lists:
        if not isinstance(one, list | bytes):
            raise GoError(f"Cannot concat type {kind_of(one)} as list")
        joined += items_of(one, "")
        render.budget.spend(len(one) >> 6)
    return joined or NilList()


def chunk(size: int, items: Any) -> ListSlice:
    """A list cut into lists of some size."""
    found = items_of(items, "Cannot chunk type ")
    count = math.floor((len(found) - 1) / size) + 1 if size else -1
    if count < 0:
        raise GoError("runtime error: makeslice: len out of range")
    return ListSlice([found[at : at + size] for at in range(0, len(found), size)]) if count else ListSlice()


def first(items: Any) -> Any:
    """The first element, nil if there is none."""
    found = items_of(items, "Cannot find first on type ")
    return found[0] if found else None


def last(items: Any) -> Any:
    """The last element, nil if there is none."""
    found = items_of(items, "Cannot find last on type ")
    return found[-1] if found else None


def rest(items: Any) -> list[Any]:
    """All elements but the first."""
    found = items_of(items, "Cannot find rest on type ")
    return list(found[1:]) if found else NilList()


def initial(items: Any) -> list[Any]:
    """All elements but the last."""
    found = items_of(items, "Cannot find initial on type ")
    return list(found[:-1]) if found else NilList()


def reverse(items: Any) -> list[Any]:
    """The elements backwards."""
    return list(items_of(items, "Cannot find reverse on type ")[::-1])


def compact(items: Any) -> list[Any]:
    """The elements that are not empty."""
    return [one for one in items_of(items, "Cannot compact on type ") if one]


_SCALARS = frozenset([str, int, float, bool, Int64])


def _is_in(haystack: Sequence[Any], needle: Any) -> bool:
    wanted = type(needle)
    if wanted in _SCALARS:
        return any(type(one) is wanted and one == needle for one in haystack)
    return any(deep_equal(needle, one) for one in haystack)


def unique(render: Context, items: Any) -> list[Any]:
    """The elements without repetitions."""
    kept: list[Any] = []
    others: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for one in items_of(items, "Cannot find uniq on type "):
        if type(one) in _SCALARS:
            size = len(seen)
            seen.add((type(one), one))
            is_new = len(seen) > size
        else:
            render.budget.spend(len(others))
            is_new = not _is_in(others, one)
            others.append(one)
        if is_new:
            kept.append(one)
    return kept


def without(render: Context, items: Any, *unwanted: Any) -> list[Any]:
    """The elements that equal none of the unwanted ones."""
    found = items_of(items, "Cannot find without on type ")
    render.budget.spend(len(found) * len(unwanted) >> 2)
    return [one for one in found if not _is_in(unwanted, one)]


def has(render: Context, needle: Any, haystack: Any) -> bool:
    """Whether an element equals the needle, in type too."""
    if haystack is None:
        return False
    found = items_of(haystack, "Cannot find has on type ")
    render.budget.spend(len(found) >> 2)
    return _is_in(found, needle)


def cut_list(items: Any, *bounds: Any) -> Any:
    """items[start:end]."""
    if not isinstance(items, list | bytes):
        raise GoError(f"list should be type of slice or array but {kind_of(items)}")
    size = len(items)
    if not size:
        return None
    start = to_int(bounds[0]) if bounds else 0
    end = size if len(bounds) < 2 else to_int(bounds[1])
    if not 0 <= start <= end <= size:
        raise GoError("reflect.Value.Slice: slice index out of bounds")
    if isinstance(items, GoSlice):
        return (StringSlice if items.element == "string" else type(items))(items[start:end])
    return items[start:end]


def strings_of(value: Any) -> list[str]:
    """The elements as strings, without nils; what is no list is its own only element."""
    if isinstance(value, list):
        return [one if isinstance(one, str) else strval(one) for one in value if one is not None]
    if isinstance(value, bytes):
        return [str(byte) for byte in value]
    return [] if value is None else [strval(value)]


def strval(value: Any) -> str:
    """A value as a string: bytes as they are, the rest as it prints."""
    if isinstance(value, bytes):
        return decode(value)
    return text(value)


def to_strings(value: Any) -> StringSlice:
    """The elements as a list of strings."""
    return StringSlice(strings_of(value))


def sort_alpha(value: Any) -> StringSlice:
    """The elements as strings, sorted by their bytes."""
    if not isinstance(value, list | bytes):
        return StringSlice([strval(value)])
    return StringSlice(sorted(strings_of(value), key=encode))


def join(render: Context, separator: str, value: Any) -> str:
    """The elements as strings with a separator between."""
    parts = strings_of(value)
    render.budget.reserve(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


FUNCTIONS: tuple[Function, ...] = (
    function("list", make_list, more=ANY),
    function("tuple", make_list, more=ANY),
    function("concat", concat, more=ANY, context=True),
    function("toStrings", to_strings, ANY),
    function("sortAlpha", sort_alpha, ANY),
    function("join", join, STRING, ANY, context=True),
    *[function(name, append, ANY, ANY, context=True) for name in ("append", "push", "mustAppend", "mustPush")],
    *[function(name, prepend, ANY, ANY, context=True) for name in ("prepend", "mustPrepend")],
    *[function(name, chunk, INT, ANY) for name in ("chunk", "mustChunk")],
    *[function(name, first, ANY) for name in ("first", "mustFirst")],
    *[function(name, last, ANY) for name in ("last", "mustLast")],
    *[function(name, rest, ANY) for name in ("rest", "mustRest")],
    *[function(name, initial, ANY) for name in ("initial", "mustInitial")],
    *[function(name, reverse, ANY) for name in ("reverse", "mustReverse")],
    *[function(name, compact, ANY) for name in ("compact", "mustCompact")],
    *[function(name, unique, ANY, context=True) for name in ("uniq", "mustUniq")],
    *[function(name, without, ANY, more=ANY, context=True) for name in ("without", "mustWithout")],
    *[function(name, has, ANY, ANY, context=True) for name in ("has", "mustHas")],
    *[function(name, cut_list, ANY, more=ANY) for name in ("slice", "mustSlice")],
)
