"""Custom resources from their definition to their end, as Kubernetes' own conformance tests have it."""

import json
from typing import Any

import pytest

from conformance.ways import Api, Remote
from kubesim.objects.wire import APPLY_PATCH, JSON, JSON_PATCH, MERGE_PATCH, TABLE, Gvr, Key, Request

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
PRESERVE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(plural: str, *versions: dict[str, Any], group: str = "c.example.com", **spec: Any) -> dict[str, Any]:
    kind = plural[:-1].title()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": list(versions),
            **spec,
        },
    }


def version(name: str, schema: dict[str, Any] = PRESERVE, *, storage: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}, **more}


def ask(api: Api, verb: str, gvr: Gvr, name: str = "", body: Any = None, code: int = 0, **more: Any) -> Any:
    space = "" if gvr == DEFINITIONS else "default"
    response = api.answer(Request(verb, Key(gvr, space, name), body=body, **more))
    wanted = code or (201 if verb == "create" else 200)
    assert response.code == wanted, response.body
    return response


def define(api: Api, tree: dict[str, Any]) -> Gvr:
    """Create a definition and wait until it is established; the first version's resource."""
    ask(api, "create", DEFINITIONS, body=tree)
    name = tree["metadata"]["name"]
    for _ in range(50):
        found = ask(api, "get", DEFINITIONS, name).body
        conditions = {entry["type"]: entry["status"] for entry in found["status"]["conditions"] or ()}
        if conditions.get("Established") == "True":
            break
        api.wait(0.2)
    else:
        pytest.fail(f"not established: {found}")
    spec = tree["spec"]
    return Gvr(spec["group"], spec["versions"][0]["name"], spec["names"]["plural"])


def gone(api: Api, name: str) -> None:
    ask(api, "delete", DEFINITIONS, name)
    for _ in range(50):
        if api.answer(Request("get", Key(DEFINITIONS, "", name))).code == 404:
            return
        api.wait(0.5)
    pytest.fail(f"{name} stays")


def custom(gvr: Gvr, name: str, **content: Any) -> dict[str, Any]:
    kind = gvr.resource[:-1].title()
    return {"apiVersion": gvr.api_version, "kind": kind, "metadata": {"name": name}, **content}


