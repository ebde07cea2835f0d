"""ReplicationControllers over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.objects import refs
from unit.controllers.small_cluster import deployment
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def controller(replicas: int = 2, app: str = "rc") -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "kind": "ReplicationController",
        "metadata": {"name": "rc"},
        "spec": {"replicas": replicas, "template": template},
    }


def names(cluster: WorkloadCluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.all("Pod") if not refs.is_deleting(pod)]


def test_it_keeps_its_number_of_pods(cluster: WorkloadCluster) -> None:
    cluster.create(controller())
    cluster.run(2)
    assert len(names(cluster)) == 2
    cluster.patch("ReplicationController", "rc", {"spec": {"replicas": 5}})
    cluster.delete("Pod", names(cluster)[0])
    cluster.run(3)
    assert cluster.get("ReplicationController", "rc")["status"] == {
        "replicas": 5,
        "fullyLabeledReplicas": 5,
        "readyReplicas": 5,
        "availableReplicas": 5,
        "observedGeneration": 2,
    }
    owner = refs.controller_of(cluster.all("Pod")[0])
    assert owner is not None
    assert (owner["apiVersion"], owner["kind"]) == ("v1", "ReplicationController")
    cluster.patch("ReplicationController", "rc", {"spec": {"replicas": 1}})
    cluster.run(3)
    assert len(names(cluster)) == 1


def test_pods_that_were_there_before_are_adopted(cluster: WorkloadCluster) -> None:
    spec = controller()["spec"]["template"]["spec"]
    cluster.create({"kind": "Pod", "metadata": {"name": "bare", "labels": {"app": "rc"}}, "spec": spec})
    cluster.run(2)
    cluster.create(controller())
    cluster.run(2)
    assert len(names(cluster)) == 2
    assert refs.is_controlled_by(cluster.get("Pod", "bare"), cluster.get("ReplicationController", "rc"))


def test_its_selector_may_change(cluster: WorkloadCluster) -> None:
    cluster.create(controller())
    cluster.run(2)
    before = names(cluster)
    template = {"metadata": {"labels": {"app": "new"}}}
    cluster.patch("ReplicationController", "rc", {"spec": {"selector": {"app": "new"}, "template": template}})
    cluster.run(3)
    assert len(set(names(cluster)) - set(before)) == 2


def test_while_there_is_none_pods_are_not_looked_at(cluster: WorkloadCluster) -> None:
    cluster.create(deployment(replicas=3))
    cluster.run(3)
    assert cluster.replication.controller.synced == 0
    cluster.create(controller())
    cluster.run(2)
    cluster.delete("ReplicationController", "rc", propagationPolicy="Background")
    cluster.run(3)
    assert len(names(cluster)) == 3
