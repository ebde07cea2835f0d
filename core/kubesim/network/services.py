"""kube-proxy's tables: Services and their endpoints, node ports and addresses, and the choice of an endpoint."""

from collections.abc import Iterable
from typing import NamedTuple

from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network import endpoints
from kubesim.network.endpoints import Endpoint, Origin
from kubesim.objects.errors import failure, not_found
from kubesim.objects.wire import ENDPOINTSLICES, NODES, SERVICES, Tree

SERVICE_LABEL = "kubernetes.io/service-name"
ZONE_LABEL = "topology.kubernetes.io/zone"
AFFINITY_SECONDS = 10_800
Place = tuple[str, str]


class Target(NamedTuple):
    """Where a connection to a Service goes."""

    ip: str
    port: int
    namespace: str
    pod: str
    node: str


class ServiceProxy:
    """The tables, kept up to date one slice at a time."""

    def __init__(self, hub: Hub, client: Client) -> None:
        self._client = client
        self._slices: dict[Place, dict[str, endpoints.Slice]] = {}
        """By service, by slice name."""
        self._node_ports: dict[int, tuple[Place, str]] = {}
        self._health_ports: dict[int, Place] = {}
        self._addresses: dict[str, Place] = {}
        self.exposed: dict[Place, Tree] = {}
        """The Services that are reached from outside: of type NodePort and LoadBalancer."""
        self.version = 0
        """Rises with every change of those."""
        self._busy: dict[str, int] = {}
        self._last: dict[Place, str] = {}
        """The address that was chosen last, by service."""
        self._affinity: dict[tuple[Place, str], tuple[str, int]] = {}
        hub.on(ENDPOINTSLICES, self._slice_changed)
        hub.on(SERVICES, self._service_changed)

    # ------------------------------------------------------------------ tables
    def _slice_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if old is not None:
            place = _service_of(old)
            held = self._slices.get(place)
            if held is not None:
                held.pop(old["metadata"]["name"], None)
                if not held:
                    del self._slices[place]
        if new is not None:
            self._slices.setdefault(_service_of(new), {})[new["metadata"]["name"]] = endpoints.Slice(new)

    def _service_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if (
            old is not None
            and new is not None
            and old["spec"] is new["spec"]
            and old.get("status") is new.get("status")
        ):
            return
        self._expose(old, new)
        if old is not None:
            self._forget(old)
        if new is not None:
            place = _place(new)
            for port in new["spec"].get("ports") or ():
                if port.get("nodePort"):
                    self._node_ports[port["nodePort"]] = (place, port.get("name") or "")
            if new["spec"].get("healthCheckNodePort"):
                self._health_ports[new["spec"]["healthCheckNodePort"]] = place
            for address in _addresses_of(new):
                self._addresses[address] = place
        elif old is not None:
            place = _place(old)
            self._last.pop(place, None)
            for key in [key for key in self._affinity if key[0] == place]:
                del self._affinity[key]

    def _expose(self, old: Tree | None, new: Tree | None) -> None:
        either = new if new is not None else old
        place = _place(either) if either is not None else ("", "")
        if new is not None and new["spec"].get("type") in {"NodePort", "LoadBalancer"}:
            self.exposed[place] = new
            self.version += 1
        elif self.exposed.pop(place, None) is not None:
            self.version += 1

    def _forget(self, service: Tree) -> None:
        place = _place(service)
        for port in service["spec"].get("ports") or ():
            known = self._node_ports.get(port.get("nodePort", 0))
            if known is not None and known[0] == place:
                del self._node_ports[port["nodePort"]]
        health = service["spec"].get("healthCheckNodePort", 0)
        if self._health_ports.get(health) == place:
            del self._health_ports[health]
        for address in _addresses_of(service):
            if self._addresses.get(address) == place:
                del self._addresses[address]

    # ------------------------------------------------------------------ looking up
    def endpoints(self, namespace: str, service: str) -> list[Endpoint]:
        """All endpoints of a Service, whatever their state; an address that two slices name counts once."""
        found: dict[str, Endpoint] = {}
        for name, held in sorted(self._slices.get((namespace, service), {}).items()):
            del name
            for endpoint in held.endpoints:
                known = found.get(endpoint.ip)
                if known is not None:
                    endpoint = endpoint._replace(ports=tuple(dict.fromkeys((*known.ports, *endpoint.ports))))  # noqa: PLW2901
                found[endpoint.ip] = endpoint
        return list(found.values())

    def by_node_port(self, number: int) -> tuple[str, str, str] | None:
        """Namespace, Service and port name behind a node port."""
        found = self._node_ports.get(number)
        return None if found is None else (*found[0], found[1])

    def by_health_port(self, number: int) -> Place | None:
        """The Service that load balancers ask about at a port of every node."""
        return self._health_ports.get(number)

    def by_address(self, address: str) -> Place | None:
        """Namespace and name of the Service that has a cluster or load balancer address."""
        return self._addresses.get(address)

    def by_endpoint(self, address: str) -> tuple[Place, Endpoint] | None:
        """The first Service, in order of names, that has an endpoint with this address, and the endpoint."""
        for place in sorted(self._slices):
            for endpoint in self.endpoints(*place):
                if endpoint.ip == address:
                    return place, endpoint
        return None

    # ------------------------------------------------------------------ choosing
    def pick(
        self,
        namespace: str,
        service: str,
        port: int | str,
        from_node: str = "",
        client: str = "",
        *,
        external: bool | None = False,
        peek: bool = False,
    ) -> Target:
        """The endpoint that a connection goes to.

        ``port`` is the Service's port, by number or name; ``client`` the caller's address, for session affinity;
        ``external`` for what comes in through a node port or a load balancer (which finds a node by itself when none
        is named), None for who minds no policy, as ingress controllers do; ``peek`` when nothing is to be connected,
        only told. Raises ApiError.
        """
        tree = self._client.get(SERVICES, namespace, service)
        if tree is None:
            raise not_found(SERVICES, service)
        spec = tree["spec"]
        name = _port_name(spec, port)
        if name is None:
            raise failure(503, "ServiceUnavailable", f'no service port "{port}" found for service "{service}"')
        origin = Origin(from_node, self._zone(from_node))
        every = [endpoint for endpoint in self.endpoints(namespace, service) if endpoint.port(name)]
        policy = spec.get("externalTrafficPolicy" if external else "internalTrafficPolicy") or "Cluster"
        if policy == "Local" and external is not None and (from_node or not external):
            every = [endpoint for endpoint in every if endpoint.node == from_node]
        found = endpoints.usable(every)
        if not found:
            raise failure(503, "ServiceUnavailable", f'no endpoints available for service "{service}"')
        near = endpoints.hinted(found, origin)
        near = endpoints.preferred(near, spec.get("trafficDistribution") or "", origin)
        chosen = self._sticky((namespace, service), spec, found, client)
        if chosen is None:
            chosen = endpoints.in_turn(near, self._busy, self._last.get((namespace, service), ""))
        if not peek:
            self._last[namespace, service] = chosen.ip
        if not peek and client and spec.get("sessionAffinity") == "ClientIP":
            self._affinity[(namespace, service), client] = (chosen.ip, self._client.now())
        return Target(chosen.ip, chosen.port(name), chosen.namespace, chosen.pod, chosen.node)

    def opened(self, target: Target) -> None:
        """A connection to an endpoint has been opened."""
        self._busy[target.ip] = self._busy.get(target.ip, 0) + 1

    def closed(self, target: Target) -> None:
        """A connection to an endpoint has been closed."""
        left = self._busy.get(target.ip, 0) - 1
        if left > 0:
            self._busy[target.ip] = left
        else:
            self._busy.pop(target.ip, None)

    def _sticky(self, place: Place, spec: Tree, found: Iterable[Endpoint], client: str) -> Endpoint | None:
        known = self._affinity.get((place, client))
        if known is None or spec.get("sessionAffinity") != "ClientIP":
            return None
        config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        seconds = config.get("timeoutSeconds") or AFFINITY_SECONDS
        if self._client.now() - known[1] > seconds * 1000:
            return None
        return next((endpoint for endpoint in found if endpoint.ip == known[0]), None)

    def _zone(self, node: str) -> str:
        tree = self._client.get(NODES, "", node) if node else None
        return str((tree["metadata"].get("labels") or {}).get(ZONE_LABEL, "")) if tree is not None else ""


def _place(tree: Tree) -> Place:
    return tree["metadata"].get("namespace", ""), tree["metadata"]["name"]


def _service_of(tree: Tree) -> Place:
    metadata = tree["metadata"]
    return metadata.get("namespace", ""), str((metadata.get("labels") or {}).get(SERVICE_LABEL, ""))


def _addresses_of(tree: Tree) -> list[str]:
    balancer = (tree.get("status") or {}).get("loadBalancer") or {}
    found = [address for address in tree["spec"].get("clusterIPs") or () if address != "None"]
    found += tree["spec"].get("externalIPs") or ()
    return found + [ingress["ip"] for ingress in balancer.get("ingress") or () if ingress.get("ip")]


def _port_name(spec: Tree, port: int | str) -> str | None:
    """The name of a Service's port ("" when it has none), or None when there is no such port."""
    for known in spec.get("ports") or ():
        if port in {known["port"], known.get("name") or "", str(known["port"])}:
            return str(known.get("name") or "")
    return None
