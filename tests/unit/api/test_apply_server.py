"""Server-side apply through the server."""

import json
from typing import Any

import pytest

from kubesim.api.strategy import Strategy
from kubesim.objects.wire import APPLY_PATCH, CONFIGMAPS, DEPLOYMENTS, PODS, Gvr
from unit.api.serving import CONTAINERS, EPOCH_MS, Serving

SERVICES = Gvr("", "v1", "services")
SCALERS = Gvr("autoscaling", "v2", "horizontalpodautoscalers")
OLD_SCALERS = Gvr("autoscaling", "v1", "horizontalpodautoscalers")
WIDGETS = Gvr("t.example.com", "v1", "widgets")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
KINDS = {
    CONFIGMAPS: "ConfigMap",
    DEPLOYMENTS: "Deployment",
    PODS: "Pod",
    SCALERS: "HorizontalPodAutoscaler",
    OLD_SCALERS: "HorizontalPodAutoscaler",
    WIDGETS: "Widget",
}


@pytest.fixture
def serving() -> Serving:
    return Serving()


def send(serving: Serving, gvr: Gvr, content: Any, manager: str = "m", *, name: str = "a", sub: str = "", **query: str):
    metadata = {"name": name, **content.get("metadata", {})}
    body = {"apiVersion": gvr.api_version, "kind": KINDS[gvr], **content, "metadata": metadata}
    query = {"fieldManager": manager, **query}
    return serving.call("patch", gvr, name, body=body, sub=sub, content_type=APPLY_PATCH, query=query)


def apply(serving: Serving, gvr: Gvr, content: Any, manager: str = "m", **more: Any) -> Any:
    response = send(serving, gvr, content, manager, **more)
    assert response.code < 300, response.body
    return response.body


def owners(obj: Any) -> dict[str, Any]:
    return {each["manager"]: each["fieldsV1"] for each in obj["metadata"].get("managedFields", ())}


def data(**values: str) -> dict[str, Any]:
    return {"data": values}


DEPLOYMENT = {
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
    }
}


def test_creating_and_changing(serving: Serving) -> None:
    assert send(serving, CONFIGMAPS, data(x="1", y="2")).code == 201
    response = send(serving, CONFIGMAPS, data(x="3"))
    assert response.code == 200
    assert response.body["data"] == {"x": "3"}
    assert response.body["metadata"]["managedFields"][0]["operation"] == "Apply"


def test_applying_the_same_again_writes_nothing(serving: Serving) -> None:
    first = apply(serving, DEPLOYMENTS, DEPLOYMENT)
    serving.loop.run_until(EPOCH_MS + 60_000)
    assert apply(serving, DEPLOYMENTS, DEPLOYMENT) == first


def test_sharing_is_agreeing(serving: Serving) -> None:
    apply(serving, CONFIGMAPS, data(x="1"), "a")
    both = apply(serving, CONFIGMAPS, data(x="1", y="2"), "b")
    assert owners(both) == {"a": {"f:data": {"f:x": {}}}, "b": {"f:data": {"f:x": {}, "f:y": {}}}}
    kept = apply(serving, CONFIGMAPS, data(y="2"), "b")
    assert kept["data"] == {"x": "1", "y": "2"}
    gone = apply(serving, CONFIGMAPS, {}, "a")
    assert gone["data"] == {"y": "2"}
    assert list(owners(gone)) == ["b"]


def test_conflicts(serving: Serving) -> None:
    apply(serving, CONFIGMAPS, data(x="1", y="1"), "a")
    apply(serving, CONFIGMAPS, data(x="1", z="1"), "b")
    response = send(serving, CONFIGMAPS, data(x="2", y="2", z="2"), "c")
    assert response.code == 409
    assert response.body["message"] == (
        'Apply failed with 4 conflicts: conflicts with "a":\n- .data.x\n- .data.y\n'
        'conflicts with "b":\n- .data.x\n- .data.z'
    )
    causes = response.body["details"]["causes"]
    assert causes[0] == {"reason": "FieldManagerConflict", "message": 'conflict with "a"', "field": ".data.x"}
    forced = apply(serving, CONFIGMAPS, data(x="2", y="2", z="2"), "c", force="true")
    assert owners(forced) == {"c": {"f:data": {"f:x": {}, "f:y": {}, "f:z": {}}}}


