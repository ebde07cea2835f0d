"""Tally and ranking of the pods of a ReplicaSet."""

from typing import Any

import pytest

from kubesim.controllers.replicaset import ranking, tally
from kubesim.objects.times import format_time, parse_time

NOW = parse_time("2026-01-01T12:00:00Z")
LABELS = {"app": "web"}


def pod(
    name: str = "p",
    *,
    phase: str = "Running",
    ready: bool | None = None,
    node: str = "n1",
    ready_ago: int = 100,
    made_ago: int = 1000,
    restarts: int = 0,
    cost: str = "",
    deleting: bool = False,
    labels: dict[str, str] = LABELS,
) -> Any:
    metadata: dict[str, Any] = {
        "name": name,
        "uid": f"uid-{name}",
        "labels": labels,
        "creationTimestamp": format_time(NOW - made_ago * 1000),
    }
    if cost:
        metadata["annotations"] = {ranking.DELETION_COST: cost}
    if deleting:
        metadata["deletionTimestamp"] = format_time(NOW)
    status: dict[str, Any] = {"phase": phase, "containerStatuses": [{"name": "c", "restartCount": restarts}]}
    if ready is not None:
        since = format_time(NOW - ready_ago * 1000)
        status["conditions"] = [{"type": "Ready", "status": str(ready), "lastTransitionTime": since}]
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": status}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(pod(phase="Pending"), tally.ACTIVE | tally.LABELED, id="pending"),
        pytest.param(pod(ready=True), tally.ACTIVE | tally.READY | tally.LABELED, id="ready"),
        pytest.param(pod(ready=False), tally.ACTIVE | tally.LABELED, id="unready"),
        pytest.param(pod(ready=True, labels={"app": "web", "zone": "a"}), 7, id="more-labels"),
        pytest.param(pod(ready=True, labels={"app": "x"}), tally.ACTIVE | tally.READY, id="other-labels"),
        pytest.param(pod(phase="Failed"), 0, id="failed"),
        pytest.param(pod(phase="Succeeded", deleting=True), 0, id="ended-and-deleting"),
        pytest.param(pod(ready=True, deleting=True), tally.TERMINATING, id="terminating"),
    ],
)
def test_bits(made: Any, expected: int) -> None:
    assert tally.bits_of(made, LABELS) == expected


def test_counts_follow_levels() -> None:
    found = tally.Tally()
    for made in (pod("a", ready=True), pod("b"), pod("c", deleting=True)):
        found.put(made["metadata"]["name"], tally.bits_of(made, LABELS), made, NOW)
        found.put(made["metadata"]["name"], tally.bits_of(made, LABELS), made, NOW)
    assert found.counts() == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 1,
    }
    assert found.drop("a") == 7
    assert found.drop("c") == tally.TERMINATING
    assert found.drop("never") == 0
    assert found.counts() == {"replicas": 1, "fullyLabeledReplicas": 1, "terminatingReplicas": 0}


def test_available_after_min_ready_seconds() -> None:
    found = tally.Tally(min_ready_seconds=10)
    for name, ago in (("a", 20), ("b", 4), ("c", 7)):
        made = pod(name, ready=True, ready_ago=ago)
        found.put(name, tally.bits_of(made, LABELS), made, NOW)
    assert (found.ripen(NOW), found.available) == (NOW + 3000, 1)
    unready = pod("c", ready=False)
    found.put("c", tally.bits_of(unready, LABELS), unready, NOW)
    assert (found.ripen(NOW), found.available, found.ready) == (NOW + 6000, 1, 2)
    assert (found.ripen(NOW + 6000), found.available) == (None, 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(pod("z", node=""), pod("a", phase="Pending"), id="unassigned"),
        pytest.param(pod("z", phase="Pending"), pod("a", phase="Unknown"), id="pending"),
        pytest.param(pod("z", phase="Unknown"), pod("a"), id="unknown"),
        pytest.param(pod("z", ready=False), pod("a", ready=True), id="not-ready"),
        pytest.param(pod("z", ready=True, cost="-5"), pod("a", ready=True), id="cheaper"),
        pytest.param(pod("z", ready=True, cost="many"), pod("a", ready=True, cost="1"), id="unreadable-cost-is-zero"),
        pytest.param(pod("z", ready=True, ready_ago=2), pod("a", ready=True, ready_ago=50), id="ready-later"),
        pytest.param(pod("a", ready=True, ready_ago=50), pod("z", ready=True, ready_ago=60), id="same-bucket-by-uid"),
        pytest.param(
            pod("a", ready=True, ready_ago=60), pod("z", ready=True, ready_ago=50), id="same-bucket-by-uid-too"
        ),
        pytest.param(pod("z", ready=True, restarts=3), pod("a", ready=True), id="restarted"),
        pytest.param(pod("z", made_ago=3), pod("a", made_ago=900), id="newer"),
    ],
)
def test_ranking(first: Any, second: Any) -> None:
    assert ranking.victims([second, first], [], 1, NOW) == [first]
    assert ranking.victims([first, second], [], 1, NOW) == [first]


def test_crowded_nodes_first() -> None:
    alone, crowded = pod("a", ready=True, node="n1"), pod("z", ready=True, node="n2")
    sibling = pod("s", ready=True, node="n2")
    assert ranking.victims([alone, crowded], [alone, crowded, sibling], 1, NOW) == [crowded]


def test_all_go_without_an_order() -> None:
    every = [pod("b"), pod("a")]
    assert ranking.victims(every, [], 5, NOW) == every
