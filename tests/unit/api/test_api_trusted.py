from typing import Any

import pytest

from kubesim.api.components import ComponentError
from kubesim.api.expiry import EVENT_TTL_MS, SLICE
from kubesim.objects.wire import (
    CONFIGMAPS,
    DEPLOYMENTS,
    EVENTS,
    MERGE_PATCH,
    NAMESPACES,
    NODES,
    PODS,
    SERVICEACCOUNTS,
    Gvr,
)
from unit.api.serving import CONTAINERS, Serving

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def serving() -> Serving:
    return Serving()


def template() -> dict[str, Any]:
    return {"containers": CONTAINERS}


def pod_of(spec: Any, name: str = "", labels: Any = None) -> dict[str, Any]:
    named = {"name": name} if name else {"generateName": "web-"}
    return {"metadata": {**named, "labels": labels} if labels else named, "spec": spec}


def test_pods_of_a_template_share_what_is_equal(serving: Serving) -> None:
    spec, labels = template(), {"a": "b"}
    first, second = (serving.component("create", PODS, body=pod_of(spec, labels=labels)).body for _ in range(2))
    assert first["spec"] is second["spec"]
    assert first["status"] is second["status"]
    assert first["metadata"]["labels"] is second["metadata"]["labels"] is labels
    assert first["metadata"]["name"] != second["metadata"]["name"]
    assert first["metadata"]["uid"] != second["metadata"]["uid"]


def test_a_component_makes_the_same_pod_as_a_person(serving: Serving) -> None:
    trusted = serving.component("create", PODS, body=pod_of(template(), "a")).body
    again = serving.component("create", PODS, body=pod_of(template(), "b")).body
    checked = serving.pod("c")

    def comparable(pod: Any) -> Any:
        spec = {**pod["spec"], "volumes": None}
        containers = [{**container, "volumeMounts": None} for container in spec["containers"]]
        # Who owns which fields is noted of what a person writes.
        metadata = sorted(pod["metadata"].keys() - {"managedFields"})
        return {**pod, "metadata": metadata, "spec": {**spec, "containers": containers}}

    assert comparable(trusted) == comparable(checked) == comparable(again)


def test_a_changed_account_is_seen(serving: Serving) -> None:
    spec = template()
    serving.component("create", PODS, body=pod_of(spec))
    serving.must("patch", SERVICEACCOUNTS, "default", body={"imagePullSecrets": [{"name": "s"}]})
    pod = serving.component("create", PODS, body=pod_of(spec)).body
    assert pod["spec"]["imagePullSecrets"] == [{"name": "s"}]
    serving.must("delete", SERVICEACCOUNTS, "default")
    refused = serving.component("create", PODS, body=pod_of(spec))
    assert refused.code == 403
    assert refused.body["message"] == (
        'pods "web-" is forbidden: error looking up service account space/default: serviceaccount "default" not found'
    )


def test_a_terminating_namespace_is_seen(serving: Serving) -> None:
    spec = template()
    serving.component("create", PODS, body=pod_of(spec))
    serving.must("delete", NAMESPACES, serving.space)
    assert serving.component("create", PODS, body=pod_of(spec)).code == 403


def test_a_name_that_is_taken(serving: Serving) -> None:
    spec = template()
    codes = [serving.component("create", PODS, body=pod_of(spec, "same")).code for _ in range(2)]
    assert codes == [201, 409]


def node(serving: Serving, name: str = "n", zone: str = "z1") -> None:
    serving.must("create", NODES, body={"metadata": {"name": name, "labels": {ZONE: zone, "other": "x"}}})


def bind(serving: Serving, name: str, to: str = "n") -> Any:
    return serving.component("create", PODS, name, sub="binding", body={"target": {"kind": "Node", "name": to}})


def test_bound_pods_share_what_is_equal(serving: Serving) -> None:
    node(serving)
    spec, labels = template(), {"a": "b"}
    for name in ("p", "q"):
        serving.component("create", PODS, body=pod_of(spec, name, labels))
        assert bind(serving, name).code == 201
    first, second = serving.get(PODS, "p"), serving.get(PODS, "q")
    assert first["spec"]["nodeName"] == "n"
    assert first["spec"] is second["spec"]
    assert first["status"] is second["status"]
    assert first["metadata"]["labels"] is second["metadata"]["labels"]
    assert first["metadata"]["labels"] == {"a": "b", ZONE: "z1"}
    assert first["metadata"]["generation"] == 1
    assert first["status"]["conditions"] == [
        {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ]


def test_a_relabelled_node_is_seen(serving: Serving) -> None:
    node(serving)
    spec = template()
    for name, zone in (("p", "z1"), ("q", "z2")):
        serving.must("patch", NODES, "n", body={"metadata": {"labels": {ZONE: zone}}})
        serving.component("create", PODS, body=pod_of(spec, name))
        bind(serving, name)
        assert serving.get(PODS, name)["metadata"]["labels"][ZONE] == zone


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"nodeName": "m"}, 'pod p is already assigned to node "m"'),
        ({"schedulingGates": [{"name": "g"}]}, "pod p has non-empty .spec.schedulingGates"),
    ],
)
def test_bindings_that_come_too_early_or_late(serving: Serving, spec: Any, message: str) -> None:
    serving.pod(**spec)
    refused = bind(serving, "p")
    assert (refused.code, refused.body["message"]) == (
        409,
        f'Operation cannot be fulfilled on pods/binding "p": {message}',
    )


