"""Endpoints, EndpointSlices and Leases. # k8s: core/validation ValidateEndpoints, discovery/validation."""

from typing import Any

from kubesim.kinds.fielderrors import (
    all_invalid,
    duplicate,
    invalid,
    not_negative,
    not_supported,
    one_of,
    required,
    too_many,
    unchanged,
)
from kubesim.kinds.formats import address, label, port_number, qualified, subdomain
from kubesim.kinds.plain import Plain
from kubesim.kinds.printing import NONE, UNSET, first_few
from kubesim.kinds.shapes import filled, filled_empty, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, ENDPOINTS, ENDPOINTSLICES, LEASES, Tree

PROTOCOLS = ("SCTP", "TCP", "UDP")
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


class EndpointsStrategy(Plain):
    """Endpoints, which EndpointSlices replace."""

    gvr = ENDPOINTS
    kind = "Endpoints"
    short_names = ("ep",)
    has_generation = False
    allow_create_on_update = True
    deprecation = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"

    def default(self, obj: Tree) -> Tree:
        """TCP."""
        return inside_each(obj, "subsets", _default_subset)

    def validate(self, obj: Tree) -> list[Cause]:
        """Addresses and ports."""
        found: list[Cause] = []
        for index, subset in enumerate(obj.get("subsets") or ()):
            found += _subset(f"subsets[{index}]", subset)
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The rules of what changed."""
        del subresource
        return [] if new.get("subsets") is old.get("subsets") else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """The first addresses."""
        shown: list[str] = []
        count = 0
        for subset in obj.get("subsets") or ():
            ends = subset.get("addresses") or ()
            for port in subset.get("ports") or (None,):
                count += len(ends)
                for end in ends[: 3 - len(shown)]:
                    text = end["ip"]
                    host = f"[{text}]" if ":" in text else text
                    shown.append(text if port is None else f"{host}:{port['port']}")
        return [first_few(shown, count) if obj.get("subsets") else NONE]


def _default_subset(subset: Tree) -> Tree:
    return inside_each(subset, "ports", _default_port)


def _default_port(port: Tree) -> Tree:
    return filled_empty(port, protocol="TCP")


def _subset(at: str, subset: Tree) -> list[Cause]:
    found: list[Cause] = []
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        return [required(at, "must specify `addresses` or `notReadyAddresses`")]
    for side in ("addresses", "notReadyAddresses"):
        for index, end in enumerate(subset.get(side) or ()):
            found += address(f"{at}.{side}[{index}].ip", end.get("ip") or "")
            if end.get("hostname"):
                found += all_invalid(f"{at}.{side}[{index}].hostname", end["hostname"], label(end["hostname"]))
    ports = subset.get("ports") or ()
    for index, port in enumerate(ports):
        here, name = f"{at}.ports[{index}]", port.get("name") or ""
        if len(ports) > 1 and not name:
            found.append(required(f"{here}.name"))
        elif name:
            found += all_invalid(f"{here}.name", name, label(name))
        found += all_invalid(f"{here}.port", port.get("port") or 0, port_number(port.get("port") or 0))
        found += one_of(f"{here}.protocol", port.get("protocol"), PROTOCOLS)
    return found


class EndpointSliceStrategy(Plain):
    """EndpointSlices."""

    gvr = ENDPOINTSLICES
    kind = "EndpointSlice"

    def default(self, obj: Tree) -> Tree:
        """Unnamed TCP ports, conditions that are always served."""
        obj = inside_each(obj, "ports", _default_slice_port)
        obj = filled(obj, endpoints=[])
        return inside_each(obj, "endpoints", _default_endpoint)

    def validate(self, obj: Tree) -> list[Cause]:
        """Address type, ports, endpoints."""
        kind = obj.get("addressType") or ""
        found = one_of("addressType", kind, ADDRESS_TYPES)
        names: dict[str, None] = {}
        for index, port in enumerate(obj.get("ports") or ()):
            found += _slice_port(f"ports[{index}]", port, names)
        ends = obj.get("endpoints") or ()
        if len(ends) > 1000:
            found.append(too_many("endpoints", len(ends), 1000))
        for index, end in enumerate(ends):
            found += _endpoint(f"endpoints[{index}]", end, kind)
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The address type stays."""
        del subresource
        found: list[Cause] = []
        if any(new.get(name) is not old.get(name) for name in ("ports", "endpoints", "addressType")):
            found = self.validate(new)
        return found + unchanged("addressType", new.get("addressType"), old.get("addressType"))

    def cells(self, obj: Tree) -> list[Any]:
        """The first ports and addresses."""
        ports = obj.get("ports") or ()
        shown = [str(port.get("port") if port.get("port") is not None else port.get("name") or "*") for port in ports]
        ends = [text for end in obj.get("endpoints") or () for text in end.get("addresses") or ()]
        first = first_few(shown, len(shown)) or UNSET
        return [obj.get("addressType") or "", first, first_few(ends, len(ends)) or UNSET]


