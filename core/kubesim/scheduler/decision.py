"""What the scheduler decided about a pod and why, as it is shown to whoever asks."""

from typing import NamedTuple

from kubesim.scheduler.cycle import PluginScore
from kubesim.scheduler.framework import Status


class NodeVerdict(NamedTuple):
    """One node: the status that ruled it out, or its scores."""

    node: str
    status: Status | None
    scores: tuple[PluginScore, ...] = ()
    total: int = 0


class Preemption(NamedTuple):
    """What was considered when the pod fitted nowhere.

    ``node`` is the node nominated in the end and ``victims`` (namespace, name) the pods that had to go; ``considered``
    holds for each candidate its node and how many victims it would have cost.
    """

    node: str = ""
    victims: tuple[tuple[str, str], ...] = ()
    message: str = ""
    considered: tuple[tuple[str, int], ...] = ()


class Decision(NamedTuple):
    """The outcome of one scheduling cycle. ``at`` is in milliseconds since 1970.

    ``recomputed``: the verdicts are of the cluster as it is now without this pod, not as it was at that time.
    """

    namespace: str
    name: str
    uid: str
    cycle: int
    at: int
    node: str
    """The chosen node, "" when the pod could not be scheduled."""
    feasible: int
    nodes: int
    score: int
    message: str = ""
    tie_break: str = ""
    preemption: Preemption | None = None
    verdicts: tuple[NodeVerdict, ...] = ()
    recomputed: bool = False
    cause: int = 0
    """The revision that made the scheduler look at the pod."""


class Bound(NamedTuple):
    """The short record of a pod that was bound."""

    uid: str
    cycle: int
    at: int
    node: str
    feasible: int
    nodes: int
    score: int
    cause: int
