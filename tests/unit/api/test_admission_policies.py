"""ValidatingAdmissionPolicies and MutatingAdmissionPolicies with their bindings."""

from typing import Any

import pytest

from kubesim.api.admission.policies.constructors import as_maps
from kubesim.cluster import Cluster
from kubesim.objects.wire import CONFIGMAPS, DEPLOYMENTS, JSON, Gvr, Identity, Key, Request, Response

GROUP = "admissionregistration.k8s.io"
Tree = dict[str, Any]
RULES = {"resourceRules": [{
    "operations": ["CREATE", "UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"],
}]}  # fmt: skip
MAPS = {"resourceRules": [{
    "operations": ["*"], "apiGroups": [""], "apiVersions": ["*"], "resources": ["configmaps"],
}]}  # fmt: skip


def table(kind: str) -> Gvr:
    return Gvr(GROUP, "v1", kind)


def ask(cluster: Cluster, verb: str, key: Key, body: Any = None, code: int = 0, **more: Any) -> Response:
    found = cluster.handle(Request(verb, key, body=body, **more))
    if code:
        assert found.code == code, found.body
    return found


def policy(
    cluster: Cluster, spec: Tree, binding: Tree | None = None, name: str = "p", kind: str = "validating"
) -> None:
    body = {"metadata": {"name": name}, "spec": {"matchConstraints": RULES, **spec}}
    ask(cluster, "create", Key(table(f"{kind}admissionpolicies")), body, 201)
    actions = {"validationActions": ["Deny"]} if kind == "validating" else {}
    bound = {"policyName": name, **actions, **(binding or {})}
    body = {"metadata": {"name": f"{name}-binding"}, "spec": bound}
    ask(cluster, "create", Key(table(f"{kind}admissionpolicybindings")), body, 201)


def deployment(replicas: int, name: str = "d", **metadata: Any) -> Tree:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"metadata": {"name": name, **metadata}, "spec": spec}


def create(cluster: Cluster, body: Tree, gvr: Gvr = DEPLOYMENTS, **more: Any) -> Response:
    return ask(cluster, "create", Key(gvr, "default"), body, **more)


