"""Which devices there are, and near which node: ResourceSlices put together to pools, taint rules applied."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects.wire import EMPTY, Gvr, Tree
from kubesim.scheduler.affinity import NodeRequirement
from kubesim.scheduler.nodeinfo import NodeInfo

RESOURCECLAIMS = Gvr("resource.k8s.io", "v1", "resourceclaims")
DEVICECLASSES = Gvr("resource.k8s.io", "v1", "deviceclasses")
RESOURCESLICES = Gvr("resource.k8s.io", "v1", "resourceslices")
DEVICETAINTRULES = Gvr("resource.k8s.io", "v1", "devicetaintrules")
WATCHED = (RESOURCECLAIMS, DEVICECLASSES, RESOURCESLICES, DEVICETAINTRULES)

DeviceId = tuple[str, str, str]
"""Driver, pool and name."""


class Device(NamedTuple):
    """One device near a node."""

    id: DeviceId
    tree: Tree
    taints: tuple[Tree, ...]
    selector: Tree | None
    """The node selector of whoever gets it; None when every node reaches it."""


class Pool(NamedTuple):
    """The devices of a pool near one node. # k8s: structured GatherPools."""

    driver: str
    name: str
    devices: tuple[Device, ...]
    complete: bool
    """False while its driver has not published all slices of the newest generation."""
    valid: bool
    """False when two devices have one name."""
    counters: Mapping[str, Mapping[str, str]]
    """The counter sets that partitions of devices share."""


class Catalogue:
    """All pools, by the nodes that they are near; good until a slice or a taint rule changes."""

    def __init__(self, slices: Iterable[Tree], rules: list[Tree]) -> None:
        self._rules = rules
        self._local: dict[str, list[tuple[str, str]]] = {}
        self._wide: list[tuple[str, str]] = []
        self._newest = _newest(slices)
        self._pools: dict[str, list[Pool]] = {}
        self.selected: dict[tuple[str, DeviceId], bool] = {}
        """What selectors say of devices, as far as they were asked."""
        for key in sorted(self._newest):
            nodes = {each["spec"].get("nodeName") for each in self._newest[key]}
            if None in nodes or "" in nodes:
                self._wide.append(key)
            else:
                for name in sorted(nodes):
                    self._local.setdefault(name, []).append(key)

    def pools(self, node: NodeInfo) -> list[Pool]:
        """The pools that have devices near a node, by driver and name."""
        known = self._pools.get(node.name)
        if known is None or self._wide:
            keys = sorted([*self._local.get(node.name, ()), *self._wide])
            found = [_pool(key, self._newest[key], node, self._rules) for key in keys]
            known = self._pools[node.name] = [pool for pool in found if pool.devices]
        return known

    def device(self, wanted: DeviceId) -> Tree:
        """A device by its id; nothing for one that is not published any more."""
        for each in self._newest.get(wanted[:2], ()):
            for device in each["spec"].get("devices") or ():
                if device["name"] == wanted[2]:
                    found: Tree = device
                    return found
        return EMPTY


class Inventory:
    """Reads the objects; remembers which devices are allocated, and the pools until they change."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._catalogue: Catalogue | None = None
        self._given: dict[str, tuple[DeviceId, ...]] = {}
        self.allocated: dict[DeviceId, int] = {}
        """The devices that somebody has, and how many; access by administrators leaves them to others."""
        for claim in client.list(RESOURCECLAIMS):
            self.note(claim)

    def claim(self, namespace: str, name: str) -> Tree | None:
        """A ResourceClaim."""
        return self._client.get(RESOURCECLAIMS, namespace, name)

    def device_class(self, name: str) -> Tree | None:
        """A DeviceClass."""
        return self._client.get(DEVICECLASSES, "", name)

    def catalogue(self) -> Catalogue:
        """The pools as they are now."""
        if self._catalogue is None:
            rules = [rule["spec"] for rule in self._client.list(DEVICETAINTRULES)]
            self._catalogue = Catalogue(self._client.list(RESOURCESLICES), rules)
        return self._catalogue

    def forget(self) -> None:
        """A slice or a taint rule has changed."""
        self._catalogue = None

    def note(self, claim: Tree, *, gone: bool = False) -> None:
        """A claim has changed, or is gone."""
        uid = claim["metadata"]["uid"]
        for device in self._given.pop(uid, ()):
            self.allocated[device] -= 1
            if not self.allocated[device]:
                del self.allocated[device]
        allocation = (claim.get("status") or EMPTY).get("allocation") or EMPTY
        results = () if gone else (allocation.get("devices") or EMPTY).get("results") or ()
        devices = tuple((r["driver"], r["pool"], r["device"]) for r in results if not r.get("adminAccess"))
        if devices:
            self._given[uid] = devices
        for device in devices:
            self.allocated[device] = self.allocated.get(device, 0) + 1


def _newest(slices: Iterable[Tree]) -> dict[tuple[str, str], list[Tree]]:
    found: dict[tuple[str, str], list[Tree]] = {}
    for each in slices:
        spec = each["spec"]
        key = (spec["driver"], spec["pool"]["name"])
        known = found.get(key)
        if known is None or known[0]["spec"]["pool"]["generation"] < spec["pool"]["generation"]:
            found[key] = [each]
        elif known[0]["spec"]["pool"]["generation"] == spec["pool"]["generation"]:
            known.append(each)
    return found


def _pool(key: tuple[str, str], slices: list[Tree], node: NodeInfo, rules: list[Tree]) -> Pool:
    driver, name = key
    devices: list[Device] = []
    counters: dict[str, Mapping[str, str]] = {}
    names: list[str] = []
    for each in slices:
        spec = each["spec"]
        names += [device["name"] for device in spec.get("devices") or ()]
        for counter_set in spec.get("sharedCounters") or ():
            amounts = counter_set["counters"]
            counters[counter_set["name"]] = {key: str(amount["value"]) for key, amount in amounts.items()}
        for device in spec.get("devices") or ():
            place = device if spec.get("perDeviceNodeSelection") else spec
            if _reaches(place, node):
                taints = (*(device.get("taints") or ()), *_imposed(rules, (driver, name, device["name"])))
                devices.append(Device((driver, name, device["name"]), device, taints, _selector(place, node)))
    complete = len(slices) == slices[0]["spec"]["pool"]["resourceSliceCount"]
    return Pool(driver, name, tuple(devices), complete, len(names) == len(dict.fromkeys(names)), counters)


def _reaches(place: Tree, node: NodeInfo) -> bool:
    if place.get("allNodes"):
        return True
    if place.get("nodeName"):
        return bool(place["nodeName"] == node.name)
    return place.get("nodeSelector") is not None and selects(place["nodeSelector"], node)


def selects(selector: Tree, node: NodeInfo) -> bool:
    """Whether a NodeSelector matches a node."""
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": selector}
    return NodeRequirement.parse(None, affinity).matches(node.labels, node.name)


def _selector(place: Tree, node: NodeInfo) -> Tree | None:
    if place.get("allNodes"):
        return None
    if place.get("nodeName"):
        field = {"key": "metadata.name", "operator": "In", "values": [node.name]}
        return {"nodeSelectorTerms": [{"matchFields": [field]}]}
    selector: Tree = place["nodeSelector"]
    return selector


def _imposed(rules: Iterable[Tree], device: DeviceId) -> list[Tree]:
    found = []
    for rule in rules:
        wanted = rule.get("deviceSelector") or EMPTY
        pairs = zip((wanted.get("driver"), wanted.get("pool"), wanted.get("device")), device, strict=True)
        if all(asked in {None, have} for asked, have in pairs):
            found.append(rule["taint"])
    return found
