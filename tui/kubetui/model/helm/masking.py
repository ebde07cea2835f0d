"""Hides what Secrets hold in the text of a manifest, until the person asks to see it."""

import re
from typing import Final

from kubetui.model.editing import MASK

_DOCUMENT: Final = re.compile(r"^---[^\n]*\n?", re.MULTILINE)
_SECRET: Final = re.compile(r"^kind:\s*[\"']?Secret[\"']?\s*(#.*)?$", re.MULTILINE)
_ENTRY: Final = re.compile(r"^(\s+)([^\s#:][^:]*):(\s|$)")


def mask(text: str) -> str:
    """A manifest in which the values of Secrets are stars."""
    parts: list[str] = []
    at = 0
    for separator in _DOCUMENT.finditer(text):
        parts += [_document(text[at : separator.start()]), separator[0]]
        at = separator.end()
    return "".join([*parts, _document(text[at:])])


def _document(text: str) -> str:
    if not _SECRET.search(text):
        return text
    lines: list[str] = []
    inside, indent = False, ""
    for line in text.splitlines(keepends=True):
        if not line[:1].isspace() and line.strip() and not line.startswith("#"):
            inside, indent = line.startswith(("data:", "stringData:")), ""
            head, _, rest = line.partition(":")
            lines.append(f"{head}: {MASK}\n" if inside and rest.strip() else line)
            continue
        entry = _ENTRY.match(line) if inside else None
        if entry is not None and (not indent or entry[1] == indent):
            indent = entry[1]
            lines.append(f"{entry[1]}{entry[2]}: {MASK}\n")
        elif not inside or not line.strip():
            lines.append(line)
    return "".join(lines)
