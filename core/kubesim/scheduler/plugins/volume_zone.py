"""VolumeZone: a volume that carries zone labels is used in that zone only."""

from collections.abc import Mapping

from kubesim.objects import refs
from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.storage import ZONE_LABELS, Storage


class VolumeZone(Plugin):
    """# k8s: plugins/volumezone."""

    name = "VolumeZone"
    _elsewhere = Status(name, ("node(s) had no available volume zone",), False)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> Status | frozenset[str] | None:
        """Note the zones of the volumes that are bound."""
        del snapshot
        if pod.claims:
            found = self._storage.claims(pod.info.namespace, pod.claims)
            zones = [zone for volume in found.bound for zone in _zones(volume)]
            if zones:
                state[self.name] = zones
        return None

    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Nodes without any zone label pass."""
        del pod
        zones = state.get(self.name)
        if zones is None or not any(label in node.labels for label in ZONE_LABELS):
            return None
        return None if all(_matches(key, values, node.labels) for key, values in zones) else self._elsewhere

    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """A node that came or was labelled, a storage object that changed."""
        del pod
        if event.resource == "Node":
            return "Add" in event.actions or "UpdateNodeLabel" in event.actions
        return event.resource == "Volume" and event.new is not None


def _zones(volume: Tree) -> list[tuple[str, list[str]]]:
    labels = refs.labels(volume)
    # k8s: volumehelpers.LabelZonesToSet: several zones are joined by two underscores.
    return [(label, labels[label].split("__")) for label in ZONE_LABELS if label in labels]


def _matches(key: str, values: list[str], labels: Mapping[str, str]) -> bool:
    beta = key.replace("topology.kubernetes.io", "failure-domain.beta.kubernetes.io")
    stable = key.replace("failure-domain.beta.kubernetes.io", "topology.kubernetes.io")
    value = labels.get(stable) or labels.get(beta)
    return value in values
