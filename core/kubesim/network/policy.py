"""NetworkPolicies: which of them isolate an end of a connection, and whether one of their rules lets it pass; pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import EMPTY, Tree

INGRESS, EGRESS = "Ingress", "Egress"


class Peer(NamedTuple):
    """One end of a connection. ``pod`` is "" for what is no pod."""

    ip: str
    namespace: str = ""
    pod: str = ""
    node: str = ""
    zone: str = ""
    labels: Tree = EMPTY
    namespace_labels: Tree = EMPTY
    ports: tuple[tuple[str, str, int], ...] = ()
    """Named ports: name, protocol, number."""
    host_network: bool = False


class Verdict(NamedTuple):
    """Whether a connection may pass one end, and by which policies. Without policies everything may."""

    allowed: bool
    policies: tuple[str, ...] = ()
    """Those that let it pass, or those that isolate the end when none does."""


ALLOWED = Verdict(True)


def ingress(policies: Iterable[Tree], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> Verdict:
    """Whether ``target`` accepts a connection; ``policies`` are those of its namespace."""
    return _verdict(policies, INGRESS, target, source, (target, port, protocol))


def egress(policies: Iterable[Tree], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> Verdict:
    """Whether ``source`` may open a connection; ``policies`` are those of its namespace."""
    return _verdict(policies, EGRESS, source, target, (target, port, protocol))


def _verdict(
    policies: Iterable[Tree], side: str, inside: Peer, outside: Peer, wanted: tuple[Peer, int, str]
) -> Verdict:
    # k8s: a pod can always reach itself; host network pods are the node's business, not the policies'.
    if not inside.pod or inside.host_network or (inside.namespace, inside.pod) == (outside.namespace, outside.pod):
        return ALLOWED
    isolating: list[str] = []
    passing: list[str] = []
    for policy in policies:
        spec = policy["spec"]
        if side not in types(spec) or not from_label_selector(spec.get("podSelector") or {}).matches(inside.labels):
            continue
        isolating.append(policy["metadata"]["name"])
        rules, peers = (spec.get("ingress"), "from") if side == INGRESS else (spec.get("egress"), "to")
        if any(_passes(rule, peers, inside.namespace, outside, wanted) for rule in rules or ()):
            passing.append(policy["metadata"]["name"])
    if not isolating:
        return ALLOWED
    return Verdict(bool(passing), tuple(passing or isolating))


def types(spec: Tree) -> Sequence[str]:
    """The sides that a policy is about. # k8s: networking/v1 defaults."""
    found: Sequence[str] = spec.get("policyTypes") or ()
    return found or ((INGRESS, EGRESS) if spec.get("egress") else (INGRESS,))


def _passes(rule: Tree, peers: str, namespace: str, outside: Peer, wanted: tuple[Peer, int, str]) -> bool:
    allowed = rule.get(peers) or ()
    if allowed and not any(is_peer(each, namespace, outside) for each in allowed):
        return False
    opened = rule.get("ports") or ()
    return not opened or any(is_port(each, *wanted) for each in opened)


def is_peer(peer: Tree, namespace: str, other: Peer) -> bool:
    """Whether a NetworkPolicyPeer of a policy in ``namespace`` means the other end."""
    addresses = peer.get("ipBlock")
    if addresses is not None:
        return _is_in(other.ip, addresses["cidr"]) and not any(
            _is_in(other.ip, part) for part in addresses.get("except") or ()
        )
    if not other.pod or other.host_network:
        # Nodes and the world outside have no labels that a selector could match.
        return False
    spaces = peer.get("namespaceSelector")
    if spaces is None:
        if other.namespace != namespace:
            return False
    elif not from_label_selector(spaces).matches(other.namespace_labels):
        return False
    chosen = peer.get("podSelector")
    return chosen is None or from_label_selector(chosen).matches(other.labels)


def is_port(opened: Tree, target: Peer, number: int, protocol: str) -> bool:
    """Whether a NetworkPolicyPort means this port of the target."""
    if (opened.get("protocol") or "TCP") != protocol:
        return False
    first = opened.get("port")
    if first is None:
        return True
    if isinstance(first, str) and not first.isdigit():
        return (first, protocol, number) in target.ports
    last = opened.get("endPort")
    return int(first) == number if last is None else int(first) <= number <= int(last)


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def _is_in(address: str, block: str) -> bool:
    try:
        return ip_address(address) in _network(block)
    except ValueError:
        return False
