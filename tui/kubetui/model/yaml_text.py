"""Objects as YAML in kubectl's style, and where the keys, strings and comments of YAML lines are."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kubesim.objects.wire import Tree

TOP = ("apiVersion", "kind", "metadata", "spec", "status")

_PLAIN = re.compile(r"[A-Za-z0-9_./\\$(<^+=-][^\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029]*")
_NOT_TEXT = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+([eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|\.(inf|Inf|INF))"
    r"|\.(nan|NaN|NAN)|~|null|Null|NULL|=|<<"
    r"|y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029\ud800-\udfff]")


# ---------------------------------------------------------------------- writing
def dump(obj: Tree) -> str:
    """An object as block-style YAML; apiVersion, kind, metadata, spec and status first, other keys sorted."""
    return "\n".join(dump_lines(obj)) + "\n"


def dump_lines(obj: Tree) -> list[str]:
    """The lines of ``dump``."""
    if not obj:
        return ["{}"]
    lines: list[str] = []
    top = [key for key in TOP if key in obj]
    for key in (*top, *sorted(key for key in obj if key not in TOP)):
        _entry(lines, "", str(key), obj[key])
    return lines


def _entry(lines: list[str], indent: str, key: str, value: Any) -> None:
    name = f"{indent}{scalar(key)}:"
    if isinstance(value, Mapping) and value:
        lines.append(name)
        for inner in sorted(value):
            _entry(lines, indent + "  ", inner, value[inner])
    elif isinstance(value, list | tuple) and value:
        lines.append(name)
        for item in value:
            _item(lines, indent, item)
    else:
        _leaf(lines, f"{name} ", indent + "  ", value)


def _item(lines: list[str], indent: str, item: Any) -> None:
    start = len(lines)
    inside = indent + "  "
    if isinstance(item, Mapping) and item:
        for key in sorted(item):
            _entry(lines, inside, key, item[key])
    elif isinstance(item, list | tuple) and item:
        for inner in item:
            _item(lines, inside, inner)
    else:
        _leaf(lines, inside, inside, item)
    lines[start] = f"{indent}- {lines[start][len(inside) :]}"


def _leaf(lines: list[str], prefix: str, indent: str, value: Any) -> None:
    if isinstance(value, str) and "\n" in value and _can_be_block(value):
        chomp = "" if value.endswith("\n") and not value.endswith("\n\n") else "+" if value.endswith("\n") else "-"
        lines.append(f"{prefix}|{chomp}")
        lines.extend(f"{indent}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        return
    lines.append(prefix + scalar(value))


def _can_be_block(text: str) -> bool:
    first = text.lstrip("\n")
    return not _CONTROL.search(text) and not first.startswith((" ", "\t")) and bool(first) and "\t\n" not in text


def scalar(value: Any) -> str:
    """A value on one line; strings are quoted only when they have to be."""
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or _NOT_TEXT.fullmatch(text):
        return False
    if text[0] in "-" and (len(text) == 1 or text[1] == " "):
        return False
    return not (": " in text or " #" in text or text[-1] in ": " or text.startswith(("---", "...")))


def _quoted(text: str) -> str:
    if "\n" not in text and "'" not in text and not _CONTROL.search(text) and '"' in text and "\t" not in text:
        return f"'{text}'"
    quoted = json.dumps(text, ensure_ascii=False)
    return _CONTROL.sub(_escape, quoted)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


# ---------------------------------------------------------------------- colouring
class Span(NamedTuple):
    """A stretch of a line (``end`` excluded) and what it is: key, string, number, literal, punctuation or comment."""

    start: int
    end: int
    kind: str


_LINE = re.compile(
    r"(?P<indent>\s*)(?P<dashes>(?:- )*-?)(?P<key>(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s#'\"{\[][^#]*?):(?=\s|$))?"
)
_NUMBER = re.compile(r"[-+]?[0-9][0-9_.]*(e[-+]?[0-9]+)?")
_LITERAL = re.compile(r"true|false|null|~|\{\}|\[\]")


def spans(line: str) -> Iterator[Span]:
    """What the parts of one line of block-style YAML are; lines inside block scalars come out as strings or keys."""
    stripped = line.lstrip()
    if not stripped:
        return
    if stripped[0] == "#" or stripped == "---":
        yield Span(0, len(line), "comment")
        return
    found = _LINE.match(line)
    at = 0
    if found is not None:
        if found["dashes"]:
            yield Span(found.start("dashes"), found.end("dashes"), "punctuation")
        if found["key"]:
            yield Span(found.start("key"), found.end("key") - 1, "key")
            yield Span(found.end("key") - 1, found.end("key"), "punctuation")
        at = found.end()
    rest = line[at:]
    value = rest.strip()
    if value:
        start = at + len(rest) - len(rest.lstrip())
        yield Span(start, len(line), _kind(value))


def _kind(value: str) -> str:
    if _LITERAL.fullmatch(value):
        return "literal"
    if _NUMBER.fullmatch(value):
        return "number"
    if value[0] in "|>" and len(value) <= 2:
        return "punctuation"
    return "string"
