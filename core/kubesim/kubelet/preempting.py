"""Room for critical pods: which pods of a node have to go so that one can be taken in.

# k8s: pkg/kubelet/preemption
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet.eviction import acting
from kubesim.objects import pods

if TYPE_CHECKING:
    from kubesim.kubelet.predicates import Lack
    from kubesim.kubelet.worker import PodWorker

REASON, MESSAGE = "Preempting", "Preempted in order to admit critical pod"
NOTE = "Pod was preempted by Kubelet to accommodate a critical pod."
FAILURE = (
    "Unexpected error while attempting to recover from admission failure: "
    "preemption: error finding a set of pods to preempt: "
)
_RANKS = {pods.BEST_EFFORT: 1, pods.BURSTABLE: 2, pods.GUARANTEED: 3}


class NoRoomError(Exception):
    """Even without all pods that could go there is no room; the text is Kubernetes'."""


class Candidate(NamedTuple):
    """A pod that runs: what it requests, and how important it is."""

    requests: Mapping[str, int]
    is_critical: bool
    priority: int
    rank: int
    """Of its class of service; those of a lower one go first."""

    @property
    def group(self) -> tuple[bool, int, int]:
        """Those alike can go equally well; lower ones go first."""
        return self.is_critical, self.priority, self.rank


Needs = Mapping[str, int]
"""What is missing, by resource."""


def is_preemptable(preemptor: Candidate, other: Candidate) -> bool:
    """Whether one may take the place of the other. # k8s: kubelettypes.Preemptable."""
    return (preemptor.is_critical and not other.is_critical) or preemptor.priority > other.priority


def choose(preemptor: Candidate, candidates: Sequence[Candidate], needs: Needs) -> list[int]:
    """The positions of those that have to go. Raises NoRoomError. # k8s: getPodsToPreempt."""
    able = [position for position, each in enumerate(candidates) if is_preemptable(preemptor, each)]
    groups: dict[tuple[bool, int, int], list[int]] = {}
    for position in able:
        groups.setdefault(candidates[position].group, []).append(position)
    ordered = [groups[key] for key in sorted(groups)]
    remaining = [needs]
    for group in ordered:
        remaining.append(_without(remaining[-1], [candidates[position] for position in group]))
    if remaining[-1]:
        raise NoRoomError(f"no set of running pods found to reclaim resources: {_told(remaining[-1])}")
    chosen: list[int] = []
    for index in range(len(ordered) - 1, -1, -1):
        missing = _without(remaining[index], [candidates[position] for position in chosen])
        chosen += _nearest(candidates, ordered[index], missing)
    return chosen


def _without(needs: Needs, leaving: Iterable[Candidate]) -> dict[str, int]:
    """What is missing still when these have gone."""
    gone = list(leaving)
    left = {name: amount - sum(each.requests.get(name, 0) for each in gone) for name, amount in needs.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _nearest(candidates: Sequence[Candidate], group: Sequence[int], needs: Needs) -> list[int]:
    """As few as possible of those alike. # k8s: getPodsToPreemptByDistance."""
    left, chosen = list(group), []
    while needs:
        best = min(left, key=_Distance(candidates, needs).of)
        needs = _without(needs, [candidates[best]])
        left.remove(best)
        chosen.append(best)
    return chosen


class _Distance:
    """How far a pod is from what is needed; of two as near the one that requests less is better."""

    def __init__(self, candidates: Sequence[Candidate], needs: Needs) -> None:
        self._candidates = candidates
        self._needs = needs

    def of(self, position: int) -> tuple[float, int, int]:
        """The lowest goes."""
        requests = self._candidates[position].requests
        rest = ((max(amount - requests.get(name, 0), 0), amount) for name, amount in self._needs.items())
        return sum((left / amount) ** 2 for left, amount in rest), requests.get("memory", 0), requests.get("cpu", 0)


def _told(needs: Needs) -> str:
    return "[" + "".join(f"(res: {name}, q: {amount}), " for name, amount in needs.items()) + "]"


# ---------------------------------------------------------------------- pods
def candidate(worker: "PodWorker") -> Candidate:
    """A pod as one that may have to go, or for which others have to."""
    pod = worker.pod
    priority = int(pod["spec"].get("priority") or 0)
    return Candidate({**worker.plan.requests, "pods": 1}, acting.is_critical(pod), priority, _RANKS[worker.plan.qos])


def make_room(worker: "PodWorker", workers: "Sequence[PodWorker]", lacking: "Iterable[Lack]") -> "list[PodWorker]":
    """Stop the pods that have to go; they are returned. Raises NoRoomError."""
    needs = {each.resource: each.amount for each in lacking}
    chosen = [workers[position] for position in choose(candidate(worker), [candidate(each) for each in workers], needs)]
    for each in chosen:
        each.event("Warning", REASON, MESSAGE)
        acting.finish(each, REASON, MESSAGE, NOTE, each.plan.grace_ms)
    return chosen
