"""Strings, regular expressions and named formats. # k8s: cel-go/ext/strings.go, library/regex.go, library/format.go."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from kubesim.api.cel.library.dispatch import by_type
from kubesim.api.cel.operators import Function, pattern, shown_span, to_string
from kubesim.api.cel.values import NONE, EvaluationError, Optional, Span, is_number
from kubesim.api.custom import formats
from kubesim.api.metadata import label_errors
from kubesim.objects.labelsyntax import key_errors, subdomain_errors, value_errors

_UPPER = {number: number - 32 for number in range(ord("a"), ord("z") + 1)}
_LOWER = {number: number + 32 for number in range(ord("A"), ord("Z") + 1)}


def char_at(text: str, position: int) -> str:
    """The character at a position, "" just behind the end."""
    if not 0 <= position <= len(text):
        raise EvaluationError(f"index out of range: {position}")
    return text[position : position + 1]


def join(items: list[str], *separator: str) -> str:
    """The items one after the other."""
    return (separator[0] if separator else "").join(items)


def replace(text: str, old: str, new: str, *count: int) -> str:
    """The text with some of its parts replaced."""
    return text.replace(old, new, count[0] if count else -1)


def split(text: str, separator: str, *count: int) -> list[str]:
    """The parts of a text, at most so many."""
    limit = count[0] if count else -1
    if limit == 0:
        return []
    if not separator:
        letters = list(text)
        return letters if limit < 0 else [*letters[: limit - 1], "".join(letters[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def substring(text: str, start: int, *end: int) -> str:
    """The part between two positions."""
    stop = end[0] if end else len(text)
    if not 0 <= start <= len(text):
        raise EvaluationError(f"index out of range: {start}")
    if not 0 <= stop <= len(text):
        raise EvaluationError(f"index out of range: {stop}")
    if start > stop:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def upper(text: str) -> str:
    """Upper case, ASCII letters alone."""
    return text.translate(_UPPER)


def lower(text: str) -> str:
    """Lower case, ASCII letters alone."""
    return text.translate(_LOWER)


def trim(text: str) -> str:
    """Without white space around it."""
    return text.strip()


def backwards(text: str) -> str:
    """From the end to the begin."""
    return text[::-1]


def quote(text: str) -> str:
    """In quotes, with escapes."""
    return orjson.dumps(text).decode()


# ---------------------------------------------------------------------- format
_CLAUSE = re.compile(r"%(?:\.(\d+))?([a-zA-Z%])")


def formatted(text: str, arguments: list[Any]) -> str:
    """The text with its %-clauses filled in."""
    left = list(arguments)

    def fill(found: re.Match[str]) -> str:
        verb = found[2]
        if verb == "%":
            return "%"
        if not left:
            raise EvaluationError(f"index {len(arguments)} out of range")
        return _clause(verb, found[1], left.pop(0))

    return _CLAUSE.sub(fill, text)


def _clause(verb: str, precision: str | None, value: Any) -> str:
    if verb == "s":
        return shown(value)
    if verb == "d" and isinstance(value, int):
        return str(value)
    if verb in {"f", "e"} and is_number(value):
        return f"{value:.{precision or 6}{verb}}"
    if verb in {"x", "X", "o", "b"} and isinstance(value, int | str | bytes):
        if isinstance(value, int):
            return format(int(value), verb)
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if verb == "X" else digits
    raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def shown(value: Any) -> str:
    """A value as %s shows it."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(_inner(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inner(key)}: {_inner(item)}" for key, item in sorted(value.items(), key=str)) + "}"
    if isinstance(value, Span):
        return shown_span(value)
    return to_string(value)


def _inner(value: Any) -> str:
    return shown(value)


# ---------------------------------------------------------------------- regular expressions
def find(text: str, expression: str) -> str:
    """The first match, "" for none."""
    found = pattern(expression).search(text)
    return text[slice(*found[0])] if found else ""


def find_all(text: str, expression: str, *limit: int) -> list[str]:
    """All matches, or so many."""
    found = [text[slice(*spans[0])] for spans in pattern(expression).matches(text)]
    return found[: limit[0]] if limit and limit[0] >= 0 else found


# ---------------------------------------------------------------------- named formats
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


class NamedFormat:
    """A format that texts are checked against."""

    cel_type = "kubernetes.NamedFormat"

    def __init__(self, name: str, errors: Callable[[str], list[str]]) -> None:
        self.text = name
        self._errors = errors

    def validate(self, text: str) -> Optional:
        """What is wrong with a text; nothing when it is right."""
        found = self._errors(text)
        return Optional(True, found) if found else NONE


def _label_1035(text: str) -> list[str]:
    if _LABEL_1035.fullmatch(text) and len(text) <= 63:
        return []
    return [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
        "is '[a-z]([-a-z0-9]*[a-z0-9])?')"
    ]


def _prefix(errors: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    def check(text: str) -> list[str]:
        return errors(text[:-1] + "a" if text.endswith("-") else text)

    return check


def _of_schema(name: str) -> Callable[[str], list[str]]:
    def check(text: str) -> list[str]:
        return [] if formats.matches(name, text) else [f"invalid {name}"]

    return check


_FORMATS = {
    "dns1123Label": label_errors, "dns1123Subdomain": subdomain_errors, "dns1035Label": _label_1035,
    "qualifiedName": key_errors, "labelValue": value_errors, "dns1123LabelPrefix": _prefix(label_errors),
    "dns1123SubdomainPrefix": _prefix(subdomain_errors), "dns1035LabelPrefix": _prefix(_label_1035),
    "uri": _of_schema("uri"), "uuid": _of_schema("uuid"), "byte": _of_schema("byte"), "date": _of_schema("date"),
    "datetime": _of_schema("date-time"),
}  # fmt: skip
_NAMED = {name: NamedFormat(name, errors) for name, errors in _FORMATS.items()}


def named_format(name: str) -> Optional:
    """format.named."""
    return Optional(True, _NAMED[name]) if name in _NAMED else NONE


def _constant(name: str) -> Function:
    def found() -> NamedFormat:
        return _NAMED[name]

    return found


def escape_key(text: str) -> str:
    """jsonpatch.escapeKey: a key as a part of a JSON pointer."""
    return text.replace("~", "~0").replace("/", "~1")


FUNCTIONS: dict[str, Function] = {
    "jsonpatch.escapeKey": escape_key,
    "charAt": char_at, "join": join, "replace": replace, "split": split, "substring": substring,
    "upperAscii": upper, "lowerAscii": lower, "trim": trim, "reverse": backwards, "strings.quote": quote,
    "format": by_type({str: formatted}), "find": find, "findAll": find_all, "format.named": named_format,
    "validate": NamedFormat.validate, **{f"format.{name}": _constant(name) for name in _NAMED},
}  # fmt: skip
