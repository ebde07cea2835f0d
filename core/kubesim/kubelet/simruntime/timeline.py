"""What a program does as a function of time: output, files and its end, also of loops that never end."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from kubesim.kubelet.simruntime.shell import Node
from kubesim.objects.connections import Lookup
from kubesim.objects.wire import EMPTY

OUT, WRITE, REMOVE = "out", "write", "remove"
ERRORS = "2"
"""The name of an event of text that goes to standard error."""
DATE_MARK = "\U0010fffd"
"""Encloses a date format within a text: the time is put in when the text is read."""
DEFAULT_DATE = "%a %b %e %H:%M:%S UTC %Y"


NO_LOOKUPS: Mapping[tuple[str, str, bool], Lookup] = {}


class Event(NamedTuple):
    """One effect, ``at_ms`` after the start: a text written out, a file written (path, content) or removed (path)."""

    at_ms: int
    kind: str
    name: str
    text: str = ""


class Loop(NamedTuple):
    """A loop without end: every round lasts as long, and whole-number variables change by the same amount."""

    begin_ms: int
    period_ms: int
    body: Node
    variables: Mapping[str, str]
    steps: Mapping[str, int]
    run: "Callable[[Loop, int], tuple[Event, ...]]"
    """The events of one round; a module-level function."""
    calls: Mapping[str, str] = EMPTY
    """What each round fetches: the text that came, by URL."""
    found: Mapping[tuple[str, str, bool], Lookup] = NO_LOOKUPS
    """What name servers say in each round, by name, kind and whether the search list is used."""

    def variables_at(self, turn: int) -> dict[str, str]:
        """The variables at the beginning of a round."""
        return {
            name: str(int(value) + self.steps[name] * turn) if name in self.steps else value
            for name, value in self.variables.items()
        }


class Timeline(NamedTuple):
    """Times are milliseconds since the start."""

    events: tuple[Event, ...] = ()
    end_ms: int | None = None
    code: int = 0
    serves_ms: int | None = None
    """From then on the image's own program runs."""
    loop: Loop | None = None
    trap: tuple[Event, ...] | None = None
    """What it does on TERM when it has a trap for it; times count from the signal."""
    trap_ms: int = 0
    trap_code: int = 0
    waits_for: tuple[str, ...] = ()
    """Hosts (``name`` or ``name:port``) that it waits for, asking again and again."""
    asked: bool = False
    """Whether it depends on the network."""
    reads_ms: int | None = None
    """Since when it waits for more input; None when it does not."""


def last_events(timeline: Timeline, until_ms: int, limit: int) -> list[Event]:
    """The effects up to then, at most about ``limit`` rounds of an endless loop."""
    found = [event for event in timeline.events if event.at_ms <= until_ms]
    loop = timeline.loop
    if loop is not None and until_ms >= loop.begin_ms:
        turns = (until_ms - loop.begin_ms) // loop.period_ms + 1
        for turn in range(max(0, turns - limit), turns):
            found += [event for event in loop.run(loop, turn) if event.at_ms <= until_ms]
    return found


def files_at(timeline: Timeline, until_ms: int, files: Mapping[str, str]) -> dict[str, str]:
    """The files (path to content) that exist then."""
    found = dict(files)
    for event in last_events(timeline, until_ms, 2):
        if event.kind == WRITE:
            found[event.name] = event.text
        elif event.kind == REMOVE:
            found.pop(event.name, None)
    return found


def dated(text: str, at_ms: int) -> str:
    """The text with its dates filled in."""
    if DATE_MARK not in text:
        return text
    pieces = text.split(DATE_MARK)
    for position in range(1, len(pieces), 2):
        pieces[position] = format_date(pieces[position], at_ms)
    return "".join(pieces)


def format_date(pattern: str, at_ms: int) -> str:
    """A time as ``date +pattern`` prints it, UTC."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    text = pattern.replace("%s", str(at_ms // 1000)).replace("%N", f"{at_ms % 1000:03d}000000")
    return moment.strftime(text.replace("%e", f"{moment.day:2d}"))
