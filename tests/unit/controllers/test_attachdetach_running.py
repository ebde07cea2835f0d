"""Volumes on nodes: attached before they are mounted, to one node at a time, and taken from dead nodes."""

import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.attachments import ATTACHMENTS, CSINODES
from kubesim.objects.wire import EVENTS, FAULTS, NODES, PODS, Key, Request

DRIVER = "disk.csi.kubetui.dev"


def event_texts(cluster, name):
    return [
        (each["reason"], each["message"])
        for each in cluster.store.range(EVENTS)
        if each["involvedObject"]["name"] == name
    ]


def claim(cluster, name="data", modes=("ReadWriteOnce",)):
    spec = {
        "accessModes": list(modes),
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    create(cluster, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec})


def pod(cluster, name, node="n1", command=None):
    container = {
        "name": "c",
        "image": "busybox:1.36",
        "command": ["sh", "-c", command or "sleep 100000"],
        "volumeMounts": [{"name": "disk", "mountPath": "/data"}],
    }
    volumes = [{"name": "disk", "persistentVolumeClaim": {"claimName": "data"}}]
    spec = {"containers": [container], "volumes": volumes, "nodeSelector": {"kubernetes.io/hostname": node},
            "terminationGracePeriodSeconds": 0}  # fmt: skip
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def phase(cluster, name):
    found = cluster.store.get(PODS, "default", name)
    return None if found is None else found["status"]["phase"]


def delete(cluster, name, **options):
    assert cluster.handle(Request("delete", Key(PODS, "default", name), body=options)).code in {200, 202}


def crash(cluster, node):
    fault = {"apiVersion": FAULTS.api_version, "kind": "Fault", "metadata": {"name": f"crash-{node}"}}
    create(cluster, {**fault, "spec": {"type": "NodeCrash", "target": {"kind": "Node", "name": node}}})


@pytest.fixture
def cluster():
    cluster = Cluster()
    for name in ("n1", "n2"):
        cluster.add_node(NodeSpec(name))
    storage_class = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}}
    create(cluster, {**storage_class, "provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer"})
    cluster.advance(5_000)
    claim(cluster)
    return cluster


def test_a_volume_is_attached_before_the_pod_starts(cluster):
    pod(cluster, "web")
    cluster.advance(20_000)
    assert phase(cluster, "web") == "Running"
    (attachment,) = cluster.store.range(ATTACHMENTS)
    volume = attachment["spec"]["source"]["persistentVolumeName"]
    assert attachment["spec"] == {
        "attacher": DRIVER,
        "nodeName": "n1",
        "source": {"persistentVolumeName": volume},
    }
    assert attachment["status"]["attached"] is True
    status = cluster.store.get(NODES, "", "n1")["status"]
    unique = f"kubernetes.io/csi/{DRIVER}^{volume}"
    assert status["volumesAttached"] == [{"devicePath": "", "name": unique}]
    assert status["volumesInUse"] == [unique]
    assert ("SuccessfulAttachVolume", f'AttachVolume.Attach succeeded for volume "{volume}" ') in event_texts(
        cluster, "web"
    )
    drivers = cluster.store.get(CSINODES, "", "n1")["spec"]["drivers"]
    assert drivers == [{"name": DRIVER, "nodeID": "n1", "topologyKeys": None}]


def test_a_volume_is_detached_when_its_pod_is_gone(cluster):
    pod(cluster, "web")
    cluster.advance(20_000)
    delete(cluster, "web")
    cluster.advance(20_000)
    assert cluster.store.range(ATTACHMENTS) == []
    status = cluster.store.get(NODES, "", "n1")["status"]
    assert "volumesAttached" not in status
    assert "volumesInUse" not in status


