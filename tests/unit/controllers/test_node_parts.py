"""Health, zones, tolerations and ttl: the pure halves of the node controllers."""

from typing import Any

import pytest

from kubesim.controllers.nodes import health, ttl, zones
from kubesim.controllers.nodes.tolerations import FOREVER, patience

STAMP = "2026-01-01T00:00:00Z"


def node(*conditions: tuple[str, str], taints: Any = (), **spec: Any) -> Any:
    made = [{"type": kind, "status": value, "reason": "r", "lastHeartbeatTime": STAMP} for kind, value in conditions]
    return {
        "metadata": {"name": "n", "creationTimestamp": "2025-01-01T00:00:00Z", "labels": {"kubernetes.io/os": "linux"}},
        "spec": {**({"taints": list(taints)} if taints else {}), **spec},
        "status": {"conditions": made},
    }


def taint(key: str, effect: str = "NoSchedule", value: str = "") -> dict[str, str]:
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def test_silence_makes_conditions_unknown() -> None:
    found = health.silent_conditions(node(("Ready", "True"), ("DiskPressure", "Unknown"), ("Other", "True")), STAMP)
    assert [(each["type"], each["status"], each["reason"]) for each in found] == [
        ("Ready", "Unknown", "NodeStatusUnknown"),
        ("DiskPressure", "Unknown", "r"),
        ("Other", "True", "r"),
        ("MemoryPressure", "Unknown", "NodeStatusNeverUpdated"),
        ("PIDPressure", "Unknown", "NodeStatusNeverUpdated"),
    ]
    assert found[0]["message"] == "Kubelet stopped posting node status."
    assert found[3]["lastHeartbeatTime"] == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(node(("Ready", "True")), [], id="healthy"),
        pytest.param(node(("Ready", "False")), [health.NOT_READY], id="not-ready"),
        pytest.param(node(("Ready", "Unknown")), [health.UNREACHABLE], id="unreachable"),
        pytest.param(
            node(("Ready", "True"), ("MemoryPressure", "True")), ["node.kubernetes.io/memory-pressure"], id="pressure"
        ),
        pytest.param(node(("MemoryPressure", "Unknown")), [], id="unknown-pressure"),
        pytest.param(node(("Ready", "True"), unschedulable=True), [health.UNSCHEDULABLE], id="cordoned"),
        pytest.param(node(("Ready", "True"), taints=[taint(health.NOT_READY)]), [], id="recovered"),
        pytest.param(node(("Ready", "True"), taints=[taint("mine")]), ["mine"], id="not-ours"),
        pytest.param(
            node(("Ready", "Unknown"), taints=[taint(health.NOT_READY), taint("mine")]),
            ["mine", health.UNREACHABLE],
            id="swapped",
        ),
    ],
)
def test_schedule_taints(made: Any, expected: list[str]) -> None:
    assert [each["key"] for each in health.schedule_taints(made, STAMP)] == expected


def test_present_taints_stay_as_they_are() -> None:
    made = node(("Ready", "False"), taints=[taint(health.NOT_READY)])
    assert health.schedule_taints(made, "later") == made["spec"]["taints"]


def test_labels_agree() -> None:
    found = health.agreeing_labels(node())
    assert found == {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"}
    again = {"metadata": {"labels": found}}
    assert health.agreeing_labels(again) is found


def test_pod_of_a_silent_node() -> None:
    pod = {"status": {"conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]}}
    found = health.not_ready_pod(pod, STAMP)
    assert found["status"]["conditions"][1] == {"type": "Ready", "status": "False", "lastTransitionTime": STAMP}
    assert health.not_ready_pod(found, STAMP) is found
    unstarted: Any = {"status": {"phase": "Pending"}}
    assert health.not_ready_pod(unstarted, STAMP) is unstarted


@pytest.mark.parametrize(
    ("ready", "lost", "state"),
    [
        pytest.param(3, 0, zones.NORMAL, id="all-ready"),
        pytest.param(0, 1, zones.FULL, id="all-lost"),
        pytest.param(1, 2, zones.NORMAL, id="two-are-too-few"),
        pytest.param(2, 3, zones.PARTIAL, id="sixty-percent"),
        pytest.param(3, 3, zones.NORMAL, id="half"),
        pytest.param(0, 0, zones.NORMAL, id="empty"),
    ],
)
def test_zone_state(ready: int, lost: int, state: str) -> None:
    assert zones.state_of(ready, lost) == state


@pytest.mark.parametrize(
    ("state", "size", "rate"),
    [
        pytest.param(zones.NORMAL, 10, 0.1, id="normal"),
        pytest.param(zones.PARTIAL, 51, 0.01, id="partial-large"),
        pytest.param(zones.PARTIAL, 50, 0.0, id="partial-small"),
        pytest.param(zones.FULL, 10, 0.1, id="full"),
    ],
)
def test_rate(state: str, size: int, rate: float) -> None:
    assert zones.rate_of(state, size) == rate


def test_limiter_gives_one_token_in_ten_seconds() -> None:
    limiter = zones.Limiter(0.1, 0)
    assert [limiter.take(at) for at in (0, 1, 9_999, 10_000, 10_001)] == [True, False, False, True, False]
    assert limiter.wait(15_000) == 5_000
    limiter.swap(0.0, 15_000)
    assert (limiter.take(99_000), limiter.wait(99_000)) == (False, None)
    limiter.swap(0.01, 100_000)
    assert (limiter.take(100_000), limiter.take(200_000)) == (False, True)


def test_zone_counts_levels() -> None:
    zone = zones.Zone(0)
    for name, status in (("a", "True"), ("b", "Unknown"), ("a", "True"), ("b", ""), ("c", "False"), ("a", "False")):
        zone.put(name, status)
    assert (zone.ready, len(zone.health), zone.judge()) == (0, 2, zones.FULL)


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([{"key": "a", "operator": "Exists"}], None, id="only-one-of-two"),
        pytest.param([{"operator": "Exists"}], FOREVER, id="forever"),
        pytest.param(
            [{"key": "a", "operator": "Exists", "tolerationSeconds": 9}, {"operator": "Exists"}], 9, id="bounded"
        ),
        pytest.param([{"operator": "Exists", "tolerationSeconds": -3}], 0, id="negative-is-at-once"),
    ],
)
def test_patience(tolerations: list[Any], expected: int | None) -> None:
    assert patience([taint("a", "NoExecute"), taint("b", "NoExecute")], tolerations) == expected


@pytest.mark.parametrize(
    ("step", "nodes", "expected"),
    [
        pytest.param(0, 100, 0, id="small"),
        pytest.param(0, 101, 1, id="grown"),
        pytest.param(1, 95, 1, id="overlap"),
        pytest.param(1, 89, 0, id="shrunk"),
        pytest.param(0, 5000, 4, id="huge"),
    ],
)
def test_ttl_step(step: int, nodes: int, expected: int) -> None:
    assert ttl.next_step(step, nodes) == expected
