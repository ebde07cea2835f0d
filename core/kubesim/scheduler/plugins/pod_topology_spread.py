"""PodTopologySpread: keeps the numbers of like pods even over zones, nodes, or any other topology."""

from collections.abc import Mapping, Sequence
from math import log

from kubesim.objects.refs import labels as labels_of
from kubesim.objects.wire import EMPTY
from kubesim.scheduler.affinity import untolerated
from kubesim.scheduler.framework import MAX_NODE_SCORE, ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import HOSTNAME, Constraint, Incoming, PodInfo

NAME = "PodTopologySpread"
REASON = "node(s) didn't match pod topology spread constraints"
MISMATCH = Status(NAME, (REASON,))
MISSING_LABEL = Status(NAME, (f"{REASON} (missing required label)",), resolvable=False)
NO_DOMAIN = 2**31 - 1


def has_all_keys(labels: Mapping[str, str], constraints: Sequence[Constraint]) -> bool:
    """Whether a node belongs to a domain of every constraint."""
    return all(constraint.key in labels for constraint in constraints)


def is_included(constraint: Constraint, info: PodInfo, node: NodeInfo) -> bool:
    """Whether the pods of a node are counted. # k8s: matchNodeInclusionPolicies."""
    if constraint.honor_affinity and not info.node_requirement.matches(node.labels, node.name):
        return False
    return not constraint.honor_taints or untolerated(node.taints, info.tolerations) is None


def is_counted(constraint: Constraint, namespace: str, record: PodRecord) -> bool:
    """Whether a pod is one of those that are spread. # k8s: countPodsMatchSelector."""
    selector = constraint.selector
    return (
        record.namespace == namespace
        and not record.terminating
        and not selector.matches_everything
        and selector.matches(record.labels)
    )


def normalizing_weight(domains: int) -> float:
    """What one pod weighs, by the number of domains. # k8s: topologyNormalizingWeight."""
    return log(domains + 2)


def normalize_spread(raw: Sequence[int | None]) -> list[int]:
    """The fewer the better; None (a node outside the topology) becomes 0."""
    counted = [score for score in raw if score is not None]
    least, most = min(counted, default=0), max(counted, default=0)
    return [_scale(score, least, most) for score in raw]


def _scale(score: int | None, least: int, most: int) -> int:
    if score is None:
        return 0
    return MAX_NODE_SCORE * (most + least - score) // most if most else MAX_NODE_SCORE


class PodTopologySpread(Plugin):
    """# k8s: plugins/podtopologyspread."""

    name = NAME
    weight = 2

    # ------------------------------------------------------------------ filter
    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> None:
        """Counts the matching pods of each domain of the DoNotSchedule constraints."""
        domains: list[dict[str, int]] = [{} for _ in pod.hard]
        state[NAME] = domains
        if not pod.hard:
            return
        for node in snapshot.live_nodes():
            if not has_all_keys(node.labels, pod.hard):
                continue
            for constraint, counts in zip(pod.hard, domains, strict=True):
                if is_included(constraint, pod.info, node):
                    found = sum(1 for r in node.pods.values() if is_counted(constraint, pod.info.namespace, r))
                    value = node.labels[constraint.key]
                    counts[value] = counts.get(value, 0) + found

    def pod_moved(self, state: CycleState, pod: Incoming, other: PodRecord, node: NodeInfo, delta: int) -> None:
        """Keeps the counts right while preemption tries things out."""
        if not pod.hard or other.namespace != pod.info.namespace or not has_all_keys(node.labels, pod.hard):
            return
        for constraint, counts in zip(pod.hard, state[NAME], strict=True):
            # k8s: unlike the first count this one takes terminating pods too.
            if constraint.selector.matches(other.labels) and is_included(constraint, pod.info, node):
                value = node.labels[constraint.key]
                counts[value] = counts.get(value, 0) + delta

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """The skew with the pod on the node may not exceed ``maxSkew``."""
        for constraint, counts in zip(pod.hard, state[NAME], strict=True):
            value = node.labels.get(constraint.key)
            if value is None:
                return MISSING_LABEL
            least = 0 if len(counts) < constraint.min_domains else min(counts.values(), default=NO_DOMAIN)
            own = 1 if constraint.selector.matches(pod.labels) else 0
            if counts.get(value, 0) + own - least > constraint.max_skew:
                return MISMATCH
        return None

    # ------------------------------------------------------------------ score
    def pre_score(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> bool:
        """Counts the matching pods of each domain that still has a feasible node."""
        soft = pod.soft
        if not soft:
            return False
        scored = [n for n in nodes if pod.system_defaulted or has_all_keys(n.labels, soft)]
        domains: list[dict[str, int]] = []
        weights: list[float] = []
        for constraint in soft:
            values: dict[str, int] = {}
            if constraint.key != HOSTNAME:
                values = dict.fromkeys((n.labels.get(constraint.key, "") for n in scored), 0)
                self._count(values, constraint, pod, snapshot)
            domains.append(values)
            weights.append(normalizing_weight(len(scored) if constraint.key == HOSTNAME else len(values)))
        state[f"{NAME}/score"] = (domains, weights, {n.index for n in scored})
        return True

    def _count(self, values: dict[str, int], constraint: Constraint, pod: Incoming, snapshot: Snapshot) -> None:
        for node in snapshot.live_nodes():
            if not pod.system_defaulted and not has_all_keys(node.labels, pod.soft):
                continue
            value = node.labels.get(constraint.key, "")
            if value in values and is_included(constraint, pod.info, node):
                values[value] += sum(1 for r in node.pods.values() if is_counted(constraint, pod.info.namespace, r))

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """The weighted numbers of matching pods; -1 for a node outside the topology."""
        domains, weights, scored = state[f"{NAME}/score"]
        if node.index not in scored:
            return -1
        total = 0.0
        for constraint, values, weight in zip(pod.soft, domains, weights, strict=True):
            value = node.labels.get(constraint.key)
            if value is None:
                continue
            if constraint.key == HOSTNAME:
                count = sum(1 for r in node.pods.values() if is_counted(constraint, pod.info.namespace, r))
            else:
                count = values[value]
            total += count * weight + (constraint.max_skew - 1)
        return int(total + 0.5)

    def normalize(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], raw: list[int]) -> list[int]:
        """See ``normalize_spread``."""
        del state, pod, nodes
        return normalize_spread([None if score < 0 else score for score in raw])

    # ------------------------------------------------------------------ hints
    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A pod of the counted sort that comes, goes or changes its labels, or a node in the topology."""
        constraints = pod.hard
        if event.resource == "Node":
            if event.actions == ("UpdateNodeAllocatable",):
                return False
            trees = [tree for tree in (event.old, event.new) if tree is not None]
            return any(has_all_keys(labels_of(tree), constraints) for tree in trees)
        if event.resource == "UnscheduledPod":
            return "UpdatePodLabel" in event.actions
        if event.resource != "AssignedPod":
            return False
        for tree in (event.old, event.new):
            if tree is None or tree["metadata"].get("namespace", "") != pod.info.namespace:
                continue
            labels = tree["metadata"].get("labels") or EMPTY
            if any(constraint.selector.matches(labels) for constraint in constraints):
                return True
        return False
