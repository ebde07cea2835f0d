"""InterPodAffinity: pods that want to be near others, or far from them, and those that are already there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.objects.refs import labels as labels_of
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.affinity import AffinityTerm, AffinityTerms, parse_affinity
from kubesim.scheduler.framework import MAX_NODE_SCORE, ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import Incoming

NAME = "InterPodAffinity"
NOT_NEAR = Status(NAME, ("node(s) didn't match pod affinity rules",), resolvable=False)
NOT_FAR = Status(NAME, ("node(s) didn't match pod anti-affinity rules",))
UNWELCOME = Status(NAME, ("node(s) didn't satisfy existing pods anti-affinity rules",))

Pair = tuple[str, str]
"""A topology key and a value."""


class _Filter(NamedTuple):
    near: dict[Pair, int]
    far: dict[Pair, int]
    unwelcome: dict[Pair, int]
    namespaces: Snapshot


def normalize_affinity(raw: Sequence[int]) -> list[int]:
    """The more the better, from the least to the greatest."""
    least, most = min(raw, default=0), max(raw, default=0)
    spread = most - least
    if not spread:
        return [0 for _ in raw]
    return [int(MAX_NODE_SCORE * ((score - least) / spread)) for score in raw]


def matches_all(
    terms: Sequence[AffinityTerm], namespace: str, labels: Mapping[str, str], around: Mapping[str, str]
) -> bool:
    """Whether a pod is meant by every term; by no terms none is. # k8s: podMatchesAllAffinityTerms."""
    return bool(terms) and all(term.pods.matches(namespace, labels, around) for term in terms)


