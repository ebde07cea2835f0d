"""The Why chain as lines: symptom, decision, and the chain of writes back to what a person did."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from kubesim.objects.wire import ADMIN, Key
from kubetui.client.port import Decision, Explanation, JournalEntry, Verdict
from kubetui.model.flows.steps import singular
from kubetui.model.yaml_text import Span

YOU = "YOU"
PERSONS = frozenset((ADMIN.agent, "kubectl", "helm"))
"""Agents behind which a person sits."""

DAY_MS = 86_400_000

_WORDS = {
    ("update", "status"): "status of",
    ("patch", "status"): "status of",
    ("create", "binding"): "bind",
    ("create", "eviction"): "evict",
    ("patch", "scale"): "scale",
}


class WhyLine(NamedTuple):
    """One line; ``key`` is the object it is about, ``revision`` the write."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    key: Key | None = None
    revision: int = 0


def lines(explanation: Explanation, epoch: int, width: int = 72) -> list[WhyLine]:
    """The whole explanation; ``epoch`` is when the cluster was born, times are shown as time since then."""
    decision = explanation.decision
    is_bad = bool(explanation.statements) or (decision is not None and not decision.node)
    shown = _titled("SYMPTOM", explanation.symptom, width, "symptom" if is_bad else "text")
    for position, statement in enumerate(explanation.statements):
        # What a simulator saw itself needs no label; anything less certain does.
        basis = "" if statement.basis == "observed" else f"  ({statement.basis})"
        shown.extend(_titled("" if position else "FACTS", statement.text + basis, width, key=statement.key))
    if decision is not None:
        text = f"kube-scheduler at {clock(decision.at, epoch)}: {_headline(decision)}"
        shown.extend(_titled("DECIDED", text, width))
        if decision.verdicts:
            shown.extend((WhyLine(), *decision_table(decision, width)))
        if decision.preemption:
            shown.append(_line((("faint", f" preemption: {decision.preemption}"),)))
    if explanation.chain:
        shown.append(WhyLine())
        shown.extend(_chain(explanation.chain, width))
    return shown


def _titled(title: str, text: str, width: int, kind: str = "text", key: Key | None = None) -> list[WhyLine]:
    head = f"{title:<9}"
    first, *rest = [part for line in text.split("\n") for part in wrap(line, max(20, width - len(head))) or [""]]
    found = [_line((("heading", head), (kind, first)), key)]
    found.extend(_line(((kind, " " * len(head) + part),), key) for part in rest)
    return found


def _line(parts: Sequence[tuple[str, str]], key: Key | None = None, revision: int = 0) -> WhyLine:
    text, spans = "", []
    for kind, part in parts:
        spans.append(Span(len(text), len(text) + len(part), kind))
        text += part
    return WhyLine(text, tuple(spans), key, revision)


# ---------------------------------------------------------------------- the scheduler's decision
def _headline(decision: Decision) -> str:
    if decision.node:
        return decision.node
    fit = sum(not verdict.plugin for verdict in decision.verdicts)
    return f"{fit}/{len(decision.verdicts)} nodes fit" if decision.verdicts else decision.message


def decision_table(decision: Decision, width: int = 72) -> list[WhyLine]:
    """Node by node: the plugin that refused it and why, or its scores; the chosen node first."""
    verdicts = sorted(decision.verdicts, key=_merit)
    rows = [_cells(verdict, decision.node) for verdict in verdicts]
    titles = ("NODE", "FILTER", "SCORE")
    widths = [max(len(title), *(len(row[at]) for row in rows)) + 2 for at, title in enumerate(titles)]
    indent = 1 + sum(widths)
    found = [_line((("faint", " " + "".join(map(str.ljust, titles, widths)) + "WHY"),))]
    for verdict, cells in zip(verdicts, rows, strict=True):
        chosen = verdict.node == decision.node
        kinds = (
            "chosen" if chosen else "text",
            "bad" if verdict.plugin else "good",
            "faint" if verdict.plugin else "number",
        )
        first, *rest = wrap(cells[3], max(16, width - indent)) or ["-"]
        parts = [(kind, cell.ljust(room)) for kind, cell, room in zip(kinds, cells, widths, strict=False)]
        found.append(_line((("text", " "), *parts, ("text", first))))
        found.extend(_line((("text", " " * indent + part),)) for part in rest)
    return found


def _merit(verdict: Verdict) -> tuple[bool, int, str]:
    return bool(verdict.plugin), -(verdict.total or 0), verdict.node


def _cells(verdict: Verdict, chosen: str) -> tuple[str, str, str, str]:
    if verdict.plugin:
        return verdict.node, verdict.plugin, "-", shortened(verdict.message)
    scores = " ".join(f"{_abbreviated(name)} {score}" for name, score in verdict.scores if score)
    total = "-" if verdict.total is None else str(verdict.total)
    return verdict.node, "chosen" if verdict.node == chosen else "fits", total, scores


def shortened(message: str) -> str:
    """A scheduler's message without the long prefixes of well-known taints."""
    for prefix in ("node-role.kubernetes.io/", "node.kubernetes.io/"):
        message = message.replace(prefix, "")
    return message.replace(": }", "}")


def _abbreviated(plugin: str) -> str:
    return plugin.removeprefix("NodeResources").removesuffix("Allocation") or plugin


# ---------------------------------------------------------------------- the chain
def _chain(chain: Sequence[JournalEntry], width: int) -> list[WhyLine]:
    actors = [actor(entry) for entry in chain]
    room = max(len(name) for name in actors)
    texts = [told(entry) for entry in chain]
    left = max(20, min(width - room - 13, max(len(text) for text in texts)))
    found = [_line((("heading", "CHAIN"), ("faint", f"{' (newest first)':<{room + left + 5}}rev")))]
    for position, (entry, name, text) in enumerate(zip(chain, actors, texts, strict=True)):
        arrow = "◂ " if position else "  "
        kind = "you" if name == YOU else "actor"
        shown = text if len(text) <= left else f"{text[: left - 1]}…"
        gap = " " * (room - len(name) + 1)
        parts = (("faint", f" {arrow}"), (kind, name), ("text", f"{gap}{shown:<{left}}"))
        found.append(_line((*parts, ("number", f" {entry.revision:>8}")), entry.key, entry.revision))
    return found


def actor(entry: JournalEntry) -> str:
    """Who wrote: a component's short name, or YOU."""
    if entry.actor == ADMIN.agent:
        return YOU
    return entry.actor.removeprefix("kube-").removeprefix("default-").removesuffix("-controller") or "?"


def told(entry: JournalEntry) -> str:
    """A write in a few words: its note, or verb and object."""
    if entry.note:
        return entry.note
    what = _WORDS.get((entry.verb, entry.subresource)) or f"{entry.verb} {entry.subresource}".rstrip()
    return f"{what} {singular(entry.gvr._replace(group=''))}/{entry.name}"


def clock(at: int, epoch: int) -> str:
    """A time as time since the cluster's birth: ``14:32.119``, ``2:03:10.000``, ``3d 01:00:00.000``."""
    days, rest = divmod(max(0, at - epoch), DAY_MS)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    if days:
        return f"{days}d {hours:02d}:{seconds}"
    return f"{hours}:{seconds}" if hours else seconds
