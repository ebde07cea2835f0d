"""What may be said in claims, slices and taint rules, and in the status of claims."""

from typing import Any

import pytest
from device_objects import DRIVER, claim, device, device_class, pod, request, selecting, slice_of

from kubesim.kinds.devices.strategies import ResourceClaimStrategy
from kubesim.objects.errors import ApiError
from unit.scheduler.scheduled_cluster import ScheduledCluster


@pytest.fixture
def cluster() -> ScheduledCluster:
    made = ScheduledCluster()
    made.create(device_class())
    return made


def refusal(cluster: ScheduledCluster, body: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as caught:
        cluster.create(body)
    return str(caught.value)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no class": (
        claim("c", {"name": "r", "exactly": {}}),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0].exactly.deviceClassName: Required '
        "value",
    ),
    "neither": (
        claim("c", {"name": "r"}),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0]: Required value: exactly one of '
        "`exactly` or `firstAvailable` is required",
    ),
    "count with all": (
        claim("c", request(allocationMode="All", count=2)),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0].exactly.count: Invalid value: 2: must '
        "not be specified when allocationMode is 'All'",
    ),
    "mode": (
        claim("c", request(allocationMode="Some")),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.requests[0].exactly.allocationMode: Unsupported '
        'value: "Some": supported values: "All", "ExactCount"',
    ),
    "constraint on nobody": (
        claim("c", constraints=[{"requests": ["x"], "matchAttribute": "a.example.com/b"}]),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.constraints[0].requests[0]: Invalid value: "x": '
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
    ),
    "attribute without domain": (
        claim("c", constraints=[{"matchAttribute": "b"}]),
        'ResourceClaim.resource.k8s.io "c" is invalid: spec.devices.constraints[0].matchAttribute: Invalid value: "b": '
        "must include a domain",
    ),
    "no place": (
        {**slice_of("n1", device("g-0")), "spec": {**slice_of("n1", device("g-0"))["spec"], "nodeName": None}},
        'ResourceSlice.resource.k8s.io "n1-gpus" is invalid: spec: Required value: exactly one of `nodeName`, '
        "`nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required",
    ),
    "twice": (
        slice_of("n1", device("g-0"), device("g-0")),
        'ResourceSlice.resource.k8s.io "n1-gpus" is invalid: spec.devices[1].name: Duplicate value: "g-0"',
    ),
    "version": (
        slice_of("n1", {"name": "g", "attributes": {"v": {"version": "1.x"}}}),
        'ResourceSlice.resource.k8s.io "n1-gpus" is invalid: spec.devices[0].attributes[v].version: Invalid value: '
        '"1.x": must be a string compatible with semver.org spec 2.0.0',
    ),
    "taint": (
        {"kind": "DeviceTaintRule", "metadata": {"name": "t"}, "spec": {"taint": {"key": "k"}}},
        'DeviceTaintRule.resource.k8s.io "t" is invalid: spec.taint.effect: Required value',
    ),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(cluster: ScheduledCluster, body: dict[str, Any], message: str) -> None:
    assert refusal(cluster, body) == message


def test_a_selector_must_compile(cluster: ScheduledCluster) -> None:
    text = refusal(cluster, claim("c", request(selectors=selecting("device.driver =="))))
    assert "spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value" in text
    assert "compilation failed: " in text


def test_defaults_and_rows(cluster: ScheduledCluster) -> None:
    made = cluster.create(claim())
    assert made["spec"]["devices"]["requests"][0]["exactly"] == {
        "deviceClassName": "gpu",
        "allocationMode": "ExactCount",
        "count": 1,
    }
    assert "generation" not in made["metadata"]
    assert cluster.create(slice_of("n1", device("gpu-0")))["metadata"]["generation"] == 1


def test_the_spec_of_a_claim_stays(cluster: ScheduledCluster) -> None:
    made = cluster.create(claim())
    changed = cluster.create(claim("other", request(count=2)))
    causes = ResourceClaimStrategy().validate_update(changed, made)
    assert [(cause.field, cause.message.rpartition(": ")[2]) for cause in causes] == [("spec", "field is immutable")]
    assert ResourceClaimStrategy().validate_update(made, made) == []


STATUSES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "reserved without an allocation": (
        {"reservedFor": [{"resource": "pods", "name": "p", "uid": "u"}]},
        ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"],
    ),
    "a consumer without uid": (
        {"allocation": {}, "reservedFor": [{"resource": "pods", "name": "p"}]},
        ["status.reservedFor[0].uid: Required value"],
    ),
    "a request that there is not": (
        {"allocation": {"devices": {"results": [{"request": "x", "driver": DRIVER, "pool": "n", "device": "d"}]}}},
        [
            'status.allocation.devices.results[0].request: Invalid value: "x": must be the name of a request in the '
            "claim or the name of a request and a subrequest separated by '/'"
        ],
    ),
}


@pytest.mark.parametrize(("status", "messages"), STATUSES.values(), ids=STATUSES.keys())
def test_what_a_status_may_not_say(cluster: ScheduledCluster, status: dict[str, Any], messages: list[str]) -> None:
    made = cluster.create(claim())
    causes = ResourceClaimStrategy().validate_update({**made, "status": status}, made, "status")
    assert [f"{cause.field}: {cause.message}" for cause in causes] == messages


PODS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "both sources": (
        {"resourceClaims": [{"name": "gpu", "resourceClaimName": "a", "resourceClaimTemplateName": "b"}]},
        [],
        'spec.resourceClaims[0]: Invalid value: {"name":"gpu","resourceClaimName":"a","resourceClaimTemplateName":"b"}'
        ": at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
    ),
    "no source": (
        {"resourceClaims": [{"name": "gpu"}]},
        [],
        'spec.resourceClaims[0]: Invalid value: {"name":"gpu"}: must specify one of: `resourceClaimName`, '
        "`resourceClaimTemplateName`",
    ),
    "one name twice": (
        {"resourceClaims": [{"name": "gpu", "resourceClaimName": "a"}, {"name": "gpu", "resourceClaimName": "b"}]},
        [],
        'spec.resourceClaims[1].name: Duplicate value: "gpu"',
    ),
    "a container that names another": (
        {"resourceClaims": [{"name": "gpu", "resourceClaimName": "a"}]},
        [{"name": "nic"}],
        'spec.containers[0].resources.claims[0]: Not found: "nic": must be one of the names in '
        "pod.spec.resourceClaims: gpu",
    ),
    "a container of a pod without claims": (
        {"resourceClaims": []},
        [{"name": "nic"}],
        'spec.containers[0].resources.claims[0]: Not found: "nic": must be one of the names in '
        "pod.spec.resourceClaims which is empty",
    ),
    "a container that names one twice": (
        {"resourceClaims": [{"name": "gpu", "resourceClaimName": "a"}]},
        [{"name": "gpu"}, {"name": "gpu"}],
        'spec.containers[0].resources.claims[1]: Duplicate value: "gpu"',
    ),
}


@pytest.mark.parametrize(("spec", "used", "message"), PODS.values(), ids=PODS)
def test_claims_of_pods(
    cluster: ScheduledCluster, spec: dict[str, Any], used: list[dict[str, Any]], message: str
) -> None:
    body = pod("p")
    containers = [{"name": "c", "image": "i", "resources": {"claims": used}}]
    text = refusal(cluster, {**body, "spec": {**body["spec"], **spec, "containers": containers}})
    assert text == f'Pod "p" is invalid: {message}'
