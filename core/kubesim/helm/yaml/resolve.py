"""What a YAML scalar stands for: go-yaml's rules, of version 2 (reading, toYaml) and 3 (toYamlPretty)."""

import calendar
import math
import re
from functools import lru_cache
from typing import Any, Final

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import parse_float

PREFIX: Final = "tag:yaml.org,2002:"
STR: Final = PREFIX + "str"
BOOL: Final = PREFIX + "bool"
INT: Final = PREFIX + "int"
FLOAT: Final = PREFIX + "float"
NULL: Final = PREFIX + "null"
TIMESTAMP: Final = PREFIX + "timestamp"
BINARY: Final = PREFIX + "binary"
MERGE: Final = PREFIX + "merge"

_RESOLVABLE: Final = frozenset({"", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP})
_INTEGER: Final = re.compile(
    r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]*)|([1-9][0-9]*))", re.ASCII
)
_INTEGER_BASES: Final = (16, 2, 8, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[+-]([0-9]{2}):([0-9]{2}))"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?",
    re.ASCII,
)
_BASE60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)


def _words() -> dict[str, tuple[str, Any]]:
    table: dict[str, tuple[str, Any]] = {}
    for tag, value, words in (
        (BOOL, True, "true True TRUE"),
        (BOOL, False, "false False FALSE"),
        (NULL, None, "~ null Null NULL"),
        (FLOAT, math.nan, ".nan .NaN .NAN"),
        (FLOAT, math.inf, ".inf .Inf .INF +.inf +.Inf +.INF"),
        (FLOAT, -math.inf, "-.inf -.Inf -.INF"),
    ):
        table.update(dict.fromkeys(words.split(), (tag, value)))
    table[""] = (NULL, None)
    return table


_WORDS3: Final = _words()
OLD_BOOLEANS: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
"""The words that only YAML 1.1 takes for booleans."""
_WORDS: Final = {**_WORDS3, **{word: (BOOL, value) for word, value in OLD_BOOLEANS.items()}}


def short_tag(tag: str) -> str:
    """``!!int`` for ``tag:yaml.org,2002:int``."""
    return "!!" + tag[len(PREFIX) :] if tag.startswith(PREFIX) else tag


@lru_cache(maxsize=8192)
def plain(text: str) -> Any:
    """The value of an untagged plain scalar: str, int, float, bool or None. Timestamps stay text."""
    known = _WORDS.get(text)
    if known is not None:
        return known[1]
    first = text[0]
    if first in "+-0123456789":
        if looks_like_timestamp(text):
            return text
        number = _number(text.replace("_", ""))
        return text if number is None else number
    if first == ".":
        return _dotted(text)
    return text


def tagged(tag: str, text: str) -> tuple[str, Any]:
    """The tag and value of a scalar with an explicit tag; GoError when the text is not of the tag's type."""
    if tag not in _RESOLVABLE:
        return tag, text
    if tag == STR:
        return STR, text
    found, value = _classified(text, tag)
    if found == tag:
        return found, value
    if tag == FLOAT and found == INT:
        return FLOAT, float(value)
    raise GoError(f"yaml: cannot decode {short_tag(found)} `{text}` as a {short_tag(tag)}")


def _classified(text: str, tag: str) -> tuple[str, Any]:
    known = _WORDS.get(text)
    if known is not None:
        return known
    if tag == TIMESTAMP and looks_like_timestamp(text):
        return TIMESTAMP, text
    value = _number(text.replace("_", "")) if text[0] in "+-0123456789" else _dotted(text)
    if isinstance(value, int):
        return INT, value
    return (FLOAT, value) if isinstance(value, float) else (STR, text)


@lru_cache(maxsize=8192)
def reads_as_string(text: str) -> bool:
    """Whether version 2 would read the plain text back as that string: otherwise it needs quotes."""
    return isinstance(plain(text), str) and not _looks_like_another_type(text)


@lru_cache(maxsize=2048)
def reads_as_string3(text: str) -> bool:
    """Whether version 3 would read the plain text back as that string, and YAML 1.1 would too."""
    if text in _WORDS or text in OLD_BOOLEANS:
        return False
    return isinstance(plain(text), str) and not _looks_like_another_type(text)


def _looks_like_another_type(text: str) -> bool:
    if not text or text[0] not in "+-0123456789":
        return False
    return looks_like_timestamp(text) or (":" in text and _BASE60.fullmatch(text) is not None)


def _dotted(text: str) -> Any:
    if not text.startswith("."):
        return text
    try:
        return parse_float(text)
    except GoError:
        return text


def _number(text: str) -> int | float | None:
    """The number of a text without underscores, or None."""
    match = _INTEGER.fullmatch(text)
    if match is not None:
        number = _integer(match)
        if number is not None:
            return number
    if _FLOAT.fullmatch(text):
        number_ = float(text)
        return None if math.isinf(number_) else number_
    return None


def _integer(match: re.Match[str]) -> int | None:
    """The integer if it fits int64, or uint64 when it has no sign."""
    sign, *runs = match.groups()
    number = 0
    for digits, base in zip(runs, _INTEGER_BASES, strict=True):
        if digits is not None:
            number = int(digits or "0", base)
    if sign == "-":
        number = -number
    limit = 1 << (63 if sign else 64)
    return number if -(1 << 63) <= number < limit else None


def looks_like_timestamp(text: str) -> bool:
    """Whether go-yaml takes the text for a timestamp."""
    if len(text) < 8 or text[4] != "-":
        return False
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    year, month, day, *rest = (int(part) if part else 0 for part in match.groups())
    if not 1 <= month <= 12 or not 1 <= day <= _days(year, month):
        return False
    hour, minute, second, zone_hour, zone_minute, hour2, minute2, second2 = rest
    return (
        max(hour, hour2) < 24
        and max(minute, minute2) < 60
        and max(second, second2) < 60
        and zone_hour <= 24
        and zone_minute < 60
    )


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if calendar.isleap(year) else 28
    return 30 if month in {4, 6, 9, 11} else 31
