"""Custom values: pruning, defaulting, validation in kube-openapi's words, list types, paths."""

from typing import Any

import pytest

from kubesim.api.custom import jsonpath, pruning, validating
from kubesim.api.custom.metadata import coerced
from kubesim.api.custom.versions import rank

ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TEXT = {"type": "string"}
NESTED = {"type": "object", "properties": {"known": TEXT, "any": ANY, "list": {"type": "array", "items": {
    "type": "object", "properties": {"a": TEXT}}}, "map": {"type": "object", "additionalProperties": {
        "type": "object", "properties": {"a": TEXT}}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "schema", "left", "gone"),
    [
        ({"known": "x", "other": 1}, NESTED, {"known": "x"}, ["other"]),
        ({"any": {"x": {"y": 1}}}, NESTED, {"any": {"x": {"y": 1}}}, []),
        ({"list": [{"a": "1", "b": 2}, {"a": "2"}]}, NESTED, {"list": [{"a": "1"}, {"a": "2"}]}, ["list[0].b"]),
        ({"map": {"k": {"a": "1", "b": 2}}}, NESTED, {"map": {"k": {"a": "1"}}}, ["map.k.b"]),
        ({"kind": "K", "apiVersion": "v", "metadata": {"name": "n"}}, {"type": "object"}, None, []),
        ({"x": 1}, {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, None, []),
        (
            {"t": {"metadata": {"name": "n", "bogus": 1}, "kind": "Pod", "apiVersion": "v1", "x": 1}},
            {"type": "object", "properties": {"t": {"type": "object", "x-kubernetes-embedded-resource": True}}},
            {"t": {"metadata": {"name": "n"}, "kind": "Pod", "apiVersion": "v1"}},
            ["t.metadata.bogus", "t.x"],
        ),
    ],
    ids=["unknown", "preserved", "list", "map", "root", "root preserved", "embedded"],
)
def test_pruning(value: Any, schema: Any, left: Any, gone: list[str]):
    unknown: list[str] = []
    found = pruning.Pruner(coerced).root(value, schema, unknown)
    assert (found, unknown) == (value if left is None else left, gone)
    if left is None:
        assert found is value


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        ({}, {"properties": {"a": {"type": "string", "default": "x"}}}, {"a": "x"}),
        ({"a": None}, {"properties": {"a": {"type": "string", "default": "x"}}}, {"a": "x"}),
        ({"a": None}, {"properties": {"a": {"type": "string", "default": "x", "nullable": True}}}, {"a": None}),
        ({"o": {}}, {"properties": {"o": {"properties": {"b": {"default": 1}}}}}, {"o": {"b": 1}}),
        ({}, {"properties": {"o": {"default": {}, "properties": {"b": {"default": 1}}}}}, {"o": {"b": 1}}),
        ({}, {"properties": {"o": {"properties": {"b": {"default": 1}}}}}, {}),
        ({"l": [{}]}, {"properties": {"l": {"items": {"properties": {"b": {"default": 1}}}}}}, {"l": [{"b": 1}]}),
        ({"m": {"k": {}}}, {"properties": {"m": {"additionalProperties": {"properties": {"b": {"default": 1}}}}}},
         {"m": {"k": {"b": 1}}}),
    ],
    ids=["absent", "null", "nullable", "inside", "chain", "no object", "items", "values"],
)  # fmt: skip
def test_defaulting(value: Any, schema: Any, wanted: Any):
    assert pruning.defaulted(value, schema) == wanted


def test_nulls_that_cannot_be_go():
    schema = {"properties": {"a": TEXT, "b": {"type": "string", "nullable": True}}}
    assert pruning.without_nulls({"a": None, "b": None}, schema) == {"b": None}


