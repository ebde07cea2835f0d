"""Graceful shutdown of a machine: who is stopped when, what is told, and how it comes back."""

import pytest

from kubesim.kubelet.settings import Settings, ShutdownStep
from kubesim.objects.wire import EVENTS, FAULTS, Gvr

NODE = {"kind": "Node", "name": "n1"}
PRIORITYCLASSES = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
TEXT = "Pod was terminated in response to imminent node shutdown."
STUBBORN = {"stubborn": {"stop": {"ignored": True}}}


def ready(rig):
    return next(each for each in rig.node()["status"]["conditions"] if each["type"] == "Ready")


def told(rig):
    found = [each for each in rig.store.range(EVENTS) if each["involvedObject"]["kind"] == "Node"]
    return [(each["reason"], each["message"]) for each in found]


def critical(rig):
    for name, value in (("system-node-critical", 2_000_001_000), ("high", 1000)):
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
        rig.create({**body, "value": value}, PRIORITYCLASSES)


def shut_down(rig):
    rig.fault("f", "NodeShutdown", NODE)


def test_pods_fail_with_the_words_of_the_kubelet(rig):
    rig.start()
    rig.run(10)
    shut_down(rig)
    rig.run(2)
    status = rig.status()
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Terminated", TEXT)
    disrupted = rig.condition("DisruptionTarget")
    assert (disrupted["status"], disrupted["reason"], disrupted["message"]) == ("True", "TerminationByKubelet", TEXT)
    assert ("Killing", "Stopping container c") in rig.events()


def test_the_node_says_so_and_goes_off(make_rig):
    rig = make_rig(extra=STUBBORN)
    rig.start(image="stubborn:1")
    rig.run(10)
    shut_down(rig)
    rig.run(1)
    found = ready(rig)
    assert (found["status"], found["reason"], found["message"]) == ("False", "KubeletNotReady", "node is shutting down")
    assert ("Shutdown", "Shutdown manager detected shutdown event") in told(rig)
    assert ("NodeNotReady", "Node n1 status is now: NodeNotReady") in told(rig)
    assert rig.kubelets.agents["n1"].running
    rig.run(23)
    assert not rig.kubelets.agents["n1"].running
    assert rig.kubelets.outages.is_off("n1")
    assert rig.status()["phase"] == "Failed"


def test_nobody_is_let_in_meanwhile(make_rig):
    rig = make_rig(extra=STUBBORN)
    rig.start("old", image="stubborn:1")
    rig.run(10)
    shut_down(rig)
    rig.run(1)
    rig.start("new")
    rig.run(1)
    status = rig.status("new")
    assert (status["phase"], status["reason"]) == ("Failed", "NodeShutdown")
    assert status["message"] == "Pod was rejected: Pod was rejected as the node is shutting down."
    assert ("NodeShutdown", "Pod was rejected as the node is shutting down.") in rig.events("new")


def test_critical_pods_are_stopped_last(make_rig):
    rig = make_rig(extra=STUBBORN)
    critical(rig)
    rig.start("plain", image="stubborn:1")
    rig.start("system", image="stubborn:1", spec={"priorityClassName": "system-node-critical"})
    rig.run(10)
    shut_down(rig)
    rig.run(19)
    assert (rig.status("plain")["phase"], rig.status("system")["phase"]) == ("Running", "Running")
    assert "Killing" in rig.reasons("plain")
    assert "Killing" not in rig.reasons("system")
    rig.run(3)
    assert (rig.status("plain")["phase"], rig.status("system")["phase"]) == ("Failed", "Running")
    assert "Killing" in rig.reasons("system")
    rig.run(10)
    assert rig.status("system")["phase"] == "Failed"


