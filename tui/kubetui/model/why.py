"""The Why chain as lines: symptom, decision, and the chain of writes back to what a person did."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects.wire import ADMIN, Key
from kubetui.client.port import Decision, Explanation, JournalEntry, Statement, Verdict
from kubetui.model.yaml_text import Span

YOU = "YOU"
PERSONS = frozenset((ADMIN.agent, "kubectl", "helm"))
"""Agents behind which a person sits."""

DAY_MS = 86_400_000


class WhyLine(NamedTuple):
    """One line; ``key`` is the object it is about, ``revision`` the write."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    key: Key | None = None
    revision: int = 0


def lines(explanation: Explanation, epoch: int, width: int = 72) -> list[WhyLine]:
    """The whole explanation; ``epoch`` is when the cluster was born, times are shown as time since then."""
    shown = _titled("SYMPTOM", explanation.symptom, "symptom")
    shown.extend(_statements(explanation.statements))
    if explanation.decision is not None:
        shown.extend(_decision(explanation.decision, epoch))
    if explanation.chain:
        shown.append(WhyLine())
        shown.extend(_chain(explanation.chain, width))
    return shown


def _titled(title: str, text: str, kind: str = "text", key: Key | None = None, revision: int = 0) -> list[WhyLine]:
    head = f"{title:<9}"
    first, *rest = text.split("\n")
    found = [_line((("heading", head), (kind, first)), key, revision)]
    found.extend(_line(((kind, " " * len(head) + part),), key, revision) for part in rest)
    return found


def _line(parts: Sequence[tuple[str, str]], key: Key | None = None, revision: int = 0) -> WhyLine:
    text, spans = "", []
    for kind, part in parts:
        spans.append(Span(len(text), len(text) + len(part), kind))
        text += part
    return WhyLine(text, tuple(spans), key, revision)


def _statements(statements: Sequence[Statement]) -> list[WhyLine]:
    found = []
    for position, statement in enumerate(statements):
        title = "FACTS" if position == 0 else ""
        # What a simulator saw itself needs no label; anything less certain does.
        basis = "" if statement.basis == "observed" else f"  ({statement.basis})"
        parts = (("heading", f"{title:<9}"), ("text", statement.text), ("faint", basis))
        found.append(_line(parts, statement.key, statement.revision))
    return found


# ---------------------------------------------------------------------- the scheduler's decision
def _decision(decision: Decision, epoch: int) -> list[WhyLine]:
    found = _titled("DECIDED", f"kube-scheduler at {clock(decision.at, epoch)}: {_headline(decision)}", "text")
    if decision.verdicts:
        found.append(WhyLine())
        found.extend(decision_table(decision))
    if decision.preemption:
        found.append(_line((("faint", f" preemption: {decision.preemption}"),)))
    return found


def _headline(decision: Decision) -> str:
    if decision.node:
        return f"{decision.node}"
    fit = sum(not verdict.plugin for verdict in decision.verdicts)
    return f"{fit}/{len(decision.verdicts)} nodes fit" if decision.verdicts else decision.message


def decision_table(decision: Decision) -> list[WhyLine]:
    """Node by node: the plugin that refused it and why, or its scores; the chosen node first."""
    rows = [_cells(verdict, decision.node) for verdict in sorted(decision.verdicts, key=_merit)]
    titles = ("NODE", "FILTER", "WHY", "SCORE")
    widths = [max(len(title), *(len(row[at]) for row in rows)) for at, title in enumerate(titles)]
    found = [_row(("faint",) * 4, titles, widths)]
    for verdict, cells in zip(sorted(decision.verdicts, key=_merit), rows, strict=True):
        kinds = (
            "chosen" if verdict.node == decision.node else "text",
            "bad" if verdict.plugin else "good",
            "text",
            "faint" if verdict.plugin else "number",
        )
        found.append(_row(kinds, cells, widths))
    return found


def _merit(verdict: Verdict) -> tuple[bool, int, str]:
    return bool(verdict.plugin), -(verdict.total or 0), verdict.node


def _cells(verdict: Verdict, chosen: str) -> tuple[str, str, str, str]:
    if verdict.plugin:
        return verdict.node, verdict.plugin, shortened(verdict.message) or "-", "-"
    scores = " ".join(f"{_abbreviated(name)} {score}" for name, score in verdict.scores)
    total = "-" if verdict.total is None else str(verdict.total)
    return verdict.node, "chosen" if verdict.node == chosen else "fits", scores or "-", total


def shortened(message: str) -> str:
    """A scheduler's message without the long prefixes of well-known taints."""
    for prefix in ("node-role.kubernetes.io/", "node.kubernetes.io/"):
        message = message.replace(prefix, "")
    return message.replace(": }", "}")


def _abbreviated(plugin: str) -> str:
    return plugin.removeprefix("NodeResources").removesuffix("Allocation") or plugin


def _row(kinds: Sequence[str], cells: Sequence[str], widths: Sequence[int]) -> WhyLine:
    parts: list[tuple[str, str]] = [("text", " ")]
    for kind, cell, width in zip(kinds, cells, widths, strict=True):
        parts.append((kind, f"{cell:<{width}}  "))
    return _line(parts)


# ---------------------------------------------------------------------- the chain
def _chain(chain: Sequence[JournalEntry], width: int) -> list[WhyLine]:
    actors = [actor(entry) for entry in chain]
    room = max(len(name) for name in actors)
    texts = [told(entry) for entry in chain]
    left = max(20, min(width - room - 14, max(len(text) for text in texts)))
    found = [_line((("heading", "CHAIN"), ("faint", f"{' (newest first)':<{room + left + 5}}rev")))]
    for position, (entry, name, text) in enumerate(zip(chain, actors, texts, strict=True)):
        arrow = "◂ " if position else "  "
        kind = "you" if name == YOU else "actor"
        gap = " " * (room - len(name) + 1)
        parts = (("faint", f" {arrow}"), (kind, name), ("text", f"{gap}{text:<{left}}"))
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
    place = f"{entry.namespace}/{entry.name}" if entry.namespace else entry.name
    resource = entry.gvr.resource + (f"/{entry.subresource}" if entry.subresource else "")
    return f"{entry.verb} {resource} {place}"


def clock(at: int, epoch: int) -> str:
    """A time as time since the cluster's birth: ``14:32.119``, ``2:03:10.000``, ``3d 01:00:00.000``."""
    days, rest = divmod(max(0, at - epoch), DAY_MS)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    if days:
        return f"{days}d {hours:02d}:{seconds}"
    return f"{hours}:{seconds}" if hours else seconds
