"""Why a pod fits nowhere, in numbers and in the words of the FailedScheduling event."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.scheduler.framework import Status

NO_NODES = "no nodes available to schedule pods"

Sort = tuple[str, tuple[str, ...], bool]
"""A Status without its amounts: plugin, reasons, resolvable."""


class Diagnosis(NamedTuple):
    """The outcome of filtering when no node passed.

    ``statuses`` are by node index, None where there is no node or ``absent`` holds. ``absent`` is the status of the
    nodes that were not looked at. ``rejected`` is the status by which a plugin rejected the pod on every node.
    """

    node_count: int
    counts: Mapping[Sort, int]
    statuses: Mapping[int, Status]
    absent: Status | None = None
    rejected: Status | None = None

    def plugins(self) -> tuple[str, ...]:
        """The plugins that rejected the pod somewhere, sorted."""
        if not self.node_count:
            return ()
        if self.rejected is not None:
            return (self.rejected.plugin,)
        found = {sort[0] for sort in self.counts}
        if self.absent is not None:
            found.add(self.absent.plugin)
        return tuple(sorted(found))

    def message(self, post_filter: str = "") -> str:
        """The text of the event and of the condition. # k8s: framework.FitError.Error."""
        if not self.node_count:
            return NO_NODES
        if self.rejected is not None:
            text = f"0/{self.node_count} nodes are available: {', '.join(self.rejected.reasons)}."
        else:
            counts: dict[str, int] = {}
            seen = 0
            for (_, reasons, _), number in self.counts.items():
                seen += number
                for reason in reasons:
                    counts[reason] = counts.get(reason, 0) + number
            if self.absent is not None:
                for reason in self.absent.reasons:
                    counts[reason] = counts.get(reason, 0) + self.node_count - seen
            text = unavailable(self.node_count, counts)
        return f"{text} {post_filter}" if post_filter else text


def unavailable(node_count: int, counts: Mapping[str, int]) -> str:
    """``0/N nodes are available:`` and the reasons with their numbers, sorted as text."""
    text = f"0/{node_count} nodes are available:"
    reasons = ", ".join(sorted(f"{number} {reason}" for reason, number in counts.items() if number))
    return f"{text} {reasons}." if reasons else text


def sort_of(status: Status) -> Sort:
    """What a status is counted by."""
    return status[0], status[1], status[2]
