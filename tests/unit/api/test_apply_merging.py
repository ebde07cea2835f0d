"""Configurations merged into live values, fields taken out, and configurations that do not fit."""

import pytest

from kubesim.api.apply.checking import problems
from kubesim.api.apply.kinds import Shapes
from kubesim.api.apply.merging import merge, remove, with_named
from kubesim.api.schema import Schema

SHAPES = Shapes(Schema.load())
POD = SHAPES.of(("", "v1", "Pod"))
CONFIGMAP = SHAPES.of(("", "v1", "ConfigMap"))


def named(*names, **more):
    return {"spec": {"containers": [{"name": name, **more} for name in names]}}


def names(pod):
    return "".join(container["name"] for container in pod["spec"]["containers"])


@pytest.mark.parametrize(
    ("live", "config", "merged"),
    [
        ("ab", "c", "abc"),
        ("abc", "b", "abc"),
        ("abc", "cb", "acb"),
        ("abc", "ca", "bca"),
        ("abc", "xa", "xabc"),
        ("abc", "bx", "abcx"),
        ("abc", "bxc", "abxc"),
        ("ab", "", "ab"),
        ("", "ab", "ab"),
        ("abcd", "dxb", "acdxb"),
    ],
)
def test_items_follow_the_configuration_and_others_keep_their_neighbours(live, config, merged):
    assert names(merge(POD, named(*live), named(*config))) == merged


def test_items_are_merged_field_by_field():
    merged = merge(POD, named("a", image="x", tty=True), named("a", image="y"))
    assert merged == named("a", image="y", tty=True)


def test_items_given_twice_are_replaced():
    live = {"metadata": {"finalizers": ["a", "a", "b"]}}
    assert merge(POD, live, {"metadata": {"finalizers": ["b", "a"]}}) == {"metadata": {"finalizers": ["b", "a"]}}


@pytest.mark.parametrize(
    ("live", "config", "merged"),
    [
        ({"data": {"a": "1"}}, {"data": {"b": "2"}}, {"data": {"a": "1", "b": "2"}}),
        ({"data": {"a": "1"}}, {"data": {}}, {"data": {"a": "1"}}),
        ({}, {"data": {}}, {"data": {}}),
        ({"data": {"a": "1"}}, {"data": None}, {"data": {"a": "1"}}),
    ],
    ids=["keys", "an empty map", "an empty map where none is", "null"],
)
def test_maps(live, config, merged):
    assert merge(CONFIGMAP, live, config) == merged


def test_the_live_object_is_left_alone():
    live = named("a", image="x")
    merged = merge(POD, live, named("b"))
    assert live == named("a", image="x")
    assert merged["spec"]["containers"][0] is live["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"f:data": {"f:a": {}}}, {"data": {"b": "2"}}),
        ({"f:data": {}}, None),
        ({"f:data": {"f:a": {}, "f:b": {}}}, {"data": None}),
        ({"f:data": {"f:x": {}}}, {"data": {"a": "1", "b": "2"}}),
        (None, {"data": {"a": "1", "b": "2"}}),
    ],
    ids=["a key", "the map", "all keys", "another key", "nothing"],
)
def test_removing(fields, left):
    assert remove(CONFIGMAP, {"data": {"a": "1", "b": "2"}}, fields) == left


def test_removing_items():
    fields = {"f:spec": {"f:containers": {'k:{"name":"a"}': {}, 'k:{"name":"b"}': {"f:image": {}}}}}
    assert remove(POD, named("a", "b", "c", image="x"), fields) == {
        "spec": {"containers": [{"name": "b"}, {"name": "c", "image": "x"}]}
    }


def test_declared_objects_go_with_their_fields():
    fields = {"f:spec": {"f:securityContext": {"f:runAsUser": {}}}, "f:metadata": {"f:labels": {"f:a": {}}}}
    assert with_named(POD, fields) == {
        "f:spec": {".": {}, "f:securityContext": {".": {}, "f:runAsUser": {}}},
        "f:metadata": {".": {}, "f:labels": {".": {}, "f:a": {}}},
    }


PROBLEMS = {
    "unknown field": ({"spec": {"bogus": 1}}, [(".spec.bogus", "field not declared in schema")]),
    "a number for a text": (
        {"spec": {"nodeName": 5}},
        [(".spec.nodeName", "expected string, got &value.valueUnstructured{Value:5}")],
    ),
    "a list for a text": (
        {"spec": {"nodeName": ["a", True]}},
        [(".spec.nodeName", 'expected string, got &value.valueUnstructured{Value:[]interface {}{"a", true}}')],
    ),
    "a text for a number": (
        {"spec": {"terminationGracePeriodSeconds": "5"}},
        [(".spec.terminationGracePeriodSeconds", "expected numeric (int or float), got string")],
    ),
    "a text for a list": ({"spec": {"containers": "c"}}, [(".spec.containers", "expected list, got &{c}")]),
    "a list for a map": ({"spec": []}, [(".spec", "expected map, got &{[]}")]),
    "a text for a boolean": ({"spec": {"hostPID": "yes"}}, [(".spec.hostPID", "expected boolean, got &{yes}")]),
    "an item given twice": (
        named("a", "a"),
        [(".spec.containers", 'duplicate entries for key [name="a"]')],
    ),
    "an item without its key": (
        {"metadata": {"ownerReferences": [None]}},
        [
            (
                ".metadata.ownerReferences",
                "element 0: associative list with keys may not have a null element",
            )
        ],
    ),
    "an item in an atomic list": (
        {"spec": {"tolerations": [{"key": 1}]}},
        [(".spec.tolerations[0].key", "expected string, got &value.valueUnstructured{Value:1}")],
    ),
    "a map in a set": (
        {"metadata": {"finalizers": [{}]}},
        [(".metadata.finalizers", "element 0: associative list without keys has an element that's a map type")],
    ),
    "a port without its number": (
        {"spec": {"containers": [{"name": "c", "ports": [{"name": "x"}]}]}},
        [],
    ),
    "an account's secret without its name": ({"spec": {"imagePullSecrets": [{}]}}, []),
}


@pytest.mark.parametrize(("config", "found"), PROBLEMS.values(), ids=PROBLEMS)
def test_configurations_that_do_not_fit(config, found):
    assert problems(POD, config) == found


def test_a_key_without_a_default_must_be_given():
    account = SHAPES.of(("", "v1", "ServiceAccount"))
    text = 'associative list with keys has an element that omits key field "name" (and doesn\'t have default value)'
    assert problems(account, {"secrets": [{}]}) == [(".secrets", f"element 0: {text}")]
