"""The endpoints of a slice as a proxy sees them, and the choice among them; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kubesim.objects.wire import EMPTY, Tree


class Endpoint(NamedTuple):
    """One address that answers for a Service."""

    ip: str
    ports: tuple[tuple[str, int], ...]
    """Port numbers by name."""
    ready: bool
    serving: bool
    terminating: bool
    node: str
    zone: str
    for_zones: tuple[str, ...]
    for_nodes: tuple[str, ...]
    namespace: str
    pod: str
    """"" when it is no pod."""
    hostname: str = ""

    def port(self, name: str) -> int:
        """The number of a named port; 0 when it does not have it."""
        return next((number for known, number in self.ports if known == name), 0)


class Origin(NamedTuple):
    """Where a connection comes from."""

    node: str = ""
    zone: str = ""


def of_slice(tree: Tree) -> tuple[Endpoint, ...]:
    """The endpoints of an EndpointSlice."""
    namespace = tree["metadata"].get("namespace", "")
    ports = tuple((port.get("name") or "", port["port"]) for port in tree.get("ports") or () if port.get("port"))
    return tuple(_endpoint(item, ports, namespace) for item in tree.get("endpoints") or ())


class Slice:
    """An EndpointSlice, read when somebody first asks for its endpoints: in a burst it changes far more often."""

    __slots__ = ("_endpoints", "_tree")

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._endpoints: tuple[Endpoint, ...] | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """As ``of_slice``."""
        if self._endpoints is None:
            self._endpoints = of_slice(self._tree)
        return self._endpoints


def _endpoint(item: Tree, ports: tuple[tuple[str, int], ...], namespace: str) -> Endpoint:
    conditions: Tree = item.get("conditions") or EMPTY
    hints: Tree = item.get("hints") or EMPTY
    target: Tree = item.get("targetRef") or EMPTY
    # k8s: an unknown state counts as ready, and serving follows ready.
    ready = conditions.get("ready")
    ready = True if ready is None else bool(ready)
    serving = conditions.get("serving")
    return Endpoint(
        item["addresses"][0],
        ports,
        ready,
        ready if serving is None else bool(serving),
        bool(conditions.get("terminating")),
        item.get("nodeName") or "",
        item.get("zone") or "",
        tuple(hint["name"] for hint in hints.get("forZones") or ()),
        tuple(hint["name"] for hint in hints.get("forNodes") or ()),
        target.get("namespace", namespace) if target.get("kind") == "Pod" else namespace,
        target["name"] if target.get("kind") == "Pod" else "",
        item.get("hostname") or "",
    )


def usable(found: Iterable[Endpoint]) -> list[Endpoint]:
    """The ready ones; when there is none, those that still serve while they terminate. # k8s: proxy/topology.go."""
    every = list(found)
    ready = [endpoint for endpoint in every if endpoint.ready]
    return ready or [endpoint for endpoint in every if endpoint.serving and endpoint.terminating]


def hinted(found: Sequence[Endpoint], origin: Origin) -> list[Endpoint]:
    """Those whose hints name the caller's node or zone; all when hints are missing or leave none over."""
    if origin.node and found and all(endpoint.for_nodes for endpoint in found):
        near = [endpoint for endpoint in found if origin.node in endpoint.for_nodes]
        if near:
            return near
    if origin.zone and found and all(endpoint.for_zones for endpoint in found):
        near = [endpoint for endpoint in found if origin.zone in endpoint.for_zones]
        if near:
            return near
    return list(found)


def distance(endpoint: Endpoint, origin: Origin) -> int:
    """0 on the same node, 1 in the same zone, 2 elsewhere."""
    if origin.node and endpoint.node == origin.node:
        return 0
    return 1 if origin.zone and endpoint.zone == origin.zone else 2


def preferred(found: Sequence[Endpoint], distribution: str, origin: Origin) -> list[Endpoint]:
    """What a Service's trafficDistribution leaves over, for slices without hints."""
    reach = {"PreferSameNode": 0, "PreferSameZone": 1, "PreferClose": 1}.get(distribution)
    if reach is None:
        return list(found)
    for limit in range(reach, 3):
        near = [endpoint for endpoint in found if distance(endpoint, origin) <= limit]
        if near:
            return near
    return list(found)


def in_turn(found: Sequence[Endpoint], busy: Mapping[str, int], last: str) -> Endpoint:
    """Of those with the fewest open connections the one that follows the last chosen, in order of addresses.

    # differs: kube-proxy chooses by chance; near endpoints come first only by trafficDistribution, as there
    """
    least = min(busy.get(one.ip, 0) for one in found)
    free = sorted((one for one in found if busy.get(one.ip, 0) == least), key=_address)
    return next((one for one in free if one.ip > last), free[0])


def _address(endpoint: Endpoint) -> str:
    return endpoint.ip
