"""What a change was found to lead to when it was tried in a copy, in a few words."""

import re
from collections.abc import Mapping

from kubetui.client.port import Attempt

SHOWN = 4
"""Nodes that are named."""


def words(attempt: Attempt) -> str:
    """``4 fit (wk-1 2, wk-2 2), 6 Pending: Insufficient cpu``."""
    if attempt.error:
        return attempt.error
    parts = []
    fitting, gone, pending = (sum(each.values()) for each in (attempt.placed, attempt.gone, attempt.pending))
    if fitting:
        verb = "fits" if fitting == 1 else "fit"
        parts.append(f"{fitting} {verb} ({_nodes(attempt.placed)})")
    if gone:
        verb = "goes" if gone == 1 else "go"
        parts.append(f"{gone} {verb} ({_nodes(attempt.gone)})")
    if pending:
        why = "; ".join(dict.fromkeys(short(each) for each in attempt.pending if each))
        parts.append(f"{pending} Pending" + (f": {why}" if why else ""))
    return ", ".join(parts) or "nothing changes"


def _nodes(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=_most)
    named = ", ".join(f"{node or 'no node'} {count}" for node, count in ranked[:SHOWN])
    more = len(ranked) - SHOWN
    return named + (f" and {more} nodes more" if more > 0 else "")


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])


def short(message: str) -> str:
    """The reasons of a scheduler's message: ``2 Insufficient cpu, 1 untolerated taint``."""
    text = message.partition(": ")[2].partition(". preemption")[0].partition(". no new claims")[0] or message
    return re.sub(r"node\(s\) (had|didn't match|were)? ?", "", text).rstrip(".")
