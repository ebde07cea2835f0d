"""Endpoints, their ports and hints, and how they are packed."""

from typing import Any

import pytest

from kubesim.controllers.endpoints import addresses, packing
from kubesim.controllers.endpoints.membership import Entry, Membership
from kubesim.controllers.endpoints.packing import Address, Fill


def service(**spec: Any) -> Any:
    return {"metadata": {"name": "s", "namespace": "d"}, "spec": {"ports": [{"name": "http", "port": 80}], **spec}}


def pod(*, ready: bool = True, deleting: bool = False, phase: str = "Running", **spec: Any) -> Any:
    metadata: dict[str, Any] = {"name": "p", "namespace": "d", "uid": "u"}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = {
        "phase": phase,
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [], **spec}, "status": status}


@pytest.mark.parametrize(
    ("made", "publish", "expected"),
    [
        pytest.param(pod(), False, (True, True, False), id="ready"),
        pytest.param(pod(ready=False), False, (False, False, False), id="unready"),
        pytest.param(pod(ready=False), True, (True, False, False), id="published"),
        pytest.param(pod(deleting=True), False, (False, True, True), id="terminating"),
        pytest.param(pod(ready=False, deleting=True), False, (False, False, True), id="terminating-unready"),
    ],
)
def test_conditions(made: Any, expected: tuple[bool, bool, bool], *, publish: bool) -> None:
    found = addresses.endpoint(made, service(publishNotReadyAddresses=publish), "IPv4", "z")
    assert found is not None
    assert tuple(found["conditions"][name] for name in ("ready", "serving", "terminating")) == expected


@pytest.mark.parametrize(
    ("distribution", "zone", "ready", "expected"),
    [
        pytest.param(None, "z", True, None, id="none"),
        pytest.param("PreferClose", "z", True, {"forZones": [{"name": "z"}]}, id="close"),
        pytest.param("PreferSameZone", "z", True, {"forZones": [{"name": "z"}]}, id="zone"),
        pytest.param(
            "PreferSameNode", "z", True, {"forZones": [{"name": "z"}], "forNodes": [{"name": "n1"}]}, id="node"
        ),
        pytest.param("PreferSameZone", "", True, None, id="no-zone"),
        pytest.param("PreferSameZone", "z", False, None, id="unready"),
    ],
)
def test_hints(distribution: str | None, zone: str, expected: Any, *, ready: bool) -> None:
    found = addresses.endpoint(pod(ready=ready), service(trafficDistribution=distribution), "IPv4", zone)
    assert found is not None
    assert found.get("hints") == expected


def test_families_and_hostnames() -> None:
    made = pod(hostname="h", subdomain="s")
    found = addresses.endpoint(made, service(), "IPv6", None)
    assert found is not None
    assert (found["addresses"], found["hostname"], "zone" in found) == (["fd00::1"], "h", False)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([{"port": 80, "targetPort": 8080, "name": "a"}], (("a", "TCP", 8080, ""),), id="number"),
        pytest.param([{"port": 80}], (("", "TCP", 80, ""),), id="same"),
        pytest.param([{"port": 80, "targetPort": "web"}], (("", "TCP", 9000, ""),), id="named"),
        pytest.param([{"port": 80, "targetPort": "web", "protocol": "UDP"}], (), id="other-protocol"),
        pytest.param([{"port": 80, "targetPort": "side"}], (("", "TCP", 7, ""),), id="of-a-sidecar"),
        pytest.param([{"port": 80, "targetPort": "init"}], (), id="of-an-init-container"),
    ],
)
def test_ports(ports: list[Any], expected: Any) -> None:
    containers = [{"name": "c", "ports": [{"name": "web", "containerPort": 9000}]}]
    initial = [
        {"name": "i", "ports": [{"name": "init", "containerPort": 6}]},
        {"name": "s", "restartPolicy": "Always", "ports": [{"name": "side", "containerPort": 7}]},
    ]
    made = pod(containers=containers, initContainers=initial)
    assert addresses.ports_of(service(ports=ports), made) == expected


