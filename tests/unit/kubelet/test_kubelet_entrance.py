"""Pods that a node does not take in, and critical ones for which others have to go."""

import pytest

from kubesim.kubelet import preempting
from kubesim.kubelet.preempting import Candidate, NoRoomError
from kubesim.objects.wire import NODES, Gvr

PRIORITYCLASSES = Gvr("scheduling.k8s.io", "v1", "priorityclasses")
MI = 1024**2


def affinity(*terms):
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": required}}


def expression(key, operator, *values):
    return {"key": key, "operator": operator, "values": list(values)}


MISMATCH = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
DEVICES = {"example.com/gpu": "1"}


@pytest.mark.parametrize(
    ("pod", "reason", "text"),
    [
        ({"spec": {"nodeSelector": {"disk": "ssd"}}}, "NodeAffinity", MISMATCH),
        (
            {"spec": affinity({"matchExpressions": [expression("kubernetes.io/os", "In", "windows")]})},
            "NodeAffinity",
            MISMATCH,
        ),
        (
            {"spec": affinity({"matchFields": [expression("metadata.name", "In", "n2")]})},
            "NodeAffinity",
            MISMATCH,
        ),
        (
            {"spec": {"os": {"name": "windows"}}},
            "PodOSNotSupported",
            "Failed to admit pod as the OS field doesn't match node OS",
        ),
        (
            {"metadata": {"labels": {"kubernetes.io/os": "windows"}}},
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
        ),
        (
            {"resources": {"requests": {"ephemeral-storage": "200Gi"}}},
            "OutOfephemeral-storage",
            "Node didn't have enough resource: ephemeral-storage, requested: 214748364800, used: 0, "
            "capacity: 107374182400",
        ),
        (
            {"resources": {"requests": {"cpu": "9", "memory": "90Gi"}}},
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 4000",
        ),
        (
            {"resources": {"requests": {"example.com/gpu": "2"}, "limits": {"example.com/gpu": "2"}}},
            "UnexpectedAdmissionError",
            "Allocate failed due to requested number of devices unavailable for example.com/gpu. "
            "Requested: 2, Available: 1, which is unexpected",
        ),
    ],
    ids=["selector", "affinity", "fields", "os", "os label", "disk", "first of several", "devices"],
)
def test_what_a_pod_is_told_that_is_turned_away(make_rig, pod, reason, text):
    rig = make_rig(extended=DEVICES)
    body = rig.pod(**{key: value for key, value in pod.items() if key != "metadata"})
    rig.create({**body, "metadata": {**body["metadata"], **pod.get("metadata", {})}})
    rig.run(1)
    status = rig.status()
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", reason, f"Pod was rejected: {text}")
    assert rig.events() == [(reason, text)]


@pytest.mark.parametrize(
    "spec",
    [
        affinity({"matchExpressions": [expression("kubernetes.io/os", "In", "linux")]}),
        affinity(
            {"matchExpressions": [expression("x", "Exists")]},
            {"matchFields": [expression("metadata.name", "In", "n1")]},
        ),
    ],
    ids=["expressions", "one of two"],
)
def test_affinity_that_is_met(rig, spec):
    rig.start(spec=spec)
    rig.run(10)
    assert rig.status()["phase"] == "Running"


def test_ports_of_the_node_are_given_once(rig):
    ports = [{"containerPort": 80, "hostPort": 8080}]
    rig.start("one", ports=ports)
    rig.start("two", ports=ports)
    rig.run(2)
    status = rig.status("two")
    text = "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    assert (status["reason"], status["message"]) == ("NodePorts", text)


@pytest.mark.parametrize(("effect", "phase"), [("NoExecute", "Failed"), ("NoSchedule", "Running")])
def test_a_taint_that_pods_have_to_leave_for(rig, effect, phase):
    node = rig.node()
    rig.admin.update(NODES, {**node, "spec": {**node["spec"], "taints": [{"key": "a", "effect": effect}]}})
    rig.run(1)
    rig.start(spec={"tolerations": []})
    rig.run(10)
    assert rig.status()["phase"] == phase
    if phase == "Failed":
        text = "Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
        assert (rig.status()["reason"], rig.status()["message"]) == ("TaintToleration", text)


# ---------------------------------------------------------------------- who has to go; pure
def one(memory=0, cpu=0, priority=0, rank=2, critical=False):
    return Candidate({"memory": memory, "cpu": cpu, "pods": 1}, critical, priority, rank)


CRITICAL = one(critical=True, priority=2_000_000_000)


