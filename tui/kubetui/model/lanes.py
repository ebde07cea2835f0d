"""Swim-lanes: what each pod of a workload or a node went through, drawn over one axis of time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.objects import tree as trees
from kubesim.objects.wire import Tree
from kubetui.client.port import Version
from kubetui.model import clock
from kubetui.model.yaml_text import Span

PENDING, PULLING, RUNNING, READY, FAILING, TERMINATING, GONE = (
    "Pending", "Creating", "Running", "Ready", "Failing", "Terminating", "gone",
)  # fmt: skip

SIGNS: Mapping[str, tuple[str, str]] = {
    PENDING: ("·", "warn"),
    PULLING: ("░", "number"),
    RUNNING: ("▒", "number"),
    READY: ("█", "good"),
    FAILING: ("×", "bad"),
    TERMINATING: ("▁", "faint"),
    GONE: (" ", "faint"),
}
"""The sign and the colour of each state; signs alone tell them apart, too."""


class Stretch(NamedTuple):
    """A state that lasted from ``start`` on."""

    start: int
    state: str


class Lane(NamedTuple):
    """One pod's life."""

    name: str
    stretches: tuple[Stretch, ...]


class Line(NamedTuple):
    """A line of text and its colours."""

    text: str = ""
    spans: tuple[Span, ...] = ()


def state(pod: Tree | None) -> str:
    """What a pod is doing."""
    if pod is None:
        return GONE
    if pod["metadata"].get("deletionTimestamp"):
        return TERMINATING
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return FAILING
    if not trees.get(pod, "spec.nodeName", ""):
        return PENDING
    for container in status.get("containerStatuses") or ():
        waiting = trees.get(container, "state.waiting.reason", "")
        if waiting.endswith(("BackOff", "Error")) or waiting.startswith("Err"):
            return FAILING
    if any(each.get("type") == "Ready" and each.get("status") == "True" for each in status.get("conditions") or ()):
        return READY
    running = any(trees.get(each, "state.running", None) is not None for each in status.get("containerStatuses") or ())
    return RUNNING if running else PULLING


def lane(name: str, versions: Sequence[Version]) -> Lane:
    """The life of a pod from its versions, the oldest first."""
    found: list[Stretch] = []
    for version in versions:
        now = state(version.object)
        if not found or found[-1].state != now:
            found.append(Stretch(version.at, now))
    return Lane(name, tuple(found))


def draw(lanes: Sequence[Lane], now: int, epoch: int, width: int) -> list[Line]:
    """All lanes under an axis from the first thing that happened to now."""
    lanes = [each for each in lanes if each.stretches]
    if not lanes:
        return [Line("no pods yet", (Span(0, 11, "faint"),))]
    named = min(max(len(each.name) for each in lanes), max(width // 3, 12))
    room = max(width - named - 2, 10)
    start = min(each.stretches[0].start for each in lanes)
    end = max(now, start + 1)
    shown = [_axis(start - epoch, end - epoch, named, room)]
    shown += [_drawn(each, start, end, named, room) for each in lanes]
    return [*shown, _legend(lanes)]


def _axis(start: int, end: int, named: int, room: int) -> Line:
    left, right = clock.short_elapsed(start), clock.short_elapsed(end)
    gap = max(room - len(left) - len(right), 1)
    text = f"{'':{named}}  {left}{'─' * gap}{right}"
    return Line(text, (Span(0, len(text), "faint"),))


def _drawn(each: Lane, start: int, end: int, named: int, room: int) -> Line:
    cells = [GONE] * room
    edges = [*(stretch.start for stretch in each.stretches[1:]), end]
    for stretch, until in zip(each.stretches, edges, strict=True):
        first = (stretch.start - start) * room // (end - start)
        last = max((until - start) * room // (end - start), first + 1)
        cells[first:last] = [stretch.state] * (min(last, room) - first)
    name = each.name if len(each.name) <= named else f"…{each.name[-named + 1 :]}"
    text = f"{name:{named}}  "
    spans: list[Span] = []
    for cell in cells[:room]:
        sign, kind = SIGNS[cell]
        if spans and spans[-1].kind == kind and spans[-1].end == len(text):
            spans[-1] = Span(spans[-1].start, len(text) + 1, kind)
        else:
            spans.append(Span(len(text), len(text) + 1, kind))
        text += sign
    return Line(text.rstrip(), tuple(spans))


def _legend(lanes: Sequence[Lane]) -> Line:
    used = {stretch.state for each in lanes for stretch in each.stretches}
    text, spans = "", []
    for name, (sign, kind) in SIGNS.items():
        if name in used and name != GONE:
            spans.append(Span(len(text), len(text) + 1, kind))
            text += f"{sign} {name}   "
    return Line(text.rstrip(), tuple(spans))