def _default_slice_port(port: Tree) -> Tree:
    return filled(port, name="", protocol="TCP")


def _default_endpoint(end: Tree) -> Tree:
    return filled(end, conditions={})


def _slice_port(at: str, port: Tree, names: dict[str, None]) -> list[Cause]:
    found: list[Cause] = []
    name = port.get("name") or ""
    if name:
        found += all_invalid(f"{at}.name", name, label(name))
    if name in names:
        found.append(duplicate(f"{at}.name", name))
    names[name] = None
    if port.get("port") is not None:
        found += all_invalid(f"{at}.port", port["port"], port_number(port["port"]))
    found += one_of(f"{at}.protocol", port.get("protocol"), PROTOCOLS)
    protocol = port.get("appProtocol")
    return found + (qualified(f"{at}.appProtocol", protocol) if protocol is not None else [])


def _endpoint(at: str, end: Tree, kind: str) -> list[Cause]:
    found: list[Cause] = []
    texts = end.get("addresses") or []
    if not texts:
        found.append(required(f"{at}.addresses", "must contain at least 1 address"))
    elif len(texts) > 100:
        found.append(too_many(f"{at}.addresses", len(texts), 100))
    for index, text in enumerate(texts):
        here = f"{at}.addresses[{index}]"
        if kind == "FQDN":
            found += all_invalid(here, text, subdomain(text))
        elif kind in {"IPv4", "IPv6"}:
            wrong = address(here, text)
            family = "IPv6" if ":" in text else "IPv4"
            if not wrong and family != kind:
                wrong = [invalid(here, text, f"must be an {kind} address")]
            found += wrong
    if end.get("nodeName") is not None:
        found += all_invalid(f"{at}.nodeName", end["nodeName"], subdomain(end["nodeName"]))
    if end.get("hostname") is not None:
        found += all_invalid(f"{at}.hostname", end["hostname"], label(end["hostname"]))
    return found


class LeaseStrategy(Plain):
    """Leases."""

    gvr = LEASES
    kind = "Lease"
    has_generation = False
    allow_create_on_update = True
    allow_unconditional_update = False

    def default(self, obj: Tree) -> Tree:
        """The spec is always served."""
        return filled(obj, spec={})

    def validate(self, obj: Tree) -> list[Cause]:
        """Durations and counts."""
        spec = obj.get("spec") or EMPTY
        found: list[Cause] = []
        seconds = spec.get("leaseDurationSeconds")
        if seconds is not None and seconds <= 0:
            found.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        found += not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
        strategy = spec.get("strategy")
        if strategy is not None and strategy != "OldestEmulationVersion":
            found.append(not_supported("spec.strategy", strategy, ("OldestEmulationVersion",)))
        return found

    def cells(self, obj: Tree) -> list[Any]:
        """Who holds it."""
        return [(obj.get("spec") or EMPTY).get("holderIdentity") or ""]