def test_definitions_come_and_go(api: Api):
    gvr = define(api, definition("comes", version("v1")))
    ask(api, "create", gvr, body=custom(gvr, "a", any={"thing": [1]}))
    assert ask(api, "get", gvr, "a").body["any"] == {"thing": [1]}
    held = {**custom(gvr, "held"), "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    ask(api, "create", gvr, body=held)
    ask(api, "delete", DEFINITIONS, "comes.c.example.com")
    api.wait(3)
    found = ask(api, "get", DEFINITIONS, "comes.c.example.com").body
    assert found["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    terminating = next(entry for entry in found["status"]["conditions"] if entry["type"] == "Terminating")
    assert (terminating["status"], terminating["reason"]) == ("True", "InstanceDeletionInProgress")
    assert [item["metadata"]["name"] for item in ask(api, "list", gvr).body["items"]] == ["held"]
    refused = ask(api, "create", gvr, body=custom(gvr, "late"), code=405).body
    assert refused["message"] == "create not allowed while custom resource definition is terminating"
    ask(api, "patch", gvr, "held", {"metadata": {"finalizers": None}}, content_type=MERGE_PATCH)
    for _ in range(50):
        if api.answer(Request("get", Key(DEFINITIONS, "", "comes.c.example.com"))).code == 404:
            break
        api.wait(0.5)


def test_definitions_are_listed_and_patched(api: Api):
    define(api, definition("lists", version("v1")))
    names = [item["metadata"]["name"] for item in ask(api, "list", DEFINITIONS).body["items"]]
    assert "lists.c.example.com" in names
    status = {"status": {"conditions": [{"type": "Test", "status": "True", "lastTransitionTime": None}]}}
    patched = ask(
        api, "patch", DEFINITIONS, "lists.c.example.com", status, content_type=MERGE_PATCH, subresource="status"
    ).body
    assert [entry["type"] for entry in patched["status"]["conditions"]] == ["Test"]
    gone(api, "lists.c.example.com")


def test_conditions_of_a_definition_may_have_no_type(api: Api):
    define(api, definition("untyped", version("v1")))
    name = "untyped.c.example.com"
    found = ask(api, "get", DEFINITIONS, name, subresource="status").body
    more = [*found["status"]["conditions"], {"type": "", "status": "", "message": "updated"}]
    status = {**found, "status": {**found["status"], "conditions": more}}
    updated = ask(api, "update", DEFINITIONS, name, status, subresource="status").body
    assert updated["status"]["conditions"][-1]["message"] == "updated"
    patch = [{"op": "add", "path": "/status/conditions", "value": [{"message": "patched"}]}]
    found = ask(api, "patch", DEFINITIONS, name, patch, content_type=JSON_PATCH, subresource="status").body
    conditions = found["status"]["conditions"]
    assert [entry["message"] for entry in conditions if not entry.get("type")] == ["patched"]
    assert not any(entry.get("lastTransitionTime") for entry in conditions if not entry.get("type"))
    gone(api, name)


def test_watching_objects(api: Api):
    gvr = define(api, definition("watches", version("v1")))
    start = ask(api, "list", gvr).body["metadata"]["resourceVersion"]
    ask(api, "create", gvr, body=custom(gvr, "w", x=1))
    ask(api, "patch", gvr, "w", {"x": 2}, content_type=MERGE_PATCH)
    ask(api, "delete", gvr, "w")
    events = api.events(Request("watch", Key(gvr, "default"), query={"resourceVersion": start}))
    assert [(kind, tree.get("x")) for kind, tree in events] == [("ADDED", 1), ("MODIFIED", 2), ("DELETED", 2)]
    gone(api, "watches.c.example.com")


def test_selectable_fields(api: Api):
    text, flag = {"type": "string"}, {"type": "boolean"}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"color": text, "on": flag}}}}
    fields = [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.on"}]
    gvr = define(api, definition("selects", version("v1", schema, selectableFields=fields)))
    for name, color, on in (("a", "red", True), ("b", "blue", True), ("c", "blue", False)):
        ask(api, "create", gvr, body=custom(gvr, name, spec={"color": color, "on": on}))
    query = {"fieldSelector": "spec.color=blue,spec.on=true"}
    assert [item["metadata"]["name"] for item in ask(api, "list", gvr, query=query).body["items"]] == ["b"]
    events = api.events(Request("watch", Key(gvr, "default"), query={"fieldSelector": "spec.color=blue"}))
    assert [tree["metadata"]["name"] for _, tree in events] == ["b", "c"]
    ask(api, "list", gvr, query={"fieldSelector": "spec.size=1"}, code=400)
    gone(api, "selects.c.example.com")


def test_defaults_for_requests_and_from_storage(api: Api):
    number = {"type": "integer"}
    schema = {"type": "object", "properties": {"a": {**number, "default": 1}, "b": number}}
    gvr = define(api, definition("defaults", version("v1", schema)))
    made = ask(api, "create", gvr, body=custom(gvr, "d")).body
    assert made["a"] == 1
    assert "b" not in made
    new = {"type": "object", "properties": {"a": {**number, "default": 1}, "b": {**number, "default": 2}}}
    path = {"spec": {"versions": [version("v1", new)]}}
    ask(api, "patch", DEFINITIONS, "defaults.c.example.com", path, content_type=MERGE_PATCH)
    assert ask(api, "get", gvr, "d").body["b"] == 2
    assert ask(api, "list", gvr).body["items"][0]["b"] == 2
    gone(api, "defaults.c.example.com")


def test_versions_and_their_storage(api: Api):
    tree = definition("versions", version("v1"), version("v2", storage=False))
    old = define(api, tree)
    new = old._replace(version="v2")
    ask(api, "create", old, body=custom(old, "x", x=1))
    assert ask(api, "get", new, "x").body["apiVersion"] == "c.example.com/v2"
    moved = {"spec": {"versions": [version("v1", storage=False), version("v2")]}}
    after = ask(api, "patch", DEFINITIONS, "versions.c.example.com", moved, content_type=MERGE_PATCH).body
    assert after["status"]["storedVersions"] == ["v1", "v2"]
    ask(api, "create", old, body=custom(old, "y", x=2))
    found = ask(api, "list", new).body["items"]
    assert [(item["apiVersion"], item["metadata"]["name"]) for item in found] == [
        ("c.example.com/v2", "x"), ("c.example.com/v2", "y"),
    ]  # fmt: skip
    left = {"spec": {"versions": [version("v2")]}}
    refused = ask(api, "patch", DEFINITIONS, "versions.c.example.com", left, content_type=MERGE_PATCH, code=422).body
    assert refused["details"]["causes"][0]["message"].startswith('Invalid value: "v1": missing from spec.versions; v1 ')
    gone(api, "versions.c.example.com")


STRICT = {"type": "object", "properties": {
    "spec": {"type": "object", "properties": {"a": {"type": "string"}, "template": {
        "type": "object", "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True}}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"spec": {"a": "x", "bogus": 1}}, 'unknown field "spec.bogus"'),
        ({"bogus": 1}, 'unknown field "bogus"'),
        ({"metadata": {"name": "n", "bogus": 1}}, 'unknown field "metadata.bogus"'),
        (
            {"spec": {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n", "bogus": 1}}}},
            'unknown field "spec.template.metadata.bogus"',
        ),
    ],
    ids=["spec", "root", "metadata", "embedded"],
)
def test_field_validation(api: Api, body: Any, text: str):
    gvr = Gvr("c.example.com", "v1", "stricts")
    if api.answer(Request("get", Key(DEFINITIONS, "", "stricts.c.example.com"))).code == 404:
        define(api, definition("stricts", version("v1", STRICT)))
    tree = {**custom(gvr, "n"), **body}
    refused = ask(api, "create", gvr, body=tree, query={"fieldValidation": "Strict"}, code=400).body
    assert refused["message"] == f'Strict in version "v1" cannot be handled as a Strict: strict decoding error: {text}'
    warned = ask(api, "create", gvr, body=tree, query={"dryRun": "All"})
    assert warned.warnings == (text,)
    assert ask(api, "create", gvr, body=tree, query={"fieldValidation": "Ignore", "dryRun": "All"}).warnings == ()


def test_duplicates_are_seen_even_where_all_is_preserved(api: Api):
    gvr = define(api, definition("twices", version("v1")))
    text = json.dumps(custom(gvr, "t", spec={"a": 1})).replace('"a": 1', '"a": 1, "a": 2').encode()
    refused = ask(api, "create", gvr, body=text, content_type=JSON, query={"fieldValidation": "Strict"}, code=400).body
    assert 'strict decoding error: duplicate field "spec.a"' in refused["message"]
    gone(api, "twices.c.example.com")


def test_rules(api: Api):
    integer = {"type": "integer"}
    spec = {"type": "object", "properties": {"x": integer, "y": integer}, "x-kubernetes-validations": [
        {"rule": "self.x + self.y > 0"},
        {"rule": "self.x >= oldSelf.x", "message": "x may not shrink", "reason": "FieldValueForbidden",
         "fieldPath": ".x"},
    ]}  # fmt: skip
    gvr = define(api, definition("rules", version("v1", {"type": "object", "properties": {"spec": spec}})))
    ask(api, "create", gvr, body=custom(gvr, "ok", spec={"x": 1, "y": 0}))
    refused = ask(api, "create", gvr, body=custom(gvr, "bad", spec={"x": -1, "y": 0}), code=422).body
    assert refused["message"] == (
        'Rule.c.example.com "bad" is invalid: spec: Invalid value: failed rule: self.x + self.y > 0'
    )
    missing = ask(api, "create", gvr, body=custom(gvr, "bad", spec={"x": 1}), code=422).body
    assert 'spec: Invalid value: "object": no such key: y evaluating rule: self.x + self.y > 0' in missing["message"]
    shrunk = ask(api, "patch", gvr, "ok", {"spec": {"x": 0, "y": 5}}, content_type=MERGE_PATCH, code=422).body
    assert shrunk["details"]["causes"] == [
        {"reason": "FieldValueForbidden", "message": "Forbidden: x may not shrink", "field": "spec.x"}
    ]
    gone(api, "rules.c.example.com")


def test_rules_have_a_budget(api: Api):
    numbers = {"type": "array", "maxItems": 3000, "items": {"type": "integer"}}
    rule = {"rule": "self.l.all(x, self.l.all(y, x + y > 0))"}
    spec = {"type": "object", "properties": {"l": {**numbers, "maxItems": 800}}, "x-kubernetes-validations": [rule]}
    gvr = define(api, definition("budgets", version("v1", {"type": "object", "properties": {"spec": spec}})))
    ask(api, "create", gvr, body=custom(gvr, "few", spec={"l": [1] * 100}))
    refused = ask(api, "create", gvr, body=custom(gvr, "many", spec={"l": [1] * 800}), code=422).body
    assert "no further validation rules will be run due to call cost exceeds limit for rule" in refused["message"]
    gone(api, "budgets.c.example.com")


def test_apply_knows_the_lists_of_the_schema(api: Api):
    items = {"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}, "v": {"type": "integer"}}}
    known = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": items}
    gvr = define(api, definition("applies", version("v1", {"type": "object", "properties": {"l": known}})))
    for manager, name in (("one", "a"), ("two", "b")):
        body = json.dumps(custom(gvr, "s", l=[{"n": name, "v": 1}])).encode()
        code = 201 if manager == "one" else 200
        ask(api, "patch", gvr, "s", body, code, content_type=APPLY_PATCH, query={"fieldManager": manager})
    assert ask(api, "get", gvr, "s").body["l"] == [{"n": "a", "v": 1}, {"n": "b", "v": 1}]
    body = json.dumps(custom(gvr, "s", l=[{"n": "a", "v": 2}])).encode()
    clash = ask(api, "patch", gvr, "s", body, 409, content_type=APPLY_PATCH, query={"fieldManager": "two"}).body
    assert 'conflict with "one": .l[n="a"].v' in clash["message"]
    gone(api, "applies.c.example.com")


def test_tables_and_metadata(api: Api):
    columns = [
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
    ]
    gvr = define(api, definition("tables", version("v1", additionalPrinterColumns=columns)))
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    ask(api, "create", gvr, body=custom(gvr, "t", spec={"size": 3}, status=status))
    table = ask(api, "list", gvr, accept=TABLE).body
    assert [(column["name"], column["priority"]) for column in table["columnDefinitions"]] == [
        ("Name", 0), ("Ready", 0), ("Size", 1),
    ]  # fmt: skip
    assert table["rows"][0]["cells"] == ["t", "True", 3]
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    partial = ask(api, "list", gvr, accept=accept).body
    assert partial["items"][0]["metadata"]["name"] == "t"
    assert "spec" not in partial["items"][0]
    gone(api, "tables.c.example.com")


def test_names_are_given_once(api: Api):
    define(api, definition("firsts", version("v1")))
    second = definition("seconds", version("v1"))
    second["spec"]["names"] = {"plural": "seconds", "kind": "First"}
    ask(api, "create", DEFINITIONS, body=second)
    api.wait(1)
    found = ask(api, "get", DEFINITIONS, "seconds.c.example.com").body["status"]["conditions"]
    assert [(entry["type"], entry["status"], entry["reason"]) for entry in found] == [
        ("NamesAccepted", "False", "ListKindConflict"), ("Established", "False", "NotAccepted"),
    ]  # fmt: skip
    gone(api, "firsts.c.example.com")
    api.wait(1)
    found = ask(api, "get", DEFINITIONS, "seconds.c.example.com").body["status"]["conditions"]
    assert [(entry["type"], entry["status"]) for entry in found] == [("NamesAccepted", "True"), ("Established", "True")]
    gone(api, "seconds.c.example.com")


def test_the_garbage_collector_and_namespaces_know_custom_objects(api: Api):
    gvr = define(api, definition("owners", version("v1")))
    owner = ask(api, "create", gvr, body=custom(gvr, "o")).body
    reference = {"apiVersion": gvr.api_version, "kind": "Owner", "name": "o", "uid": owner["metadata"]["uid"]}
    maps = Gvr("", "v1", "configmaps")
    owned = {"metadata": {"name": "owned", "ownerReferences": [reference]}}
    ask(api, "create", maps, body=owned)
    ask(api, "delete", gvr, "o")
    for _ in range(50):
        if api.answer(Request("get", Key(maps, "default", "owned"))).code == 404:
            break
        api.wait(0.5)
    else:
        pytest.fail("what it owned stays")
    gone(api, "owners.c.example.com")


# ---------------------------------------------------------------------- documents, over HTTP alone
def document(api: Remote, path: str, accept: str = "application/json") -> Any:
    reply = api.served.send("GET", path, headers={"Accept": accept})
    return reply.json if reply.status == 200 else reply.status


def test_discovery_and_openapi_follow(api: Api):
    if not isinstance(api, Remote):
        return
    text = {"type": "string", "description": "what it is"}
    spec = {"type": "object", "properties": {"t": text}}
    schema = {"type": "object", "description": "A paper", "properties": {"spec": spec}}
    second = version("v2", storage=False)
    define(api, definition("papers", version("v1", schema), second, group="docs.example.com"))
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = {group["metadata"].get("name"): group for group in document(api, "/apis", aggregated)["items"]}
    versions = groups["docs.example.com"]["versions"]
    assert [entry["version"] for entry in versions] == ["v2", "v1"]
    papers = next(entry for entry in versions[1]["resources"] if entry["resource"] == "papers")
    assert papers["responseKind"] == {"group": "docs.example.com", "version": "v1", "kind": "Paper"}
    assert document(api, "/apis/docs.example.com")["preferredVersion"]["version"] == "v2"
    found = document(api, "/openapi/v3/apis/docs.example.com/v1")["components"]["schemas"]["com.example.docs.v1.Paper"]
    assert found["properties"]["spec"]["properties"]["t"] == text
    assert found["x-kubernetes-group-version-kind"] == [{"group": "docs.example.com", "version": "v1", "kind": "Paper"}]
    old = document(api, "/openapi/v2")["definitions"]
    assert old["com.example.docs.v1.Paper"]["properties"]["spec"]["properties"]["t"] == text
    hidden = {**version("v2", storage=False), "served": False}
    change = {"spec": {"versions": [version("v1", schema), hidden]}}
    ask(api, "patch", DEFINITIONS, "papers.docs.example.com", change, content_type=MERGE_PATCH)
    assert document(api, "/openapi/v3/apis/docs.example.com/v2") == 404
    assert "com.example.docs.v2.Paper" not in document(api, "/openapi/v2")["definitions"]
    assert document(api, "/apis/docs.example.com/v2/namespaces/default/papers") == 404
    gone(api, "papers.docs.example.com")
    assert document(api, "/openapi/v3/apis/docs.example.com/v1") == 404


def test_objects_show_defaults_that_came_later(api: Api):
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    gvr = define(api, definition("laters", version("v1", schema)))
    ask(api, "create", gvr, body=custom(gvr, "first", a="x"))
    assert "b" not in ask(api, "get", gvr, "first").body
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/b/default"
    patch = [{"op": "add", "path": path, "value": "B"}]
    ask(api, "patch", DEFINITIONS, "laters.c.example.com", patch, content_type=JSON_PATCH)
    assert ask(api, "get", gvr, "first").body["b"] == "B"
    assert [item["b"] for item in ask(api, "list", gvr).body["items"]] == ["B"]
    gone(api, "laters.c.example.com")
