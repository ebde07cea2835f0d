"""The strategy of Services: it gives out cluster IPs and node ports."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.strategy import Context
from kubesim.kernel.chance import Chance
from kubesim.kinds.fielderrors import invalid
from kubesim.kinds.plain import Plain
from kubesim.kinds.printing import NONE, age, format_labels
from kubesim.kinds.service.blocks import AddressBlocks
from kubesim.kinds.service.needs import (
    HEADLESS,
    is_external,
    is_headless,
    needs_cluster_ip,
    needs_health_port,
    needs_node_port,
    node_ports,
    normalised,
    with_kept,
    without_lost,
)
from kubesim.kinds.service.pools import RANGE_FULL, TAKEN_ADDRESS, TAKEN_PORT, PortPool
from kubesim.kinds.service.validation import validate_service, validate_service_update
from kubesim.kinds.service.warnings import spec_warnings
from kubesim.kinds.shapes import drop, filled, filled_empty, inside, inside_each, put
from kubesim.objects.errors import ApiError, Cause
from kubesim.objects.errors import invalid as invalid_error
from kubesim.objects.refs import place
from kubesim.objects.wire import EMPTY, SERVICES, Tree

SERVICE_BLOCK = "10.96.0.0/12"
NODE_PORTS = (30000, 2768)
FIXED = {("default", "kubernetes"): "10.96.0.1", ("kube-system", "kube-dns"): "10.96.0.10"}
"""Addresses that only these Services get."""
NO_BALANCER: Tree = {"loadBalancer": {}}


class ServiceStrategy(Plain):
    """Services."""

    gvr = SERVICES
    kind = "Service"
    name_format = "label"
    short_names = ("svc",)
    categories = ("all",)
    subresources = ("proxy", "status")
    has_generation = False
    allow_create_on_update = True
    initial_status = NO_BALANCER

    def __init__(self, chance: Chance | None = None) -> None:
        source = chance if chance is not None else Chance(0)
        self.addresses = AddressBlocks(SERVICE_BLOCK, source.stream("cluster-ips"))
        self.ports = PortPool(*NODE_PORTS, source.stream("node-ports"))

    def default(self, obj: Tree) -> Tree:
        """Type, affinity, protocols, target ports, traffic policies."""
        obj = inside(filled(obj, spec={}), "spec", _default)
        return _with_modes(filled(obj, status=self.initial_status))

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """No status; IP families for what will get an address."""
        obj = super().prepare_create(obj, context)
        return inside(obj, "spec", _prepared)

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """Keep addresses and ports; drop those that the old type needed and the new does not."""
        new = super().prepare_update(new, old, context, subresource)
        if subresource == "status" or new["spec"] is old["spec"]:
            return new
        spec = normalised(new["spec"], old["spec"])
        spec = without_lost(with_kept(spec, old["spec"]), old["spec"])
        return put(new, "spec", _with_families(spec))

    def validate(self, obj: Tree) -> list[Cause]:
        """Every rule of a Service."""
        return validate_service(obj)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The rules, and that addresses stay."""
        if subresource == "status" or new["spec"] is old["spec"]:
            return []
        return validate_service_update(new, old)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Fields that are ignored, and those that will not be there for ever."""
        return [] if old is not None and new["spec"] is old["spec"] else spec_warnings(new["spec"])

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By address and type."""
        spec = obj.get("spec") or EMPTY
        return {"spec.clusterIP": spec.get("clusterIP") or "", "spec.type": spec.get("type") or ""}

    # ------------------------------------------------------------------ addresses and ports
    def begin(self, new: Tree, old: Tree | None) -> Tree:
        """Take the addresses and ports it needs, give back the others. Takes nothing when it raises ApiError."""
        before: Tree = EMPTY if old is None else old["spec"]
        if new["spec"] is before:
            return new
        taken: list[tuple[Any, Any]] = []
        try:
            spec = self._with_ports(self._with_address(new, before, taken), new, before, taken)
        except ApiError:
            for pool, value in taken:
                pool.release(value)
            raise
        self._release(before, spec)
        return put(new, "spec", spec)

    def deleted(self, obj: Tree) -> None:
        """Give back what it had."""
        self._release(obj["spec"], EMPTY)

    def adopt(self, obj: Tree) -> None:
        """Count what a Service that is already stored has, after the store was filled from elsewhere."""
        for text in _addresses(obj["spec"]):
            self.addresses.take(text)
        for port in _ports(obj["spec"]):
            self.ports.take(port)

    def _release(self, before: Tree, after: Tree) -> None:
        kept = _addresses(after)
        for text in _addresses(before):
            if text not in kept:
                self.addresses.release(text)
        held = _ports(after)
        for port in _ports(before):
            if port not in held:
                self.ports.release(port)

    def _with_address(self, new: Tree, before: Tree, taken: list[tuple[Any, Any]]) -> Tree:
        spec: Tree = new["spec"]
        if not needs_cluster_ip(spec) or is_headless(spec):
            return spec
        known = _addresses(before)
        asked = _addresses(spec)
        if not asked:
            fixed = FIXED.get(place(new))
            text = fixed if fixed is not None and self.addresses.take(fixed) else self._draw(new)
            taken.append((self.addresses, text))
            return {**spec, "clusterIP": text, "clusterIPs": [text]}
        for text in asked:
            if text in known:
                continue
            self._take(new, text)
            taken.append((self.addresses, text))
        return filled(spec, clusterIP=asked[0], clusterIPs=asked)

    def _draw(self, new: Tree) -> str:
        text = self.addresses.draw()
        if text is None:
            raise _refused(new, invalid("spec.clusterIPs", None, f"failed to allocate a serviceIP: {RANGE_FULL}"))
        return text

    def _take(self, new: Tree, text: str) -> None:
        if not self.addresses.contains(text):
            why = f"the provided IP ({text}) is not in the valid range. The range of valid IPs is {SERVICE_BLOCK}"
        elif _is_fixed_for_another(text, new) or not self.addresses.take(text):
            why = TAKEN_ADDRESS
        else:
            return
        cause = invalid("spec.clusterIPs", new["spec"].get("clusterIPs"), f"failed to allocate IP {text}: {why}")
        raise _refused(new, cause)

    def _with_ports(self, spec: Tree, new: Tree, before: Tree, taken: list[tuple[Any, Any]]) -> Tree:
        held = _ports(before)
        wanted = [port for port in node_ports(spec) if port not in held] if spec.get("type") != "ClusterIP" else []
        for port in wanted:
            index = next(i for i, given in enumerate(spec["ports"]) if given.get("nodePort") == port)
            self._take_port(new, f"spec.ports[{index}].nodePort", port)
            taken.append((self.ports, port))
        if needs_node_port(spec):
            shared: dict[int, int] = {}
            ports = [self._with_node_port(new, given, shared, taken) for given in spec.get("ports") or ()]
            if any(a is not b for a, b in zip(ports, spec.get("ports") or (), strict=True)):
                spec = {**spec, "ports": ports}
        if needs_health_port(spec):
            asked = spec.get("healthCheckNodePort")
            if not asked:
                asked = self._draw_port(new, "spec.healthCheckNodePort", taken)
                spec = {**spec, "healthCheckNodePort": asked}
            elif asked not in held:
                self._take_port(new, "spec.healthCheckNodePort", asked)
                taken.append((self.ports, asked))
        return spec

    def _with_node_port(self, new: Tree, given: Tree, shared: dict[int, int], taken: list[tuple[Any, Any]]) -> Tree:
        number = given.get("port") or 0
        if given.get("nodePort"):
            shared.setdefault(number, given["nodePort"])
            return given
        # k8s: one port number open for TCP and UDP uses one node port.
        if number not in shared:
            shared[number] = self._draw_port(new, "spec.ports[0].nodePort", taken)
        return {**given, "nodePort": shared[number]}

    def _draw_port(self, new: Tree, field: str, taken: list[tuple[Any, Any]]) -> int:
        port = self.ports.draw()
        if port is None:
            raise _refused(new, invalid(field, 0, f"failed to allocate a nodePort: {RANGE_FULL}"))
        taken.append((self.ports, port))
        return port

    def _take_port(self, new: Tree, field: str, port: int) -> None:
        first, last = self.ports.first, self.ports.last
        if not self.ports.contains(port):
            why = f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
        elif not self.ports.take(port):
            why = TAKEN_PORT
        else:
            return
        raise _refused(new, invalid(field, port, why))

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Addresses and ports."""
        spec = obj["spec"]
        return [
            obj["metadata"]["name"],
            spec.get("type") or "",
            (spec.get("clusterIPs") or [NONE])[0],
            _external(spec, obj.get("status") or EMPTY),
            ",".join(_port_text(port) for port in spec.get("ports") or ()) or NONE,
            age(obj, now),
            format_labels(spec.get("selector")),
        ]


def _refused(new: Tree, cause: Cause) -> ApiError:
    return invalid_error("", "Service", new["metadata"].get("name") or "", [cause])


def _is_fixed_for_another(text: str, new: Tree) -> bool:
    return any(address == text and owner != place(new) for owner, address in FIXED.items())


def _addresses(spec: Tree) -> list[str]:
    if not needs_cluster_ip(spec):
        return []
    single = spec.get("clusterIP")
    several: list[str] = spec.get("clusterIPs") or ([single] if single else [])
    return [text for text in several if text != HEADLESS]


def _ports(spec: Tree) -> list[int]:
    health = spec.get("healthCheckNodePort")
    return [*node_ports(spec), health] if health else node_ports(spec)


def _with_modes(obj: Tree) -> Tree:
    # k8s: SetDefaults_Service gives every address of a load balancer a mode.
    entries = ((obj.get("status") or EMPTY).get("loadBalancer") or EMPTY).get("ingress")
    if not entries or obj["spec"].get("type") != "LoadBalancer":
        return obj
    if all(entry.get("ipMode") or not entry.get("ip") for entry in entries):
        return obj
    made = [{**entry, "ipMode": "VIP"} if entry.get("ip") and not entry.get("ipMode") else entry for entry in entries]
    status = obj["status"]
    return {**obj, "status": {**status, "loadBalancer": {**status["loadBalancer"], "ingress": made}}}


def _default(spec: Tree) -> Tree:
    spec = filled_empty(spec, sessionAffinity="None", type="ClusterIP")
    if spec["sessionAffinity"] == "None":
        spec = drop(spec, "sessionAffinityConfig")
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        client = filled(config.get("clientIP") or {}, timeoutSeconds=10800)
        spec = put(spec, "sessionAffinityConfig", config if client is config.get("clientIP") else {"clientIP": client})
    spec = inside_each(spec, "ports", _default_port)
    if is_external(spec):
        spec = filled_empty(spec, externalTrafficPolicy="Cluster")
    if needs_cluster_ip(spec):
        spec = filled(spec, internalTrafficPolicy="Cluster")
    return filled(spec, allocateLoadBalancerNodePorts=True) if spec["type"] == "LoadBalancer" else spec


def _default_port(port: Tree) -> Tree:
    port = filled_empty(port, protocol="TCP")
    return filled_empty(port, targetPort=port.get("port") or 0)


def _prepared(spec: Tree) -> Tree:
    return _with_families(normalised(spec, EMPTY))


def _with_families(spec: Tree) -> Tree:
    if not needs_cluster_ip(spec):
        return spec
    # differs: the cluster has one IP family, so dual stack falls back to single stack unless it is required.
    family = "IPv6" if ":" in (spec.get("clusterIP") or "") else "IPv4"
    return filled_empty(spec, ipFamilies=[family], ipFamilyPolicy="SingleStack")


def _external(spec: Tree, status: Tree) -> str:
    kind, outside = spec.get("type"), spec.get("externalIPs") or []
    if kind == "ExternalName":
        return str(spec.get("externalName") or "")
    if kind == "LoadBalancer":
        shown = [*balancer_addresses(status), *outside]
        return ",".join(shown) or "<pending>"
    return ",".join(outside) or NONE


def balancer_addresses(status: Tree) -> list[str]:
    """The addresses or names at which a load balancer is reached, sorted."""
    entries = (status.get("loadBalancer") or EMPTY).get("ingress") or ()
    return sorted({entry.get("ip") or entry.get("hostname") or "" for entry in entries} - {""})


def _port_text(port: Tree) -> str:
    number = f"{port.get('port')}:{port['nodePort']}" if port.get("nodePort") else f"{port.get('port')}"
    return f"{number}/{port.get('protocol')}"
