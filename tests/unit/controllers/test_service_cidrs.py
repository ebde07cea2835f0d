"""ServiceCIDRs: more blocks for cluster IPs, and that none goes while an address of it is in use."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from kubesim.controllers.servicecidrs import FINALIZER, STILL_USED, ServiceCidrController
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import SERVICECIDRS
from unit.controllers.workload_cluster import WorkloadCluster

BLOCK = "192.168.7.0/29"


@pytest.fixture
def cluster() -> WorkloadCluster:
    made = WorkloadCluster(nodes=0)
    made.cidrs = ServiceCidrController(made.loop, made.hub, made.client_of("service-cidr-controller"))  # type: ignore[attr-defined]
    made.run(1)
    return made


def cidr(*blocks: str, name: str = "more") -> dict[str, Any]:
    return {"kind": "ServiceCIDR", "metadata": {"name": name}, "spec": {"cidrs": list(blocks) or [BLOCK]}}


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def ready(cluster: WorkloadCluster, name: str = "more") -> tuple[str, str, str]:
    found = cluster.get("ServiceCIDR", name)["status"]["conditions"][0]
    return found["status"], found["reason"], found["message"]


def test_addresses_of_another_block_may_be_asked_for_once_it_is_ready(cluster: WorkloadCluster) -> None:
    with pytest.raises(ApiError, match="is not in the valid range"):
        cluster.create(service("early", clusterIP="192.168.7.3"))
    cluster.create(cidr())
    cluster.run(1)
    assert ready(cluster) == ("True", "", "Kubernetes Service CIDR is ready")
    assert cluster.get("ServiceCIDR", "more")["metadata"]["finalizers"] == [FINALIZER]
    cluster.create(service("web", clusterIP="192.168.7.3"))
    with pytest.raises(ApiError, match="provided IP is already allocated"):
        cluster.create(service("other", clusterIP="192.168.7.3"))
    cluster.run(1)
    found = cluster.get("IPAddress", "192.168.7.3", "")
    assert found["spec"]["parentRef"]["name"] == "web"


def test_blocks_that_overlap_give_an_address_out_once(cluster: WorkloadCluster) -> None:
    cluster.create(cidr("10.96.0.0/16"))
    cluster.run(1)
    cluster.create(service("web", clusterIP="10.96.7.7"))
    with pytest.raises(ApiError, match="already allocated"):
        cluster.create(service("other", clusterIP="10.96.7.7"))


def test_a_full_cluster_goes_on_with_the_next_block(cluster: WorkloadCluster) -> None:
    pools = next(s for s in cluster.api.resources() if s.gvr.resource == "services").addresses  # type: ignore[attr-defined]
    own = pools._pools["10.96.0.0/12"]._pool
    own.draw = lambda: None
    with pytest.raises(ApiError, match="range is full"):
        cluster.create(service("web"))
    cluster.create(cidr())
    cluster.run(1)
    address = cluster.create(service("web"))["spec"]["clusterIP"]
    assert ip_address(address) in ip_network(BLOCK)


def test_a_block_stays_as_long_as_an_address_of_it_is_in_use(cluster: WorkloadCluster) -> None:
    cluster.create(cidr())
    cluster.run(1)
    cluster.create(service("web", clusterIP="192.168.7.3"))
    cluster.run(1)
    cluster.delete("ServiceCIDR", "more")
    cluster.run(30)
    assert ready(cluster) == ("False", "Terminating", STILL_USED)
    with pytest.raises(ApiError, match="is not in the valid range"):
        cluster.create(service("late", clusterIP="192.168.7.4"))
    cluster.delete("Service", "web")
    cluster.run(5)
    assert cluster.store.get(SERVICECIDRS, "", "more") is None


def test_a_block_that_nobody_uses_goes_after_a_grace(cluster: WorkloadCluster) -> None:
    cluster.create(cidr())
    cluster.run(1)
    cluster.delete("ServiceCIDR", "more")
    cluster.run(8)
    assert cluster.store.get(SERVICECIDRS, "", "more") is not None
    cluster.run(4)
    assert cluster.store.get(SERVICECIDRS, "", "more") is None


def test_addresses_that_another_block_has_too_hold_nobody_up(cluster: WorkloadCluster) -> None:
    cluster.create(cidr())
    cluster.create(cidr("192.168.0.0/16", name="wide"))
    cluster.run(1)
    cluster.create(service("web", clusterIP="192.168.7.3"))
    cluster.run(1)
    cluster.delete("ServiceCIDR", "more")
    cluster.run(12)
    assert cluster.store.get(SERVICECIDRS, "", "more") is None


REFUSED = {
    "none": ([], "spec.cidrs: Required value: at least one CIDR required"),
    "three": (["10.0.0.0/24", "fd00::/108", "10.1.0.0/24"], "spec.cidrs: Too many: 3: must have at most 2 items"),
    "no block": (["x"], 'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value'),
    "not canonical": (["10.0.0.1/24"], 'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must be in canonical form ("10.0'),
    "one family": (["10.0.0.0/24", "10.1.0.0/24"], "spec.cidrs: Invalid value: "),
}


@pytest.mark.parametrize(("blocks", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(cluster: WorkloadCluster, blocks: list[str], text: str) -> None:
    with pytest.raises(ApiError) as caught:
        cluster.create({**cidr(), "spec": {"cidrs": blocks}})
    assert text in str(caught.value)
