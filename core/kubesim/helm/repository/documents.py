"""Writes JSON whose keys keep the order of Go's structs, and times as Go's JSON has them."""

import json
import re
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import encode

_UNSAFE: Final = re.compile("[<>&\u2028\u2029]")
_TIME: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(?:Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
SECOND: Final = 1_000_000_000


def struct_json(tree: Any, indent: int | None = None) -> bytes:
    """encoding/json of a struct: keys stay in their order; ``indent`` as in MarshalIndent."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(tree, ensure_ascii=False, indent=indent, separators=separators)
    return encode(_UNSAFE.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def read_time(text: str) -> str:
    """A time as it is written again: without zeros at the end of its fraction; ChartError with Go's text."""
    match = _TIME.fullmatch(text)
    if match is None:
        from kubesim.helm.functions.dates.parsing import parse_time  # noqa: PLC0415 (only for its error)

        try:
            parse_time(_LAYOUT, text)
        except GoError as error:
            raise ChartError(f"error unmarshaling JSON: while decoding JSON: {error}") from None
        raise ChartError(f"error unmarshaling JSON: while decoding JSON: parsing time {text}: invalid time")
    fraction = match.group(1)
    if fraction is None or not fraction.endswith("0"):
        return text
    kept = fraction.rstrip("0")
    return text.replace(fraction, "" if kept == "." else kept, 1)


def time_text(nanoseconds: int) -> str:
    """RFC 3339 with as many digits as needed; ``nanoseconds`` since 1970, in UTC."""
    from kubesim.helm.functions.dates.calendar import civil_from_days  # noqa: PLC0415 (only writers need it)

    seconds, rest = divmod(nanoseconds, SECOND)
    days, clock = divmod(seconds, 86400)
    year, month, day = civil_from_days(days)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{year:04d}-{month:02d}-{day:02d}T{clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}{fraction}Z"
