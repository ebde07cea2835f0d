"""NodeResourcesFit and NodeResourcesBalancedAllocation: what a node has left, and how evenly it would be used."""

from collections.abc import Sequence

from kubesim.objects.pods import amounts_of, occupying, requests
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.framework import MAX_NODE_SCORE, ClusterEvent, CycleState, Plugin, Shortfall, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming, PodInfo

FIT = "NodeResourcesFit"
BALANCED = "NodeResourcesBalancedAllocation"


def fit_status(info: PodInfo, node: NodeInfo) -> Status | None:
    """The resources that the node lacks, or None when the pod fits. # k8s: noderesources fitsRequest."""
    lacking: list[Shortfall] = []
    if len(node.pods) + 1 > node.max_pods:
        lacking.append(Shortfall("pods", 1, len(node.pods), node.max_pods))
    if info.cpu > node.cpu - node.cpu_used and info.cpu:
        lacking.append(Shortfall("cpu", info.cpu, node.cpu_used, node.cpu))
    if info.memory > node.memory - node.memory_used and info.memory:
        lacking.append(Shortfall("memory", info.memory, node.memory_used, node.memory))
    for name, amount in info.others:
        used, capacity = node.others_used.get(name, 0), node.others.get(name, 0)
        if amount > capacity - used:
            lacking.append(Shortfall(name, amount, used, capacity))
    if not lacking:
        return None
    # k8s: what is more than the whole node cannot be helped by preemption.
    resolvable = all(item.resource == "pods" or item.requested <= item.capacity for item in lacking)
    return Status(FIT, tuple(_reason(item.resource) for item in lacking), resolvable, tuple(lacking))


def _reason(resource: str) -> str:
    return "Too many pods" if resource == "pods" else f"Insufficient {resource}"


def least_allocated(info: PodInfo, node: NodeInfo) -> int:
    """The mean free share of cpu and memory with the pod on the node, 0 to 100. # k8s: leastResourceScorer."""
    total = weights = 0
    for capacity, used in (
        (node.cpu, node.cpu_scored + info.scored_cpu),
        (node.memory, node.memory_scored + info.scored_memory),
    ):
        if capacity:
            weights += 1
            if used <= capacity:
                total += (capacity - used) * MAX_NODE_SCORE // capacity
    return total // weights if weights else 0


def balanced_allocation(info: PodInfo, node: NodeInfo) -> int:
    """100 when cpu and memory would be used to equal shares, less as they differ. # k8s: balancedResourceScorer."""
    if not node.cpu or not node.memory:
        return MAX_NODE_SCORE
    cpu = min((node.cpu_used + info.cpu) / node.cpu, 1.0)
    memory = min((node.memory_used + info.memory) / node.memory, 1.0)
    return int((1 - abs((cpu - memory) / 2)) * MAX_NODE_SCORE)


class NodeResourcesFit(Plugin):
    """# k8s: plugins/noderesources fit.go, strategy LeastAllocated with cpu 1 and memory 1."""

    name = FIT
    weight = 1

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Every resource must suffice."""
        del state
        return fit_status(pod.info, node)

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """LeastAllocated."""
        del state
        return least_allocated(pod.info, node)

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A pod that ended or asks for less, or a node with room for the pod when it is empty."""
        if event.resource == "AssignedPod":
            if "Delete" in event.actions:
                return True
            return "UpdatePodScaleDown" in event.actions and _frees(pod.info, event)
        if event.resource == "UnscheduledPod":
            return "UpdatePodScaleDown" in event.actions
        if event.resource != "Node" or event.new is None or not _fits_empty(pod.info, event.new):
            return False
        return event.old is None or _grew(pod.info, event.old, event.new)


def _wanted(info: PodInfo) -> list[tuple[str, int]]:
    return [(name, amount) for name, amount in (("cpu", info.cpu), ("memory", info.memory), *info.others) if amount]


def _allocatable(node: Tree) -> dict[str, int]:
    return amounts_of((node.get("status") or EMPTY).get("allocatable"))


def _fits_empty(info: PodInfo, node: Tree) -> bool:
    room = _allocatable(node)
    return room.get("pods", 0) > 0 and all(amount <= room.get(name, 0) for name, amount in _wanted(info))


def _grew(info: PodInfo, old: Tree, new: Tree) -> bool:
    before, after = _allocatable(old), _allocatable(new)
    return any(after.get(name, 0) > before.get(name, 0) for name, _ in [*_wanted(info), ("pods", 1)])


def _frees(info: PodInfo, event: ClusterEvent) -> bool:
    if event.old is None or event.new is None:
        return False
    before, after = (requests({"spec": occupying(pod)}) for pod in (event.old, event.new))
    return any(before.get(name, 0) > after.get(name, 0) for name, _ in _wanted(info))


class NodeResourcesBalancedAllocation(Plugin):
    """# k8s: plugins/noderesources balanced_allocation.go, over cpu and memory."""

    name = BALANCED
    weight = 1

    def pre_score(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> bool:
        """Pods that ask for nothing are not balanced."""
        del state, nodes, snapshot
        return not pod.info.best_effort

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """See ``balanced_allocation``."""
        del state
        return balanced_allocation(pod.info, node)
