"""ComponentStatuses: nobody stores them, and they follow the processes of the control plane."""

from typing import Any

import pytest

from kubesim.cluster import Cluster, Settings
from kubesim.objects.wire import FAULTS, TABLE, Key, Request, Response, core

STATUSES = core("componentstatuses")
NAMES = ["controller-manager", "scheduler", "etcd-0"]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(Settings(name="statuses"))


def ask(cluster: Cluster, verb: str, name: str = "", **more: Any) -> Response:
    return cluster.handle(Request(verb, Key(STATUSES, "", name), **more))


def crash(cluster: Cluster, component: str) -> None:
    spec = {"type": "ComponentCrash", "target": {"kind": "Component", "name": component}}
    body = {"metadata": {"name": f"crash-{component}"}, "spec": spec}
    response = cluster.handle(Request("create", Key(FAULTS), body=body))
    assert response.code == 201, response.body
    cluster.advance(5_000)


def test_a_healthy_cluster(cluster: Cluster):
    response = ask(cluster, "list")
    assert response.warnings == ("v1 ComponentStatus is deprecated in v1.19+",)
    assert [item["metadata"] for item in response.body["items"]] == [{"name": name} for name in NAMES]
    well = [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert all(item["conditions"] == well for item in response.body["items"])
    rows = ask(cluster, "list", accept=TABLE).body["rows"]
    assert [row["cells"] for row in rows] == [[name, "Healthy", "ok", ""] for name in NAMES]


@pytest.mark.parametrize(
    ("component", "name", "cells"),
    [
        ("kube-scheduler", "scheduler", ["Unhealthy", 'Get "https://127.0.0.1:10259/healthz": dial tcp '
         "127.0.0.1:10259: connect: connection refused", ""]),
        ("kube-controller-manager", "controller-manager", ["Unhealthy", 'Get "https://127.0.0.1:10257/healthz": dial '
         "tcp 127.0.0.1:10257: connect: connection refused", ""]),
        ("etcd", "etcd-0", ["Unhealthy", "", "context deadline exceeded"]),
    ],
    ids=["scheduler", "manager", "etcd"],
)  # fmt: skip
def test_a_process_that_is_gone(cluster: Cluster, component: str, name: str, cells: list[str]):
    crash(cluster, component)
    assert ask(cluster, "get", name, accept=TABLE).body["rows"][0]["cells"] == [name, *cells]
    body = ask(cluster, "get", name).body
    assert (body["kind"], body["conditions"][0]["status"]) == ("ComponentStatus", "False")


def test_one_is_chosen_by_its_name(cluster: Cluster):
    found = ask(cluster, "list", query={"fieldSelector": "metadata.name=etcd-0"}).body["items"]
    assert [item["metadata"]["name"] for item in found] == ["etcd-0"]
    assert ask(cluster, "list", query={"labelSelector": "a=b"}).body["items"] == []
    missing = ask(cluster, "get", "nobody")
    assert (missing.code, missing.body["message"]) == (500, "Component not found: nobody")


def test_they_are_only_read(cluster: Cluster):
    assert ask(cluster, "create", body={"metadata": {"name": "x"}}).code == 405
    assert ask(cluster, "delete", "scheduler").code == 405
