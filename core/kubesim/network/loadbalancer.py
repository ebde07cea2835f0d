"""The cloud's part: gives Services of type LoadBalancer an address, and takes it away again."""

from collections.abc import Hashable
from typing import Any

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.network.pools import AddressPool, PoolExhaustedError
from kubesim.objects.refs import is_deleting, place
from kubesim.objects.wire import SERVICES, Tree

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
POOL = "172.18.255.0/24"
PROVISION_MS = 2_000
"""How long a load balancer takes to be there."""


def wants(service: Tree) -> bool:
    """Whether a Service is to have a load balancer of this cloud. # k8s: cloud-provider service controller."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not is_deleting(service)


def ingress_of(service: Tree) -> list[Tree]:
    """The addresses of its load balancer."""
    found: list[Tree] = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return found


class LoadBalancerController:
    """The service controller with a cloud of one pool of addresses."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, cidr: str = POOL) -> None:
        self.controller = Controller("service-controller", loop, client, self)
        self._loop = loop
        self._client = client
        self._pool = AddressPool(cidr)
        self._begun: dict[tuple[str, str], int] = {}
        """When the making of a load balancer began."""
        self._changed_places: dict[tuple[str, str], None] = {}
        """The Services whose load balancer is to be brought up to date."""
        hub.on(SERVICES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            if old is not None:
                self._pool.give_back(place(old))
                self._begun.pop(place(old), None)
                self._changed_places.pop(place(old), None)
            return
        for ingress in ingress_of(new):
            if ingress.get("ip"):
                self._pool.claim(ingress["ip"], place(new))
        if old is not None and old["spec"] is not new["spec"] and self._tell(old, new):
            self._changed_places[place(new)] = None
        if new["spec"].get("type") == "LoadBalancer" or FINALIZER in (new["metadata"].get("finalizers") or ()):
            self.controller.add(place(new), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Bring one Service's load balancer into being, or clean it up."""
        namespace, name = key if isinstance(key, tuple) else ("", "")
        service = self._client.get(SERVICES, namespace, name)
        if service is None:
            return None
        if wants(service):
            return self._ensure(service, (namespace, name))
        if FINALIZER in (service["metadata"].get("finalizers") or ()):
            self._clean(service, (namespace, name))
        return None

    def _tell(self, old: Tree, new: Tree) -> bool:
        """Say how a Service has changed; whether its load balancer has to change, too. # k8s: needsUpdate."""
        before, after = old["spec"], new["spec"]
        if not wants(old) and not wants(new):
            return False
        found = []
        if wants(old) != wants(new) and not is_deleting(new):
            found.append(("Type", f"{before.get('type')} -> {after.get('type')}"))
        elif wants(old) and wants(new):
            found = _differences(before, after)
        for reason, text in found:
            self._client.event(new, "Normal", reason, text)
        ports = before.get("ports") != after.get("ports") or before.get("sessionAffinity") != after.get(
            "sessionAffinity"
        )
        return bool(found) or ports

    def _update(self, service: Tree, key: tuple[str, str]) -> None:
        """The load balancer is there, and is told of changes."""
        if key in self._changed_places:
            del self._changed_places[key]
            self._client.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
            self._client.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")

    def _ensure(self, service: Tree, key: tuple[str, str]) -> int | None:
        if ingress_of(service):
            self._update(service, key)
            return None
        self._changed_places.pop(key, None)
        metadata = service["metadata"]
        begun = self._begun.get(key)
        if begun is None:
            self._begun[key] = self._loop.now
            self._client.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
            if FINALIZER not in (metadata.get("finalizers") or ()):
                finalizers = [*(metadata.get("finalizers") or ()), FINALIZER]
                self._client.update(SERVICES, {**service, "metadata": {**metadata, "finalizers": finalizers}})
            return PROVISION_MS
        left = begun + PROVISION_MS - self._loop.now
        if left > 0:
            return left
        try:
            address = self._address(service, key)
        except PoolExhaustedError as error:
            text = f"Error syncing load balancer: failed to ensure load balancer: {error}"
            self._client.event(service, "Warning", "SyncLoadBalancerFailed", text)
            return 60_000
        del self._begun[key]
        ingress = [{"ip": address, "ipMode": "VIP"}]
        self._write(service, {**(service.get("status") or {}), "loadBalancer": {"ingress": ingress}})
        self._client.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
        return None

    def _address(self, service: Tree, key: tuple[str, str]) -> str:
        wished: str = service["spec"].get("loadBalancerIP") or ""
        if wished and self._pool.claim(wished, key):
            return wished
        return self._pool.take(key)

    def _clean(self, service: Tree, key: tuple[str, str]) -> None:
        self._client.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        self._pool.give_back(key)
        self._begun.pop(key, None)
        if ingress_of(service):
            service = self._write(service, {**(service.get("status") or {}), "loadBalancer": {}})
        metadata = service["metadata"]
        finalizers = [name for name in metadata.get("finalizers") or () if name != FINALIZER]
        kept: dict[str, Any] = {name: value for name, value in metadata.items() if name != "finalizers"}
        if finalizers:
            kept["finalizers"] = finalizers
        self._client.update(SERVICES, {**service, "metadata": kept})
        self._client.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")

    def _write(self, service: Tree, status: Tree) -> Tree:
        return self._client.update_status(SERVICES, {**service, "status": status})


def _differences(before: Tree, after: Tree) -> list[tuple[str, str]]:
    found = []
    ranges = [each.get("loadBalancerSourceRanges") or [] for each in (before, after)]
    if ranges[0] != ranges[1]:
        found.append(("LoadBalancerSourceRanges", " -> ".join(f"[{' '.join(each)}]" for each in ranges)))
    if before.get("loadBalancerIP") != after.get("loadBalancerIP"):
        found.append(("LoadbalancerIP", f"{before.get('loadBalancerIP') or ''} -> {after.get('loadBalancerIP') or ''}"))
    outside = [each.get("externalIPs") or [] for each in (before, after)]
    if len(outside[0]) != len(outside[1]):
        found.append(("ExternalIP", f"Count: {len(outside[0])} -> {len(outside[1])}"))
    else:
        found += [("ExternalIP", f"Added: {new}") for old, new in zip(*outside, strict=True) if old != new]
    for field, reason in (
        ("externalTrafficPolicy", "ExternalTrafficPolicy"),
        ("healthCheckNodePort", "HealthCheckNodePort"),
    ):
        if before.get(field) != after.get(field):
            empty = 0 if field == "healthCheckNodePort" else ""
            found.append((reason, f"{before.get(field) or empty} -> {after.get(field) or empty}"))
    return found
