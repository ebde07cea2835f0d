"""What the claims of a pod come to: volumes that are bound, claims that wait for a node, and whether nodes matter."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects import quantities, refs, selectors, volumes
from kubesim.objects.storageclasses import class_of
from kubesim.objects.wire import CLAIMS, EMPTY, STORAGECLASSES, VOLUMES, Gvr, Tree
from kubesim.scheduler.affinity import NodeRequirement
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming, claims_of, ephemeral_of

CSINODES = Gvr("storage.k8s.io", "v1", "csinodes")
CSIDRIVERS = Gvr("storage.k8s.io", "v1", "csidrivers")
CAPACITIES = Gvr("storage.k8s.io", "v1", "csistoragecapacities")
WATCHED = (CLAIMS, VOLUMES, STORAGECLASSES, CSINODES, CSIDRIVERS, CAPACITIES)

ZONE_LABELS = (
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)
SINGLE_POD = "ReadWriteOncePod"


class Claims(NamedTuple):
    """The claims of one pod, sorted out. ``problem`` says why it can run nowhere, "" that it may."""

    problem: str
    bound: tuple[Tree, ...] = ()
    """The volumes of claims that are bound."""
    delayed: tuple[Tree, ...] = ()
    """The claims that wait for the pod to get a node."""
    lost: bool = False
    """Whether a claim is bound to a volume that does not exist."""
    single: tuple[str, ...] = ()
    """The names of claims that one pod alone may use."""


class Placing(NamedTuple):
    """What is done about the delayed claims when the pod goes to a node."""

    bindings: tuple[tuple[Tree, Tree], ...]
    """(volume, claim) to be bound to each other."""
    provisioned: tuple[Tree, ...]
    """Claims whose volume is made for that node."""


class Storage:
    """Reads storage objects; holds none."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def claims(self, namespace: str, names: Iterable[str]) -> Claims:
        """Sort out the claims of a pod. # k8s: volumebinding PreFilter."""
        get = self._client.get
        bound: list[Tree] = []
        delayed: list[Tree] = []
        single: list[str] = []
        waiting = lost = False
        for name in dict.fromkeys(names):
            claim = get(CLAIMS, namespace, name)
            if claim is None:
                return Claims(f'persistentvolumeclaim "{name}" not found')
            problem = _problem(claim)
            if problem:
                return Claims(problem)
            if SINGLE_POD in (claim["spec"].get("accessModes") or ()):
                single.append(name)
            if volumes.is_bound(claim):
                volume = get(VOLUMES, "", claim["spec"]["volumeName"])
                if volume is None:
                    lost = True
                else:
                    bound.append(volume)
            elif claim["spec"].get("volumeName") or not volumes.is_delayed(self.class_of(claim)):
                waiting = True
            else:
                delayed.append(claim)
        if waiting:
            return Claims("pod has unbound immediate PersistentVolumeClaims")
        return Claims("", tuple(bound), tuple(delayed), lost, tuple(single))

    def ephemeral_problem(self, pod: Incoming) -> str:
        """What there is to say against the claims of ephemeral volumes: not made yet, or not for this pod."""
        for name in pod.ephemeral:
            namespace = pod.info.namespace
            claim = self._client.get(CLAIMS, namespace, name)
            if claim is None:
                return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            owner = refs.controller_of(claim)
            if owner is None or owner["uid"] != pod.uid:
                return f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.name} (pod is not owner)"
        return ""

    def class_of(self, claim: Tree) -> Tree | None:
        """The storage class of a claim."""
        return self._client.get(STORAGECLASSES, "", class_of(claim))

    def leaves_open(self, namespace: str, pod: Tree) -> bool:
        """Whether the claims of a pod say nothing about nodes."""
        return not ephemeral_of(pod) and self.is_open(self.claims(namespace, claims_of(pod)))

    def is_open(self, found: Claims) -> bool:
        """Whether every node will do as far as these claims go, limits of attachments aside."""
        if found.problem or found.lost or found.single or any(_is_local(volume) for volume in found.bound):
            return False
        return all(self._is_made_anywhere(claim) for claim in found.delayed)

    def _is_made_anywhere(self, claim: Tree) -> bool:
        storage_class = self.class_of(claim) or EMPTY
        if storage_class.get("provisioner") == volumes.NO_PROVISIONER or storage_class.get("allowedTopologies"):
            return False
        if volumes.SELECTED_NODE in refs.annotations(claim) or self._tracks_capacity(storage_class):
            return False
        return not any(volumes.fits(each, claim) for each in self._client.list(VOLUMES))

    def _tracks_capacity(self, storage_class: Tree) -> bool:
        driver = self._client.get(CSIDRIVERS, "", storage_class.get("provisioner") or "")
        return driver is not None and bool((driver.get("spec") or EMPTY).get("storageCapacity"))

    # ------------------------------------------------------------------ one node
    def place(self, claims: Iterable[Tree], labels: Mapping[str, str], node: str) -> Placing | None:
        """What to do about delayed claims on a node, None when it has no room for them. # k8s: checkVolumeBindings."""
        taken: dict[str, None] = {}
        bindings: list[tuple[Tree, Tree]] = []
        rest: list[Tree] = []
        for claim in sorted(claims, key=_asked):
            chosen = refs.annotations(claim).get(volumes.SELECTED_NODE)
            if chosen is not None and chosen != node:
                return None
            free = [
                each
                for each in self._client.list(VOLUMES)
                if each["metadata"]["name"] not in taken and reaches(each, labels, node)
            ]
            volume = volumes.find(free, claim)
            if volume is None:
                rest.append(claim)
            else:
                taken[volume["metadata"]["name"]] = None
                bindings.append((volume, claim))
        if not all(self._is_made_at(claim, labels) for claim in rest):
            return None
        return Placing(tuple(bindings), tuple(rest))

    def _is_made_at(self, claim: Tree, labels: Mapping[str, str]) -> bool:
        storage_class = self.class_of(claim)
        if storage_class is None or storage_class["provisioner"] == volumes.NO_PROVISIONER:
            return False
        terms = storage_class.get("allowedTopologies")
        return not terms or any(_allows(term, labels) for term in terms)

    def has_room(self, claims: Iterable[Tree], labels: Mapping[str, str]) -> bool:
        """Whether drivers that publish their capacity have enough near a node. # k8s: hasEnoughCapacity."""
        for claim in claims:
            storage_class = self.class_of(claim)
            if storage_class is None or not self._tracks_capacity(storage_class):
                continue
            name = storage_class["metadata"]["name"]
            near = [
                each
                for each in self._client.list(CAPACITIES)
                if each.get("storageClassName") == name and _is_near(each, labels)
            ]
            if not any(_holds(each, claim) for each in near):
                return False
        return True

    def attached(self, namespace: str, names: Iterable[str]) -> dict[str, str]:
        """The driver of each volume handle that claims lead to. # k8s: nodevolumelimits."""
        found: dict[str, str] = {}
        for name in names:
            claim = self._client.get(CLAIMS, namespace, name)
            if claim is None:
                continue
            volume = self._client.get(VOLUMES, "", claim["spec"].get("volumeName") or "")
            if volume is None:
                driver = (self.class_of(claim) or EMPTY).get("provisioner")
                if driver:
                    found[f"{namespace}/{name}"] = driver
            elif volume["spec"].get("csi"):
                source = volume["spec"]["csi"]
                found[f"{source['driver']}/{source['volumeHandle']}"] = source["driver"]
        return found

    def takes(self, node: NodeInfo, namespace: str, names: Iterable[str]) -> bool:
        """Whether a node takes the volumes of these claims, too; one that is there already counts once."""
        csi_node = self._client.get(CSINODES, "", node.name)
        limits = {} if csi_node is None else limits_of(csi_node)
        if not limits:
            return True
        wanted = self.attached(namespace, names)
        there: dict[str, str] = {}
        for record in node.pods.values():
            if record.info.uses_claims:
                there.update(self.attached(record.namespace, claims_of(record.pod)))
        for driver, limit in limits.items():
            new = sum(1 for handle, name in wanted.items() if name == driver and handle not in there)
            if new and new + sum(1 for name in there.values() if name == driver) > limit:
                return False
        return True


