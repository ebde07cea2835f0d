"""Devices: what claims get, where their pods go, what is written, and what is said when there is none."""

from typing import Any

import pytest
from device_objects import DRIVER, claim, device, device_class, pod, request, selecting, slice_of, template

from kubesim.objects.wire import EVENTS, Gvr
from unit.scheduler.scheduled_cluster import ScheduledCluster

CLAIMS = Gvr("resource.k8s.io", "v1", "resourceclaims")
NOTHING_HELPS = "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."


@pytest.fixture
def cluster() -> ScheduledCluster:
    made = ScheduledCluster()
    made.create(device_class())
    return made


def node_of(cluster: ScheduledCluster, name: str = "p") -> str:
    return str(cluster.get("Pod", name)["spec"].get("nodeName", ""))


def complaint(cluster: ScheduledCluster, name: str = "p") -> str:
    found = [
        e["message"]
        for e in cluster.store.range(EVENTS)
        if e["reason"] == "FailedScheduling" and e["involvedObject"]["name"] == name
    ]
    return str(found[-1]) if found else ""


def results(cluster: ScheduledCluster, name: str = "c") -> list[tuple[str, str]]:
    given = cluster.get("ResourceClaim", name)["status"]["allocation"]["devices"]["results"]
    return [(each["request"], each["device"]) for each in given]


# ---------------------------------------------------------------------- allocation
def test_a_claim_is_allocated_where_the_device_is_and_reserved(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(claim())
    made = cluster.create(pod("p", "c"))
    cluster.run(1)
    assert node_of(cluster) == "n1"
    found = cluster.get("ResourceClaim", "c")
    assert found["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
    status = found["status"]
    assert status["reservedFor"] == [{"resource": "pods", "name": "p", "uid": made["metadata"]["uid"]}]
    allocation = status["allocation"]
    assert allocation["devices"] == {
        "results": [{"request": "r", "driver": DRIVER, "pool": "n1", "device": "gpu-0"}],
    }
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]
    assert allocation["nodeSelector"] == {"nodeSelectorTerms": terms}


ASKS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[tuple[str, str]]]] = {
    "two of a kind": ([request(count=2)], {}, [("r", "big-0"), ("r", "big-1")]),
    "all there are": (
        [request(allocationMode="All")],
        {},
        [("r", "big-0"), ("r", "big-1"), ("r", "small-2"), ("r", "small-3")],
    ),
    "by attribute": (
        [request(selectors=selecting(f'device.attributes["{DRIVER}"].model == "small"'))],
        {},
        [("r", "small-2")],
    ),
    "by capacity": (
        [request(selectors=selecting(f'device.capacity["{DRIVER}"].memory.isGreaterThan(quantity("8Gi"))'))],
        {},
        [("r", "big-0")],
    ),
    "an unknown domain is empty": (
        [request(selectors=selecting('!has(device.attributes["other.example.com"].model)'))],
        {},
        [("r", "big-0")],
    ),
    "two requests": ([request("a"), request("b")], {}, [("a", "big-0"), ("b", "big-1")]),
    "alike in an attribute": (
        [request("a"), request("b")],
        {"constraints": [{"matchAttribute": f"{DRIVER}/numa"}]},
        [("a", "big-0"), ("b", "small-2")],
    ),
    "distinct in an attribute": (
        [request("a", count=2)],
        {"constraints": [{"requests": ["a"], "distinctAttribute": f"{DRIVER}/model"}]},
        [("a", "big-0"), ("a", "small-2")],
    ),
    "one step back": (
        [
            request("any", selectors=selecting("true")),
            request("b", count=2, selectors=selecting(f'device.attributes["{DRIVER}"].model == "big"')),
        ],
        {},
        [("any", "small-2"), ("b", "big-0"), ("b", "big-1")],
    ),
    "the second alternative": (
        [
            {
                "name": "r",
                "firstAvailable": [
                    {"name": "huge", "deviceClassName": "gpu", "count": 5},
                    {"name": "one", "deviceClassName": "gpu"},
                ],
            }
        ],
        {},
        [("r/one", "big-0")],
    ),
}


