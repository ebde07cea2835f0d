import pickle

import pytest

from kubesim.api.strategy import Strategy
from kubesim.objects.wire import (
    CONFIGMAPS,
    DEPLOYMENTS,
    FAULTS,
    JSON_PATCH,
    LEASES,
    NODES,
    PODS,
    STRATEGIC_PATCH,
    Gvr,
    Key,
    Request,
    core,
)
from unit.api.serving import CONTAINERS, Serving


@pytest.fixture
def serving() -> Serving:
    return Serving()


DEPLOYMENT = {
    "metadata": {"name": "d"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}},
    },
}


def test_a_write_gets_a_revision_and_a_journal_entry(serving: Serving) -> None:
    stored = serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}}, cause=2, note="why")
    revision = int(stored["metadata"]["resourceVersion"])
    entry = serving.journal.find(revision)
    assert entry is not None
    assert (entry.actor, entry.verb, entry.gvr, entry.name, entry.cause, entry.note) == (
        "kubetui",
        "create",
        CONFIGMAPS,
        "a",
        2,
        "why",
    )


def test_an_update_that_changes_nothing_writes_nothing(serving: Serving) -> None:
    stored = serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}, "data": {"x": "y"}})
    again = serving.must("update", CONFIGMAPS, "a", body={"metadata": {"name": "a"}, "data": {"x": "y"}})
    assert again["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    assert serving.store.revision == int(stored["metadata"]["resourceVersion"])


def test_a_stale_update_conflicts(serving: Serving) -> None:
    stored = serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}})
    serving.must("patch", CONFIGMAPS, "a", body={"data": {"x": "1"}})
    response = serving.call("update", CONFIGMAPS, "a", body={**stored, "data": {"x": "2"}})
    assert (response.code, response.body["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("patch", "generation"),
    [
        ({"spec": {"replicas": 5}}, 2),
        ({"spec": {"replicas": 1}}, 1),
        ({"metadata": {"labels": {"x": "y"}}}, 1),
        ({"metadata": {"annotations": {"x": "y"}}}, 2),
        ({"metadata": {"generation": 9}}, 1),
        ({"status": {"replicas": 9}}, 1),
    ],
    ids=["spec", "same spec", "labels", "annotations", "generation", "status"],
)
def test_the_generation_follows_the_spec(serving: Serving, patch: dict, generation: int) -> None:
    serving.must("create", DEPLOYMENTS, body=DEPLOYMENT)
    assert serving.must("patch", DEPLOYMENTS, "d", body=patch)["metadata"]["generation"] == generation


def test_a_generated_name_is_cut_and_unique(serving: Serving) -> None:
    made = {
        serving.must("create", CONFIGMAPS, body={"metadata": {"generateName": "x" * 80}})["metadata"]["name"]
        for _ in range(50)
    }
    assert len(made) == 50
    assert {len(name) for name in made} == {63}


def test_a_dry_run_changes_nothing(serving: Serving) -> None:
    before = serving.store.revision
    made = serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}}, query={"dryRun": "All"})
    assert "resourceVersion" not in made["metadata"]
    assert serving.store.revision == before


def test_unknown_fields_warn_or_fail_as_asked(serving: Serving) -> None:
    body = {"metadata": {"name": "a"}, "bogus": 1}
    warned = serving.call("create", CONFIGMAPS, body=body, query={"dryRun": "All"})
    assert (warned.code, warned.warnings) == (201, ('unknown field "bogus"',))
    ignored = serving.call("create", CONFIGMAPS, body=body, query={"fieldValidation": "Ignore", "dryRun": "All"})
    assert (ignored.code, ignored.warnings) == (201, ())
    refused = serving.call("create", CONFIGMAPS, body=body, query={"fieldValidation": "Strict"})
    assert refused.code == 400
    assert refused.body["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "bogus"'
    )


def test_fields_given_twice_are_noticed_in_text(serving: Serving) -> None:
    body = b'{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
    warned = serving.call("create", CONFIGMAPS, body=body)
    assert warned.body["data"] == {"x": "2"}
    assert warned.warnings == ('duplicate field "data.x"',)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"a":',
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
            'json parse error: unexpected end of JSON input ({"a":)',
        ),
        (
            b"nonsense",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; "
            "json parse error: invalid character 'o' in literal null (expecting 'u') (6e6f6e73656e7365)",
        ),
    ],
    ids=["cut", "word"],
)
def test_broken_bodies_are_refused_in_words(serving: Serving, body: bytes, message: str) -> None:
    response = serving.call("create", CONFIGMAPS, body=body)
    assert (response.code, response.body["message"]) == (400, message)


def test_yaml_bodies_are_read(serving: Serving) -> None:
    body = b"metadata:\n  name: a\ndata:\n  day: 2026-01-01T00:00:00Z\n"
    made = serving.must("create", CONFIGMAPS, body=body, content_type="application/yaml")
    assert made["data"] == {"day": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        (STRATEGIC_PATCH, {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "other"}]}}}}),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "other"}]),
    ],
)
def test_patches_by_content_type(serving: Serving, content_type: str, patch: object) -> None:
    serving.must("create", DEPLOYMENTS, body=DEPLOYMENT)
    changed = serving.must("patch", DEPLOYMENTS, "d", body=patch, content_type=content_type)
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "other"