FEW = "object.spec.replicas <= 5"
MESSAGES: dict[str, tuple[Tree, str, int, str]] = {
    "expression": ({"expression": FEW}, "failed expression: object.spec.replicas <= 5", 422, "Invalid"),
    "message": ({"expression": FEW, "message": "too many"}, "too many", 422, "Invalid"),
    "message expression": (
        {"expression": FEW, "message": "no", "messageExpression": "'not ' + string(object.spec.replicas)"},
        "not 9", 422, "Invalid",
    ),
    "message expression that fails": (
        {"expression": FEW, "message": "no", "messageExpression": "object.nothing"}, "no", 422, "Invalid",
    ),
    "reason": ({"expression": FEW, "message": "no", "reason": "Forbidden"}, "no", 403, "Forbidden"),
    "error": (
        {"expression": "object.spec.nothing == 1"},
        "expression 'object.spec.nothing == 1' resulted in error: no such key: nothing", 422, "Invalid",
    ),
    "request": ({"expression": "request.userInfo.username == 'me'", "message": "not you"}, "not you", 422, "Invalid"),
    "namespace": (
        {"expression": "namespaceObject.metadata.name != 'default'", "message": "not here"}, "not here", 422, "Invalid",
    ),
    "authorizer": (
        {"expression": "authorizer.group('').resource('pods').check('fly').allowed() == false", "message": "may"},
        "may", 422, "Invalid",
    ),
    "request resource": (
        {"expression": "!authorizer.requestResource.check('create').allowed()", "message": "may"},
        "may", 422, "Invalid",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES, ids=list(MESSAGES))
def test_denials(case: str):
    validation, text, code, reason = MESSAGES[case]
    cluster = Cluster()
    policy(cluster, {"validations": [validation]})
    found = create(cluster, deployment(9))
    said = f"ValidatingAdmissionPolicy 'p' with binding 'p-binding' denied request: {text}"
    assert found.code == code, found.body
    assert found.body["message"] == f'deployments.apps "d" is forbidden: {said}'
    assert (found.body["reason"], found.body["details"]["causes"]) == (reason, [{"message": said}])


def test_what_holds_passes_and_is_not_asked_elsewhere():
    cluster = Cluster()
    policy(cluster, {"validations": [{"expression": FEW}]})
    assert create(cluster, deployment(5)).code == 201
    assert create(cluster, {"metadata": {"name": "m"}}, CONFIGMAPS).code == 201
    patch = {"spec": {"replicas": 6}}
    more = {"content_type": "application/merge-patch+json"}
    assert ask(cluster, "patch", Key(DEPLOYMENTS, "default", "d"), patch, **more).code == 422


def test_warn_and_failures_that_are_ignored():
    cluster = Cluster()
    policy(cluster, {"validations": [{"expression": FEW, "message": "many"}]}, {"validationActions": ["Warn", "Audit"]})
    found = create(cluster, deployment(9))
    text = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': many"
    assert (found.code, found.warnings) == (201, (text,))
    other = Cluster()
    policy(other, {"failurePolicy": "Ignore", "validations": [{"expression": "object.no.such"}]})
    assert create(other, deployment(9)).code == 201


def test_variables_conditions_and_selectors():
    cluster = Cluster()
    spec = {
        "variables": [
            {"name": "most", "expression": "5"},
            {"name": "over", "expression": "object.spec.replicas > variables.most"},
        ],
        "matchConditions": [{"name": "not-mine", "expression": "object.metadata.name != 'mine'"}],
        "validations": [{"expression": "!variables.over", "message": "over"}],
    }
    policy(cluster, spec, {"matchResources": {"objectSelector": {"matchLabels": {"checked": "yes"}}}})
    assert create(cluster, deployment(9, labels={"checked": "yes"})).code == 422
    assert create(cluster, deployment(9, "mine", labels={"checked": "yes"})).code == 201
    assert create(cluster, deployment(9, "free")).code == 201


def test_excluded_and_named():
    cluster = Cluster()
    named = {**RULES["resourceRules"][0], "resourceNames": ["d"]}
    constraints = {"matchConstraints": {"resourceRules": [named]}, "validations": [{"expression": "false"}]}
    policy(cluster, constraints)
    assert create(cluster, deployment(1)).code == 422
    assert create(cluster, deployment(1, "e")).code == 201
    excluded = {**MAPS, "excludeResourceRules": [{**MAPS["resourceRules"][0], "resourceNames": ["kept"]}]}
    policy(cluster, {"matchConstraints": excluded, "validations": [{"expression": "false"}]}, name="q")
    assert create(cluster, {"metadata": {"name": "m"}}, CONFIGMAPS).code == 422
    assert create(cluster, {"metadata": {"name": "kept"}}, CONFIGMAPS).code == 201


PARAMETER = {
    "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
    "validations": [{"expression": "object.spec.replicas <= int(params.data.most)", "message": "too many"}],
}


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ({"name": "most", "parameterNotFoundAction": "Deny"}, "too many"),
        ({"selector": {"matchLabels": {"limits": "yes"}}, "parameterNotFoundAction": "Deny"}, "too many"),
        (
            {"name": "other", "parameterNotFoundAction": "Deny"},
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
        ),
        ({"name": "other", "parameterNotFoundAction": "Allow"}, ""),
    ],
    ids=["name", "selector", "absent", "absent and allowed"],
)
def test_parameters(reference: Tree, text: str):
    cluster = Cluster()
    body = {"metadata": {"name": "most", "labels": {"limits": "yes"}}, "data": {"most": "3"}}
    ask(cluster, "create", Key(CONFIGMAPS, "default"), body, 201)
    policy(cluster, PARAMETER, {"paramRef": {"namespace": "default", **reference}})
    found = create(cluster, deployment(4))
    assert found.body.get("message", "").endswith(text)
    assert found.code == (422 if text else 201)
    assert create(cluster, deployment(3, "few")).code == (422 if reference.get("name") == "other" and text else 201)


def test_policies_cannot_lock_themselves_in():
    cluster = Cluster()
    everything = {"resourceRules": [{
        "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"],
    }]}  # fmt: skip
    policy(cluster, {"matchConstraints": everything, "validations": [{"expression": "false"}]})
    assert create(cluster, {"metadata": {"name": "m"}}, CONFIGMAPS).code == 422
    assert ask(cluster, "delete", Key(table("validatingadmissionpolicies"), "", "p")).code == 200
    assert create(cluster, {"metadata": {"name": "m"}}, CONFIGMAPS).code == 201


def test_deletions_and_the_old_object():
    cluster = Cluster()
    spec = {"matchConstraints": MAPS, "validations": [
        {"expression": "request.operation != 'DELETE' || !has(oldObject.data)", "message": "it holds something"},
    ]}  # fmt: skip
    policy(cluster, spec)
    create(cluster, {"metadata": {"name": "full"}, "data": {"a": "b"}}, CONFIGMAPS)
    create(cluster, {"metadata": {"name": "empty"}}, CONFIGMAPS)
    found = ask(cluster, "delete", Key(CONFIGMAPS, "default", "full"))
    assert found.body["message"].endswith("denied request: it holds something")
    assert ask(cluster, "delete", Key(CONFIGMAPS, "default", "empty")).code == 200


def test_components_are_held_to_policies():
    cluster = Cluster()
    pods = {"resourceRules": [{
        "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
    }]}  # fmt: skip
    policy(cluster, {"matchConstraints": pods, "validations": [{"expression": "false", "message": "no pods"}]})
    create(cluster, deployment(1), code=201)
    cluster.advance(3_000)
    events = [tree["message"] for tree in cluster.store.range(Gvr("", "v1", "events"), "default")]
    assert any(text.endswith("denied request: no pods") for text in events), events


