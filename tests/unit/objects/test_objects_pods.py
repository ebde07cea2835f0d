"""Readers of Pods."""

import pytest

from kubesim.objects import pods
from kubesim.objects.times import parse_time


def pod(spec=None, phase="Running", ready=None, since="2026-01-01T00:00:00Z", deleting=False):
    conditions = [] if ready is None else [{"type": "Ready", "status": ready, "lastTransitionTime": since}]
    metadata = {"name": "a", **({"deletionTimestamp": since} if deleting else {})}
    return {"metadata": metadata, "spec": spec or {}, "status": {"phase": phase, "conditions": conditions}}


@pytest.mark.parametrize(
    ("given_pod", "ready", "active", "terminal"),
    [
        (pod(ready="True"), True, True, False),
        (pod(ready="False"), False, True, False),
        (pod(), False, True, False),
        (pod(phase="Succeeded"), False, False, True),
        (pod(phase="Failed", deleting=True), False, False, True),
        (pod(ready="True", deleting=True), True, False, False),
        ({"metadata": {}, "spec": {}}, False, True, False),
    ],
)
def test_states(given_pod, ready, active, terminal):
    assert pods.is_ready(given_pod) is ready
    assert pods.is_active(given_pod) is active
    assert pods.is_terminal(given_pod) is terminal


@pytest.mark.parametrize(
    ("ready", "min_ready", "after", "available"),
    [("True", 0, 0, True), ("True", 10, 9_999, False), ("True", 10, 10_000, True), ("False", 0, 99_000, False)],
)
def test_availability(ready, min_ready, after, available):
    now = parse_time("2026-01-01T00:00:00Z") + after
    assert pods.is_available(pod(ready=ready), min_ready, now) is available


def container(requests=None, limits=None, **more):
    resources = {name: listed for name, listed in (("requests", requests), ("limits", limits)) if listed}
    return {"name": "c", "resources": resources, **more}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container()]}, {}),
        (
            {"containers": [container({"cpu": "100m", "memory": "1Gi"}), container({"cpu": "1"})]},
            {"cpu": 1100, "memory": 2**30},
        ),
        (
            {"containers": [container({"cpu": "100m"})], "initContainers": [container({"cpu": "2", "memory": "1Mi"})]},
            {"cpu": 2000, "memory": 2**20},
        ),
        (
            {
                "containers": [container({"cpu": "100m"})],
                "initContainers": [
                    container({"cpu": "50m"}, restartPolicy="Always"),
                    container({"cpu": "300m"}),
                    container({"cpu": "20m"}, restartPolicy="Always"),
                ],
            },
            {"cpu": 350},
        ),
        (
            {
                "containers": [container({"cpu": "100m"})],
                "initContainers": [
                    container({"cpu": "50m"}, restartPolicy="Always"),
                    container({"cpu": "60m"}),
                    container({"cpu": "20m"}, restartPolicy="Always"),
                ],
            },
            {"cpu": 170},
        ),
        (
            {"containers": [container({"cpu": "100m"})], "overhead": {"cpu": "10m", "memory": "1Ki"}},
            {"cpu": 110, "memory": 1024},
        ),
        (
            {
                "containers": [container({"cpu": "100m", "example.com/gpu": "2"})],
                "resources": {"requests": {"cpu": "1", "example.com/gpu": "9"}},
            },
            {"cpu": 1000, "example.com/gpu": 2},
        ),
    ],
    ids=["none", "sum", "init", "sidecars-init-peak", "sidecars-sum", "overhead", "pod-level"],
)
def test_requests(spec, expected):
    assert pods.requests({"spec": spec}) == expected


def test_requests_are_computed_once_for_pods_of_one_template():
    template = {"containers": [container({"cpu": "100m"})], "restartPolicy": "Always"}
    first = pods.requests({"spec": {**template, "nodeName": "n1"}})
    assert pods.requests({"spec": {**template, "nodeName": "n2"}}) is first
    assert pods.requests({"spec": {**template, "overhead": {"cpu": "1"}}}) == {"cpu": 1100}
    assert pods.requests({"spec": template}) == {"cpu": 100}


def test_limits_get_overhead_only_where_there_is_one():
    spec = {"containers": [container(limits={"cpu": "1"})], "overhead": {"cpu": "10m", "memory": "1Ki"}}
    assert pods.limits({"spec": spec}) == {"cpu": 1010}


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([container()], "BestEffort"),
        ([container({"example.com/gpu": "1"}, {"example.com/gpu": "1"})], "BestEffort"),
        ([container({"cpu": "0"})], "BestEffort"),
        ([container(FULL, FULL)], "Guaranteed"),
        ([container(FULL, {"cpu": "1000m", "memory": "1024Mi"})], "Guaranteed"),
        ([container(FULL, FULL), container()], "Burstable"),
        ([container(FULL, {"cpu": "2", "memory": "1Gi"})], "Burstable"),
        ([container({"cpu": "1"}, {"cpu": "1"})], "Burstable"),
        ([container(FULL)], "Burstable"),
    ],
)
def test_qos_class(containers, expected):
    assert pods.qos_class({"spec": {"containers": containers}}) == expected


def test_qos_class_counts_init_containers_and_pod_level_resources():
    spec = {"containers": [container(FULL, FULL)], "initContainers": [container()]}
    assert pods.qos_class({"spec": spec}) == "Burstable"
    assert pods.qos_class({"spec": {**spec, "resources": {"requests": FULL, "limits": FULL}}}) == "Guaranteed"


def test_template_hash():
    template = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"containers": [{"name": "c"}]}}
    reordered = {"spec": {"containers": [{"name": "c"}]}, "metadata": {"labels": {"b": "2", "a": "1"}}}
    value = pods.template_hash(template)
    assert pods.template_hash(reordered) == value
    assert set(value) <= set("bcdfghjklmnpqrstvwxz2456789")
    assert len({value, pods.template_hash(template, 0), pods.template_hash(template, 1)}) == 3
    assert pods.template_hash({**template, "x": 1}) != value
