"""What keeps a pod or a container from coming up, in the words of the kubelet; and what a node says of itself."""

import pytest

from kubesim.objects.wire import EVENTS, NODES, Gvr

RUNTIMECLASSES = Gvr("node.k8s.io", "v1", "runtimeclasses")
BUSYBOX = "busybox:1.36"
NODE = {"kind": "Node", "name": "n1"}


def told(rig):
    found = [each for each in rig.store.range(EVENTS) if each["involvedObject"]["kind"] == "Node"]
    return [(each["type"], each["reason"], each["message"]) for each in found]


def runtime_class(rig, name, handler):
    body = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": handler}
    rig.create(body, RUNTIMECLASSES)


# ---------------------------------------------------------------------- sandboxes
@pytest.mark.parametrize(("handler", "phase"), [("runc", "Running"), ("gvisor", "Pending")])
def test_the_runtime_that_a_pod_asks_for(rig, handler, phase):
    runtime_class(rig, "special", handler)
    rig.start(spec={"runtimeClassName": "special"})
    rig.run(10)
    assert rig.status()["phase"] == phase
    text = (
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: "
        'no runtime for "gvisor" is configured'
    )
    assert (("FailedCreatePodSandBox", text) in rig.events()) is (phase == "Pending")


def test_a_runtime_that_a_node_has(make_rig):
    rig = make_rig(runtimes=("runc", "gvisor"))
    runtime_class(rig, "special", "gvisor")
    rig.start(spec={"runtimeClassName": "special"})
    rig.run(10)
    assert rig.status()["phase"] == "Running"
    assert [each["name"] for each in rig.node()["status"]["runtimeHandlers"]] == ["", "runc", "gvisor"]


def test_a_runtime_class_that_is_gone(rig):
    runtime_class(rig, "special", "runc")
    rig.start(spec={"runtimeClassName": "special"})
    rig.admin.delete(RUNTIMECLASSES, "", "special")
    rig.run(5)
    text = 'Failed to create pod sandbox: runtimeclass.node.k8s.io "special" not found'
    assert ("FailedCreatePodSandBox", text) in rig.events()
    runtime_class(rig, "special", "runc")
    rig.run(30)
    assert rig.status()["phase"] == "Running"


def test_a_node_that_has_no_address_left(rig):
    addresses = rig.kubelets.agents["n1"].addresses
    while addresses.has_any:
        last = addresses.take()
    rig.start("ordinary")
    rig.run(5)
    ((reason, text),) = rig.events("ordinary")
    assert reason == "FailedCreatePodSandBox"
    assert text.startswith(
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for "
    )
    assert text.endswith("no IP addresses available in range set: 10.244.0.1-10.244.0.254")
    assert rig.status("ordinary")["phase"] == "Pending"
    addresses.give_back(last)
    rig.run(20)
    assert (rig.status("ordinary")["phase"], rig.status("ordinary")["podIP"]) == ("Running", last)


# ---------------------------------------------------------------------- volumes
def test_volumes_that_are_waited_for_in_vain(rig):
    volumes = [{"name": "there", "configMap": {"name": "known"}}, {"name": "lost", "configMap": {"name": "unknown"}}]
    rig.configmap("known", a="b")
    rig.start(spec={"volumes": volumes})
    rig.run(60)
    assert {text for _, text in rig.events()} == {
        'MountVolume.SetUp failed for volume "lost" : configmap "unknown" not found'
    }
    rig.run(80)
    text = (
        "Unable to attach or mount volumes: unmounted volumes=[lost], unattached volumes=[], "
        "failed to process volumes=[]: context deadline exceeded"
    )
    assert ("FailedMount", text) in rig.events()
    rig.configmap("unknown")
    rig.run(10)
    assert rig.status()["phase"] == "Running"


# ---------------------------------------------------------------------- containers
def waits(rig, seconds=6):
    found = {}
    for _ in range(seconds * 10):
        rig.run(0.1)
        for each in rig.status().get("containerStatuses") or ():
            waiting = each["state"].get("waiting") or {}
            found.setdefault(waiting.get("reason"), waiting.get("message", ""))
    return found


