"""The formats of strings that custom resources are checked against. # k8s: kube-openapi/pkg/validation/strfmt."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from kubesim.objects.labelsyntax import subdomain_errors
from kubesim.objects.units import parse_duration

_HEX = "[0-9a-fA-F]"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "bsonobjectid": re.compile(f"{_HEX}{{24}}"),
    "creditcard": re.compile(r"[0-9]{13,19}"),
    "hexcolor": re.compile(f"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "hostname": re.compile(r"(?=.{1,253}\.?$)([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)*"
                           r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.?"),
    "isbn10": re.compile(r"[0-9]{9}[0-9Xx]"),
    "isbn13": re.compile(r"97[89][0-9]{10}"),
    "k8s-short-name": re.compile(f"(?=.{{1,63}}$){_LABEL}"),
    "mac": re.compile(f"({_HEX}{{2}}[:-]){{5}}{_HEX}{{2}}"),
    "rgbcolor": re.compile(r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)"),
    "ssn": re.compile(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "uuid": re.compile(f"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}"),
    "uuid3": re.compile(f"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?3{_HEX}{{3}}-?{_HEX}{{4}}-?{_HEX}{{12}}"),
    "uuid4": re.compile(f"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?4{_HEX}{{3}}-?[89ab]{_HEX}{{3}}-?{_HEX}{{12}}"),
    "uuid5": re.compile(f"(?i){_HEX}{{8}}-?{_HEX}{{4}}-?5{_HEX}{{3}}-?[89ab]{_HEX}{{3}}-?{_HEX}{{12}}"),
    "email": re.compile(r"[^@\s<>]+@[^@\s<>]+"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)"),
}  # fmt: skip


def _address(kind: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    return check


def _uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) or text.startswith("/")


def _bytes(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return re.fullmatch(r"\d+\s*(ns|us|ms|s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)", text) is not None
    return True


def _network(text: str) -> bool:
    return "/" in text and _address(lambda given: ipaddress.ip_network(given, strict=False))(text)


def _long_name(text: str) -> bool:
    return not subdomain_errors(text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "byte": _bytes,
    "cidr": _network,
    "date": _address(date.fromisoformat),
    "duration": _duration,
    "ipv4": _address(ipaddress.IPv4Address),
    "ipv6": _address(ipaddress.IPv6Address),
    "k8s-long-name": _long_name,
    "uri": _uri,
}
_ALIASES = {"datetime": "date-time", "isbn": "isbn13"}
SUPPORTED = frozenset({*_PATTERNS, *_CHECKS, *_ALIASES, "password"})
"""The formats that are checked at all; others are let pass."""


def matches(name: str, text: str) -> bool:
    """Whether a text is of a format. Unknown formats match everything."""
    name = _ALIASES.get(name, name)
    pattern = _PATTERNS.get(name)
    if pattern is not None:
        return pattern.fullmatch(text) is not None
    check = _CHECKS.get(name)
    return check is None or check(text)
