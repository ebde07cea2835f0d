"""Broken nodes: what stops, what goes on, what is reported afterwards; and copies that go on alike."""

import pickle

from kubesim.objects.wire import EVENTS, FAULTS, LEASES, PODS

BUSYBOX = "busybox:1.36"
NODE = {"kind": "Node", "name": "n1"}


def lease(rig):
    return rig.store.get(LEASES, "kube-node-lease", "n1")["spec"]["renewTime"]


def test_crashed_node_says_nothing(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(15)
    rig.fault("f", "NodeCrash", NODE)
    rig.run(1)
    before, revision = lease(rig), rig.store.revision
    rig.run(100)
    assert lease(rig) == before
    assert rig.store.revision == revision
    assert rig.status()["phase"] == "Running"


def test_crashed_node_comes_back(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(15)
    boot = rig.node()["status"]["nodeInfo"]["bootID"]
    rig.fault("f", "NodeCrash", NODE)
    rig.run(60)
    rig.mend("f")
    rig.run(10)
    container = rig.container()
    assert container["restartCount"] == 1
    assert (container["lastState"]["terminated"]["exitCode"], container["lastState"]["terminated"]["reason"]) == (
        255,
        "Unknown",
    )
    assert ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in rig.events()
    assert rig.status()["podIP"] != "10.244.0.2"
    assert rig.node()["status"]["nodeInfo"]["bootID"] != boot
    assert any(reason == "Rebooted" for reason, _ in rig.events("n1"))
    assert rig.condition("Ready")["status"] == "True"


def test_deleted_meanwhile(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start("soft")
    rig.start("hard")
    rig.run(5)
    rig.fault("f", "NodeCrash", NODE)
    rig.run(1)
    rig.delete("soft")
    rig.delete("hard", gracePeriodSeconds=0)
    rig.run(100)
    assert rig.get("soft")["metadata"]["deletionTimestamp"]
    rig.mend("f")
    rig.run(10)
    assert rig.get("soft") is None
    assert rig.kubelets.agents["n1"].workers == {}


def test_stopped_kubelet_leaves_containers_alone(make_rig):
    rig = make_rig(images=("nginx:1.27", BUSYBOX))
    rig.start("web")
    rig.start("job", BUSYBOX, command=["sh", "-c", "sleep 20; exit 1"])
    rig.run(5)
    rig.fault("f", "KubeletStop", NODE)
    rig.run(60)
    assert rig.container("job")["restartCount"] == 0
    rig.mend("f")
    rig.run(5)
    assert rig.container("web")["restartCount"] == 0
    assert rig.container("job")["restartCount"] == 1
    assert rig.status("web")["podIP"] == "10.244.0.2"


def test_pods_bound_meanwhile_start_afterwards(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.fault("f", "KubeletStop", NODE)
    rig.run(1)
    rig.start()
    rig.run(10)
    assert rig.status().get("startTime") is None
    rig.mend("f")
    rig.run(5)
    assert rig.status()["phase"] == "Running"
    assert rig.kubelets.logs("default", "web")


def test_partitioned_node_goes_on(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    rig.start(image=BUSYBOX, command=["sh", "-c", "sleep 10; exit 1"])
    rig.run(3)
    rig.fault("f", "NetworkPartition", NODE)
    rig.run(60)
    assert rig.container()["restartCount"] == 0
    rig.mend("f")
    rig.run(1)
    assert rig.container()["restartCount"] >= 2


def test_partitioned_pod_that_was_deleted(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    rig.fault("f", "NetworkPartition", NODE)
    rig.run(1)
    rig.delete()
    rig.run(60)
    assert rig.get() is not None
    rig.mend("f")
    rig.run(2)
    assert rig.get() is None


def test_two_faults_on_one_node(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.run(10)
    rig.fault("a", "KubeletStop", NODE)
    rig.fault("b", "NetworkPartition", NODE)
    rig.run(1)
    rig.mend("a")
    rig.run(20)
    before = lease(rig)
    rig.run(20)
    assert lease(rig) == before
    rig.mend("b")
    rig.run(20)
    assert lease(rig) != before


def test_killed_containers_are_restarted(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start()
    rig.run(3)
    rig.fault("k", "KillContainers", {"kind": "Pod", "namespace": "default", "name": "web"})
    rig.run(1)
    container = rig.container()
    assert container["restartCount"] == 1
    assert (container["lastState"]["terminated"]["exitCode"], container["lastState"]["terminated"]["reason"]) == (
        137,
        "Error",
    )
    assert rig.store.get(FAULTS, "", "k") is None


def test_node_conditions_are_restored(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.run(10)
    rig.fault("f", "KubeletStop", NODE)
    rig.run(60)
    rig.mend("f")
    rig.run(3)
    assert rig.node()["status"]["conditions"][-1]["reason"] == "KubeletReady"
    assert [e["count"] for e in rig.store.range(EVENTS) if e["reason"] == "Starting"] in ([2], [1, 1])


# ---------------------------------------------------------------------- copies
def test_copies_of_a_fleet_go_on_alike(make_rig):
    rig = make_rig(nodes=3, images=("nginx:1.27", BUSYBOX))
    for number in range(12):
        line = ["sh", "-c", f"sleep {number}; exit {number % 2}"]
        if number % 3:
            rig.start(f"p{number}", BUSYBOX, f"n{number % 3 + 1}", command=line)
        else:
            rig.start(f"p{number}", "redis:7", readinessProbe={"tcpSocket": {"port": 6379}})
        rig.run(0.15)
    copies = [rig]
    for _ in range(6):
        copies.append(pickle.loads(pickle.dumps(copies[-1])))
        for copy in copies:
            copy.run(0.37)
    for copy in copies:
        copy.run(40)
    histories = [copy.api._loop.now for copy in copies]
    assert len(set(histories)) == 1
    states = [
        [(p["metadata"]["name"], p["status"], p["metadata"]["resourceVersion"]) for p in copy.store.range(PODS)]
        for copy in copies
    ]
    assert all(state == states[0] for state in states)
