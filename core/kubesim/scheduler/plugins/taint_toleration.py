"""TaintToleration: keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft taints."""

from collections.abc import Sequence

from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.affinity import intolerable, untolerated
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Status, default_normalize
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming


class TaintToleration(Plugin):
    """# k8s: plugins/tainttoleration."""

    name = "TaintToleration"
    weight = 3
    _rejected = Status(name, ("node(s) had untolerated taint(s)",), resolvable=False)

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """NoSchedule and NoExecute taints."""
        del state
        if not node.taints or untolerated(node.taints, pod.info.tolerations) is None:
            return None
        return self._rejected

    def score(self, state: CycleState, pod: Incoming, node: NodeInfo) -> int:
        """The number of PreferNoSchedule taints that the pod does not tolerate."""
        del state
        return intolerable(node.taints, pod.info.tolerations) if node.taints else 0

    def normalize(self, state: CycleState, pod: Incoming, nodes: Sequence[NodeInfo], raw: list[int]) -> list[int]:
        """The fewer the better."""
        del state, pod, nodes
        return default_normalize(raw, reverse=True)

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A node whose taints are tolerated, and were not before."""
        if event.resource == "UnscheduledPod":
            return "UpdatePodToleration" in event.actions
        if event.resource != "Node" or event.new is None or not _tolerated(pod, event.new):
            return False
        return event.old is None or not _tolerated(pod, event.old)


def _tolerated(pod: Incoming, node: Tree) -> bool:
    return untolerated((node.get("spec") or EMPTY).get("taints") or (), pod.info.tolerations) is None