@pytest.mark.parametrize(
    ("value", "schema", "field", "text"),
    [
        ({"a": "x"}, {"properties": {"a": {"type": "integer"}}}, "a",
         'Invalid value: "string": a in body must be of type integer: "string"'),
        ({"a": 1.5}, {"properties": {"a": {"type": "integer"}}}, "a",
         'Invalid value: "number": a in body must be of type integer: "number"'),
        ({"a": True}, {"properties": {"a": {"x-kubernetes-int-or-string": True}}}, "a",
         'Invalid value: "boolean": a in body must be of type integer,string: "boolean"'),
        ({}, {"required": ["a"]}, "a", "Required value"),
        ({"a": 11}, {"properties": {"a": {"maximum": 10}}}, "a",
         "Invalid value: 11: a in body should be less than or equal to 10"),
        ({"a": 10}, {"properties": {"a": {"maximum": 10, "exclusiveMaximum": True}}}, "a",
         "Invalid value: 10: a in body should be less than 10"),
        ({"a": 0}, {"properties": {"a": {"minimum": 1}}}, "a",
         "Invalid value: 0: a in body should be greater than or equal to 1"),
        ({"a": 3}, {"properties": {"a": {"multipleOf": 2}}}, "a",
         "Invalid value: 3: a in body should be a multiple of 2"),
        ({"a": "A"}, {"properties": {"a": {"pattern": "^[a-z]+$"}}}, "a",
         "Invalid value: \"A\": a in body should match '^[a-z]+$'"),
        ({"a": "abc"}, {"properties": {"a": {"maxLength": 2}}}, "a", "Too long: may not be more than 2 bytes"),
        ({"a": ""}, {"properties": {"a": {"minLength": 1}}}, "a",
         'Invalid value: "": a in body should be at least 1 chars long'),
        ({"a": "z"}, {"properties": {"a": {"enum": ["x", 1]}}}, "a",
         'Unsupported value: "z": supported values: "x", "1"'),
        ({"a": [1, 2]}, {"properties": {"a": {"maxItems": 1}}}, "a", "Too many: 2: must have at most 1 items"),
        ({"a": []}, {"properties": {"a": {"minItems": 1}}}, "a",
         "Invalid value: 0: a in body should have at least 1 items"),
        ({"a": [{"b": 1}]}, {"properties": {"a": {"items": {"properties": {"b": TEXT}}}}}, "a[0].b",
         'Invalid value: "integer": a[0].b in body must be of type string: "integer"'),
        ({"a": "x"}, {"properties": {"a": {"type": "string", "format": "ipv4"}}}, "a",
         'Invalid value: "x": a in body must be of type ipv4: "x"'),
        ({"a": 1}, {"properties": {"a": {"not": {"enum": [1]}}}}, "<nil>",
         'Invalid value: "": "a" must not validate the schema (not)'),
        ({"a": 5}, {"properties": {"a": {"oneOf": [{"maximum": 9}, {"minimum": 1}]}}}, "<nil>",
         'Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'),
    ],
    ids=["type", "number", "int or string", "required", "max", "exclusive", "min", "multiple", "pattern", "long",
         "short", "enum", "many", "few", "items", "format", "not", "one of"],
)  # fmt: skip
def test_what_is_wrong(value: Any, schema: Any, field: str, text: str):
    found = validating.problems(value, {"type": "object", **schema})
    assert [(cause.field, cause.message) for cause in found] == [(field, text)]


def test_no_alternative_fits():
    schema = {"properties": {"a": {"anyOf": [{"minimum": 5}, {"minimum": 3}]}}}
    found = [cause.message for cause in validating.problems({"a": 1}, schema)]
    assert found[0] == 'Invalid value: "": "a" must validate at least one schema (anyOf)'
    assert len(found) == 2


def test_what_did_not_change_is_let_pass():
    schema = {"properties": {"a": {"maximum": 1}, "b": {"maximum": 1}, "l": {
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
        "items": {"properties": {"v": {"maximum": 1}}}}}}  # fmt: skip
    validator = validating.Validator()
    old = {"a": 5, "b": 5, "l": [{"n": "x", "v": 5}]}
    validator.check({"a": 5, "b": 6, "l": [{"n": "y", "v": 5}, {"n": "x", "v": 5}]}, schema, "", old)
    assert [cause.field for cause in validator.causes] == ["b", "l[0].v"]


def test_duplicates():
    schema = {"properties": {
        "m": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {}},
        "s": {"x-kubernetes-list-type": "set", "items": {}}, "a": {"items": {}}}}  # fmt: skip
    value = {"m": [{"n": "a", "v": 1}, {"n": "a"}], "s": ["x", "y", "x"], "a": [1, 1]}
    found = [(cause.field, cause.message) for cause in validating.duplicates(value, schema)]
    assert found == [("m[1]", 'Duplicate value: {"n":"a"}'), ("s[2]", 'Duplicate value: "x"')]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (".spec.a", [1]),
        (".spec['b-c']", [2]),
        (".spec.list[1].v", [20]),
        (".spec.list[*].v", [10, 20]),
        ('.spec.list[?(@.n=="y")].v', [20]),
        (".spec.missing", []),
        (r".metadata.annotations.a\.b/c", ["x"]),
    ],
)
def test_paths(path: str, wanted: list[Any]):
    tree = {
        "spec": {"a": 1, "b-c": 2, "list": [{"n": "x", "v": 10}, {"n": "y", "v": 20}]},
        "metadata": {"annotations": {"a.b/c": "x"}},
    }
    assert jsonpath.find(jsonpath.parse(path), tree) == wanted


def test_order_of_versions():
    names = ["v1alpha1", "foo", "v1", "v10", "v2beta1", "v2"]
    assert sorted(names, key=rank) == ["v10", "v2", "v1", "v2beta1", "v1alpha1", "foo"]


@pytest.mark.parametrize(
    ("expression", "value", "fits"),
    [
        ("^(a+)+$", "a" * 5_000, True),
        ("^(a+)+$", "a" * 5_000 + "b", False),
        (r"^\p{Lu}[[:alpha:]]*\z", "Äé", False),
        (r"^\p{Lu}\p{L}*\z", "Ärger", True),
        ("a$", "a\n", False),
    ],
    ids=["evil and right", "evil and wrong", "ascii classes", "unicode classes", "the very end"],
)
def test_patterns_are_gos_and_never_slow(expression: str, value: str, fits: bool):
    found = validating.problems({"a": value}, {"type": "object", "properties": {"a": {"pattern": expression}}})
    assert (not found) is fits
