"""A prediction as lines for the screen: the workloads, what happened to them when it was tried, and the result."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects import tree as trees
from kubesim.objects.wire import Tree
from kubetui.model.helm.forecast import Line, Outcome
from kubetui.model.helm.rehearsal import ROLLS_OUT


class Told(NamedTuple):
    """A line with its tone (text, good, warn, bad, faint, heading), and where it goes on when it is broken."""

    text: str
    tone: str = "text"
    indent: int = 4


def seconds(milliseconds: int) -> str:
    """A stretch of time in the width that lines of a story need: ``0.4s``, ``12s``, ``10m``."""
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f}s"
    if milliseconds < 600_000:
        return f"{milliseconds // 1000}s"
    return f"{milliseconds // 60_000}m{milliseconds // 1000 % 60:02d}s".replace("m00s", "m")


def workload_line(old: Tree | None, new: Tree) -> str:
    """``web  2→2 replicas, maxSurge 25%, maxUnavail 25%`` of a workload as a manifest has it."""
    name, kind = (new.get("metadata") or {}).get("name", ""), str(new.get("kind", ""))
    after = trees.get(new, "spec.replicas", 1)
    before = "-" if old is None else trees.get(old, "spec.replicas", 1)
    parts = [f"{name}  {before}→{after} replicas" if kind in {"Deployment", "StatefulSet"} else f"{name}  {kind}"]
    if kind == "Deployment":
        strategy = trees.get(new, "spec.strategy", None) or {}
        if strategy.get("type") == "Recreate":
            parts.append("Recreate")
        else:
            rolling = strategy.get("rollingUpdate") or {}
            parts.append(f"maxSurge {rolling.get('maxSurge', '25%')}")
            parts.append(f"maxUnavail {rolling.get('maxUnavailable', '25%')}")
    return ", ".join(parts)


def story_lines(lines: Sequence[Line], dropped: int = 0) -> list[Told]:
    """What happened, with times."""
    told = [Told(f"{'+' + seconds(line.at):>7} {line.text}", line.tone, 8) for line in lines]
    return [*told, Told(f"        … and {dropped} more", "faint")] if dropped else told


def result_lines(outcome: Outcome) -> list[Told]:
    """The result: the word first, then what it means for pods, budgets and callers."""
    good = outcome.word == ROLLS_OUT
    when = f"in {seconds(outcome.took)}" if good else f"after {seconds(outcome.took)}"
    told = [Told(f"RESULT  {outcome.word} {when}", "good" if good else "bad")]
    told += [Told(f"  {line}", "bad") for reason in outcome.reasons for line in reason.splitlines() if line.strip()]
    pods = f"  pods: {outcome.created} created, {outcome.replaced} replaced"
    if outcome.restarts:
        pods += f", {outcome.restarts} restarts"
    told.append(Told(pods, "warn" if outcome.restarts else "text"))
    told += [Told(f"  PDB hit: {hit}", "warn") for hit in outcome.hits] or [Told("  PDB ok")]
    for outage in outcome.outages:
        still = " and still down" if outage.lasting else ""
        told.append(Told(f"  downtime {outage.service}: {seconds(outage.milliseconds)}{still}", "bad"))
    return told if outcome.outages else [*told, Told("  downtime 0s")]
