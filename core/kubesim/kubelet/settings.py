"""The configuration of a kubelet: eviction thresholds, shutdown grace periods and image garbage collection; pure.

# k8s: kubelet/apis/config, and its validation
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubesim.objects import quantities
from kubesim.objects.units import parse_duration

MEMORY_AVAILABLE, NODEFS_AVAILABLE, NODEFS_INODES = "memory.available", "nodefs.available", "nodefs.inodesFree"
IMAGEFS_AVAILABLE, IMAGEFS_INODES, PID_AVAILABLE = "imagefs.available", "imagefs.inodesFree", "pid.available"
SIGNALS = (
    MEMORY_AVAILABLE, NODEFS_AVAILABLE, NODEFS_INODES, IMAGEFS_AVAILABLE, IMAGEFS_INODES, PID_AVAILABLE,
)  # fmt: skip
_PERCENT = re.compile(r"^(\d+(?:\.\d+)?)%$")


class Amount(NamedTuple):
    """A number of units, or a share of what there is in thousandths of a percent."""

    units: int = 0
    share: int = 0

    def of(self, capacity: int) -> int:
        """The units that it is of a capacity."""
        return capacity * self.share // 100_000 if self.share else self.units


class Threshold(NamedTuple):
    """What has to be available of a signal; with a ``grace_ms`` for how long it may be short (0: a hard threshold)."""

    signal: str
    amount: Amount
    grace_ms: int = 0
    reclaim: Amount = Amount()
    """How much more has to be available before it counts as met no more. # k8s: evictionMinimumReclaim."""


class ShutdownStep(NamedTuple):
    """The seconds that pods of this priority, and up to the next one, are given when the machine shuts down."""

    priority: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What of a KubeletConfiguration the simulation follows."""

    thresholds: tuple[Threshold, ...] = (
        Threshold(MEMORY_AVAILABLE, Amount(100 * 1024 * 1024)),
        Threshold(NODEFS_AVAILABLE, Amount(share=10_000)),
        # differs: Kubernetes has no threshold for process numbers by default, and a fault could not show what one does
        Threshold(PID_AVAILABLE, Amount(share=10_000)),
    )
    """# differs: images lie on the disk of the node, for which nodefs.available speaks; no inodes are counted"""
    transition_ms: int = 300_000
    """# k8s: evictionPressureTransitionPeriod"""
    grace_ms: int = 0
    """The longest grace of a pod that goes for a soft threshold. # k8s: evictionMaxPodGracePeriod."""
    shutdown: tuple[ShutdownStep, ...] = (ShutdownStep(0, 20), ShutdownStep(2_000_000_000, 10))
    """Lowest priority first. # differs: Kubernetes shuts down at once unless shutdownGracePeriod is set."""
    image_high_percent: int = 85
    image_low_percent: int = 80
    """# k8s: imageGCHighThresholdPercent, imageGCLowThresholdPercent"""


DEFAULT = Settings()


class SettingsError(ValueError):
    """A kubelet configuration that is wrong; ``field`` is the path of what is."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


def parse(tree: Mapping[str, Any]) -> Settings:
    """Settings from fields of a KubeletConfiguration. Raises SettingsError."""
    unknown = sorted(str(field) for field in tree if field not in FIELDS)
    if unknown:
        raise SettingsError(unknown[0], f"unknown field; known are {', '.join(FIELDS)}")
    high = _percent(tree, "imageGCHighThresholdPercent", DEFAULT.image_high_percent)
    low = _percent(tree, "imageGCLowThresholdPercent", DEFAULT.image_low_percent)
    if low >= high:
        raise SettingsError("imageGCLowThresholdPercent", f"must be less than imageGCHighThresholdPercent ({high})")
    return Settings(
        thresholds=_thresholds(tree),
        transition_ms=_millis(tree, "evictionPressureTransitionPeriod", DEFAULT.transition_ms),
        grace_ms=1000 * _whole(tree, "evictionMaxPodGracePeriod"),
        shutdown=_shutdown(tree),
        image_high_percent=high,
        image_low_percent=low,
    )


def _thresholds(tree: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """# k8s: eviction.ParseThresholdConfig; hard thresholds that are given replace all the defaults."""
    reclaim = _amounts(tree, "evictionMinimumReclaim")
    grace = _mapping(tree, "evictionSoftGracePeriod")
    hard = tuple(Threshold(signal, amount) for signal, amount in _amounts(tree, "evictionHard").items())
    soft: list[Threshold] = []
    for signal, amount in _amounts(tree, "evictionSoft").items():
        if signal not in grace:
            raise SettingsError("evictionSoftGracePeriod", f"must have a grace period for the soft threshold {signal}")
        soft.append(Threshold(signal, amount, _millis(grace, signal, 0, "evictionSoftGracePeriod.")))
    found = (*(hard if "evictionHard" in tree else DEFAULT.thresholds), *soft)
    return tuple(each._replace(reclaim=reclaim.get(each.signal, Amount())) for each in found)


