"""Who is tried when: priorities, gates, back-off, hints, and the flush of those who have waited for long."""

from typing import Any

import pytest
from scheduler_double import Bench, node, pod

from kubesim.objects.errors import conflict, not_found
from kubesim.objects.wire import NAMESPACES, NODES, PODS
from kubesim.scheduler.queue import backoff

TAINT = [{"key": "k", "effect": "NoSchedule"}]


def order(bench: Bench) -> list[str]:
    return [
        request.key.name
        for request in bench.api.log
        if request.subresource == "binding" or (request.subresource == "status" and request.key.gvr == PODS)
    ]


@pytest.mark.parametrize(
    ("times", "ms"), [(0, 0), (1, 1000), (2, 2000), (3, 4000), (4, 8000), (5, 10_000), (99, 10_000)]
)
def test_backoff(times: int, ms: int) -> None:
    assert backoff(times) == ms


def test_priority_first_then_arrival() -> None:
    bench = Bench()
    bench.node("n0")
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 9)):
        bench.pod(name, priority=priority)
    assert bench.scheduler.queue_depth == 0
    bench.run()
    assert order(bench) == ["d", "b", "a", "c"]


def test_one_pod_a_step() -> None:
    bench = Bench()
    bench.node("n0")
    bench.pod("a")
    bench.pod("b")
    while not bench.scheduler.queue_depth:
        bench.loop.run_one()
    assert bench.scheduler.queue_depth == 2
    assert bench.scheduler.describe_next() == "scheduler default/a"
    steps = bench.loop.steps
    bench.loop.run_one()
    assert bench.scheduler.describe_next() == "scheduler default/b"
    assert bench.loop.steps == steps + 1
    assert bench.scheduler.cycles == 1


def test_other_schedulers_pods_are_left_alone() -> None:
    bench = Bench()
    bench.node("n0")
    bench.pod("a", schedulerName="mine")
    bench.run()
    assert bench.node_of("a") == ""
    assert bench.scheduler.cycles == 0


def test_gates() -> None:
    bench = Bench()
    bench.node("n0")
    tree = bench.pod("a", schedulingGates=[{"name": "example.com/g"}])
    bench.run()
    assert bench.scheduler.cycles == 0
    decision = bench.scheduler.explain("default", "a")
    assert decision is not None
    assert decision.message == "waiting for scheduling gates: [example.com/g]"
    condition = bench.condition("a")
    assert condition is not None
    assert condition["reason"] == "SchedulingGated"
    assert condition["message"] == "Scheduling is blocked due to non-empty scheduling gates"
    assert bench.events("a") == []
    spec = {key: value for key, value in tree["spec"].items() if key != "schedulingGates"}
    bench.put(PODS, {**bench.get("a"), "spec": spec})
    bench.run()
    assert bench.node_of("a") == "n0"


def test_gated_condition_is_not_written_twice() -> None:
    bench = Bench()
    condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    bench.pod("a", schedulingGates=[{"name": "g"}], status={"phase": "Pending", "conditions": [condition]})
    bench.run()
    assert bench.api.log == []


def test_a_crashed_scheduler_catches_up() -> None:
    bench = Bench()
    bench.node("n0")
    bench.scheduler.enabled = False
    bench.pod("a")
    bench.run()
    assert bench.node_of("a") == ""
    bench.scheduler.enabled = True
    bench.scheduler.resume()
    bench.run()
    assert bench.node_of("a") == "n0"


def failing(bench: Bench, **options: Any) -> int:
    bench.pod("p", **options)
    bench.run()
    assert bench.node_of("p") == ""
    return bench.scheduler.cycles


HINTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], bool]] = {
    "label that is asked for": ({}, {"nodeSelector": {"disk": "x"}}, {"labels": {"disk": "x"}}, True),
    "label that is not": ({}, {"nodeSelector": {"disk": "x"}}, {"labels": {"disk": "y"}}, False),
    "taint that goes": ({"taints": TAINT}, {}, {}, True),
    "taint that changes": ({"taints": TAINT}, {}, {"taints": [{"key": "other", "effect": "NoSchedule"}]}, False),
    "cordon that ends": ({"unschedulable": True}, {}, {}, True),
    "more cpu": ({}, {"cpu": "5"}, {"cpu": "6"}, True),
    "more, but not enough": ({}, {"cpu": "50"}, {"cpu": "6"}, False),
    "more of something else": ({}, {"cpu": "5"}, {"memory": "80Gi"}, False),
    "label, when cpu is wanted": ({}, {"cpu": "5"}, {"labels": {"disk": "x"}}, False),
}


@pytest.mark.parametrize(("before", "wanted", "after", "tried"), HINTS.values(), ids=HINTS.keys())
def test_node_changes(before: dict[str, Any], wanted: dict[str, Any], after: dict[str, Any], tried: bool) -> None:
    bench = Bench()
    old = bench.node("n0", **before)
    cycles = failing(bench, **wanted)
    changed = node("n0", **after)
    bench.put(NODES, {**changed, "metadata": {**changed["metadata"], "uid": old["metadata"]["uid"]}})
    bench.run()
    assert (bench.scheduler.cycles > cycles) is tried
    assert bool(bench.node_of("p")) is tried


def test_a_heartbeat_wakes_nobody() -> None:
    bench = Bench()
    bench.node("n0")
    cycles = failing(bench, cpu="5")
    old = bench.store.get(NODES, "", "n0")
    assert old is not None
    conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:09Z"}]
    bench.put(NODES, {**old, "status": {**old["status"], "conditions": conditions}})
    bench.run()
    assert bench.scheduler.cycles == cycles


