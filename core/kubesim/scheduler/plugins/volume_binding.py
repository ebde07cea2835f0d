"""VolumeBinding: a pod runs only where its volumes are, or can be made."""

from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.storage import Placing, Storage, reaches


class VolumeBinding(Plugin):
    """# k8s: plugins/volumebinding."""

    name = "VolumeBinding"
    _lost = Status(name, ("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",), False)
    _elsewhere = Status(name, ("node(s) didn't match PersistentVolume's node affinity",), False)
    _none = Status(name, ("node(s) didn't find available persistent volumes to bind",), False)
    _full = Status(name, ("node(s) did not have enough free storage",), False)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> Status | frozenset[str] | None:
        """Claims that are missing or not bound in time keep the pod off every node."""
        del snapshot
        if not pod.claims:
            return None
        problem = self._storage.ephemeral_problem(pod)
        found = self._storage.claims(pod.info.namespace, pod.claims)
        if problem or found.problem:
            return Status(self.name, (problem or found.problem,), resolvable=False)
        state[self.name] = found
        return None

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Bound volumes must reach the node; the others must be found or made there."""
        del pod
        found = state.get(self.name)
        if found is None:
            return None
        if found.lost:
            return self._lost
        if not all(reaches(volume, node.labels, node.name) for volume in found.bound):
            return self._elsewhere
        if not found.delayed:
            return None
        placing = self._storage.place(found.delayed, node.labels, node.name)
        if placing is None:
            return self._none
        return None if self._storage.has_room(placing.provisioned, node.labels) else self._full

    def reserve(self, namespace: str, claims: tuple[str, ...], node: NodeInfo) -> Placing | None:
        """What is to be done before the pod can be bound to a node; None when its claims do not allow that."""
        found = self._storage.claims(namespace, claims)
        if found.problem:
            return None
        return self._storage.place(found.delayed, node.labels, node.name)

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """Storage objects that came or changed, and nodes that came or were labelled."""
        if event.resource == "Node":
            return "Add" in event.actions or "UpdateNodeLabel" in event.actions
        return event.resource == "Volume" and concerns(pod, event)


def concerns(pod: Incoming, event: ClusterEvent) -> bool:
    """Whether a change of a storage object may matter to a pod: claims of others do not."""
    new = event.new
    if new is None:
        return False
    if new.get("kind") != "PersistentVolumeClaim":
        return True
    metadata = new["metadata"]
    return metadata["namespace"] == pod.info.namespace and metadata["name"] in pod.claims
