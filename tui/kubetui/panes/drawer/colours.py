"""Where the colours of a description, of YAML and of events go; which colours they are is a matter of the theme."""

import re
from collections.abc import Iterable, Iterator, Sequence

from kubetui.model import yaml_text
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.text import Colourist

_TITLE = re.compile(r"\s*(?:- )?[^\s:][^:]*?:(?=\s|$)")
_FAINT = re.compile(r"<(none|unset|unknown|nil|invalid)>|-{3,}(?:\s+-{2,})*$")
_GOOD = ("Running", "True", "Succeeded", "Completed", "Active", "Bound", "Available")
_WARN = ("False", "Pending", "Waiting", "ContainerCreating", "Terminating")
_BAD = ("Unknown", "Failed", "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "OOMKilled", "Error", "Evicted")
_STATES = dict.fromkeys(_GOOD, "good") | dict.fromkeys(_WARN, "warn") | dict.fromkeys(_BAD, "bad")
_WORD = re.compile(r"[A-Z][A-Za-z]+")


def yaml(_number: int, line: str) -> Iterable[Span]:
    """Keys, strings, numbers, literals and comments of YAML."""
    return yaml_text.spans(line)


def description(_number: int, line: str) -> Iterator[Span]:
    """Titles, states, placeholders and the event table of a description."""
    stripped = line.lstrip()
    if stripped.startswith("Warning "):
        yield Span(0, len(line), "warn")
        return
    if stripped.startswith("Normal "):
        return
    title = _TITLE.match(line)
    at = 0
    if title is not None and not stripped.startswith(("http:", "https:")):
        at = title.end()
        yield Span(0, at, "key" if line[at:].strip() or line[:2] == "  " else "heading")
    for found in _FAINT.finditer(line, at):
        yield Span(found.start(), found.end(), "faint")
    # Only the first word of a value is a state; a message may say "Ready" without being it.
    word = _WORD.match(line, at + len(line[at:]) - len(line[at:].lstrip())) if title is not None else None
    if word is not None and word.group() in _STATES:
        yield Span(word.start(), word.end(), _STATES[word.group()])


def prepared(spans: Sequence[Sequence[Span]]) -> Colourist:
    """Colours that were found when the lines were made."""

    def colourist(number: int, _line: str) -> Iterable[Span]:
        return spans[number] if number < len(spans) else ()

    return colourist
