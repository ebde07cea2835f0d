"""How many replicas a metric asks for; usage, requests and targets in thousandths. # k8s: replica_calculator.go."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.controllers.autoscaler.metrics import WINDOW_MS, MetricsError
from kubesim.objects import pods, refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import Tree

START_MS = 300_000
"""How long the CPU usage of a pod that starts is distrusted. # k8s: cpuInitializationPeriod"""
READINESS_DELAY_MS = 30_000
"""# k8s: delayOfInitialReadinessStatus"""


class Tolerance(NamedTuple):
    """How far from 1 the ratio of usage and target may be before anything is done."""

    down: float = 0.1
    up: float = 0.1

    def covers(self, ratio: float) -> bool:
        """Whether a ratio is near enough to 1."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Groups(NamedTuple):
    """Names of pods by what their metrics are good for."""

    ready: list[str]
    unready: list[str]
    missing: list[str]
    ignored: list[str]


class Proposal(NamedTuple):
    """The replicas that a metric asks for, and the averages per pod: in percent of the request (or 0), and raw."""

    replicas: int
    percent: int
    average: int


def group(selected: Sequence[Tree], usage: Mapping[str, int], resource: str, now: int) -> Groups:
    """Sort pods. # k8s: groupPods."""
    found = Groups([], [], [], [])
    for pod in selected:
        name, phase = pod["metadata"]["name"], pods.phase(pod)
        if refs.is_deleting(pod) or phase == pods.FAILED:
            found.ignored.append(name)
        elif phase == pods.PENDING:
            found.unready.append(name)
        elif name not in usage:
            found.missing.append(name)
        elif resource == "cpu" and _is_starting(pod, now):
            found.unready.append(name)
        else:
            found.ready.append(name)
    return found


def _is_starting(pod: Tree, now: int) -> bool:
    ready, start = pods.ready_condition(pod), pod["status"].get("startTime")
    if ready is None or not start:
        return True
    started, since = parse_time(start), parse_time(ready["lastTransitionTime"])
    if started + START_MS > now:
        return ready["status"] == "False" or now < since + WINDOW_MS
    return ready["status"] == "False" and started + READINESS_DELAY_MS > since


class Measure(NamedTuple):
    """A metric with its target: a percentage of the request, or an average amount when there are no requests."""

    usage: dict[str, int]
    target: int
    requests: Mapping[str, int] | None = None

    def ratio(self) -> tuple[float, int, int]:
        """Usage to target, and the averages in percent and raw. Raises MetricsError."""
        if self.requests is None:
            average = sum(self.usage.values()) // len(self.usage)
            return average / self.target, 0, average
        known = [name for name in self.usage if name in self.requests]
        used, asked = sum(self.usage[name] for name in known), sum(self.requests[name] for name in known)
        if not asked:
            msg = "no metrics returned matched known pods"
            raise MetricsError(msg)
        percent = used * 100 // asked
        return percent / self.target, percent, used // len(known)

    def fallback(self, name: str) -> int:
        """What a pod without metrics is taken to use when the others use less than the target."""
        if self.requests is None:
            return self.target
        return self.requests[name] * max(100, self.target) // 100


def propose(measure: Measure, groups: Groups, current: int, tolerance: Tolerance) -> Proposal:
    """How many replicas the metric asks for. Raises MetricsError."""
    for name in (*groups.ignored, *groups.unready):
        measure.usage.pop(name, None)
    if not measure.usage:
        msg = "did not receive metrics for targeted pods (pods might be unready)"
        raise MetricsError(msg)
    ratio, percent, average = measure.ratio()
    stay = Proposal(current, percent, average)
    counts_unready = bool(groups.unready) and ratio > 1.0
    if not counts_unready and not groups.missing:
        if tolerance.covers(ratio):
            return stay
        return Proposal(math.ceil(ratio * len(groups.ready)), percent, average)
    if ratio != 1.0 or measure.requests is None:
        for name in groups.missing:
            measure.usage[name] = measure.fallback(name) if ratio < 1.0 else 0
    if counts_unready:
        measure.usage.update(dict.fromkeys(groups.unready, 0))
    return _again(measure, ratio, stay, tolerance)


def _again(measure: Measure, ratio: float, stay: Proposal, tolerance: Tolerance) -> Proposal:
    """The proposal once pods without metrics are counted; never in the other direction."""
    counted, _, _ = measure.ratio()
    if tolerance.covers(counted) or (ratio < 1.0 < counted) or (ratio > 1.0 > counted):
        return stay
    replicas = math.ceil(counted * len(measure.usage))
    if (counted < 1.0 and replicas > stay.replicas) or (counted > 1.0 and replicas < stay.replicas):
        return stay
    return stay._replace(replicas=replicas)
