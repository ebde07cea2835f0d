"""Addresses, networks and URLs. # k8s: apiserver/pkg/cel/library/{ip,cidr,urls}.go."""

import ipaddress
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from kubesim.api.cel.library.dispatch import by_type
from kubesim.api.cel.operators import Function
from kubesim.api.cel.values import EvaluationError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Ip:
    """An address."""

    cel_type = "net.IP"

    def __init__(self, address: _Address) -> None:
        self.address = address
        self.text = str(address)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ip) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)


class Cidr:
    """A network with the address that it was written with."""

    cel_type = "net.CIDR"

    def __init__(self, text: str) -> None:
        self.interface = ipaddress.ip_interface(text)
        self.text = str(self.interface)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cidr) and self.interface == other.interface

    def __hash__(self) -> int:
        return hash(self.interface)


def _parsed(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped is not None or found.scope_id)
    return None if mapped else found


def ip(value: Any) -> Ip:
    """An address out of a text, or that of a network."""
    if isinstance(value, Cidr):
        return Ip(value.interface.ip)
    found = _parsed(value)
    if found is None:
        raise EvaluationError(f'IP Address "{value}" parse error during conversion from string: unable to parse IP')
    return Ip(found)


def is_ip(text: str) -> bool:
    """Whether a text is an address."""
    return _parsed(text) is not None


def is_canonical(text: str) -> bool:
    """ip.isCanonical."""
    return ip(text).text == text


def cidr(text: str) -> Cidr:
    """A network out of a text."""
    try:
        if "/" in text:
            return Cidr(text)
    except ValueError:
        pass
    raise EvaluationError(f'network address parse error during conversion from string: netip.ParsePrefix("{text}")')


def is_cidr(text: str) -> bool:
    """Whether a text is a network."""
    try:
        return "/" in text and bool(Cidr(text))
    except ValueError:
        return False


def contains_ip(network: Cidr, other: Any) -> bool:
    """Whether an address is in the network."""
    address = ip(other).address if isinstance(other, str) else other.address
    return address in network.interface.network


def contains_cidr(network: Cidr, other: Any) -> bool:
    """Whether a network is within the network."""
    inner: Any = (cidr(other) if isinstance(other, str) else other).interface.network
    outer: Any = network.interface.network
    return inner.version == outer.version and bool(inner.subnet_of(outer))


def masked(network: Cidr) -> Cidr:
    """The network by its first address."""
    return Cidr(str(network.interface.network))


class Url:
    """An absolute URL or path."""

    cel_type = "kubernetes.URL"

    def __init__(self, text: str, parts: SplitResult) -> None:
        self.text = text
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Url) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def host(self) -> str:
        """Host and port."""
        return self.parts.netloc.rpartition("@")[2]


def _url(text: str) -> Url | None:
    try:
        parts = urlsplit(text)
        absolute = bool(parts.scheme and (parts.netloc or parts.path)) or text.startswith("/")
        return Url(text, parts) if absolute and _has_right_port(parts) else None
    except ValueError:
        return None


def _has_right_port(parts: SplitResult) -> bool:
    # Asking for a port that is no number raises ValueError.
    return parts.port is None or parts.port >= 0


def url(text: str) -> Url:
    """A URL out of a text."""
    found = _url(text)
    if found is None:
        raise EvaluationError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return found


def is_url(text: str) -> bool:
    """Whether a text is a URL."""
    return _url(text) is not None


def query(value: Url) -> dict[str, list[str]]:
    """The values by their keys."""
    return parse_qs(value.parts.query, keep_blank_values=True)


def escaped_path(value: Url) -> str:
    """The path with escapes."""
    return quote(unquote(value.parts.path), safe="/:@!$&'()*+,;=~-._")


FUNCTIONS: dict[str, Function] = {
    "ip": ip, "isIP": is_ip, "ip.isCanonical": is_canonical,
    "family": by_type({Ip: lambda value: value.address.version}),
    "isUnspecified": lambda value: value.address.is_unspecified,
    "isLoopback": lambda value: value.address.is_loopback,
    "isLinkLocalMulticast": lambda value: value.address.is_multicast and _is_link_local(value),
    "isLinkLocalUnicast": lambda value: value.address.is_link_local,
    "isGlobalUnicast": lambda value: not (
        value.address.is_unspecified or value.address.is_loopback or value.address.is_multicast
        or value.address.is_link_local
    ),
    "cidr": cidr, "isCIDR": is_cidr, "containsIP": contains_ip, "containsCIDR": contains_cidr, "masked": masked,
    "prefixLength": lambda value: value.interface.network.prefixlen,
    "url": url, "isURL": is_url, "getScheme": lambda value: value.parts.scheme, "getHost": lambda value: value.host,
    "getHostname": lambda value: value.parts.hostname or "",
    "getPort": lambda value: "" if value.parts.port is None else str(value.parts.port),
    "getEscapedPath": escaped_path, "getQuery": query,
}  # fmt: skip


def _is_link_local(value: Ip) -> bool:
    return value.text.startswith(("224.0.0.", "ff02:", "ff12:"))
