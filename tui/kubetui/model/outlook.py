"""A forecast: looks at a copy of the cluster while its time runs ahead, and their story with formulas and curves."""

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, Protocol

from kubesim.objects import pods as readers
from kubesim.objects import quantities
from kubesim.objects import tree as trees
from kubesim.objects.wire import AUTOSCALERS, NODES, PODS, Gvr, Tree
from kubetui.client.port import Traffic
from kubetui.model import clock
from kubetui.model.flows import traffic as traffic_flow
from kubetui.model.lanes import Line
from kubetui.model.whatif import reasons
from kubetui.model.yaml_text import Span

DURATION = 600_000
"""Ten minutes ahead, unless somebody says otherwise."""
BLOCKS = "▁▂▃▄▅▆▇█"
Place = tuple[str, str]


class Shelf(Protocol):
    """Where objects are read."""

    def range(self, gvr: Gvr, namespace: str = "") -> Sequence[Tree]:
        """All objects of a kind."""


class Scaling(NamedTuple):
    """One autoscaler: replicas now, wanted and allowed; its first metric now and as it should be, None when unknown."""

    replicas: int
    desired: int
    least: int
    most: int
    metric: str = ""
    current: int | None = None
    target: int = 0


class Packing(NamedTuple):
    """What the pods of a node ask for, as parts of what it can give."""

    cpu: float
    memory: float
    pods: int


class Look(NamedTuple):
    """The cluster at one instant."""

    at: int
    pods: int
    ready: int
    pending: Mapping[Place, str]
    scaling: Mapping[Place, Scaling]
    traffic: Mapping[Place, Traffic]
    nodes: Mapping[str, Packing]


def look(shelf: Shelf, traffic: Mapping[Place, Traffic], now: int) -> Look:
    """Look at a cluster now."""
    living = [pod for pod in shelf.range(PODS) if not readers.is_terminal(pod)]
    pending = {}
    asked: dict[str, tuple[int, int, int]] = {}
    for pod in living:
        node = readers.node_name(pod)
        if not node:
            pending[_place(pod)] = _why(pod)
            continue
        wanted, known = readers.requests(pod), asked.get(node, (0, 0, 0))
        asked[node] = (known[0] + wanted.get("cpu", 0), known[1] + wanted.get("memory", 0), known[2] + 1)
    nodes = {node["metadata"]["name"]: _packing(node, asked) for node in shelf.range(NODES)}
    scaling = {_place(each): _scaling(each) for each in shelf.range(AUTOSCALERS)}
    ready = sum(1 for pod in living if readers.is_ready(pod))
    return Look(now, len(living), ready, pending, scaling, dict(traffic), nodes)


def _place(obj: Tree) -> Place:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _why(pod: Tree) -> str:
    for condition in trees.get(pod, "status.conditions", ()) or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message", ""))
    return ""


def _packing(node: Tree, asked: Mapping[str, tuple[int, int, int]]) -> Packing:
    given = trees.get(node, "status.allocatable", {}) or {}
    cpu, memory, count = asked.get(node["metadata"]["name"], (0, 0, 0))
    room = (quantities.milli(given.get("cpu", 0)), quantities.value(given.get("memory", 0)))
    return Packing(cpu / room[0] if room[0] else 0.0, memory / room[1] if room[1] else 0.0, count)


def _scaling(obj: Tree) -> Scaling:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    metric: Any = next((each for each in spec.get("metrics") or () if each.get("type") == "Resource"), None)
    name = str(trees.get(metric, "resource.name", "")) if metric else ""
    target = int(trees.get(metric, "resource.target.averageUtilization", 0) or 0) if metric else 0
    now = None
    for each in status.get("currentMetrics") or ():
        if trees.get(each, "resource.name", "") == name:
            now = trees.get(each, "resource.current.averageUtilization", None)
    return Scaling(
        int(status.get("currentReplicas") or 0),
        int(status.get("desiredReplicas") or 0),
        int(spec.get("minReplicas") or 1),
        int(spec.get("maxReplicas") or 0),
        name,
        None if now is None else int(now),
        target,
    )


# ---------------------------------------------------------------------- what was typed
_TIME = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")


class Question(NamedTuple):
    """How far ahead, and under which load: that of now when ``load`` is None."""

    duration: int
    load: traffic_flow.Traffic | None = None


def parse(text: str, namespace: str) -> Question:
    """Read ``[[SERVICE] 200 | ramp 10 200 5m | sine 10 200 10m | off] [TIME]``. Raises ValueError."""
    words = text.split()
    if not words:
        return Question(DURATION)
    if len(words) == 1 and _TIME.fullmatch(words[0].lower()):
        return Question(clock.parse_span(words[0]))
    try:
        return _under(traffic_flow.parse(text, namespace), 0)
    except ValueError:
        if not _TIME.fullmatch(words[-1].lower()):
            raise
    return _under(traffic_flow.parse(" ".join(words[:-1]), namespace), clock.parse_span(words[-1]))


