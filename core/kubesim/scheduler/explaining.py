"""Answers "why this node?" and "why none?" from the records, and by running the full cycle again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubesim.machinery.client import Client
from kubesim.objects.wire import PODS, Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.cycle import Filtered, Framework
from kubesim.scheduler.decision import Bound, Decision, NodeVerdict
from kubesim.scheduler.framework import Snapshot
from kubesim.scheduler.history import Failed, History
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.placement.registry import Placements
from kubesim.scheduler.plugins.gates import SchedulingGates
from kubesim.scheduler.podinfo import Incoming

if TYPE_CHECKING:
    from kubesim.scheduler.framework import Status

ONLY_ONE = "the only feasible node"
NOMINATED = "the nominated node"
BEST = "the highest score"
FIRST = "of {count} nodes with the highest score the one that joined first"


class Without:
    """The cluster as it would be without one pod; the cache itself is left alone, so that asking changes nothing."""

    def __init__(self, cache: Cache, uid: str) -> None:
        self._cache = cache
        record = cache.records.get(uid)
        node = cache.node(record.node) if record is not None else None
        self._twin: NodeInfo | None = None
        if record is not None and node is not None:
            self._twin = node.copy()
            self._twin.remove(record)

    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        return self._cache.node_count

    def live_nodes(self) -> list[NodeInfo]:
        """The nodes in order of arrival."""
        return [self._swap(node) for node in self._cache.live_nodes()]

    def nodes_with_affinity(self) -> list[NodeInfo]:
        """The nodes that host a pod with pod affinity or anti-affinity, in order of arrival."""
        return [self._swap(node) for node in self._cache.nodes_with_affinity()]

    def node(self, name: str) -> NodeInfo | None:
        """The node of that name."""
        node = self._cache.node(name)
        return None if node is None else self._swap(node)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace."""
        return self._cache.namespace_labels(namespace)

    def image_nodes(self, image: str) -> int:
        """How many nodes hold an image."""
        return self._cache.image_nodes(image)

    def _swap(self, node: NodeInfo) -> NodeInfo:
        return self._twin if self._twin is not None and self._twin.index == node.index else node


class Explainer:
    """Builds the full ``Decision`` of a pod on demand; writes nothing."""

    def __init__(
        self, client: Client, cache: Cache, framework: Framework, placements: Placements, history: History
    ) -> None:
        self._client = client
        self._cache = cache
        self._framework = framework
        self._placements = placements
        self._history = history
        self._gates = SchedulingGates()

    def explain(self, namespace: str, name: str) -> Decision | None:
        """The latest decision with every node's verdict."""
        place = (namespace, name)
        failed = self._history.find_failed(place)
        if failed is not None:
            return _explain_failed(failed)
        pod = self._client.get(PODS, namespace, name)
        if pod is None:
            return None
        bound = self._history.find_bound(place)
        if bound is not None and bound.uid == pod["metadata"]["uid"]:
            return self._explain_bound(pod, bound)
        gates = self._gates.pre_enqueue(pod)
        if not gates:
            return None
        uid = pod["metadata"]["uid"]
        return Decision(namespace, name, uid, 0, self._client.now(), "", 0, self._cache.node_count, 0, gates)

    def _explain_bound(self, pod: Tree, bound: Bound) -> Decision:
        snapshot = Without(self._cache, bound.uid)
        incoming = self._placements.incoming(pod)
        filtered = self._framework.find(incoming, snapshot)
        verdicts, tie_break = self._verdicts(incoming, snapshot, filtered, bound.node)
        metadata = pod["metadata"]
        return Decision(
            metadata["namespace"],
            metadata["name"],
            bound.uid,
            bound.cycle,
            bound.at,
            bound.node,
            bound.feasible,
            bound.nodes,
            bound.score,
            f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {bound.node}",
            ONLY_ONE if bound.feasible == 1 else tie_break,
            verdicts=verdicts,
            recomputed=True,
            cause=bound.cause,
        )

    def _verdicts(
        self, pod: Incoming, snapshot: Snapshot, filtered: Filtered, chosen: str
    ) -> tuple[tuple[NodeVerdict, ...], str]:
        scored = self._framework.score(pod, snapshot, filtered) if filtered.feasible else []
        by_index = {item.node.index: item for item in scored}
        diagnosis = filtered.diagnosis
        verdicts = []
        for node in snapshot.live_nodes():
            item = by_index.get(node.index)
            if item is not None:
                verdicts.append(NodeVerdict(node.name, None, item.scores, item.total))
            else:
                status = diagnosis.statuses.get(node.index) or diagnosis.absent or diagnosis.rejected
                verdicts.append(NodeVerdict(node.name, status))
        best = max((item.total for item in scored), default=0)
        equals = [item.node.name for item in scored if item.total == best]
        tie = FIRST.format(count=len(equals)) if len(equals) > 1 and chosen in equals else BEST
        return tuple(verdicts), tie


def _explain_failed(failed: Failed) -> Decision:
    diagnosis = failed.diagnosis
    if diagnosis is None:
        return failed.decision
    general: Status | None = diagnosis.rejected or diagnosis.absent
    verdicts = tuple(
        NodeVerdict(name, diagnosis.statuses.get(index) or general) for index, name in failed.names.items()
    )
    return failed.decision._replace(verdicts=verdicts)
