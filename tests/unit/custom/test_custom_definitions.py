"""Definitions: what is refused and in which words."""

from typing import Any

import pytest

from kubesim.kinds.definition import DefinitionStrategy

TEXT = {"type": "string"}
SCALE = {"specReplicasPath": ".x", "statusReplicasPath": ".status.x"}
PATH = "spec.validation.openAPIV3Schema"


def definition(schema: dict[str, Any] | None = None, version: dict[str, Any] | None = None, **spec: Any) -> Any:
    one = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema or {"type": "object"}}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    content = {
        "group": "example.com", "scope": "Namespaced", "names": names, "versions": [{**one, **(version or {})}],
        "conversion": {"strategy": "None"}, **spec,
    }  # fmt: skip
    return {"metadata": {"name": "widgets.example.com"}, "spec": content}


def causes(tree: Any) -> list[tuple[str, str]]:
    return [(cause.field, cause.message) for cause in DefinitionStrategy().validate(tree)]


def field(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


def test_a_right_one():
    assert causes(definition()) == []


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (definition(group="example"), ("spec.group", "should be a domain with at least one dot")),
        (definition(scope="Here"), ("spec.scope", 'Unsupported value: "Here"')),
        (definition(version={"storage": False}), ("spec.versions", "exactly one version marked as storage version")),
        (definition(version={"name": "V1"}), ("spec.versions[0].name", "a DNS-1035 label must consist of")),
        (definition(version={"schema": {}}), ("spec.versions[0].schema.openAPIV3Schema", "schemas are required")),
        (definition(group="x.k8s.io"), ("metadata.annotations[api-approved.kubernetes.io]", "protected groups must")),
        (
            definition(version={"subresources": {"scale": SCALE}}),
            ("spec.subresources.scale.specReplicasPath", "should be a json path under .spec"),
        ),
        (
            definition(version={"additionalPrinterColumns": [{"name": "A", "type": "x", "jsonPath": ".a"}]}),
            ("spec.additionalPrinterColumns[0].type", "must be one of boolean,date,integer,number,string"),
        ),
        (
            definition(version={"selectableFields": [{"jsonPath": ".spec.no"}]}),
            ("spec.selectableFields[0].jsonPath", "is an invalid path"),
        ),
        (
            definition(conversion={"strategy": "Webhook"}),
            ("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook"),
        ),
    ],
    ids=["group", "scope", "storage", "version", "schema", "approval", "scale", "column", "selectable", "conversion"],
)  # fmt: skip
def test_what_is_refused(tree: Any, wanted: tuple[str, str]):
    found = causes(tree)
    assert any(name == wanted[0] and wanted[1] in text for name, text in found), found