def test_updaters_own_too(serving: Serving) -> None:
    serving.must("create", CONFIGMAPS, body={"metadata": {"name": "a"}, **data(x="1")}, query={"fieldManager": "u"})
    response = send(serving, CONFIGMAPS, data(x="2"))
    assert response.body["message"] == 'Apply failed with 1 conflict: conflict with "u" using v1: .data.x'


def test_an_updater_ends_what_an_applier_owned(serving: Serving) -> None:
    apply(serving, CONFIGMAPS, data(x="1"))
    changed = serving.must("patch", CONFIGMAPS, "a", body=data(x="2"), query={"fieldManager": "u"})
    assert owners(changed) == {"u": {"f:data": {"f:x": {}}}}


def test_what_is_no_longer_said_falls_back_to_the_default(serving: Serving) -> None:
    spec = {**DEPLOYMENT["spec"], "replicas": 3}
    assert apply(serving, DEPLOYMENTS, {"spec": spec})["spec"]["replicas"] == 3
    assert apply(serving, DEPLOYMENTS, DEPLOYMENT)["spec"]["replicas"] == 1


def test_items_have_owners_of_their_own(serving: Serving) -> None:
    apply(serving, DEPLOYMENTS, DEPLOYMENT, "a")
    side = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}}}
    apply(serving, DEPLOYMENTS, side, "b")
    spec = {"template": {"spec": {"containers": []}}}
    left = apply(serving, DEPLOYMENTS, {"spec": spec}, "b")
    assert [each["name"] for each in left["spec"]["template"]["spec"]["containers"]] == ["c"]
    assert list(owners(left)) == ["a"]


def test_nobody_takes_the_name_and_the_uid(serving: Serving) -> None:
    first = apply(serving, CONFIGMAPS, {"metadata": {"labels": {"a": "b"}, "finalizers": ["a.b/c"]}})
    last = apply(serving, CONFIGMAPS, {})
    kept = ("name", "namespace", "uid", "creationTimestamp")
    assert [last["metadata"][field] for field in kept] == [first["metadata"][field] for field in kept]
    assert last["metadata"].keys() == {*kept, "resourceVersion"}


def test_the_status_is_applied_by_itself(serving: Serving) -> None:
    serving.pod("a")
    applied = apply(serving, PODS, {"status": {"message": "m"}}, sub="status")
    entry = applied["metadata"]["managedFields"][0]
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:message": {}}})
    serving.must("patch", PODS, "a", sub="status", body={"status": {"reason": "r"}})
    without = apply(serving, PODS, {}, sub="status")
    assert without["status"] == {"phase": "Pending", "qosClass": "BestEffort", "reason": "r"}
    assert send(serving, PODS, {"status": {"message": "m"}}, sub="status", name="b").code == 404


def test_a_scale_is_applied(serving: Serving) -> None:
    apply(serving, DEPLOYMENTS, {"spec": {**DEPLOYMENT["spec"], "replicas": 1}}, "a")
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": 2}}
    asked = {"sub": "scale", "body": body, "content_type": APPLY_PATCH}
    refused = serving.call("patch", DEPLOYMENTS, "a", query={"fieldManager": "s"}, **asked)
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "a": .spec.replicas'
    serving.must("patch", DEPLOYMENTS, "a", query={"fieldManager": "s", "force": "true"}, **asked)
    assert owners(serving.get(DEPLOYMENTS, "a"))["s"] == {"f:spec": {"f:replicas": {}}}


