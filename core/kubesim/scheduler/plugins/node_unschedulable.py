"""NodeUnschedulable: cordoned nodes take no new pods."""

from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.affinity import tolerates
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming

TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeUnschedulable(Plugin):
    """# k8s: plugins/nodeunschedulable."""

    name = "NodeUnschedulable"
    _rejected = Status(name, ("node(s) were unschedulable",), resolvable=False)

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """A pod that tolerates the unschedulable taint passes."""
        del state
        if not node.unschedulable or tolerates(pod.info.tolerations, TAINT):
            return None
        return self._rejected

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A node that is new, or no longer cordoned."""
        if event.resource == "UnscheduledPod":
            return "UpdatePodToleration" in event.actions
        if event.resource != "Node" or event.new is None or _cordoned(event.new):
            return False
        return event.old is None or _cordoned(event.old)


def _cordoned(node: Tree) -> bool:
    return bool((node.get("spec") or EMPTY).get("unschedulable"))
