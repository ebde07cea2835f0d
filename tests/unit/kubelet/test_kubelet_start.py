"""A pod's way from bound to running, event by event and write by write."""

import pytest

from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, EVENTS, LEASES, NODES, PODS


def test_normal_start_takes_two_writes_and_three_events(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    before = rig.store.revision
    rig.run(3)
    writes = [c.new["status"]["phase"] for c in rig.store.changes(before) if c.gvr == PODS]
    assert writes == ["Pending", "Running"]
    assert rig.events() == [
        ("Pulled", 'Container image "nginx:1.27" already present on machine and can be accessed by the pod'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]


def test_first_status_says_container_creating(rig):
    rig.start()
    rig.run(0.1)
    assert rig.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    shown = {c["type"]: (c["status"], c.get("reason"), c.get("message")) for c in rig.status()["conditions"]}
    assert shown == {
        "PodReadyToStartContainers": ("False", None, None),
        "Initialized": ("True", None, None),
        "Ready": ("False", "ContainersNotReady", "containers with unready status: [c]"),
        "ContainersReady": ("False", "ContainersNotReady", "containers with unready status: [c]"),
        "PodScheduled": ("True", None, None),
    }


def test_running_status(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    status = rig.status()
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert (status["podIP"], status["podIPs"]) == ("10.244.0.2", [{"ip": "10.244.0.2"}])
    assert (status["hostIP"], status["hostIPs"]) == ("172.18.0.2", [{"ip": "172.18.0.2"}])
    container = rig.container()
    assert container["image"] == "docker.io/library/nginx:1.27"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)


def test_event_names_the_container(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    event = next(e for e in rig.store.range(EVENTS) if e["reason"] == "Started")
    assert event["involvedObject"]["fieldPath"] == "spec.containers{c}"
    assert event["source"] == {"component": "kubelet", "host": "n1"}


def test_pods_of_one_template_share_their_trees(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    body = rig.pod(metadata={"generateName": "web-"})
    for number in range(3):
        rig.create({**body, "metadata": {"name": f"web-{number}", "namespace": "default"}})
    rig.run(0.1)
    first, second = rig.status("web-0"), rig.status("web-1")
    if rig.get("web-0")["spec"]["containers"] is rig.get("web-1")["spec"]["containers"]:
        assert first["containerStatuses"] is second["containerStatuses"]
    assert all(one is two for one, two in zip(first["conditions"][:4], second["conditions"][:4], strict=True))


def test_host_network_has_the_address_of_the_node(rig):
    rig.start(spec={"hostNetwork": True})
    rig.run(5)
    assert rig.status()["podIP"] == "172.18.0.2"


# ---------------------------------------------------------------------- nodes
def test_node_is_registered_and_ready(rig):
    node = rig.node()
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    assert len(node["status"]["nodeInfo"]) == 10
    ready = node["status"]["conditions"][-1]
    assert (ready["type"], ready["status"], ready["reason"], ready["message"]) == (
        "Ready", "True", "KubeletReady", "kubelet is posting ready status",
    )  # fmt: skip
    assert rig.reasons("n1") == [
        "Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID",
        "NodeAllocatableEnforced", "NodeReady",
    ]  # fmt: skip


def test_lease_is_renewed_every_ten_seconds_sharing_the_rest(rig):
    rig.run(12)
    one = rig.store.get(LEASES, "kube-node-lease", "n1")
    rig.run(10)
    two = rig.store.get(LEASES, "kube-node-lease", "n1")
    assert one["spec"]["renewTime"] != two["spec"]["renewTime"]
    assert two["spec"]["leaseDurationSeconds"] == 40
    assert one["metadata"]["ownerReferences"] is two["metadata"]["ownerReferences"]


def test_node_status_is_reported_every_five_minutes(rig):
    first = rig.node()["status"]["conditions"][0]
    rig.run(290)
    assert rig.node()["status"]["conditions"][0] == first
    rig.run(20)
    later = rig.node()["status"]["conditions"][0]
    assert later["lastHeartbeatTime"] != first["lastHeartbeatTime"]
    assert later["lastTransitionTime"] == first["lastTransitionTime"]


def test_nodes_renew_in_different_phases(make_rig):
    rig = make_rig(nodes=20)
    rig.run(30)
    times = {rig.store.get(LEASES, "kube-node-lease", f"n{n}")["spec"]["renewTime"] for n in range(1, 21)}
    assert len(times) > 10


# ---------------------------------------------------------------------- admission
@pytest.mark.parametrize(
    ("requests", "reason", "text"),
    [
        ({"cpu": "5"}, "OutOfcpu", "cpu, requested: 5000, used: 0, capacity: 4000"),
        ({"memory": "2Gi"}, "OutOfmemory", "memory, requested: 2147483648, used: 0, capacity: 1073741824"),
    ],
    ids=["cpu", "memory"],
)
def test_pod_that_does_not_fit_is_rejected(make_rig, requests, reason, text):
    rig = make_rig(memory="1Gi")
    rig.start(resources={"requests": requests})
    rig.run(1)
    status = rig.status()
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] == f"Pod was rejected: Node didn't have enough resource: {text}"
    assert rig.events() == [(reason, f"Node didn't have enough resource: {text}")]


def test_too_many_pods(make_rig):
    rig = make_rig(pods=1)
    rig.start("one")
    rig.start("two")
    rig.run(1)
    assert rig.status("two")["reason"] == "OutOfpods"
    rig.delete("one")
    rig.run(40)
    rig.start("three")
    rig.run(1)
    assert rig.status("three")["phase"] != "Failed"


def test_node_selector_that_does_not_match(rig):
    rig.start(spec={"nodeSelector": {"disk": "ssd"}})
    rig.run(1)
    assert rig.status()["reason"] == "NodeAffinity"


def test_active_deadline(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(spec={"activeDeadlineSeconds": 20, "restartPolicy": "Never"})
    rig.run(19)
    assert rig.status()["phase"] == "Running"
    rig.run(3)
    status = rig.status()
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"
    assert "Killing" in rig.reasons()


# ---------------------------------------------------------------------- configuration and volumes
def test_missing_configmap_key_then_there(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}])
    rig.run(3)
    state = rig.container()["state"]["waiting"]
    assert state == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    assert ("Failed", 'Error: configmap "settings" not found') in rig.events()
    rig.configmap("settings", b="1")
    rig.run(1)
    assert rig.container()["state"]["waiting"]["message"] == "couldn't find key a in ConfigMap default/settings"
    rig.admin.update(
        CONFIGMAPS,
        {**rig.admin.get(CONFIGMAPS, "default", "settings"), "data": {"a": "1"}},
    )
    rig.run(1)
    assert rig.status()["phase"] == "Running"


def test_optional_reference_may_be_missing(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(envFrom=[{"secretRef": {"name": "none", "optional": True}}])
    rig.run(3)
    assert rig.status()["phase"] == "Running"


def test_missing_volume_source_then_there(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(
        spec={"volumes": [{"name": "v", "configMap": {"name": "late"}}]},
        volumeMounts=[{"name": "v", "mountPath": "/etc/v"}],
    )
    rig.run(10)
    assert rig.container()["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert ("FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "late" not found') in rig.events()
    rig.configmap("late", a="1")
    rig.run(1)
    assert rig.status()["phase"] == "Running"


def test_cordon_is_said(rig):
    node = rig.node()
    rig.admin.update(NODES, {**node, "spec": {**node["spec"], "unschedulable": True}})
    rig.run(1)
    assert rig.events("n1")[-1] == ("NodeNotSchedulable", "Node n1 status is now: NodeNotSchedulable")


def test_deleted_node_stays_away_until_its_kubelet_restarts(rig):
    rig.admin.delete(NODES, "", "n1")
    rig.run(400)
    assert rig.node() is None
    rig.fault("f", "KubeletStop", {"kind": "Node", "name": "n1"})
    rig.run(1)
    rig.mend("f")
    rig.run(5)
    assert rig.node()["status"]["conditions"][-1]["status"] == "True"


def test_network_of_a_node_that_is_there_is_kept(make_rig):
    rig = make_rig(nodes=0)
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"podCIDR": "10.9.8.0/24"}}
    rig.create(body, NODES)
    rig.kubelets.add_node(NodeSpec("n1", images=("nginx:1.27",)))
    rig.run(3)
    rig.start()
    rig.run(3)
    assert rig.status()["podIP"] == "10.9.8.2"
