"""How far and how fast an autoscaler may go: bounds, stabilisation windows and scaling policies."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects.wire import EMPTY, Tree

STABILIZATION_MS = 300_000
"""How long the highest recommendation holds before scaling down. # k8s: downscaleStabilisationWindow"""
WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
TOO_FAST = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
READY = ("ReadyForNewScale", "recommended size matches current size")
_HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation"
_LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation"

Reason = tuple[str, str]
"""Reason and message of a condition."""


class Memory:
    """What an autoscaler remembers: (time in ms, value) of recommendations and of changes up and down."""

    def __init__(self) -> None:
        self.recommendations: list[tuple[int, int]] = []
        self.up: list[tuple[int, int]] = []
        self.down: list[tuple[int, int]] = []

    def forget(self, before: int) -> None:
        """Drop what is older."""
        self.recommendations = [each for each in self.recommendations if each[0] >= before]

    def changed(self, old: int, new: int, now: int, longest_ms: int) -> None:
        """Remember a change of the scale; drop those older than the longest period."""
        self.up = [each for each in self.up if each[0] > now - longest_ms]
        self.down = [each for each in self.down if each[0] > now - longest_ms]
        (self.up if new > old else self.down).append((now, abs(new - old)))


class Bounds(NamedTuple):
    """Between which numbers the scale may be, and what it is now."""

    current: int
    least: int
    most: int


class Decision(NamedTuple):
    """The number of replicas, the reasons of AbleToScale and of ScalingLimited, and whether it is limited."""

    replicas: int
    able: Reason
    limit: Reason
    is_limited: bool


# ---------------------------------------------------------------------- without behaviour
def normalize(memory: Memory, bounds: Bounds, wished: int, now: int) -> Decision:
    """Stabilise and bound a wish. # k8s: normalizeDesiredReplicas."""
    recent = [value for at, value in memory.recommendations if at > now - STABILIZATION_MS]
    stable = max([wished, *recent])
    memory.forget(now - STABILIZATION_MS)
    memory.recommendations.append((now, wished))
    able = READY if stable == wished else ("ScaleDownStabilized", _HIGHER)
    fastest = max(2 * bounds.current, 4)
    most, reason = (fastest, TOO_FAST) if bounds.most > fastest else (bounds.most, TOO_MANY)
    if stable < bounds.least:
        return Decision(bounds.least, able, TOO_FEW, True)
    if stable > most:
        return Decision(most, able, reason, True)
    return Decision(stable, able, WITHIN, False)


# ---------------------------------------------------------------------- with behaviour
def normalize_with(memory: Memory, behavior: Tree, bounds: Bounds, wished: int, now: int) -> Decision:
    """Stabilise and bound a wish by the rules of ``spec.behavior``. # k8s: normalizeDesiredReplicasWithBehaviors."""
    up, down = behavior.get("scaleUp") or EMPTY, behavior.get("scaleDown") or EMPTY
    stable = _stabilize(memory, up, down, bounds.current, wished, now)
    if stable == wished:
        able: Reason = READY
    elif wished >= bounds.current:
        able = ("ScaleUpStabilized", _LOWER)
    else:
        able = ("ScaleDownStabilized", _HIGHER)
    if stable > bounds.current:
        fastest = max(bounds.current, up_limit(memory, up, bounds.current, now))
        most, reason = (fastest, TOO_FAST) if bounds.most > fastest else (bounds.most, TOO_MANY)
        if stable > most:
            return Decision(most, able, reason, True)
    elif stable < bounds.current:
        slowest = min(bounds.current, down_limit(memory, down, bounds.current, now))
        least, reason = (slowest, TOO_FAST_DOWN) if bounds.least < slowest else (bounds.least, TOO_FEW)
        if stable < least:
            return Decision(least, able, reason, True)
    return Decision(stable, able, WITHIN, False)


def _stabilize(memory: Memory, up: Tree, down: Tree, current: int, wished: int, now: int) -> int:
    window = down.get("stabilizationWindowSeconds")
    down_ms = STABILIZATION_MS if window is None else int(window) * 1000
    up_ms = int(up.get("stabilizationWindowSeconds") or 0) * 1000
    lowest = min([wished, *(value for at, value in memory.recommendations if at > now - up_ms)])
    highest = max([wished, *(value for at, value in memory.recommendations if at > now - down_ms)])
    memory.forget(now - max(up_ms, down_ms))
    memory.recommendations.append((now, wished))
    return min(max(current, lowest), highest)


def up_limit(memory: Memory, rules: Tree, current: int, now: int) -> int:
    """The highest number that the policies allow. # k8s: calculateScaleUpLimitWithScalingRules."""
    if rules.get("selectPolicy") == "Disabled":
        return current
    proposals = []
    for policy in rules.get("policies") or ():
        start = _at_start(memory, policy, current, now)
        if policy["type"] == "Pods":
            proposals.append(start + policy["value"])
        else:
            # k8s: rounded up, or a small number could never grow
            proposals.append(math.ceil(start * (1 + policy["value"] / 100)))
    choose = min if rules.get("selectPolicy") == "Min" else max
    return choose(proposals, default=current)


def down_limit(memory: Memory, rules: Tree, current: int, now: int) -> int:
    """The lowest number that the policies allow. # k8s: calculateScaleDownLimitWithBehaviors."""
    if rules.get("selectPolicy") == "Disabled":
        return current
    proposals = []
    for policy in rules.get("policies") or ():
        start = _at_start(memory, policy, current, now)
        if policy["type"] == "Pods":
            proposals.append(start - policy["value"])
        else:
            proposals.append(int(start * (1 - policy["value"] / 100)))
    choose = max if rules.get("selectPolicy") == "Min" else min
    return choose(proposals, default=current)


def _at_start(memory: Memory, policy: Tree, current: int, now: int) -> int:
    """How many replicas there were when the period of a policy began."""
    begin = now - int(policy["periodSeconds"]) * 1000
    return current - _total(memory.up, begin) + _total(memory.down, begin)


def _total(changes: Sequence[tuple[int, int]], begin: int) -> int:
    return sum(value for at, value in changes if at > begin)


def longest_period(behavior: Tree) -> int:
    """The longest period of any policy, in ms."""
    rules = [behavior.get(side) or EMPTY for side in ("scaleUp", "scaleDown")]
    seconds = [int(policy["periodSeconds"]) for each in rules for policy in each.get("policies") or ()]
    return max(seconds, default=0) * 1000
