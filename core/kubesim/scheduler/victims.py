"""Which pods of one node would have to go for another pod: tried out on a copy, as many as possible put back."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import Tree
from kubesim.scheduler.cycle import Framework
from kubesim.scheduler.framework import CycleState, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import Incoming

NAME = "DefaultPreemption"
NO_VICTIMS = "No preemption victims found for incoming pod"
_PRIORITY_SHIFT = 2**31

NOBODY = Status(NAME, (NO_VICTIMS,), resolvable=False)


class Candidate(NamedTuple):
    """A node with the pods that would have to go, the most important first."""

    node: NodeInfo
    victims: tuple[PodRecord, ...]
    violations: int
    """How many of the victims a PodDisruptionBudget would rather keep."""
    cost: tuple[int, int, int, int]
    """The less the better. # k8s: the first criteria of pickOneNodeForPreemption."""
    started: str
    """When the first of the victims of the highest priority was started."""


def candidate(node: NodeInfo, victims: list[PodRecord], violations: int) -> Candidate:
    """A node with its victims."""
    victims.sort(key=importance)
    highest = victims[0].info.priority
    total = sum([victim.info.priority + _PRIORITY_SHIFT for victim in victims])
    started = min([victim.start_time for victim in victims if victim.info.priority == highest])
    return Candidate(node, tuple(victims), violations, (violations, highest, total, len(victims)), started)


def spared_all(node: NodeInfo) -> Status:
    """Why a node is no candidate although pods could go: all of them could be put back."""
    return Status(NAME, (f'expected at least one victim pod on node "{node.name}"',))


class Trial:
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
            return NOBODY
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
            return spared_all(self._original)
        return candidate(self._original, victims, violations)

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
