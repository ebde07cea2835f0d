"""What objects use of a ResourceQuota."""

from typing import Any

import pytest

from kubesim.objects import quota
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, PODS, SERVICES, Gvr

NOW = 1_767_225_600_000


def pod(**spec: Any) -> dict[str, Any]:
    containers = spec.pop("containers", [{"name": "c", "resources": spec.pop("resources", {})}])
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, **spec}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("names", "gvr", "expected"),
    [
        pytest.param(["pods", "services", "requests.cpu"], PODS, ["pods", "requests.cpu"], id="pods"),
        pytest.param(["requests.storage"], PODS, [], id="storage-is-not-of-pods"),
        pytest.param(["requests.example.com/gpu"], PODS, ["requests.example.com/gpu"], id="extended"),
        pytest.param(["count/deployments.apps"], DEPLOYMENTS, ["count/deployments.apps"], id="count"),
        pytest.param(["deployments.apps"], DEPLOYMENTS, [], id="no-count"),
        pytest.param(["configmaps", "count/configmaps"], CONFIGMAPS, ["configmaps", "count/configmaps"], id="old-name"),
        pytest.param(["services.nodeports"], SERVICES, ["services.nodeports"], id="node-ports"),
        pytest.param(
            ["gold.storageclass.storage.k8s.io/requests.storage"],
            quota.CLAIMS,
            ["gold.storageclass.storage.k8s.io/requests.storage"],
            id="storage-class",
        ),
    ],
)
def test_counted(names: list[str], gvr: Gvr, expected: list[str]) -> None:
    assert quota.counted(names, gvr) == expected


def test_a_pod_uses_what_it_requests() -> None:
    resources = {"requests": {"cpu": "500m", "memory": "1Gi", "example.com/gpu": "2"}, "limits": {"memory": "2Gi"}}
    assert quota.usage(PODS, pod(resources=resources), NOW) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "500m",
        "requests.cpu": "500m",
        "memory": "1Gi",
        "requests.memory": "1Gi",
        "limits.memory": "2Gi",
        "requests.example.com/gpu": "2",
    }


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": {"phase": "Succeeded"}}, id="ended"),
        pytest.param(
            {"metadata": {"deletionTimestamp": "2025-12-31T23:59:00Z", "deletionGracePeriodSeconds": 30}},
            id="grace-is-over",
        ),
    ],
)
def test_a_pod_at_its_end_counts_as_an_object_only(change: dict[str, Any]) -> None:
    assert quota.usage(PODS, {**pod(), **change}, NOW) == {"count/pods": "1"}


@pytest.mark.parametrize(
    ("spec", "ports", "balancers"),
    [
        ({"type": "ClusterIP", "ports": [{"port": 1}]}, "0", "0"),
        ({"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}, "2", "0"),
        ({"type": "LoadBalancer", "ports": [{"port": 1}]}, "1", "1"),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"port": 1}]}, "0", "1"),
    ],
    ids=["cluster", "node", "balanced", "without-node-ports"],
)
def test_a_service_uses_ports(spec: dict[str, Any], ports: str, balancers: str) -> None:
    found = quota.usage(SERVICES, {"spec": spec}, NOW)
    assert (found["services"], found["services.nodeports"], found["services.loadbalancers"]) == ("1", ports, balancers)


def test_a_claim_uses_storage_of_its_class() -> None:
    claim = {"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}}
    assert quota.usage(quota.CLAIMS, claim, NOW) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "1Gi",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
    }


def test_missing_names_the_containers() -> None:
    containers = [
        {"name": "b"},
        {"name": "a", "resources": {"requests": {"cpu": "1"}}},
        {"name": "c", "resources": {"limits": {"memory": "1Gi"}}},
    ]
    text = quota.missing(["requests.cpu", "limits.memory", "pods"], pod(containers=containers))
    assert text == "must specify limits.memory for: a,b; requests.cpu for: b,c"
    assert quota.missing(["pods"], pod(containers=containers)) == ""


@pytest.mark.parametrize(
    ("scopes", "selector", "spec", "expected"),
    [
        (["BestEffort"], [], {}, True),
        (["NotBestEffort"], [], {}, False),
        (["Terminating"], [], {"activeDeadlineSeconds": 5}, True),
        (["NotTerminating"], [], {"activeDeadlineSeconds": 5}, False),
        (
            [],
            [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}],
            {"priorityClassName": "high"},
            True,
        ),
        ([], [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["high"]}], {}, True),
        ([], [{"scopeName": "PriorityClass", "operator": "Exists"}], {}, False),
        (
            ["CrossNamespacePodAffinity"],
            [],
            {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}}},
            True,
        ),
        (["CrossNamespacePodAffinity"], [], {}, False),
    ],
)
def test_scopes(scopes: list[str], selector: list[Any], spec: dict[str, Any], expected: bool) -> None:
    found = {"spec": {"hard": {"pods": "1"}, "scopes": scopes, "scopeSelector": {"matchExpressions": selector}}}
    assert quota.covers(found, PODS, pod(**spec)) is expected


def test_a_quota_of_other_kinds_covers_nothing() -> None:
    assert not quota.covers({"spec": {"hard": {"services": "1"}}}, PODS, pod())
