"""Namespaces that are going away: who changes them does not end them, and who says what is in the way is noted."""

from typing import Any

from kubesim.objects.wire import NAMESPACES, Key, Request, Tree
from unit.controllers.workload_cluster import WorkloadCluster

KEPT = {"kind": "ConfigMap", "metadata": {"name": "kept", "finalizers": ["example.com/keep"]}}


def going() -> WorkloadCluster:
    cluster = WorkloadCluster(nodes=0)
    cluster.create({"kind": "Namespace", "metadata": {"name": "team"}}, "")
    cluster.create(KEPT, "team")
    cluster.delete("Namespace", "team", "")
    cluster.run(8)
    return cluster


def namespace(cluster: WorkloadCluster) -> Tree | None:
    return cluster.store.get(NAMESPACES, "", "team")


def test_a_label_does_not_end_a_namespace() -> None:
    cluster = going()
    found = namespace(cluster)
    assert found is not None
    body: dict[str, Any] = {**found, "metadata": {**found["metadata"], "labels": {"a": "b"}}}
    response = cluster.api.handle(Request("update", Key(NAMESPACES, "", "team"), body=body))
    assert response.code == 200
    cluster.run(1)
    found = namespace(cluster)
    assert found is not None
    assert found["metadata"]["labels"] == {"a": "b", "kubernetes.io/metadata.name": "team"}


def test_the_controller_owns_what_it_says() -> None:
    found = namespace(going())
    assert found is not None
    entry = found["metadata"]["managedFields"][-1]
    assert (entry["manager"], entry["subresource"]) == ("kube-controller-manager", "status")
    assert 'k:{"type":"NamespaceContentRemaining"}' in entry["fieldsV1"]["f:status"]["f:conditions"]


def test_it_goes_when_nothing_is_left() -> None:
    cluster = going()
    cluster.patch("ConfigMap", "kept", {"metadata": {"finalizers": None}}, "team")
    cluster.run(60)
    assert namespace(cluster) is None
