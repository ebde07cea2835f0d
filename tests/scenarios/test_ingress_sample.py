"""The sample ``ingress`` does what its README promises, step by step."""

from typing import Any

import pytest

from invariants import broken_invariants
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.network.trace import trace
from kubesim.objects.wire import DEPLOYMENTS, INGRESSES, LOADS, PODS, SERVICES, Gvr, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

SPACE = "storefront"


@pytest.fixture(scope="module")
def settled() -> Cluster:
    cluster = build(read(sample_folder() / "ingress"), epoch_ms=DEFAULT_EPOCH_MS)
    cluster.advance(10_000)
    return cluster


def patch(cluster: Cluster, gvr: Gvr, name: str, body: dict[str, Any], namespace: str = SPACE) -> None:
    key = Key(gvr, namespace, name)
    response = cluster.handle(Request("patch", key, body=body, content_type="application/merge-patch+json"))
    assert response.code == 200, response.body
    cluster.advance(5_000)


def follow(cluster: Cluster, source: str, target: str) -> Any:
    return trace(cluster.network, cluster.ingresses, source, target, SPACE)


def run(cluster: Cluster, app: str, *argv: str) -> tuple[int, str]:
    pods = [pod for pod in cluster.store.range(PODS, SPACE) if pod["metadata"]["labels"]["app"] == app]
    done = cluster.kubelets.execute(SPACE, pods[0]["metadata"]["name"], "", argv)
    return done.code, done.output


def test_everything_runs(settled: Cluster):
    for deployment in settled.store.range(DEPLOYMENTS, SPACE):
        assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"]
    assert broken_invariants(settled) == []


@pytest.mark.parametrize(
    ("url", "app"),
    [
        ("https://shop.example.com/", "home"),
        ("https://shop.example.com/cart/7", "cart"),
        ("https://shop.example.com/cartoon", "home"),
        ("https://shop.example.com/status", "api"),
        ("https://shop.example.com/status/", "home"),
        ("http://api.example.com/v1/users", "api"),
        ("http://blog.example.com/", "home"),
    ],
)
def test_who_answers(settled: Cluster, url, app):
    found = follow(settled, "outside", url)
    assert found.connected
    assert found.target.pod.startswith(f"{app}-")


def test_the_broken_backends_are_told_apart_and_can_be_mended(settled: Cluster):
    cluster = settled.fork()
    reports = follow(cluster, "outside", "https://shop.example.com/reports")
    assert reports.hops[-1].stage == "pod"
    assert "nothing listens on port 9090; its containers declare 8080" in reports.reason
    reviews = follow(cluster, "outside", "https://shop.example.com/reviews")
    assert (reviews.hops[-1].stage, reviews.reason) == ("EndpointSlice", "no pod matches the selector app=review")
    patch(cluster, SERVICES, "reports", {"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}})
    patch(cluster, SERVICES, "reviews", {"spec": {"selector": {"app": "home"}}})
    for path in ("reports", "reviews"):
        assert follow(cluster, "outside", f"https://shop.example.com/{path}").connected


def test_the_orphan_is_adopted_with_another_class(settled: Cluster):
    cluster = settled.fork()
    assert cluster.store.get(INGRESSES, SPACE, "orphan")["status"] == {"loadBalancer": {}}
    patch(cluster, INGRESSES, "orphan", {"spec": {"ingressClassName": "nginx"}})
    found = cluster.store.get(INGRESSES, SPACE, "orphan")["status"]["loadBalancer"]
    assert found == {"ingress": [{"hostname": "localhost"}]}


@pytest.mark.parametrize(("source", "outcome"), [("toolbox", "timeout"), ("home", "timeout"), ("api", "connected")])
def test_who_may_reach_the_database(settled: Cluster, source, outcome):
    assert follow(settled, source, "svc/database:6379").outcome == outcome


def test_the_shell_agrees_with_the_trace(settled: Cluster):
    assert run(settled, "toolbox", "nc", "-zv", "-w", "2", "database", "6379") == (1, "nc: timed out\n")
    assert run(settled, "api", "nc", "-zv", "-w", "2", "database", "6379")[1].endswith(" open\n")


def test_without_coredns_names_are_not_answered(settled: Cluster):
    cluster = settled.fork()
    assert run(cluster, "toolbox", "nslookup", "kube-dns.kube-system")[0] == 0
    patch(cluster, DEPLOYMENTS, "coredns", {"spec": {"replicas": 0}}, "kube-system")
    cluster.advance(30_000)
    assert run(cluster, "toolbox", "nslookup", "home") == (
        1,
        ";; connection timed out; no servers could be reached\n\n",
    )
    assert follow(cluster, "toolbox", "home:80").hops[-1].stage == "DNS"


def test_the_visitors_come_in_waves_and_more_pods_help(settled: Cluster):
    cluster = settled.fork()
    cluster.advance(270_000)
    noon = cluster.store.get(LOADS, SPACE, "visitors")["status"]
    assert noon["requestsPerSecond"] > 190
    assert noon["errorsPerSecond"] == 0
    patch(cluster, LOADS, "visitors", {"spec": {"requestsPerSecond": 600, "curve": None}})
    cluster.advance(40_000)
    assert cluster.store.get(LOADS, SPACE, "visitors")["status"]["errorsPerSecond"] > 100
    patch(cluster, DEPLOYMENTS, "home", {"spec": {"replicas": 8}})
    cluster.advance(60_000)
    assert cluster.store.get(LOADS, SPACE, "visitors")["status"]["errorsPerSecond"] == 0
