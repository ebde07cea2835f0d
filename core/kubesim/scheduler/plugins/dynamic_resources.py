"""DynamicResources: a pod runs only where its ResourceClaims are, or can be allocated."""

from typing import NamedTuple, Protocol

from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.devices.allocator import Ask, Impossible, Search, Wanted
from kubesim.scheduler.devices.claims import PodClaim, allocation_of, can_be_reserved, is_reserved_for, stranger
from kubesim.scheduler.devices.pools import Device, Inventory, selects
from kubesim.scheduler.framework import ClusterEvent, CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.podinfo import Incoming

NAME = "DynamicResources"
NO_CLAIMS = "no new claims to deallocate"
NO_USE = "still not schedulable"
DEALLOCATED = "deallocation of ResourceClaim completed"
NOT_ALL = Status(NAME, ("cannot allocate all claims",), resolvable=False)
ELSEWHERE = Status(NAME, ("resourceclaim not available on the node",), resolvable=False)


class SelectorPort(Protocol):
    """Whoever evaluates the selectors of devices."""

    def selects(self, expression: str, driver: str, device: Tree) -> bool:
        """Whether a device of a driver is meant. Raises ValueError."""


class _State(NamedTuple):
    allocated: list[Tree]
    wanted: list[Wanted]


class DynamicResources(Plugin):
    """# k8s: plugins/dynamicresources."""

    name = NAME

    def __init__(self, inventory: Inventory, selectors: SelectorPort | None) -> None:
        self._inventory = inventory
        self._selectors = selectors
        self.unavailable: list[Tree] = []
        """The allocated claims that some node had no access to, in the latest cycle of a pod with claims."""

    # ------------------------------------------------------------------ the claims of a pod
    def problem(self, namespace: str, name: str, uid: str, used: tuple[PodClaim, ...]) -> str:
        """Why a pod need not be tried yet: a claim is missing, going away or another pod's. # k8s: PreEnqueue."""
        for entry in used:
            if entry.claim is None:
                return f"pod claim {entry.name}: ResourceClaim not created yet"
            if not entry.claim:
                continue
            claim = self._inventory.claim(namespace, entry.claim)
            if claim is None:
                return f'resourceclaim.resource.k8s.io "{entry.claim}" not found'
            if refs.is_deleting(claim):
                return f'resourceclaim "{entry.claim}" is being deleted'
            why = stranger(uid, name, claim) if entry.made_for_pod else ""
            if why:
                return why
        return ""

    def pre_filter(self, state: CycleState, pod: Incoming, snapshot: Snapshot) -> Status | frozenset[str] | None:
        """Claims that are missing, in use by too many, or of unknown classes keep the pod off every node."""
        del snapshot
        if not pod.devices:
            return None
        self.unavailable = []
        why = self.problem(pod.info.namespace, pod.name, pod.uid, pod.devices)
        if why:
            return Status(NAME, (why,), resolvable=False)
        allocated: list[Tree] = []
        wanted: list[Wanted] = []
        for claim in self.claims(pod.info.namespace, pod.devices):
            if allocation_of(claim) is None:
                found = self._wanted(claim)
                if isinstance(found, str):
                    return Status(NAME, (found,), resolvable=False)
                wanted.append(found)
            elif can_be_reserved(claim) or is_reserved_for(claim, pod.uid):
                allocated.append(claim)
            else:
                return Status(NAME, ("resourceclaim in use",), resolvable=False)
        state[NAME] = _State(allocated, wanted)
        return None

    def claims(self, namespace: str, used: tuple[PodClaim, ...]) -> list[Tree]:
        """The ResourceClaims of a pod that are there."""
        found = [self._inventory.claim(namespace, entry.claim) for entry in used if entry.claim]
        return [claim for claim in found if claim is not None]

    def _wanted(self, claim: Tree) -> "Wanted | str":
        requests = []
        for request in (claim["spec"].get("devices") or EMPTY).get("requests") or ():
            name = request["name"]
            exact = request.get("exactly")
            offered = [(name, exact)] if exact is not None else []
            offered += [(f"{name}/{each['name']}", each) for each in request.get("firstAvailable") or ()]
            asks = []
            for label, tree in offered:
                class_name = tree.get("deviceClassName") or ""
                device_class = self._inventory.device_class(class_name)
                if device_class is None:
                    return f"request {label}: device class {class_name} does not exist"
                asks.append(Ask(label, tree, device_class))
            requests.append(tuple(asks))
        return Wanted(claim, tuple(requests))

    # ------------------------------------------------------------------ nodes
    def filter(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """What is allocated must be within reach, the rest must be found near the node."""
        del pod
        known: _State | None = state.get(NAME)
        if known is None:
            return None
        try:
            if known.wanted and not self._search(known, node).succeeds():
                return NOT_ALL
        except (Impossible, ValueError) as error:
            return Status(NAME, (str(error),), resolvable=False)
        missing = [claim for claim in known.allocated if not _is_near(claim, node)]
        self.unavailable += [claim for claim in missing if claim not in self.unavailable]
        return ELSEWHERE if missing else None

    def allocations(self, state: CycleState, node: NodeInfo) -> list[tuple[Tree, Tree]]:
        """The claims to allocate, each with what it gets near a node that passed."""
        known: _State | None = state.get(NAME)
        if known is None or not known.wanted:
            return []
        found = self._search(known, node).run() or []
        return [(wanted.claim, allocation) for wanted, allocation in zip(known.wanted, found, strict=True)]

    def _search(self, known: _State, node: NodeInfo) -> Search:
        catalogue = self._inventory.catalogue()
        pools = catalogue.pools(node)
        return Search(known.wanted, pools, self._inventory.allocated, catalogue.device, self._selects)

    def _selects(self, expression: str, device: Device) -> bool:
        selected = self._inventory.catalogue().selected
        key = (expression, device.id)
        found = selected.get(key)
        if found is None:
            port = self._selectors
            found = selected[key] = port is not None and port.selects(expression, device.id[0], device.tree)
        return found

    # ------------------------------------------------------------------ hints
    def hint(self, pod: Incoming, event: ClusterEvent) -> bool:
        """Devices that are freed or published, classes, the pod's own claims, nodes that come or are labelled."""
        if event.resource == "Node":
            return "Add" in event.actions or "UpdateNodeLabel" in event.actions
        if event.resource in {"DeviceClass", "ResourceSlice", "DeviceTaintRule"}:
            return event.new is not None or event.resource == "DeviceTaintRule"
        if event.resource != "ResourceClaim" or event.new is None:
            return False
        old, new = event.old, event.new
        if self.problem(pod.info.namespace, pod.name, pod.uid, pod.devices):
            return False
        if old is not None and allocation_of(old) is not None and allocation_of(new) is None:
            return True
        namespace, name = refs.place(new)
        if namespace != pod.info.namespace or all(entry.claim != name for entry in pod.devices):
            return False
        return old is None or old.get("status") != new.get("status")


def _is_near(claim: Tree, node: NodeInfo) -> bool:
    selector = (allocation_of(claim) or EMPTY).get("nodeSelector")
    return selector is None or selects(selector, node)