def _under(load: traffic_flow.Traffic, duration: int) -> Question:
    curve = (load.spec or {}).get("curve") or {}
    seconds = int(curve.get("durationSeconds") or curve.get("periodSeconds") or 0)
    # The autoscaler follows a while after the curve has ended.
    return Question(duration or max(DURATION, seconds * 1000 + DURATION // 2), load)


# ---------------------------------------------------------------------- the story
def lines(looks: Sequence[Look], epoch: int, width: int) -> list[Line]:
    """The whole forecast."""
    first, last = looks[0], looks[-1]
    until = clock.short_elapsed(last.at - first.at)
    found = [_heading(f"FROM {clock.short_elapsed(first.at - epoch)} ON, {until} AHEAD")]
    room = max(min(width - 62, 60), 10)
    found.append(_curve("pods ready", [each.ready for each in looks], room))
    found.append(_curve("pods pending", [len(each.pending) for each in looks], room, bad=True))
    places = sorted({place for each in looks for place in each.traffic})
    for place in places:
        rates = [each.traffic[place].rate if place in each.traffic else 0.0 for each in looks]
        found.append(_curve(f"{'/'.join(place)} requests/s", rates, room))
        errors = [each.traffic[place].errors if place in each.traffic else 0.0 for each in looks]
        if any(errors):
            found.append(_curve(f"{'/'.join(place)} errors/s", errors, room, bad=True))
    found += _autoscaling(looks, epoch, room)
    found += _fit(looks, epoch, width)
    found += _nodes(first, last)
    return found


def _curve(title: str, values: Sequence[float], room: int, *, bad: bool = False) -> Line:
    """``title  ▁▂▅█  from 1 to 9, at most 9``."""
    drawn = _squeezed(values, room)
    most = max(values)
    signs = "".join(BLOCKS[min(int(value / most * 7.999), 7)] if most else BLOCKS[0] for value in drawn)
    text = f"  {_cut(title, 26):26} {signs}  "
    kind = "bad" if bad and most else "faint" if bad else "good"
    told = f"{values[0]:.4g} → {values[-1]:.4g}" + (
        f", at most {most:.4g}" if most > max(values[0], values[-1]) else ""
    )
    return Line(text + told, (Span(29, 29 + len(signs), kind),))


def _squeezed(values: Sequence[float], room: int) -> list[float]:
    """The highest of each stretch, when there are more values than columns."""
    if len(values) <= room:
        return list(values)
    return [max(values[len(values) * at // room : max(len(values) * (at + 1) // room, 1)]) for at in range(room)]


def _autoscaling(looks: Sequence[Look], epoch: int, room: int) -> list[Line]:
    found: list[Line] = []
    for place in sorted({place for each in looks for place in each.scaling}):
        seen = [(each.at, each.scaling[place]) for each in looks if place in each.scaling]
        last = seen[-1][1]
        found += [Line(), _heading(f"AUTOSCALER {'/'.join(place)}  min {last.least}  max {last.most}")]
        found.append(_curve("replicas", [each.replicas for _, each in seen], room))
        found += [Line(f"  {text}") for text in _formulas(seen, epoch)]
        if last.desired >= last.most and last.current is not None and last.current > last.target:
            found.append(_told(f"  at its limit: {last.current}% of {last.target}% with {last.most} replicas", "warn"))
    return found


def _formulas(seen: Sequence[tuple[int, Scaling]], epoch: int) -> list[str]:
    """Each change of the wish, with the numbers that led to it."""
    told = []
    before = seen[0][1]
    for at, each in seen[1:]:
        if each.desired != before.desired:
            source = before if before.current is not None else each
            told.append(
                f"{clock.short_elapsed(at - epoch):>9}  {before.desired} → {each.desired}{_formula(source, each)}"
            )
        before = each
    return told[:12] + ([f"and {len(told) - 12} more"] if len(told) > 12 else []) or ["stays as it is"]


def _formula(before: Scaling, after: Scaling) -> str:
    """The formula, as far as the numbers that were seen explain the step."""
    for each in (after, before):
        if each.current is None or not each.target:
            continue
        wish = ceil(before.replicas * each.current / each.target)
        held = f", held to {after.desired}" if wish != after.desired else ""
        words = f"ceil({before.replicas} × {each.current}% / {each.target}%) = {wish}"
        return f"   {each.metric}: {words}{held}"
    return ""


def _fit(looks: Sequence[Look], epoch: int, width: int) -> list[Line]:
    known = looks[0].pending
    for each in looks:
        fresh = sorted(place for place, why in each.pending.items() if place not in known and why)
        if fresh:
            text = f"  at {clock.short_elapsed(each.at - epoch)}: {'/'.join(fresh[0])}"
            why = [f"  {_cut(words, width - 4)}" for words in reasons(looks[-1].pending or each.pending)]
            return [Line(), _heading("FIRST POD THAT FITS NOWHERE"), _told(text, "bad"), *map(Line, why)]
    if known:
        why = [f"  {_cut(words, width - 4)}" for words in reasons(known)]
        return [Line(), _heading(f"PENDING ALREADY {len(known)}"), *map(Line, why)]
    return [Line(), _told("every pod fits", "good")]


def _nodes(first: Look, last: Look) -> list[Line]:
    named = max([*(len(name) for name in last.nodes), 4])
    found = [Line(), _heading(f"{'NODE':{named}}    PODS        CPU REQUESTS      MEMORY REQUESTS")]
    for name, packing in sorted(last.nodes.items()):
        before = first.nodes.get(name, Packing(0.0, 0.0, 0))
        text = f"{name:{named}}  {before.pods:3d} → {packing.pods:<3d}"
        text += f"   {before.cpu:5.0%} → {packing.cpu:<5.0%}     {before.memory:5.0%} → {packing.memory:<5.0%}"
        full = max(packing.cpu, packing.memory)
        found.append(_told(text, "bad" if full >= 0.95 else "warn" if full >= 0.8 else "text"))
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(width - 1, 1)]}…"


def _heading(text: str) -> Line:
    return Line(text, (Span(0, len(text), "heading"),))


def _told(text: str, kind: str) -> Line:
    return Line(text, (Span(0, len(text), kind),))
