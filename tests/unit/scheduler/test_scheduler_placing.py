"""Where pods go, what is told about it, and that asking, saving and repeating change nothing."""

import pickle
from typing import Any

from scheduler_double import Bench

from kubesim.objects.wire import EVENTS, NODES, PODS, REPLICASETS, SERVICES
from kubesim.scheduler import Scheduler

ZONE = "topology.kubernetes.io/zone"


def cluster(nodes: int = 6, zones: int = 3) -> Bench:
    bench = Bench()
    for number in range(nodes):
        bench.node(f"n{number}", labels={ZONE: f"z{number % zones}"})
    return bench


def replica_set(bench: Bench, name: str = "web") -> dict[str, Any]:
    made = bench.put(
        REPLICASETS,
        {"metadata": {"name": name, "namespace": "default"}, "spec": {"selector": {"matchLabels": {"app": name}}}},
    )
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": made["metadata"]["uid"]}


def test_binding_and_event() -> None:
    bench = cluster()
    bench.pod("a")
    bench.run()
    binding = next(r for r in bench.api.log if r.subresource == "binding")
    assert binding.verb == "create"
    assert binding.key == (PODS, "default", "a")
    assert binding.body == {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "a", "namespace": "default", "uid": bench.get("a")["metadata"]["uid"]},
        "target": {"kind": "Node", "name": "n0"},
    }
    event = bench.store.range(EVENTS)[0]
    assert event["message"] == "Successfully assigned default/a to n0"
    assert event["action"] == "Binding"
    assert event["series"] if "series" in event else event["source"] == {}


def test_replicas_spread_over_zones_and_nodes() -> None:
    bench = cluster()
    owner = replica_set(bench)
    for number in range(6):
        bench.pod(f"w{number}", labels={"app": "web"}, owner=owner, cpu="100m", memory="128Mi")
    bench.run()
    assert sorted(bench.node_of(f"w{number}") for number in range(6)) == [f"n{number}" for number in range(6)]
    assert {bench.node_of("w0"), bench.node_of("w1"), bench.node_of("w2")} == {"n0", "n1", "n2"}


def test_a_service_spreads_bare_pods_too() -> None:
    bench = cluster(nodes=2, zones=1)
    for number in range(2):
        bench.pod(f"x{number}", labels={"app": "x"}, nodeName="n0", cpu="0")
    bench.pod("a", labels={"app": "x"})
    bench.run()
    first = bench.node_of("a")
    bench.put(SERVICES, {"metadata": {"name": "x", "namespace": "default"}, "spec": {"selector": {"app": "x"}}})
    bench.run()
    bench.pod("b", labels={"app": "x"})
    bench.run()
    decision = bench.scheduler.explain("default", "b")
    assert first
    assert decision is not None
    names = [score.plugin for score in decision.verdicts[0].scores]
    assert "PodTopologySpread" in names
    assert bench.node_of("b") == "n1"


def test_stateful_pods_share_an_index() -> None:
    bench = cluster()
    for number in range(5):
        bench.pod(f"db-{number}", labels={"app": "db", "statefulset.kubernetes.io/pod-name": f"db-{number}"})
    bench.run()
    assert len(bench.scheduler._placements._live) == 1


def test_a_daemon_pod_goes_to_its_node() -> None:
    bench = cluster()
    field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n4"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [field]}}
    bench.pod("d", affinity={"nodeAffinity": required})
    bench.run()
    assert bench.node_of("d") == "n4"
    assert bench.scheduler._placements._live == {}


