from typing import Any

import pytest

from kubesim.objects.wire import CONFIGMAPS, NAMESPACES, PODS, SECRETS
from unit.api.serving import Serving


@pytest.fixture
def serving() -> Serving:
    return Serving()


def bound_pod(serving: Serving, **metadata: Any) -> None:
    body = {
        "metadata": {"name": "p", **metadata},
        "spec": {"containers": [{"name": "c", "image": "x"}], "nodeName": "n"},
    }
    serving.must("create", PODS, body=body)


def test_a_pod_without_a_node_goes_at_once(serving: Serving) -> None:
    serving.pod()
    serving.must("delete", PODS, "p")
    assert serving.get(PODS, "p") is None


def test_a_pod_on_a_node_waits_for_its_kubelet(serving: Serving) -> None:
    bound_pod(serving)
    answer = serving.must("delete", PODS, "p")
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 30
    assert answer["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert answer["metadata"]["generation"] == 2
    revision = serving.store.revision
    serving.must("delete", PODS, "p")
    assert serving.store.revision == revision
    serving.component("delete", PODS, "p", body={"gracePeriodSeconds": 0})
    assert serving.get(PODS, "p") is None


def test_a_grace_period_can_only_shrink(serving: Serving) -> None:
    bound_pod(serving)
    serving.must("delete", PODS, "p")
    serving.must("delete", PODS, "p", body={"gracePeriodSeconds": 60})
    assert serving.get(PODS, "p")["metadata"]["deletionGracePeriodSeconds"] == 30
    serving.must("delete", PODS, "p", body={"gracePeriodSeconds": 5})
    assert serving.get(PODS, "p")["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"


def test_finalizers_hold_an_object(serving: Serving) -> None:
    serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a", "finalizers": ["x.y/z"]}})
    answer = serving.must("delete", CONFIGMAPS, "a")
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 0
    again = serving.call("create", CONFIGMAPS, body={"metadata": {"name": "a"}})
    assert again.body["message"] == 'object is being deleted: configmaps "a" already exists'
    serving.must("patch", CONFIGMAPS, "a", body={"metadata": {"finalizers": None}})
    assert serving.get(CONFIGMAPS, "a") is None


@pytest.mark.parametrize(
    ("options", "finalizers"),
    [
        ({"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        ({"propagationPolicy": "Orphan"}, ["orphan"]),
        ({"orphanDependents": True}, ["orphan"]),
    ],
)
def test_a_policy_leaves_work_for_the_collector(serving: Serving, options: Any, finalizers: list[str]) -> None:
    serving.must("create", SECRETS, body={"metadata": {"name": "a"}})
    answer = serving.must("delete", SECRETS, "a", body=options)
    assert answer["metadata"]["finalizers"] == finalizers
    assert serving.get(SECRETS, "a")["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize(
    ("preconditions", "code"),
    [({"uid": "other"}, 409), ({"resourceVersion": "1"}, 409), ({}, 200)],
)
def test_preconditions(serving: Serving, preconditions: Any, code: int) -> None:
    serving.must("create", SECRETS, body={"metadata": {"name": "a"}})
    assert serving.call("delete", SECRETS, "a", body={"preconditions": preconditions}).code == code


def test_a_dry_run_deletes_nothing(serving: Serving) -> None:
    bound_pod(serving)
    answer = serving.must("delete", PODS, "p", query={"dryRun": "All"})
    assert "deletionTimestamp" in answer["metadata"]
    assert "deletionTimestamp" not in serving.get(PODS, "p")["metadata"]


def test_a_collection_is_deleted_by_selector(serving: Serving) -> None:
    for name in ("a", "b", "c"):
        serving.must("create", SECRETS, body={"metadata": {"name": name, "labels": {"keep": str(name == "b")}}})
    answer = serving.must("deletecollection", SECRETS, query={"labelSelector": "keep=False"})
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a", "c"]
    assert serving.get(SECRETS, "b") is not None
    assert serving.get(SECRETS, "a") is None


def test_a_namespace_ends_in_two_steps(serving: Serving) -> None:
    answer = serving.must("delete", NAMESPACES, serving.space)
    assert answer["status"]["phase"] == "Terminating"
    refused = serving.call("create", SECRETS, body={"metadata": {"name": "a"}})
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    body = {"metadata": {"name": serving.space}, "spec": {}}
    serving.must("update", NAMESPACES, serving.space, body=body, sub="finalize")
    assert serving.store.get(NAMESPACES, "", serving.space) is None


def test_bad_options_are_refused(serving: Serving) -> None:
    serving.must("create", SECRETS, body={"metadata": {"name": "a"}})
    response = serving.call("delete", SECRETS, "a", body={"propagationPolicy": "Later"})
    assert response.code == 422
    assert response.body["details"]["kind"] == "DeleteOptions"
