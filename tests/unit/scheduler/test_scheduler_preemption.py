"""Preemption: who has to go, where, and what is written about it."""

from typing import Any

import pytest
from scheduler_double import Bench

from kubesim.objects.wire import EVENTS, PODS, Gvr

BUDGETS = Gvr("policy", "v1", "poddisruptionbudgets")


def started(at: str) -> dict[str, Any]:
    return {"status": {"phase": "Running", "startTime": f"2026-01-01T00:00:{at}Z"}}


def full(bench: Bench, **pods: dict[str, Any]) -> None:
    """Bound pods: name=dict(node=..., cpu=..., priority=..., at=...)."""
    for name, options in pods.items():
        rest = {key: value for key, value in options.items() if key not in {"node", "at"}}
        bench.pod(name, nodeName=options["node"], **started(options.get("at", "00")), **rest)


def victims(bench: Bench) -> list[str]:
    return sorted(p["metadata"]["name"] for p in bench.store.range(PODS) if "deletionTimestamp" in p["metadata"])


def nominated(bench: Bench, name: str) -> str:
    found: str = bench.get(name).get("status", {}).get("nominatedNodeName", "")
    return found


def test_the_whole_story() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, low={"node": "n0", "cpu": "3", "priority": 1})
    bench.run()
    high = bench.pod("high", cpu="3", priority=1000)
    bench.run(100)
    assert victims(bench) == ["low"]
    assert nominated(bench, "high") == "n0"
    assert bench.events("high") == [("FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.")]
    assert bench.events("low") == [("Preempted", f"Preempted by pod {high['metadata']['uid']} on node n0")]
    condition = bench.get("low")["status"]["conditions"][-1]
    assert condition["type"] == "DisruptionTarget"
    assert condition["reason"] == "PreemptionByScheduler"
    assert condition["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    assert condition["observedGeneration"] == 1
    bench.delete(PODS, "default", "low")
    bench.run(100)
    assert bench.node_of("high") == "n0"
    assert nominated(bench, "high") == ""
    decision = bench.scheduler.explain("default", "high")
    assert decision is not None
    assert decision.feasible == 1


def test_what_was_considered_is_remembered() -> None:
    bench = Bench()
    bench.node("n0")
    bench.node("n1")
    full(bench, a={"node": "n0", "cpu": "4", "priority": 1}, b={"node": "n1", "cpu": "4", "priority": 2})
    bench.pod("high", cpu="4", priority=10)
    bench.run(10)
    decision = bench.scheduler.explain("default", "high")
    assert decision is not None
    assert decision.preemption is not None
    assert decision.preemption.node == "n0"
    assert decision.preemption.victims == (("default", "a"),)
    assert sorted(decision.preemption.considered) == [("n0", 1), ("n1", 1)]
    assert [(v.node, v.status.reasons) for v in decision.verdicts if v.status] == [
        ("n0", ("Insufficient cpu",)),
        ("n1", ("Insufficient cpu",)),
    ]


def test_nobody_preempts_equals() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, a={"node": "n0", "cpu": "4", "priority": 5})
    bench.pod("b", cpu="1", priority=5)
    bench.run()
    assert victims(bench) == []
    assert bench.events("b")[0][1].endswith("1 No preemption victims found for incoming pod.")


def test_the_most_important_are_spared() -> None:
    bench = Bench()
    bench.node("n0")
    full(
        bench,
        old={"node": "n0", "cpu": "1", "priority": 1, "at": "01"},
        young={"node": "n0", "cpu": "1", "priority": 1, "at": "09"},
        better={"node": "n0", "cpu": "2", "priority": 2, "at": "09"},
    )
    bench.pod("high", cpu="1", priority=10)
    bench.run(10)
    assert victims(bench) == ["young"]


CHOICES: dict[str, dict[str, dict[str, Any]]] = {
    "lowest of the highest priorities": {
        "a": {"node": "n0", "cpu": "4", "priority": 5},
        "b": {"node": "n1", "cpu": "4", "priority": 3},
    },
    "lowest sum of priorities": {
        "a": {"node": "n0", "cpu": "2", "priority": 5},
        "a2": {"node": "n0", "cpu": "2", "priority": 5},
        "b": {"node": "n1", "cpu": "2", "priority": 5},
        "b2": {"node": "n1", "cpu": "2", "priority": 1},
    },
    "fewest victims": {
        "a": {"node": "n0", "cpu": "2", "priority": 5},
        "a2": {"node": "n0", "cpu": "2", "priority": 5},
        "b": {"node": "n1", "cpu": "4", "priority": 5},
    },
    "latest start": {
        "a": {"node": "n0", "cpu": "4", "priority": 5, "at": "01"},
        "b": {"node": "n1", "cpu": "4", "priority": 5, "at": "02"},
    },
}


