"""Trials of preemption that are only about amounts: worked out by arithmetic, and kept until the node changes."""

from bisect import bisect_left, insort
from collections.abc import Sequence

from kubesim.objects.wire import Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.diagnosis import Diagnosis
from kubesim.scheduler.framework import Status
from kubesim.scheduler.nodeinfo import NOT_STARTED, NodeInfo, PodRecord
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.podinfo import Incoming, PodInfo
from kubesim.scheduler.victims import NOBODY, Candidate, candidate, importance, spared_all, split_by_budget

KEPT = 16
"""For how many sorts of pods results are kept."""

Result = Candidate | Status


class Amounts:
    """What a node has left, while pods come and go in thought."""

    __slots__ = ("cpu", "memory", "pods")

    def __init__(self, node: NodeInfo, info: PodInfo, rivals: Sequence[PodRecord]) -> None:
        self.cpu = node.cpu - node.cpu_used - info.cpu
        self.memory = node.memory - node.memory_used - info.memory
        self.pods = node.max_pods - len(node.pods) - 1
        for record in rivals:
            self.move(record, -1)

    def move(self, record: PodRecord, sign: int) -> None:
        """A pod goes (1) or comes (-1)."""
        self.cpu += sign * record.info.cpu
        self.memory += sign * record.info.memory
        self.pods += sign

    def suffice(self, info: PodInfo) -> bool:
        """Whether there is room, that of the new pod taken. # k8s: fitsRequest looks at what is asked for only."""
        return self.pods >= 0 and (self.cpu >= 0 or not info.cpu) and (self.memory >= 0 or not info.memory)


def by_amounts(pod: Incoming, node: NodeInfo, rivals: Sequence[PodRecord], budgets: Sequence[Tree]) -> Result | None:
    """The victims on a node when nothing but amounts is in the way; None when more than that is."""
    info = pod.info
    priority = info.priority
    potential = [record for record in node.pods.values() if record.info.priority < priority]
    if not potential:
        return NOBODY
    left = Amounts(node, info, rivals)
    for record in potential:
        left.move(record, 1)
    if not left.suffice(info):
        return None
    potential.sort(key=importance)
    violating, others = split_by_budget(potential, budgets) if budgets else ([], potential)
    victims = _victims(violating, left, info)
    violations = len(victims)
    victims += _victims(others, left, info)
    return candidate(node, victims, violations) if victims else spared_all(node)


def _victims(records: Sequence[PodRecord], left: Amounts, info: PodInfo) -> list[PodRecord]:
    victims = []
    for record in records:
        left.move(record, -1)
        if not left.suffice(info):
            left.move(record, 1)
            victims.append(record)
    return victims


class Book:
    """The results for one sort of pod, and the nodes on which preemption may help, in order of arrival."""

    def __init__(self, position: int, potential: list[int]) -> None:
        self.position = position
        self.potential = potential
        self.results: dict[int, tuple[Result, tuple[tuple[PodRecord, Tree], ...]]] = {}
        """By node: what came of it, and the pods that had not been started then."""

    def look_again(self, indexes: Sequence[int], diagnosis: Diagnosis) -> None:
        """Something has happened to these nodes."""
        potential, statuses = self.potential, diagnosis.statuses
        for index in indexes:
            self.results.pop(index, None)
            place = bisect_left(potential, index)
            known = place < len(potential) and potential[place] == index
            status = statuses.get(index)
            if (status is not None and status.resolvable) != known:
                if known:
                    del potential[place]
                else:
                    insort(potential, index)

    def find(self, index: int) -> Result | None:
        """What came of a node, unless that may have changed."""
        kept = self.results.get(index)
        if kept is None:
            return None
        for record, seen in kept[1]:
            if record.pod is not seen and record.start_time != NOT_STARTED:
                return None
        return kept[0]

    def keep(self, node: NodeInfo, priority: int, result: Result) -> None:
        """Note what came of a node for pods of a priority."""
        going = [record for record in node.pods.values() if record.info.priority < priority]
        waiting = tuple([(record, record.pod) for record in going if record.start_time == NOT_STARTED])
        self.results[node.index] = (result, waiting)


class Trials:
    """Answers for pods that ask for nothing but cpu and memory, among pods that keep no others away."""

    def __init__(self, cache: Cache, nominator: Nominator) -> None:
        self._cache = cache
        self._nominator = nominator
        self._books: dict[int, Book] = {}

    def apply_to(self, pod: Incoming) -> bool:
        """Whether amounts alone decide about a pod on the nodes that its cycle found too full."""
        info = pod.info
        if (
            pod.hard
            or pod.claims
            or info.terms is not None
            or info.ports
            or info.others
            or info.uses_devices
            or info.disks
        ):
            return False
        return not (self._cache.has_affinity or self._nominator.has_terms)

    def are_kept_for(self, pod: Incoming, budgets: Sequence[Tree]) -> bool:
        """Whether the next pod of this sort will find the same, except on nodes that change."""
        return not (budgets or pod.nominated or pod.info.node_names is not None)

    def book(self, pod: Incoming, diagnosis: Diagnosis) -> Book:
        """What is known for the sort of pod, brought up to date with a diagnosis that was made just now."""
        cache, serial = self._cache, pod.info.serial
        end = cache.log_start + len(cache.log)
        book = self._books.pop(serial, None)
        behind = -1 if book is None else book.position - cache.log_start
        if book is None or behind < 0 or len(cache.log) - behind > cache.node_count:
            statuses = diagnosis.statuses
            book = Book(end, sorted([index for index, status in statuses.items() if status.resolvable]))
        else:
            book.look_again(cache.log[behind:], diagnosis)
            book.position = end
        self._books[serial] = book
        if len(self._books) > KEPT:
            del self._books[next(iter(self._books))]
        return book

    def result(self, pod: Incoming, node: NodeInfo, budgets: Sequence[Tree]) -> Result | None:
        """What comes of a node; None when it has no room even without all that could go."""
        rivals = self._nominator.rivals(node.name, pod.info.priority, pod.uid) if self._nominator else ()
        return by_amounts(pod, node, rivals, budgets)
