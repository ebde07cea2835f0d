"""Simulated traffic: curves, queues, and what follows from them for pods, metrics and autoscalers."""

from typing import Any

import pytest
from webshop import delete, deployment, pod_of, service, shop

from building import create
from kubesim.cluster import Cluster
from kubesim.network import curves, queueing
from kubesim.objects.wire import AUTOSCALERS, DEPLOYMENTS, LOADS, PODS, Key, Request


@pytest.mark.parametrize(
    ("spec", "rates"),
    [
        ({"requestsPerSecond": 7}, [7, 7, 7, 7]),
        ({"curve": {"type": "Ramp", "from": 10, "to": 110, "durationSeconds": 100}}, [10, 60, 110, 110]),
        ({"curve": {"type": "Sine", "min": 0, "max": 10, "periodSeconds": 200}}, [0, 5, 10, 0]),
        (
            {"curve": {"type": "Steps", "steps": [{"atSeconds": 50, "requestsPerSecond": 3},
                                                  {"atSeconds": 100, "requestsPerSecond": 9}]}},
            [0, 3, 9, 9],
        ),
        (
            {"curve": {"type": "Steps", "repeatSeconds": 100, "steps": [{"atSeconds": 50, "requestsPerSecond": 3}]}},
            [0, 3, 0, 0],
        ),
    ],
    ids=["constant", "ramp", "sine", "steps", "repeated"],
)  # fmt: skip
def test_curves(spec, rates):
    assert [round(curves.rate(spec, age), 6) for age in (0, 50, 100, 200)] == rates


def test_erlang_c_is_the_utilisation_for_one_server():
    assert queueing.erlang_c(1, 0.5) == pytest.approx(0.5)
    # Textbook: two servers at a load of one Erlang.
    assert queueing.erlang_c(2, 1.0) == pytest.approx(1 / 3)


def test_a_queue_below_its_capacity():
    # 100 ms of a core a request, one core: capacity 10/s; at 5/s an M/M/1 queue takes 1/(10-5) s.
    found = queueing.serve(5, 100, 1000, 0, 0, 5)
    assert (found.served, found.lost, found.backlog) == (5, 0, 0)
    assert found.latency == pytest.approx(0.2)
    assert found.cpu_milli == pytest.approx(500)


def test_a_queue_beyond_its_capacity_grows_and_then_loses():
    first = queueing.serve(20, 100, 1000, 0, 0, 5)
    assert (first.served, first.lost, first.backlog) == (10, 0, 50)
    assert first.latency == pytest.approx(5.1)
    later = queueing.serve(20, 100, 1000, 0, 100, 5)
    assert (later.served, later.lost, later.backlog) == (10, 10, 100)
    assert later.cpu_milli == 1000
    # Each request is held once: a hundred that wait, one that is worked on.
    assert later.inflight == pytest.approx(100, abs=1.1)


def test_a_queue_drains():
    found = queueing.serve(0, 100, 1000, 0, 30, 5)
    assert (found.backlog, found.served) == (0, 6)


def test_free_requests_take_their_base_time():
    assert queueing.serve(100, 0, 1000, 0.02, 0, 5).latency == 0.02


# ---------------------------------------------------------------------- in a cluster
def load(name: str = "web", rate: float = 20, **spec: Any) -> dict[str, Any]:
    body = {"service": name, **spec}
    if "curve" not in spec:
        body["requestsPerSecond"] = rate
    return {"apiVersion": "sim.kubetui.dev/v1", "kind": "Load", "metadata": {"name": name}, "spec": body}


def status(cluster: Cluster, name: str = "web") -> Any:
    return cluster.store.get(LOADS, "default", name)["status"]


def test_requests_are_shared_and_used_up(cluster: Cluster):
    shop(cluster)
    idle = cluster.kubelets.usage("default", pod_of(cluster, "web"))
    create(cluster, load(rate=20, cost={"cpu": "10m", "memory": "1Mi"}))
    cluster.advance(20_000)
    assert status(cluster)["servedPerSecond"] == 20
    assert (status(cluster)["pods"], status(cluster)["errorsPerSecond"]) == (2, 0)
    busy = cluster.kubelets.usage("default", pod_of(cluster, "web"))
    assert idle is not None
    assert busy is not None
    assert busy[0] == idle[0] + 100
    delete(cluster, LOADS, "web")
    cluster.advance(10_000)
    assert cluster.kubelets.usage("default", pod_of(cluster, "web")) == idle


def test_without_load_nothing_is_scheduled(cluster: Cluster):
    shop(cluster)
    assert (cluster.traffic.version, cluster.traffic.reports) == (0, {})
    create(cluster, load())
    cluster.advance(6_000)
    delete(cluster, LOADS, "web")
    cluster.advance(20_000)
    before = cluster.traffic.version
    cluster.advance(60_000)
    assert cluster.traffic.version == before


def test_no_endpoint_means_errors(cluster: Cluster):
    shop(cluster, service("empty"), load("empty", 12))
    cluster.advance(10_000)
    assert status(cluster, "empty")["errorsPerSecond"] == 12
    assert cluster.store.get(LOADS, "default", "empty")["status"]["pods"] == 0


