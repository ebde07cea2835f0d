"""Completion indexes of Indexed Jobs: their texts ("0-2,5"), which are done, and which to start next."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubesim.objects import refs
from kubesim.objects.wire import Tree

INDEX = "batch.kubernetes.io/job-completion-index"
"""The annotation and label of a pod that say its index."""
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
UNKNOWN = -1
_LARGEST = 2**31 - 1


class Interval(NamedTuple):
    """Indexes from ``first`` to ``last``, both included."""

    first: int
    last: int


Intervals = tuple[Interval, ...]
"""In order, without overlaps."""


def merged(one: Iterable[Interval], other: Iterable[Interval]) -> Intervals:
    """The union."""
    found: list[Interval] = []
    for each in sorted((*one, *other)):
        if not found or each.first > found[-1].last + 1:
            found.append(each)
        elif each.last > found[-1].last:
            found[-1] = Interval(found[-1].first, each.last)
    return tuple(found)


def with_indexes(intervals: Intervals, indexes: Iterable[int]) -> Intervals:
    """The union with single indexes."""
    return merged(intervals, [Interval(index, index) for index in indexes])


def total(intervals: Intervals) -> int:
    """How many indexes there are."""
    return sum(each.last - each.first + 1 for each in intervals)


def has(intervals: Intervals, index: int) -> bool:
    """Whether an index is among them."""
    return any(each.first <= index <= each.last for each in intervals)


def text_of(intervals: Intervals) -> str:
    """As the status shows them: ``0-2,5,7,8``."""
    return ",".join(map(_text, intervals))


def _text(interval: Interval) -> str:
    first, last = interval
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def parse(text: str, completions: int) -> Intervals:
    """The intervals of a text, cut at the number of completions; what is no number is passed over."""
    found: list[Interval] = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            continue
        if int(first) >= completions:
            break
        found.append(Interval(int(first), min(int(last), completions - 1) if dash else int(first)))
    return merged(found, ())


def index_of(pod: Tree) -> int:
    """The completion index of a pod, ``UNKNOWN`` when it has none."""
    text = refs.annotations(pod).get(INDEX, "")
    return int(text) if text.isdigit() else UNKNOWN


def indexes_of(pods: Iterable[Tree]) -> list[int]:
    """The indexes that some pod has, in order."""
    return sorted({index for index in map(index_of, pods) if index != UNKNOWN})


def pending(taken: Intervals, count: int, completions: int) -> list[int]:
    """The lowest ``count`` indexes that are not taken."""
    found: list[int] = []
    candidate = 0
    for each in (*taken, Interval(completions, completions)):
        while candidate < min(each.first, completions) and len(found) < count:
            found.append(candidate)
            candidate += 1
        candidate = max(candidate, each.last + 1)
    return found


def failures_of(pod: Tree) -> int:
    """How many failures of its index came before this pod and count."""
    return _count(pod, FAILURES)


def all_failures_of(pod: Tree) -> int:
    """How many failures of its index came before this pod, those that a policy ignores included."""
    return _count(pod, FAILURES) + _count(pod, IGNORED_FAILURES)


def ignored_failures_of(pod: Tree) -> int:
    """How many failures of its index came before this pod and were ignored."""
    return _count(pod, IGNORED_FAILURES)


def _count(pod: Tree, annotation: str) -> int:
    text = refs.annotations(pod).get(annotation, "")
    return int(text) if text.isdigit() and int(text) <= _LARGEST else 0


def overlap(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    """How many indexes are in both."""
    return sum(max(0, min(left.last, right.last) - max(left.first, right.first) + 1) for left in one for right in other)
