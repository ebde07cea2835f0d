"""Trials by arithmetic, and kept ones, find the very victims that trials with all plugins find."""

from random import Random
from typing import Any

import pytest
from scheduler_double import Bench

from kubesim.objects.wire import EVENTS, PODS, Gvr, Tree
from kubesim.scheduler.podinfo import Incoming
from kubesim.scheduler.trials import Trials

BUDGETS = Gvr("policy", "v1", "poddisruptionbudgets")


class Never(Trials):
    """Every trial is a full one."""

    def apply_to(self, pod: Incoming) -> bool:
        return False


class Counting(Trials):
    """Counts the trials that were worked out."""

    worked_out = 0

    def result(self, pod: Incoming, node: Any, budgets: Any) -> Any:
        self.worked_out += 1
        return super().result(pod, node, budgets)


def use(bench: Bench, trials: type[Trials]) -> Trials:
    preemption = bench.scheduler._failures._preemption
    made = preemption._trials = trials(preemption._cache, preemption._framework.nominator)
    return made


def crowd(bench: Bench, random: Random) -> None:
    for number in range(12):
        bench.node(f"n{number}", memory="8Gi", pods=str(random.choice([5, 110])), unschedulable=random.random() < 0.1)
    for number in range(48):
        status: dict[str, Any] = {"phase": "Running"}
        if random.random() < 0.7:
            status["startTime"] = f"2026-01-01T00:00:{random.randrange(10, 40)}Z"
        wants = {"cpu": random.choice(["", "500m", "1"]), "memory": random.choice(["", "1Gi", "2Gi"])}
        labels = {"app": random.choice(["a", "b"])}
        priority = random.randrange(4)
        node = f"n{random.randrange(12)}"
        bench.pod(f"low-{number}", nodeName=node, labels=labels, priority=priority, status=status, **wants)
    bench.run()


def budget(name: str, app: str, allowed: int) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed},
    }


def story(seed: int, trials: type[Trials], *, budgets: bool) -> list[Any]:
    """What is written while preemptors come, victims go and pods start."""
    random, bench = Random(seed), Bench()
    use(bench, trials)
    crowd(bench, random)
    if budgets:
        bench.put(BUDGETS, budget("first", "a", 1))
        bench.put(BUDGETS, budget("second", "b", 0))
    for number in range(12):
        size = {"cpu": random.choice(["2", "3"]), "memory": random.choice(["2Gi", "7Gi"])}
        bench.pod(f"high-{number}", priority=random.choice([2, 5, 9]), **size)
        bench.run(100)
        going = [p for p in bench.store.range(PODS) if "deletionTimestamp" in p["metadata"]]
        for pod in going[: random.randrange(3)]:
            bench.delete(PODS, "default", pod["metadata"]["name"])
        start(bench, random)
        bench.run(100)
    return [told(bench), placed(bench)]


def start(bench: Bench, random: Random) -> None:
    waiting = [p for p in bench.store.range(PODS) if p["spec"].get("nodeName") and "startTime" not in p["status"]]
    for pod in waiting[: random.randrange(3)]:
        status = {**pod["status"], "phase": "Running", "startTime": "2026-01-01T00:00:50Z"}
        bench.put(PODS, {**pod, "status": status})


def told(bench: Bench) -> list[tuple[str, str, str]]:
    return [(e["involvedObject"]["name"], e["reason"], e["message"]) for e in bench.store.range(EVENTS)]


def placed(bench: Bench) -> list[tuple[str, str, str]]:
    def line(pod: Tree) -> tuple[str, str, str]:
        nominated = pod["status"].get("nominatedNodeName", "")
        return pod["metadata"]["name"], pod["spec"].get("nodeName", ""), nominated

    return [line(pod) for pod in bench.store.range(PODS)]


@pytest.mark.parametrize("budgets", [False, True], ids=["free", "budgets"])
@pytest.mark.parametrize("seed", range(25))
def test_the_same_story(seed: int, budgets: bool) -> None:
    quick, full = story(seed, Trials, budgets=budgets), story(seed, Never, budgets=budgets)
    assert quick == full
    assert any(reason == "Preempted" for _, reason, _ in quick[0])


def test_trials_are_kept_until_their_node_changes() -> None:
    bench = Bench()
    trials = use(bench, Counting)
    for number in range(20):
        bench.node(f"n{number}")
        bench.pod(f"low-{number}", cpu="4", nodeName=f"n{number}")
    bench.run()
    bench.pod("first", cpu="3", priority=5)
    bench.run(10)
    assert trials.worked_out == 20  # type: ignore[attr-defined]
    bench.pod("second", cpu="3", priority=5)
    bench.run(10)
    # The node of the first one is held for it now; its victim is going.
    assert trials.worked_out == 21  # type: ignore[attr-defined]


def test_a_pod_that_is_started_later_makes_its_node_the_better_choice() -> None:
    bench = Bench()
    for number in range(3):
        bench.node(f"n{number}")
        status = {"phase": "Running", "startTime": f"2026-01-01T00:00:0{number}Z"} if number else {"phase": "Pending"}
        bench.pod(f"low-{number}", cpu="4", nodeName=f"n{number}", status=status)
    bench.run()
    bench.pod("first", cpu="3", priority=5)
    bench.run(10)
    assert bench.get("first")["status"]["nominatedNodeName"] == "n0"
    bench.delete(PODS, "default", "first")
    metadata = {k: v for k, v in bench.get("low-0")["metadata"].items() if k != "deletionTimestamp"}
    bench.put(PODS, {**bench.get("low-0"), "metadata": metadata})
    bench.run(10)
    late = {**bench.get("low-0"), "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z"}}
    bench.put(PODS, late)
    bench.run(10)
    bench.pod("second", cpu="3", priority=5)
    bench.run(10)
    assert bench.get("second")["status"]["nominatedNodeName"] == "n2"
