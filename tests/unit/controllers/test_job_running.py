"""Jobs over the real API server, in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.objects import refs
from kubesim.objects.wire import JOBS, PODS
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def job(image: str = "nginx", name: str = "j", **spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    return {"kind": "Job", "metadata": {"name": name}, "spec": {"template": {"spec": pod}, **spec}}


def status(cluster: WorkloadCluster, name: str = "j") -> Any:
    return cluster.get("Job", name)["status"]


def reasons(cluster: WorkloadCluster) -> list[tuple[str, str]]:
    return [(each["type"], each["reason"]) for each in status(cluster).get("conditions", ())]


def names(cluster: WorkloadCluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.all("Pod") if not refs.is_deleting(pod)]


def index(pod: Any) -> str:
    return str(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])


def test_golden_trace_of_a_job_that_always_fails(make_cluster: Callable[..., Cluster]) -> None:
    cluster = make_cluster()
    cluster.advance(20_000)
    command = ["sh", "-c", "sleep 30; exit 42"]
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": command}]}
    spec = {"completions": 8, "parallelism": 2, "backoffLimit": 6, "template": {"spec": pod}}
    create(cluster, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec})
    start, ended = cluster.loop.now, dict[str, int]()
    while not refs.is_condition_true(cluster.store.get(JOBS, "default", "j") or {}, "Failed"):
        cluster.advance(1_000)
        for each in cluster.store.range(PODS, "default"):
            if each["status"].get("phase") == "Failed":
                ended.setdefault(each["metadata"]["name"], (cluster.loop.now - start) // 1000)
        assert cluster.loop.now - start < 600_000
    waves = sorted(ended.values())
    assert waves == pytest.approx([31, 31, 82, 82, 193, 193, 544, 544], abs=4)
    assert (cluster.loop.now - start) / 1000 == pytest.approx(546, abs=6)
    found = cluster.store.get(JOBS, "default", "j")
    assert found is not None
    assert found["status"]["failed"] == 8
    assert [each["reason"] for each in found["status"]["conditions"]] == ["BackoffLimitExceeded"] * 2


def test_parallelism_bounds_the_active_pods_and_can_change(cluster: WorkloadCluster) -> None:
    cluster.create(job(parallelism=4, completions=10))
    cluster.run(3)
    assert (status(cluster)["active"], status(cluster)["ready"]) == (4, 4)
    cluster.patch("Job", "j", {"spec": {"parallelism": 1}})
    cluster.run(3)
    assert len(names(cluster)) == status(cluster)["active"] == 1
    assert "failed" not in status(cluster)


def test_without_completions_one_success_is_enough(cluster: WorkloadCluster) -> None:
    cluster.create(job(parallelism=3))
    cluster.patch("Job", "j", {"spec": {"parallelism": 2}})
    cluster.run(3)
    first, second = names(cluster)
    cluster.end_pod(first, "Succeeded")
    cluster.run(3)
    assert names(cluster) == [first, second]
    assert reasons(cluster) == []
    cluster.end_pod(second, "Failed")
    cluster.run(3)
    assert reasons(cluster) == [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]
    assert (status(cluster)["succeeded"], status(cluster)["failed"]) == (1, 1)


def test_suspending_deletes_pods_and_resuming_starts_anew(cluster: WorkloadCluster) -> None:
    cluster.create(job(suspend=True))
    cluster.run(3)
    assert names(cluster) == []
    assert "startTime" not in status(cluster)
    cluster.patch("Job", "j", {"spec": {"suspend": False}})
    cluster.run(3)
    started = status(cluster)["startTime"]
    assert len(names(cluster)) == 1
    cluster.patch("Job", "j", {"spec": {"suspend": True}})
    cluster.run(3)
    assert names(cluster) == []
    assert "failed" not in status(cluster)
    cluster.run(60)
    cluster.patch("Job", "j", {"spec": {"suspend": False}})
    cluster.run(3)
    assert status(cluster)["startTime"] > started
    told = sorted(reason for reason, _ in cluster.messages("Job", "j"))
    assert told == ["Resumed", "SuccessfulCreate", "SuccessfulCreate", "SuccessfulDelete", "Suspended"]


def test_indexes_are_retried_until_each_has_failed_too_often(cluster: WorkloadCluster) -> None:
    spec = {"completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1}
    cluster.create(job(**spec))
    for wait in (2, 15, 2):
        cluster.run(wait)
        for pod in cluster.all("Pod"):
            if pod["status"]["phase"] == "Running":
                cluster.end_pod(pod["metadata"]["name"], "Failed" if index(pod) == "0" else "Succeeded")
    cluster.run(3)
    assert (status(cluster)["completedIndexes"], status(cluster)["failedIndexes"]) == ("1", "0")
    assert reasons(cluster) == [("FailureTarget", "FailedIndexes"), ("Failed", "FailedIndexes")]
    counts = [
        pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"]
        for pod in cluster.all("Pod")
        if index(pod) == "0"
    ]
    assert sorted(counts) == ["0", "1"]


def test_success_policy_ends_the_other_pods(cluster: WorkloadCluster) -> None:
    policy = {"rules": [{"succeededIndexes": "0"}]}
    cluster.create(job(completions=3, parallelism=3, completionMode="Indexed", successPolicy=policy))
    cluster.run(2)
    leader = next(pod for pod in cluster.all("Pod") if index(pod) == "0")
    cluster.end_pod(leader["metadata"]["name"], "Succeeded")
    cluster.run(5)
    assert reasons(cluster) == [("SuccessCriteriaMet", "SuccessPolicy"), ("Complete", "SuccessPolicy")]
    assert names(cluster) == [leader["metadata"]["name"]]
    assert (status(cluster)["completedIndexes"], status(cluster).get("failed", 0)) == ("0", 0)


@pytest.mark.parametrize(
    ("action", "code", "wanted", "failed"),
    [("FailJob", 42, "PodFailurePolicy", 1), ("Ignore", 42, "", 0), ("FailJob", 1, "", 1)],
    ids=["fail", "ignore", "no rule"],
)
def test_failure_policy(cluster: WorkloadCluster, action: str, code: int, wanted: str, failed: int) -> None:
    rules = [{"action": action, "onExitCodes": {"operator": "In", "values": [42]}}]
    cluster.create(job(podFailurePolicy={"rules": rules}))
    cluster.run(2)
    cluster.end_pod(names(cluster)[0], "Failed", code=code)
    cluster.run(3)
    assert [reason for _, reason in reasons(cluster)] == ([wanted] * 2 if wanted else [])
    assert status(cluster).get("failed", 0) == failed


def test_restarts_count_when_containers_are_restarted_in_place(cluster: WorkloadCluster) -> None:
    body = job(backoffLimit=2)
    body["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    cluster.create(body)
    cluster.run(2)
    pod = cluster.all("Pod")[0]
    container = {**pod["status"]["containerStatuses"][0], "restartCount": 2}
    cluster.admin.update_status(PODS, {**pod, "status": {**pod["status"], "containerStatuses": [container]}})
    cluster.run(3)
    assert ("Failed", "BackoffLimitExceeded") in reasons(cluster)


def test_deleting_a_job_lets_its_pods_go(cluster: WorkloadCluster) -> None:
    cluster.create(job(parallelism=2, completions=2))
    cluster.run(2)
    assert all(pod["metadata"]["finalizers"] for pod in cluster.all("Pod"))
    cluster.delete("Job", "j", propagationPolicy="Foreground")
    cluster.run(5)
    assert cluster.get("Job", "j") is None
    assert cluster.all("Pod") == []


def test_orphaned_pods_lose_their_finalizer(cluster: WorkloadCluster) -> None:
    cluster.create(job())
    cluster.run(2)
    cluster.delete("Job", "j", propagationPolicy="Orphan")
    cluster.run(5)
    assert cluster.get("Job", "j") is None
    assert [pod["metadata"].get("finalizers") for pod in cluster.all("Pod")] == [None]


def test_ended_jobs_are_deleted_after_their_time(cluster: WorkloadCluster) -> None:
    cluster.create(job("done", ttlSecondsAfterFinished=30))
    cluster.run(20)
    assert refs.is_condition_true(cluster.get("Job", "j"), "Complete")
    cluster.run(15)
    assert cluster.get("Job", "j") is None
    assert cluster.all("Pod") == []


def test_an_idle_job_is_not_looked_at_again(cluster: WorkloadCluster) -> None:
    cluster.create(job())
    cluster.run(10)
    synced = cluster.job.controller.synced
    cluster.run(1000)
    assert cluster.job.controller.synced == synced


def test_jobs_of_others_are_left_alone(cluster: WorkloadCluster) -> None:
    cluster.create(job(managedBy="example.com/other"))
    cluster.run(5)
    assert names(cluster) == []
