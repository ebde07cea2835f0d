"""Every reason that the scheduler gives for not scheduling a pod, each out of a cluster in which it is true."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from scheduler_double import Bench
from situations import (
    HOST,
    NEEDED,
    ZONE,
    attached,
    bound_to,
    changed,
    claim,
    disk,
    everywhere,
    foreign_claim,
    full_driver,
    immediate,
    no_provisioner,
    node_terms,
    nothing,
    single_pod,
    spread,
    storage_class,
    terms,
    using,
    with_claim,
)

from kubesim.objects.wire import PODS
from kubesim.scheduler.plugins.gates import SchedulingGates
from kubesim.scheduler.plugins.volume_binding import VolumeBinding


class Case(NamedTuple):
    """Three nodes n0 to n2 are changed by ``arrange``, then the pod ``p`` comes."""

    arrange: Callable[[Bench], None]
    pod: dict[str, Any]
    text: str
    """Of the event, after ``0/3 nodes are available: ``; {..} are the usual endings."""


def unhelpful(count: int, without: int = 0) -> str:
    first = f"{without} No preemption victims found for incoming pod" if without else ""
    second = f"{count} Preemption is not helpful for scheduling" if count else ""
    reasons = ", ".join(each for each in (first, second) if each)
    return f"no new claims to deallocate, preemption: 0/3 nodes are available: {reasons}."


NEVER_HELPS = unhelpful(3)
NO_VICTIMS = unhelpful(0, 3)


EPHEMERAL = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]
GPU = [{"name": "c", "image": "i", "resources": {"requests": {"example.com/gpu": "1"}}}]
RBD = {"monitors": ["a", "b"], "image": "i", "pool": "rbd"}


def one_gpu_each(bench: Bench) -> None:
    changed(**{"example.com/gpu": "1"})(bench)
    everywhere(containers=GPU)(bench)


CASES: dict[str, Case] = {
    # ---- nodes
    "unschedulable": Case(changed(unschedulable=True), {}, f"3 node(s) were unschedulable. {NEVER_HELPS}"),
    "another node is asked for": Case(
        nothing, {"affinity": node_terms("matchFields", "metadata.name", "n9")},
        f"3 node(s) didn't satisfy plugin(s) [NodeAffinity]. {NEVER_HELPS}",
    ),
    "taints": Case(
        changed(taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}]), {},
        f"3 node(s) had untolerated taint(s). {NEVER_HELPS}",
    ),
    "node selector": Case(
        nothing, {"nodeSelector": {"disk": "ssd"}},
        f"3 node(s) didn't match Pod's node affinity/selector. {NEVER_HELPS}",
    ),
    "node affinity": Case(
        nothing, {"affinity": node_terms("matchExpressions", "disk", "ssd")},
        f"3 node(s) didn't match Pod's node affinity/selector. {NEVER_HELPS}",
    ),
    "names that exclude each other": Case(
        nothing,
        {
            "affinity": {
                "nodeAffinity": {
                    NEEDED: {
                        "nodeSelectorTerms": [
                            {
                                "matchFields": [
                                    {"key": "metadata.name", "operator": "In", "values": ["n0"]},
                                    {"key": "metadata.name", "operator": "In", "values": ["n1"]},
                                ]
                            }
                        ]
                    }
                }
            }
        },
        "pod affinity terms conflict. not found",
    ),
    # ---- amounts
    "cpu": Case(nothing, {"cpu": "100"}, f"3 Insufficient cpu. {NEVER_HELPS}"),
    "memory": Case(nothing, {"memory": "100Gi"}, f"3 Insufficient memory. {NEVER_HELPS}"),
    "cpu that others have": Case(everywhere(cpu="4"), {"cpu": "1"}, f"3 Insufficient cpu. {NO_VICTIMS}"),
    "ephemeral storage": Case(
        nothing,
        {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"ephemeral-storage": "1Gi"}}}]},
        f"3 Insufficient ephemeral-storage. {NEVER_HELPS}",
    ),
    "an extended resource that no node has": Case(
        nothing, {"containers": GPU}, f"3 Insufficient example.com/gpu. {NEVER_HELPS}"
    ),
    "an extended resource that others have": Case(
        one_gpu_each,
        {"containers": GPU},
        f"3 Insufficient example.com/gpu. {NO_VICTIMS}",
    ),
    "huge pages": Case(
        nothing,
        {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"hugepages-2Mi": "4Mi"}}}]},
        f"3 Insufficient hugepages-2Mi. {NEVER_HELPS}",
    ),
    "pods": Case(changed(pods="0"), {}, f"3 Too many pods. {NO_VICTIMS}"),
    "several resources": Case(
        changed(pods="0"), {"cpu": "100", "memory": "100Gi"},
        f"3 Insufficient cpu, 3 Insufficient memory, 3 Too many pods. {NEVER_HELPS}",
    ),
    # ---- ports
    "host port": Case(
        everywhere(ports=[80]), {"ports": [80]},
        f"3 node(s) didn't have free ports for the requested pod ports. {NO_VICTIMS}",
    ),
    # ---- other pods
    "affinity to a pod that is not there": Case(
        nothing, {"affinity": {"podAffinity": {NEEDED: terms("a")}}},
        f"3 node(s) didn't match pod affinity rules. {NEVER_HELPS}",
    ),
    "anti-affinity to those that are there": Case(
        everywhere(labels={"app": "a"}), {"affinity": {"podAntiAffinity": {NEEDED: terms("a")}}},
        f"3 node(s) didn't match pod anti-affinity rules. {NO_VICTIMS}",
    ),
    "anti-affinity of those that are there": Case(
        everywhere(affinity={"podAntiAffinity": {NEEDED: terms("a")}}), {"labels": {"app": "a"}},
        f"3 node(s) didn't satisfy existing pods anti-affinity rules. {NO_VICTIMS}",
    ),
    # ---- spread
    "a label that no node has": Case(
        nothing, {"labels": {"app": "a"}, "topologySpreadConstraints": spread("rack")},
        f"3 node(s) didn't match pod topology spread constraints (missing required label). {NEVER_HELPS}",
    ),
    # ---- volumes
    "no claim": Case(
        nothing, {"volumes": using()}, 'persistentvolumeclaim "c" not found. not found'
    ),
    "a claim that is going": Case(
        with_claim(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), {"volumes": using()},
        'persistentvolumeclaim "c" is being deleted. not found',
    ),
    "a claim that lost its volume": Case(
        with_claim(volume="v", status={"phase": "Lost"}), {"volumes": using()},
        'persistentvolumeclaim "c" bound to non-existent persistentvolume "v". not found',
    ),
    "a claim that must be bound first": Case(
        immediate, {"volumes": using()}, "pod has unbound immediate PersistentVolumeClaims. not found"
    ),
    "an ephemeral claim that is not made yet": Case(
        nothing, {"volumes": EPHEMERAL},
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch". not found',
    ),
    "an ephemeral claim of somebody else": Case(
        foreign_claim, {"volumes": EPHEMERAL},
        "PVC default/p-scratch was not created for pod default/p (pod is not owner). not found",
    ),
    "a volume that does not exist": Case(
        with_claim(volume="v"), {"volumes": using()},
        f"3 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s). {NEVER_HELPS}",
    ),
    "a volume of another node": Case(
        bound_to(nodeAffinity={"required": node_terms("matchExpressions", HOST, "n9")["nodeAffinity"][NEEDED]}),
        {"volumes": using()},
        f"3 node(s) didn't match PersistentVolume's node affinity. {NEVER_HELPS}",
    ),
    "no volume to bind": Case(
        no_provisioner, {"volumes": using()},
        f"3 node(s) didn't find available persistent volumes to bind. {NEVER_HELPS}",
    ),
    "a full driver": Case(
        full_driver, {"volumes": using()}, f"3 node(s) did not have enough free storage. {NEVER_HELPS}"
    ),
    "a volume of another zone": Case(
        bound_to({ZONE: "z9"}), {"volumes": using()}, f"3 node(s) had no available volume zone. {NEVER_HELPS}"
    ),
    "all places for volumes taken": Case(
        attached, {"volumes": using()}, f"3 node(s) exceed max volume count. {NO_VICTIMS}"
    ),
    "a claim for one pod": Case(
        single_pod, {"volumes": using()},
        "3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
        f"another pod. {NO_VICTIMS}",
    ),
    "a disk that is attached": Case(
        everywhere(volumes=disk("gcePersistentDisk", pdName="d", readOnly=True)),
        {"volumes": disk("gcePersistentDisk", pdName="d")},
        f"3 node(s) had no available disk. {NO_VICTIMS}",
    ),
    "a disk that is attached once at most": Case(
        everywhere(volumes=disk("awsElasticBlockStore", volumeID="d", readOnly=True)),
        {"volumes": disk("awsElasticBlockStore", volumeID="d", readOnly=True)},
        f"3 node(s) had no available disk. {NO_VICTIMS}",
    ),
    "an iSCSI disk": Case(
        everywhere(volumes=disk("iscsi", iqn="q", targetPortal="t", lun=0)),
        {"volumes": disk("iscsi", iqn="q", targetPortal="t", lun=0, readOnly=True)},
        f"3 node(s) had no available disk. {NO_VICTIMS}",
    ),
    "a Ceph image": Case(
        everywhere(volumes=disk("rbd", **RBD)), {"volumes": disk("rbd", **{**RBD, "monitors": ["b", "c"]})},
        f"3 node(s) had no available disk. {NO_VICTIMS}",
    ),
}  # fmt: skip


def three_nodes() -> Bench:
    bench = Bench()
    for number in range(3):
        bench.node(f"n{number}", labels={ZONE: f"z{number % 2}"})
    return bench


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_reason_is_told(case: Case) -> None:
    bench = three_nodes()
    case.arrange(bench)
    bench.run(100)
    bench.pod("p", **case.pod)
    bench.run(100)
    expected = f"0/3 nodes are available: {case.text}"
    assert bench.events("p") == [("FailedScheduling", expected)]
    told = bench.condition("p")
    assert told is not None
    assert (told["status"], told["reason"], told["message"]) == ("False", "Unschedulable", expected)


# ---------------------------------------------------------------------- several at once
def test_reasons_are_counted_and_sorted_as_text() -> None:
    bench = Bench()
    bench.node("n0", unschedulable=True)
    bench.node("n1", taints=[{"key": "a", "effect": "NoSchedule"}])
    for number in range(2, 13):
        bench.node(f"n{number}", cpu="1")
    bench.node("n13", labels={"disk": "hdd"}, cpu="8")
    bench.pod("there", cpu="8", nodeName="n13")
    bench.run(100)
    bench.pod("p", cpu="2")
    bench.run(100)
    assert bench.events("p")[0][1] == (
        "0/14 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 12 Insufficient "
        "cpu. no new claims to deallocate, preemption: 0/14 nodes are available: 1 No preemption victims found for "
        "incoming pod, 13 Preemption is not helpful for scheduling."
    )


def test_the_skew_of_a_spread() -> None:
    bench = three_nodes()
    bench.pod("there", labels={"app": "a"}, nodeName="n1")
    bench.run(100)
    bench.node("n0", labels={ZONE: "z0"}, unschedulable=True)
    bench.node("n2", labels={ZONE: "z0"}, unschedulable=True)
    bench.pod("p", labels={"app": "a"}, topologySpreadConstraints=spread(ZONE))
    bench.run(100)
    assert bench.events("p")[0][1] == (
        "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 2 node(s) were "
        f"unschedulable. {unhelpful(2, 1)}"
    )


# ---------------------------------------------------------------------- without nodes, and without a try
def test_no_nodes() -> None:
    bench = Bench()
    bench.pod("p")
    bench.run(100)
    assert bench.events("p") == [("FailedScheduling", "no nodes available to schedule pods")]


def test_gates_are_told_in_the_condition_only() -> None:
    bench = three_nodes()
    bench.pod("p", schedulingGates=[{"name": "example.com/a"}])
    bench.run(100)
    assert bench.events("p") == []
    told = bench.condition("p")
    assert told is not None
    assert (told["reason"], told["message"]) == (
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    )
    assert SchedulingGates().pre_enqueue(bench.get("p")) == "waiting for scheduling gates: [example.com/a]"


def test_a_pod_that_is_going_is_skipped() -> None:
    bench = three_nodes()
    made = bench.pod("p", cpu="100")
    bench.run(100)
    metadata = {
        **bench.get("p")["metadata"],
        "deletionTimestamp": "2026-01-01T00:00:30Z",
        "uid": made["metadata"]["uid"],
    }
    bench.put(PODS, {**bench.get("p"), "metadata": metadata})
    bench.node("n3", cpu="200")
    bench.run(2000)
    assert bench.events("p")[-1] == ("FailedScheduling", "skip schedule deleting pod: default/p")


# ---------------------------------------------------------------------- what preemption says
def test_room_that_is_made_is_not_talked_about() -> None:
    bench = three_nodes()
    everywhere(cpu="4", priority=1)(bench)
    bench.run(100)
    bench.pod("p", cpu="4", priority=10)
    bench.run(10)
    assert bench.events("p") == [("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.")]


def test_a_pod_that_never_preempts() -> None:
    bench = three_nodes()
    everywhere(cpu="4", priority=1)(bench)
    bench.run(100)
    bench.pod("p", cpu="4", priority=10, preemptionPolicy="Never")
    bench.run(10)
    assert bench.events("p")[0][1] == (
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to "
        "preemptionPolicy=Never."
    )


def test_a_victim_that_is_still_going() -> None:
    bench = three_nodes()
    everywhere(cpu="4", priority=1)(bench)
    bench.run(100)
    bench.pod("p", cpu="4", priority=10)
    bench.run(100)
    bench.node("n3", cpu="4")
    bench.pod("quick", cpu="4", nodeName="n3")
    bench.run(3000)
    assert bench.events("p")[-1][1] == (
        "0/4 nodes are available: 4 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to a "
        "terminating pod on the nominated node."
    )


def test_victims_that_do_not_suffice() -> None:
    bench = three_nodes()
    for number in range(3):
        bench.pod(f"small-{number}", cpu="1", priority=1, nodeName=f"n{number}")
        bench.pod(f"dear-{number}", cpu="3", priority=20, nodeName=f"n{number}")
    bench.run(100)
    bench.pod("p", cpu="4", priority=10)
    bench.run(100)
    assert bench.events("p")[0][1] == (
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are "
        "available: 3 Insufficient cpu."
    )


# ---------------------------------------------------------------------- errors
def test_a_volume_that_is_not_bound_in_time() -> None:
    bench = three_nodes()
    storage_class(bench)
    claim(bench)
    bench.run(100)
    bench.pod("p", volumes=using())
    bench.run(601_000)
    text = 'binding rejected: running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
    assert ("FailedScheduling", text) in bench.events("p")
    told = bench.condition("p")
    assert told is not None
    assert told["reason"] == "SchedulerError"


def test_no_reason_is_left_out() -> None:
    """What the volume plugin can say is in the table."""
    said = " ".join(case.text for case in CASES.values())
    for name in ("_lost", "_elsewhere", "_none", "_full"):
        assert getattr(VolumeBinding, name).reasons[0] in said
