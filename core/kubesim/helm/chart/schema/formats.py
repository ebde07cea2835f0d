"""The formats of strings that older drafts of JSON schema check, and the patterns of all."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote

if TYPE_CHECKING:
    from kubesim.objects.regex import Pattern


def pattern(text: str) -> "Pattern":
    """A pattern in Go's dialect; GoError when it is malformed."""
    from kubesim.helm.functions.regex import compile_pattern  # noqa: PLC0415 (most schemas have no patterns)

    return compile_pattern(text)


def format_problem(name: str, value: Any) -> str | None:
    """Why a value is not of a format; None when it is, or is no string, or the format is not known."""
    check = _FORMATS.get(name)
    return check(value) if check is not None and isinstance(value, str) else None


def _regex(text: str) -> str | None:
    try:
        pattern(text)
    except GoError as error:
        return str(error)
    return None


def _ipv4(text: str) -> str | None:
    groups = text.split(".")
    if len(groups) != 4:
        return "expected four decimals"
    for group in groups:
        if len(group) > 1 and group[0] == "0":
            return "leading zeros"
        if not (group.isascii() and group.isdecimal()) or int(group) > 255:
            return f"expected decimal: {group}" if not group.isdecimal() else "decimal must be between 0 and 255"
    return None


def _ipv6(text: str) -> str | None:
    if ":" not in text:
        return "missing colon"
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return f"ParseAddr({quote(text)}): unable to parse IP"
    return None


def _hostname(text: str) -> str | None:
    text = text.removesuffix(".")
    if len(text) > 253:
        return "more than 253 characters long"
    for label in text.split("."):
        if not 1 <= len(label) <= 63:
            return "label must be 1 to 63 characters long"
        if label.startswith("-"):
            return "label starts with hyphen"
        if label.endswith("-"):
            return "label ends with hyphen"
        for letter in label:
            if not (letter.isascii() and (letter.isalnum() or letter == "-")):
                return f"invalid character {quote(letter)}"
    return None


def _email(text: str) -> str | None:
    if len(text) > 254:
        return "more than 255 characters long"
    local, found, domain = text.rpartition("@")
    if not found:
        return "missing @"
    if len(local) > 64:
        return "local part more than 64 characters long"
    quoted_local = len(local) > 1 and local[0] == local[-1] == '"'
    if not quoted_local and (not local or local[0] == "." or local[-1] == "." or ".." in local):
        return "starts with dot" if local.startswith(".") else "invalid local part"
    if domain.startswith("[") and domain.endswith("]"):
        return None
    problem = _hostname(domain)
    return f"invalid domain: {problem}" if problem else None


def _date(text: str) -> str | None:
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text, re.ASCII)
    if match is None:
        return f'parsing time {quote(text)} as "2006-01-02": cannot parse {quote(text)} as "2006"'
    month, day = int(match[2]), int(match[3])
    if not 1 <= month <= 12:
        return f"parsing time {quote(text)}: month out of range"
    days = (31, 29 if _is_leap(int(match[1])) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= day <= days[month - 1]:
        return f"parsing time {quote(text)}: day out of range"
    return None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _time(text: str) -> str | None:
    if len(text) < 9:
        return "less than 9 characters long"
    match = re.fullmatch(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[zZ]|[+-][0-9]{2}:[0-9]{2})", text, re.ASCII)
    if match is None:
        return "missing colon in correct place"
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    return None if hour < 24 and minute < 60 and second < 61 else "hour/min/sec out of range"


def _date_time(text: str) -> str | None:
    if len(text) < 20:
        return "less than 20 characters long"
    if text[10] not in "tT":
        return "11th character must be t or T"
    problem = _date(text[:10])
    if problem:
        return f"invalid date element: {problem}"
    problem = _time(text[11:])
    return f"invalid time element: {problem}" if problem else None


def _uri(text: str) -> str | None:
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", text) is None:
        return "relative url"
    return "invalid url" if re.search(r"[\s<>\"{}|\\^`]", text) else None


def _uuid(text: str) -> str | None:
    elements = text.split("-")
    if len(elements) != 5:
        return "must have 5 elements"
    for element, length in zip(elements, (8, 4, 4, 4, 12), strict=True):
        if len(element) != length:
            return f"element must be {length} characters long"
        if not re.fullmatch("[0-9a-fA-F]+", element):
            return "non hex character"
    return None


def _duration(text: str) -> str | None:
    if not text.startswith("P"):
        return "must start with P"
    body = r"P(?:\d+W|(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)"
    return None if re.fullmatch(body, text, re.ASCII) else "invalid duration"


_FORMATS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "regex": _regex,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "hostname": _hostname,
    "email": _email,
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "uri": _uri,
    "uuid": _uuid,
    "duration": _duration,
}
