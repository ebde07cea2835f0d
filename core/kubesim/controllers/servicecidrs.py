"""Service CIDRs: the cluster's own block as an object, its readiness, and an IPAddress for each cluster IP.

# k8s: pkg/controller/servicecidrs, registry/core/service/ipallocator
# differs: the API server hands addresses out; their objects follow a moment later
"""

from collections.abc import Hashable
from ipaddress import ip_address, ip_network
from typing import Any

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import IPADDRESSES, SERVICECIDRS, SERVICES, Tree

DEFAULT_NAME, DEFAULT_BLOCK = "kubernetes", "10.96.0.0/12"
FINALIZER = "networking.k8s.io/service-cidr-finalizer"
READY_TEXT = "Kubernetes Service CIDR is ready"
TERMINATING = "Terminating"
STILL_USED = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
GRACE_MS = 10_000
"""How long a block stays that nobody needs, for those who may just be taking an address of it."""
FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family"
MANAGED_LABEL = "ipaddress.kubernetes.io/managed-by"
MANAGER = "ipallocator.k8s.io"

Place = tuple[str, str]


class ServiceCidrController:
    """Keeps ServiceCIDRs and IPAddresses. Keys are names of ServiceCIDRs, or the place of a Service."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("service-cidr-controller", loop, client, self)
        self._client = client
        self._held: dict[Place, tuple[str, ...]] = {}
        hub.on(SERVICECIDRS, self._cidr_changed)
        hub.on(IPADDRESSES, self._address_changed)
        hub.on(SERVICES, self._service_changed)

    def _cidr_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None:
            self.controller.add(new["metadata"]["name"], revision)
        if new is None or old is None:
            self._look_at_going(revision)

    def _address_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is None:
            self._look_at_going(revision)

    def _look_at_going(self, revision: int) -> None:
        for tree in self._client.list(SERVICECIDRS):
            if refs.is_deleting(tree):
                self.controller.add(tree["metadata"]["name"], revision)

    def _service_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and old["spec"] is new["spec"]:
            return
        either = new if new is not None else old
        if either is not None:
            self.controller.add(refs.place(either), revision)
            if not self._held and self._client.get(SERVICECIDRS, "", DEFAULT_NAME) is None:
                self.controller.add(DEFAULT_NAME, revision)

    def reconcile(self, key: Hashable) -> int | None:
        """One ServiceCIDR, or the addresses of one Service."""
        if isinstance(key, tuple):
            self._addresses((str(key[0]), str(key[1])))
            return None
        return self._cidr(str(key))

    # ------------------------------------------------------------------ blocks
    def _cidr(self, name: str) -> int | None:
        tree = self._client.get(SERVICECIDRS, "", name)
        if tree is None:
            if name == DEFAULT_NAME:
                body = {"apiVersion": SERVICECIDRS.api_version, "kind": "ServiceCIDR", "metadata": {"name": name}}
                self._client.create(SERVICECIDRS, "", {**body, "spec": {"cidrs": [DEFAULT_BLOCK]}})
            return None
        metadata = tree["metadata"]
        finalizers = list(metadata.get("finalizers") or ())
        if refs.is_deleting(tree):
            return self._remove(tree) if FINALIZER in finalizers else None
        if FINALIZER not in finalizers:
            tree = self._client.update(
                SERVICECIDRS, {**tree, "metadata": {**metadata, "finalizers": [*finalizers, FINALIZER]}}
            )
        if not refs.is_condition_true(tree, "Ready"):
            self._ready(tree, "True", "", READY_TEXT)
        return None

    def _ready(self, tree: Tree, status: str, reason: str, message: str) -> None:
        condition = {
            "type": "Ready",
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": self._client.stamp(),
        }
        self._client.update_status(SERVICECIDRS, {**tree, "status": {"conditions": [condition]}})

    def _remove(self, tree: Tree) -> int | None:
        """Let a block go that no address needs any more. # k8s: canDeleteCIDR."""
        if self._is_needed(tree):
            known = refs.condition(tree, "Ready")
            if known is None or known.get("reason") != TERMINATING:
                self._ready(tree, "False", TERMINATING, STILL_USED)
            return None
        left = parse_time(tree["metadata"]["deletionTimestamp"]) + GRACE_MS - self._client.now()
        if left > 0:
            return left
        metadata = tree["metadata"]
        kept = [each for each in metadata["finalizers"] if each != FINALIZER]
        self._client.update(SERVICECIDRS, {**tree, "metadata": {**metadata, "finalizers": kept}})
        return None

    def _is_needed(self, tree: Tree) -> bool:
        others = [
            ip_network(block)
            for each in self._client.list(SERVICECIDRS)
            if each["metadata"]["name"] != tree["metadata"]["name"] and not refs.is_deleting(each)
            for block in each["spec"]["cidrs"]
        ]
        for block in tree["spec"]["cidrs"]:
            network = ip_network(block)
            for each in self._client.list(IPADDRESSES):
                address = ip_address(each["metadata"]["name"])
                if address in network and not any(address in other for other in others):
                    return True
        return False

    # ------------------------------------------------------------------ addresses
    def _addresses(self, place: Place) -> None:
        service = self._client.get(SERVICES, *place)
        spec: Tree = service["spec"] if service is not None else {}
        wanted = tuple(each for each in spec.get("clusterIPs") or () if each not in {"", "None"})
        for address in self._held.get(place, ()):
            if address not in wanted:
                self._give_back(place, address)
        for address in wanted:
            if self._client.get(IPADDRESSES, "", address) is None:
                self._client.create(IPADDRESSES, "", body_of(place, address))
        if wanted:
            self._held[place] = wanted
        else:
            self._held.pop(place, None)

    def _give_back(self, place: Place, address: str) -> None:
        tree = self._client.get(IPADDRESSES, "", address)
        parent: Tree = (tree.get("spec") or {}).get("parentRef") or {} if tree is not None else {}
        if (parent.get("namespace"), parent.get("name")) == place:
            self._client.delete(IPADDRESSES, "", address)


def body_of(place: Place, address: str) -> dict[str, Any]:
    """The IPAddress of a Service."""
    family = "IPv6" if ":" in address else "IPv4"
    return {
        "apiVersion": IPADDRESSES.api_version,
        "kind": "IPAddress",
        "metadata": {"name": address, "labels": {FAMILY_LABEL: family, MANAGED_LABEL: MANAGER}},
        "spec": {"parentRef": {"group": "", "resource": "services", "namespace": place[0], "name": place[1]}},
    }
