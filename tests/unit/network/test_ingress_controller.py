"""The ingress controller in a cluster: whom it serves, what it publishes, where it leads."""

from typing import Any

import pytest
from webshop import delete, policy, service, shop

from building import create
from kubesim.cluster import Cluster
from kubesim.network.trace import trace
from kubesim.objects.wire import EVENTS, INGRESSCLASSES, INGRESSES, SERVICES, Key, Request

NGINX = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}


def ingress(name: str = "web", backend: str = "web", **spec: Any) -> dict[str, Any]:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": 80}}}}
    body = {"ingressClassName": "nginx", "rules": [{"host": f"{name}.example.com", "http": {"paths": [path]}}], **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": body}


def status(cluster: Cluster, name: str = "web") -> Any:
    return cluster.store.get(INGRESSES, "default", name)["status"]["loadBalancer"]


def outcome(cluster: Cluster, host: str, path: str = "/") -> str:
    decision = cluster.ingresses.decide(host, path, secure=False, query="", port=443)
    way = cluster.ingresses.open(decision, peek=True)
    return "none" if way is None else way.outcome


def test_an_ingress_is_noticed_and_gets_an_address(cluster: Cluster):
    shop(cluster, NGINX, ingress())
    assert status(cluster) == {"ingress": [{"hostname": "localhost"}]}
    events = [each for each in cluster.store.range(EVENTS, "default") if each["involvedObject"]["kind"] == "Ingress"]
    told = [(each["type"], each["reason"], each["message"], each["count"], each["source"]) for each in events]
    assert told == [("Normal", "Sync", "Scheduled for sync", 2, {"component": "nginx-ingress-controller"})]
    row = cluster.api.strategy(INGRESSES).row(cluster.store.get(INGRESSES, "default", "web"), cluster.loop.now)
    assert row[:5] == ["web", "nginx", "web.example.com", "localhost", "80"]


def test_classes_of_others_are_left_alone(cluster: Cluster):
    other = {**NGINX, "metadata": {"name": "other"}, "spec": {"controller": "example.com/other"}}
    shop(cluster, NGINX, other, ingress(ingressClassName="other"), ingress("lost", ingressClassName="missing"))
    assert (status(cluster), status(cluster, "lost")) == ({}, {})
    assert outcome(cluster, "web.example.com") == "none"


def test_a_class_that_appears_later_is_taken_up(cluster: Cluster):
    shop(cluster, ingress())
    assert status(cluster) == {}
    create(cluster, NGINX)
    cluster.advance(5_000)
    assert outcome(cluster, "web.example.com") == "connected"


@pytest.mark.parametrize(
    ("classes", "annotation", "expected"),
    [
        (["nginx"], {}, "nginx"),
        ([], {}, None),
        (["nginx"], {"kubernetes.io/ingress.class": "x"}, None),
        (["old", "new"], {}, "new"),
    ],
    ids=["one", "none", "old-annotation", "newest"],
)
def test_the_default_class(cluster: Cluster, classes, annotation, expected):
    for name in classes:
        notes = {"ingressclass.kubernetes.io/is-default-class": "true"}
        create(cluster, {**NGINX, "metadata": {"name": name, "annotations": notes}})
        cluster.advance(2_000)
    tree = ingress()
    del tree["spec"]["ingressClassName"]
    tree["metadata"]["annotations"] = annotation
    assert create(cluster, tree)["spec"].get("ingressClassName") == expected


def test_backends(cluster: Cluster):
    closed, empty = service("closed", 9999, "web"), service("empty")
    named = [ingress(name, name) for name in ("closed", "empty", "missing")]
    shop(cluster, NGINX, ingress(), closed, empty, *named)
    found = {name: outcome(cluster, f"{name}.example.com") for name in ("web", "closed", "empty", "missing")}
    assert found == {"web": "connected", "closed": "refused", "empty": "refused", "missing": "timeout"}


def test_policies_know_the_controller_by_its_namespace(cluster: Cluster):
    shop(cluster, NGINX, ingress(), policy("deny", {"app": "web"}, policyTypes=["Ingress"]))
    assert outcome(cluster, "web.example.com") == "timeout"
    space = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    create(cluster, policy("front", {"app": "web"}, ingress=[{"from": [space]}]))
    cluster.advance(1_000)
    assert outcome(cluster, "web.example.com") == "connected"


def test_deleted_routes_are_gone(cluster: Cluster):
    shop(cluster, NGINX, ingress())
    version = cluster.ingresses.version
    delete(cluster, INGRESSES, "web")
    cluster.advance(1_000)
    assert outcome(cluster, "web.example.com") == "none"
    assert cluster.ingresses.version > version


@pytest.mark.parametrize(
    ("url", "stages", "reason"),
    [
        ("http://web.example.com/x", ["client", "Ingress", "Service", "EndpointSlice", "kube-proxy", "pod"], ""),
        ("http://nobody.example.com/", ["client", "Ingress"], "404: no rule for nobody.example.com/"),
    ],
)
def test_traces_through_the_front_door(cluster: Cluster, url, stages, reason):
    shop(cluster, NGINX, ingress())
    found = trace(cluster.network, cluster.ingresses, "outside", url, "default")
    assert [hop.stage for hop in found.hops] == stages
    assert reason in found.reason


def test_a_load_balancer_of_another_class_is_left_alone(cluster: Cluster):
    shop(
        cluster,
        service("lb", selector="web", type="LoadBalancer"),
        service("foreign", selector="web", type="LoadBalancer", loadBalancerClass="example.com/lb"),
        service("bare", selector="web", type="LoadBalancer", allocateLoadBalancerNodePorts=False),
    )
    trees = {name: cluster.store.get(SERVICES, "default", name) for name in ("lb", "foreign", "bare")}
    assert trees["lb"]["status"]["loadBalancer"]["ingress"][0]["ip"].startswith("172.18.255.")
    assert trees["lb"]["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    assert trees["foreign"]["status"] == {"loadBalancer": {}}
    assert "nodePort" not in trees["bare"]["spec"]["ports"][0]
    peer = cluster.network.policies.pod("default", "none")
    assert peer is None
    assert cluster.handle(Request("get", Key(INGRESSCLASSES, "", "nginx"))).code == 404
