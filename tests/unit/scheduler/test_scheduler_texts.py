"""The texts of events and conditions, as a real control plane of five nodes wrote them."""

from typing import Any

import pytest
from scheduler_double import Bench

ZONE = "topology.kubernetes.io/zone"
SPECIAL = [{"key": "special", "value": "true", "effect": "NoSchedule"}]
NOT_HELPFUL = (
    "no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
)
ONE_WITHOUT = (
    "no new claims to deallocate, preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, "
    "4 Preemption is not helpful for scheduling."
)
ON_N0 = {"kubernetes.io/hostname": "n0"}
NEEDED = "requiredDuringSchedulingIgnoredDuringExecution"


def five_nodes() -> Bench:
    bench = Bench()
    for number in range(5):
        bench.node(f"n{number}", labels={ZONE: f"z{number % 2}"}, taints=SPECIAL if number == 4 else None)
    return bench


def to_app(app: str) -> list[dict[str, Any]]:
    return [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}]


CASES: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str]] = {
    "cpu": (None, {"cpu": "100"}, f"1 node(s) had untolerated taint(s), 4 Insufficient cpu. {NOT_HELPFUL}"),
    "node affinity": (
        None,
        {
            "tolerations": [{"operator": "Exists"}],
            "affinity": {
                "nodeAffinity": {
                    NEEDED: {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "kubernetes.io/hostname", "operator": "In", "values": ["zz"]}
                                ]
                            }
                        ]
                    }
                }
            },
        },
        f"5 node(s) didn't match Pod's node affinity/selector. {NOT_HELPFUL}",
    ),
    "anti-affinity": (
        {"labels": {"app": "aa"}, "nodeSelector": ON_N0, "affinity": {"podAntiAffinity": {NEEDED: to_app("aa")}}},
        {"labels": {"app": "aa"}, "nodeSelector": ON_N0, "affinity": {"podAntiAffinity": {NEEDED: to_app("aa")}}},
        "1 node(s) didn't match pod anti-affinity rules, 1 node(s) had untolerated taint(s), "
        f"3 node(s) didn't match Pod's node affinity/selector. {ONE_WITHOUT}",
    ),
    "anti-affinity of the other": (
        {"labels": {"app": "x"}, "nodeSelector": ON_N0, "affinity": {"podAntiAffinity": {NEEDED: to_app("aa")}}},
        {"labels": {"app": "aa"}, "nodeSelector": ON_N0},
        "1 node(s) didn't satisfy existing pods anti-affinity rules, 1 node(s) had untolerated taint(s), "
        f"3 node(s) didn't match Pod's node affinity/selector. {ONE_WITHOUT}",
    ),
    "host port": (
        {"ports": [8099], "nodeSelector": ON_N0},
        {"ports": [8099], "nodeSelector": ON_N0},
        "1 node(s) didn't have free ports for the requested pod ports, 1 node(s) had untolerated taint(s), "
        f"3 node(s) didn't match Pod's node affinity/selector. {ONE_WITHOUT}",
    ),
    "pod affinity": (
        None,
        {"affinity": {"podAffinity": {NEEDED: to_app("aa")}}},
        f"1 node(s) had untolerated taint(s), 4 node(s) didn't match pod affinity rules. {NOT_HELPFUL}",
    ),
    "spread": (
        {"labels": {"app": "sp"}, "nodeSelector": ON_N0},
        {
            "labels": {"app": "sp"},
            "nodeSelector": ON_N0,
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "sp"}},
                    "nodeAffinityPolicy": "Ignore",
                }
            ],
        },
        "1 node(s) didn't match pod topology spread constraints, 1 node(s) had untolerated taint(s), "
        f"3 node(s) didn't match Pod's node affinity/selector. {ONE_WITHOUT}",
    ),
    "spread over a missing label": (
        None,
        {
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "rack",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "sp"}},
                }
            ]
        },
        "1 node(s) had untolerated taint(s), 4 node(s) didn't match pod topology spread constraints "
        f"(missing required label). {NOT_HELPFUL}",
    ),
    "never preempts": (
        {"cpu": "3", "priority": 1, "nodeSelector": {"kubernetes.io/hostname": "n2"}},
        {"cpu": "3", "priority": 1000, "preemptionPolicy": "Never", "nodeSelector": {"kubernetes.io/hostname": "n2"}},
        "1 Insufficient cpu, 1 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node affinity/selector. "
        "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
    ),
    "named node that does not exist": (
        None,
        {
            "affinity": {
                "nodeAffinity": {
                    NEEDED: {
                        "nodeSelectorTerms": [
                            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["zz"]}]}
                        ]
                    }
                }
            }
        },
        f"5 node(s) didn't satisfy plugin(s) [NodeAffinity]. {NOT_HELPFUL}",
    ),
    "two resources": (
        None,
        {"cpu": "100", "memory": "100Gi"},
        f"1 node(s) had untolerated taint(s), 4 Insufficient cpu, 4 Insufficient memory. {NOT_HELPFUL}",
    ),
}


@pytest.mark.parametrize(("first", "second", "reasons"), CASES.values(), ids=CASES.keys())
def test_failed_scheduling(first: dict[str, Any] | None, second: dict[str, Any], reasons: str) -> None:
    bench = five_nodes()
    if first is not None:
        bench.pod("p1", **first)
        bench.run()
        assert bench.node_of("p1")
    bench.pod("p2", **second)
    bench.run()
    message = f"0/5 nodes are available: {reasons}"
    assert bench.events("p2") == [("FailedScheduling", message)]
    assert bench.condition("p2") == {
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": "2026-01-01T00:00:01Z" if first is not None else "2026-01-01T00:00:00Z",
        "reason": "Unschedulable",
        "message": message,
    }


def test_no_nodes_at_all_is_tried_again_after_a_back_off() -> None:
    bench = Bench()
    bench.pod("p")
    bench.run(500)
    assert bench.events("p") == [("FailedScheduling", "no nodes available to schedule pods")]
    assert bench.condition("p")["reason"] == "Unschedulable"  # type: ignore[index]
    bench.node("n0")
    bench.run(400)
    assert bench.node_of("p") == ""
    bench.run(200)
    assert bench.node_of("p") == "n0"


def test_long_message_is_cut_in_the_event_only() -> None:
    bench = Bench()
    names = [f"example.com/device-{number:02d}-{'x' * 20}" for number in range(40)]
    bench.node("n0")
    bench.pod("p", containers=[{"name": "c", "image": "i", "resources": {"requests": dict.fromkeys(names, "1")}}])
    bench.run()
    (_, text), condition = bench.events("p")[0], bench.condition("p")
    assert len(text) == 1024
    assert text.endswith(" ...")
    assert condition is not None
    assert len(condition["message"]) > 1024
