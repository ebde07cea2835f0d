"""The network as a whole: from a name and a port to the pod that answers, or to the place where the way ends."""

from typing import Protocol

from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network import endpoints, paths, resolver
from kubesim.network.dns import ClusterDns, is_outside
from kubesim.network.healthchecks import HealthCheck
from kubesim.network.paths import Hop, Path
from kubesim.network.policies import PolicyTable
from kubesim.network.policy import Peer
from kubesim.network.services import ServiceProxy, Target
from kubesim.network.world import PodWorld
from kubesim.objects.connections import (
    CONNECTED,
    NO_SERVER,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    TIMED_OUT,
    UNRESOLVED,
    Answer,
    Lookup,
    Wire,
)
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import NODES, PODS, SERVICES, Tree

OUTSIDE = Peer("172.18.0.1")
"""The world outside the cluster, as it appears to policies."""
DNS_PORT = 53
LOOPBACK = ("127.0.0.1", "::1")


class Dialer(Protocol):
    """Who can reach into pods."""

    def connect(self, namespace: str, name: str, port: int, from_node: str = "") -> Wire:
        """A connection to a port of a pod, from a node. Raises ApiError."""

    def locate(self, address: str) -> tuple[str, str] | None:
        """Namespace and name of the pod that has an address."""

    def node_at(self, address: str) -> str:
        """The node that has an address, or ""."""

    def on_node(self, node: str, address: str, port: int, protocol: str) -> tuple[str, str, int] | None:
        """Namespace, name and port of the pod that has a port of a node."""

    def calls(self, namespace: str, name: str) -> None:
        """A program of a pod fetches something again and again."""


