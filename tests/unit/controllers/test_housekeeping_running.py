"""Nodes, garbage, namespaces and leftovers over the real API server."""

from typing import Any

import pytest

from kubesim.objects import refs
from unit.controllers.small_cluster import SmallCluster, deployment

POD = {"containers": [{"name": "c", "image": "nginx:1"}]}


@pytest.fixture
def cluster() -> SmallCluster:
    return SmallCluster(nodes=3)


def config_map(name: str, *owners: Any, namespace: str = "default", finalizers: Any = ()) -> dict[str, Any]:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": each["metadata"]["name"], "uid": each["metadata"]["uid"]}
        for each in owners
    ]
    return {
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "ownerReferences": references,
            "finalizers": list(finalizers),
        },
    }


def taints(cluster: SmallCluster, name: str) -> list[tuple[str, str]]:
    found = cluster.get("Node", name)["spec"].get("taints", ())
    return [(each["key"].removeprefix("node.kubernetes.io/"), each["effect"]) for each in found]


def test_a_lost_node_is_evicted_in_time(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=3))
    cluster.run(10)
    assert cluster.kubelet is not None
    mine = [pod["metadata"]["name"] for pod in cluster.all("Pod") if pod["spec"]["nodeName"] == "n1"]
    assert mine
    cluster.kubelet.down["n1"] = None
    cluster.run(47)
    assert refs.is_condition_true(cluster.get("Node", "n1"), "Ready")
    cluster.run(4)
    ready = refs.condition(cluster.get("Node", "n1"), "Ready")
    assert ready is not None
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert taints(cluster, "n1") == [("unreachable", "NoSchedule")]
    assert not any(refs.is_condition_true(cluster.get("Pod", name), "Ready") for name in mine)
    cluster.run(6)
    assert ("unreachable", "NoExecute") in taints(cluster, "n1")
    cluster.run(290)
    assert not any(refs.is_deleting(cluster.get("Pod", name)) for name in mine)
    cluster.run(12)
    assert all(refs.is_deleting(cluster.get("Pod", name)) for name in mine)
    assert len([pod for pod in cluster.all("Pod") if refs.is_condition_true(pod, "Ready")]) == 3


def test_a_node_that_returns_is_freed(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=3))
    cluster.run(5)
    assert cluster.kubelet is not None
    cluster.kubelet.down["n1"] = None
    cluster.run(80)
    assert taints(cluster, "n1") == [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]
    del cluster.kubelet.down["n1"]
    node = cluster.get("Node", "n1")
    stamp = cluster.loop.stamp()
    conditions = [{**each, "status": "True", "lastHeartbeatTime": stamp} for each in node["status"]["conditions"][:1]]
    cluster.admin.update_status(cluster.gvr("Node"), {**node, "status": {**node["status"], "conditions": conditions}})
    cluster.run(10)
    assert taints(cluster, "n1") == []
    assert any(text.startswith("Cancelling deletion of Pod default/web-") for _, _, text in cluster.events())
    cluster.run(400)
    assert not any(refs.is_deleting(pod) for pod in cluster.all("Pod"))


def test_with_every_node_lost_nobody_is_evicted(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=3))
    cluster.run(5)
    assert cluster.kubelet is not None
    cluster.kubelet.down = {"n0": None, "n1": None, "n2": None}
    cluster.run(500)
    assert all(taints(cluster, name) == [("unreachable", "NoSchedule")] for name in ("n0", "n1", "n2"))
    assert not any(refs.is_deleting(pod) for pod in cluster.all("Pod"))


def test_cordoned_nodes_are_tainted(cluster: SmallCluster) -> None:
    cluster.patch("Node", "n0", {"spec": {"unschedulable": True}})
    cluster.run(1)
    assert taints(cluster, "n0") == [("unschedulable", "NoSchedule")]
    cluster.patch("Node", "n0", {"spec": {"unschedulable": False}})
    cluster.run(1)
    assert taints(cluster, "n0") == []


def test_heartbeats_keep_a_node_without_work(cluster: SmallCluster) -> None:
    cluster.run(200)
    synced = cluster.nodes.controller.synced
    cluster.run(600)
    assert cluster.nodes.controller.synced == synced
    assert refs.is_condition_true(cluster.get("Node", "n2"), "Ready")


def test_pods_of_a_deleted_node_go_after_quarantine(cluster: SmallCluster) -> None:
    cluster.create(
        {"kind": "Pod", "metadata": {"name": "p"}, "spec": {**POD, "nodeSelector": {"kubernetes.io/hostname": "n2"}}}
    )
    cluster.run(3)
    cluster.delete("Node", "n2")
    cluster.run(39)
    assert cluster.get("Pod", "p") is not None
    cluster.run(25)
    assert cluster.get("Pod", "p") is None


