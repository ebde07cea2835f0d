"""DefaultPreemption: finds the node where the least must go to make room for a pod of higher priority."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.kernel.chance import Chance
from kubesim.objects.refs import condition
from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.cycle import Framework
from kubesim.scheduler.diagnosis import Diagnosis, unavailable
from kubesim.scheduler.framework import CycleState, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import Incoming

NAME = "DefaultPreemption"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."

MIN_CANDIDATES_PERCENT = 10
MIN_CANDIDATES = 100
_PRIORITY_SHIFT = 2**31


class Candidate(NamedTuple):
    """A node with the pods that would have to go, the most important first."""

    node: NodeInfo
    victims: tuple[PodRecord, ...]
    violations: int
    """How many of the victims a PodDisruptionBudget would rather keep."""


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
            candidates = self._dry_run(pod, self._potential(diagnosis), budgets, statuses)
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

    def _potential(self, diagnosis: Diagnosis) -> list[NodeInfo]:
        statuses = diagnosis.statuses
        return [n for n in self._cache.live_nodes() if n.index in statuses and statuses[n.index].resolvable]

    def _dry_run(
        self, pod: Incoming, potential: list[NodeInfo], budgets: Sequence[Tree], statuses: dict[str, int]
    ) -> list[Candidate]:
        wanted = min(max(len(potential) * MIN_CANDIDATES_PERCENT // 100, MIN_CANDIDATES), len(potential))
        offset = self._random.randrange(len(potential))
        state: CycleState = {}
        for plugin in self._framework.plugins:
            plugin.pre_filter(state, pod, self._cache)
        kind: list[Candidate] = []
        violating: list[Candidate] = []
        for position in range(len(potential)):
            node = potential[(offset + position) % len(potential)]
            found = _Trial(self._framework, state, pod, node).run(budgets)
            if isinstance(found, Candidate):
                (violating if found.violations else kind).append(found)
                if kind and len(kind) + len(violating) >= wanted:
                    break
            else:
                for reason in found.reasons:
                    statuses[reason] = statuses.get(reason, 0) + 1
        return kind + violating


class _Trial:
    """Takes pods off a copy of one node and puts back as many as it can; leaves the cycle's state as it was."""

    def __init__(self, framework: Framework, state: CycleState, pod: Incoming, node: NodeInfo) -> None:
        self._framework = framework
        self._state = state
        self._pod = pod
        self._original = node
        self._node = node
        self._gone: dict[str, PodRecord] = {}

    def run(self, budgets: Sequence[Tree]) -> Candidate | Status:
        """The victims on this node, or why it is no candidate. # k8s: SelectVictimsOnNode."""
        priority = self._pod.info.priority
        potential = [record for record in self._original.pods.values() if record.info.priority < priority]
        if not potential:
            return Status(NAME, (NO_VICTIMS,), resolvable=False)
        self._node = self._original.copy()
        self._remove(potential)
        status = self._framework.check(self._state, self._pod, self._node)
        result = self._reprieve(potential, budgets) if status is None else status
        # The copy of the node is thrown away, but the counts of the plugins are those of the next trial.
        self._add([record for record in self._gone.values() if self._framework.concerns(self._pod, record)])
        return result

    def _reprieve(self, potential: list[PodRecord], budgets: Sequence[Tree]) -> Candidate | Status:
        potential.sort(key=importance)
        violating, others = split_by_budget(potential, budgets)
        victims = [record for record in violating if not self._spare(record)]
        violations = len(victims)
        victims += [record for record in others if not self._spare(record)]
        if not victims:
            return Status(NAME, (f'expected at least one victim pod on node "{self._original.name}"',))
        return Candidate(self._original, tuple(sorted(victims, key=importance)), violations)

    def _spare(self, record: PodRecord) -> bool:
        self._add([record])
        if self._framework.check(self._state, self._pod, self._node) is None:
            return True
        self._remove([record])
        return False

    def _remove(self, records: list[PodRecord]) -> None:
        self._framework.move(self._state, self._pod, self._node, records, -1)
        for record in records:
            self._gone[record.uid] = record

    def _add(self, records: list[PodRecord]) -> None:
        self._framework.move(self._state, self._pod, self._node, records, 1)
        for record in records:
            del self._gone[record.uid]


def importance(record: PodRecord) -> tuple[int, str]:
    """Sorts the pods that should be kept first to the front. # k8s: util.MoreImportantPod."""
    return -record.info.priority, record.start_time


def split_by_budget(records: Sequence[PodRecord], budgets: Sequence[Tree]) -> tuple[list[PodRecord], list[PodRecord]]:
    """The pods whose eviction a budget does not allow, and the others. # k8s: filterPodsWithPDBViolation."""
    allowed = [(b.get("status") or {}).get("disruptionsAllowed", 0) for b in budgets]
    selectors = [from_label_selector(b["spec"].get("selector")) for b in budgets]
    violating: list[PodRecord] = []
    others: list[PodRecord] = []
    for record in records:
        broken = False
        labels = record.labels
        for position, budget in enumerate(budgets):
            selector = selectors[position]
            if not labels or budget["metadata"]["namespace"] != record.namespace:
                continue
            # k8s: an empty selector protects nothing here.
            if selector.matches_everything or not selector.matches(labels):
                continue
            if record.pod["metadata"]["name"] in ((budget.get("status") or {}).get("disruptedPods") or {}):
                continue
            allowed[position] -= 1
            broken = broken or allowed[position] < 0
        (violating if broken else others).append(record)
    return violating, others


def _best(candidates: Sequence[Candidate]) -> Candidate:
    # k8s: pickOneNodeForPreemption; max and min keep the first of equals.
    least = min(_cost(candidate) for candidate in candidates)
    return max((c for c in candidates if _cost(c) == least), key=_started)


def _cost(candidate: Candidate) -> tuple[int, int, int, int]:
    victims = candidate.victims
    total = sum(victim.info.priority + _PRIORITY_SHIFT for victim in victims)
    return candidate.violations, victims[0].info.priority, total, len(victims)


def _started(candidate: Candidate) -> str:
    highest = candidate.victims[0].info.priority
    return min(victim.start_time for victim in candidate.victims if victim.info.priority == highest)


def _is_preempted(pod: Tree) -> bool:
    if "deletionTimestamp" not in pod["metadata"]:
        return False
    found = condition(pod, "DisruptionTarget")
    return found is not None and found["status"] == "True" and found.get("reason") == "PreemptionByScheduler"
