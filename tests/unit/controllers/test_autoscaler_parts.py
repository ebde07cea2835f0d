"""The pure parts of the autoscaler: how many replicas a metric asks for, and how far and fast they may change."""

from typing import Any

import pytest

from kubesim.controllers.autoscaler import limits
from kubesim.controllers.autoscaler.metrics import MetricsError, requests_of
from kubesim.controllers.autoscaler.replicas import Groups, Measure, Tolerance, group, propose
from kubesim.objects.times import format_time, parse_time

NOW = parse_time("2026-01-01T01:00:00Z")


def names(count: int, kind: str = "p") -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


def percent(usage: list[int], target: int = 50, *, unready: int = 0, missing: int = 0) -> tuple[Measure, Groups]:
    ready, waiting, lost = names(len(usage)), names(unready, "u"), names(missing, "m")
    requests = dict.fromkeys((*ready, *waiting, *lost), 100)
    known = dict(zip(ready, usage, strict=True)) | dict.fromkeys(waiting, 1000)
    return Measure(known, target, requests), Groups(ready, waiting, lost, [])


@pytest.mark.parametrize(
    ("usage", "more", "wanted"),
    [
        ([100, 100], {}, 4),
        ([54, 54], {}, 2),
        ([56, 56], {}, 3),
        ([10, 10, 10], {}, 1),
        ([100, 100], {"unready": 2}, 4),
        ([100, 100], {"missing": 1}, 4),
        ([60, 60], {"missing": 2}, 4),
        ([10, 10], {"missing": 1}, 3),
        ([30, 30], {"missing": 2}, 4),
    ],
    ids=["twice", "within tolerance", "just above", "down", "unready count as idle", "missing count as idle going up",
         "never the other way", "missing count as busy going down", "missing busy pods keep it"],
)  # fmt: skip
def test_utilization(usage: list[int], more: dict[str, int], wanted: int) -> None:
    measure, groups = percent(usage, **more)
    current = len(usage) + more.get("unready", 0) + more.get("missing", 0)
    assert propose(measure, groups, current, Tolerance()).replicas == wanted


def test_averages() -> None:
    measure = Measure({"p0": 300, "p1": 500}, 100)
    found = propose(measure, Groups(["p0", "p1"], [], [], []), 2, Tolerance())
    assert (found.replicas, found.average) == (8, 400)
    with pytest.raises(MetricsError, match="did not receive metrics for targeted pods"):
        propose(Measure({"u0": 5}, 100), Groups([], ["u0"], [], []), 1, Tolerance())


@pytest.mark.parametrize(
    ("tolerance", "wanted"), [(Tolerance(), 3), (Tolerance(up=0.3), 2)], ids=["ten percent", "thirty percent"]
)
def test_tolerance(tolerance: Tolerance, wanted: int) -> None:
    measure, groups = percent([60, 60])
    assert propose(measure, groups, 2, tolerance).replicas == wanted


def pod(
    name: str, phase: str = "Running", *, age: int = 600, ready: str = "True", since: int = 500, **more: Any
) -> Any:
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": format_time(NOW - since * 1000)}]
    status = {"phase": phase, "conditions": conditions, "startTime": format_time(NOW - age * 1000)}
    return {"metadata": {"name": name, **more}, "status": status}


def test_pods_are_sorted_by_what_their_metrics_are_good_for() -> None:
    selected = [
        pod("good"),
        pod("pending", "Pending"),
        pod("failed", "Failed"),
        pod("going", deletionTimestamp="x"),
        pod("silent"),
        pod("starting", age=20, ready="False", since=20),
        pod("young", age=20, since=10),
        pod("settled", age=100, since=90),
        pod("never ready", age=600, ready="False", since=590),
        pod("sick", age=600, ready="False", since=100),
    ]
    usage = dict.fromkeys([each["metadata"]["name"] for each in selected if each["metadata"]["name"] != "silent"], 1)
    found = group(selected, usage, "cpu", NOW)
    assert found.ready == ["good", "settled", "sick"]
    assert found.unready == ["pending", "starting", "young", "never ready"]
    assert (found.missing, found.ignored) == (["silent"], ["failed", "going"])
    assert "young" in group(selected, usage, "memory", NOW).ready