def test_explained_scores_lead_to_the_node() -> None:
    bench = cluster()
    owner = replica_set(bench)
    for number in range(9):
        bench.pod(f"w{number}", labels={"app": "web"}, owner=owner, cpu="500m", memory="512Mi")
    bench.run()
    last = bench.scheduler.explain("default", "w8")
    assert last is not None
    assert last.recomputed
    best = max(verdict.total for verdict in last.verdicts)
    chosen = next(verdict for verdict in last.verdicts if verdict.node == last.node)
    assert chosen.total == best == last.score
    assert sum(score.weighted for score in chosen.scores) == chosen.total
    assert [score.plugin for score in chosen.scores] == [
        "TaintToleration",
        "NodeResourcesFit",
        "PodTopologySpread",
        "NodeResourcesBalancedAllocation",
        "ImageLocality",
    ]
    assert last.feasible == 6
    assert last.cycle == 9


def test_tie_break_is_told() -> None:
    bench = cluster()
    bench.pod("a")
    bench.run()
    decision = bench.scheduler.explain("default", "a")
    assert decision is not None
    assert decision.tie_break == "of 6 nodes with the highest score the one that joined first"


def test_unknown_and_waiting_pods() -> None:
    bench = cluster()
    bench.pod("a")
    assert bench.scheduler.explain("default", "a") is None
    assert bench.scheduler.explain("default", "zzz") is None


def story(ask: bool) -> list[str]:
    bench = cluster()
    owner = replica_set(bench)
    for number in range(12):
        bench.pod(f"w{number}", labels={"app": "web"}, owner=owner, cpu="900m", priority=1)
        bench.run(10)
        if ask:
            bench.scheduler.explain("default", f"w{number // 2}")
    bench.pod("high", cpu="3500m", priority=10)
    bench.run(10)
    return [str((r.verb, r.key, r.subresource, r.body)) for r in bench.api.log]


def test_asking_changes_nothing() -> None:
    assert story(ask=True) == story(ask=False)


def test_saving_changes_nothing() -> None:
    bench = cluster()
    owner = replica_set(bench)
    for number in range(5):
        bench.pod(f"w{number}", labels={"app": "web"}, owner=owner, cpu="900m")
    bench.pod("never", cpu="90")
    bench.run()
    twin: Bench = pickle.loads(pickle.dumps(bench))
    for each in (bench, twin):
        for number in range(5, 12):
            each.pod(f"w{number}", labels={"app": "web"}, owner=owner, cpu="900m")
        each.node("n9", cpu="100")
        each.run(20_000)
    assert [bench.node_of(f"w{n}") for n in range(12)] == [twin.node_of(f"w{n}") for n in range(12)]
    assert twin.node_of("never") == bench.node_of("never") == "n9"
    assert bench.loop.now == twin.loop.now


def test_a_scheduler_that_starts_late_sees_what_is_there() -> None:
    bench = Bench()
    bench.scheduler.enabled = False
    bench.node("n0", pods="1")
    bench.node("n1")
    bench.pod("old", nodeName="n0")
    bench.pod("new")
    bench.run()
    late = Scheduler(bench.loop, bench.hub, bench.client, bench_chance())
    bench.run()
    assert late.cycles == 1
    assert bench.node_of("new") == "n1"


def bench_chance() -> Any:
    from kubesim.kernel.chance import Chance

    return Chance(1)


def test_pods_of_a_node_that_went_and_came_back_count() -> None:
    bench = Bench()
    bench.node("n0", pods="1")
    bench.pod("old")
    bench.run()
    tree = bench.store.get(NODES, "", "n0")
    assert tree is not None
    bench.delete(NODES, "", "n0")
    bench.run()
    bench.store.put(NODES, "", "n0", tree, None)
    bench.run()
    bench.pod("new")
    bench.run()
    assert bench.node_of("new") == ""


def test_two_nodes_with_one_host_name_are_still_told_apart() -> None:
    bench = Bench()
    for name in ("n0", "n1"):
        bench.node(name, labels={"kubernetes.io/hostname": "same"})
    term = [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}]
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    bench.pod("a", labels={"app": "a"}, affinity=affinity)
    bench.pod("b", labels={"app": "a"}, affinity=affinity)
    bench.run()
    assert bench.node_of("a")
    assert bench.node_of("b") == ""