def test_what_components_made_belongs_to_whoever_was_there_before(serving: Serving) -> None:
    body = {"metadata": {"name": "a"}, "spec": {"containers": CONTAINERS}}
    serving.component("create", PODS, body=body)
    response = send(serving, PODS, {"spec": {"containers": [{"name": "c", "image": "other"}]}})
    assert response.body["message"] == (
        'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .spec.containers[name="c"].image'
    )
    labelled = apply(serving, PODS, {"metadata": {"labels": {"a": "b"}}})
    assert list(owners(labelled)) == ["m", "before-first-apply"]


def test_a_dry_run(serving: Serving) -> None:
    assert send(serving, CONFIGMAPS, data(x="1"), dryRun="All").code == 201
    assert serving.get(CONFIGMAPS, "a") is None


def test_another_version_of_the_kind(serving: Serving) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    apply(serving, OLD_SCALERS, {"spec": {"maxReplicas": 5, "minReplicas": 2, "scaleTargetRef": target}})
    changed = apply(serving, SCALERS, {"spec": {"maxReplicas": 6, "scaleTargetRef": target}})
    assert changed["spec"]["minReplicas"] == 1
    assert [each["apiVersion"] for each in changed["metadata"]["managedFields"]] == ["autoscaling/v2"]


# ---------------------------------------------------------------------- refusals
def raw(serving: Serving, body: Any, **query: str) -> Any:
    query = {"fieldManager": "m", **query}
    return serving.call("patch", CONFIGMAPS, "a", body=body, content_type=APPLY_PATCH, query=query)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"[1]", 400, "Go value of type map[string]interface {}"),
        (b"{}", 400, "invalid object type: /, Kind="),
        (b"apiVersion: v1\nkind: Secret\n", 400, "invalid object type: /v1, Kind=Secret"),
        (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", 400, "name must be provided"),
        (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", 400, "does not match the name on the URL (a)"),
        (
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: other}\n",
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 1, y: [2]}\n",
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): errors:\n"
            "  .data.x: expected string, got &value.valueUnstructured{Value:1}\n"
            "  .data.y: expected string, got &value.valueUnstructured{Value:[]interface {}{2}}",
        ),
        (
            b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: nope}\n",
            409,
            "uid mismatch: the provided object specified uid nope, and no existing object was found",
        ),
    ],
    ids=["a list", "no kind", "another kind", "no name", "another name", "another namespace", "types", "uid"],
)
def test_bodies_that_are_refused(serving: Serving, body: bytes, code: int, message: str) -> None:
    response = raw(serving, body)
    assert response.code == code
    assert response.body["message"].endswith(message)


def test_a_manager_is_required(serving: Serving) -> None:
    response = serving.call("patch", CONFIGMAPS, "a", body={}, content_type=APPLY_PATCH)
    assert response.code == 422
    assert response.body["details"]["causes"][0]["field"] == "fieldManager"


def test_only_applies_are_forced(serving: Serving) -> None:
    response = serving.call("patch", CONFIGMAPS, "a", body={}, query={"force": "false"})
    assert response.body["details"]["causes"][0]["message"] == "Forbidden: may not be specified for non-apply patch"


TWICE = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: '1'\n  x: '2'\n"
COMPLAINT = 'error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "x" already set in map'


def test_keys_given_twice(serving: Serving) -> None:
    strict = raw(serving, TWICE, fieldValidation="Strict")
    assert (strict.code, strict.body["message"]) == (400, f"error strict decoding YAML: {COMPLAINT}")
    warned = raw(serving, TWICE)
    assert (warned.code, warned.warnings) == (201, (COMPLAINT,))
    assert raw(serving, TWICE, fieldValidation="Ignore").warnings == ()


def test_json_with_keys_given_twice(serving: Serving) -> None:
    body = b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "x": "2"}}'
    assert raw(serving, body).warnings == (COMPLAINT.replace("line 7", "line 1"),)


