"""The description of a kind that kubectl knows nothing about: every field by its name."""

import re
from collections.abc import Sequence
from typing import Any

from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import Sheet, shown
from kubetui.model.describe.metadata import heading

_HEADING = frozenset(
    (".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations")
)
_ACRONYMS = frozenset(("API", "URL", "UID", "GUID"))
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|-+")


def describe_any(obj: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe an object of any kind."""
    sheet = Sheet()
    heading(sheet, obj)
    _content(sheet, 0, obj, "")
    events(sheet, found, now)
    return sheet.text()


def _content(sheet: Sheet, level: int, content: Tree, above: str) -> None:
    for name in sorted(content):
        path = f"{above}.{name}"
        if path in _HEADING:
            continue
        value = content[name]
        if isinstance(value, dict):
            sheet.line(level, f"{title(name)}:")
            _content(sheet, level + 1, value, path)
        elif isinstance(value, list):
            sheet.line(level, f"{title(name)}:")
            _items(sheet, level + 1, value, path)
        else:
            sheet.pair(level, title(name), value)


def _items(sheet: Sheet, level: int, items: Sequence[Any], path: str) -> None:
    for item in items:
        if isinstance(item, dict):
            _content(sheet, level, item, path)
        else:
            sheet.line(level, shown(item))


def title(name: str) -> str:
    """A field's name as words: ``creationTimestamp`` becomes ``Creation Timestamp``, ``apiVersion`` ``API Version``."""
    if not all(letter.isalpha() or letter == "-" for letter in name):
        return name
    parts = _WORDS.findall(name)
    merged: list[str] = []
    skip = False
    for position, part in enumerate(parts):
        if skip:
            skip = False
            continue
        following = parts[position + 1] if position + 1 < len(parts) else ""
        skip = len(part) >= 2 and part == part.upper() and following[:1].isupper()
        merged.append(part + following if skip else part)
    return " ".join(_word(part) for part in merged)


def _word(part: str) -> str:
    if part.upper() in _ACRONYMS:
        return part.upper()
    return part.capitalize() if part == part.lower() else part
