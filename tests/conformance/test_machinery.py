"""sig-api-machinery: garbage collection, namespaces, watches, chunks, discovery, versions, tables, field validation."""

import json
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import controller, controller_of, pod, service, workload
from conformance.ways import Api, Tree
from kubesim.objects.wire import DEPLOYMENTS, Key, Request


def pods_of(of: Speak) -> list[str]:
    return of("v1/pods").names()


def test_pods_of_a_deleted_controller_are_collected(of: Speak):
    sets = of("v1/replicationcontrollers")
    made = sets.create(controller("rc", 2))
    of("v1/pods").until_list(lambda found: len(found) == 2)
    sets.delete("rc", propagationPolicy="Background", preconditions={"uid": made["metadata"]["uid"]})
    sets.until_gone("rc")
    of("v1/pods").until_list(lambda found: not found)


def test_pods_are_orphaned_on_request(of: Speak):
    sets, pods = of("v1/replicationcontrollers"), of("v1/pods")
    sets.create(controller("rc", 10))
    sets.until("rc", lambda tree: tree["status"]["replicas"] == 10)
    sets.delete("rc", propagationPolicy="Orphan")
    sets.until_gone("rc")
    pods.api.wait(30)
    assert len(pods_of(of)) == 10
    assert not any(map(controller_of, pods.items()))


def test_a_controller_stays_until_its_pods_are_gone(of: Speak):
    sets, pods = of("v1/replicationcontrollers"), of("v1/pods")
    sets.create(controller("rc", 10))
    sets.until("rc", lambda tree: tree["status"]["replicas"] == 10)
    since = sets.revision()
    gone = sets.delete("rc", propagationPolicy="Foreground")
    assert gone["metadata"]["finalizers"] == ["foregroundDeletion"]
    sets.until_gone("rc")
    assert pods.items() == []
    assert sets.types(since)[-1] == "DELETED"


@pytest.mark.parametrize("policy", ["Background", "Orphan"])
def test_replica_sets_of_a_deleted_deployment(of: Speak, policy: str):
    deployments, sets = of("apps/v1/deployments"), of("apps/v1/replicasets")
    deployments.create(workload("web", 2))
    sets.until_list(lambda found: len(found) == 1)
    deployments.delete("web", propagationPolicy=policy)
    deployments.until_gone("web")
    if policy == "Background":
        sets.until_list(lambda found: not found)
    else:
        sets.api.wait(30)
        assert [controller_of(item) for item in sets.items()] == [""]


def owner(tree: Tree, **more: Any) -> Tree:
    return {"apiVersion": "v1", "kind": "Pod", "name": tree["metadata"]["name"], "uid": tree["metadata"]["uid"], **more}


def test_a_circle_of_owners_is_no_obstacle(of: Speak):
    pods = of("v1/pods")
    made = [pods.create(pod(f"pod{number}")) for number in (1, 2, 3)]
    for number in range(3):
        pods.patch(
            made[number]["metadata"]["name"],
            {"metadata": {"ownerReferences": [owner(made[number - 1], controller=True, blockOwnerDeletion=True)]}},
        )
    pods.delete("pod1", propagationPolicy="Foreground")
    pods.until_list(lambda found: not found)


def test_a_dependent_with_another_valid_owner_stays(of: Speak):
    maps = of("v1/configmaps")
    names = ("leaving", "staying")
    owners = [maps.create({"metadata": {"name": name}}) for name in names]
    references = [{**owner(tree), "kind": "ConfigMap", "blockOwnerDeletion": True} for tree in owners]
    maps.create({"metadata": {"name": "shared", "ownerReferences": references}})
    maps.create({"metadata": {"name": "own", "ownerReferences": references[:1]}})
    maps.api.wait(2)
    maps.delete("leaving", propagationPolicy="Foreground")
    maps.until_gone("leaving")
    maps.until_gone("own")
    kept = maps.until("shared", lambda tree: len(tree["metadata"]["ownerReferences"]) == 1)
    assert kept["metadata"]["ownerReferences"][0]["name"] == "staying"


def test_half_of_the_pods_stay_with_another_controller(of: Speak):
    sets, pods = of("v1/replicationcontrollers"), of("v1/pods")
    leaving = sets.create(controller("leaving", 20))
    staying = sets.create(controller("staying", 0))
    sets.until("leaving", lambda tree: tree["status"]["replicas"] == 20)
    reference = {**owner(staying), "kind": "ReplicationController"}
    for name in pods.names()[:10]:
        pods.patch(name, {"metadata": {"ownerReferences": [reference]}}, kind="strategic")
    sets.delete("leaving", propagationPolicy="Foreground", preconditions={"uid": leaving["metadata"]["uid"]})
    sets.until_gone("leaving", seconds=90)
    left = pods.items()
    assert len(left) == 10
    assert not any("deletionTimestamp" in each["metadata"] for each in left)
    assert [[ref["name"] for ref in each["metadata"]["ownerReferences"]] for each in left] == [["staying"]] * 10


# ---------------------------------------------------------------------- namespaces
@pytest.mark.parametrize("path", ["v1/pods", "v1/services"])
def test_a_deleted_namespace_takes_all_along(of: Speak, path: str):
    spaces = of("v1/namespaces", cluster=True)
    spaces.create({"metadata": {"name": "doomed"}})
    of("v1/serviceaccounts", within="doomed").until_list(len)
    body = pod("p") if path == "v1/pods" else service("s", "x")
    of(path, within="doomed").create(body)
    spaces.delete("doomed")
    spaces.until_gone("doomed")
    spaces.create({"metadata": {"name": "doomed"}})
    assert of(path, within="doomed").items() == []
    spaces.delete("doomed")
    spaces.until_gone("doomed")