def _shutdown(tree: Mapping[str, Any]) -> tuple[ShutdownStep, ...]:
    """# k8s: nodeshutdown migrateConfig."""
    field = "shutdownGracePeriodByPodPriority"
    steps: list[ShutdownStep] = []
    for position, each in enumerate(tree.get(field) or ()):
        if not isinstance(each, Mapping) or not {"priority", "shutdownGracePeriodSeconds"} >= set(each):
            raise SettingsError(f"{field}[{position}]", "expected priority and shutdownGracePeriodSeconds")
        where = f"{field}[{position}]."
        steps.append(ShutdownStep(_whole(each, "priority", where), _whole(each, "shutdownGracePeriodSeconds", where)))
    if steps:
        return tuple(sorted(steps))
    if "shutdownGracePeriod" not in tree:
        return DEFAULT.shutdown
    whole, critical = (_millis(tree, name, 0) // 1000 for name in ("shutdownGracePeriod", CRITICAL_FIELD))
    if critical > whole:
        raise SettingsError(CRITICAL_FIELD, f"must not be more than shutdownGracePeriod ({whole}s)")
    return (ShutdownStep(0, whole - critical), ShutdownStep(2_000_000_000, critical)) if whole else ()


CRITICAL_FIELD = "shutdownGracePeriodCriticalPods"
FIELDS = (
    "evictionHard", "evictionMaxPodGracePeriod", "evictionMinimumReclaim", "evictionPressureTransitionPeriod",
    "evictionSoft", "evictionSoftGracePeriod", "imageGCHighThresholdPercent", "imageGCLowThresholdPercent",
    "shutdownGracePeriod", "shutdownGracePeriodByPodPriority", CRITICAL_FIELD,
)  # fmt: skip


# ---------------------------------------------------------------------- fields
def _mapping(tree: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = tree.get(field)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise SettingsError(field, f"expected a mapping of signals, not {found!r}")
    unknown = sorted(str(name) for name in found if name not in SIGNALS)
    if unknown:
        raise SettingsError(f"{field}.{unknown[0]}", f"unknown signal; known are {', '.join(SIGNALS)}")
    return found


def _amounts(tree: Mapping[str, Any], field: str) -> dict[str, Amount]:
    return {signal: amount(value, f"{field}.{signal}") for signal, value in _mapping(tree, field).items()}


def amount(value: Any, field: str) -> Amount:
    """A quantity, or a percentage. Raises SettingsError."""
    match = _PERCENT.match(str(value))
    if match is not None:
        share = round(float(match[1]) * 1000)
        if share > 100_000:
            raise SettingsError(field, f"must be at most 100%, not {value}")
        return Amount(share=share)
    try:
        return Amount(quantities.value(value))
    except (ValueError, TypeError) as error:
        raise SettingsError(field, str(error)) from error


def _millis(tree: Mapping[str, Any], field: str, default: int, where: str = "") -> int:
    value = tree.get(field)
    if value is None:
        return default
    try:
        return parse_duration(str(value)) // 1_000_000
    except ValueError as error:
        raise SettingsError(f"{where}{field}", str(error)) from error


def _whole(tree: Mapping[str, Any], field: str, where: str = "") -> int:
    value = tree.get(field, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(f"{where}{field}", f"expected a whole number, not {value!r}")
    return value


def _percent(tree: Mapping[str, Any], field: str, default: int) -> int:
    value = _whole(tree, field) if field in tree else default
    if not 0 <= value <= 100:
        raise SettingsError(field, f"must be between 0 and 100, inclusive, not {value}")
    return value
