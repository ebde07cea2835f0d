"""Where the colours of a description, of YAML and of events go; which colours they are is a matter of the theme."""

import re
from collections.abc import Iterable, Iterator, Sequence

from kubetui.model import yaml_text
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer.text import Colourist

_TITLE = re.compile(r"\s*(?:- )?[^\s:][^:]*?:(?=\s|$)")
_FAINT = re.compile(r"<(none|unset|unknown|nil|invalid)>|-{3,}(?:\s+-{2,})*$")
_STATES = {
    "Running": "good", "Ready": "text", "True": "good", "Succeeded": "good", "Completed": "good", "Active": "good",
    "Bound": "good", "False": "warn", "Unknown": "bad", "Pending": "warn", "Waiting": "warn", "ContainerCreating": "warn",
    "Terminating": "warn", "Failed": "bad", "CrashLoopBackOff": "bad", "ImagePullBackOff": "bad", "ErrImagePull": "bad",
    "OOMKilled": "bad", "Error": "bad", "Evicted": "bad",
}  # fmt: skip
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
        yield Span(0, at, "key" if line[:1] == " " else "heading")
    for found in _FAINT.finditer(line, at):
        yield Span(found.start(), found.end(), "faint")
    # Only the first word of a value is a state; a message may say "Ready" without being it.
    word = _WORD.search(line, at)
    if word is not None and word.group() in _STATES and (title is not None or line[:1] == " "):
        yield from _states(line, at)


def _states(line: str, at: int) -> Iterator[Span]:
    words = list(_WORD.finditer(line, at))[:2]
    for word in words:
        kind = _STATES.get(word.group(), "text")
        if kind != "text":
            yield Span(word.start(), word.end(), kind)


def prepared(spans: Sequence[Sequence[Span]]) -> Colourist:
    """Colours that were found when the lines were made."""

    def colourist(number: int, _line: str) -> Iterable[Span]:
        return spans[number] if number < len(spans) else ()

    return colourist