def test_a_limit_throttles_and_requests_wait(cluster: Cluster):
    limited = deployment("slow", replicas=1, resources={"limits": {"cpu": "100m"}})
    shop(cluster, limited, service("slow"), load("slow", 20, cost={"cpu": "10m"}))
    cluster.advance(60_000)
    found = status(cluster, "slow")
    assert (found["servedPerSecond"], found["errorsPerSecond"]) == (10, 10)
    assert found["latencyMilliseconds"] >= 10_000
    usage = cluster.kubelets.usage("default", pod_of(cluster, "slow"))
    assert usage is not None
    assert usage[0] == 100


def test_waiting_requests_take_memory_until_the_pod_is_killed(cluster: Cluster):
    limits = {"limits": {"cpu": "100m", "memory": "64Mi"}}
    limited = deployment("fat", replicas=1, resources=limits)
    shop(cluster, limited, service("fat"), load("fat", 40, cost={"cpu": "10m", "memory": "1Mi"}))
    cluster.advance(30_000)
    pod = cluster.store.get(PODS, "default", pod_of(cluster, "fat"))
    ended = pod["status"]["containerStatuses"][0]
    assert ended["restartCount"] >= 1
    assert (ended["lastState"].get("terminated") or ended["state"].get("terminated"))["reason"] == "OOMKilled"


AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "minReplicas": 2,
        "maxReplicas": 8,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
            }
        ],
    },
}


def test_an_autoscaler_follows_the_load(cluster: Cluster):
    create(cluster, deployment("web", resources={"requests": {"cpu": "200m"}, "limits": {"cpu": "500m"}}))
    create(cluster, service("web"))
    create(cluster, AUTOSCALER)
    cluster.advance(20_000)
    # 60 requests of 10 ms of a core: 600m in all, of which each pod should use 100m.
    create(cluster, load(rate=59, cost={"cpu": "10m"}))
    cluster.advance(120_000)
    assert cluster.store.get(DEPLOYMENTS, "default", "web")["spec"]["replicas"] == 6
    metric = cluster.store.get(AUTOSCALERS, "default", "web")["status"]["currentMetrics"][0]["resource"]["current"]
    assert 45 <= metric["averageUtilization"] <= 55
    delete(cluster, LOADS, "web")
    cluster.advance(400_000)
    assert cluster.store.get(DEPLOYMENTS, "default", "web")["spec"]["replicas"] == 2


def test_a_pod_that_fetches_for_ever_is_traffic(cluster: Cluster):
    line = "while sleep 0.01; do wget -q -O- http://web; done"
    shop(cluster, deployment("generator", 0, 1, "busybox:1.37", command=["/bin/sh", "-c", line]))
    cluster.advance(20_000)
    # Ten milliseconds asleep and ten to fetch.
    assert cluster.traffic.reports["default", "web"].rate == 50
    cluster.handle(
        Request("patch", Key(DEPLOYMENTS, "default", "generator"), body={"spec": {"replicas": 0}},
                content_type="application/merge-patch+json")
    )  # fmt: skip
    cluster.advance(60_000)
    assert cluster.traffic.reports == {}


def test_a_forked_cluster_goes_on_with_its_traffic(cluster: Cluster):
    shop(cluster, load(curve={"type": "Ramp", "from": 0, "to": 100, "durationSeconds": 100}))
    copy = cluster.fork()
    for each in (cluster, copy):
        each.advance(30_000)
    assert status(copy) == status(cluster)
    assert copy.digest() == cluster.digest()


# ---------------------------------------------------------------------- the kind
@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "spec.service: Required value"),
        ({"service": "a"}, "spec.requestsPerSecond: Required value: or spec.curve must be given"),
        ({"service": "a", "requestsPerSecond": -1}, "spec.requestsPerSecond: Invalid value: -1"),
        ({"service": "a", "requestsPerSecond": "many"}, 'spec.requestsPerSecond: Invalid value: "many"'),
        ({"service": "a", "curve": {"type": "Jump"}}, 'spec.curve.type: Unsupported value: "Jump"'),
        ({"service": "a", "curve": {"type": "Steps"}}, "spec.curve.steps: Required value"),
        (
            {"service": "a", "curve": {"type": "Steps", "steps": [{}]}},
            "spec.curve.steps[0].requestsPerSecond: Required",
        ),
        ({"service": "a", "requestsPerSecond": 1, "cost": {"cpu": "lots"}}, 'spec.cost.cpu: Invalid value: "lots"'),
    ],
    ids=["nothing", "no-rate", "negative", "text", "curve", "no-steps", "empty-step", "cost"],
)
def test_loads_that_are_refused(cluster: Cluster, spec, text):
    body = {"apiVersion": "sim.kubetui.dev/v1", "kind": "Load", "metadata": {"name": "x"}, "spec": spec}
    response = cluster.handle(Request("create", Key(LOADS, "default"), body=body))
    assert response.code == 422
    assert text in response.body["message"]


def test_the_row_of_a_load(cluster: Cluster):
    shop(cluster, load(rate=20))
    cluster.advance(6_000)
    row = cluster.api.strategy(LOADS).row(cluster.store.get(LOADS, "default", "web"), cluster.loop.now)
    assert row[:4] == ["web", "web", "Constant", "20"]
    assert row[6] == "2"
