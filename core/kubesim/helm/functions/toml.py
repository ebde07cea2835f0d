"""Reads TOML as the library BurntSushi/toml does."""

import re
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any, Final

from kubesim.helm.functions.dates.calendar import LOCAL, UTC_ZONE, Zone
from kubesim.helm.functions.dates.moments import Time, moment
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote, quote_rune
from kubesim.helm.template.values import Int64, MapSlice

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def from_toml(text: str) -> dict[str, Any]:
    """A document as a map: integers are int64, arrays of tables lists of maps. GoError when it is malformed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GoError(_complaint(text, str(error))) from None
    except RecursionError:
        raise GoError("toml: values nest too deeply") from None
    return {key: _value(value) for key, value in document.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bool | str | float):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise GoError(f"toml: {value} is out of range for int64")
        return Int64(value)
    if isinstance(value, dict):
        return {key: _value(one) for key, one in value.items()}
    if isinstance(value, list):
        items = [_value(one) for one in value]
        return MapSlice(items) if items and all(isinstance(one, dict) for one in items) else items
    return _time(value)


def _time(value: datetime | date | time) -> Time:
    if isinstance(value, datetime):
        zone = LOCAL
        if value.tzinfo is not None:
            offset = value.utcoffset() or UTC.utcoffset(None)
            seconds = int(offset.total_seconds())
            zone = Zone("", seconds, "") if seconds else UTC_ZONE
        clock = (value.hour, value.minute, value.second)
        return moment(value.year, value.month, value.day, clock, value.microsecond * 1000, zone)
    if isinstance(value, date):
        return moment(value.year, value.month, value.day)
    return moment(0, 1, 1, (value.hour, value.minute, value.second), value.microsecond * 1000)


def _complaint(text: str, message: str) -> str:
    """Go's words for what Python's reader complains of. # differs: only the commoner mistakes have Go's exact words."""
    match = _PLACE.search(message)
    line, column = text.count("\n") + 1, 0
    at = len(text)
    if match is not None and match.group(1):
        line, column = int(match.group(1)), int(match.group(2))
        at = sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1
    problem = message[: match.start()] if match is not None else message
    found = text[at : at + 1]
    return f"toml: line {line}: {_words(problem, found)}"


def _words(problem: str, found: str) -> str:
    shown = quote_rune(ord(found)) if found else ""
    if problem.startswith("Expected '='"):
        return (
            f"expected '.' or '=', but got {shown} instead" if found else "unexpected EOF; expected key separator '='"
        )
    if problem == "Invalid value":
        return f"expected value but found {shown} instead" if found else "unexpected EOF; expected value"
    if problem.startswith("Expected newline or end of document"):
        return f"expected a top-level item to end with a newline, comment, or EOF, but got {shown} instead"
    if problem == "Cannot overwrite a value":
        return "Key has already been defined."
    if problem.startswith("Unterminated string"):
        return "unexpected EOF; expected '\"'"
    if problem == "Invalid statement":
        return f"expected start of a key but found {shown}" if found else "unexpected EOF"
    return quote(problem)[1:-1].lower()