class Network:
    """Names, tables and policies of one cluster. ``dialer`` is joined to it when the kubelets are there."""

    def __init__(self, hub: Hub, client: Client, proxy: ServiceProxy, dialer: Dialer) -> None:
        self.proxy = proxy
        self.client = client
        self.policies = PolicyTable(hub, client)
        self.dns = ClusterDns(client, proxy)
        self._dialer = dialer

    # ------------------------------------------------------------------ names
    def tree(self, namespace: str, name: str) -> Tree | None:
        """A pod as it is now."""
        return self.client.get(PODS, namespace, name)

    def first_pod(self, namespace: str, name: str) -> Peer | None:
        """The first pod, by name, of a workload of that name."""
        for pod in self.client.list(PODS, namespace):
            if pod["metadata"]["name"].startswith(f"{name}-"):
                return self.policies.peer(pod)
        return None

    def world(self, namespace: str, name: str) -> PodWorld:
        """The network as a pod sees it."""
        return PodWorld(self, namespace, name)

    def files(self, namespace: str, name: str, address: str) -> dict[str, str]:
        """What the kubelet puts into /etc of a pod for the network."""
        return PodWorld(self, namespace, name).files(address)

    def calls(self, namespace: str, name: str) -> None:
        """A program of a pod fetches something again and again."""
        self._dialer.calls(namespace, name)

    def lookup(
        self, source: Peer, config: resolver.Resolver, name: str, kind: str = "A", *, search: bool = True
    ) -> Lookup:
        """Look a name up as a pod does: every candidate, until one has an answer."""
        server = config.servers[0] if config.servers else ""
        if not self._serves_names(source, server):
            return Lookup(server, ((name, Answer(NO_SERVER)),))
        tried: list[tuple[str, Answer]] = []
        for candidate in config.candidates(name) if search else [f"{name.removesuffix('.')}."]:
            found = self._ask(server, candidate, kind)
            tried.append((candidate, found))
            if found.code == NOERROR and (found.records or not search):
                break
        return Lookup(server, tuple(tried))

    def _ask(self, server: str, name: str, kind: str) -> Answer:
        if server != resolver.CLUSTER_DNS and name.removesuffix(".").endswith(".cluster.local"):
            return Answer(NXDOMAIN)
        return self.dns.query(name, kind)

    def _serves_names(self, source: Peer, server: str) -> bool:
        """Whether a name server can be reached from there."""
        if not server:
            return False
        place = self.proxy.by_address(server)
        if place is None:
            # A cluster without CoreDNS still has names. # differs: so that small clusters need no system pods
            out, _ = self.policies.check(source, Peer(server), DNS_PORT, "UDP")
            return out.allowed
        try:
            target = self.proxy.pick(*place, DNS_PORT, source.node, peek=True)
        except ApiError:
            return False
        peer = self.policies.pod(target.namespace, target.pod) or Peer(target.ip)
        return all(verdict.allowed for verdict in self.policies.check(source, peer, DNS_PORT, "UDP"))

    # ------------------------------------------------------------------ connections
    def path(self, source: Peer, host: str, port: int, protocol: str = "TCP", *, peek: bool = False) -> Path:
        """The way of a connection from a pod, or from outside, to a name or an address."""
        pod = self.client.get(PODS, source.namespace, source.pod) if source.pod else None
        where = f" on {source.node}" if source.node else ""
        begin = f"{source.namespace}/{source.pod}" if source.pod else "outside the cluster"
        hops = [Hop(paths.CLIENT, f"{begin} {source.ip}{where}".replace("  ", " "))]
        address = self._address(source, pod, host, hops)
        if not address:
            return Path(UNRESOLVED, tuple(hops))
        at_home = address in LOOPBACK or (bool(source.pod) and address == source.ip)
        if at_home and pod is not None and pod["spec"].get("hostNetwork"):
            held = self._dialer.on_node(source.node, address, port, protocol)
            if held is not None:
                there = Target(address, held[2], held[0], held[1], source.node)
                return self._arrive(source, there, hops, address, protocol)
        if at_home:
            here = Target(source.ip, port, source.namespace, source.pod, source.node)
            return self._arrive(source, here, hops, address, protocol)
        place = self.proxy.by_address(address)
        if place is not None:
            return self._service(source, place, address, port, hops, protocol, peek=peek)
        return self._direct(source, address, port, hops, protocol, peek=peek)

    def to_service(
        self,
        source: Peer,
        place: tuple[str, str],
        port: int | str,
        *,
        external: bool | None = True,
        peek: bool = False,
    ) -> Path:
        """The way from outside to a Service that is known by its name; ``external`` as ``ServiceProxy.pick`` has it."""
        hops = [Hop(paths.CLIENT, "outside the cluster" if not source.pod else f"{source.namespace}/{source.pod}")]
        return self._service(source, place, "", port, hops, "TCP", peek=peek, external=external)

    def to_health_check(self, place: tuple[str, str], node: str) -> Path:
        """The way of a load balancer that asks a node whether it has endpoints of a Service."""
        hops = (Hop(paths.NODE, f"{node or 'a node'} tells of the endpoints of {'/'.join(place)}"),)
        return Path(CONNECTED, hops, wire=HealthCheck(self.proxy, place, node))

    def _address(self, source: Peer, pod: Tree | None, host: str, hops: list[Hop]) -> str:
        if _is_address(host):
            return host
        if pod is None:
            config = resolver.Resolver((resolver.CLUSTER_DNS,), ("default.svc.cluster.local",), ("ndots:5",))
        else:
            known = resolver.in_hosts(pod, host)
            if known:
                hops.append(Hop("/etc/hosts", f"{host} is {known}"))
                return known
            config = resolver.resolver_of(pod)
        found = self.lookup(source, config, host)
        if found.answer.code == NO_SERVER:
            why = "its DNS pods are not ready, or a NetworkPolicy drops port 53"
            hops.append(Hop(paths.DNS, f"no name server answers at {found.server or '(none set)'}: {why}", ok=False))
            return ""
        addresses = found.answer.addresses()
        if not addresses:
            tried = ", ".join(name.removesuffix(".") for name, _ in found.tried)
            hops.append(Hop(paths.DNS, f"{host} does not exist; tried {tried}", ok=False))
            return ""
        aliases = [record.data.removesuffix(".") for record in found.answer.records if record.kind == "CNAME"]
        via = f" (CNAME {aliases[-1]})" if aliases else ""
        hops.append(Hop(paths.DNS, f"{found.name}{via} is {', '.join(addresses)}"))
        return addresses[0]

    # ------------------------------------------------------------------ services
    def _service(
        self,
        source: Peer,
        place: tuple[str, str],
        address: str,
        port: int | str,
        hops: list[Hop],
        protocol: str,
        *,
        peek: bool,
        external: bool | None = False,
    ) -> Path:
        service = self.client.get(SERVICES, *place)
        name = "/".join(place)
        if service is None:
            hops.append(Hop(paths.SERVICE, f"{name} does not exist", ok=False))
            return Path(TIMED_OUT, tuple(hops), address)
        spec = service["spec"]
        chosen = next(
            (
                each
                for each in spec.get("ports") or ()
                if port in {each["port"], each.get("name") or ""} and (each.get("protocol") or "TCP") == protocol
            ),
            None,
        )
        if chosen is None:
            has = ", ".join(f"{each['port']}/{each.get('protocol') or 'TCP'}" for each in spec.get("ports") or ())
            hops.append(Hop(paths.SERVICE, f"{name} has no port {port}/{protocol}; it has {has or 'none'}", ok=False))
            return Path(TIMED_OUT, tuple(hops), address)
        kind = spec.get("type") or "ClusterIP"
        aim = chosen.get("targetPort", chosen["port"])
        hops.append(Hop(paths.SERVICE, f"{name} {kind} {address or spec.get('clusterIP', '')}:{port} to port {aim}"))
        if not external and external is not None and address and address not in (spec.get("clusterIPs") or ()):
            external = _from_outside(source)
        return self._endpoints(source, place, service, chosen, hops, address, peek=peek, external=external)

    def _endpoints(
        self,
        source: Peer,
        place: tuple[str, str],
        service: Tree,
        port: Tree,
        hops: list[Hop],
        address: str,
        *,
        peek: bool,
        external: bool | None,
    ) -> Path:
        every = self.proxy.endpoints(*place)
        ready = sum(each.ready for each in every)
        try:
            target = self.proxy.pick(
                *place, port.get("name") or port["port"], source.node, source.ip, external=external, peek=peek
            )
        except ApiError:
            text, outcome = _no_endpoint(service, every, source.node, external=external)
            hops.append(Hop(paths.ENDPOINTS, text, ok=False))
            return Path(outcome, tuple(hops), address)
        hops.append(Hop(paths.ENDPOINTS, f"{ready} of {len(every)} endpoints ready"))
        hops.append(Hop(paths.PROXY, f"{target.ip}:{target.port}{_why_this(service, every, target, source)}"))
        return self._arrive(source, target, hops, address, port.get("protocol") or "TCP")

    # ------------------------------------------------------------------ addresses of nodes, pods and others
    def _direct(self, source: Peer, address: str, port: int, hops: list[Hop], protocol: str, *, peek: bool) -> Path:
        node = self._dialer.node_at(address)
        if node:
            behind = self.proxy.by_node_port(port)
            if behind is not None:
                hops.append(Hop(paths.NODE, f"{node} {address} has node port {port}"))
                there = source._replace(node=node)
                return self._service(
                    there, behind[:2], "", behind[2] or _only_port(self.client, behind), hops, protocol,
                    peek=peek, external=_from_outside(source),
                )  # fmt: skip
            asked = self.proxy.by_health_port(port)
            if asked is not None:
                hops.append(Hop(paths.NODE, f"{node} {address} tells of the endpoints of {'/'.join(asked)}"))
                return Path(CONNECTED, tuple(hops), address, wire=HealthCheck(self.proxy, asked, node))
            held = self._dialer.on_node(node, address, port, protocol)
            if held is not None:
                hops.append(Hop(paths.NODE, f"{node} {address} has port {port} of {held[0]}/{held[1]}"))
                return self._arrive(source, Target(address, held[2], held[0], held[1], node), hops, address, protocol)
        owner = self._dialer.locate(address)
        if owner is not None:
            peer = self.policies.pod(*owner)
            where = peer.node if peer is not None else ""
            return self._arrive(source, Target(address, port, *owner, where), hops, address, protocol)
        if is_outside(address):
            out, _ = self.policies.check(source, Peer(address), port, protocol)
            hops.append(Hop(paths.POLICY, paths.policy_text("egress", out), out.allowed))
            return Path(CONNECTED if out.allowed else TIMED_OUT, tuple(hops), address)
        if node:
            hops.append(Hop(paths.NODE, f"{node} {address}: nothing listens on port {port}", ok=False))
            return Path(REFUSED, tuple(hops), address)
        hops.append(Hop("route", f"nobody has the address {address}", ok=False))
        return Path(TIMED_OUT, tuple(hops), address)

    # ------------------------------------------------------------------ the end
    def _arrive(self, source: Peer, target: Target, hops: list[Hop], address: str, protocol: str) -> Path:
        if not target.pod:
            # Slices that people write name no pods.
            owner = self._dialer.locate(target.ip)
            target = target if owner is None else target._replace(namespace=owner[0], pod=owner[1])
        peer = (self.policies.pod(target.namespace, target.pod) if target.pod else None) or Peer(target.ip)
        out, into = self.policies.check(source, peer, target.port, protocol)
        if len(self.policies):
            hops.append(Hop(paths.POLICY, paths.policy_text("egress", out), out.allowed))
            if out.allowed:
                hops.append(Hop(paths.POLICY, paths.policy_text("ingress", into), into.allowed))
        if not (out.allowed and into.allowed):
            return Path(TIMED_OUT, tuple(hops), address, target)
        if not target.pod:
            # The API server and other addresses that somebody wrote into a slice: they are outside the simulation.
            hops.append(Hop(paths.POD, f"{target.ip}:{target.port} is no pod"))
            return Path(CONNECTED, tuple(hops), address, target)
        try:
            wire = self._dialer.connect(target.namespace, target.pod, target.port, source.node)
        except ApiError as error:
            return self._unanswered(target, hops, address, error)
        hops.append(Hop(paths.POD, f"{target.namespace}/{target.pod} answers on port {target.port}"))
        return Path(CONNECTED, tuple(hops), address, target, wire)

    def _unanswered(self, target: Target, hops: list[Hop], address: str, error: ApiError) -> Path:
        text = str(error)
        name = f"{target.namespace}/{target.pod}"
        if "no route to host" in text:
            hops.append(Hop(paths.NODE, f"{target.node} is down: nothing comes back", ok=False))
            return Path(TIMED_OUT, tuple(hops), address, target)
        pod = self.client.get(PODS, target.namespace, target.pod)
        listed = [] if pod is None else [
            str(port["containerPort"]) for each in pod["spec"]["containers"] for port in each.get("ports") or ()
        ]  # fmt: skip
        declares = f"; its containers declare {', '.join(listed)}" if listed else ""
        if "is not running" in text or pod is None:
            hops.append(Hop(paths.POD, f"{name} is not running", ok=False))
        else:
            hops.append(Hop(paths.POD, f"{name}: nothing listens on port {target.port}{declares}", ok=False))
        return Path(REFUSED, tuple(hops), address, target)