def test_what_cannot_be_decoded(serving: Serving) -> None:
    spec = {"ports": [{"port": 1.5}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}
    query = {"fieldManager": "m"}
    response = serving.call("patch", SERVICES, "a", body=body, content_type=APPLY_PATCH, query=query)
    assert response.code == 500
    assert response.body["message"] == (
        "failed to convert new object (/a; /v1, Kind=Service) to proper version: unable to convert unstructured object "
        "to /v1, Kind=Service: cannot convert float64 to int32"
    )


# ---------------------------------------------------------------------- client-side apply before
def client_side(serving: Serving, **values: str) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": values}
    annotated = {"name": "a", "annotations": {LAST_APPLIED: json.dumps(config)}}
    body = {**config, "metadata": annotated}
    serving.must("create", CONFIGMAPS, body=body, query={"fieldManager": "kubectl-client-side-apply"})


def test_kubectl_takes_over_what_it_applied_from_the_client(serving: Serving) -> None:
    client_side(serving, x="1", y="1")
    assert send(serving, CONFIGMAPS, data(x="2"), "other").code == 409
    applied = apply(serving, CONFIGMAPS, data(x="2"), "kubectl")
    assert applied["data"] == {"x": "2", "y": "1"}
    assert json.loads(applied["metadata"]["annotations"][LAST_APPLIED])["data"] == {"x": "2"}
    assert owners(applied)["kubectl"] == {"f:data": {"f:x": {}}}


def test_but_not_what_others_changed_since(serving: Serving) -> None:
    client_side(serving, x="1", y="1")
    serving.must("patch", CONFIGMAPS, "a", body=data(y="2"), query={"fieldManager": "other"})
    response = send(serving, CONFIGMAPS, data(x="3", y="3"), "kubectl")
    assert response.body["message"] == 'Apply failed with 1 conflict: conflict with "other" using v1: .data.y'


# ---------------------------------------------------------------------- kinds of one's own
OPENAPI = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "port": {"x-kubernetes-int-or-string": True},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "plain": {"type": "array", "items": {"type": "string"}},
                "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {}},
                "list": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "form"],
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "form": {"type": "string", "default": "round"},
                            "v": {"type": "integer"},
                        },
                    },
                },
            },
        }
    },
}


class WidgetStrategy(Strategy):
    gvr = WIDGETS
    kind = "Widget"
    openapi = OPENAPI


@pytest.fixture
def widgets(serving: Serving) -> Serving:
    serving.server.scheme.add(WidgetStrategy())
    return serving


def test_custom_kinds(widgets: Serving) -> None:
    spec = {
        "size": 1,
        "port": "http",
        "any": {"x": [1]},
        "labels": {"a": "b"},
        "tags": ["t"],
        "plain": ["p"],
        "whole": {"x": 1},
        "list": [{"name": "x", "v": 1}],
    }
    fields = owners(apply(widgets, WIDGETS, {"spec": spec}, "a"))["a"]["f:spec"]
    assert fields == {
        "f:size": {},
        "f:port": {},
        "f:any": {"f:x": {}},
        "f:labels": {"f:a": {}},
        "f:tags": {'v:"t"': {}},
        "f:plain": {},
        "f:whole": {},
        "f:list": {'k:{"form":"round","name":"x"}': {".": {}, "f:name": {}, "f:v": {}}},
    }
    added = apply(widgets, WIDGETS, {"spec": {"list": [{"name": "y", "v": 2}]}}, "b")
    assert [item["name"] for item in added["spec"]["list"]] == ["x", "y"]
    response = send(widgets, WIDGETS, {"spec": {"list": [{"name": "x", "v": 2}]}}, "b")
    assert response.body["details"]["causes"][0]["field"] == '.spec.list[form="round",name="x"].v'
    left = apply(widgets, WIDGETS, {"spec": {"size": 1}}, "a")
    assert [item["name"] for item in left["spec"]["list"]] == ["y"]


def test_custom_kinds_refuse_what_their_schema_does_not_have(widgets: Serving) -> None:
    response = send(widgets, WIDGETS, {"spec": {"bogus": 1}})
    assert response.body["message"] == (
        "failed to create typed patch object (/a; t.example.com/v1, Kind=Widget): "
        ".spec.bogus: field not declared in schema"
    )