@pytest.mark.parametrize(("requests", "more", "expected"), ASKS.values(), ids=ASKS.keys())
def test_what_a_claim_gets(
    cluster: ScheduledCluster, requests: list[Any], more: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    cluster.create(slice_of("n2", *(device(name) for name in ("big-0", "big-1", "small-2", "small-3"))))
    cluster.create(claim("c", *requests, **more))
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert complaint(cluster) == ""
    assert results(cluster) == expected


def test_configurations_of_the_class_and_the_claim_come_along(cluster: ScheduledCluster) -> None:
    general = {"opaque": {"driver": DRIVER, "parameters": {"share": False}}}
    own = {"requests": ["r"], "opaque": {"driver": DRIVER, "parameters": {"share": True}}}
    cluster.create(device_class("tuned", config=[general]))
    cluster.create(slice_of("n0", device("gpu-0")))
    cluster.create(claim("c", request(class_name="tuned"), config=[own]))
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert cluster.get("ResourceClaim", "c")["status"]["allocation"]["devices"]["config"] == [
        {"source": "FromClass", "requests": ["r"], **general},
        {"source": "FromClaim", **own},
    ]


def test_two_pods_share_a_claim_and_its_node(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n2", device("gpu-0")))
    cluster.create(claim())
    cluster.create(pod("p", "c"))
    cluster.create(pod("q", "c"))
    cluster.run(1)
    assert [node_of(cluster, "p"), node_of(cluster, "q")] == ["n2", "n2"]
    users = cluster.get("ResourceClaim", "c")["status"]["reservedFor"]
    assert [each["name"] for each in users] == ["p", "q"]


def test_devices_that_every_node_reaches(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("net", device("nic-0"), allNodes=True))
    cluster.create(claim())
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert node_of(cluster)
    assert "nodeSelector" not in cluster.get("ResourceClaim", "c")["status"]["allocation"]


def test_partitions_share_counters(cluster: ScheduledCluster) -> None:
    def part(name: str, amount: str) -> dict[str, Any]:
        return device(name, consumesCounters=[{"counterSet": "gpu", "counters": {"memory": {"value": amount}}}])

    counters = [{"name": "gpu", "counters": {"memory": {"value": "40Gi"}}}]
    cluster.create(
        slice_of("n0", part("part-0", "30Gi"), part("part-1", "20Gi"), part("part-2", "10Gi"), sharedCounters=counters)
    )
    cluster.create(claim("c", request(count=2)))
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert results(cluster) == [("r", "part-0"), ("r", "part-2")]


# ---------------------------------------------------------------------- templates
def test_a_claim_is_made_from_a_template_and_goes_with_its_pod(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(template())
    cluster.create(pod("p", from_template="t"))
    cluster.run(1)
    found = cluster.get("Pod", "p")["status"]["resourceClaimStatuses"]
    name = found[0]["resourceClaimName"]
    assert found == [{"name": "made", "resourceClaimName": name}]
    assert name.startswith("p-made-")
    assert len(name) == len("p-made-") + 5
    made = cluster.get("ResourceClaim", name)
    assert made["metadata"]["annotations"] == {"resource.kubernetes.io/pod-claim-name": "made"}
    assert made["metadata"]["labels"] == {"a": "b"}
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Pod"
    assert node_of(cluster) == "n1"
    cluster.delete("Pod", "p")
    cluster.run(60)
    assert cluster.store.range(CLAIMS) == []


def test_a_pod_waits_for_its_template_without_a_word_of_the_scheduler(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(pod("p", from_template="t"))
    cluster.run(1)
    assert complaint(cluster) == ""
    expected = 'PodResourceClaim made: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found'
    assert ("FailedResourceClaimCreation", expected) in cluster.messages("Pod", "p")
    cluster.create(template())
    cluster.run(5)
    assert node_of(cluster) == "n1"


def test_a_device_is_free_again_when_its_pod_has_ended(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(template())
    cluster.create(pod("p", from_template="t", restartPolicy="Never"))
    cluster.run(3)
    cluster.create(pod("q", from_template="t"))
    cluster.run(3)
    assert node_of(cluster, "q") == ""
    cluster.end_pod("p", "Succeeded")
    cluster.run(20)
    assert node_of(cluster, "q") == "n1"


def test_a_shared_claim_is_deallocated_when_its_last_pod_goes(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(claim())
    cluster.create(pod("p", "c"))
    cluster.run(1)
    cluster.delete("Pod", "p")
    cluster.run(60)
    found = cluster.get("ResourceClaim", "c")
    assert found["status"] == {}
    assert "finalizers" not in found["metadata"]


# ---------------------------------------------------------------------- what is said
def test_a_class_that_does_not_exist(cluster: ScheduledCluster) -> None:
    cluster.create(claim("c", request(class_name="tpu")))
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert complaint(cluster) == (
        "0/3 nodes are available: request r: device class tpu does not exist. no new claims to deallocate, "
        + NOTHING_HELPS
    )
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(device_class("tpu"))
    cluster.run(5)
    assert node_of(cluster) == "n1"


def test_no_devices(cluster: ScheduledCluster) -> None:
    cluster.create(claim())
    cluster.create(pod("p", "c"))
    cluster.run(1)
    expected = f"0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, {NOTHING_HELPS}"
    assert complaint(cluster) == expected
    cluster.create(slice_of("n2", device("gpu-0")))
    cluster.run(5)
    assert node_of(cluster) == "n2"


def test_a_claim_that_lies_elsewhere_is_moved(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(slice_of("n2", device("gpu-1")))
    cluster.create(claim())
    allocated = {
        "devices": {"results": [{"request": "r", "driver": DRIVER, "pool": "n1", "device": "gpu-0"}]},
        "nodeSelector": {
            "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]
        },
    }
    cluster.admin.update_status(CLAIMS, {**cluster.get("ResourceClaim", "c"), "status": {"allocation": allocated}})
    cluster.create(pod("p", "c", nodeSelector={"kubernetes.io/hostname": "n2"}))
    cluster.run(0.2)
    assert complaint(cluster) == (
        "0/3 nodes are available: 1 resourceclaim not available on the node, 2 node(s) didn't match Pod's node "
        f"affinity/selector. deallocation of ResourceClaim completed, {NOTHING_HELPS}"
    )
    cluster.run(10)
    assert node_of(cluster) == "n2"
    assert results(cluster) == [("r", "gpu-1")]


def test_a_tainted_device_is_for_those_who_tolerate_it(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    rule = {"deviceSelector": {"driver": DRIVER}, "taint": {"key": "broken", "effect": "NoSchedule"}}
    cluster.create({"kind": "DeviceTaintRule", "metadata": {"name": "t"}, "spec": rule})
    cluster.create(claim())
    cluster.create(claim("brave", request(tolerations=[{"key": "broken", "operator": "Exists"}])))
    cluster.create(pod("p", "c"))
    cluster.create(pod("q", "brave"))
    cluster.run(1)
    assert node_of(cluster) == ""
    assert node_of(cluster, "q") == "n1"


def test_an_incomplete_pool_has_not_all_devices(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0"), count=2))
    cluster.create(claim("c", request(allocationMode="All")))
    cluster.create(pod("p", "c"))
    cluster.run(1)
    assert "resource pool gpu.example.com/n1 is currently being updated" in complaint(cluster)


def test_a_pod_with_gates_reserves_nothing(cluster: ScheduledCluster) -> None:
    cluster.create(slice_of("n1", device("gpu-0")))
    cluster.create(claim())
    cluster.create(pod("p", "c", schedulingGates=[{"name": "example.com/wait"}]))
    cluster.run(1)
    assert "reservedFor" not in cluster.get("ResourceClaim", "c")["status"]
    cluster.patch("Pod", "p", {"spec": {"schedulingGates": None}})
    cluster.run(1)
    assert node_of(cluster) == "n1"