def test_ended_pods_above_the_threshold_go(cluster: SmallCluster) -> None:
    cluster.podgc.threshold = 2
    for number in range(5):
        spec = {"containers": [{"name": "c", "image": "done"}], "restartPolicy": "Never"}
        cluster.create({"kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec})
        cluster.run(1.2)
    cluster.run(25)
    assert [pod["metadata"]["name"] for pod in cluster.all("Pod")] == ["p3", "p4"]


def test_dependents_of_an_absent_owner_go(cluster: SmallCluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.create(config_map("child", owner))
    cluster.create(config_map("grandchild", cluster.get("ConfigMap", "child")))
    cluster.run(1)
    assert cluster.get("ConfigMap", "grandchild") is not None
    cluster.delete("ConfigMap", "owner")
    cluster.run(1)
    assert [each["metadata"]["name"] for each in cluster.all("ConfigMap")] == ["kube-root-ca.crt"]


def test_one_living_owner_is_enough(cluster: SmallCluster) -> None:
    first, second = cluster.create(config_map("first")), cluster.create(config_map("second"))
    cluster.create(config_map("child", first, second))
    cluster.run(1)
    cluster.delete("ConfigMap", "first")
    cluster.run(1)
    references = cluster.get("ConfigMap", "child")["metadata"]["ownerReferences"]
    assert [each["name"] for each in references] == ["second"]


def test_foreground_waits_for_those_that_block(cluster: SmallCluster) -> None:
    owner = cluster.create(config_map("owner"))
    child = config_map("child", owner, finalizers=["example.com/hold"])
    child["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
    cluster.create(child)
    cluster.create(config_map("free", owner))
    cluster.run(1)
    cluster.delete("ConfigMap", "owner", propagationPolicy="Foreground")
    cluster.run(2)
    assert refs.is_deleting(cluster.get("ConfigMap", "owner"))
    assert refs.is_deleting(cluster.get("ConfigMap", "child"))
    assert cluster.get("ConfigMap", "free") is None
    cluster.patch("ConfigMap", "child", {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json")
    cluster.run(1)
    assert cluster.get("ConfigMap", "owner") is None


def test_owners_in_other_namespaces_are_reported(cluster: SmallCluster) -> None:
    cluster.namespace("far")
    owner = cluster.create(config_map("owner", namespace="far"), "far")
    child = cluster.create(config_map("child", owner))
    cluster.run(1)
    assert cluster.get("ConfigMap", "child") is None
    identity = f"[v1/ConfigMap, namespace: default, name: owner, uid: {owner['metadata']['uid']}]"
    expected = f'ownerRef {identity} does not exist in namespace "default"'
    assert ("ConfigMap/child", "OwnerRefInvalidNamespace", expected) in cluster.events()
    assert child["metadata"]["uid"]


def test_many_absent_owners_are_looked_for_at_once(cluster: SmallCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    child = config_map("child")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone"}
    child["metadata"]["ownerReferences"] = [{**owner, "uid": f"none-{number}"} for number in range(300)]
    looked: list[Any] = []
    listed = type(cluster.store).range
    monkeypatch.setattr(type(cluster.store), "range", lambda *args: looked.append(args) or listed(*args))
    cluster.create(child)
    cluster.run(1)
    assert cluster.get("ConfigMap", "child") is None
    assert len(looked) < 10


def test_many_dependents_are_orphaned_in_slices(cluster: SmallCluster) -> None:
    owner = cluster.create(config_map("owner"))
    for number in range(120):
        cluster.create(config_map(f"c{number}", owner))
    cluster.run(1)
    cluster.delete("ConfigMap", "owner", propagationPolicy="Orphan")
    cluster.run(1)
    assert cluster.get("ConfigMap", "owner") is None
    assert len(cluster.all("ConfigMap")) == 121
    assert not any(each["metadata"].get("ownerReferences") for each in cluster.all("ConfigMap"))


def test_a_namespace_is_emptied(cluster: SmallCluster) -> None:
    cluster.namespace("team")
    cluster.create(deployment(replicas=60), "team")
    cluster.create({"kind": "Secret", "metadata": {"name": "s"}}, "team")
    cluster.run(3)
    cluster.delete("Namespace", "team")
    cluster.run(3)
    assert len(cluster.all("Pod", "team")) == 60
    cluster.run(40)
    assert cluster.is_gone("team")
    assert not any(cluster.all(kind, "team") for kind in ("Pod", "ReplicaSet", "Secret", "ConfigMap", "ServiceAccount"))


def test_pods_go_before_the_rest_of_a_namespace(cluster: SmallCluster) -> None:
    cluster.namespace("team")
    cluster.create({"kind": "Pod", "metadata": {"name": "p"}, "spec": POD}, "team")
    cluster.create({"kind": "Secret", "metadata": {"name": "s"}}, "team")
    cluster.run(2)
    assert cluster.kubelet is not None
    cluster.kubelet.down = {"n0": None, "n1": None, "n2": None}
    cluster.delete("Namespace", "team")
    cluster.run(6)
    assert cluster.get("Secret", "s", "team") is not None
    found = refs.condition(cluster.get("Namespace", "team"), "NamespaceContentRemaining")
    assert found is not None
    assert found["message"] == "Some resources are remaining: pods. has 1 resource instances"
    cluster.kubelet.down = {}
    cluster.kubelet._remove(("team", "p"))
    cluster.run(20)
    assert cluster.is_gone("team")


def test_every_namespace_has_its_account_and_certificate(cluster: SmallCluster) -> None:
    cluster.namespace("team")
    assert cluster.get("ServiceAccount", "default", "team") is not None
    published = cluster.get("ConfigMap", "kube-root-ca.crt", "team")
    assert published["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    cluster.patch("ConfigMap", "kube-root-ca.crt", {"data": {"ca.crt": "forged"}}, "team")
    cluster.delete("ServiceAccount", "default", "team")
    cluster.run(1)
    assert cluster.get("ConfigMap", "kube-root-ca.crt", "team")["data"] == published["data"]
    assert cluster.get("ServiceAccount", "default", "team") is not None


def test_token_secrets_go_with_their_account(cluster: SmallCluster) -> None:
    cluster.create({"kind": "ServiceAccount", "metadata": {"name": "robot"}})
    annotations = {"kubernetes.io/service-account.name": "robot"}
    kind = "kubernetes.io/service-account-token"
    cluster.create({"kind": "Secret", "type": kind, "metadata": {"name": "t", "annotations": annotations}})
    cluster.run(1)
    assert set(cluster.get("Secret", "t")["data"]) == {"ca.crt", "namespace", "token"}
    cluster.delete("ServiceAccount", "robot")
    cluster.run(1)
    assert cluster.get("Secret", "t") is None
