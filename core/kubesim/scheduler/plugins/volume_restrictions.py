"""VolumeRestrictions: disks that a node can have once, and claims that one pod alone may use."""

from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import Incoming, claims_of
from kubesim.scheduler.storage import Storage


class VolumeRestrictions(Plugin):
    """# k8s: plugins/volumerestrictions."""

    name = "VolumeRestrictions"
    _in_use = Status(
        name,
        (
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
            "another pod",
        ),
    )

    _conflict = Status(name, ("node(s) had no available disk",))

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> Status | frozenset[str] | None:
        """Count the pods that use such a claim of the pod."""
        if not pod.claims:
            return None
        single = self._storage.claims(pod.info.namespace, pod.claims).single
        if single:
            users = sum(
                1 for node in snapshot.live_nodes() for record in node.pods.values() if _shares(record, pod, single)
            )
            state[self.name] = [single, users]
        return None

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """A disk that is there already, or another user of a claim anywhere."""
        if pod.info.disks:
            there = [disk for record in node.pods.values() for disk in record.info.disks]
            if any(_collide(disk, other) for disk in pod.info.disks for other in there):
                return self._conflict
        known = state.get(self.name)
        return self._in_use if known is not None and known[1] > 0 else None

    def pod_moved(self, state: CycleState, pod: Incoming, other: PodRecord, node: NodeInfo, delta: int) -> None:
        """A user came or went."""
        del node
        known = state.get(self.name)
        if known is not None and _shares(other, pod, known[0]):
            known[1] += delta

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """The end of a pod that uses one of the claims or disks."""
        if event.resource != "AssignedPod" or "Delete" not in event.actions or event.old is None:
            return False
        metadata = event.old["metadata"]
        listed = event.old["spec"].get("volumes") or ()
        if any(_collide(disk, other) for disk in pod.info.disks for other in listed):
            return True
        used = [each["persistentVolumeClaim"]["claimName"] for each in listed if each.get("persistentVolumeClaim")]
        return metadata["namespace"] == pod.info.namespace and any(name in pod.claims for name in used)


def _shares(record: PodRecord, pod: Incoming, names: tuple[str, ...]) -> bool:
    if record.namespace != pod.info.namespace or record.uid == pod.uid:
        return False
    return record.info.uses_claims and any(name in names for name in claims_of(record.pod))


def _collide(disk: Tree, other: Tree) -> bool:
    # k8s: isVolumeConflict.
    for source, same in _SAME.items():
        mine, theirs = disk.get(source), other.get(source)
        if mine is None or theirs is None or any(mine.get(field) != theirs.get(field) for field in same):
            continue
        if source == "rbd" and not any(each in theirs["monitors"] for each in mine["monitors"]):
            continue
        if source == "awsElasticBlockStore" or not (mine.get("readOnly") and theirs.get("readOnly")):
            return True
    return False


_SAME = {
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "iscsi": ("iqn",),
    "rbd": ("pool", "image"),
}
"""By what two disks of a sort are known to be one."""