def test_periods_by_priority(make_rig):
    steps = (ShutdownStep(0, 4), ShutdownStep(1000, 6), ShutdownStep(2_000_000_000, 2))
    rig = make_rig(extra=STUBBORN, kubelet=Settings(shutdown=steps))
    critical(rig)
    rig.start("plain", image="stubborn:1")
    rig.start("high", image="stubborn:1", spec={"priorityClassName": "high"})
    rig.run(10)
    shut_down(rig)
    rig.run(3)
    assert ("Killing" in rig.reasons("plain"), "Killing" in rig.reasons("high")) == (True, False)
    rig.run(5)
    assert ("Killing" in rig.reasons("high"), rig.status("plain")["phase"]) == (True, "Failed")
    rig.run(6)
    # Nobody is critical, so nobody is waited for.
    rig.run(2)
    assert rig.kubelets.outages.is_off("n1")


def test_a_pod_is_given_no_more_than_its_own_grace(make_rig):
    rig = make_rig(extra=STUBBORN)
    rig.start(image="stubborn:1", spec={"terminationGracePeriodSeconds": 3})
    rig.run(10)
    shut_down(rig)
    rig.run(5)
    assert rig.status()["phase"] == "Failed"


def test_it_starts_again_and_takes_pods(rig):
    rig.start("old")
    rig.run(10)
    shut_down(rig)
    rig.run(30)
    assert not rig.kubelets.agents["n1"].running
    rig.mend("f")
    rig.run(8)
    assert (ready(rig)["status"], ready(rig)["message"]) == ("True", "kubelet is posting ready status")
    assert "Rebooted" in [reason for reason, _ in told(rig)]
    assert rig.status("old")["phase"] == "Failed"
    rig.start("new")
    rig.run(10)
    assert rig.status("new")["phase"] == "Running"


def test_a_shutdown_that_is_called_off(make_rig):
    rig = make_rig(extra=STUBBORN)
    rig.start(image="stubborn:1")
    rig.run(10)
    shut_down(rig)
    rig.run(5)
    rig.mend("f")
    rig.run(25)
    assert ("Shutdown", "Shutdown manager detected shutdown cancellation") in told(rig)
    assert ready(rig)["status"] == "True"
    assert rig.kubelets.agents["n1"].running
    rig.start("new")
    rig.run(10)
    assert rig.status("new")["phase"] == "Running"


def test_without_grace_periods_it_is_a_power_cut(make_rig):
    rig = make_rig(kubelet=Settings(shutdown=()))
    rig.start()
    rig.run(10)
    shut_down(rig)
    rig.run(1)
    assert rig.kubelets.outages.is_off("n1")
    assert rig.status()["phase"] == "Running"
    rig.mend("f")
    rig.run(10)
    assert rig.container()["restartCount"] == 1


def test_static_pods_come_back_with_the_machine(rig):
    rig.start("static", metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    rig.run(10)
    shut_down(rig)
    rig.run(10)
    assert rig.status("static")["phase"] == "Running"
    rig.mend("f")
    rig.run(10)
    assert (rig.status("static")["phase"], rig.container("static")["restartCount"]) == ("Running", 1)


def test_a_crash_in_between_ends_it_at_once(make_rig):
    rig = make_rig(extra=STUBBORN)
    rig.start(image="stubborn:1")
    rig.run(10)
    shut_down(rig)
    rig.run(3)
    rig.fault("g", "NodeCrash", NODE)
    rig.run(1)
    assert not rig.kubelets.agents["n1"].running
    rig.mend("f")
    rig.run(10)
    assert not rig.kubelets.agents["n1"].running
    rig.mend("g")
    rig.run(10)
    assert ready(rig)["status"] == "True"


@pytest.mark.parametrize("other", ["KubeletStop", "NetworkPartition"])
def test_other_faults_beside_it_end_in_any_order(rig, other):
    rig.start()
    rig.run(10)
    rig.fault("g", other, NODE)
    rig.run(2)
    shut_down(rig)
    rig.run(40)
    assert rig.kubelets.outages.is_off("n1")
    rig.mend("g")
    rig.run(10)
    assert not rig.kubelets.agents["n1"].running
    rig.mend("f")
    rig.run(70)
    assert ready(rig)["status"] == "True"
    assert not rig.store.range(FAULTS)
