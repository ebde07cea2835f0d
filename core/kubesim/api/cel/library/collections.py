"""Lists and sets. # k8s: apiserver/pkg/cel/library/lists.go, cel-go/ext/sets.go."""

from functools import cmp_to_key
from itertools import pairwise
from typing import Any

from kubesim.api.cel.library.dispatch import by_type
from kubesim.api.cel.operators import Function, add
from kubesim.api.cel.values import EvaluationError, Span, equal, order


def is_sorted(items: list[Any]) -> bool:
    """Whether no item is greater than the next."""
    return all(order(a, b) <= 0 for a, b in pairwise(items))


def total(items: list[Any]) -> Any:
    """The sum; zero of nothing."""
    if not items:
        return 0
    found = Span(0) if isinstance(items[0], Span) else type(items[0])(0)
    for item in items:
        found = add(found, item)
    return found


def least(items: list[Any]) -> Any:
    """The smallest item."""
    if not items:
        raise EvaluationError("min called on empty list")
    return min(items, key=cmp_to_key(order))


def most(items: list[Any]) -> Any:
    """The greatest item."""
    if not items:
        raise EvaluationError("max called on empty list")
    return max(items, key=cmp_to_key(order))


def first(items: list[Any], wanted: Any) -> int:
    """Where the item is first, -1 for nowhere."""
    return next((position for position, item in enumerate(items) if equal(item, wanted)), -1)


def last(items: list[Any], wanted: Any) -> int:
    """Where the item is last, -1 for nowhere."""
    return max((position for position, item in enumerate(items) if equal(item, wanted)), default=-1)


def includes(items: list[Any], others: list[Any]) -> bool:
    """sets.contains."""
    return all(first(items, other) >= 0 for other in others)


def equivalent(items: list[Any], others: list[Any]) -> bool:
    """sets.equivalent."""
    return includes(items, others) and includes(others, items)


def intersects(items: list[Any], others: list[Any]) -> bool:
    """sets.intersects."""
    return any(first(items, other) >= 0 for other in others)


def text_index(text: str, part: str, *start: int) -> int:
    """Where a part of a text begins, -1 for nowhere."""
    offset = start[0] if start else 0
    if offset < 0 or offset > len(text):
        raise EvaluationError(f"index out of range: {offset}")
    return text.find(part, offset)


def text_last_index(text: str, part: str, *start: int) -> int:
    """Where the last occurrence begins, -1 for nowhere."""
    if not start:
        return text.rfind(part)
    if start[0] < 0 or start[0] > len(text):
        raise EvaluationError(f"index out of range: {start[0]}")
    return text.rfind(part, 0, start[0] + len(part))


FUNCTIONS: dict[str, Function] = {
    "isSorted": is_sorted, "sum": total, "min": least, "max": most,
    "indexOf": by_type({list: first, str: text_index}),
    "lastIndexOf": by_type({list: last, str: text_last_index}),
    "sets.contains": includes, "sets.equivalent": equivalent, "sets.intersects": intersects,
}  # fmt: skip