@pytest.mark.parametrize("content_type", ["application/json", ""])
def test_other_patches_are_unsupported(serving: Serving, content_type: str) -> None:
    serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}})
    assert serving.call("patch", CONFIGMAPS, "a", body={}, content_type=content_type).code == 415


def test_an_update_may_create_where_the_kind_allows_it(serving: Serving) -> None:
    body = {"metadata": {"name": "a"}, "spec": {}}
    allowed = serving.server.strategy(LEASES).allow_create_on_update
    response = serving.call("update", LEASES, "a", body=body)
    assert response.code == (201 if allowed else 404)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request("list", Key(Gvr("", "v1", "foos"))), 404),
        (Request("get", Key(PODS, "space", "x"), "foo"), 404),
        (Request("get", Key(PODS, "space", "x"), "binding"), 405),
        (Request("update", Key(CONFIGMAPS, "space")), 405),
        (Request("create", Key(CONFIGMAPS, "space", "a")), 405),
        (Request("create", Key(CONFIGMAPS)), 405),
        (Request("options", Key(CONFIGMAPS, "space", "a")), 405),
        (Request("get", Key(CONFIGMAPS, "space", "a")), 404),
        (Request("watch", Key(CONFIGMAPS, "space")), 400),
    ],
)
def test_requests_that_lead_nowhere(serving: Serving, request_: Request, code: int) -> None:
    assert serving.server.handle(request_).code == code


class Broken(Strategy):
    gvr = Gvr("example.com", "v1", "broken")
    kind = "ConfigMap"

    def default(self, obj: object) -> object:  # type: ignore[override]
        raise ZeroDivisionError


def test_a_defect_is_an_internal_error(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(serving.server.strategy(CONFIGMAPS)), "default", Broken.default)
    response = serving.call("create", CONFIGMAPS, body={"metadata": {"name": "a"}})
    assert (response.code, response.body["reason"]) == (500, "InternalError")
    assert response.body["message"] == "Internal error occurred: ZeroDivisionError: "


def test_a_server_survives_pickling(serving: Serving) -> None:
    serving.pod()
    copy: Serving = pickle.loads(pickle.dumps(serving))
    for each in (serving, copy):
        each.must("create", CONFIGMAPS, body={"metadata": {"generateName": "a-"}})
        each.component("create", PODS, body={"metadata": {"generateName": "q-"}, "spec": {"containers": CONTAINERS}})
    assert copy.store.range(PODS) == serving.store.range(PODS)
    assert copy.journal.digest() == serving.journal.digest()


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        5,
        {"kind": 5},
        {"apiVersion": []},
        {"metadata": []},
        {"metadata": {"name": {}}},
        {"metadata": {"name": "a", "labels": {"x": 5}}},
        {"metadata": {"name": "a"}, "spec": {"containers": [{}], "volumes": [{}]}},
        {"metadata": {"name": "a"}, "spec": {"containers": "x"}},
    ],
    ids=str,
)
def test_odd_bodies_are_the_fault_of_the_caller(serving: Serving, body: object) -> None:
    assert serving.call("create", PODS, body=body).code in {400, 422}
    serving.pod()
    assert serving.call("update", PODS, "p", body=body).code in {400, 422}


def test_a_pod_is_evicted(serving: Serving) -> None:
    serving.pod()
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    response = serving.call("create", PODS, "p", sub="eviction", body=body)
    assert (response.code, response.body["status"]) == (201, "Success")
    assert serving.get(PODS, "p") is None


def test_pods_are_bound_by_the_old_resource_too(serving: Serving) -> None:
    serving.pod()
    serving.must("create", core("bindings"), body={"metadata": {"name": "p"}, "target": {"name": "n"}})
    assert serving.get(PODS, "p")["spec"]["nodeName"] == "n"


def test_the_simulators_own_kinds_need_no_schema(serving: Serving) -> None:
    spec = {"type": "NodeCrash", "target": {"kind": "Node", "name": "n"}}
    assert serving.must("create", FAULTS, body={"metadata": {"name": "f"}, "spec": spec})["spec"] == spec


def test_streams_are_not_served_here(serving: Serving) -> None:
    serving.pod()
    assert serving.call("get", PODS, "p", sub="log").code == 400
    assert serving.call("get", PODS, "q", sub="log").code == 404


def test_nodes_get_the_taint_of_new_nodes(serving: Serving) -> None:
    node = serving.must("create", NODES, body={"metadata": {"name": "n"}})
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def test_resources_are_listed_in_order(serving: Serving) -> None:
    gvrs = [strategy.gvr for strategy in serving.server.resources()]
    assert gvrs == sorted(gvrs)
    assert PODS in gvrs