def test_pods_must_say_what_they_ask_for() -> None:
    silent = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": {}}]}}
    with pytest.raises(MetricsError, match="missing request for cpu in container c of Pod p"):
        requests_of([silent], "cpu", "")


# ---------------------------------------------------------------------- limits
@pytest.mark.parametrize(
    ("current", "wished", "wanted", "reason"),
    [
        (3, 5, 5, "DesiredWithinRange"),
        (1, 9, 4, "ScaleUpLimit"),
        (3, 9, 6, "ScaleUpLimit"),
        (8, 20, 10, "TooManyReplicas"),
        (5, 0, 2, "TooFewReplicas"),
    ],
    ids=["within", "at most four", "at most twice", "maximum", "minimum"],
)
def test_bounds(current: int, wished: int, wanted: int, reason: str) -> None:
    found = limits.normalize(limits.Memory(), limits.Bounds(current, 2, 10), wished, NOW)
    assert (found.replicas, found.limit[0]) == (wanted, reason)


def test_the_highest_recommendation_of_five_minutes_holds() -> None:
    memory, bounds = limits.Memory(), limits.Bounds(6, 1, 10)
    assert limits.normalize(memory, bounds, 6, NOW).able[0] == "ReadyForNewScale"
    found = limits.normalize(memory, bounds, 2, NOW + 60_000)
    assert (found.replicas, found.able[0]) == (6, "ScaleDownStabilized")
    assert limits.normalize(memory, bounds, 2, NOW + 301_000).replicas == 2


def rules(value: int, kind: str = "Pods", period: int = 60, **more: Any) -> dict[str, Any]:
    return {"policies": [{"type": kind, "value": value, "periodSeconds": period}], "selectPolicy": "Max", **more}


@pytest.mark.parametrize(
    ("side", "behavior", "wished", "wanted", "reason"),
    [
        ("up", rules(2), 20, 12, "ScaleUpLimit"),
        ("up", rules(25, "Percent"), 20, 13, "ScaleUpLimit"),
        ("up", rules(2, selectPolicy="Disabled"), 20, 10, "ScaleUpLimit"),
        ("up", rules(90), 200, 30, "TooManyReplicas"),
        ("down", rules(3, stabilizationWindowSeconds=0), 1, 7, "ScaleDownLimit"),
        ("down", rules(25, "Percent", stabilizationWindowSeconds=0), 1, 7, "ScaleDownLimit"),
        ("down", rules(100, "Percent", stabilizationWindowSeconds=0), 1, 2, "TooFewReplicas"),
    ],
    ids=["pods", "percent", "disabled", "maximum", "pods down", "percent down", "minimum"],
)
def test_policies(side: str, behavior: dict[str, Any], wished: int, wanted: int, reason: str) -> None:
    whole = {"scaleUp": behavior} if side == "up" else {"scaleDown": behavior}
    found = limits.normalize_with(limits.Memory(), whole, limits.Bounds(10, 2, 30), wished, NOW)
    assert (found.replicas, found.limit[0], found.is_limited) == (wanted, reason, True)


def test_policies_count_what_was_changed_in_their_period() -> None:
    memory = limits.Memory()
    memory.changed(8, 10, NOW - 30_000, 60_000)
    assert limits.up_limit(memory, rules(3), 10, NOW) == 11
    assert limits.up_limit(memory, rules(3), 10, NOW + 40_000) == 13
    both = rules(3)
    both["policies"].append({"type": "Percent", "value": 100, "periodSeconds": 15})
    assert limits.up_limit(memory, both, 10, NOW) == 20
    assert limits.up_limit(memory, both | {"selectPolicy": "Min"}, 10, NOW) == 11


def test_scaling_up_may_be_stabilised_too() -> None:
    memory, behavior = limits.Memory(), {"scaleUp": rules(100, stabilizationWindowSeconds=60)}
    bounds = limits.Bounds(3, 1, 10)
    limits.normalize_with(memory, behavior, bounds, 3, NOW)
    found = limits.normalize_with(memory, behavior, bounds, 8, NOW + 30_000)
    assert (found.replicas, found.able[0]) == (3, "ScaleUpStabilized")
    assert limits.normalize_with(memory, behavior, bounds, 8, NOW + 61_000).replicas == 8