@pytest.mark.parametrize(
    ("changed", "unchanged", "count", "expected"),
    [
        pytest.param({}, {}, 3, [Fill("", 3)], id="new"),
        pytest.param({}, {}, 250, [Fill("", 100), Fill("", 100), Fill("", 50)], id="many"),
        pytest.param({"a": 50, "b": 90}, {}, 20, [Fill("b", 10), Fill("a", 10)], id="changed-fullest-first"),
        pytest.param({}, {"a": 50, "b": 90}, 20, [Fill("a", 20)], id="unchanged-that-holds-all"),
        pytest.param({}, {"a": 50, "b": 70}, 20, [Fill("b", 20)], id="the-fullest-that-holds-all"),
        pytest.param({}, {"a": 95}, 20, [Fill("", 20)], id="none-holds-all"),
        pytest.param({"a": 100}, {}, 0, [], id="nothing"),
    ],
)
def test_fill(changed: dict[str, int], unchanged: dict[str, int], count: int, expected: list[Fill]) -> None:
    assert packing.fill(changed, unchanged, count) == expected


HTTP, METRICS = ("http", "TCP", 80, ""), ("m", "TCP", 9, "")


def test_subsets_group_ports_with_equal_addresses() -> None:
    every = [
        Address((HTTP, METRICS), True, {"ip": "1"}),
        Address((HTTP,), True, {"ip": "2"}),
        Address((HTTP, METRICS), False, {"ip": "3"}),
    ]
    assert packing.subsets(every) == [
        {
            "addresses": [{"ip": "1"}, {"ip": "2"}],
            "notReadyAddresses": [{"ip": "3"}],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        },
        {
            "addresses": [{"ip": "1"}],
            "notReadyAddresses": [{"ip": "3"}],
            "ports": [{"name": "m", "port": 9, "protocol": "TCP"}],
        },
    ]


@pytest.mark.parametrize(
    ("ready", "waiting", "kept"),
    [
        pytest.param(3, 2, (3, 2), id="all"),
        pytest.param(4, 4, (4, 1), id="ready-first"),
        pytest.param(9, 4, (5, 0), id="only-ready"),
    ],
)
def test_truncate(ready: int, waiting: int, kept: tuple[int, int]) -> None:
    subset = {"addresses": [{"ip": str(n)} for n in range(ready)], "notReadyAddresses": [{} for _ in range(waiting)]}
    found, cut = packing.truncate([subset], limit=5)
    assert (len(found[0].get("addresses", ())), len(found[0].get("notReadyAddresses", ()))) == kept
    assert cut is (ready + waiting > 5)


def entry(ip: str, port: int = 80) -> Entry:
    return Entry((("", "TCP", port, ""),), {"addresses": [ip]})


def test_membership_touches_only_what_changes() -> None:
    found = Membership()
    for number in range(150):
        found.put(f"p{number}", entry(str(number)))
    found.settle()
    assert sorted(len(each.endpoints) for each in found.slices.values()) == [50, 100]
    for number, each in enumerate(list(found.slices.values())):
        found.rename(each, {"metadata": {"name": f"s{number}", "resourceVersion": "1"}})
        each.changed = False
    found.put("p3", entry("other"))
    found.put("p4", entry("4"))
    found.settle()
    assert [each.name for each in found.slices.values() if each.changed] == [found.placed["p3"]]
    found.put("p3", None)
    found.put("new", entry("x"))
    found.settle()
    assert found.placed["new"] == found.placed["p4"]


def test_membership_keeps_a_placeholder_and_reuses_slices() -> None:
    found = Membership()
    found.settle()
    assert len(found.slices) == 1
    found.rename(next(iter(found.slices.values())), {"metadata": {"name": "s", "resourceVersion": "1"}})
    found.put("p", entry("1"))
    found.settle()
    assert list(found.slices) == ["s"]
    found.put("p", entry("1", port=81))
    found.settle()
    assert list(found.slices) == ["s"]
    assert found.placed == {"p": "s"}
    found.put("p", None)
    found.settle()
    assert (list(found.slices), found.placed, found.take_deleted()) == (["s"], {}, [])