def test_the_end_of_a_pod_makes_room() -> None:
    bench = Bench()
    bench.node("n0")
    big = bench.pod("big", cpu="3", nodeName="n0")
    failing(bench, cpu="2")
    bench.put(PODS, {**big, "status": {"phase": "Succeeded"}})
    bench.run()
    assert bench.node_of("p") == "n0"


def test_a_new_pod_satisfies_affinity() -> None:
    bench = Bench()
    bench.node("n0")
    term = [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}]
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    cycles = failing(bench, affinity=affinity)
    bench.pod("web", labels={"app": "web"})
    bench.run()
    assert bench.scheduler.cycles == cycles + 1
    bench.pod("db", labels={"app": "db"})
    bench.run()
    assert bench.node_of("p") == "n0"


def test_toleration_added_to_the_pod() -> None:
    bench = Bench()
    bench.node("n0", taints=TAINT)
    failing(bench)
    old = bench.get("p")
    bench.put(PODS, {**old, "spec": {**old["spec"], "tolerations": [{"operator": "Exists"}]}})
    bench.run()
    assert bench.node_of("p") == "n0"


def test_flush_after_five_minutes() -> None:
    bench = Bench()
    bench.node("n0")
    cycles = failing(bench, cpu="5")
    bench.run(299_000)
    assert bench.scheduler.cycles == cycles
    bench.run(31_000)
    assert bench.scheduler.cycles == cycles + 1
    assert bench.scheduler.unschedulable == 1


def test_repeated_failure_is_one_event_and_one_condition() -> None:
    bench = Bench()
    bench.node("n0")
    failing(bench, cpu="5")
    version = bench.get("p")["metadata"]["resourceVersion"]
    bench.run(700_000)
    assert bench.scheduler.cycles == 3
    assert len(bench.events("p")) == 1
    assert bench.get("p")["metadata"]["resourceVersion"] == version


def test_refused_binding_is_tried_again() -> None:
    bench = Bench()
    bench.node("n0")
    bench.api.refuse = conflict(PODS, "p")
    bench.pod("p")
    bench.run(100)
    condition = bench.condition("p")
    assert condition is not None
    assert condition["reason"] == "SchedulerError"
    assert condition["message"].startswith('binding rejected: running Bind plugin "DefaultBinder": Operation cannot be')
    bench.api.refuse = None
    bench.run(800)
    assert bench.node_of("p") == ""
    bench.run(200)
    assert bench.node_of("p") == "n0"


def to(app: str, **where: Any) -> list[dict[str, Any]]:
    return [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}, **where}]


def far_from(app: str, **where: Any) -> dict[str, Any]:
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": to(app, **where)}}


ENDS: dict[str, tuple[dict[str, Any], bool]] = {
    "one that keeps it away": ({"affinity": far_from("me")}, True),
    "one that keeps others away": ({"affinity": far_from("you")}, False),
    "one that keeps it away from another namespace": (
        {"affinity": far_from("me", namespaceSelector={"matchLabels": {"team": "a"}}), "namespace": "other"},
        True,
    ),
    "one without affinity": ({}, False),
    "one that only likes others": ({"affinity": {"podAffinity": {"preferred": []}}}, False),
}


@pytest.mark.parametrize(("options", "helps"), ENDS.values(), ids=ENDS)
def test_the_end_of_a_pod_helps_whom_it_kept_away(options: dict[str, Any], helps: bool) -> None:
    bench = Bench()
    for name, labels in (("default", {"team": "a"}), ("other", {})):
        bench.put(NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    bench.node("n0")
    bench.pod("guard", affinity=far_from("me"), nodeName="n0")
    bench.pod("going", nodeName="n0", **options)
    bench.run()
    bench.pod("p", labels={"app": "me"})
    bench.run()
    before = bench.scheduler.cycles
    bench.delete(PODS, options.get("namespace", "default"), "going")
    bench.run(12_000)
    assert (bench.scheduler.cycles > before) == helps


def test_pod_that_vanished_is_forgotten() -> None:
    bench = Bench()
    bench.node("n0", pods="1")
    bench.api.refuse = not_found(PODS, "p")
    bench.pod("p")
    bench.run(100)
    bench.delete(PODS, "default", "p")
    bench.api.refuse = None
    bench.pod("q")
    bench.run(100)
    assert bench.node_of("q") == "n0"


def test_the_cause_is_what_made_the_pod_schedulable() -> None:
    bench = Bench()
    bench.node("n0")
    first = bench.pod("a")
    bench.run()
    failing(bench, nodeSelector={"disk": "x"})
    bench.node("n1", labels={"disk": "x"})
    change = bench.store.revision
    bench.run()
    causes = {r.key.name: r.cause for r in bench.api.log if r.subresource == "binding"}
    assert causes == {"a": int(first["metadata"]["resourceVersion"]), "p": change}
    assert bench.client.cause == 0


def test_deleted_pods_leave_the_queue() -> None:
    bench = Bench()
    failing(bench)
    bench.delete(PODS, "default", "p")
    said = len(bench.api.log)
    bench.run(20_000)
    bench.node("n0")
    bench.run(20_000)
    assert bench.scheduler.queue_depth == 0
    assert len(bench.api.log) == said


def test_pods_that_are_bound_by_others_count() -> None:
    bench = Bench()
    bench.node("n0", pods="1")
    bench.put(PODS, pod("static", nodeName="n0"))
    failing(bench)
    assert "Too many pods" in bench.events("p")[0][1]
