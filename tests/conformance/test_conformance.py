"""One suite for every way to the API: the server in this process, and the same server behind HTTP."""

from typing import Any

import pytest

from conformance.ways import Api
from kubesim.objects.wire import (
    CONFIGMAPS,
    DEPLOYMENTS,
    EVENTS,
    JSON_PATCH,
    MERGE_PATCH,
    NODES,
    PODS,
    STRATEGIC_PATCH,
    TABLE,
    Gvr,
    Key,
    Request,
)

Tree = dict[str, Any]


def call(api: Api, verb: str, gvr: Gvr, name: str = "", body: Any = None, code: int = 200, **more: Any) -> Any:
    """The body of an answer that must have this code."""
    namespaced = gvr != NODES
    key = Key(gvr, "default" if namespaced else "", name)
    response = api.answer(Request(verb, key, body=body, **more))
    assert response.code == code, response.body
    return response.body


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> Tree:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


def deployment(name: str, replicas: int) -> Tree:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def test_an_object_from_birth_to_death(api: Api):
    made = call(api, "create", CONFIGMAPS, body=config_map("life", a="1"), code=201)
    assert {"uid", "resourceVersion", "creationTimestamp"} <= set(made["metadata"])
    assert call(api, "get", CONFIGMAPS, "life") == made
    call(api, "create", CONFIGMAPS, body=config_map("life"), code=409)
    changed = call(api, "update", CONFIGMAPS, "life", {**made, "data": {"a": "2"}})
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    stale = call(api, "update", CONFIGMAPS, "life", {**made, "data": {"a": "3"}}, code=409)
    assert stale["reason"] == "Conflict"
    gone = call(api, "delete", CONFIGMAPS, "life")
    assert (gone["status"], gone["details"]["name"]) == ("Success", "life")
    missing = call(api, "get", CONFIGMAPS, "life", code=404)
    assert missing["message"] == 'configmaps "life" not found'


@pytest.mark.parametrize(
    ("content_type", "patch", "data"),
    [
        (MERGE_PATCH, {"data": {"a": None, "b": "2"}}, {"b": "2"}),
        (STRATEGIC_PATCH, {"data": {"b": "2"}}, {"a": "1", "b": "2"}),
        (JSON_PATCH, [{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9"}),
    ],
    ids=["merge", "strategic", "json"],
)
def test_patches(api: Api, content_type: str, patch: Any, data: dict[str, str]):
    call(api, "create", CONFIGMAPS, body=config_map("patched", a="1"), code=201)
    found = call(api, "patch", CONFIGMAPS, "patched", patch, content_type=content_type)
    call(api, "delete", CONFIGMAPS, "patched")
    assert found["data"] == data


def test_a_dry_run_leaves_nothing(api: Api):
    query = {"dryRun": "All"}
    assert call(api, "create", CONFIGMAPS, body=config_map("dry"), code=201, query=query)["metadata"]["uid"]
    call(api, "get", CONFIGMAPS, "dry", code=404)


@pytest.mark.parametrize(
    ("query", "code", "warnings"),
    [
        ({}, 201, ('unknown field "bogus"',)),
        ({"fieldValidation": "Ignore"}, 201, ()),
        ({"fieldValidation": "Strict"}, 400, ()),
    ],
    ids=["warn", "ignore", "strict"],
)
def test_unknown_fields(api: Api, query: dict[str, str], code: int, warnings: tuple[str, ...]):
    body = {**config_map("checked"), "bogus": 1}
    response = api.answer(Request("create", Key(CONFIGMAPS, "default"), body=body, query={**query, "dryRun": "All"}))
    assert (response.code, response.warnings) == (code, warnings)
    assert "bogus" not in response.body


def test_lists_in_pages_and_by_selector(api: Api):
    for number in range(5):
        labels = {"page": "yes", "even": str(number % 2 == 0)}
        call(api, "create", CONFIGMAPS, body=config_map(f"page-{number}", labels), code=201)
    query = {"labelSelector": "page=yes", "limit": "2"}
    names: list[str] = []
    while True:
        page = call(api, "list", CONFIGMAPS, query=query)
        names += [item["metadata"]["name"] for item in page["items"]]
        if not page["metadata"].get("continue"):
            break
        query = {**query, "continue": page["metadata"]["continue"]}
    assert names == [f"page-{number}" for number in range(5)]
    even = call(api, "list", CONFIGMAPS, query={"labelSelector": "page,even in (True)"})
    assert [item["metadata"]["name"] for item in even["items"]] == ["page-0", "page-2", "page-4"]
    one = call(api, "list", CONFIGMAPS, query={"fieldSelector": "metadata.name=page-3"})
    assert len(one["items"]) == 1
    bad = call(api, "list", CONFIGMAPS, query={"labelSelector": "a=="}, code=200)
    assert bad["items"] == []
    assert call(api, "list", CONFIGMAPS, query={"fieldSelector": "spec.nope=1"}, code=400)["reason"] == "BadRequest"


def test_watches_tell_what_was_missed(api: Api):
    start = call(api, "list", CONFIGMAPS)["metadata"]["resourceVersion"]
    call(api, "create", CONFIGMAPS, body=config_map("watched"), code=201)
    call(api, "patch", CONFIGMAPS, "watched", {"data": {"a": "1"}}, content_type=MERGE_PATCH)
    call(api, "delete", CONFIGMAPS, "watched")
    query = {"resourceVersion": start, "fieldSelector": "metadata.name=watched"}
    events = api.events(Request("watch", Key(CONFIGMAPS, "default"), query=query))
    assert [kind for kind, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    revisions = [int(tree["metadata"]["resourceVersion"]) for _, tree in events]
    assert revisions == sorted(revisions)


def test_tables(api: Api):
    found = call(api, "list", NODES, accept=TABLE)
    assert found["kind"] == "Table"
    assert [column["name"] for column in found["columnDefinitions"]][:2] == ["Name", "Status"]
    assert [row["cells"][:2] for row in found["rows"]] == [["node-1", "Ready"], ["node-2", "Ready"]]


def test_controllers_scheduler_and_kubelets_bring_it_to_life(api: Api):
    call(api, "create", DEPLOYMENTS, body=deployment("web", 3), code=201)
    for _ in range(120):
        status = call(api, "get", DEPLOYMENTS, "web").get("status", {})
        if status.get("readyReplicas") == 3:
            break
        api.wait(1)
    else:
        pytest.fail(f"never ready: {status}")
    pods = call(api, "list", PODS, query={"labelSelector": "app=web"})["items"]
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    scaled = call(
        api, "patch", DEPLOYMENTS, "web", {"spec": {"replicas": 1}}, subresource="scale", content_type=MERGE_PATCH
    )
    assert (scaled["kind"], scaled["spec"]["replicas"]) == ("Scale", 1)
    call(api, "delete", DEPLOYMENTS, "web", {"propagationPolicy": "Foreground"})
    for _ in range(120):
        if not call(api, "list", PODS, query={"labelSelector": "app=web"})["items"]:
            break
        api.wait(1)
    else:
        pytest.fail("pods outlive their Deployment")
    reasons = {event["reason"] for event in call(api, "list", EVENTS)["items"]}
    assert {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Pulled", "Started", "Killing"} <= reasons


def test_deletecollection(api: Api):
    for number in range(3):
        call(api, "create", CONFIGMAPS, body=config_map(f"bulk-{number}", {"bulk": "yes"}), code=201)
    query = {"labelSelector": "bulk=yes"}
    assert len(call(api, "deletecollection", CONFIGMAPS, query=query)["items"]) == 3
    assert call(api, "list", CONFIGMAPS, query=query)["items"] == []