def test_a_second_node_waits_for_the_volume(cluster):
    pod(cluster, "web")
    cluster.advance(20_000)
    pod(cluster, "late", "n2")
    cluster.advance(150_000)
    assert phase(cluster, "late") == "Pending"
    (text,) = [message for reason, message in event_texts(cluster, "late") if reason == "FailedAttachVolume"]
    assert text.startswith('Multi-Attach error for volume "pvc-')
    assert text.endswith("Volume is already used by pod(s) web")
    assert (
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[disk], unattached volumes=[disk], "
        "failed to process volumes=[]: context deadline exceeded",
    ) in event_texts(cluster, "late")
    delete(cluster, "web")
    cluster.advance(20_000)
    assert phase(cluster, "late") == "Running"


def test_what_was_written_goes_along_to_the_next_node(cluster):
    pod(cluster, "web", command="echo kept > /data/file; sleep 100000")
    cluster.advance(20_000)
    delete(cluster, "web")
    cluster.advance(20_000)
    pod(cluster, "next", "n2", command="cat /data/file; sleep 100000")
    cluster.advance(20_000)
    assert [line.text for line in cluster.kubelets.logs("default", "next")] == ["kept"]


def test_what_was_written_outlives_a_crash_of_the_node(cluster):
    pod(cluster, "web", command="echo kept > /data/file; sleep 100000")
    cluster.advance(20_000)
    crash(cluster, "n1")
    cluster.advance(60_000)
    delete(cluster, "web", gracePeriodSeconds=0)
    pod(cluster, "next", "n2", command="cat /data/file; sleep 100000")
    cluster.advance(400_000)
    assert [line.text for line in cluster.kubelets.logs("default", "next")] == ["kept"]


def test_a_dead_node_keeps_the_volume_for_six_minutes(cluster):
    pod(cluster, "web")
    cluster.advance(20_000)
    crash(cluster, "n1")
    cluster.advance(60_000)
    delete(cluster, "web", gracePeriodSeconds=0)
    pod(cluster, "next", "n2")
    cluster.advance(300_000)
    assert phase(cluster, "next") == "Pending"
    (text,) = [message for reason, message in event_texts(cluster, "next") if reason == "FailedAttachVolume"]
    assert text.endswith("Volume is already exclusively attached to one node and can't be attached to another")
    cluster.advance(90_000)
    assert phase(cluster, "next") == "Running"


def test_a_node_out_of_service_loses_the_volume_at_once(cluster):
    pod(cluster, "web")
    cluster.advance(20_000)
    crash(cluster, "n1")
    cluster.advance(60_000)
    delete(cluster, "web", gracePeriodSeconds=0)
    pod(cluster, "next", "n2")
    cluster.advance(20_000)
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    node = cluster.store.get(NODES, "", "n1")
    taints = [*(node["spec"].get("taints") or ()), taint]
    body = {**node, "spec": {**node["spec"], "taints": taints}}
    assert cluster.handle(Request("update", Key(NODES, "", "n1"), body=body)).code == 200
    cluster.advance(30_000)
    assert phase(cluster, "next") == "Running"


def test_several_nodes_may_share_what_is_made_for_it():
    cluster = Cluster()
    for name in ("n1", "n2"):
        cluster.add_node(NodeSpec(name))
    storage_class = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}}
    create(cluster, {**storage_class, "provisioner": DRIVER})
    cluster.advance(5_000)
    claim(cluster, modes=("ReadWriteMany",))
    pod(cluster, "one", "n1")
    pod(cluster, "two", "n2")
    cluster.advance(40_000)
    assert (phase(cluster, "one"), phase(cluster, "two")) == ("Running", "Running")
    assert len(cluster.store.range(ATTACHMENTS)) == 2


def test_a_driver_that_needs_no_attaching_is_not_waited_for(cluster):
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER}}
    create(cluster, {**driver, "spec": {"attachRequired": False}})
    pod(cluster, "web")
    cluster.advance(20_000)
    assert phase(cluster, "web") == "Running"
    assert cluster.store.range(ATTACHMENTS) == []
