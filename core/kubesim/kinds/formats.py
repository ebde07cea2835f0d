"""What names, keys, ports, addresses and percentages may look like: each function lists what is wrong with a text.

# k8s: apimachinery/util/validation
"""

import re
from ipaddress import ip_address, ip_network
from typing import Any

from kubesim.kinds.fielderrors import all_invalid, forbidden, invalid, required
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import key_errors, subdomain_errors, value_errors
from kubesim.objects.wire import Tree

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_KEY = "[-._a-zA-Z0-9]+"
_HEADER = "[-A-Za-z0-9]+"

BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
BAD_WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    rf"regex used for validation is '\*\.{_SUBDOMAIN}')"
)
BAD_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', regex used for validation is '{_KEY}')"
)
BAD_VARIABLE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
BAD_HEADER = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    f"validation is '{_HEADER}')"
)
BAD_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
BAD_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
BAD_BLOCK = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
BAD_PORT = "must be between 1 and 65535, inclusive"

_LABEL_SHAPE = re.compile(_LABEL)
_WILDCARD_SHAPE = re.compile(rf"\*\.{_SUBDOMAIN}")
_KEY_SHAPE = re.compile(_KEY)
_VARIABLE_SHAPE = re.compile("[ -<>-~]+")
_HEADER_SHAPE = re.compile(_HEADER)


def label(text: str) -> list[str]:
    """A DNS label (RFC 1123)."""
    wrong = ["must be no more than 63 bytes"] if len(text.encode()) > 63 else []
    return wrong if _LABEL_SHAPE.fullmatch(text) else [*wrong, BAD_LABEL]


def subdomain(text: str) -> list[str]:
    """A DNS subdomain (RFC 1123)."""
    return subdomain_errors(text)


def wildcard(text: str) -> list[str]:
    """A DNS subdomain behind ``*.``."""
    wrong = ["must be no more than 253 bytes"] if len(text.encode()) > 253 else []
    return wrong if _WILDCARD_SHAPE.fullmatch(text) else [*wrong, BAD_WILDCARD]


def config_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    wrong = ["must be no more than 253 bytes"] if len(text.encode()) > 253 else []
    if not _KEY_SHAPE.fullmatch(text):
        wrong.append(BAD_KEY)
    if text in {".", ".."}:
        wrong.append(f"must not be '{text}'")
    elif text.startswith(".."):
        wrong.append("must not start with '..'")
    return wrong


def variable(text: str) -> list[str]:
    """The name of an environment variable."""
    return [] if _VARIABLE_SHAPE.fullmatch(text) else [BAD_VARIABLE]


def header(text: str) -> list[str]:
    """The name of an HTTP header."""
    return [] if _HEADER_SHAPE.fullmatch(text) else [BAD_HEADER]


def port_name(text: str) -> list[str]:
    """The name of a container port (RFC 6335)."""
    wrong = []
    if len(text) > 15:
        wrong.append("must be no more than 15 bytes")
    if not re.fullmatch("[-a-z0-9]+", text):
        wrong.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        wrong.append("must contain at least one letter (a-z)")
    if "--" in text:
        wrong.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        wrong.append("must not begin or end with a hyphen")
    return wrong


def port_number(value: int) -> list[str]:
    """A port number."""
    return [] if 1 <= value <= 65535 else [BAD_PORT]


def port(field: str, value: Any) -> list[Cause]:
    """A port number or the name of a container port."""
    number = 0 if value is None else value
    return all_invalid(field, number, port_name(number) if isinstance(number, str) else port_number(number))


def address(field: str, text: str) -> list[Cause]:
    """An IP address."""
    return [] if is_address(text) else [invalid(field, text, BAD_ADDRESS)]


def is_address(text: str) -> bool:
    """Whether the text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def block(field: str, text: str) -> list[Cause]:
    """A block of IP addresses in CIDR notation."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return [invalid(field, text, BAD_BLOCK)]
    return [] if "/" in text else [invalid(field, text, BAD_BLOCK)]


def percent_or_count(field: str, value: Any) -> list[Cause]:
    """A count that is not negative, or a percentage."""
    if isinstance(value, str):
        return [] if re.fullmatch("[0-9]+%", value) else [invalid(field, value, BAD_PERCENT)]
    return [invalid(field, value, "must be greater than or equal to 0")] if value < 0 else []


def hundred_at_most(field: str, value: Any) -> list[Cause]:
    """A percentage of 100 at most; counts are of no interest here."""
    if isinstance(value, str) and re.fullmatch("[0-9]+%", value) and int(value[:-1]) > 100:
        return [invalid(field, value, "must not be greater than 100%")]
    return []


def qualified(field: str, text: str) -> list[Cause]:
    """A qualified name: ``name`` or ``example.com/name``."""
    return all_invalid(field, text, key_errors(text))


def labels(field: str, given: Tree | None) -> list[Cause]:
    """Keys and values of labels."""
    found: list[Cause] = []
    for key, value in (given or {}).items():
        found += all_invalid(field, key, key_errors(key))
        found += all_invalid(field, value, value_errors(value))
    return found


def annotations(field: str, given: Tree | None) -> list[Cause]:
    """Keys of annotations, which are free of case."""
    found: list[Cause] = []
    for key in given or {}:
        found += all_invalid(field, key, key_errors(key.lower()))
    return found


def label_selector(field: str, selector: Tree | None) -> list[Cause]:
    """A LabelSelector."""
    if selector is None:
        return []
    found = labels(f"{field}.matchLabels", selector.get("matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        found += _expression(f"{field}.matchExpressions[{index}]", expression)
    return found


def _expression(field: str, expression: Tree) -> list[Cause]:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    found: list[Cause] = []
    if operator in {"In", "NotIn"}:
        if not values:
            found.append(required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(forbidden(f"{field}.values", why))
    else:
        found.append(invalid(f"{field}.operator", operator, "not a valid selector operator"))
    found += qualified(f"{field}.key", expression.get("key", ""))
    for index, value in enumerate(values):
        found += all_invalid(f"{field}.values[{index}]", value, value_errors(value))
    return found
