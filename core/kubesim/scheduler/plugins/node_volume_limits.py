"""NodeVolumeLimits: a node takes only so many volumes of a driver."""

from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.storage import Storage


class NodeVolumeLimits(Plugin):
    """# k8s: plugins/nodevolumelimits/csi.go."""

    name = "NodeVolumeLimits"
    _full = Status(name, ("node(s) exceed max volume count",))

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Volumes that are on the node already count once."""
        del state
        return None if not pod.claims or self._storage.takes(node, pod.info.namespace, pod.claims) else self._full

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A pod that leaves a node, a node that comes, a limit that changes."""
        del pod
        if event.resource == "AssignedPod":
            return "Delete" in event.actions
        if event.resource == "Node":
            return "Add" in event.actions
        return event.resource == "Volume" and event.new is not None and event.new.get("kind") == "CSINode"