# ---------------------------------------------------------------------- mutating
APPLIED = """Object{
  metadata: Object.metadata{labels: {"size": string(object.spec.replicas)}},
  spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
    containers: [Object.spec.template.spec.containers{name: "side", image: "busybox"}]
  }}}
}"""
PATCHED = """[
  JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}},
  JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("x.io/y"), value: "z"}
]"""


def mutation(expression: str, kind: str = "ApplyConfiguration") -> Tree:
    field = kind[0].lower() + kind[1:] if kind != "JSONPatch" else "jsonPatch"
    return {"patchType": kind, field: {"expression": expression}}


def test_apply_configurations_and_json_patches():
    cluster = Cluster()
    spec = {"reinvocationPolicy": "Never", "mutations": [mutation(PATCHED, "JSONPatch"), mutation(APPLIED)]}
    policy(cluster, spec, kind="mutating")
    found = create(cluster, deployment(2)).body
    assert found["metadata"]["labels"] == {"a": "b", "x.io/y": "z", "size": "2"}
    containers = found["spec"]["template"]["spec"]["containers"]
    assert sorted((each["name"], each["imagePullPolicy"]) for each in containers) == [
        ("c", "Always"),
        ("side", "Always"),
    ]


FAILURES = {
    "no object": (mutation("'text'"), "not an Object"),
    "no list": (mutation("{'a': 'b'}", "JSONPatch"), "should evaluate to array"),
    "does not fit": (mutation("[JSONPatch{op: 'remove', path: '/spec/nothing'}]", "JSONPatch"), "JSON Patch: "),
    "name": (mutation("Object{metadata: Object.metadata{name: 'x'}}"), "metadata.name may not be set"),
    "error": (mutation("Object{spec: Object.spec{replicas: object.spec.nothing}}"), "no such key: nothing"),
}


@pytest.mark.parametrize("case", FAILURES, ids=list(FAILURES))
def test_mutations_that_fail(case: str):
    mutated, text = FAILURES[case]
    cluster = Cluster()
    policy(cluster, {"reinvocationPolicy": "Never", "mutations": [mutated]}, kind="mutating")
    found = create(cluster, deployment(2))
    assert found.code == 422
    begin = "deployments.apps \"d\" is forbidden: policy 'p' with binding 'p-binding' denied request: "
    assert found.body["message"].startswith(begin)
    assert text in found.body["message"]
    other = Cluster()
    policy(other, {"failurePolicy": "Ignore", "reinvocationPolicy": "Never", "mutations": [mutated]}, kind="mutating")
    assert create(other, deployment(2)).code == 201


def test_a_failed_test_means_nothing_to_do():
    cluster = Cluster()
    patch = "[JSONPatch{op: 'test', path: '/spec/replicas', value: 7}, JSONPatch{op: 'remove', path: '/spec/replicas'}]"
    policy(cluster, {"reinvocationPolicy": "Never", "mutations": [mutation(patch, "JSONPatch")]}, kind="mutating")
    assert create(cluster, deployment(2)).body["spec"]["replicas"] == 2


def test_mutations_come_before_validations():
    cluster = Cluster()
    few = "Object{spec: Object.spec{replicas: 3}}"
    policy(cluster, {"reinvocationPolicy": "Never", "mutations": [mutation(few)]}, kind="mutating")
    policy(cluster, {"validations": [{"expression": FEW}]})
    assert create(cluster, deployment(9)).body["spec"]["replicas"] == 3


CONSTRUCTORS = {
    "plain": ("object.spec.replicas > 1", "object.spec.replicas > 1"),
    "object": ("Object{spec: Object.spec{a: 1}}", '{"spec": {"a": 1}}'),
    "map inside": ("Object{m: {x: y}, n: 2}", '{"m": {x: y}, "n": 2}'),
    "condition": ("Object{a: b ? c : d}", '{"a": b ? c : d}'),
    "text": ("JSONPatch{op: 'Object{a: 1}'}", "{\"op\": 'Object{a: 1}'}"),
    "optional": ("Object{?a: b}", '{?"a": b}'),
    "list": ("[JSONPatch{op: 'add', value: [1, 2]}]", '[{"op": \'add\', "value": [1, 2]}]'),
}


@pytest.mark.parametrize("case", CONSTRUCTORS, ids=list(CONSTRUCTORS))
def test_constructors_become_maps(case: str):
    written, meant = CONSTRUCTORS[case]
    assert as_maps(written) == meant


def test_nobody_asks_where_there_are_no_policies():
    cluster = Cluster()
    create(cluster, deployment(1), identity=Identity("u", ("system:masters",)), accept=JSON)
    plugins = cluster.api._pipeline._plugins
    assert plugins.concerned("CREATE", DEPLOYMENTS, "", "default") == ()
