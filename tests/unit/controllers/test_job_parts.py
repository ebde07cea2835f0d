"""The pure parts of the job controller: indexes, back-off, policies."""

from typing import Any

import pytest

from kubesim.controllers.job import backoff, indexes, policies
from kubesim.objects.times import parse_time

NOW = parse_time("2026-01-01T01:00:00Z")


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([1, 2], "1,2"), ([0, 1, 2, 5], "0-2,5"), ([9, 7, 8, 1], "1,7-9")],
    ids=["none", "one", "two", "range", "unordered"],
)
def test_indexes_as_text(numbers: list[int], text: str) -> None:
    intervals = indexes.with_indexes((), numbers)
    assert indexes.text_of(intervals) == text
    assert indexes.total(intervals) == len(numbers)
    assert indexes.parse(text, 100) == intervals
    assert all(indexes.has(intervals, number) for number in numbers)


@pytest.mark.parametrize(
    ("text", "completions", "wanted"),
    [("0-9,12", 5, "0-4"), ("x,3", 9, "3"), ("1-3,2-6", 9, "1-6")],
    ids=["cut", "no number", "overlap"],
)
def test_reading_indexes(text: str, completions: int, wanted: str) -> None:
    assert indexes.text_of(indexes.parse(text, completions)) == wanted


@pytest.mark.parametrize(
    ("taken", "count", "wanted"),
    [("", 2, [0, 1]), ("0-2", 2, [3, 4]), ("1,3", 3, [0, 2, 4]), ("0-4", 2, []), ("4", 9, [0, 1, 2, 3])],
    ids=["start", "go on", "gaps", "all", "as many as there are"],
)
def test_pending_indexes(taken: str, count: int, wanted: list[int]) -> None:
    assert indexes.pending(indexes.parse(taken, 5), count, 5) == wanted


def pod(name: str = "p", finished: str = "", code: int = 1, **conditions: str) -> dict[str, Any]:
    status: dict[str, Any] = {
        "phase": "Failed",
        "conditions": [{"type": k, "status": v} for k, v in conditions.items()],
    }
    if finished:
        state = {"terminated": {"exitCode": code, "finishedAt": f"2026-01-01T{finished}Z"}}
        status["containerStatuses"] = [{"name": "c", "state": state}]
    return {"metadata": {"name": name, "namespace": "n", "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": status}


@pytest.mark.parametrize(
    ("known", "succeeded", "failed", "failures"),
    [
        (backoff.NONE, [], ["00:10:00", "00:11:00"], 2),
        (backoff.Backoff(3, 1), [], ["00:10:00"], 4),
        (backoff.Backoff(3, 1), ["00:10:00"], [], 0),
        (backoff.Backoff(3, 1), ["00:10:00"], ["00:09:00", "00:11:00"], 1),
        (backoff.Backoff(3, 1), [], [], 3),
    ],
    ids=["failures", "more failures", "a success", "failures after a success", "nothing"],
)
def test_backoff_counts_failures_since_the_last_success(
    known: backoff.Backoff, succeeded: list[str], failed: list[str], failures: int
) -> None:
    found = backoff.after(known, [pod(finished=at) for at in succeeded], [pod(finished=at) for at in failed])
    assert found.failures == failures


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (4, 80), (6, 320), (7, 600), (50, 600)], ids=str
)
def test_backoff_doubles_up_to_ten_minutes(failures: int, seconds: int) -> None:
    assert backoff.remaining(backoff.Backoff(failures, NOW), NOW) == seconds * 1000


def test_when_a_pod_ended() -> None:
    assert backoff.finished_at(pod(finished="00:10:00")) == parse_time("2026-01-01T00:10:00Z")
    gone = pod()
    gone["metadata"] |= {"deletionTimestamp": "2026-01-01T00:20:30Z", "deletionGracePeriodSeconds": 30}
    assert backoff.finished_at(gone) == parse_time("2026-01-01T00:20:00Z")
    assert backoff.finished_at(pod()) == parse_time("2026-01-01T00:00:00Z")


FAILED = "Container c for pod n/p failed with exit code 42 matching FailJob rule at index 0"


def rule(action: str, operator: str = "In", values: tuple[int, ...] = (42,), **more: Any) -> dict[str, Any]:
    return {"action": action, "onExitCodes": {"operator": operator, "values": list(values), **more}}


@pytest.mark.parametrize(
    ("rules", "code", "wanted"),
    [
        ([rule("FailJob")], 42, (FAILED, True)),
        ([rule("FailJob")], 1, ("", True)),
        ([rule("Ignore", "NotIn", (1,))], 42, ("", False)),
        ([rule("Ignore", containerName="other")], 42, ("", True)),
        ([rule("Count", values=(1,)), rule("FailIndex")], 42, ("", True)),
    ],
    ids=["fail the job", "another code", "ignored", "another container", "second rule"],
)  # fmt: skip
def test_failure_policy_by_exit_code(rules: list[Any], code: int, wanted: tuple[str, bool]) -> None:
    verdict = policies.judge({"rules": rules}, pod(finished="00:10:00", code=code))
    assert (verdict.message, verdict.counts) == wanted


def test_failure_policy_by_condition() -> None:
    pattern = [{"type": "DisruptionTarget", "status": "True"}]
    failed = pod(finished="00:10:00", DisruptionTarget="True")
    verdict = policies.judge({"rules": [{"action": "FailJob", "onPodConditions": pattern}]}, failed)
    assert verdict.message == "Pod n/p has condition DisruptionTarget matching FailJob rule at index 0"
    ignored = policies.judge({"rules": [{"action": "Ignore", "onPodConditions": pattern}]}, failed)
    assert not ignored.counts


@pytest.mark.parametrize(
    ("rules", "done", "wanted"),
    [
        ([{"succeededIndexes": "0,2"}], "0-2", "Matched rules at index 0"),
        ([{"succeededIndexes": "0,2"}], "0,1", ""),
        ([{"succeededIndexes": "0-4", "succeededCount": 2}], "1,4", "Matched rules at index 0"),
        ([{"succeededIndexes": "4"}, {"succeededCount": 2}], "0,1", "Matched rules at index 1"),
        ([{"succeededCount": 1}], "", ""),
    ],
    ids=["all of some", "not all", "enough of some", "second rule", "none"],
)
def test_success_policy(rules: list[Any], done: str, wanted: str) -> None:
    assert policies.success_message({"rules": rules}, 5, indexes.parse(done, 5)) == wanted
