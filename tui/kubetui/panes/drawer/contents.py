"""What the tabs of the drawer show: lines and their colours, made from the object as it was read last."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects.wire import EVENTS, Tree
from kubetui.model import describe, inferring, why, yaml_text
from kubetui.model.describe.events import interval, last_seen, message, source
from kubetui.model.describe.layout import aligned
from kubetui.model.editing import Presentation, present
from kubetui.model.lanes import Line
from kubetui.model.yaml_text import Span
from kubetui.panes.drawer import colours
from kubetui.panes.drawer.detail import Detail
from kubetui.panes.drawer.text import Colourist, plain

TABS = ("describe", "yaml", "logs", "events", "why", "xray", "history", "diff")
TITLES = {
    "describe": "Describe", "yaml": "YAML", "logs": "Logs", "events": "Events", "why": "Why", "xray": "Xray",
    "history": "History", "diff": "Diff",
}  # fmt: skip

LOGGED = frozenset(
    ("pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "services", "replicationcontrollers")
)


NARROWEST = 36
"""The fewest columns in which a message is broken into lines beside its event."""


class Content(NamedTuple):
    """Lines to show and where their colours go."""

    lines: Sequence[str]
    colourist: Colourist = plain


def tabs_for(detail: Detail) -> tuple[str, ...]:
    """The tabs that make sense for the object."""
    wanted = []
    for tab in TABS:
        if tab == "logs" and detail.key.gvr.resource not in LOGGED:
            continue
        if tab == "events" and detail.key.gvr == EVENTS:
            continue
        wanted.append(tab)
    return tuple(wanted)


def content(detail: Detail, tab: str, how: Presentation, width: int, back: int = 0) -> Content:
    """What a tab shows now; ``back`` is how many versions further back Diff begins."""
    if tab == "why":
        return _why(detail, width)
    obj = detail.object
    if obj is None:
        return Content([detail.problem or "reading ..."])
    gone = [f"# {detail.problem}"] if detail.problem else []
    if tab in {"xray", "history", "diff"}:
        return _coloured(_page(detail, obj, tab, max(40, width - 1), back))
    if tab == "yaml":
        return Content([*gone, *yaml_text.dump_lines(present(obj, how))], colours.yaml)
    if tab == "events":
        return _events(detail.related.get("events") or (), detail.client.now(), max(40, width - 1))
    text = describe.describe(obj, detail.related, detail.client.now())
    return Content([*gone, *text.removesuffix("\n").split("\n")], colours.description)


def _page(detail: Detail, obj: Tree, tab: str, width: int, back: int) -> Sequence[Line]:
    from kubetui.model import history, xray  # noqa: PLC0415 - only when they are asked for

    client, key = detail.client, detail.key
    if tab == "history":
        return history.history(client, key, obj, width)
    if tab == "diff":
        return history.difference(client, key, obj, back, width)
    index = xray.Index(client.objects)
    return xray.draw(xray.below(index, key.gvr, obj), xray.above(index, obj))


def _coloured(lines: Sequence[Line]) -> Content:
    return Content([line.text for line in lines], colours.prepared([line.spans for line in lines]))


def _why(detail: Detail, width: int) -> Content:
    insight, time = detail.client.insight, detail.client.time
    if insight is None and detail.object is None:
        return Content([detail.problem or "reading ..."])
    told = detail.object or {}
    events = detail.related.get("events") or ()
    found = why.lines(
        inferring.explain(detail.key, told, events, detail.client.now())
        if insight is None
        else insight.why(detail.key),
        time.epoch if time is not None else 0,
        max(40, width),
    )
    return Content([line.text for line in found], colours.prepared([line.spans for line in found]))


def _events(found: Sequence[Tree], now: int, width: int) -> Content:
    if not found:
        return Content(["no events"], colours.prepared([(Span(0, 9, "faint"),)]))
    newest_first = sorted(found, key=_when, reverse=True)
    rows = [("LAST SEEN", "TYPE", "REASON", "FROM", "")]
    rows.extend(
        (interval(event, now), event.get("type", ""), event.get("reason", ""), source(event), "")
        for event in newest_first
    )
    heads = aligned("\n".join("\t".join(row) for row in rows)).split("\n")
    indent = len(heads[0])
    room = width - indent
    beside = room >= NARROWEST
    lines, kinds = [f"{heads[0]}MESSAGE" if beside else heads[0].rstrip()], ["heading"]
    for head, event in zip(heads[1:], newest_first, strict=True):
        words = message(event).split()
        # Where the column would be too narrow the message goes under its event.
        parts = (
            textwrap.wrap(" ".join(words), room)
            if room >= NARROWEST
            else ["", *textwrap.wrap(" ".join(words), width - 4)]
        )
        lines.append(f"{head}{parts[0] if parts else ''}")
        lines.extend(f"{' ' * (indent if room >= NARROWEST else 4)}{part}" for part in parts[1:])
        kinds.extend(["warn" if event.get("type") == "Warning" else "text"] * (len(lines) - len(kinds)))
    return Content(
        lines, colours.prepared([(Span(0, len(line), kind),) for line, kind in zip(lines, kinds, strict=True)])
    )


def _when(event: Tree) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or last_seen(event) or event.get("eventTime") or "")
