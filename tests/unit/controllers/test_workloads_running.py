"""Deployments and ReplicaSets over the real API server, in virtual time."""

import pickle
from typing import Any

import pytest

from kubesim.objects import refs
from kubesim.objects.errors import forbidden
from kubesim.objects.wire import PODS, Asked, Tree, request_of
from unit.controllers.small_cluster import SmallCluster, deployment


@pytest.fixture
def cluster() -> SmallCluster:
    return SmallCluster(nodes=3)


def sizes(cluster: SmallCluster) -> dict[str, int]:
    return {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["spec"]["replicas"]
        for each in cluster.all("ReplicaSet")
    }


def reason(cluster: SmallCluster, kind: str = "Progressing", name: str = "web") -> str:
    found = refs.condition(cluster.get("Deployment", name), kind)
    return "" if found is None else found["reason"]


def image(text: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": text}]}}}}


def test_rolling_update_stays_within_its_limits(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=10))
    cluster.run(3)
    cluster.patch("Deployment", "web", image("nginx:2"))
    for _ in range(200):
        cluster.run(0.05)
        pods = cluster.all("Pod")
        ready = [pod for pod in pods if refs.is_condition_true(pod, "Ready") and not refs.is_deleting(pod)]
        assert len(ready) >= 8
        assert len([pod for pod in pods if not refs.is_deleting(pod)]) <= 13
    assert sizes(cluster) == {"nginx:1": 0, "nginx:2": 10}
    assert reason(cluster) == "NewReplicaSetAvailable"


def test_stuck_rollout_is_told_after_the_deadline(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=3, image="bad"))
    cluster.run(598)
    assert reason(cluster) == "ReplicaSetUpdated"
    cluster.run(5)
    found = refs.condition(cluster.get("Deployment", "web"), "Progressing")
    assert found is not None
    assert (found["status"], found["reason"]) == ("False", "ProgressDeadlineExceeded")
    synced = cluster.deployment.controller.synced
    cluster.run(600)
    assert cluster.deployment.controller.synced == synced


def test_proportional_scaling_in_the_middle_of_a_rollout(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=10, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}))
    cluster.run(3)
    cluster.patch("Deployment", "web", image("bad"))
    cluster.run(3)
    assert sizes(cluster) == {"nginx:1": 8, "bad": 5}
    cluster.patch("Deployment", "web", {"spec": {"replicas": 20}})
    cluster.run(3)
    assert sizes(cluster) == {"nginx:1": 14, "bad": 9}


def test_min_ready_seconds_delay_availability(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2, minReadySeconds=10))
    cluster.run(5)
    status = cluster.get("Deployment", "web")["status"]
    assert (status["readyReplicas"], status.get("availableReplicas", 0)) == (2, 0)
    cluster.run(7)
    assert cluster.get("Deployment", "web")["status"]["availableReplicas"] == 2


def test_a_lost_pod_is_replaced(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(2)
    victim = cluster.all("Pod")[0]["metadata"]["name"]
    cluster.delete("Pod", victim)
    cluster.run(2)
    names = [pod["metadata"]["name"] for pod in cluster.all("Pod")]
    assert len(names) == 2
    assert victim not in names


def test_failed_creations_are_told_and_mended(cluster: SmallCluster) -> None:
    made = deployment(replicas=3)
    made["spec"]["template"]["spec"]["priorityClassName"] = "high"
    cluster.create(made)
    cluster.run(1)
    replica_set = cluster.all("ReplicaSet")[0]
    failure = refs.condition(replica_set, "ReplicaFailure")
    assert failure is not None
    assert failure["reason"] == "FailedCreate"
    assert "no PriorityClass with name high was found" in failure["message"]
    name = replica_set["metadata"]["name"]
    assert (f"ReplicaSet/{name}", "FailedCreate", f"Error creating: {failure['message']}") in cluster.events()
    assert reason(cluster, "ReplicaFailure") == "FailedCreate"
    cluster.create({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 5})
    cluster.run(10)
    assert len(cluster.all("Pod")) == 3
    assert refs.condition(cluster.all("ReplicaSet")[0], "ReplicaFailure") is None
    assert reason(cluster, "ReplicaFailure") == ""


class Refusing:
    """Lets one pod be created, and no more."""

    def __init__(self, cluster: SmallCluster) -> None:
        self.tries = 0
        self.api = cluster.api

    def perform(self, asked: Asked) -> Tree:
        request = request_of(asked)
        if request.verb == "create" and request.key.gvr == PODS:
            self.tries += 1
            if self.tries > 1:
                raise forbidden(PODS, "", "no")
        return self.api.perform(request)


def test_creation_starts_slowly(cluster: SmallCluster) -> None:
    refusing = Refusing(cluster)
    cluster.replicaset._client._api = refusing
    cluster.create(deployment(replicas=7))
    cluster.run(0.007)
    # One alone, then two together of which both fail, then no more.
    assert refusing.tries == 3


def test_shrinking_spares_the_expensive(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=4))
    cluster.run(2)
    dear = cluster.all("Pod")[2]["metadata"]["name"]
    cost = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "100"}}}
    cluster.patch("Pod", dear, cost)
    cluster.patch("Deployment", "web", {"spec": {"replicas": 1}})
    cluster.run(2)
    assert [pod["metadata"]["name"] for pod in cluster.all("Pod")] == [dear]


