"""Groups and buckets of nodes that plugins cannot tell apart."""

from collections.abc import Mapping

from kubesim.scheduler.framework import Status

Host = tuple[int, ...]
"""What a node hosts, as far as it matters: numbers of matching pods, then the four of ``AffinityTally``."""


class Group:
    """Nodes with the same labels, taints and images as far as a sort of pod cares."""

    __slots__ = ("base", "complete", "covers", "hosted", "images", "part", "preferred", "serial", "taints", "values")

    def __init__(
        self,
        serial: int,
        values: Mapping[str, str],
        hosted: bool,
        complete: bool,
        covers: bool,
        taints: int,
        preferred: int,
        images: tuple[int | None, ...],
    ) -> None:
        self.serial = serial
        self.values = values
        """Topology key to value, the host name left out."""
        self.hosted = hosted
        """Whether the nodes have a host name label."""
        self.complete = complete
        """Whether they are in the topology of every DoNotSchedule constraint."""
        self.covers = covers
        """Whether they are in the topology of every ScheduleAnyway constraint."""
        self.taints = taints
        self.preferred = preferred
        self.images = images
        """The size of each image of the pod, None where it is not there."""
        self.base = 0
        """The weighted scores that depend on the group alone."""
        self.part = 0.0
        """What the topologies other than the host name add to the raw spread score."""


class Place:
    """What is fixed for a node: its group, the status that rules it out, and which constraints count its pods."""

    __slots__ = ("counted", "failure", "group")

    def __init__(self, group: Group, failure: Status | None, counted: tuple[bool, ...]) -> None:
        self.group = group
        self.failure = failure
        self.counted = counted


INDEX_BITS = 32
INDEX_MASK = (1 << INDEX_BITS) - 1


def entry(score: int, index: int) -> int:
    """A node in a heap, as one number: the best score first, of equals the first node."""
    return index - (score << INDEX_BITS)


class Bucket:
    """Nodes of one group that host the same, in a heap of ``entry`` that may show nodes better than they are now."""

    __slots__ = ("bonus", "count", "group", "heap", "host", "key", "raw", "size")

    def __init__(self, key: tuple[int, Host], group: Group, host: Host) -> None:
        self.key = key
        self.group = group
        self.host = host
        self.count = host[0] if host else 0
        self.heap: list[int] = []
        self.size = 0
        self.bonus = 0
        """What all plugins but the two that sort the heap give to each of its nodes."""
        self.raw = 0