@pytest.mark.parametrize(
    ("candidates", "needs", "expected"),
    [
        ([one(100), one(200), one(300)], {"memory": 150}, [1]),
        ([one(100), one(200), one(300)], {"memory": 450}, [2, 1]),
        ([one(300, rank=1), one(300, rank=2), one(300, rank=3)], {"memory": 300}, [0]),
        ([one(100, rank=1), one(300, rank=2), one(500, rank=3)], {"memory": 600}, [2, 0]),
        ([one(300, priority=9), one(300, priority=1)], {"memory": 100}, [1]),
        ([one(cpu=100, memory=9), one(cpu=100, memory=5)], {"cpu": 100}, [1]),
        ([one(), one(300)], {"pods": 1}, [0]),
        ([one(100, critical=True, priority=2_000_000_000), one(100)], {"memory": 100}, [1]),
    ],
    ids=["the smallest that is enough", "as few as can be", "lower class", "only what lower classes do not give",
         "lower priority", "less memory of two alike", "any pod", "never another critical one"],
)  # fmt: skip
def test_who_has_to_go(candidates, needs, expected):
    assert preempting.choose(CRITICAL, candidates, needs) == expected


def test_nobody_who_can_go_is_enough():
    with pytest.raises(NoRoomError) as caught:
        preempting.choose(CRITICAL, [one(100)], {"memory": 300, "cpu": 5})
    assert str(caught.value) == (
        "no set of running pods found to reclaim resources: [(res: memory, q: 200), (res: cpu, q: 5), ]"
    )


# ---------------------------------------------------------------------- on a node
def critical(rig):
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "system-node-critical"}}
    rig.create({**body, "value": 2_000_001_000}, PRIORITYCLASSES)


def asks(cpu):
    return {"resources": {"requests": {"cpu": cpu}}}


def test_a_critical_pod_takes_the_place_of_another(rig):
    critical(rig)
    rig.start("small", **asks("1"))
    rig.start("large", **asks("3"))
    rig.run(10)
    rig.start("system", **asks("2"), spec={"priorityClassName": "system-node-critical"})
    rig.run(15)
    status = rig.status("large")
    text = "Preempted in order to admit critical pod"
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Preempting", text)
    assert ("Preempting", text) in rig.events("large")
    disrupted = rig.condition("DisruptionTarget", "large")
    assert (disrupted["reason"], disrupted["message"]) == (
        "TerminationByKubelet",
        "Pod was preempted by Kubelet to accommodate a critical pod.",
    )
    assert (rig.status("system")["phase"], rig.status("small")["phase"]) == ("Running", "Running")


def test_a_critical_pod_waits_until_the_others_have_ended(make_rig):
    rig = make_rig(extra={"stubborn": {"stop": {"ignored": True}}})
    critical(rig)
    rig.start("large", image="stubborn:1", **asks("4"), spec={"terminationGracePeriodSeconds": 12})
    rig.run(10)
    rig.start("system", **asks("1"), spec={"priorityClassName": "system-node-critical"})
    rig.run(10)
    assert (rig.status("system")["phase"], rig.status("large")["phase"]) == ("Pending", "Running")
    rig.run(10)
    assert (rig.status("system")["phase"], rig.status("large")["phase"]) == ("Running", "Failed")


def test_a_critical_pod_for_which_there_can_be_no_room(rig):
    critical(rig)
    rig.start("small", **asks("1"))
    rig.run(10)
    rig.start("system", **asks("5"), spec={"priorityClassName": "system-node-critical"})
    rig.run(2)
    status = rig.status("system")
    assert (status["phase"], status["reason"]) == ("Failed", "UnexpectedAdmissionError")
    assert status["message"] == (
        "Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: "
        "error finding a set of pods to preempt: no set of running pods found to reclaim resources: "
        "[(res: cpu, q: 1000), ]"
    )
    assert rig.status("small")["phase"] == "Running"


def test_a_critical_pod_that_is_deleted_while_it_waits(make_rig):
    rig = make_rig(extra={"stubborn": {"stop": {"ignored": True}}})
    critical(rig)
    rig.start("large", image="stubborn:1", **asks("4"))
    rig.run(10)
    rig.start("system", **asks("1"), spec={"priorityClassName": "system-node-critical"})
    rig.run(3)
    rig.delete("system")
    rig.run(40)
    assert rig.get("system") is None
    rig.start("next", **asks("4"))
    rig.run(10)
    assert rig.status("next")["phase"] == "Running"
