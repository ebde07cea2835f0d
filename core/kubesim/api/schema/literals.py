"""Texts that stand for something else in JSON - times and bytes - checked as Go reads them."""

import re
from datetime import UTC, datetime
from functools import lru_cache

LAYOUT = "2006-01-02T15:04:05Z07:00"
MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"

_PIECES = (
    (r"\d{4}", "2006"),
    ("-", "-"),
    (r"\d{2}", "01"),
    ("-", "-"),
    (r"\d{2}", "02"),
    ("T", "T"),
    (r"\d{2}", "15"),
    (":", ":"),
    (r"\d{2}", "04"),
    (":", ":"),
    (r"\d{2}", "05"),
)
_ZONE = re.compile(r"Z|[+-]\d{2}:\d{2}")
_FRACTION = re.compile(r"[.,]\d+")
_MICROSECONDS = re.compile(r"[.,]\d{6}")
_RANGES = (("month", 5, 1, 12), ("day", 8, 1, 31), ("hour", 11, 0, 23), ("minute", 14, 0, 59), ("second", 17, 0, 59))
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


@lru_cache(maxsize=4096)
def time_error(text: str, layout: str = LAYOUT) -> str:
    """What time.Parse has against an RFC 3339 time; "" when nothing."""
    position = 0
    for pattern, name in _PIECES:
        match = re.compile(pattern).match(text, position)
        if match is None:
            return _cannot(text, layout, text[position:], name)
        position = match.end()
    # k8s: a MicroTime must have six decimals, a Time may have any.
    fraction = (_MICROSECONDS if layout == MICRO_LAYOUT else _FRACTION).match(text, position)
    if fraction is not None:
        position = fraction.end()
    elif layout == MICRO_LAYOUT:
        return _cannot(text, layout, text[position:], ".000000")
    zone = _ZONE.match(text, position)
    if zone is None:
        return _cannot(text, layout, text[position:], "Z07:00")
    if zone.end() < len(text):
        return f'parsing time "{text}": extra text: "{text[zone.end() :]}"'
    for name, start, low, high in _RANGES:
        if not low <= int(text[start : start + 2]) <= high:
            return f'parsing time "{text}": {name} out of range'
    try:
        datetime.fromisoformat(text[:10])
    except ValueError:
        return f'parsing time "{text}": day out of range'
    return ""


def _cannot(text: str, layout: str, rest: str, piece: str) -> str:
    return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{piece}"'


@lru_cache(maxsize=4096)
def canonical_time(text: str) -> str:
    """A valid time as metav1.Time writes it: UTC, whole seconds."""
    if text[-1] == "Z" and len(text) == 20:
        return text
    return f"{datetime.fromisoformat(_six_digits(text)).astimezone(UTC).isoformat()[:19]}Z"


@lru_cache(maxsize=4096)
def canonical_micro_time(text: str) -> str:
    """A valid time as metav1.MicroTime writes it: UTC, six decimals."""
    if text[-1] == "Z" and len(text) == 27:
        return text
    return f"{datetime.fromisoformat(_six_digits(text)).astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


def _six_digits(text: str) -> str:
    match = _FRACTION.search(text)
    if match is not None:
        text = f"{text[: match.start()]}.{match[0][1:7].ljust(6, '0')}{text[match.end() :]}"
    return text.replace("Z", "+00:00")


def base64_error(text: str) -> str:
    """What Go's base64.StdEncoding has against a text; "" when nothing. Line ends are allowed."""
    plain = text.replace("\n", "").replace("\r", "")
    return "" if _BASE64.fullmatch(plain) else f"illegal base64 data at input byte {_illegal(plain)}"


def _illegal(text: str) -> int:
    wrong = _NOT_BASE64.search(text)
    if wrong is None:
        return len(text) - len(text) % 4
    at = wrong.start()
    if text[at] != "=" or at % 4 < 2:
        return at
    # Padding: what follows is wrong, or is missing.
    return at + 1 if at % 4 == 3 or text[at + 1 : at + 2] != "=" else at + 2
