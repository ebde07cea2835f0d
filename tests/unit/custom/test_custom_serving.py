"""Definitions in a whole cluster: saved, forked, followed by components, and free of charge without any."""

from pathlib import Path
from typing import Any

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.objects.wire import MERGE_PATCH, Gvr, Key, Request

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
THINGS = Gvr("example.com", "v1", "things")
SCHEMA = {"type": "object", "properties": {
    "spec": {"type": "object", "properties": {"replicas": {"type": "integer", "default": 2}, "x": {"type": "integer"}},
             "x-kubernetes-validations": [{"rule": "!has(self.x) || self.x < 5"}]},
    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}  # fmt: skip


def definition() -> dict[str, Any]:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
             "labelSelectorPath": ".status.selector"}  # fmt: skip
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA},
               "subresources": {"status": {}, "scale": scale}}  # fmt: skip
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                 "versions": [version]},
    }  # fmt: skip


def thing(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, "spec": spec}


def served() -> Cluster:
    cluster = Cluster(Settings(validate_components=True))
    create(cluster, definition())
    cluster.advance(1_000)
    return cluster


def code(cluster: Cluster, verb: str, name: str = "", body: Any = None, **more: Any) -> int:
    return cluster.handle(Request(verb, Key(THINGS, "default", name), body=body, **more)).code


def test_nothing_is_served_before_it_is_established():
    cluster = Cluster()
    create(cluster, definition())
    assert cluster.api.scheme.find(THINGS) is None
    cluster.advance(100)
    assert cluster.api.scheme.find(THINGS) is not None


def test_a_cluster_with_custom_resources_is_saved_and_forked(tmp_path: Path):
    cluster = served()
    assert create(cluster, thing("a"))["spec"] == {"replicas": 2}
    fork = cluster.fork()
    assert code(fork, "create", body=thing("b", x=9)) == 422
    assert code(fork, "create", body=thing("b", x=1)) == 201
    assert code(cluster, "get", "b") == 404
    cluster.save(tmp_path / "saved")
    loaded = Cluster.load(tmp_path / "saved")
    assert code(loaded, "get", "a") == 200
    assert code(loaded, "create", body=thing("c", x=9)) == 422
    assert loaded.digest() == cluster.digest()


def test_scale_and_status():
    cluster = served()
    create(cluster, thing("a"))
    status = {"status": {"replicas": 1, "selector": "app=a"}}
    assert code(cluster, "patch", "a", status, subresource="status", content_type=MERGE_PATCH) == 200
    key = Key(THINGS, "default", "a")
    scale = cluster.handle(Request("get", key, "scale")).body
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 1, "selector": "app=a"})
    assert code(cluster, "patch", "a", {"spec": {"replicas": 5}}, subresource="scale", content_type=MERGE_PATCH) == 200
    found = cluster.handle(Request("get", key)).body
    assert (found["spec"]["replicas"], found["metadata"]["generation"], found["status"]["replicas"]) == (5, 2, 1)
    refused = cluster.handle(Request("patch", key, "scale", {"spec": {"replicas": -1}}, content_type=MERGE_PATCH))
    assert refused.code == 422


def test_namespaces_take_custom_objects_with_them():
    cluster = served()
    create(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    create(cluster, thing("a"), namespace="n")
    cluster.handle(Request("delete", Key(Gvr("", "v1", "namespaces"), "", "n")))
    cluster.advance(60_000)
    assert cluster.handle(Request("get", Key(Gvr("", "v1", "namespaces"), "", "n"))).code == 404
    assert cluster.handle(Request("get", Key(THINGS, "n", "a"))).code == 404


def test_objects_own_and_are_owned():
    cluster = served()
    parent = create(cluster, thing("parent"))
    reference = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "parent", "uid": parent["metadata"]["uid"]}
    child = thing("child")
    child["metadata"]["ownerReferences"] = [reference]
    create(cluster, child)
    assert code(cluster, "delete", "parent") == 200
    cluster.advance(30_000)
    assert code(cluster, "get", "child") == 404


def test_a_definition_that_comes_again_begins_anew():
    cluster = served()
    create(cluster, thing("a"))
    cluster.handle(Request("delete", Key(DEFINITIONS, "", "things.example.com")))
    cluster.advance(5_000)
    assert cluster.api.scheme.find(THINGS) is None
    create(cluster, definition())
    cluster.advance(1_000)
    assert cluster.handle(Request("list", Key(THINGS, "default"))).body["items"] == []
    create(cluster, thing("a"))


def test_an_autoscaler_scales_custom_objects():
    cluster = served()
    create(cluster, thing("a", replicas=1))
    status = {"status": {"replicas": 1, "selector": "app=a"}}
    assert code(cluster, "patch", "a", status, subresource="status", content_type=MERGE_PATCH) == 200
    reference = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "a"}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": reference, "minReplicas": 3, "maxReplicas": 5},
    }
    create(cluster, scaler)
    cluster.advance(60_000)
    found = cluster.handle(Request("get", Key(THINGS, "default", "a"))).body
    assert found["spec"]["replicas"] == 3