def _no_endpoint(
    service: Tree, every: list[endpoints.Endpoint], node: str, *, external: bool | None
) -> tuple[str, str]:
    spec = service["spec"]
    if not every:
        selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
        return (f"no pod matches the selector {selector}" if selector else "it has no endpoints"), REFUSED
    ready = sum(each.ready for each in every)
    field = "externalTrafficPolicy" if external else "internalTrafficPolicy"
    if ready and spec.get(field) == "Local":
        # k8s: proxies drop, and do not reject, what may only go to local endpoints when others exist
        return f"{field} is Local and no endpoint is on {node or 'that node'}", TIMED_OUT
    terminating = sum(each.terminating for each in every)
    gone = f", {terminating} of them terminating" if terminating else ""
    return f"none of {len(every)} endpoints is ready{gone}", REFUSED


def _why_this(service: Tree, every: list[endpoints.Endpoint], target: Target, source: Peer) -> str:
    spec = service["spec"]
    chosen = next((each for each in every if each.ip == target.ip), None)
    words = []
    if spec.get("sessionAffinity") == "ClientIP":
        words.append("session affinity by client address")
    if chosen is not None and spec.get("trafficDistribution"):
        near = chosen.node == source.node or (chosen.zone and chosen.zone == source.zone)
        words.append(f"{spec['trafficDistribution']}: {'near' if near else 'none is nearer'}")
    if chosen is not None and not chosen.ready:
        words.append("still serves while it terminates")
    pod = f" ({target.namespace}/{target.pod} on {target.node})" if target.pod else ""
    return pod + (f": {', '.join(words)}" if words else "")


def _from_outside(source: Peer) -> bool | None:
    # k8s: what pods send to a node port or a load balancer stays inside, and minds no policy.
    return None if source.pod else True


def _only_port(client: Client, behind: tuple[str, str, str]) -> int:
    service = client.get(SERVICES, behind[0], behind[1])
    ports = service["spec"].get("ports") or () if service is not None else ()
    return int(ports[0]["port"]) if ports else 0


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return ":" in text or (len(parts) == 4 and all(part.isdigit() for part in parts))


def node_of(client: Client, name: str) -> Peer | None:
    """A node as an end of a connection."""
    tree = client.get(NODES, "", name)
    if tree is None:
        return None
    listed = (tree.get("status") or {}).get("addresses") or ()
    address = next((each["address"] for each in listed if each["type"] == "InternalIP"), "")
    return Peer(address, node=name)
