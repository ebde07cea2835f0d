"""Node pressure: conditions, who is evicted first, the words for it, and how it ends."""

import pytest

from kubesim.objects.wire import EVENTS, Gvr

NODE = {"kind": "Node", "name": "n1"}
PRIORITYCLASSES = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
HUNGRY = {"hungry": {"memory": "900Mi"}, "modest": {"memory": "50Mi"}}


def conditions(rig):
    return {each["type"]: each for each in rig.node()["status"]["conditions"]}


def said(rig):
    return [each["reason"] for each in rig.store.range(EVENTS) if each["involvedObject"]["kind"] == "Node"]


def asks(memory):
    return {"requests": {"memory": memory}}


def classes(rig):
    for name, value in (("high", 100), ("low", 10)):
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
        rig.create({**body, "value": value}, PRIORITYCLASSES)


@pytest.fixture
def hungry(make_rig):
    return make_rig(extra=HUNGRY)


def test_eaten_memory_costs_the_pod_that_uses_the_most_above_its_request(hungry):
    hungry.start("small", image="modest:1")
    hungry.start("large", image="hungry:1", resources=asks("100Mi"))
    hungry.start("paid", image="hungry:1", resources=asks("1Gi"))
    hungry.run(10)
    hungry.fault("f", "MemoryPressure", NODE)
    hungry.run(6)
    text = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container c was using 900Mi, request is 100Mi, has larger consumption of memory. "
    )
    status = hungry.status("large")
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", text)
    disrupted = hungry.condition("DisruptionTarget", "large")
    assert (disrupted["status"], disrupted["reason"]) == ("True", "TerminationByKubelet")
    assert ("Evicted", text) in hungry.events("large")
    found = conditions(hungry)["MemoryPressure"]
    assert (found["status"], found["reason"]) == ("True", "KubeletHasInsufficientMemory")
    assert found["message"] == "kubelet has insufficient memory available"
    assert {"EvictionThresholdMet", "NodeHasInsufficientMemory"} <= set(said(hungry))
    hungry.run(60)
    assert {name: hungry.status(name)["phase"] for name in ("small", "paid")} == {"small": "Running", "paid": "Running"}


@pytest.mark.parametrize(
    ("one", "two", "goes"),
    [
        ({"resources": asks("100Mi")}, {"resources": asks("2Gi"), "spec": {}}, "one"),
        ({"spec": {"priorityClassName": "high"}}, {"spec": {"priorityClassName": "low"}}, "two"),
        ({"resources": asks("500Mi")}, {"resources": asks("200Mi")}, "two"),
    ],
    ids=["above its request", "lower priority", "more above its request"],
)
def test_who_goes_first(hungry, one, two, goes):
    classes(hungry)
    hungry.start("one", image="hungry:1", **one)
    hungry.start("two", image="hungry:1", **two)
    hungry.run(10)
    hungry.fault("f", "MemoryPressure", NODE)
    hungry.run(5)
    assert {name: hungry.status(name)["phase"] for name in ("one", "two")} == {
        "one": "Running", "two": "Running", goes: "Failed",
    }  # fmt: skip


def test_pods_of_the_system_stay(hungry):
    hungry.create(
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "system-node-critical"},
         "value": 2_000_001_000}, PRIORITYCLASSES)  # fmt: skip
    hungry.start("system", image="hungry:1", spec={"priorityClassName": "system-node-critical"})
    hungry.run(10)
    hungry.fault("f", "MemoryPressure", NODE)
    hungry.run(30)
    assert hungry.status("system")["phase"] == "Running"


def test_a_full_disk_takes_one_pod_after_another_and_lets_nobody_in(rig):
    for name in ("a", "b"):
        rig.start(name)
    rig.run(10)
    rig.fault("f", "DiskPressure", NODE)
    rig.run(5)
    assert [rig.status(name)["phase"] for name in ("a", "b")].count("Failed") == 1
    rig.run(20)
    assert [rig.status(name)["phase"] for name in ("a", "b")] == ["Failed", "Failed"]
    assert rig.status("a")["message"].startswith(
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: "
    )
    rig.start("late")
    rig.run(5)
    late = rig.status("late")
    assert (late["phase"], late["reason"]) == ("Failed", "Evicted")
    assert late["message"] == "Pod was rejected: The node had condition: [DiskPressure]. "


def test_the_condition_lasts_five_minutes_more(rig):
    rig.fault("f", "DiskPressure", NODE)
    rig.run(5)
    rig.mend("f")
    rig.run(280)
    assert conditions(rig)["DiskPressure"]["status"] == "True"
    rig.run(40)
    assert conditions(rig)["DiskPressure"]["status"] == "False"
    assert said(rig).count("NodeHasNoDiskPressure") >= 1
    rig.start("late")
    rig.run(10)
    assert rig.status("late")["phase"] == "Running"


def test_a_node_that_its_own_pods_fill_has_pressure_too(make_rig):
    rig = make_rig(extra=HUNGRY, memory="2Gi")
    for name in ("a", "b"):
        rig.start(name, image="hungry:1", resources=asks("10Mi"))
    rig.run(40)
    assert sorted(rig.status(name)["phase"] for name in ("a", "b")) == ["Failed", "Running"]
    rig.run(400)
    assert conditions(rig)["MemoryPressure"]["status"] == "False"


def test_more_than_there_is_is_killed_by_the_system(make_rig):
    rig = make_rig(extra=HUNGRY, memory="2Gi")
    for name in ("a", "b", "c"):
        rig.start(name, image="hungry:1", resources=asks("10Mi"))
    rig.run(20)
    assert "SystemOOM" in said(rig)
    assert any("OOMKilled" in str(rig.status(name)) for name in ("a", "b", "c"))


def test_images_that_nobody_uses_go_before_pods(make_rig):
    rig = make_rig(images=("redis:7",))
    rig.start("a")
    rig.run(10)
    assert any("redis" in str(each) for each in rig.node()["status"]["images"])
    rig.fault("f", "DiskPressure", NODE)
    rig.run(15)
    assert not any("redis" in str(each) for each in rig.node()["status"]["images"])


def test_a_kubelet_with_pressure_still_finds_the_api_server_again(rig):
    rig.fault("f", "MemoryPressure", NODE)
    rig.run(5)
    rig.kubelets.outages.reach(api_server=False)
    rig.run(5)
    rig.kubelets.outages.reach(api_server=True)
    assert rig.kubelets.agents["n1"].online
