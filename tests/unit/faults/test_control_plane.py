"""Crashes of the control plane: who takes over, what stops meanwhile, what goes on."""

from pathlib import Path
from typing import Any

import pytest

from building import create
from kubesim import faults
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster, Settings
from kubesim.faults.control_plane import NO_QUORUM, NO_SERVER, NO_STORE
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, EVENTS, FAULTS, LEASES, NODES, PODS, Key, Request, Tree
from kubesim.scenario.description import read
from kubesim.scenario.loader import build

SECOND = 1000
CLUSTER = """
name: ha
nodes:
  - {name: cp-1, role: control-plane}
  - {name: cp-2, role: control-plane}
  - {name: cp-3, role: control-plane}
  - {name: wk-1}
  - {name: wk-2}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    found = build(read(tmp_path / "cluster.yaml"), epoch_ms=DEFAULT_EPOCH_MS)
    found.advance(30 * SECOND)
    return found


@pytest.fixture
def plain() -> Cluster:
    found = Cluster(Settings(validate_components=True))
    found.add_node(NodeSpec("wk-1"))
    found.advance(5 * SECOND)
    return found


def crash(cluster: Cluster, component: str, node: str = "") -> str:
    fault = faults.crash_component(component, f"{component}-{node}" if node else "")
    create(cluster, dict(fault))
    cluster.advance(10)
    return str(fault["metadata"]["name"])


def mend(cluster: Cluster, name: str) -> None:
    assert cluster.handle(Request("delete", Key(FAULTS, "", name))).code == 200


def config_map(cluster: Cluster, name: str) -> tuple[int, str]:
    response = cluster.handle(Request("create", Key(CONFIGMAPS, "default"), body={"metadata": {"name": name}}))
    return response.code, response.body.get("message", "")


def deployment(replicas: int = 1) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def pods(cluster: Cluster) -> list[Tree]:
    return cluster.store.range(PODS, "default")


def lease(cluster: Cluster, component: str) -> Any:
    found = cluster.store.get(LEASES, "kube-system", component)
    assert found is not None
    return found["spec"]


# ---------------------------------------------------------------------- leaders
def test_leaders_renew_their_leases(cluster: Cluster) -> None:
    before = lease(cluster, "kube-scheduler")
    assert before["holderIdentity"].startswith("cp-1_")
    assert (before["leaseDurationSeconds"], before["leaseTransitions"]) == (15, 0)
    cluster.advance(4 * SECOND)
    after = lease(cluster, "kube-scheduler")
    assert after["renewTime"] > before["renewTime"]
    assert after["acquireTime"] == before["acquireTime"]


def test_another_scheduler_takes_over_when_the_lease_is_over(cluster: Cluster) -> None:
    crash(cluster, "kube-scheduler", "cp-1")
    create(cluster, deployment())
    cluster.advance(10 * SECOND)
    assert cluster.control_plane.down() == ["kube-scheduler"]
    assert [pod["spec"].get("nodeName") for pod in pods(cluster)] == [None]
    cluster.advance(8 * SECOND)
    assert cluster.control_plane.leader("kube-scheduler").startswith("cp-2_")
    assert pods(cluster)[0]["spec"]["nodeName"]
    assert lease(cluster, "kube-scheduler")["leaseTransitions"] == 1
    told = [
        each["message"] for each in cluster.store.range(EVENTS, "kube-system") if each["reason"] == "LeaderElection"
    ]
    assert f"{cluster.control_plane.leader('kube-scheduler')} became leader" in told


def test_a_crashed_instance_shows_as_a_crash_loop_and_comes_back(cluster: Cluster) -> None:
    name = crash(cluster, "kube-scheduler", "cp-1")
    cluster.advance(20 * SECOND)
    pod = cluster.store.get(PODS, "kube-system", "kube-scheduler-cp-1")
    assert pod is not None
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    mend(cluster, name)
    cluster.advance(5 * SECOND)
    pod = cluster.store.get(PODS, "kube-system", "kube-scheduler-cp-1")
    assert pod is not None
    assert "running" in pod["status"]["containerStatuses"][0]["state"]
    assert cluster.control_plane.leader("kube-scheduler").startswith("cp-2_")


def test_a_crashed_machine_takes_its_leaders_with_it(cluster: Cluster) -> None:
    create(cluster, dict(faults.crash_node("cp-1")))
    cluster.advance(20 * SECOND)
    leaders = [cluster.control_plane.leader(name) for name in ("kube-scheduler", "kube-controller-manager")]
    assert [leader.partition("_")[0] for leader in leaders] == ["cp-2", "cp-2"]
    assert cluster.control_plane.down() == []


# ---------------------------------------------------------------------- components of a small cluster
def test_without_a_scheduler_pods_stay_pending_until_it_is_back(plain: Cluster) -> None:
    name = crash(plain, "kube-scheduler")
    create(plain, deployment())
    plain.advance(60 * SECOND)
    assert [pod["status"]["phase"] for pod in pods(plain)] == ["Pending"]
    mend(plain, name)
    plain.advance(10 * SECOND)
    assert [pod["status"]["phase"] for pod in pods(plain)] == ["Running"]


def test_without_a_controller_manager_nothing_is_repaired(plain: Cluster) -> None:
    create(plain, deployment(2))
    plain.advance(10 * SECOND)
    name = crash(plain, "kube-controller-manager")
    victim = pods(plain)[0]["metadata"]["name"]
    plain.handle(Request("delete", Key(PODS, "default", victim), body={"gracePeriodSeconds": 0}))
    plain.advance(60 * SECOND)
    assert len(pods(plain)) == 1
    mend(plain, name)
    plain.advance(10 * SECOND)
    assert len(pods(plain)) == 2


@pytest.mark.parametrize(
    ("component", "message"), [("etcd", NO_STORE), ("kube-apiserver", NO_SERVER)], ids=["etcd", "kube-apiserver"]
)
def test_nothing_is_written_and_what_was_read_is_served(plain: Cluster, component: str, message: str) -> None:
    create(plain, deployment())
    plain.advance(10 * SECOND)
    before = plain.store.revision
    name = crash(plain, component)
    assert config_map(plain, "x") == (500, message)
    plain.advance(600 * SECOND)
    assert plain.store.revision == before + 1
    assert plain.handle(Request("get", Key(DEPLOYMENTS, "default", "web"))).code == 200
    assert plain.switches.serves is (component == "etcd")
    mend(plain, name)
    plain.advance(120 * SECOND)
    assert config_map(plain, "x")[0] == 201
    ready = [each["status"] for each in plain.store.range(NODES)[0]["status"]["conditions"] if each["type"] == "Ready"]
    assert ready == ["True"]
    assert [pod["status"]["phase"] for pod in pods(plain)] == ["Running"]
    assert len(pods(plain)) == 1


def test_a_pod_that_ends_meanwhile_is_told_later(plain: Cluster) -> None:
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "20"]}]}
    create(plain, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    plain.advance(10 * SECOND)
    name = crash(plain, "etcd")
    plain.advance(60 * SECOND)
    assert pods(plain)[0]["status"]["phase"] == "Running"
    mend(plain, name)
    plain.advance(15 * SECOND)
    assert pods(plain)[0]["status"]["phase"] == "Succeeded"


# ---------------------------------------------------------------------- quorum
def test_etcd_bears_the_loss_of_one_member_of_three(cluster: Cluster) -> None:
    crash(cluster, "etcd", "cp-1")
    assert config_map(cluster, "a")[0] == 201
    name = crash(cluster, "etcd", "cp-2")
    assert config_map(cluster, "b") == (500, NO_QUORUM)
    cluster.advance(60 * SECOND)
    assert cluster.control_plane.down() == ["etcd", "kube-controller-manager", "kube-scheduler"]
    mend(cluster, name)
    cluster.advance(60 * SECOND)
    assert cluster.control_plane.down() == []
    assert config_map(cluster, "b")[0] == 201
    ready = [
        each["status"]
        for node in cluster.store.range(NODES)
        for each in node["status"]["conditions"]
        if each["type"] == "Ready"
    ]
    assert ready == ["True"] * 5


def test_an_outage_is_saved_with_the_cluster(cluster: Cluster) -> None:
    crash(cluster, "kube-scheduler", "cp-1")
    cluster.advance(5 * SECOND)
    fork = cluster.fork()
    for each in (cluster, fork):
        each.advance(30 * SECOND)
    assert cluster.digest() == fork.digest()
    assert fork.control_plane.leader("kube-scheduler") == cluster.control_plane.leader("kube-scheduler")