def test_a_program_that_is_not_there(rig):
    rig.start(image=BUSYBOX, command=["nosuch"])
    found = waits(rig)
    assert 'exec: "nosuch": executable file not found in $PATH' in found["RunContainerError"]
    assert "CrashLoopBackOff" in found


def test_a_program_that_is_not_there_and_is_not_tried_again(rig):
    rig.start(image=BUSYBOX, command=["nosuch"], spec={"restartPolicy": "Never"})
    assert "RunContainerError" not in waits(rig)
    assert rig.container()["state"]["terminated"]["reason"] == "StartError"
    assert rig.status()["phase"] == "Failed"


def test_a_hook_that_fails_at_the_start(rig):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", 'echo "the key"; exit 3']}}}
    rig.start(lifecycle=hook)
    found = waits(rig)
    uid = rig.get()["metadata"]["uid"]
    assert found["PostStartHookError"] == (
        f'Exec lifecycle hook ([sh -c echo "the key"; exit 3]) for Container "c" in Pod "web_default({uid})" failed - '
        'error: command \'sh -c echo "the key"; exit 3\' exited with 3: the key\n, message: "the key\\n"'
    )
    assert ("FailedPostStartHook", "PostStartHook failed") in rig.events()
    assert ("Killing", "FailedPostStartHook") in rig.events()


def test_a_hook_that_fails_at_the_end(rig):
    rig.start(lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo secret; exit 1"]}}})
    rig.run(10)
    rig.delete()
    rig.run(10)
    assert ("FailedPreStopHook", "PreStopHook failed") in rig.events()
    assert rig.get() is None


# ---------------------------------------------------------------------- nodes
def test_what_a_node_says_when_it_starts_again(rig):
    assert "InvalidDiskCapacity" not in [reason for _, reason, _ in told(rig)]
    rig.fault("f", "NodeCrash", NODE)
    rig.run(10)
    rig.mend("f")
    rig.run(10)
    assert ("Warning", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem") in told(rig)
    boot = rig.node()["status"]["nodeInfo"]["bootID"]
    assert ("Warning", "Rebooted", f"Node n1 has been rebooted, boot id: {boot}") in told(rig)


@pytest.mark.parametrize(
    ("fault", "begins", "ends"),
    [
        ("MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
        ("DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"),
        ("PIDPressure", "NodeHasInsufficientPID", "NodeHasSufficientPID"),
    ],
)
def test_pressure_is_told_when_it_begins_and_ends(rig, fault, begins, ends):
    rig.fault("f", fault, NODE)
    rig.run(5)
    assert ("Normal", begins, f"Node n1 status is now: {begins}") in told(rig)
    rig.mend("f")
    before = len([each for each in told(rig) if each[1] == ends])
    rig.run(330)
    last = [each for each in rig.store.range(EVENTS) if each["reason"] == ends]
    assert before == 1
    assert sum(each.get("count", 1) for each in last) == 2


def test_cordoning_is_told(rig):
    for cordoned, reason in ((True, "NodeNotSchedulable"), (False, "NodeSchedulable")):
        node = rig.node()
        rig.admin.update(NODES, {**node, "spec": {**node["spec"], "unschedulable": cordoned}})
        rig.run(1)
        assert ("Normal", reason, f"Node n1 status is now: {reason}") in told(rig)


def test_what_a_node_can_do(rig):
    status = rig.node()["status"]
    assert status["features"] == {"supplementalGroupsPolicy": True}
    able = {"recursiveReadOnlyMounts": True, "userNamespaces": True}
    assert status["runtimeHandlers"] == [{"features": able, "name": ""}, {"features": able, "name": "runc"}]
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
    assert [(each["type"], each["reason"], each["message"]) for each in status["conditions"]] == [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "KubeletReady", "kubelet is posting ready status"),
    ]
    info = status["nodeInfo"]
    assert (info["kubeletVersion"], info["containerRuntimeVersion"]) == ("v1.37.0", "containerd://2.1.4")
    assert {"architecture", "bootID", "kernelVersion", "machineID", "operatingSystem", "osImage", "systemUUID"} <= set(
        info
    )
