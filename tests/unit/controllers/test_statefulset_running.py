"""StatefulSets over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.objects import refs
from kubesim.objects.wire import PODS
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def stateful_set(replicas: int = 3, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    selector = {"matchLabels": {"app": "web"}}
    base = {"replicas": replicas, "serviceName": "web", "selector": selector, "template": template}
    return {"kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {**base, **spec}}


def image(text: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": text}]}}}}


def claims(*names: str) -> list[dict[str, Any]]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [{"metadata": {"name": name}, "spec": spec} for name in names]


def status(cluster: WorkloadCluster) -> Any:
    return cluster.get("StatefulSet", "web")["status"]


def images(cluster: WorkloadCluster) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")}


def steps(cluster: WorkloadCluster, seconds: float) -> list[list[str]]:
    """The different sets of pods that were there, in order."""
    seen: list[list[str]] = []
    for _ in range(round(seconds * 1000)):
        cluster.run(0.001)
        names = [pod["metadata"]["name"] for pod in cluster.all("Pod") if not refs.is_deleting(pod)]
        if not seen or seen[-1] != names:
            seen.append(names)
    return seen


def test_pods_start_and_stop_one_after_the_other(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set())
    ready_before = []
    for _ in range(1500):
        before = {pod["metadata"]["name"] for pod in cluster.all("Pod")}
        ready = sum(1 for pod in cluster.all("Pod") if refs.is_condition_true(pod, "Ready"))
        cluster.run(0.001)
        if len(cluster.all("Pod")) > len(before):
            ready_before.append((len(before), ready))
    assert ready_before == [(0, 0), (1, 1), (2, 2)]
    cluster.patch("StatefulSet", "web", {"spec": {"replicas": 0}})
    assert steps(cluster, 1) == [["web-0", "web-1", "web-2"], ["web-0", "web-1"], ["web-0"], []]
    assert status(cluster)["replicas"] == 0


def test_parallel_sets_start_and_stop_all_at_once(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(podManagementPolicy="Parallel"))
    assert steps(cluster, 1) == [[], ["web-0", "web-1", "web-2"]]
    cluster.patch("StatefulSet", "web", {"spec": {"replicas": 1}})
    assert steps(cluster, 1) == [["web-0", "web-1", "web-2"], ["web-0"]]


def test_updates_go_from_the_highest_ordinal_down_to_the_partition(cluster: WorkloadCluster) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    cluster.create(stateful_set(replicas=4, updateStrategy=strategy))
    cluster.run(3)
    first = status(cluster)["currentRevision"]
    cluster.patch("StatefulSet", "web", image("nginx:2"))
    cluster.run(3)
    assert images(cluster) == {"web-0": "nginx:1", "web-1": "nginx:1", "web-2": "nginx:2", "web-3": "nginx:2"}
    assert (status(cluster)["currentReplicas"], status(cluster)["updatedReplicas"]) == (2, 2)
    cluster.delete("Pod", "web-0")
    cluster.run(2)
    assert images(cluster)["web-0"] == "nginx:1"
    cluster.patch("StatefulSet", "web", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    cluster.run(3)
    assert set(images(cluster).values()) == {"nginx:2"}
    assert status(cluster)["currentRevision"] == status(cluster)["updateRevision"] != first


def test_a_broken_update_stops_at_the_first_pod(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set())
    cluster.run(3)
    cluster.patch("StatefulSet", "web", image("bad"))
    cluster.run(10)
    assert images(cluster) == {"web-0": "nginx:1", "web-1": "nginx:1", "web-2": "bad"}


def test_a_rollback_takes_up_the_old_revision(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=1))
    cluster.run(2)
    first = status(cluster)["currentRevision"]
    for text in ("nginx:2", "nginx:1"):
        cluster.patch("StatefulSet", "web", image(text))
        cluster.run(2)
    numbers = {each["metadata"]["name"]: each["revision"] for each in cluster.all("ControllerRevision")}
    assert status(cluster)["currentRevision"] == first
    assert sorted(numbers.values()) == [2, 3]
    assert numbers[first] == 3


def test_old_revisions_are_forgotten(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=1, revisionHistoryLimit=2))
    for number in range(2, 8):
        cluster.run(2)
        cluster.patch("StatefulSet", "web", image(f"nginx:{number}"))
    cluster.run(2)
    assert sorted(each["revision"] for each in cluster.all("ControllerRevision")) == [5, 6, 7]


def test_on_delete_waits_for_a_person(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=2, updateStrategy={"type": "OnDelete"}))
    cluster.run(2)
    cluster.patch("StatefulSet", "web", image("nginx:2"))
    cluster.run(3)
    assert set(images(cluster).values()) == {"nginx:1"}
    cluster.delete("Pod", "web-0")
    cluster.run(2)
    assert images(cluster) == {"web-0": "nginx:2", "web-1": "nginx:1"}


def test_ended_pods_are_replaced_under_their_name(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=2))
    cluster.run(2)
    before = cluster.get("Pod", "web-1")["metadata"]["uid"]
    cluster.end_pod("web-1", "Failed")
    cluster.run(2)
    again = cluster.get("Pod", "web-1")
    assert again["metadata"]["uid"] != before
    assert again["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    assert again["spec"]["hostname"] == "web-1"


def test_ordinals_may_start_anywhere(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=2, ordinals={"start": 5}))
    cluster.run(2)
    assert list(images(cluster)) == ["web-5", "web-6"]


def test_the_next_pod_waits_for_the_availability_of_the_one_before(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=2, minReadySeconds=10))
    cluster.run(9)
    assert (list(images(cluster)), status(cluster)["availableReplicas"]) == (["web-0"], 0)
    cluster.run(14)
    assert (list(images(cluster)), status(cluster)["availableReplicas"]) == (["web-0", "web-1"], 2)


@pytest.mark.parametrize(
    ("policy", "after_scaling", "after_deletion"),
    [
        ({}, ["data-web-0", "data-web-1"], ["data-web-0", "data-web-1"]),
        ({"whenScaled": "Delete"}, ["data-web-0"], ["data-web-0"]),
        ({"whenDeleted": "Delete"}, ["data-web-0", "data-web-1"], []),
    ],
    ids=["retain", "when scaled", "when deleted"],
)
def test_retention_of_claims(
    cluster: WorkloadCluster, policy: dict[str, str], after_scaling: list[str], after_deletion: list[str]
) -> None:
    body = stateful_set(replicas=2, volumeClaimTemplates=claims("data"), persistentVolumeClaimRetentionPolicy=policy)
    cluster.create(body)
    cluster.run(2)
    cluster.patch("StatefulSet", "web", {"spec": {"replicas": 1}})
    cluster.run(3)
    assert [each["metadata"]["name"] for each in cluster.all("PersistentVolumeClaim")] == after_scaling
    cluster.delete("StatefulSet", "web", propagationPolicy="Background")
    cluster.run(3)
    assert cluster.all("Pod") == []
    assert [each["metadata"]["name"] for each in cluster.all("PersistentVolumeClaim")] == after_deletion


def test_claims_stay_with_their_pod(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=1, volumeClaimTemplates=claims("data", "log")))
    cluster.run(2)
    uid = cluster.get("PersistentVolumeClaim", "data-web-0")["metadata"]["uid"]
    cluster.delete("Pod", "web-0")
    cluster.run(2)
    volumes = [each.get("persistentVolumeClaim") for each in cluster.get("Pod", "web-0")["spec"]["volumes"]]
    assert volumes[:2] == [{"claimName": "data-web-0"}, {"claimName": "log-web-0"}]
    assert cluster.get("PersistentVolumeClaim", "data-web-0")["metadata"]["uid"] == uid


def test_matching_orphans_are_adopted_and_others_let_go(cluster: WorkloadCluster) -> None:
    cluster.create(stateful_set(replicas=1))
    cluster.run(2)
    cluster.delete("StatefulSet", "web", propagationPolicy="Orphan")
    cluster.run(2)
    uid = cluster.get("Pod", "web-0")["metadata"]["uid"]
    cluster.create(stateful_set(replicas=1))
    cluster.run(2)
    pod = cluster.get("Pod", "web-0")
    assert pod["metadata"]["uid"] == uid
    assert refs.is_controlled_by(pod, cluster.get("StatefulSet", "web"))
    cluster.admin.update(PODS, {**pod, "metadata": {**pod["metadata"], "labels": {"app": "other"}}})
    cluster.run(2)
    assert refs.controller_of(cluster.get("Pod", "web-0")) is None


def test_a_refused_pod_is_told_of(cluster: WorkloadCluster) -> None:
    body = stateful_set(replicas=1)
    body["spec"]["template"]["spec"]["priorityClassName"] = "nope"
    cluster.create(body)
    cluster.run(1)
    text = (
        'Create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: '
        "no PriorityClass with name nope was found"
    )
    assert ("FailedCreate", text) in cluster.messages("StatefulSet", "web")
