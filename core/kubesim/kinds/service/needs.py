"""What a Service needs by its type, and what it must give up when the type changes. # k8s: registry/core/service."""

from typing import Any

from kubesim.kinds.shapes import drop
from kubesim.objects.wire import EMPTY, Tree

HEADLESS = "None"


def needs_cluster_ip(spec: Tree) -> bool:
    """Whether a cluster IP (or None) belongs to it."""
    return spec.get("type") in {"ClusterIP", "NodePort", "LoadBalancer"}


def is_headless(spec: Tree) -> bool:
    """Whether it was made without a cluster IP on purpose."""
    several = spec.get("clusterIPs")
    return (several[0] if several else spec.get("clusterIP")) == HEADLESS


def needs_node_port(spec: Tree) -> bool:
    """Whether its ports are open on every node."""
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def needs_health_port(spec: Tree) -> bool:
    """Whether nodes must tell the load balancer if they have endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_external(spec: Tree) -> bool:
    """Whether it can be reached from outside the cluster."""
    kind = spec.get("type")
    return kind in {"NodePort", "LoadBalancer"} or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def node_ports(spec: Tree) -> list[int]:
    """The node ports it has, each once."""
    found = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
    return list(dict.fromkeys(found))


def without_lost(new: Tree, old: Tree) -> Tree:
    """The new spec without what belonged to the old type alone and was not changed by hand."""
    new = _without_cluster_ip(new, old)
    if needs_node_port(old) and not needs_node_port(new) and node_ports(new) == node_ports(old):
        new = {**new, "ports": [drop(port, "nodePort") for port in new.get("ports") or ()]}
    lost: list[str] = []
    if needs_health_port(old) and not needs_health_port(new):
        lost.append("healthCheckNodePort")
    if old.get("type") == "LoadBalancer" and new.get("type") != "LoadBalancer":
        lost += ["allocateLoadBalancerNodePorts", "loadBalancerClass"]
    if is_external(old) and not is_external(new):
        lost.append("externalTrafficPolicy")
    if needs_cluster_ip(old) and not needs_cluster_ip(new):
        lost.append("internalTrafficPolicy")
    return drop(new, *(name for name in lost if name in new and new[name] == old.get(name)))


def _without_cluster_ip(new: Tree, old: Tree) -> Tree:
    if not needs_cluster_ip(old) or needs_cluster_ip(new):
        return new
    lost = [name for name in ("ipFamilies", "ipFamilyPolicy") if new.get(name) == old.get(name)]
    if new.get("clusterIPs") == old.get("clusterIPs"):
        lost += ["clusterIP", "clusterIPs"]
    return drop(new, *lost)


def with_kept(new: Tree, old: Tree) -> Tree:
    """The new spec with the addresses and ports of the old where none are asked for."""
    if needs_cluster_ip(old) and needs_cluster_ip(new):
        if not new.get("clusterIP") and old.get("clusterIP"):
            new = {**new, "clusterIP": old["clusterIP"]}
        if not new.get("clusterIPs") and new.get("clusterIP") == old.get("clusterIP") and old.get("clusterIPs"):
            new = {**new, "clusterIPs": old["clusterIPs"]}
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if not new.get(name) and old.get(name):
                new = {**new, name: old[name]}
    if needs_node_port(old) and needs_node_port(new):
        new = _with_node_ports(new, old)
    if needs_health_port(old) and needs_health_port(new) and not new.get("healthCheckNodePort"):
        new = {**new, "healthCheckNodePort": old.get("healthCheckNodePort")}
    return new


def _with_node_ports(new: Tree, old: Tree) -> Tree:
    known = {_port_key(port): port["nodePort"] for port in old.get("ports") or () if port.get("nodePort")}
    asked = set(node_ports(new))
    ports: list[Any] = []
    changed = False
    for port in new.get("ports") or ():
        kept = known.get(_port_key(port))
        keeps = kept is not None and not port.get("nodePort") and kept not in asked
        ports.append({**port, "nodePort": kept} if keeps else port)
        changed = changed or keeps
    return {**new, "ports": ports} if changed else new


def _port_key(port: Tree) -> tuple[str, int]:
    return port.get("protocol") or "TCP", port.get("port") or 0


def normalised(new: Tree, old: Tree) -> Tree:
    """The new spec with ``clusterIP`` and ``clusterIPs`` agreeing where only one of them was written."""
    single, several = new.get("clusterIP") or "", new.get("clusterIPs") or []
    known, all_known = old.get("clusterIP") or "", old.get("clusterIPs") or []
    if not several:
        return {**new, "clusterIPs": [single]} if single else drop(new, "clusterIP", "clusterIPs")
    if not single:
        # k8s: whoever clears the one clears the other; who writes only clusterIPs means both.
        if known and several == all_known:
            return drop(new, "clusterIP", "clusterIPs")
        return {**new, "clusterIP": several[0]} if old is EMPTY or not known else new
    if single != known and several == all_known and old is not EMPTY:
        return {**new, "clusterIPs": [single, *several[1:]]}
    return new
