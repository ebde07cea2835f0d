"""Requests that clients make now and then: names, dry runs of evictions, what may not be deleted, odd paths."""

from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import ENDPOINTSLICES, PODS, SERVICES, Gvr, Key, Request

CLASSES, ROLES = Gvr("scheduling.k8s.io", "v1", "priorityclasses"), Gvr("rbac.authorization.k8s.io", "v1", "roles")
SETS = Gvr("apps", "v1", "statefulsets")
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster(Settings(name="requests"))
    found.add_node(NodeSpec(name="node-1"))
    found.advance(5_000)
    return found


def service(name: str, **spec: Any) -> Request:
    body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}, **spec}}
    return Request("create", Key(SERVICES, "default"), body=body)


@pytest.mark.parametrize(("name", "code"), [("web", 201), ("1st", 201), ("My-web", 422), ("a.b", 422)])
def test_services_are_named_by_labels(cluster: Cluster, name: str, code: int):
    # k8s: RelaxedServiceNameValidation: they may begin with a digit.
    response = cluster.handle(service(name))
    assert response.code == code
    if code == 422:
        assert response.body["details"]["causes"][0]["field"] == "metadata.name"


def test_stateful_sets_are_named_by_labels(cluster: Cluster):
    spec = {"serviceName": "x", "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
    response = cluster.handle(Request("create", Key(SETS, "default"), body={"metadata": {"name": "a.b"}, "spec": spec}))
    assert "must not contain dots" in response.body["message"]


@pytest.mark.parametrize(
    ("spec", "policy", "warnings"),
    [
        ({}, None, ()),
        ({"type": "NodePort"}, "Cluster", ()),
        ({"externalIPs": ["1.2.3.4"]}, "Cluster",
         ("spec.externalIPs is deprecated and may no longer be implemented in some clusters",)),
        ({"clusterIP": "None", "sessionAffinity": "ClientIP"}, None,
         ("spec.SessionAffinity is ignored for headless services",)),
        ({"externalName": "x.y"}, None, ('spec.externalName is ignored when spec.type is not "ExternalName"',)),
    ],
    ids=["inner", "node port", "external IPs", "headless", "name"],
)  # fmt: skip
def test_services_that_are_reached_from_outside(
    cluster: Cluster, spec: dict[str, Any], policy: str | None, warnings: tuple[str, ...]
):
    response = cluster.handle(service("web", **spec))
    assert response.code == 201, response.body
    assert response.body["spec"].get("externalTrafficPolicy") == policy
    assert tuple(response.warnings) == warnings


def test_services_that_are_mere_names_have_no_endpoints(cluster: Cluster):
    assert cluster.handle(service("out", type="ExternalName", externalName="x.y")).code == 201
    assert cluster.handle(service("web")).code == 201
    cluster.advance(5_000)
    slices = cluster.store.range(ENDPOINTSLICES, "default")
    owners = {each["metadata"]["labels"]["kubernetes.io/service-name"] for each in slices}
    assert owners == {"web"}


@pytest.mark.parametrize("where", ["body", "query"])
def test_an_eviction_can_be_rehearsed(cluster: Cluster, where: str):
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": TEMPLATE["spec"]})
    cluster.advance(5_000)
    body: dict[str, Any] = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    if where == "body":
        body["deleteOptions"] = {"dryRun": ["All"]}
    query = {"dryRun": "All"} if where == "query" else {}
    before = cluster.store.get(PODS, "default", "p")
    response = cluster.handle(
        Request("create", Key(PODS, "default", "p"), subresource="eviction", body=body, query=query)
    )
    assert response.code == 201
    cluster.advance(60_000)
    after = cluster.store.get(PODS, "default", "p")
    assert before is not None
    assert after is not None
    assert "deletionTimestamp" not in after["metadata"]
    assert after["status"]["conditions"] == before["status"]["conditions"]


def test_classes_of_the_system_stay(cluster: Cluster):
    response = cluster.handle(Request("delete", Key(CLASSES, "", "system-node-critical")))
    assert response.code == 403
    assert response.body["message"].endswith("this is a system priority class and cannot be deleted")


@pytest.mark.parametrize(("verb", "name", "code"), [("get", "x", 404), ("delete", "x", 404), ("create", "", 405)])
def test_objects_of_namespaces_are_not_reached_without_them(cluster: Cluster, verb: str, name: str, code: int):
    assert cluster.handle(Request(verb, Key(ROLES, "", name), body={})).code == code
