"""Pressure beyond the defaults: process numbers, soft thresholds, what must be reclaimed, and images that must go."""

import pytest

from kubesim.kubelet import settings
from kubesim.objects.wire import EVENTS, Gvr

NODE = {"kind": "Node", "name": "n1"}
PRIORITYCLASSES = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
HUNGRY = {"hungry": {"memory": "900Mi"}, "modest": {"memory": "50Mi"}, "huge": {"size": "9Gi"}}


def conditions(rig):
    return {each["type"]: each for each in rig.node()["status"]["conditions"]}


def told(rig):
    found = [each for each in rig.store.range(EVENTS) if each["involvedObject"]["kind"] == "Node"]
    return [(each["reason"], each["message"]) for each in found]


def phases(rig, *names):
    return [rig.status(name)["phase"] for name in names]


# ---------------------------------------------------------------------- process numbers
def test_process_numbers_that_run_out(rig):
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 100}
    rig.create(body, PRIORITYCLASSES)
    rig.start("one", spec={"priorityClassName": "high"})
    rig.start("two")
    sidekick = {"name": "d", "image": "nginx:1.27"}
    rig.create(
        rig.pod("three") | {"spec": {**rig.pod()["spec"], "containers": [rig.pod()["spec"]["containers"][0], sidekick]}}
    )
    rig.run(10)
    rig.fault("f", "PIDPressure", NODE)
    rig.run(5)
    assert phases(rig, "one", "two", "three") == ["Running", "Running", "Failed"]
    assert rig.status("three")["reason"] == "Evicted"
    assert rig.status("three")["message"].startswith(
        "The node was low on resource: pids. Threshold quantity: 3276, available: "
    )
    found = conditions(rig)["PIDPressure"]
    assert (found["status"], found["reason"]) == ("True", "KubeletHasInsufficientPID")
    assert found["message"] == "kubelet has insufficient PID available"
    assert ("EvictionThresholdMet", "Attempting to reclaim pids") in told(rig)
    assert ("NodeHasInsufficientPID", "Node n1 status is now: NodeHasInsufficientPID") in told(rig)
    rig.start("late")
    rig.run(2)
    assert rig.status("late")["message"] == "Pod was rejected: The node had condition: [PIDPressure]. "
    rig.mend("f")
    rig.run(320)
    found = conditions(rig)["PIDPressure"]
    assert (found["status"], found["message"]) == ("False", "kubelet has sufficient PID available")


# ---------------------------------------------------------------------- soft thresholds
SOFT = {
    "evictionSoft": {"memory.available": "1Gi"},
    "evictionSoftGracePeriod": {"memory.available": "1m"},
    "evictionMaxPodGracePeriod": 20,
}


def test_a_soft_threshold_waits_for_its_grace_period(make_rig):
    rig = make_rig(extra=HUNGRY, memory="2Gi", kubelet=settings.parse(SOFT))
    rig.start(image="hungry:1")
    rig.run(30)
    assert conditions(rig)["MemoryPressure"]["status"] == "True"
    assert rig.status()["phase"] == "Running"
    rig.run(60)
    assert rig.status()["phase"] == "Failed"
    assert rig.status()["message"].startswith(
        "The node was low on resource: memory. Threshold quantity: 1Gi, available: "
    )


def test_a_pod_that_goes_for_a_soft_threshold_gets_the_longest_grace(make_rig):
    extra = {**HUNGRY, "hungry": {"memory": "900Mi", "stop": {"ignored": True}}}
    rig = make_rig(extra=extra, memory="2Gi", kubelet=settings.parse(SOFT))
    rig.start(image="hungry:1")
    for _ in range(100):
        rig.run(1)
        if "Evicted" in rig.reasons():
            break
    rig.run(18)
    assert rig.status()["phase"] == "Running"
    rig.run(4)
    assert rig.status()["phase"] == "Failed"


def test_pressure_that_ends_within_the_grace_evicts_nobody(make_rig):
    rig = make_rig(extra=HUNGRY, memory="2Gi", kubelet=settings.parse(SOFT))
    rig.start(image="hungry:1")
    rig.start("stays", image="modest:1")
    rig.run(30)
    rig.delete()
    rig.run(300)
    assert rig.status("stays")["phase"] == "Running"


# ---------------------------------------------------------------------- minimum reclaim
@pytest.mark.parametrize(("reclaim", "expected"), [("0", 1), ("1Gi", 2)], ids=["none", "one more"])
def test_what_has_to_be_reclaimed_beyond_the_threshold(make_rig, reclaim, expected):
    tree = {"evictionHard": {"memory.available": "200Mi"}, "evictionMinimumReclaim": {"memory.available": reclaim}}
    rig = make_rig(extra=HUNGRY, memory="3100Mi", kubelet=settings.parse(tree))
    for name in ("a", "b", "c"):
        rig.start(name, image="hungry:1")
    rig.run(60)
    assert phases(rig, "a", "b", "c").count("Failed") == expected


# ---------------------------------------------------------------------- images
def test_images_that_nobody_uses_go_when_they_fill_the_disk(make_rig):
    rig = make_rig(extra=HUNGRY, ephemeral_storage="10Gi")
    rig.start(image="huge:1")
    rig.run(400)
    assert any("huge" in str(each) for each in rig.node()["status"]["images"])
    rig.delete()
    rig.run(700)
    assert not any("huge" in str(each) for each in rig.node()["status"]["images"])


def test_images_in_use_that_fill_the_disk_are_told_about(make_rig):
    tree = {"evictionHard": {"memory.available": "100Mi"}}
    rig = make_rig(extra=HUNGRY, ephemeral_storage="10Gi", kubelet=settings.parse(tree))
    rig.start(image="huge:1")
    rig.run(320)
    text = (
        "Failed to garbage collect required amount of images. Attempted to free 1073741824 bytes, "
        "but only found 0 bytes eligible to free."
    )
    assert ("FreeDiskSpaceFailed", text) in told(rig)
    assert "ImageGCFailed" not in dict(told(rig))
    rig.run(300)
    assert ("ImageGCFailed", text) in told(rig)
