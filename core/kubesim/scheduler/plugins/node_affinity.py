"""NodeAffinity: node selectors, required node affinity, and preferred node affinity."""

from collections.abc import Sequence

from kubesim.objects.refs import labels
from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Snapshot, Status, default_normalize
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming


class NodeAffinity(Plugin):
    """# k8s: plugins/nodeaffinity."""

    name = "NodeAffinity"
    weight = 2
    _rejected = Status(name, ("node(s) didn't match Pod's node affinity/selector",), resolvable=False)
    _conflict = Status(name, ("pod affinity terms conflict",), resolvable=False)

    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> Status | frozenset[str] | None:
        """Affinity to named nodes leaves only those, so that a DaemonSet's pod looks at one node."""
        del state, snapshot
        names = pod.info.node_names
        return self._conflict if names is not None and not names else names

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Both the node selector and one required term must match."""
        del state
        required = pod.info.node_requirement
        if required.asks_nothing or required.matches(node.labels, node.name):
            return None
        return self._rejected

    def pre_score(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> bool:
        """Nothing to say without preferred terms."""
        del state, nodes, snapshot
        return bool(pod.info.node_requirement.preferred)

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """The sum of the weights of the preferred terms that match."""
        del state
        return pod.info.node_requirement.preference(node.labels, node.name)

    def normalize(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], raw: list[int]) -> list[int]:
        """The more the better."""
        del state, pod, nodes
        return default_normalize(raw, reverse=False)

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A node that matches, and did not before."""
        if event.resource != "Node" or event.new is None or not _matches(pod, event.new):
            return False
        return event.old is None or not _matches(pod, event.old)


def _matches(pod: Incoming, node: Tree) -> bool:
    return pod.info.node_requirement.matches(labels(node), node["metadata"]["name"])