@pytest.mark.parametrize("pods", CHOICES.values(), ids=CHOICES.keys())
def test_the_choice_of_the_node(pods: dict[str, dict[str, Any]]) -> None:
    bench = Bench()
    bench.node("n0")
    bench.node("n1")
    full(bench, **pods)
    bench.pod("high", cpu="4", priority=10)
    bench.run(10)
    assert nominated(bench, "high") == "n1"


def budget(bench: Bench, app: str, allowed: int) -> None:
    bench.put(
        BUDGETS,
        {
            "metadata": {"name": app, "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": app}}},
            "status": {"disruptionsAllowed": allowed},
        },
    )


def test_budgets_are_kept_if_possible() -> None:
    bench = Bench()
    bench.node("n0")
    bench.node("n1")
    full(
        bench,
        a={"node": "n0", "cpu": "4", "priority": 1, "labels": {"app": "a"}},
        b={"node": "n1", "cpu": "4", "priority": 5, "labels": {"app": "b"}},
    )
    budget(bench, "a", 0)
    bench.pod("high", cpu="4", priority=10)
    bench.run(10)
    assert victims(bench) == ["b"]


def test_budgets_are_broken_if_need_be() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, a={"node": "n0", "cpu": "4", "priority": 1, "labels": {"app": "a"}})
    budget(bench, "a", 0)
    bench.pod("high", cpu="4", priority=10)
    bench.run(10)
    assert victims(bench) == ["a"]


def test_the_pod_that_a_budget_protects_is_spared_first() -> None:
    bench = Bench()
    bench.node("n0")
    full(
        bench,
        a={"node": "n0", "cpu": "2", "priority": 1, "labels": {"app": "a"}},
        b={"node": "n0", "cpu": "2", "priority": 5},
    )
    budget(bench, "a", 0)
    bench.pod("high", cpu="2", priority=10)
    bench.run(10)
    assert victims(bench) == ["b"]


def test_the_place_is_held_against_lower_pods() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, low={"node": "n0", "cpu": "3", "priority": 1})
    bench.pod("high", cpu="4", priority=10)
    bench.run(10)
    bench.pod("sneaky", cpu="1", priority=5)
    bench.run(10)
    assert bench.node_of("sneaky") == ""
    assert bench.events("sneaky")[0][1].startswith("0/1 nodes are available: 1 Insufficient cpu.")
    bench.pod("boss", cpu="1", priority=99)
    bench.run(10)
    assert bench.node_of("boss") == "n0"


def test_the_wait_for_victims_is_not_a_reason_for_more() -> None:
    bench = Bench()
    bench.node("n0")
    bench.node("n1", cpu="1")
    full(bench, a={"node": "n0", "cpu": "2", "priority": 1}, b={"node": "n0", "cpu": "2", "priority": 1})
    bench.pod("high", cpu="2", priority=10)
    bench.run(10)
    gone = victims(bench)
    assert len(gone) == 1
    full(bench, c={"node": "n1", "cpu": "1m", "priority": 0})
    bench.run(10)
    bench.delete(PODS, "default", "c")
    bench.run(10)
    assert victims(bench) == gone
    assert bench.events("high")[-1][1].endswith("not eligible due to a terminating pod on the nominated node.")


def test_lower_nominations_on_the_node_are_cleared() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, low={"node": "n0", "cpu": "4", "priority": 1})
    bench.pod("middle", cpu="4", priority=10)
    bench.run(10)
    assert nominated(bench, "middle") == "n0"
    bench.pod("high", cpu="4", priority=20)
    bench.run(10)
    assert nominated(bench, "high") == "n0"
    assert nominated(bench, "middle") == ""


def test_preemption_for_anti_affinity() -> None:
    bench = Bench()
    bench.node("n0")
    term = [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}]
    full(bench, a={"node": "n0", "priority": 1, "labels": {"app": "a"}}, b={"node": "n0", "priority": 1})
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    bench.pod("high", priority=10, affinity=affinity)
    bench.run(10)
    assert victims(bench) == ["a"]


def test_preempted_event_is_about_the_victim() -> None:
    bench = Bench()
    bench.node("n0")
    full(bench, low={"node": "n0", "cpu": "3", "priority": 1})
    bench.pod("high", cpu="3", priority=1000)
    bench.run(10)
    event = next(e for e in bench.store.range(EVENTS) if e["reason"] == "Preempted")
    assert event["type"] == "Normal"
    assert event["reportingComponent"] == "default-scheduler"