def test_hash_collision_changes_the_hash(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=1))
    cluster.run(2)
    taken = cluster.all("ReplicaSet")[0]["metadata"]["name"]
    cluster.delete("Deployment", "web", propagationPolicy="Orphan")
    cluster.run(1)
    cluster.patch("ReplicaSet", taken, {"metadata": {"labels": {"app": "other"}}})
    cluster.create(deployment(replicas=1))
    cluster.run(3)
    assert cluster.get("Deployment", "web")["status"]["collisionCount"] == 1
    assert len(cluster.all("ReplicaSet")) == 2


def test_orphaned_replica_set_is_adopted(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(2)
    pods = [pod["metadata"]["name"] for pod in cluster.all("Pod")]
    cluster.delete("Deployment", "web", propagationPolicy="Orphan")
    cluster.run(1)
    assert refs.controller_of(cluster.all("ReplicaSet")[0]) is None
    cluster.create(deployment(replicas=2))
    cluster.run(2)
    owner = refs.controller_of(cluster.all("ReplicaSet")[0])
    assert owner is not None
    assert owner["uid"] == cluster.get("Deployment", "web")["metadata"]["uid"]
    assert [pod["metadata"]["name"] for pod in cluster.all("Pod")] == pods
    assert reason(cluster) in {"FoundNewReplicaSet", "NewReplicaSetAvailable"}


def test_many_pods_cost_few_status_writes(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=300))
    cluster.run(1)
    cluster.run(4)
    assert cluster.get("Deployment", "web")["status"]["readyReplicas"] == 300
    replica_set = cluster.all("ReplicaSet")[0]
    writes = [
        entry
        for entry in cluster.api._components._trusted._writer._journal.since(0)
        if entry.name == replica_set["metadata"]["name"] and entry.subresource == "status"
    ]
    assert 0 < len(writes) <= 12


def test_recreate_waits_for_the_old_pods(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2, strategy={"type": "Recreate"}))
    cluster.run(2)
    assert cluster.kubelet is not None
    cluster.kubelet.down = {"n0": None, "n1": None, "n2": None}
    cluster.patch("Deployment", "web", image("nginx:2"))
    cluster.run(5)
    assert sizes(cluster) == {"nginx:1": 0}
    assert cluster.get("Deployment", "web")["status"]["terminatingReplicas"] == 2
    for pod in cluster.all("Pod"):
        cluster.kubelet._remove(refs.place(pod))
    cluster.kubelet.down = {}
    cluster.run(2)
    assert sizes(cluster) == {"nginx:1": 0, "nginx:2": 2}


def test_a_copy_goes_on_alike(cluster: SmallCluster) -> None:
    cluster.create(
        {"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    )
    cluster.create(deployment(replicas=6))
    cluster.run(0.2)
    copy: SmallCluster = pickle.loads(pickle.dumps(cluster))
    for each in (cluster, copy):
        each.run(3)
        each.patch("Deployment", "web", image("nginx:2"))
        each.run(3)
    assert cluster.events() == copy.events()
    assert cluster.all("EndpointSlice") == copy.all("EndpointSlice")
    assert cluster.store.revision == copy.store.revision
