"""JSON merge patch (RFC 7386) and JSON patch (RFC 6902)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.objects.errors import ApiError
from kubesim.objects.patches import go_value, json_patch, merge_patch
from kubesim.objects.tree import equal, freeze

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_table_of_the_rfc(doc, patch, expected):
    assert merge_patch(freeze(doc), patch) == expected


def naive_merge(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = naive_merge(result.get(key), value)
    return result


@given(JSON, JSON)
def test_merge_patch_is_the_algorithm_of_the_rfc(doc, patch):
    assert equal(merge_patch(freeze(doc), patch), naive_merge(doc, patch))


@given(JSON, JSON)
def test_merge_patch_twice_changes_nothing_more(doc, patch):
    once = merge_patch(doc, patch)
    assert merge_patch(once, patch) is once or not isinstance(patch, dict)


def test_merge_patch_without_effect_is_the_same_object():
    doc = {"a": {"b": [1, {"c": 2}]}}
    assert merge_patch(doc, {"a": {"b": [1, {"c": 2}], "x": None}}) is doc
    assert merge_patch(doc, {"z": 1})["a"] is doc["a"]


@pytest.mark.parametrize(
    ("doc", "ops", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/0", "value": "q"}], {"foo": ["q", "bar"]}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["x"]}], {"foo": ["bar", ["x"]]}),
        ({"foo": [1, 2]}, [{"op": "add", "path": "/foo/-1", "value": 9}], {"foo": [1, 2, 9]}),
        ({"baz": 1, "foo": 2}, [{"op": "remove", "path": "/baz"}], {"foo": 2}),
        ({"foo": [1, 2, 3]}, [{"op": "remove", "path": "/foo/1"}], {"foo": [1, 3]}),
        ({"foo": [1, 2, 3]}, [{"op": "remove", "path": "/foo/-1"}], {"foo": [1, 2]}),
        ({"baz": 1}, [{"op": "replace", "path": "/baz", "value": 2}], {"baz": 2}),
        ({}, [{"op": "replace", "path": "/missing", "value": 2}], {"missing": 2}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/1", "value": 5}], {"a": [1, 5]}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": {"b": 1}, "c": {}}, [{"op": "move", "from": "/a/b", "path": "/c/d"}], {"a": {}, "c": {"d": 1}}),
        ({"l": [1, 2, 3]}, [{"op": "move", "from": "/l/0", "path": "/l/2"}], {"l": [2, 3, 1]}),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a/b": 1, "m~n": 2}, [{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/m~0n"}], {}),
        ({"a": {"b": [1]}}, [{"op": "test", "path": "/a", "value": {"b": [1]}}], {"a": {"b": [1]}}),
        ({}, [{"op": "test", "path": "/a", "value": None}], {}),
        ({"a": 1}, [], {"a": 1}),
        (
            {"labels": {"l": "1", "m": "2"}},
            [
                {"op": "test", "path": "/labels/l", "value": "1"},
                {"op": "add", "path": "/labels/a~1b", "value": "c"},
                {"op": "remove", "path": "/labels/l"},
                {"op": "copy", "from": "/labels/m", "path": "/labels/k"},
            ],
            {"labels": {"m": "2", "a/b": "c", "k": "2"}},
        ),
    ],
)
def test_json_patch(doc, ops, expected):
    assert equal(json_patch(freeze(doc), ops), expected)


@pytest.mark.parametrize(
    "op",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "test", "path": "/a", "value": True},
        {"op": "test", "path": "/z/y", "value": None},
        {"op": "remove", "path": "/zzz"},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/l/9", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "replace", "path": "/l/2", "value": 1},
        {"op": "replace", "path": "/l/x", "value": 1},
        {"op": "replace", "path": "no-slash", "value": 1},
        {"op": "move", "from": "/zzz", "path": "/b"},
        {"op": "copy", "path": "/b"},
        {"op": "frob", "path": "/a"},
        {"op": "add"},
        {},
    ],
)
def test_json_patch_that_fails(op):
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1, "l": [1, 2]}, [op])
    status = caught.value.status
    assert (status["code"], status["reason"], status["details"]) == (422, "Invalid", {})
    assert status["message"] == "the server rejected our request due to an error in our request"


@pytest.mark.parametrize(
    ("ops", "tail"),
    [
        ({"op": "add"}, "object into Go value of type []handlers.jsonPatchOp"),
        ("x", "string into Go value of type []handlers.jsonPatchOp"),
        ([1], "number into Go value of type handlers.jsonPatchOp"),
        ([{"op": "add", "path": 5}], "number into Go struct field jsonPatchOp.path of type string"),
    ],
)
def test_what_is_no_json_patch(ops, tail):
    with pytest.raises(ApiError) as caught:
        json_patch({}, ops)
    assert caught.value.code == 400
    assert caught.value.status["message"] == f"error decoding patch: json: cannot unmarshal {tail}"


def test_json_patch_limits():
    with pytest.raises(ApiError) as caught:
        json_patch({}, [{"op": "test", "path": "/a", "value": None}] * 10_001)
    assert caught.value.code == 413
    assert caught.value.status["message"].endswith("in a JSON patch is 10000, got 10001")
    double = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 25
    with pytest.raises(ApiError) as caught:
        json_patch({"a": ["x" * 100]}, double)
    assert caught.value.code == 422


def test_json_patch_shares_what_it_does_not_touch():
    doc = {"a": {"b": 1}, "c": {"d": 2}}
    new = json_patch(doc, [{"op": "replace", "path": "/a/b", "value": 3}])
    assert new["c"] is doc["c"]
    assert doc == {"a": {"b": 1}, "c": {"d": 2}}


@given(JSON, JSON)
def test_json_patch_add_then_remove_is_nothing(doc, value):
    base = {"kept": doc}
    ops = [{"op": "add", "path": "/new", "value": value}, {"op": "test", "path": "/new", "value": value}]
    assert equal(json_patch(base, [*ops, {"op": "remove", "path": "/new"}]), base)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ({"b": [1, "x"], "a": None}, "map[a:<nil> b:[1 x]]"),
        (True, "true"),
        (1.5, "1.5"),
        (2.0, "2"),
        (1e21, "1e+21"),
        (0.00001, "1e-05"),
        ({}, "map[]"),
    ],
)
def test_go_values(value, printed):
    assert go_value(value) == printed
