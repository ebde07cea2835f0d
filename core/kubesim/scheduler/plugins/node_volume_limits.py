"""NodeVolumeLimits: a node takes only so many volumes of a driver."""

from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming, claims_of
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
        limits = self._storage.limits(node.name) if pod.claims else {}
        if not limits:
            return None
        wanted = self._storage.attached(pod.info.namespace, pod.claims)
        there: dict[str, str] = {}
        for record in node.pods.values():
            if record.info.claims or record.info.ephemeral:
                names = claims_of(record.info, record.pod["metadata"]["name"])
                there.update(self._storage.attached(record.namespace, names))
        for driver, limit in limits.items():
            new = sum(1 for handle, name in wanted.items() if name == driver and handle not in there)
            old = sum(1 for name in there.values() if name == driver)
            if new and new + old > limit:
                return self._full
        return None

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A pod that leaves a node, a node that comes, a limit that changes."""
        del pod
        if event.resource == "AssignedPod":
            return "Delete" in event.actions
        if event.resource == "Node":
            return "Add" in event.actions
        return event.resource == "Volume" and event.new is not None and event.new.get("kind") == "CSINode"