class InterPodAffinity(Plugin):
    """# k8s: plugins/interpodaffinity."""

    name = NAME
    weight = 2

    def __init__(self, namespaces: Snapshot) -> None:
        self._namespaces = namespaces

    # ------------------------------------------------------------------ filter
    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> None:
        """Counts, per topology value, the pods that the terms are about, in both directions."""
        found = _Filter({}, {}, {}, snapshot)
        around = snapshot.namespace_labels(pod.info.namespace)
        for node in snapshot.nodes_with_affinity():
            for terms, number in node.affinity.items():
                _repel(found.unwelcome, terms, pod, around, node, number)
        own = pod.info.terms
        if own is not None and (own.required or own.anti):
            for node in snapshot.live_nodes():
                for record in node.pods.values():
                    _count(found, own, record, node, 1)
        state[NAME] = found

    def pod_moved(self, state: CycleState, pod: Incoming, other: PodRecord, node: NodeInfo, delta: int) -> None:
        """Keeps the counts right while preemption tries things out."""
        found: _Filter = state[NAME]
        if other.info.terms is not None:
            around = found.namespaces.namespace_labels(pod.info.namespace)
            _repel(found.unwelcome, other.info.terms, pod, around, node, delta)
        if pod.info.terms is not None:
            _count(found, pod.info.terms, other, node, delta)

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Affinity first, then the pod's anti-affinity, then that of the pods that are there."""
        found: _Filter = state[NAME]
        terms, labels = pod.info.terms, node.labels
        if terms is not None:
            if not self._is_near(terms, found, pod, node):
                return NOT_NEAR
            if any(
                found.far.get((term.key, labels.get(term.key, "")), 0) > 0 for term in terms.anti if term.key in labels
            ):
                return NOT_FAR
        if any(number > 0 and labels.get(key) == value for (key, value), number in found.unwelcome.items()):
            return UNWELCOME
        return None

    def _is_near(self, terms: AffinityTerms, found: _Filter, pod: Incoming, node: NodeInfo) -> bool:
        near = True
        for term in terms.required:
            value = node.labels.get(term.key)
            if value is None:
                return False
            near = near and found.near.get((term.key, value), 0) > 0
        if near or found.near:
            return near
        # k8s: the first of a group of pods that want to be near each other may go anywhere.
        around = found.namespaces.namespace_labels(pod.info.namespace)
        return matches_all(terms.required, pod.info.namespace, pod.labels, around)

    # ------------------------------------------------------------------ score
    def pre_score(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> bool:
        """Sums the weights of preferred terms, the pod's own and those of the pods that are there."""
        del nodes
        totals: dict[str, dict[str, int]] = {}
        around = snapshot.namespace_labels(pod.info.namespace)
        own = pod.info.terms.preferred if pod.info.terms is not None else ()
        if own:
            for node in snapshot.live_nodes():
                for record in node.pods.values():
                    space = snapshot.namespace_labels(record.namespace)
                    for term in own:
                        if term.pods.matches(record.namespace, record.labels, space):
                            _weigh(totals, term, node, 1)
        for node in snapshot.nodes_with_affinity():
            for terms, number in node.affinity.items():
                for term in terms.attract:
                    if term.pods.matches(pod.info.namespace, pod.labels, around):
                        _weigh(totals, term, node, number)
        state[f"{NAME}/score"] = totals
        return bool(totals)

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """The sum over the topology values of the node."""
        del pod
        totals: dict[str, dict[str, int]] = state[f"{NAME}/score"]
        labels = node.labels
        return sum(values.get(labels[key], 0) for key, values in totals.items() if key in labels)

    def normalize(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], raw: list[int]) -> list[int]:
        """See ``normalize_affinity``."""
        del state, pod, nodes
        return normalize_affinity(raw)

    # ------------------------------------------------------------------ hints
    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A pod that the terms are about comes or goes, or a node gets one of the topology keys."""
        terms = pod.info.terms
        if event.resource == "Node":
            return event.new is not None and self._helps_node(pod, event.old, event.new)
        if event.resource == "UnscheduledPod":
            return "UpdatePodLabel" in event.actions
        if event.resource != "AssignedPod":
            return False
        if event.old is not None and event.new is None:
            return (terms is not None and self._means(terms.anti, event.old)) or self._repelled(pod, event.old)
        if terms is None or event.new is None:
            return False
        if event.old is None:
            return self._means_all(terms.required, event.new)
        nearer = not self._means_all(terms.required, event.old) and self._means_all(terms.required, event.new)
        return nearer or (self._means(terms.anti, event.old) and not self._means(terms.anti, event.new))

    def _repelled(self, pod: Incoming, other: Tree) -> bool:
        """Whether another pod has anti-affinity to this one."""
        theirs = parse_affinity(other["spec"].get("affinity") or EMPTY, other["metadata"]["namespace"])
        if theirs is None:
            return False
        around = self._namespaces.namespace_labels(pod.info.namespace)
        return any(term.pods.matches(pod.info.namespace, pod.labels, around) for term in theirs.anti)

    def _means(self, terms: Sequence[AffinityTerm], pod: Tree) -> bool:
        namespace = pod["metadata"].get("namespace", "")
        around = self._namespaces.namespace_labels(namespace)
        return any(term.pods.matches(namespace, labels_of(pod), around) for term in terms)

    def _means_all(self, terms: Sequence[AffinityTerm], pod: Tree) -> bool:
        namespace = pod["metadata"].get("namespace", "")
        return matches_all(terms, namespace, labels_of(pod), self._namespaces.namespace_labels(namespace))

    def _helps_node(self, pod: Incoming, old: Tree | None, new: Tree) -> bool:
        terms = pod.info.terms
        if old is None:
            return terms is None or all(term.key in labels_of(new) for term in terms.required)
        if labels_of(old) == labels_of(new):
            return False
        before, after = labels_of(old), labels_of(new)
        keys = [t.key for t in (*terms.required, *terms.anti)] if terms is not None else []
        return terms is None or any(before.get(key) != after.get(key) for key in keys)


def _repel(
    unwelcome: dict[Pair, int],
    terms: AffinityTerms,
    pod: Incoming,
    around: Mapping[str, str],
    node: NodeInfo,
    number: int,
) -> None:
    for term in terms.anti:
        if term.key in node.labels and term.pods.matches(pod.info.namespace, pod.labels, around):
            _add(unwelcome, (term.key, node.labels[term.key]), number)


def _count(found: _Filter, terms: AffinityTerms, record: PodRecord, node: NodeInfo, delta: int) -> None:
    around = found.namespaces.namespace_labels(record.namespace)
    if matches_all(terms.required, record.namespace, record.labels, around):
        for term in terms.required:
            if term.key in node.labels:
                _add(found.near, (term.key, node.labels[term.key]), delta)
    for term in terms.anti:
        if term.key in node.labels and term.pods.matches(record.namespace, record.labels, around):
            _add(found.far, (term.key, node.labels[term.key]), delta)


def _weigh(totals: dict[str, dict[str, int]], term: AffinityTerm, node: NodeInfo, number: int) -> None:
    value = node.labels.get(term.key)
    if value is not None:
        values = totals.setdefault(term.key, {})
        values[value] = values.get(value, 0) + term.weight * number


def _add(counts: dict[Pair, int], pair: Pair, number: int) -> None:
    total = counts.get(pair, 0) + number
    if total:
        counts[pair] = total
    else:
        counts.pop(pair, None)
