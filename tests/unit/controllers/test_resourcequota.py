"""ResourceQuotas: what is counted, refused and given back."""

from typing import Any

import pytest

from kubesim.objects.errors import ApiError
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def quota(cluster: WorkloadCluster, **hard: str) -> None:
    cluster.create({"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}})
    cluster.run(0.1)


def used(cluster: WorkloadCluster) -> Any:
    return cluster.get("ResourceQuota", "q")["status"]["used"]


def config_map(name: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name}}


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **more}}


def test_what_is_there_already_is_counted(cluster: WorkloadCluster) -> None:
    cluster.create(config_map("a"))
    quota(cluster, configmaps="5", pods="2")
    assert used(cluster)["pods"] == "0"
    assert int(used(cluster)["configmaps"]) == len(cluster.all("ConfigMap"))


def test_what_is_created_is_charged_at_once_and_given_back_on_deletion(cluster: WorkloadCluster) -> None:
    quota(cluster, **{"count/configmaps": "2"})
    before = int(used(cluster)["count/configmaps"])
    cluster.create(config_map("a"))
    assert int(used(cluster)["count/configmaps"]) == before + 1
    with pytest.raises(ApiError, match=r"exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=2"):
        cluster.create(config_map("b"))
    cluster.delete("ConfigMap", "a")
    cluster.run(0.1)
    assert int(used(cluster)["count/configmaps"]) == before
    cluster.create(config_map("b"))


def test_a_dry_run_charges_nothing(cluster: WorkloadCluster) -> None:
    quota(cluster, pods="1")
    cluster.send("create", "Pod", "default", body={"apiVersion": "v1", **pod("a")}, query={"dryRun": "All"})
    assert used(cluster) == {"pods": "0"}


def test_a_quota_whose_status_is_unknown_refuses(cluster: WorkloadCluster) -> None:
    cluster.quotas.controller.enabled = False
    quota(cluster, pods="1")
    cluster.create(pod("a"))
    found = cluster.get("ResourceQuota", "q")
    cluster.admin.update_status(cluster.gvr("ResourceQuota"), {**found, "status": {"hard": {"pods": "1"}}})
    with pytest.raises(ApiError, match=r"status unknown for quota: q, resources: pods"):
        cluster.create(pod("b"))


def test_pods_that_end_give_back_what_they_had(cluster: WorkloadCluster) -> None:
    quota(cluster, pods="1")
    cluster.create(pod("a", restartPolicy="Never"))
    cluster.run(1)
    assert used(cluster) == {"pods": "1"}
    cluster.end_pod("a", "Succeeded")
    cluster.run(0.1)
    assert used(cluster) == {"pods": "0"}


def test_a_service_that_becomes_a_node_port_service_is_charged(cluster: WorkloadCluster) -> None:
    quota(cluster, **{"services.nodeports": "0"})
    spec = {"selector": {"a": "b"}, "ports": [{"port": 80}]}
    cluster.create({"kind": "Service", "metadata": {"name": "s"}, "spec": spec})
    with pytest.raises(ApiError, match=r"exceeded quota: q, requested: services.nodeports=1"):
        cluster.patch("Service", "s", {"spec": {"type": "NodePort"}})


def test_a_changed_limit_is_taken_over(cluster: WorkloadCluster) -> None:
    quota(cluster, pods="1")
    cluster.patch("ResourceQuota", "q", {"spec": {"hard": {"pods": "3"}}})
    cluster.run(0.1)
    assert cluster.get("ResourceQuota", "q")["status"] == {"hard": {"pods": "3"}, "used": {"pods": "0"}}


def test_other_namespaces_are_free(cluster: WorkloadCluster) -> None:
    cluster.namespace("other")
    quota(cluster, pods="0")
    cluster.create(pod("a"), "other")
    with pytest.raises(ApiError, match=r"exceeded quota"):
        cluster.create(pod("a"))
