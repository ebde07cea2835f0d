"""The descriptions of Service, Endpoints and EndpointSlice."""

from collections.abc import Sequence

from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, UNSET, Sheet, shown
from kubetui.model.describe.metadata import field, flat, heading

SHOWN_ENDPOINTS = 3


def describe_service(service: Tree, slices: Sequence[Tree], found: Sequence[Tree] | None, now: int) -> str:
    """Describe a Service; ``slices`` are its EndpointSlices."""
    sheet = Sheet()
    spec = service.get("spec") or {}
    heading(sheet, service)
    sheet.pair(0, "Selector", flat(spec.get("selector")))
    sheet.pair(0, "Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy") is not None:
        sheet.pair(0, "IP Family Policy", spec["ipFamilyPolicy"])
    sheet.pair(0, "IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    sheet.pair(0, "IP", spec.get("clusterIP", ""))
    sheet.pair(0, "IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    sheet.optional(0, "External IPs", ",".join(spec.get("externalIPs") or ()))
    sheet.optional(0, "Desired LoadBalancer IP", spec.get("loadBalancerIP"))
    sheet.optional(0, "External Name", spec.get("externalName"))
    ingress = field(service, "status.loadBalancer.ingress", ())
    sheet.optional(0, "LoadBalancer Ingress", ", ".join(_ingress(each) for each in ingress))
    for port in spec.get("ports") or ():
        _port(sheet, port, slices)
    sheet.pair(0, "Session Affinity", spec.get("sessionAffinity", ""))
    sheet.optional(0, "External Traffic Policy", spec.get("externalTrafficPolicy"))
    sheet.optional(0, "Internal Traffic Policy", spec.get("internalTrafficPolicy"))
    if spec.get("healthCheckNodePort"):
        sheet.pair(0, "HealthCheck NodePort", spec["healthCheckNodePort"])
    sheet.optional(0, "LoadBalancer Source Ranges", ",".join(spec.get("loadBalancerSourceRanges") or ()))
    sheet.optional(0, "Traffic Distribution", spec.get("trafficDistribution"))
    events(sheet, found, now)
    return sheet.text()


def _ingress(address: Tree) -> str:
    if not address.get("ip"):
        return str(address.get("hostname", ""))
    mode = f" ({address['ipMode']})" if address.get("ipMode") else ""
    return f"{address['ip']}{mode}"


def _port(sheet: Sheet, port: Tree, slices: Sequence[Tree]) -> None:
    name, protocol = port.get("name") or UNSET, port.get("protocol", "TCP")
    sheet.row(0, "Port:", name, f"{port.get('port', 0)}/{protocol}")
    sheet.pair(0, "TargetPort", f"{port.get('targetPort', 0)}/{protocol}")
    if port.get("appProtocol") is not None:
        sheet.pair(0, "AppProtocol", port["appProtocol"])
    if port.get("nodePort"):
        sheet.row(0, "NodePort:", name, f"{port['nodePort']}/{protocol}")
    sheet.pair(0, "Endpoints", endpoints_of(slices, port.get("name") or ""))


def endpoints_of(slices: Sequence[Tree], port_name: str) -> str:
    """The ready addresses behind a port, three of them and how many more."""
    if not slices:
        return NONE
    candidates: list[tuple[bool, str]] = []
    for each in slices:
        ports = each.get("ports") or ()
        numbers = [f":{port.get('port', 0)}" for port in ports if (port.get("name") or "") == port_name]
        for suffix in numbers if ports else [""]:
            for endpoint in each.get("endpoints") or ():
                ready = field(endpoint, "conditions.ready", default=True)
                candidates.append((ready is not False, f"{_host(endpoint, suffix)}"))
    texts: list[str] = []
    more, count = False, 0
    for ready, text in candidates:
        # k8s: a fourth candidate announces more, even when it is not ready itself.
        more = more or len(texts) == SHOWN_ENDPOINTS
        if not ready:
            continue
        count += 1
        if not more:
            texts.append(text)
    joined = ",".join(texts)
    return f"{joined} + {count - SHOWN_ENDPOINTS} more..." if more else joined


def _host(endpoint: Tree, suffix: str) -> str:
    address = (endpoint.get("addresses") or [""])[0]
    return f"[{address}]{suffix}" if ":" in address and suffix else f"{address}{suffix}"


def describe_endpoints(endpoints: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe an Endpoints object."""
    sheet = Sheet()
    heading(sheet, endpoints)
    sheet.line(0, "Subsets:")
    for subset in endpoints.get("subsets") or ():
        for title, key in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            sheet.pair(1, title, ",".join(each.get("ip", "") for each in subset.get(key) or ()) or NONE)
        if subset.get("ports"):
            sheet.line(1, "Ports:")
            _ports(sheet, subset["ports"], 2)
        sheet.write("\n")
    events(sheet, found, now)
    return sheet.text()


def _ports(sheet: Sheet, ports: Sequence[Tree], level: int) -> None:
    sheet.row(level, "Name", "Port", "Protocol")
    sheet.row(level, "----", "----", "--------")
    for port in ports:
        sheet.row(level, port.get("name") or UNSET, port.get("port", UNSET), port.get("protocol", "TCP"))


def describe_endpoint_slice(each: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe an EndpointSlice."""
    sheet = Sheet()
    heading(sheet, each)
    sheet.pair(0, "AddressType", each.get("addressType", ""))
    ports, endpoints = each.get("ports") or (), each.get("endpoints") or ()
    sheet.line(0, "Ports:" if ports else f"Ports: {UNSET}")
    if ports:
        _ports(sheet, ports, 1)
    sheet.line(0, "Endpoints:" if endpoints else f"Endpoints: {NONE}")
    for endpoint in endpoints:
        sheet.pair(1, "- Addresses", ", ".join(endpoint.get("addresses") or ()) or NONE)
        sheet.line(2, "Conditions:")
        sheet.pair(3, "Ready", shown(field(endpoint, "conditions.ready", UNSET)))
        sheet.pair(2, "Hostname", endpoint.get("hostname", UNSET))
        target = endpoint.get("targetRef")
        if target:
            sheet.pair(2, "TargetRef", f"{target.get('kind', '')}/{target.get('name', '')}")
        sheet.pair(2, "NodeName", endpoint.get("nodeName", UNSET))
        sheet.pair(2, "Zone", endpoint.get("zone", UNSET))
    events(sheet, found, now)
    return sheet.text()
