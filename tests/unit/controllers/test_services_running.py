"""Endpoints and EndpointSlices over the real API server."""

from typing import Any

import pytest

from kubesim.objects.wire import ENDPOINTSLICES
from unit.controllers.small_cluster import SmallCluster, deployment


@pytest.fixture
def cluster() -> SmallCluster:
    made = SmallCluster(nodes=4)
    made.create(service())
    return made


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": "web"}, "ports": ports, **spec}}


def endpoints(cluster: SmallCluster, service: str = "web") -> list[Any]:
    return [
        endpoint
        for each in cluster.all("EndpointSlice")
        if each["metadata"]["labels"]["kubernetes.io/service-name"] == service
        for endpoint in each["endpoints"] or ()
    ]


def test_a_service_without_pods_has_a_placeholder(cluster: SmallCluster) -> None:
    cluster.run(1)
    (found,) = cluster.all("EndpointSlice")
    assert not found["endpoints"]
    assert not found.get("ports")
    assert "subsets" not in cluster.get("Endpoints", "web")


def test_slices_hold_a_hundred(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=250))
    cluster.run(5)
    assert sorted(len(each["endpoints"]) for each in cluster.all("EndpointSlice")) == [50, 100, 100]
    cluster.patch("Deployment", "web", {"spec": {"replicas": 249}})
    before = cluster.store.revision
    cluster.run(3)
    touched = {change.name for change in cluster.store.changes(before) if change.gvr == ENDPOINTSLICES}
    assert len(touched) == 1
    assert len(endpoints(cluster)) == 249


def test_endpoints_are_truncated(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=1003))
    cluster.run(6)
    found = cluster.get("Endpoints", "web")
    assert len(found["subsets"][0]["addresses"]) == 1000
    assert found["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"] == "truncated"
    cluster.patch("Deployment", "web", {"spec": {"replicas": 3}})
    cluster.run(6)
    found = cluster.get("Endpoints", "web")
    assert len(found["subsets"][0]["addresses"]) == 3
    assert "endpoints.kubernetes.io/over-capacity" not in found["metadata"].get("annotations", {})


def test_a_terminating_pod_serves_no_more(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(3)
    assert cluster.kubelet is not None
    cluster.kubelet.down = {f"n{number}": None for number in range(4)}
    victim = cluster.all("Pod")[0]["metadata"]["name"]
    cluster.delete("Pod", victim)
    cluster.run(1)
    conditions = {each["targetRef"]["name"]: each["conditions"] for each in endpoints(cluster)}
    assert conditions[victim] == {"ready": False, "serving": True, "terminating": True}
    addresses = cluster.get("Endpoints", "web")["subsets"][0]["addresses"]
    assert victim not in [each["targetRef"]["name"] for each in addresses]


def test_a_changed_service_is_followed(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(3)
    cluster.patch("Service", "web", {"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 9090}]}})
    cluster.patch(
        "Service", "web", {"metadata": {"labels": {"team": "x"}}, "spec": {"trafficDistribution": "PreferClose"}}
    )
    cluster.run(2)
    (found,) = cluster.all("EndpointSlice")
    assert found["ports"] == [{"name": "http", "protocol": "TCP", "port": 9090}]
    assert found["metadata"]["labels"]["team"] == "x"
    assert all(each["hints"] == {"forZones": [{"name": each["zone"]}]} for each in found["endpoints"])
    assert cluster.get("Endpoints", "web")["metadata"]["labels"]["team"] == "x"
    cluster.patch("Service", "web", {"spec": {"selector": {"app": "nobody"}}})
    cluster.run(2)
    assert endpoints(cluster) == []


def test_a_deleted_slice_is_made_again(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(3)
    cluster.delete("EndpointSlice", cluster.all("EndpointSlice")[0]["metadata"]["name"])
    cluster.delete("Endpoints", "web")
    cluster.run(2)
    assert len(endpoints(cluster)) == 2
    assert len(cluster.get("Endpoints", "web")["subsets"][0]["addresses"]) == 2


def test_a_tampered_slice_is_mended(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(3)
    name = cluster.all("EndpointSlice")[0]["metadata"]["name"]
    cluster.patch("EndpointSlice", name, {"endpoints": None}, content_type="application/merge-patch+json")
    cluster.run(2)
    assert len(endpoints(cluster)) == 2


def test_all_goes_with_the_service(cluster: SmallCluster) -> None:
    cluster.create(deployment(replicas=2))
    cluster.run(3)
    cluster.delete("Service", "web")
    cluster.run(2)
    assert cluster.all("EndpointSlice") == []
    assert cluster.get("Endpoints", "web") is None


def test_relabelled_pods_move(cluster: SmallCluster) -> None:
    cluster.create(service("other", selector={"app": "other"}))
    cluster.create({"kind": "Pod", "metadata": {"name": "p", "labels": {"app": "web"}}, "spec": POD})
    cluster.run(2)
    assert (len(endpoints(cluster)), len(endpoints(cluster, "other"))) == (1, 0)
    cluster.patch("Pod", "p", {"metadata": {"labels": {"app": "other"}}})
    cluster.run(2)
    assert (len(endpoints(cluster)), len(endpoints(cluster, "other"))) == (0, 1)


POD = {"containers": [{"name": "c", "image": "nginx:1"}]}
