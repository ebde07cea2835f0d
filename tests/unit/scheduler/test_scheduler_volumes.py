"""Pods with claims: where they may run, what they wait for, and what is said about it."""

from typing import Any

import pytest

from kubesim.objects.wire import EVENTS
from unit.scheduler.scheduled_cluster import ScheduledCluster

SIZE = {"storage": "1Gi"}


@pytest.fixture
def cluster() -> ScheduledCluster:
    return ScheduledCluster()


def storage_class(name: str = "late", mode: str = "WaitForFirstConsumer", **more: Any) -> dict[str, Any]:
    provisioner = more.pop("provisioner", "disk.example.com")
    return {
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
        **more,
    }


def claim(name: str = "c", class_name: str = "late", mode: str = "ReadWriteOnce") -> dict[str, Any]:
    spec = {"storageClassName": class_name, "accessModes": [mode], "resources": {"requests": SIZE}}
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def volume(name: str, node: str = "", labels: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    spec = {"storageClassName": "late", "capacity": SIZE, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/d"}}
    if node:
        terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
    return {"kind": "PersistentVolume", "metadata": {"name": name, "labels": labels or {}}, "spec": {**spec, **more}}


def pod(name: str = "p", *claims: str, **spec: Any) -> dict[str, Any]:
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims or ("c",)]
    return {
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i"}], "volumes": volumes, **spec},
    }


def node_of(cluster: ScheduledCluster, name: str = "p") -> str:
    return str(cluster.get("Pod", name)["spec"].get("nodeName", ""))


def complaint(cluster: ScheduledCluster, name: str = "p") -> str:
    """The reasons in the last FailedScheduling, without what preemption says."""
    found = [
        each["message"]
        for each in cluster.store.range(EVENTS)
        if each["reason"] == "FailedScheduling" and each["involvedObject"]["name"] == name
    ]
    return str(found[-1]).partition(": ")[2].partition(". ")[0].rstrip(".") if found else ""


# ---------------------------------------------------------------------- claims alone
def test_a_missing_claim_keeps_the_pod_waiting_until_it_comes(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class())
    cluster.create(pod())
    cluster.run(1)
    assert complaint(cluster) == 'persistentvolumeclaim "c" not found'
    cluster.create(claim())
    cluster.run(5)
    assert node_of(cluster)


def test_a_claim_that_is_bound_at_once_must_be_bound_first(cluster: ScheduledCluster) -> None:
    cluster.create(claim(class_name="now"))
    cluster.create(pod())
    cluster.run(1)
    assert complaint(cluster) == "pod has unbound immediate PersistentVolumeClaims"
    assert not node_of(cluster)
    cluster.create(storage_class("now", "Immediate"))
    cluster.run(30)
    assert node_of(cluster)


def test_a_claim_that_is_going_away_is_of_no_use(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim())
    cluster.patch("PersistentVolumeClaim", "c", {"metadata": {"finalizers": ["example.com/keep"]}})
    cluster.delete("PersistentVolumeClaim", "c")
    cluster.create(pod())
    cluster.run(1)
    assert complaint(cluster) == 'persistentvolumeclaim "c" is being deleted'


# ---------------------------------------------------------------------- claims that wait for a pod
def test_a_volume_is_made_for_the_node_and_the_pod_waits_for_it(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim())
    cluster.run(20)
    assert cluster.messages("PersistentVolumeClaim", "c")[-1][0] == "WaitForFirstConsumer"
    cluster.create(pod())
    cluster.run(0.5)
    selected = cluster.get("PersistentVolumeClaim", "c")["metadata"]["annotations"][
        "volume.kubernetes.io/selected-node"
    ]
    assert not node_of(cluster)
    cluster.run(3)
    assert cluster.get("PersistentVolumeClaim", "c")["status"]["phase"] == "Bound"
    assert node_of(cluster) == selected


def test_a_local_volume_draws_the_pod_to_its_node(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class(provisioner="kubernetes.io/no-provisioner"))
    cluster.create(volume("v", "n2"))
    cluster.create(claim())
    cluster.run(1)
    cluster.create(pod())
    cluster.run(2)
    assert node_of(cluster) == "n2"
    assert cluster.get("PersistentVolumeClaim", "c")["spec"]["volumeName"] == "v"


def test_two_pods_share_out_two_local_volumes(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class(provisioner="kubernetes.io/no-provisioner"))
    for number in (1, 2):
        cluster.create(volume(f"v{number}", f"n{number}"))
        cluster.create(claim(f"c{number}"))
    cluster.run(1)
    for number in (1, 2):
        cluster.create(pod(f"p{number}", f"c{number}"))
    cluster.run(2)
    assert sorted(node_of(cluster, name) for name in ("p1", "p2")) == ["n1", "n2"]


def test_without_a_volume_and_without_a_provisioner_nothing_fits(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class(provisioner="kubernetes.io/no-provisioner"))
    cluster.create(claim())
    cluster.create(pod())
    cluster.run(1)
    assert complaint(cluster) == "3 node(s) didn't find available persistent volumes to bind"


def test_a_class_may_allow_some_zones_only(cluster: ScheduledCluster) -> None:
    term = {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["z1"]}]}
    cluster.create(storage_class(allowedTopologies=[term]))
    cluster.create(claim())
    cluster.create(pod())
    cluster.run(3)
    assert node_of(cluster) == "n1"


