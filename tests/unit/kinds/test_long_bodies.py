"""Bodies with thousands of entries: what is compared with each other takes no time that grows with the square."""

import json
from typing import Any

import pytest

from building import create
from kubesim.api.metadata import drop_repeated_owners
from kubesim.cluster import Cluster
from kubesim.kinds.goshape import difference
from kubesim.objects.wire import MERGE_PATCH, PODS, Gvr, Key, Request

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")


def test_equal_owners_are_dropped():
    owners: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": str(number)} for number in range(3_000)
    ]
    again = dict(reversed(owners[7].items()))
    warnings: list[str] = []
    found = drop_repeated_owners({"metadata": {"ownerReferences": [*owners, again]}}, warnings)
    assert found["metadata"]["ownerReferences"] == owners
    assert warnings[0].endswith("duplicate UID(s) observed: 7")


@pytest.mark.parametrize("count", [3, 4_000], ids=["short", "long"])
def test_what_differs_is_shown_with_some_lines_around(count: int):
    old = {"head": [str(number) for number in range(count)], "tail": "z"}
    new = {**old, "head": [*old["head"][:2], "other", *old["head"][3:]]}
    shown = ['   "0",', '   "1",', '-  "2"', '+  "other"']
    lines = difference(old, new).splitlines()
    assert lines[0].startswith("@@ -")
    assert [line.rstrip(",") for line in lines if line[0] in "-+"] == [
        line.rstrip(",") for line in shown if line[0] in "-+"
    ]
    assert len(lines) <= 9


def test_nothing_differs():
    value = {"a": list(range(6_000))}
    assert difference(value, json.loads(json.dumps(value))) == ""


def test_thousands_of_tolerations(cluster: Cluster):
    tolerations = [{"key": f"k{number}", "operator": "Exists"} for number in range(1_500)]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "tolerations": tolerations, "nodeName": "n1"}
    create(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    key = Key(PODS, "default", "p")

    def patched(changed: list[dict[str, str]]) -> Any:
        body = {"spec": {"tolerations": changed}}
        return cluster.handle(Request("patch", key, body=body, content_type=MERGE_PATCH))

    kept = cluster.store.get(PODS, "default", "p")["spec"]["tolerations"]
    assert patched([*kept, {"key": "more", "operator": "Exists"}]).code == 200
    refused = patched(kept[1:])
    assert refused.code == 422
    assert "existing toleration can not be modified except its tolerationSeconds" in refused.body["message"]


def test_hundreds_of_versions(cluster: Cluster):
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [
        {"name": f"v{number}", "served": True, "storage": number == 1, "schema": schema} for number in range(1, 400)
    ]
    spec = {
        "group": "a.io", "names": {"kind": "Thing", "plural": "things"}, "scope": "Cluster", "versions": versions,
    }  # fmt: skip
    body = {"metadata": {"name": "things.a.io"}, "spec": spec}
    assert cluster.handle(Request("create", Key(DEFINITIONS), body=body)).code == 201
