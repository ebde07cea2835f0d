"""How many pods of a sort each node hosts, kept up to date pod by pod, for spreading and pod affinity."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kubesim.objects.selectors import Selector
from kubesim.scheduler.affinity import PodTerm
from kubesim.scheduler.nodeinfo import PodRecord

_MEMO_SIZE = 8192
_MOST = 512

Sort = tuple[str, bool, tuple[tuple[str, str], ...]]
"""Namespace, whether terminating, and labels: all that a matcher looks at."""


def sort_of(record: PodRecord) -> Sort:
    """What tells the pod from others, for matchers."""
    metadata = record.pod["metadata"]
    labels = metadata.get("labels")
    return record.info.namespace, "deletionTimestamp" in metadata, tuple(labels.items()) if labels else ()


class Matcher(NamedTuple):
    """Which pods are counted: those that all ``terms`` mean, or those of one namespace and selector."""

    terms: tuple[PodTerm, ...] = ()
    namespace: str = ""
    selector: Selector | None = None

    def matches(self, namespace: str, labels: Mapping[str, str], terminating: bool, around: Mapping[str, str]) -> bool:
        """Whether such a pod counts; ``around`` are the labels of its namespace."""
        if self.selector is not None:
            # k8s: countPodsMatchSelector leaves out terminating pods, and counts nothing for an empty selector.
            return (
                not terminating
                and namespace == self.namespace
                and not self.selector.matches_everything
                and self.selector.matches(labels)
            )
        return all(term.matches(namespace, labels, around) for term in self.terms)


class Counter:
    """The numbers of one matcher: node index to pods. Nodes without such a pod are absent."""

    __slots__ = ("by_node", "matcher", "users")

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.by_node: dict[int, int] = {}
        self.users = 0


class Counters:
    """All live counters; each pod that comes or goes is matched once per distinct namespace and labels."""

    def __init__(self) -> None:
        self._counters: dict[Matcher, Counter] = {}
        self._memo: dict[Sort, tuple[Counter, ...]] = {}
        self._by_labels: dict[tuple[int, str, bool], tuple[Any, tuple[Counter, ...]]] = {}
        """The same by identity of the labels, which most pods of a template share."""
        self.namespaces: dict[str, Mapping[str, str]] = {}
        """The labels of each namespace."""

    def __getstate__(self) -> dict[str, Any]:
        # Addresses mean nothing in another process.
        return {**self.__dict__, "_by_labels": {}}

    def acquire(self, matcher: Matcher, records: Iterable[tuple[int, PodRecord]]) -> Counter:
        """The counter of a matcher, counted over ``records`` (node index, pod) when it is new."""
        counter = self._counters.get(matcher)
        if counter is None:
            counter = self._counters[matcher] = self._count_all(matcher, records)
            self._forget()
        counter.users += 1
        return counter

    def _count_all(self, matcher: Matcher, records: Iterable[tuple[int, PodRecord]]) -> Counter:
        self._forget_unused()
        counter = Counter(matcher)
        known: dict[Sort, bool] = {}
        by_node = counter.by_node
        for index, record in records:
            sort = sort_of(record)
            counts = known.get(sort)
            if counts is None:
                counts = known[sort] = self.is_match(matcher, record)
            if counts:
                by_node[index] = by_node.get(index, 0) + 1
        return counter

    def release(self, counter: Counter) -> None:
        """Give a counter back; it is kept for a while, since counting all pods again is dear."""
        counter.users -= 1

    def _forget_unused(self) -> None:
        if len(self._counters) >= _MOST:
            self._counters = {m: c for m, c in self._counters.items() if c.users}
            self._forget()

    def _forget(self) -> None:
        self._memo.clear()
        self._by_labels.clear()

    def is_match(self, matcher: Matcher, record: PodRecord) -> bool:
        """Whether a matcher counts a pod."""
        around = self.namespaces.get(record.namespace, {})
        return matcher.matches(record.namespace, record.labels, record.terminating, around)

    def matching(self, record: PodRecord) -> tuple[Counter, ...]:
        """The counters that count a pod."""
        metadata = record.pod["metadata"]
        labels = metadata.get("labels")
        key = (id(labels), record.info.namespace, "deletionTimestamp" in metadata)
        found = self._by_labels.get(key)
        if found is None:
            if len(self._by_labels) >= _MEMO_SIZE:
                self._by_labels.clear()
            found = self._by_labels[key] = (labels, self._matching(record))
        return found[1]

    def _matching(self, record: PodRecord) -> tuple[Counter, ...]:
        key = sort_of(record)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= _MEMO_SIZE:
                self._memo.clear()
            found = tuple(c for c in self._counters.values() if self.is_match(c.matcher, record))
            self._memo[key] = found
        return found

    def count(self, record: PodRecord, index: int, sign: int) -> None:
        """A pod came to a node (1) or left it (-1)."""
        if self._counters:
            self.shift(self.matching(record), index, sign)

    def shift(self, counters: Iterable[Counter], index: int, sign: int) -> None:
        """One more pod (1) or one less (-1) on a node."""
        for counter in counters:
            by_node = counter.by_node
            number = by_node.get(index, 0) + sign
            if number:
                by_node[index] = number
            else:
                del by_node[index]

    def clear(self) -> None:
        """Forget everything; for when the labels of a namespace change."""
        self._counters.clear()
        self._forget()
