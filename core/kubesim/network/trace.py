"""The packet trace: what a person typed, as a connection followed hop by hop without making it."""

from typing import NamedTuple
from urllib.parse import urlsplit

from kubesim.network import paths
from kubesim.network.fabric import OUTSIDE, Network, node_of
from kubesim.network.ingresses import ITSELF, IngressController
from kubesim.network.paths import Hop, Path
from kubesim.network.policy import Peer
from kubesim.objects.connections import CONNECTED, REFUSED, TIMED_OUT, UNRESOLVED
from kubesim.objects.refs import place
from kubesim.objects.wire import PODS, SERVICES, Tree

USAGE = "trace FROM TO:PORT - FROM is a pod, outside or ingress; TO a Service, pod, name, address or http://host/path"
WORLD = ("outside", "internet", "world")
DOOR = "ingress"
ENDS = {
    CONNECTED: "connected",
    REFUSED: "connection refused",
    TIMED_OUT: "no answer: the connection times out",
    UNRESOLVED: "the name cannot be resolved",
}
_SHORT = {"po": "pod", "pods": "pod", "pod": "pod", "svc": "svc", "service": "svc", "services": "svc"}


class Wanted(NamedTuple):
    """A destination: kind is pod, svc, url, or "" for a name or an address."""

    kind: str
    namespace: str
    name: str
    port: int | str


def trace(network: Network, controller: IngressController, source: str, target: str, namespace: str) -> Path:
    """Follow a connection. Raises ValueError when the words mean nothing."""
    wanted = parse(target, namespace)
    if wanted.kind == "url" and source in {*WORLD, ""}:
        return _through_the_door(controller, wanted)
    peer = _peer(network, source, namespace)
    if wanted.kind == "url":
        parts = urlsplit(wanted.name)
        return network.path(
            peer, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), peek=True
        )
    if wanted.kind == "svc" and not peer.pod:
        return network.to_service(peer, (wanted.namespace, wanted.name), wanted.port, external=True, peek=True)
    return _inside(network, peer, wanted)


def parse(text: str, namespace: str) -> Wanted:
    """``[svc/|pod/][NAMESPACE/]NAME[:PORT]``, a name, an address, or a URL. Raises ValueError."""
    if "://" in text:
        return Wanted("url", namespace, text, 0)
    where, mark, port = text.rpartition(":")
    if not mark:
        where, port = text, ""
    kind, slash, rest = where.partition("/")
    kind = _SHORT.get(kind, "") if slash else ""
    rest = rest if kind else where
    space, slash, name = rest.partition("/")
    if not slash:
        space, name = namespace, rest
    if not name or not (port or kind):
        raise ValueError(USAGE)
    return Wanted(kind, space, name, int(port) if port.isdigit() else port)


def _peer(network: Network, text: str, namespace: str) -> Peer:
    if text in WORLD:
        return OUTSIDE
    if text == DOOR:
        return ITSELF
    word = text.partition("/")
    rest = word[2] if word[1] and word[0] in _SHORT else text
    space, slash, name = rest.partition("/")
    if not slash:
        space, name = namespace or "default", rest
    found = network.policies.pod(space, name) or network.first_pod(space, name)
    if found is not None:
        return found
    node = node_of(network.client, text)
    if node is not None:
        return node
    msg = f"no pod {space}/{name} to trace from"
    raise ValueError(msg)


def _inside(network: Network, peer: Peer, wanted: Wanted) -> Path:
    namespace = wanted.namespace or peer.namespace or "default"
    service = network.client.get(SERVICES, namespace, wanted.name)
    pod = network.client.get(PODS, namespace, wanted.name)
    port = _number(service, wanted.port)
    if wanted.kind == "pod" or (not wanted.kind and service is None and pod is not None):
        if pod is None:
            msg = f"no pod {namespace}/{wanted.name}"
            raise ValueError(msg)
        address = str((pod.get("status") or {}).get("podIP") or "")
        if not address:
            hops = (Hop(paths.POD, f"{namespace}/{wanted.name} has no address yet", ok=False),)
            return Path(UNRESOLVED, hops)
        return network.path(peer, address, _declared(pod, wanted.port), peek=True)
    if wanted.kind == "svc" or service is not None:
        host = wanted.name if namespace == peer.namespace else f"{wanted.name}.{namespace}"
        return network.path(peer, host, port, peek=True)
    return network.path(peer, wanted.name, port, peek=True)


def _number(service: Tree | None, port: int | str) -> int:
    if isinstance(port, int):
        return port
    ports = (service["spec"].get("ports") or ()) if service is not None else ()
    for each in ports:
        if not port or each.get("name") == port:
            return int(each["port"])
    msg = f"no port {port!r}" if port else USAGE
    raise ValueError(msg)


def _declared(pod: Tree, port: int | str) -> int:
    if isinstance(port, int):
        return port
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or ():
            if not port or each.get("name") == port:
                return int(each["containerPort"])
    msg = f"no port {port!r}" if port else USAGE
    raise ValueError(msg)


def _through_the_door(controller: IngressController, wanted: Wanted) -> Path:
    parts = urlsplit(wanted.name)
    host, path = parts.hostname or "", parts.path or "/"
    hops = [Hop(paths.CLIENT, f"outside the cluster, {parts.scheme} request for {host}{path}")]
    decision = controller.decide(host, path, secure=parts.scheme == "https", query=parts.query, port=443)
    route = decision.route
    if route is None:
        known = ", ".join("/".join(place(each)) for each in controller.served) or "there is none"
        hops.append(Hop("Ingress", f"404: no rule for {host}{path}; Ingresses: {known}", ok=False))
        return Path(REFUSED, tuple(hops))
    rule = f"{'/'.join(route.ingress)}: host {route.host or '*'}, {route.kind} {route.path}"
    if decision.location:
        hops.append(Hop("Ingress", f"{rule}: 308 to {decision.location}"))
        return Path(CONNECTED, tuple(hops))
    rewritten = f", path becomes {decision.path}" if decision.path != path else ""
    hops.append(Hop("Ingress", f"{rule} to {route.backend.service}:{route.backend.port}{rewritten}"))
    way = controller.open(decision, peek=True)
    if way is None:
        hops.append(Hop("Ingress", "503: the backend is no Service", ok=False))
        return Path(REFUSED, tuple(hops))
    return way._replace(hops=(*hops, *way.hops[1:]))


def summary(path: Path) -> str:
    """How it ends, in a few words."""
    return ENDS[path.outcome]