@pytest.mark.parametrize(
    ("schema", "place", "text"),
    [
        (field({}), ".properties[a].type", "Required value: must not be empty for specified object fields"),
        (field({"type": "array"}), ".properties[a].items", "Required value: must be specified"),
        ({"type": "string"}, ".type", 'Invalid value: "string": must be object at the root'),
        (field({"type": "object", "additionalProperties": TEXT, "properties": {"b": TEXT}}),
         ".properties[a].additionalProperties",
         "Forbidden: additionalProperties and properties are mutual exclusive"),
        (field({"type": "array", "items": {"type": "string"}, "uniqueItems": True}), ".properties[a].uniqueItems",
         "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
        (field({"type": "object", "anyOf": [{"properties": {"b": {}}}]}), ".properties[a].properties[b]",
         f"Required value: because it is defined in {PATH}.properties[a].anyOf[0].properties[b]"),
        (field({"type": "string", "anyOf": [{"type": "string"}]}), ".properties[a].anyOf[0].type",
         "Forbidden: must be empty to be structural"),
        (field({"type": "string", "x-kubernetes-list-type": "set"}), ".properties[a].type",
         'Invalid value: "string": must be array if x-kubernetes-list-type is specified'),
        (field({"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}}),
         ".properties[a].x-kubernetes-list-map-keys",
         "Required value: must not be empty if x-kubernetes-list-type is map"),
        (field({"type": "integer", "default": "x"}), ".properties[a].default",
         'Invalid value: "string": in body must be of type integer: "string"'),
        ({"type": "object", "properties": {"metadata": field({"type": "object"})}},
         ".properties[metadata]",
         "Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"),
    ],
    ids=["type", "items", "root", "both", "unique", "incomplete", "nested", "list type", "keys", "default", "metadata"],
)  # fmt: skip
def test_schemas_that_are_refused(schema: Any, place: str, text: str):
    assert (f"{PATH}{place}", text) in causes(definition(schema))


def rule(**content: Any) -> dict[str, Any]:
    spec = {"x": {"type": "integer"}, "l": {"type": "array", "items": {"type": "string"}},
            "m": {"type": "object", "additionalProperties": {"type": "integer"}},
            "items": {"type": "array", "items": {"type": "string", "x-kubernetes-validations": []}}}  # fmt: skip
    inner = {"type": "object", "properties": spec, "x-kubernetes-validations": [content]}
    return {"type": "object", "properties": {"spec": inner}}


@pytest.mark.parametrize(
    ("schema", "place", "text"),
    [
        (rule(rule="self.z == 1"), "rule",
         "compilation failed: ERROR: <input>:1:5: undefined field 'z'\n | self.z == 1\n | ....^"),
        (rule(rule="self.x =="), "rule", "compilation failed: ERROR: <input>:1:10: Syntax error: mismatched input"),
        (rule(rule="self.x"), "rule", "cel expression must evaluate to a bool"),
        (rule(rule="self.x == 'a'"), "rule",
         "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'"),
        (rule(rule="self.l.all(s, s > 1)"), "rule", "found no matching overload for '_>_' applied to '(string, int)'"),
        (rule(rule=""), "rule", "Required value: rule is not specified"),
        (rule(rule="self.x > 1", message="a\nb"), "message", "message must not contain line breaks"),
        (rule(rule="self.x > 1", reason="Nope"), "reason", 'Unsupported value: "Nope"'),
        (rule(rule="self.x > 1", fieldPath=".nope"), "fieldPath", "does not refer to a valid field"),
        (rule(rule="self.x > 1", messageExpression="1"), "messageExpression",
         "messageExpression must evaluate to a string"),
        (rule(rule="self.l.all(s, s.contains('gpu'))"), "rule",
         "Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule"),
    ],
    ids=["field", "syntax", "bool", "types", "item types", "empty", "message", "reason", "path", "expression", "cost"],
)  # fmt: skip
def test_rules_that_are_refused(schema: Any, place: str, text: str):
    found = causes(definition(schema))
    wanted = f"{PATH}.properties[spec].x-kubernetes-validations[0].{place}"
    assert any(name == wanted and text in said for name, said in found), found


def test_a_rule_on_items_cannot_know_their_past():
    schema = rule(rule="true")
    items = schema["properties"]["spec"]["properties"]["items"]["items"]
    items["x-kubernetes-validations"] = [{"rule": "self == oldSelf"}]
    found = [text for _, text in causes(definition(schema))]
    assert any("oldSelf cannot be used on the uncorrelatable portion of the schema within" in text for text in found)


@pytest.mark.parametrize(
    "text",
    [
        "self.x > 1 && self.l.all(s, s != 'x')",
        "has(self.m.k) ? self.m['k'] > 1 : size(self.l) < 3",
        "self.m.all(k, self.m[k] > 0)",
        "!has(self.x) || self.x in [1, 2, 3]",
        "oldSelf.x == self.x",
        "self.l.exists(i, i.startsWith('a')) || self.l.map(i, size(i)).sum() < 5",
    ],
)
def test_rules_that_compile(text: str):
    found = [said for _, said in causes(definition(rule(rule=text))) if "compilation" in said or "evaluate" in said]
    assert found == []
