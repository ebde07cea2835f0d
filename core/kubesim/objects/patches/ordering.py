"""The order of merged lists: what a patch or ``$setElementOrder`` asks for, woven into the order on the server."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from kubesim.objects.errors import failure
from kubesim.objects.patches.printed import go_type, go_value
from kubesim.objects.tree import equal


def keyed(item: Any, key: str) -> Any:
    """The value of an element's merge key. ApiError 500 when it is no object or has none."""
    if not isinstance(item, Mapping):
        raise failure(500, "", f"expected a {go_type({})}, but received a {go_type(item)}")
    if key not in item:
        raise failure(500, "", f"map: {go_value(item)} does not contain declared merge key: {key}")
    return item[key]


def position(items: list[Any], item: Any, key: str) -> int:
    """Where in a list the element with the same key (or, without a key, the same value) stands; -1 for nowhere."""
    for number, other in enumerate(items):
        if key:
            if isinstance(other, Mapping) and key in other and equal(other[key], item[key]):
                return number
        elif equal(other, item):
            return number
    return -1


def partition(merged: list[Any], named: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """The elements that the patch names, and those that only the server has."""
    ours: list[Any] = []
    others: list[Any] = []
    for item in merged:
        if key:
            keyed(item, key)
        (ours if position(named, item, key) >= 0 else others).append(item)
    return ours, others


def order(ours: list[Any], others: list[Any], wanted: list[Any], original: list[Any], key: str) -> list[Any]:
    """All elements: ours as wanted, the others as they were, woven together by their places in the original."""
    return _weave(_sorted(others, original, key), _sorted(ours, wanted, key), original, key)


def _sorted(items: list[Any], by: list[Any], key: str) -> list[Any]:
    deleted = [item for item in items if isinstance(item, Mapping) and "$patch" in item]
    kept = [item for item in items if not (isinstance(item, Mapping) and "$patch" in item)]
    return sorted(kept, key=partial(position, by, key=key)) + deleted


def _weave(left: list[Any], right: list[Any], original: list[Any], key: str) -> list[Any]:
    """Merge two ordered lists: an element of the left goes first only if it stood before the other in the original."""
    woven: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        here, there = position(original, left[i], key), position(original, right[j], key)
        if 0 <= here < there:
            woven.append(left[i])
            i += 1
        else:
            woven.append(right[j])
            j += 1
    return woven + left[i:] + right[j:]
