"""DefaultPreemption: finds the node where the least must go to make room for a pod of higher priority."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import NamedTuple

from kubesim.kernel.chance import Chance
from kubesim.objects.refs import condition
from kubesim.objects.wire import Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.cycle import Framework
from kubesim.scheduler.diagnosis import Diagnosis, unavailable
from kubesim.scheduler.framework import CycleState
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.trials import Book, Result, Trials
from kubesim.scheduler.victims import NAME, NO_VICTIMS, Candidate, Trial

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."

MIN_CANDIDATES_PERCENT = 10
MIN_CANDIDATES = 100


class Search(NamedTuple):
    """The outcome: the best candidate, or why there is none."""

    best: Candidate | None
    message: str
    candidates: tuple[Candidate, ...] = ()
    clears_nomination: bool = False


class DefaultPreemption:
    """# k8s: plugins/defaultpreemption, framework/preemption."""

    name = NAME

    def __init__(self, framework: Framework, cache: Cache, chance: Chance) -> None:
        self._framework = framework
        self._cache = cache
        self._trials = Trials(cache, framework.nominator)
        self._random = chance.stream("preemption")

    def search(self, pod: Incoming, diagnosis: Diagnosis, budgets: Sequence[Tree]) -> Search:
        """Look for a node on which pods of lower priority could make room."""
        reason = self._ineligible(pod, diagnosis)
        if reason:
            return Search(None, reason)
        number = sum(count for sort, count in diagnosis.counts.items() if sort[2])
        statuses: dict[str, int] = {}
        candidates: list[Candidate] = []
        if number and min(self._cache.priorities, default=pod.info.priority) >= pod.info.priority:
            statuses[NO_VICTIMS] = number
        elif number:
            candidates = self._dry_run(pod, diagnosis, budgets, statuses)
        if candidates:
            return Search(_best(candidates), "", tuple(candidates))
        statuses[NOT_HELPFUL] = diagnosis.node_count - number
        return Search(None, unavailable(diagnosis.node_count, statuses), clears_nomination=True)

    def _ineligible(self, pod: Incoming, diagnosis: Diagnosis) -> str:
        if not pod.info.preempts:
            return NEVER
        node = self._cache.node(pod.nominated) if pod.nominated else None
        if node is None:
            return ""
        status = diagnosis.rejected or diagnosis.statuses.get(node.index) or diagnosis.absent
        if status is not None and not status.resolvable:
            return ""
        priority = pod.info.priority
        waiting = any(r.info.priority < priority and _is_preempted(r.pod) for r in node.pods.values())
        return TERMINATING if waiting else ""

    def _dry_run(
        self, pod: Incoming, diagnosis: Diagnosis, budgets: Sequence[Tree], statuses: dict[str, int]
    ) -> list[Candidate]:
        trying = _Trying(self._framework, self._cache, self._trials, pod, budgets)
        book = trying.book(diagnosis)
        potential = book.potential if book is not None else potential_nodes(diagnosis)
        wanted = min(max(len(potential) * MIN_CANDIDATES_PERCENT // 100, MIN_CANDIDATES), len(potential))
        offset = self._random.randrange(len(potential))
        kind: list[Candidate] = []
        violating: list[Candidate] = []
        for index in chain(islice(potential, offset, None), islice(potential, offset)):
            found = None if book is None else book.find(index)
            if found is None:
                found = trying.result(index, book)
            if isinstance(found, Candidate):
                (violating if found.violations else kind).append(found)
                if kind and len(kind) + len(violating) >= wanted:
                    break
            else:
                for reason in found.reasons:
                    statuses[reason] = statuses.get(reason, 0) + 1
        return kind + violating


class _Trying:
    """The trials of one pod; what the plugins count is prepared when the first of them asks for it."""

    def __init__(
        self, framework: Framework, cache: Cache, trials: Trials, pod: Incoming, budgets: Sequence[Tree]
    ) -> None:
        self._framework = framework
        self._cache = cache
        self._trials = trials
        self._pod = pod
        self._budgets = budgets
        self._quick = trials.apply_to(pod)
        self._state: CycleState | None = None

    def book(self, diagnosis: Diagnosis) -> Book | None:
        """What earlier trials of such a pod found, where that may be used again."""
        if self._quick and self._trials.are_kept_for(self._pod, self._budgets):
            return self._trials.book(self._pod, diagnosis)
        return None

    def result(self, index: int, book: Book | None) -> Result:
        """What comes of a node; noted in the book, if there is one."""
        node = self._cache.nodes[index]
        if node is None:
            msg = "a node that has gone is still among those that are tried"
            raise RuntimeError(msg)
        found = self._trials.result(self._pod, node, self._budgets) if self._quick else None
        if found is None:
            found = Trial(self._framework, self._prepared(), self._pod, node).run(self._budgets)
        if book is not None:
            book.keep(node, self._pod.info.priority, found)
        return found

    def _prepared(self) -> CycleState:
        if self._state is None:
            self._state = {}
            for plugin in self._framework.plugins:
                plugin.pre_filter(self._state, self._pod, self._cache)
        return self._state


def potential_nodes(diagnosis: Diagnosis) -> list[int]:
    """The nodes on which preemption may help, in order of arrival."""
    return sorted([index for index, status in diagnosis.statuses.items() if status.resolvable])


def _best(candidates: Sequence[Candidate]) -> Candidate:
    # k8s: pickOneNodeForPreemption; max and min keep the first of equals.
    least = min([candidate.cost for candidate in candidates])
    return max([c for c in candidates if c.cost == least], key=_started)


def _started(candidate: Candidate) -> str:
    return candidate.started


def _is_preempted(pod: Tree) -> bool:
    if "deletionTimestamp" not in pod["metadata"]:
        return False
    found = condition(pod, "DisruptionTarget")
    return found is not None and found["status"] == "True" and found.get("reason") == "PreemptionByScheduler"
