"""Pods whose resources are being changed in place count as the most of what they ask for, have and had."""

from typing import Any

import pytest
from scheduler_double import Bench, container

from kubesim.objects import pods
from kubesim.objects.wire import PODS


def reported(allocated: str, actual: str, *, infeasible: bool = False) -> dict[str, Any]:
    status = {"name": "c", "allocatedResources": {"cpu": allocated}, "resources": {"requests": {"cpu": actual}}}
    pending = {"type": "PodResizePending", "status": "True", "reason": "Infeasible" if infeasible else "Deferred"}
    return {"phase": "Running", "containerStatuses": [status], "conditions": [pending]}


AMOUNTS = {
    "nothing changes": ("1", "1", "1", False, 1000),
    "more is asked for": ("3", "1", "1", False, 3000),
    "more than the node can give": ("9", "1", "1", True, 1000),
    "less is asked for": ("1", "3", "3", False, 3000),
    "less is allocated, and not in force yet": ("1", "1", "3", False, 3000),
    "in other words": ("1000m", "1", "1.0", False, 1000),
}


@pytest.mark.parametrize(("asked", "allocated", "actual", "infeasible", "expected"), AMOUNTS.values(), ids=AMOUNTS)
def test_what_a_pod_counts_as(asked: str, allocated: str, actual: str, infeasible: bool, expected: int) -> None:
    status = reported(allocated, actual, infeasible=infeasible)
    pod = {"metadata": {}, "spec": {"containers": [container(asked)]}, "status": status}
    spec = pods.occupying(pod)
    assert pods.requests({"spec": spec})["cpu"] == expected
    assert pods.is_resizing(pod) == (
        pods.container_amounts(container(asked), "requests")["cpu"] != 1000 or actual == "3"
    )


def resize(bench: Bench, cpu: str, status: dict[str, Any]) -> None:
    known = bench.get("there")
    bench.put(PODS, {**known, "spec": {**known["spec"], "containers": [container(cpu)]}, "status": status})
    bench.run(100)


@pytest.fixture
def bench() -> Bench:
    """One node of 4 CPUs with a running pod of 1 CPU."""
    made = Bench()
    made.node("n0")
    made.pod("there", cpu="1", nodeName="n0", status=reported("1", "1"))
    made.run(100)
    return made


def fits(bench: Bench, name: str, cpu: str) -> bool:
    bench.pod(name, cpu=cpu)
    bench.run(100)
    return bench.node_of(name) == "n0"


def test_what_a_resize_asks_for_is_held(bench: Bench) -> None:
    resize(bench, "3", reported("1", "1"))
    assert not fits(bench, "p", "2")
    assert fits(bench, "q", "1")


def test_what_can_never_be_given_is_not(bench: Bench) -> None:
    resize(bench, "9", reported("1", "1", infeasible=True))
    assert fits(bench, "p", "3")


def test_what_is_given_back_is_free_when_it_is_no_longer_used(bench: Bench) -> None:
    resize(bench, "3", reported("1", "1"))
    resize(bench, "3", reported("3", "3"))
    resize(bench, "1", reported("3", "3"))
    assert not fits(bench, "p", "3")
    known = bench.get("there")
    bench.put(PODS, {**known, "status": reported("1", "3")})
    bench.run(3_000)
    assert bench.node_of("p") == ""
    bench.put(PODS, {**bench.get("there"), "status": reported("1", "1")})
    bench.run(12_000)
    assert bench.node_of("p") == "n0"


def test_a_resize_that_turns_out_infeasible_makes_room(bench: Bench) -> None:
    resize(bench, "3", reported("1", "1"))
    assert not fits(bench, "p", "3")
    bench.put(PODS, {**bench.get("there"), "status": reported("1", "1", infeasible=True)})
    bench.run(12_000)
    assert bench.node_of("p") == "n0"
