"""What a pod and a Service make together: an endpoint, its conditions, its hints, and its ports."""

from typing import Any

from kubesim.objects import pods, refs
from kubesim.objects.wire import EMPTY, Tree

Ports = tuple[tuple[str, str, int, str], ...]
"""(name, protocol, number, application protocol) of each port of an endpoint."""

_CONDITIONS = {
    (ready, serving, terminating): {"ready": ready, "serving": serving, "terminating": terminating}
    for ready in (False, True)
    for serving in (False, True)
    for terminating in (False, True)
}
_NEAR = ("PreferClose", "PreferSameZone", "PreferSameNode")
HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


def is_selected(pod: Tree | None, selector: Tree) -> bool:
    """Whether a pod still exists and carries the labels of a Service's selector."""
    if pod is None:
        return False
    labels = refs.labels(pod)
    # A loop is twice as fast as a comparison of sets, and runs for every change of every pod.
    for key, value in selector.items():  # noqa: SIM110
        if labels.get(key) != value:
            return False
    return True


def is_candidate(pod: Tree, *, terminating: bool = True) -> bool:
    """Whether a pod may be an endpoint at all; with ``terminating`` also on its way out.

    # k8s: endpointslice/util ShouldPodBeInEndpoints
    """
    status = pod.get("status") or EMPTY
    if not status.get("podIPs") or pods.is_terminal(pod):
        return False
    return terminating or not refs.is_deleting(pod)


def families(service: Tree) -> tuple[str, ...]:
    """The address types of a Service: IPv4, IPv6 or both."""
    return tuple(service["spec"].get("ipFamilies") or ("IPv4",))


def address(pod: Tree, family: str) -> str:
    """The pod's address of a family, or ""."""
    six = family == "IPv6"
    for each in pod["status"]["podIPs"]:
        ip: str = each["ip"]
        if (":" in ip) == six:
            return ip
    return ""


def ports_of(service: Tree, pod: Tree) -> Ports:
    """The ports at which a pod serves a Service; those it does not name are left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        number = port.get("targetPort", port["port"])
        protocol = port.get("protocol", "TCP")
        if isinstance(number, str):
            number = _named_port(pod, number, protocol)
        if number is not None:
            found.append((port.get("name", ""), protocol, number or port["port"], port.get("appProtocol", "")))
    return tuple(found)


def has_named_ports(service: Tree) -> bool:
    """Whether the pods may differ in their ports."""
    return any(isinstance(port.get("targetPort"), str) for port in service["spec"].get("ports") or ())


def _named_port(pod: Tree, name: str, protocol: str) -> int | None:
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or () if pods.is_sidecar(each)]
    for container in (*spec["containers"], *sidecars):
        for port in container.get("ports") or ():
            if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def slice_ports(ports: Ports) -> list[Tree]:
    """Ports as EndpointSlices write them."""
    found: list[Tree] = []
    for name, protocol, number, application in ports:
        port: dict[str, Any] = {"name": name, "protocol": protocol, "port": number}
        if application:
            port["appProtocol"] = application
        found.append(port)
    return found


def endpoint(pod: Tree, service: Tree, family: str, zone: str | None) -> dict[str, Any] | None:
    """The endpoint that an EndpointSlice has for a pod. # k8s: endpointslice/utils.go podToEndpoint."""
    ip = address(pod, family)
    if not ip:
        return None
    spec, service_spec = pod["spec"], service["spec"]
    serving = pods.is_ready(pod)
    deleting = refs.is_deleting(pod)
    ready = bool(service_spec.get("publishNotReadyAddresses")) or (serving and not deleting)
    found: dict[str, Any] = {"addresses": [ip], "conditions": _CONDITIONS[ready, serving, deleting]}
    hostname = _hostname(pod, service)
    if hostname:
        found["hostname"] = hostname
    found["targetRef"] = target(pod)
    if spec.get("nodeName"):
        found["nodeName"] = spec["nodeName"]
    if zone:
        found["zone"] = zone
    hints = _hints(service_spec.get("trafficDistribution"), zone, spec.get("nodeName")) if ready else None
    if hints:
        found["hints"] = hints
    return found


def _hints(distribution: str | None, zone: str | None, node: str | None) -> dict[str, Any]:
    # k8s: endpointslice/trafficdist: each ready endpoint is for its own zone (and node), and for no other
    found: dict[str, Any] = {}
    if distribution in _NEAR:
        if zone:
            found["forZones"] = [{"name": zone}]
        if node and distribution == "PreferSameNode":
            found["forNodes"] = [{"name": node}]
    return found


def _hostname(pod: Tree, service: Tree) -> str:
    spec = pod["spec"]
    if "hostname" in spec and spec["hostname"] and spec.get("subdomain") == service["metadata"]["name"]:
        return str(spec["hostname"])
    return ""


def target(pod: Tree) -> dict[str, Any]:
    """The targetRef of a pod."""
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def legacy_address(pod: Tree, service: Tree, family: str) -> dict[str, Any] | None:
    """The address that an Endpoints object has for a pod."""
    ip = address(pod, family)
    if not ip:
        return None
    found: dict[str, Any] = {"ip": ip}
    hostname = _hostname(pod, service)
    if hostname:
        found["hostname"] = hostname
    if pod["spec"].get("nodeName"):
        found["nodeName"] = pod["spec"]["nodeName"]
    found["targetRef"] = target(pod)
    return found


def is_headless(service: Tree) -> bool:
    """Whether the Service has no address of its own."""
    return bool(service["spec"].get("clusterIP") == "None")
