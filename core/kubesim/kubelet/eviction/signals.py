"""Thresholds and what is observed of a node: which are met, and which conditions they stand for; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kubesim.kubelet import settings
from kubesim.kubelet.settings import Threshold

MEMORY, DISK, PID = "MemoryPressure", "DiskPressure", "PIDPressure"
PRESSURES = (MEMORY, DISK, PID)
CONDITIONS: Mapping[str, str] = {
    settings.MEMORY_AVAILABLE: MEMORY,
    settings.NODEFS_AVAILABLE: DISK,
    settings.IMAGEFS_AVAILABLE: DISK,
    settings.PID_AVAILABLE: PID,
}
"""The condition of a signal; signals that are not observed are not here."""
RESOURCES: Mapping[str, str] = {MEMORY: "memory", DISK: "ephemeral-storage", PID: "pids"}
"""What is short when a condition holds. # k8s: signalToResource."""


class Observation(NamedTuple):
    """What there is of a signal, and what of it is free: bytes, or processes."""

    capacity: int
    available: int


Observations = Mapping[str, Observation]
"""By signal."""


def met(thresholds: Iterable[Threshold], seen: Observations, *, reclaimed: bool) -> list[Threshold]:
    """The thresholds that are met; with ``reclaimed``, those of which not enough was got back. # k8s: thresholdsMet."""
    found: list[Threshold] = []
    for threshold in thresholds:
        observation = seen.get(threshold.signal)
        if observation is None:
            continue
        wanted = threshold.amount.of(observation.capacity)
        if reclaimed:
            wanted += threshold.reclaim.of(observation.capacity)
        if observation.available < wanted:
            found.append(threshold)
    return found


def merged(one: Sequence[Threshold], two: Sequence[Threshold]) -> list[Threshold]:
    """All of the first, and those of the second that are not among them."""
    return [*one, *(each for each in two if each not in one)]


def by_priority(thresholds: Iterable[Threshold]) -> list[Threshold]:
    """Memory first. # k8s: byEvictionPriority."""
    return sorted(thresholds, key=_is_late)


def _is_late(threshold: Threshold) -> bool:
    return threshold.signal != settings.MEMORY_AVAILABLE


def threshold_of(resource: str, thresholds: Iterable[Threshold]) -> Threshold | None:
    """The first threshold about a resource. # k8s: getThresholdMetInfo."""
    for threshold in thresholds:
        if RESOURCES[CONDITIONS[threshold.signal]] == resource:
            return threshold
    return None