@pytest.mark.parametrize(
    ("target", "code"), [({"kind": "Pod", "name": "n"}, 500), ({}, 500), ({"kind": "Node", "name": "n"}, 201)]
)
def test_targets_of_bindings(serving: Serving, target: Any, code: int) -> None:
    serving.pod()
    assert serving.call("create", PODS, "p", sub="binding", body={"target": target}).code == code


def test_a_status_update_shares_the_rest(serving: Serving) -> None:
    before = serving.pod()
    status = {"phase": "Running"}
    after = serving.component("update", PODS, "p", sub="status", body={**before, "status": status}).body
    assert after["status"] is status
    assert after["spec"] is before["spec"]
    revision = serving.store.revision
    serving.component("update", PODS, "p", sub="status", body={**after, "status": {"phase": "Running"}})
    assert serving.store.revision == revision


def test_a_stale_status_update_conflicts(serving: Serving) -> None:
    before = serving.pod()
    serving.component("update", PODS, "p", sub="status", body={**before, "status": {"phase": "Running"}})
    stale = serving.component("update", PODS, "p", sub="status", body={**before, "status": {"phase": "Failed"}})
    assert stale.code == 409
    gone = serving.component("update", PODS, "x", sub="status", body={**before, "status": {}})
    assert gone.code == 404


def test_annotations_come_along_with_a_status(serving: Serving) -> None:
    spec = {"selector": {"matchLabels": {"a": "b"}}}
    spec["template"] = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
    made = serving.must("create", DEPLOYMENTS, body={"metadata": {"name": "d"}, "spec": spec})
    body = {**made, "metadata": {**made["metadata"], "annotations": {"revision": "1"}}}
    after = serving.component("update", DEPLOYMENTS, "d", sub="status", body=body).body
    assert after["metadata"]["annotations"] == {"revision": "1"}
    assert after["metadata"]["generation"] == 1


def test_a_write_of_a_component_is_in_the_journal(serving: Serving) -> None:
    serving.component("create", PODS, body=pod_of(template(), "p"))
    entry = serving.journal.since(0)[-1]
    assert entry == (
        serving.store.revision,
        serving.loop.now,
        "replicaset-controller",
        "create",
        PODS,
        "space",
        "p",
        "",
        7,
        "because",
    )


def test_generic_writes_of_components(serving: Serving) -> None:
    made = serving.component("create", CONFIGMAPS, body={"metadata": {"name": "a"}, "data": {"x": "1"}})
    assert made.code == 201
    changed = serving.component("update", CONFIGMAPS, "a", body={**made.body, "data": {"x": "2"}})
    assert changed.body["data"] == {"x": "2"}
    patched = serving.component("patch", CONFIGMAPS, "a", body={"data": {"y": "3"}}, content_type=MERGE_PATCH)
    assert patched.body["data"] == {"x": "2", "y": "3"}
    assert serving.component("update", CONFIGMAPS, "a", body=made.body).code == 409
    assert serving.component("get", CONFIGMAPS, "a").body["data"] == {"x": "2", "y": "3"}
    assert serving.component("delete", CONFIGMAPS, "a").body["status"] == "Success"
    assert serving.component("get", Gvr("", "v1", "foos"), "a").code == 404


def event(name: str) -> dict[str, Any]:
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "space"},
        "involvedObject": {"kind": "Pod", "namespace": "space", "name": "p"},
        "reason": "Started",
        "message": "m",
        "type": "Normal",
        "count": 1,
    }


def test_events_live_for_an_hour(serving: Serving) -> None:
    serving.component("create", EVENTS, body=event("a"))
    made = serving.component("create", EVENTS, body=event("b")).body
    serving.loop.run_until(serving.loop.now + EVENT_TTL_MS // 2)
    serving.component("update", EVENTS, "b", body={**made, "count": 2})
    serving.must("create", EVENTS, body=event("c"))
    serving.loop.run_until(serving.loop.now + EVENT_TTL_MS // 2 + 60_000)
    assert [found["metadata"]["name"] for found in serving.store.range(EVENTS)] == ["b", "c"]
    serving.loop.run_until(serving.loop.now + EVENT_TTL_MS // 2 + 60_000)
    assert serving.store.range(EVENTS) == []
    assert serving.loop.next_due is None


def test_many_events_end_in_slices(serving: Serving) -> None:
    for number in range(2 * SLICE + 1):
        serving.component("create", EVENTS, body=event(f"e{number}"))
    left = []
    while serving.loop.run_one():
        left.append(serving.store.count(EVENTS))
    assert left == [SLICE + 1, 1, 0]


def test_one_timer_serves_the_events_of_a_minute(serving: Serving) -> None:
    for number in range(100):
        serving.component("create", EVENTS, body=event(f"e{number}"))
    assert serving.loop.run_one()
    assert not serving.loop.run_one()


def test_the_test_mode_finds_bad_writes() -> None:
    serving = Serving(validate_components=True)
    assert serving.component("create", PODS, body=pod_of(template(), "p")).code == 201
    with pytest.raises(ComponentError, match="unknown field"):
        serving.component("create", CONFIGMAPS, body={"metadata": {"name": "a"}, "bogus": 1})
    with pytest.raises(ComponentError, match=r"spec\.containers"):
        serving.component("create", PODS, body=pod_of({"containers": []}, "q"))