def test_a_driver_that_publishes_its_capacity_may_be_full(cluster: ScheduledCluster) -> None:
    cluster.create({"kind": "CSIDriver", "metadata": {"name": "disk.example.com"}, "spec": {"storageCapacity": True}})
    cluster.create(storage_class())
    near = {"matchLabels": {"kubernetes.io/hostname": "n1"}}
    cluster.create(
        {
            "kind": "CSIStorageCapacity",
            "metadata": {"name": "s"},
            "storageClassName": "late",
            "nodeTopology": near,
            "capacity": "1Mi",
        }
    )
    cluster.create(claim())
    cluster.create(pod())
    cluster.run(1)
    assert complaint(cluster) == "3 node(s) did not have enough free storage"
    cluster.patch("CSIStorageCapacity", "s", {"capacity": "5Gi"})
    cluster.run(5)
    assert node_of(cluster) == "n1"


# ---------------------------------------------------------------------- claims that are bound
def bound(cluster: ScheduledCluster, **more: Any) -> None:
    cluster.create(volume("v", **more))
    cluster.create(claim())
    cluster.run(1)


def test_a_pod_follows_its_bound_volume(cluster: ScheduledCluster) -> None:
    bound(cluster, node="n1")
    cluster.create(pod())
    cluster.create(pod("q", nodeSelector={"kubernetes.io/hostname": "n0"}))
    cluster.run(1)
    assert node_of(cluster) == "n1"
    assert complaint(cluster, "q") == (
        "1 node(s) didn't match PersistentVolume's node affinity, 2 node(s) didn't match Pod's node affinity/selector"
    )


def test_a_volume_with_zone_labels_stays_in_its_zone(cluster: ScheduledCluster) -> None:
    bound(cluster, labels={"topology.kubernetes.io/zone": "z1"})
    cluster.create(pod())
    cluster.create(pod("q", nodeSelector={"kubernetes.io/hostname": "n0"}))
    cluster.run(1)
    assert node_of(cluster) == "n1"
    assert "1 node(s) had no available volume zone" in complaint(cluster, "q")


def test_a_claim_for_one_pod_is_not_shared(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim(mode="ReadWriteOncePod"))
    cluster.create(pod())
    cluster.run(3)
    cluster.create(pod("q"))
    cluster.run(1)
    assert complaint(cluster, "q") == (
        "3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
        "another pod"
    )
    cluster.delete("Pod", "p")
    cluster.run(5)
    assert node_of(cluster, "q")


def test_a_node_takes_so_many_volumes_of_a_driver(cluster: ScheduledCluster) -> None:
    driver = {"name": "disk.example.com", "nodeID": "n", "allocatable": {"count": 1}}
    for number in range(3):
        spec = {"drivers": [{**driver, "nodeID": f"n{number}"}]}
        cluster.create({"kind": "CSINode", "metadata": {"name": f"n{number}"}, "spec": spec})
    cluster.create(storage_class())
    for number in range(4):
        cluster.create(claim(f"c{number}"))
        cluster.create(pod(f"p{number}", f"c{number}"))
        cluster.run(3)
    assert sorted(node_of(cluster, f"p{number}") for number in range(3)) == ["n0", "n1", "n2"]
    assert complaint(cluster, "p3") == "3 node(s) exceed max volume count"


# ---------------------------------------------------------------------- waiting
def test_a_pod_that_is_deleted_while_it_waits_is_forgotten(cluster: ScheduledCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim())
    cluster.create(pod())
    cluster.run(0.2)
    cluster.delete("Pod", "p")
    cluster.run(5)
    assert cluster.get("Pod", "p") is None
    cluster.create(pod("q"))
    cluster.run(5)
    assert node_of(cluster, "q")


def test_a_volume_that_is_not_made_in_time_frees_the_place(cluster: ScheduledCluster) -> None:
    cluster.volumes.controller.enabled = False
    cluster.create(storage_class())
    cluster.create(claim())
    cluster.create(pod())
    cluster.run(599)
    assert not complaint(cluster)
    cluster.run(2)
    assert complaint(cluster) == 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
