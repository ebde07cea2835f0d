"""Whole clusters whose machines go off: the control plane on them, pods that are stuck there, and saved moments."""

from typing import Any

import pytest

from kubesim.objects.wire import FAULTS, NODES, PODS, Gvr, Key, Request
from kubesim.scenario.description import parse
from kubesim.scenario.loader import build

STATEFULSETS = Gvr("apps", "v1", "statefulsets")
EPOCH = 1_750_000_000_000


@pytest.fixture
def cluster(tmp_path: Any) -> Any:
    tree = {"nodes": [{"name": "cp", "role": "control-plane"}, {"name": "wk", "count": 2}]}
    return build(parse(tree, tmp_path / "cluster.yaml"), epoch_ms=EPOCH)


def fault(cluster: Any, kind: str, node: str) -> None:
    body = {
        "apiVersion": FAULTS.api_version,
        "kind": "Fault",
        "metadata": {"name": f"f-{node}"},
        "spec": {"type": kind, "target": {"kind": "Node", "name": node}},
    }
    assert cluster.handle(Request("create", Key(FAULTS), body=body)).code == 201


def mend(cluster: Any, node: str) -> None:
    assert cluster.handle(Request("delete", Key(FAULTS, "", f"f-{node}"))).code == 200


def database(cluster: Any) -> str:
    """A StatefulSet of one; the node of its pod."""
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "redis:7"}]}}
    spec = {"replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec}
    assert cluster.handle(Request("create", Key(STATEFULSETS, "default"), body=body)).code == 201
    cluster.advance(20_000)
    return str(pod(cluster)["spec"]["nodeName"])


def pod(cluster: Any) -> Any:
    return cluster.store.get(PODS, "default", "db-0")


def taint(cluster: Any, node: str) -> None:
    tree = cluster.store.get(NODES, "", node)
    mark = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    body = {**tree, "spec": {**tree["spec"], "taints": [*(tree["spec"].get("taints") or ()), mark]}}
    assert cluster.handle(Request("update", Key(NODES, "", node), body=body)).code == 200


def test_a_pod_on_a_machine_that_is_out_of_service_is_replaced(cluster: Any) -> None:
    node = database(cluster)
    first = pod(cluster)["metadata"]["uid"]
    fault(cluster, "NodeCrash", node)
    cluster.advance(70_000)
    cluster.handle(Request("delete", Key(PODS, "default", "db-0")))
    cluster.advance(120_000)
    assert (pod(cluster)["metadata"]["uid"], pod(cluster)["spec"]["nodeName"]) == (first, node)
    taint(cluster, node)
    cluster.advance(40_000)
    assert pod(cluster)["metadata"]["uid"] != first
    assert (pod(cluster)["status"]["phase"], pod(cluster)["spec"]["nodeName"] == node) == ("Running", False)


def test_a_node_that_is_well_keeps_its_pods_until_they_have_ended(cluster: Any) -> None:
    node = database(cluster)
    taint(cluster, node)
    cluster.advance(5_000)
    # The taint makes pods leave, as any of its effect does, with their grace; nobody removes them by force.
    assert pod(cluster) is None or pod(cluster)["spec"].get("nodeName") != node
    assert cluster.store.get(NODES, "", node)["status"]["conditions"][-1]["status"] == "True"


def test_pods_of_a_machine_that_shuts_down_are_made_again_elsewhere(cluster: Any) -> None:
    node = database(cluster)
    fault(cluster, "NodeShutdown", node)
    cluster.advance(40_000)
    assert (pod(cluster)["status"]["phase"], pod(cluster)["spec"]["nodeName"] == node) == ("Running", False)


def test_the_control_plane_goes_with_its_machine_and_comes_back(cluster: Any) -> None:
    assert cluster.control_plane.down() == []
    fault(cluster, "NodeShutdown", "cp")
    cluster.advance(500)
    assert cluster.control_plane.down() == []
    cluster.advance(60_000)
    assert cluster.control_plane.down() == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    mend(cluster, "cp")
    cluster.advance(60_000)
    assert cluster.control_plane.down() == []
    ready = cluster.store.get(NODES, "", "cp")["status"]["conditions"][-1]
    assert (ready["type"], ready["status"]) == ("Ready", "True")
    static = cluster.store.get(PODS, "kube-system", "kube-apiserver-cp")
    assert (static["status"]["phase"], static["status"]["containerStatuses"][0]["restartCount"]) == ("Running", 1)


def test_a_moment_in_a_shutdown_can_be_kept(cluster: Any) -> None:
    node = database(cluster)
    fault(cluster, "NodeShutdown", node)
    cluster.advance(300)
    other = cluster.fork()
    other.advance(60_000)
    assert not other.kubelets.agents[node].running
    assert cluster.kubelets.agents[node].running
    cluster.advance(60_000)
    assert not cluster.kubelets.agents[node].running
    assert pod(cluster) == pod(other)
