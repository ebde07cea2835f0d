"""The last word on whether a node takes a pod in: what it lacks, and whether others have to go for a critical one.

# k8s: lifecycle/predicate.go predicateAdmitHandler.Admit
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubesim.kubelet import predicates, preempting
from kubesim.kubelet.eviction import is_critical
from kubesim.kubelet.record import ACTIVE, OVER, PREPARING
from kubesim.kubelet.shutdown import REFUSAL

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.worker import PodWorker


class WaitError(Exception):
    """The pod can be taken in when others have gone."""


def refusal(
    agent: "Agent", worker: "PodWorker", used: Mapping[str, int], capacity: Mapping[str, int]
) -> predicates.Refusal | None:
    """Reason and message when a pod is not taken in where so much is used of so much. Raises WaitError."""
    requests = worker.plan.requests
    if _needs_room_alone(agent, worker) and not predicates.lacks(used, capacity, requests):
        return None
    found = predicates.system_refusal(worker.pod)
    if found is None and agent.spec.extended:
        found = predicates.device_refusal(agent.spec.extended, used, capacity, requests)
    if found is not None:
        return found
    lacking = predicates.lacks(used, capacity, requests)
    other = predicates.other_refusal(agent, worker)
    if lacking:
        if not is_critical(worker.pod):
            # k8s: of several reasons the first is told
            return lacking[0].refusal()
        if other is None:
            return _make_room(agent, worker, lacking)
    if other is None and agent.shutdown.active:
        return REFUSAL
    return other


def _needs_room_alone(agent: "Agent", worker: "PodWorker") -> bool:
    # Most pods ask for nothing else, and this is asked for each one.
    plan, spec = worker.plan, worker.pod["spec"]
    return not (
        not plan.is_ordinary
        or agent.spec.extended
        or agent.shutdown.active
        or agent.is_evicting
        or plan.host_ports
        or spec.get("nodeSelector")
        or spec.get("affinity")
        or spec.get("os")
        or predicates.OS_LABEL in (worker.pod["metadata"].get("labels") or ())
    )


def _make_room(agent: "Agent", worker: "PodWorker", lacking: list[predicates.Lack]) -> predicates.Refusal | None:
    """Stop others, and have the pod wait for their end."""
    going = agent.preempted.get(worker.uid, ())
    if any(each.stage != OVER for each in going):
        raise WaitError
    others = [each for each in agent.workers.values() if each.stage in {PREPARING, ACTIVE} and not each.deleting]
    try:
        chosen = preempting.make_room(worker, others, lacking)
    except preempting.NoRoomError as error:
        agent.preempted.pop(worker.uid, None)
        return "UnexpectedAdmissionError", f"{preempting.FAILURE}{error}"
    agent.preempted[worker.uid] = chosen
    raise WaitError
