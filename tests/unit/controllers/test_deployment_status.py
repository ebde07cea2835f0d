"""What a Deployment reports: tables of the pure part."""

from collections.abc import Sequence
from typing import Any

import pytest

from kubesim.controllers.deployment import status
from kubesim.objects.times import format_time, parse_time

NOW = parse_time("2026-01-01T00:20:00Z")


def condition(kind: str, value: str, reason: str, age_seconds: int = 0) -> dict[str, Any]:
    return status.make(kind, value, reason, "", NOW - age_seconds * 1000)


def deployment(conditions: Sequence[Any] = (), replicas: int = 3, **more: Any) -> Any:
    known = {"conditions": list(conditions), **more.pop("status", {})}
    return {
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": replicas, "progressDeadlineSeconds": 600, **more},
        "status": known,
    }


def replica_set(size: int, available: int, **more: Any) -> Any:
    reported = {"replicas": size, "readyReplicas": available, "availableReplicas": available, "terminatingReplicas": 0}
    return {"metadata": {"name": "web-1"}, "spec": {"replicas": size}, "status": {**reported, **more}}


def reason_of(found: Any, kind: str) -> str | None:
    made = status.find(found.get("conditions", ()), kind)
    return None if made is None else made["reason"]


def test_put_keeps_a_condition_that_says_the_same() -> None:
    conditions: list[Any] = [condition("Available", "True", "A", 60)]
    assert status.put(conditions, condition("Available", "True", "A")) is conditions


def test_put_keeps_the_transition_time_while_the_status_stays() -> None:
    found = status.put([condition("P", "True", "A", 60), condition("Q", "True", "A")], condition("P", "True", "B"))
    assert [each["type"] for each in found] == ["Q", "P"]
    assert found[1]["lastTransitionTime"] == format_time(NOW - 60_000)
    assert found[1]["lastUpdateTime"] == format_time(NOW)


@pytest.mark.parametrize(
    ("made", "new", "old", "progressing", "available"),
    [
        pytest.param(deployment(), replica_set(3, 0, replicas=0), [], None, "MinimumReplicasUnavailable", id="created"),
        pytest.param(
            deployment(), replica_set(3, 3), [], "NewReplicaSetAvailable", "MinimumReplicasAvailable", id="complete"
        ),
        pytest.param(
            deployment([condition("Progressing", "True", "NewReplicaSetCreated")]),
            replica_set(3, 1),
            [replica_set(1, 1)],
            "ReplicaSetUpdated",
            "MinimumReplicasUnavailable",
            id="progress",
        ),
        pytest.param(
            deployment(
                [condition("Progressing", "True", "ReplicaSetUpdated", 700)],
                status={"replicas": 3, "updatedReplicas": 3},
            ),
            replica_set(3, 0),
            [],
            "ProgressDeadlineExceeded",
            "MinimumReplicasUnavailable",
            id="stalled",
        ),
        pytest.param(
            deployment(
                [condition("Progressing", "True", "ReplicaSetUpdated", 500)],
                status={"replicas": 3, "updatedReplicas": 3},
            ),
            replica_set(3, 0),
            [],
            "ReplicaSetUpdated",
            "MinimumReplicasUnavailable",
            id="not-yet-stalled",
        ),
        pytest.param(
            deployment([condition("Progressing", "True", "NewReplicaSetAvailable", 9000)]),
            replica_set(3, 0),
            [],
            "NewReplicaSetAvailable",
            "MinimumReplicasUnavailable",
            id="a-finished-rollout-never-stalls",
        ),
        pytest.param(
            deployment([condition("Progressing", "True", "X")], progressDeadlineSeconds=status.NO_DEADLINE),
            replica_set(3, 3),
            [],
            None,
            "MinimumReplicasAvailable",
            id="no-deadline",
        ),
    ],
)
def test_judge(made: Any, new: Any, old: list[Any], progressing: str | None, available: str) -> None:
    found = status.judge(made, new, [*old, new], NOW)
    assert reason_of(found, "Progressing") == progressing
    assert reason_of(found, "Available") == available


def test_counts_leave_zeros_out() -> None:
    found = status.observe(deployment(replicas=0), None, [], NOW)
    assert {key: value for key, value in found.items() if key != "conditions"} == {
        "observedGeneration": 2,
        "terminatingReplicas": 0,
    }


def test_terminating_is_unknown_when_one_does_not_tell() -> None:
    silent = {"metadata": {"name": "a"}, "spec": {"replicas": 0}, "status": {"replicas": 0}}
    assert "terminatingReplicas" not in status.observe(deployment(), None, [silent, replica_set(1, 1)], NOW)


def test_failure_of_a_replica_set_is_shown() -> None:
    failing = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "no",
        "lastTransitionTime": format_time(NOW),
    }
    new = replica_set(3, 0, conditions=[failing])
    found = status.find(status.judge(deployment(), new, [new], NOW)["conditions"], "ReplicaFailure")
    assert found is not None
    assert (found["reason"], found["message"], found["lastUpdateTime"]) == ("FailedCreate", "no", format_time(NOW))


@pytest.mark.parametrize(
    ("paused", "reason", "expected"),
    [
        pytest.param(True, "NewReplicaSetAvailable", "DeploymentPaused", id="pause"),
        pytest.param(True, "DeploymentPaused", None, id="is-paused"),
        pytest.param(False, "DeploymentPaused", "DeploymentResumed", id="resume"),
        pytest.param(False, "ReplicaSetUpdated", None, id="runs"),
        pytest.param(True, "ProgressDeadlineExceeded", None, id="a-stall-is-not-hidden"),
    ],
)
def test_paused_condition(*, paused: bool, reason: str, expected: str | None) -> None:
    found = status.paused_condition(deployment([condition("Progressing", "True", reason)], paused=paused), NOW)
    assert (None if found is None else found[-1]["reason"]) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(deployment([condition("Progressing", "True", "ReplicaSetUpdated", 100)]), 501_000, id="remaining"),
        pytest.param(deployment([condition("Progressing", "True", "ReplicaSetUpdated", 700)]), 1000, id="overdue"),
        pytest.param(deployment([condition("Progressing", "False", "ProgressDeadlineExceeded")]), None, id="told"),
        pytest.param(deployment(), None, id="no-condition"),
    ],
)
def test_next_check(made: Any, expected: int | None) -> None:
    assert status.next_check(made, made["status"], NOW) == expected
