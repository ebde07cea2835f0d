"""CronJobs over the real API server, in virtual time. The clock starts at 2026-11-23T12:00:00Z, a Monday."""

from typing import Any

import pytest

from kubesim.controllers.cronjob import missed, next_in
from kubesim.objects import refs
from kubesim.objects.times import format_time, parse_time
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def cron_job(schedule: str = "* * * * *", image: str = "done", **spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    template = {"metadata": {"labels": {"app": "cj"}}, "spec": {"template": {"spec": pod}}}
    return {
        "kind": "CronJob",
        "metadata": {"name": "cj"},
        "spec": {"schedule": schedule, "jobTemplate": template, **spec},
    }


def jobs(cluster: WorkloadCluster) -> list[str]:
    return [each["metadata"]["name"] for each in cluster.all("Job")]


def reasons(cluster: WorkloadCluster) -> set[str]:
    return {reason for reason, _ in cluster.messages("CronJob", "cj")}


def status(cluster: WorkloadCluster) -> Any:
    return cluster.get("CronJob", "cj")["status"]


MINUTE = 29923920
"""Minutes from 1970 to the start of the clock."""


def test_a_job_is_made_at_each_time(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job("*/5 * * * *"))
    cluster.run(299)
    assert jobs(cluster) == []
    cluster.run(10)
    assert jobs(cluster) == [f"cj-{MINUTE + 5}"]
    job = cluster.all("Job")[0]
    assert job["metadata"]["annotations"] == {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-23T12:05:00Z"}
    assert job["metadata"]["labels"] == {"app": "cj"}
    assert refs.is_controlled_by(job, cluster.get("CronJob", "cj"))
    assert status(cluster)["lastScheduleTime"] == "2026-11-23T12:05:00Z"
    assert status(cluster)["lastSuccessfulTime"] == job["status"]["completionTime"]
    assert cluster.messages("CronJob", "cj") == [
        ("SuccessfulCreate", f"Created job cj-{MINUTE + 5}"),
        ("SawCompletedJob", f"Saw completed job: cj-{MINUTE + 5}, condition: Complete"),
    ]


def test_histories_are_limited(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job(successfulJobsHistoryLimit=2))
    cluster.run(5 * 60 + 30)
    assert jobs(cluster) == [f"cj-{MINUTE + 4}", f"cj-{MINUTE + 5}"]
    assert "SuccessfulDelete" in reasons(cluster)


@pytest.mark.parametrize(
    ("policy", "active", "reason"),
    [("Allow", 3, "SuccessfulCreate"), ("Forbid", 1, "JobAlreadyActive"), ("Replace", 1, "SuccessfulDelete")],
)
def test_concurrency(cluster: WorkloadCluster, policy: str, active: int, reason: str) -> None:
    cluster.create(cron_job(image="nginx", concurrencyPolicy=policy))
    cluster.run(3 * 60 + 10)
    assert len(jobs(cluster)) == len(status(cluster)["active"]) == active
    assert reason in reasons(cluster)
    newest = MINUTE + (1 if policy == "Forbid" else 3)
    assert jobs(cluster)[-1] == f"cj-{newest}"


def test_a_suspended_cron_job_makes_nothing_and_then_only_the_last(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job(suspend=True))
    cluster.run(600)
    assert jobs(cluster) == []
    cluster.patch("CronJob", "cj", {"spec": {"suspend": False}})
    cluster.run(1)
    assert jobs(cluster) == [f"cj-{MINUTE + 10}"]


def test_starts_that_are_too_late_are_missed(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job("0 * * * *", suspend=True, startingDeadlineSeconds=60))
    cluster.run(3600 + 1800)
    cluster.patch("CronJob", "cj", {"spec": {"suspend": False}})
    cluster.run(10)
    assert jobs(cluster) == []


def test_many_missed_starts_are_told(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job(suspend=True))
    cluster.run(101 * 60 + 5)
    cluster.patch("CronJob", "cj", {"spec": {"suspend": False}})
    cluster.run(1)
    assert "TooManyMissedTimes" in reasons(cluster)
    assert len(jobs(cluster)) == 1


def test_time_zones(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job("30 21 * * *", timeZone="Asia/Tokyo"))
    cluster.run(31 * 60)
    job = cluster.all("Job")[0]
    when = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert when == "2026-11-23T21:30:00+09:00"


def test_a_lost_job_is_noticed(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job(image="nginx"))
    cluster.run(65)
    cluster.delete("Job", jobs(cluster)[0], propagationPolicy="Background")
    cluster.run(5)
    assert status(cluster).get("active", []) == []
    assert "MissingJob" in reasons(cluster)


def test_deleting_a_cron_job_deletes_its_jobs(cluster: WorkloadCluster) -> None:
    cluster.create(cron_job())
    cluster.run(65)
    cluster.delete("CronJob", "cj")
    cluster.run(5)
    assert jobs(cluster) == []
    assert cluster.all("Pod") == []


@pytest.mark.parametrize(
    ("last", "now", "latest", "count"),
    [
        ("12:00:00", "12:04:59", None, 0),
        ("12:00:00", "12:07:00", "12:05:00", 0),
        ("12:00:00", "12:31:00", "12:30:00", 6),
    ],
    ids=["none", "one", "several"],
)
def test_missed_starts(last: str, now: str, latest: str | None, count: int) -> None:
    obj = {"metadata": {"creationTimestamp": "2026-11-23T11:00:00Z"}, "spec": {"schedule": "*/5 * * * *"}}
    at = parse_time(f"2026-11-23T{now}Z")
    found = missed(obj, {"lastScheduleTime": f"2026-11-23T{last}Z"}, at, with_deadline=True)
    assert found.number == count
    assert (None if found.latest is None else format_time(found.latest)[11:19]) == latest
    wait = next_in(obj, {"lastScheduleTime": f"2026-11-23T{last}Z"}, at)
    assert wait is not None
    assert (at + wait) % 300_000 == 100