def _problem(claim: Tree) -> str:
    name = claim["metadata"]["name"]
    if (claim.get("status") or EMPTY).get("phase") == "Lost":
        volume = claim["spec"].get("volumeName") or ""
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    return f'persistentvolumeclaim "{name}" is being deleted' if refs.is_deleting(claim) else ""


def _asked(claim: Tree) -> int:
    return quantities.value(volumes.request_of(claim))


def _is_local(volume: Tree) -> bool:
    if (volume["spec"].get("nodeAffinity") or EMPTY).get("required"):
        return True
    return any(label in refs.labels(volume) for label in ZONE_LABELS)


def reaches(volume: Tree, labels: Mapping[str, str], node: str) -> bool:
    """Whether a volume can be used on a node. # k8s: volume.CheckNodeAffinity."""
    required = (volume["spec"].get("nodeAffinity") or EMPTY).get("required")
    if required is None:
        return True
    return NodeRequirement.parse(None, {"requiredDuringSchedulingIgnoredDuringExecution": required}).matches(
        labels, node
    )


def _allows(term: Tree, labels: Mapping[str, str]) -> bool:
    return all(labels.get(each["key"]) in each["values"] for each in term.get("matchLabelExpressions") or ())


def _is_near(capacity: Tree, labels: Mapping[str, str]) -> bool:
    return selectors.from_label_selector(capacity.get("nodeTopology")).matches(labels)


def _holds(capacity: Tree, claim: Tree) -> bool:
    limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
    return limit is not None and quantities.compare(limit, volumes.request_of(claim)) >= 0


def limits_of(csi_node: Tree) -> dict[str, int]:
    """The attach limits that a CSINode names, by driver."""
    found: dict[str, int] = {}
    for driver in (csi_node.get("spec") or EMPTY).get("drivers") or ():
        count = (driver.get("allocatable") or EMPTY).get("count")
        if count is not None:
            found[driver["name"]] = count
    return found
