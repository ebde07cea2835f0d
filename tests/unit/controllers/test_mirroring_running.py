"""EndpointSlices that mirror Endpoints people keep themselves, and the objects of Service CIDRs."""

from collections.abc import Callable
from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.objects.refs import is_condition_true
from kubesim.objects.wire import ENDPOINTS, ENDPOINTSLICES, IPADDRESSES, SERVICECIDRS, SERVICES, Key, Request

MERGE = "application/merge-patch+json"


def service(name: str = "db", **spec: Any) -> dict[str, Any]:
    body = {"ports": [{"name": "sql", "port": 5432}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


def endpoints(*addresses: str, missing: tuple[str, ...] = (), **metadata: Any) -> dict[str, Any]:
    subset: dict[str, Any] = {"ports": [{"name": "sql", "port": 5432}]}
    subset["addresses"] = [{"ip": each} for each in addresses]
    if missing:
        subset["notReadyAddresses"] = [{"ip": each} for each in missing]
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db", **metadata}, "subsets": [subset]}


def slices(cluster: Cluster) -> list[Any]:
    return [each for each in cluster.store.range(ENDPOINTSLICES, "default") if each["metadata"]["name"] != "kubernetes"]


def shown(cluster: Cluster) -> dict[str, bool]:
    return {item["addresses"][0]: item["conditions"]["ready"] for each in slices(cluster) for item in each["endpoints"]}


def test_the_life_of_mirrored_endpoints(cluster: Cluster):
    create(cluster, service())
    create(cluster, endpoints("192.0.2.1", labels={"team": "a"}, annotations={"note": "x"}))
    cluster.advance(2_000)
    (found,) = slices(cluster)
    assert found["metadata"]["labels"] == {
        "team": "a",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    assert found["metadata"]["annotations"] == {"note": "x"}
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"
    assert found["metadata"]["generateName"] == "db-"
    assert (found["addressType"], found["ports"]) == ("IPv4", [{"name": "sql", "protocol": "TCP", "port": 5432}])
    changed = endpoints("192.0.2.2", missing=("192.0.2.3",))
    cluster.handle(Request("update", Key(ENDPOINTS, "default", "db"), body=changed))
    cluster.advance(2_000)
    assert slices(cluster)[0]["metadata"]["uid"] == found["metadata"]["uid"]
    assert shown(cluster) == {"192.0.2.2": True, "192.0.2.3": False}
    assert "annotations" not in slices(cluster)[0]["metadata"]
    cluster.handle(Request("delete", Key(ENDPOINTS, "default", "db")))
    cluster.advance(5_000)
    assert slices(cluster) == []


def test_a_mirrored_service_is_reached(cluster: Cluster):
    create(cluster, service())
    create(cluster, endpoints("192.0.2.1"))
    cluster.advance(2_000)
    assert cluster.proxy.pick("default", "db", "sql").ip == "192.0.2.1"


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}},
    ],
    ids=["label", "leader"],
)
def test_what_is_not_mirrored(cluster: Cluster, metadata):
    create(cluster, service())
    create(cluster, endpoints("192.0.2.1", **metadata))
    cluster.advance(2_000)
    assert slices(cluster) == []


def test_endpoints_without_a_service_wait_for_it(cluster: Cluster):
    create(cluster, endpoints("192.0.2.1"))
    cluster.advance(2_000)
    assert slices(cluster) == []
    create(cluster, service())
    cluster.advance(2_000)
    assert shown(cluster) == {"192.0.2.1": True}


def test_ports_that_differ_make_slices_of_their_own(cluster: Cluster):
    tree = endpoints("192.0.2.1")
    tree["subsets"].append({"addresses": [{"ip": "192.0.2.9"}], "ports": [{"name": "sql", "port": 9999}]})
    create(cluster, service())
    create(cluster, tree)
    cluster.advance(2_000)
    assert sorted(each["ports"][0]["port"] for each in slices(cluster)) == [5432, 9999]


def test_a_deleted_slice_is_made_again(cluster: Cluster):
    create(cluster, service())
    create(cluster, endpoints("192.0.2.1"))
    cluster.advance(2_000)
    name = slices(cluster)[0]["metadata"]["name"]
    cluster.handle(Request("delete", Key(ENDPOINTSLICES, "default", name)))
    cluster.advance(2_000)
    assert shown(cluster) == {"192.0.2.1": True}


# ---------------------------------------------------------------------- Service CIDRs
def test_the_cluster_has_a_service_cidr(cluster: Cluster):
    found = cluster.store.get(SERVICECIDRS, "", "kubernetes")
    assert found["spec"]["cidrs"] == ["10.96.0.0/12"]
    assert is_condition_true(found, "Ready")
    assert found["metadata"]["finalizers"] == ["networking.k8s.io/service-cidr-finalizer"]


def test_each_cluster_ip_has_an_object(cluster: Cluster):
    made = create(cluster, service())
    create(cluster, service("headless", clusterIP="None"))
    cluster.advance(1_000)
    address = made["spec"]["clusterIP"]
    found = cluster.store.get(IPADDRESSES, "", address)
    assert found["spec"]["parentRef"] == {"group": "", "resource": "services", "namespace": "default", "name": "db"}
    assert found["metadata"]["labels"] == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    assert len(cluster.store.range(IPADDRESSES)) == 2
    cluster.handle(Request("delete", Key(SERVICES, "default", "db")))
    cluster.advance(1_000)
    assert cluster.store.get(IPADDRESSES, "", address) is None


def test_an_address_is_given_back_with_the_type(cluster: Cluster):
    made = create(cluster, service())
    cluster.advance(1_000)
    body = {"spec": {"type": "ExternalName", "externalName": "example.com", "clusterIP": "", "clusterIPs": None}}
    response = cluster.handle(Request("patch", Key(SERVICES, "default", "db"), body=body, content_type=MERGE))
    assert response.code == 200, response.body
    cluster.advance(1_000)
    assert cluster.store.get(IPADDRESSES, "", made["spec"]["clusterIP"]) is None


def test_a_second_block_becomes_ready_and_can_go(make_cluster: Callable[..., Cluster]):
    cluster = make_cluster(nodes=1)
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "more"},
            "spec": {"cidrs": ["10.200.0.0/24"]}}  # fmt: skip
    create(cluster, body)
    cluster.advance(1_000)
    assert is_condition_true(cluster.store.get(SERVICECIDRS, "", "more"), "Ready")
    cluster.handle(Request("delete", Key(SERVICECIDRS, "", "more")))
    # k8s: deletionGracePeriod, 10 s for those who may just be taking an address of it.
    cluster.advance(12_000)
    assert cluster.store.get(SERVICECIDRS, "", "more") is None