def test_a_namespace_is_patched_finalized_and_has_a_status(of: Speak, namespace: str):
    spaces = of("v1/namespaces", cluster=True)
    assert spaces.patch(namespace, {"metadata": {"labels": {"testLabel": "testValue"}}})["metadata"]["labels"][
        "testLabel"
    ]
    condition = {"type": "StatusPatch", "status": "False", "reason": "E2E", "message": "Patched by an e2e test"}
    patched = spaces.patch(namespace, {"status": {"conditions": [condition]}}, part="status")
    assert patched["status"]["conditions"][-1]["reason"] == "E2E"
    fresh = spaces.get(namespace)
    fresh["spec"]["finalizers"] = [*fresh["spec"]["finalizers"], "e2e.example.com/fakeFinalizer"]
    assert len(spaces.update(fresh, part="finalize")["spec"]["finalizers"]) == 2
    fresh = spaces.get(namespace)
    fresh["spec"]["finalizers"] = ["kubernetes"]
    assert spaces.update(fresh, part="finalize")["spec"]["finalizers"] == ["kubernetes"]


def test_pods_of_a_namespace_go_before_the_rest(of: Speak):
    spaces = of("v1/namespaces", cluster=True)
    spaces.create({"metadata": {"name": "ordered"}})
    of("v1/serviceaccounts", within="ordered").until_list(len)
    pods, maps = of("v1/pods", within="ordered"), of("v1/configmaps", within="ordered")
    made = pod("held")
    made["metadata"]["finalizers"] = ["e2e.example.com/finalizer"]
    pods.create(made)
    maps.create({"metadata": {"name": "kept"}})
    spaces.delete("ordered")
    remaining = spaces.until("ordered", lambda tree: len(tree["status"].get("conditions", ())) >= 5)
    assert remaining["status"]["phase"] == "Terminating"
    assert maps.get("kept")["metadata"]["name"] == "kept"
    pods.patch("held", {"metadata": {"finalizers": None}})
    spaces.until_gone("ordered")


# ---------------------------------------------------------------------- watches
def marked(name: str, label: str, **data: str) -> Tree:
    return {"metadata": {"name": name, "labels": {"watch-this-configmap": label}}, "data": data}


def test_an_object_that_leaves_the_selector_is_deleted_for_the_watch(of: Speak):
    maps = of("v1/configmaps")
    since = maps.revision()
    maps.create(marked("a", "restored"))
    maps.patch("a", {"data": {"mutation": "1"}})
    maps.patch("a", {"metadata": {"labels": {"watch-this-configmap": "wrong"}}})
    maps.patch("a", {"data": {"mutation": "2"}})
    maps.patch("a", {"metadata": {"labels": {"watch-this-configmap": "restored"}}})
    maps.patch("a", {"data": {"mutation": "3"}})
    maps.delete("a")
    selector = {"labelSelector": "watch-this-configmap=restored"}
    assert maps.types(since, **selector) == ["ADDED", "MODIFIED", "DELETED", "ADDED", "MODIFIED", "DELETED"]


def test_a_watch_goes_on_from_the_last_version_seen(of: Speak):
    maps = of("v1/configmaps")
    since = maps.revision()
    maps.create(marked("b", "x"))
    second = maps.patch("b", {"data": {"mutation": "1"}})["metadata"]["resourceVersion"]
    maps.patch("b", {"data": {"mutation": "2"}})
    maps.delete("b")
    selector = {"labelSelector": "watch-this-configmap=x"}
    assert maps.types(second, **selector) == ["MODIFIED", "DELETED"]
    assert maps.types(since, **selector) == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    orders = [[tree["metadata"]["resourceVersion"] for _, tree in maps.events(since)] for _ in range(3)]
    assert orders[0] == orders[1] == orders[2]


# ---------------------------------------------------------------------- lists in chunks
def test_lists_come_in_chunks(of: Speak):
    templates = of("v1/podtemplates")
    for number in range(30):
        templates.create(
            {
                "metadata": {"name": f"template-{number:04}"},
                "template": {"spec": {"containers": [{"name": "test", "image": "test2"}]}},
            }
        )
    first = templates.call("list", query={"limit": "12"})
    assert first["metadata"]["remainingItemCount"] == 18
    templates.delete("template-0029")
    names, page = [], first
    while True:
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue")
        if not token:
            break
        page = templates.call("list", query={"limit": "12", "continue": token})
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert names == [f"template-{number:04}" for number in range(30)]


def test_unknown_and_doubled_fields(api: Api, namespace: str):
    body = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", **workload("strict", 1)})
    twice = body.replace('"replicas": 1', '"unknown": 1, "replicas": 1, "replicas": 2')
    for strictness, code, texts in (
        ("Strict", 400, ('unknown field "spec.unknown"', 'duplicate field "spec.replicas"')),
        ("Warn", 201, ('unknown field "spec.unknown"', 'duplicate field "spec.replicas"')),
    ):
        query = {"fieldValidation": strictness, "fieldManager": "m"}
        found = api.answer(Request("create", Key(DEPLOYMENTS, namespace), body=twice.encode(), query=query))
        assert found.code == code
        said = found.body["message"] if code == 400 else " ".join(found.warnings)
        assert all(text in said for text in texts)
    labels = body.replace('"metadata": {"name": "strict"', '"metadata": {"unknownMeta": "x", "name": "other"', 1)
    query = {"fieldValidation": "Strict"}
    found = api.answer(Request("create", Key(DEPLOYMENTS, namespace), body=labels.encode(), query=query))
    assert (found.code, 'unknown field "metadata.unknownMeta"' in found.body["message"]) == (400, True)
