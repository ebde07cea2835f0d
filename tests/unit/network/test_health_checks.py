"""Policies of traffic from outside, the answers at health check ports, and what is said of changed load balancers."""

import json
import pickle
from typing import Any

import pytest
from webshop import deployment, run, service, shop

from kubesim.cluster import Cluster
from kubesim.network.fabric import OUTSIDE
from kubesim.network.healthchecks import HealthCheck
from kubesim.objects.connections import CONNECTED, TIMED_OUT
from kubesim.objects.wire import EVENTS, NODES, SERVICES, Key, Request, Tree

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def lab(cluster: Cluster) -> Cluster:
    balanced = service("local", type="LoadBalancer", externalTrafficPolicy="Local")
    shop(cluster, deployment("local", replicas=1), balanced)
    return cluster


def known(cluster: Cluster) -> Tree:
    found = cluster.store.get(SERVICES, "default", "local")
    assert found is not None
    return found


def places(cluster: Cluster) -> tuple[str, str]:
    """The address of the node with the only endpoint, and that of another."""
    here = cluster.proxy.endpoints("default", "local")[0].node
    addresses = {
        each["metadata"]["name"]: next(a["address"] for a in each["status"]["addresses"] if a["type"] == "InternalIP")
        for each in cluster.store.range(NODES)
    }
    return addresses[here], next(address for name, address in addresses.items() if name != here)


def change(cluster: Cluster, **spec: Any) -> None:
    old = known(cluster)
    request = Request("update", Key(SERVICES, "default", "local"), body={**old, "spec": {**old["spec"], **spec}})
    response = cluster.handle(request)
    assert response.code == 200, response.body
    cluster.advance(5_000)


def told(cluster: Cluster) -> list[tuple[str, str]]:
    found = [
        each
        for each in cluster.store.range(EVENTS, "default")
        if each["source"].get("component") == "service-controller"
    ]
    found.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
    return [(each["reason"], each["message"]) for each in found if each["involvedObject"]["name"] == "local"]


# ---------------------------------------------------------------------- health checks
def test_a_node_tells_how_many_endpoints_it_has(lab: Cluster) -> None:
    port = known(lab)["spec"]["healthCheckNodePort"]
    here, elsewhere = places(lab)
    for address, status, count in ((here, b"200 OK", 1), (elsewhere, b"503 Service Unavailable", 0)):
        way = lab.network.path(OUTSIDE, address, port)
        assert way.outcome == CONNECTED
        assert way.wire is not None
        head, _, body = way.wire.feed(GET).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status)
        assert f"X-Load-Balancing-Endpoint-Weight: {count}".encode() in head
        assert json.loads(body) == {
            "service": {"namespace": "default", "name": "local"},
            "localEndpoints": count,
            "serviceProxyHealthy": True,
        }


def test_the_answer_is_as_kube_proxy_writes_it(lab: Cluster) -> None:
    check = HealthCheck(lab.proxy, ("default", "local"), "")
    assert check.feed(GET[:10]) == b""
    assert check.feed(GET[10:]).partition(b"\r\n\r\n")[2] == (
        b'{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "local"\n\t},\n\t"localEndpoints": 0,\n'
        b'\t"serviceProxyHealthy": true\n}'
    )
    assert check.feed(GET + GET).count(b"HTTP/1.1 503") == 2


def test_pods_can_ask_too(lab: Cluster) -> None:
    here, _ = places(lab)
    port = known(lab)["spec"]["healthCheckNodePort"]
    code, output, _ = run(lab, "client", f"curl -s http://{here}:{port}/")
    assert code == 0
    assert '"localEndpoints": 1' in output


def test_the_port_closes_with_its_reason(lab: Cluster) -> None:
    port = known(lab)["spec"]["healthCheckNodePort"]
    here, _ = places(lab)
    change(lab, externalTrafficPolicy="Cluster", healthCheckNodePort=None)
    assert lab.network.path(OUTSIDE, here, port).outcome != CONNECTED
    assert pickle.loads(pickle.dumps(lab.proxy)).by_health_port(port) is None


# ---------------------------------------------------------------------- policies
def test_from_outside_only_the_node_with_an_endpoint_serves(lab: Cluster) -> None:
    here, elsewhere = places(lab)
    port = known(lab)["spec"]["ports"][0]["nodePort"]
    assert lab.network.path(OUTSIDE, here, port).outcome == CONNECTED
    assert lab.network.path(OUTSIDE, elsewhere, port).outcome == TIMED_OUT


def test_a_load_balancer_finds_that_node(lab: Cluster) -> None:
    address = known(lab)["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert lab.network.path(OUTSIDE, address, 80).outcome == CONNECTED


def test_what_comes_from_pods_minds_no_external_policy(lab: Cluster) -> None:
    _, elsewhere = places(lab)
    address = known(lab)["status"]["loadBalancer"]["ingress"][0]["ip"]
    port = known(lab)["spec"]["ports"][0]["nodePort"]
    for target in (f"http://{address}", f"http://{elsewhere}:{port}"):
        code, output, _ = run(lab, "client", f"curl -s {target}/ -m 2")
        assert (code, '"pod": "local-' in output) == (0, True)


# ---------------------------------------------------------------------- events
def test_a_service_that_becomes_one_of_another_type(lab: Cluster) -> None:
    assert told(lab)[:2] == [
        ("EnsuringLoadBalancer", "Ensuring load balancer"),
        ("EnsuredLoadBalancer", "Ensured load balancer"),
    ]
    change(lab, type="ClusterIP")
    assert told(lab)[-3:] == [
        ("Type", "LoadBalancer -> ClusterIP"),
        ("DeletingLoadBalancer", "Deleting load balancer"),
        ("DeletedLoadBalancer", "Deleted load balancer"),
    ]
    change(lab, type="LoadBalancer")
    assert ("Type", "ClusterIP -> LoadBalancer") in told(lab)


CHANGES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "ranges": (
        {"loadBalancerSourceRanges": ["10.0.0.0/8", "192.168.0.0/16"]},
        ("LoadBalancerSourceRanges", "[] -> [10.0.0.0/8 192.168.0.0/16]"),
    ),
    "address": ({"loadBalancerIP": "172.18.255.9"}, ("LoadbalancerIP", " -> 172.18.255.9")),
    "outside addresses": ({"externalIPs": ["1.2.3.4"]}, ("ExternalIP", "Count: 0 -> 1")),
    "policy": (
        {"externalTrafficPolicy": "Cluster", "healthCheckNodePort": None},
        ("ExternalTrafficPolicy", "Local -> Cluster"),
    ),
}


@pytest.mark.parametrize(("spec", "event"), CHANGES.values(), ids=CHANGES)
def test_changes_are_told_and_carried_out(lab: Cluster, spec: dict[str, Any], event: tuple[str, str]) -> None:
    change(lab, **spec)
    assert event in told(lab)
    counted = sum(
        each.get("count", 1)
        for each in lab.store.range(EVENTS, "default")
        if each["reason"] == "EnsuredLoadBalancer" and each["involvedObject"]["name"] == "local"
    )
    assert counted == 2
