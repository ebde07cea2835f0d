"""Sets of fields: algebra, order, paths, and what clients send."""

import pytest

from kubesim.api.apply.fieldsets import (
    difference,
    has,
    intersection,
    key_element,
    of_path,
    ordered,
    parse,
    path_text,
    paths,
    union,
    value_element,
    without,
)

LEAF: dict[str, object] = {}
A_AND_B = {"f:a": LEAF, "f:b": LEAF}
PORT_80 = 'k:{"containerPort":80,"protocol":"TCP"}'
PORT_443 = 'k:{"containerPort":443,"protocol":"TCP"}'


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        (None, None, None),
        (None, A_AND_B, A_AND_B),
        (A_AND_B, None, A_AND_B),
        ({"f:a": LEAF}, {"f:b": LEAF}, A_AND_B),
        ({"f:a": LEAF}, {"f:a": {"f:x": LEAF}}, {"f:a": {".": LEAF, "f:x": LEAF}}),
        ({"f:a": {"f:x": LEAF}}, {"f:a": {"f:y": LEAF}}, {"f:a": {"f:x": LEAF, "f:y": LEAF}}),
        ({"f:a": {".": LEAF, "f:x": LEAF}}, {"f:a": LEAF}, {"f:a": {".": LEAF, "f:x": LEAF}}),
    ],
    ids=["empty", "right only", "left only", "siblings", "parent and child", "children", "member already"],
)
def test_union(left, right, both):
    assert union(left, right) == both


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        (None, A_AND_B, None),
        (A_AND_B, {"f:b": LEAF, "f:c": LEAF}, {"f:b": LEAF}),
        ({"f:a": LEAF}, {"f:a": {"f:x": LEAF}}, None),
        ({"f:a": {".": LEAF, "f:x": LEAF}}, {"f:a": LEAF}, {"f:a": LEAF}),
        ({"f:a": {".": LEAF, "f:x": LEAF}}, {"f:a": {"f:x": LEAF}}, {"f:a": {"f:x": LEAF}}),
    ],
    ids=["empty", "siblings", "parent is not child", "the parent", "the child"],
)
def test_intersection(left, right, both):
    assert intersection(left, right) == both
    assert intersection(right, left) == both


@pytest.mark.parametrize(
    ("left", "right", "plain", "recursive"),
    [
        (A_AND_B, None, A_AND_B, A_AND_B),
        (A_AND_B, A_AND_B, None, None),
        (A_AND_B, {"f:a": LEAF}, {"f:b": LEAF}, {"f:b": LEAF}),
        ({"f:a": {"f:x": LEAF}}, {"f:a": LEAF}, {"f:a": {"f:x": LEAF}}, None),
        ({"f:a": {".": LEAF, "f:x": LEAF}}, {"f:a": LEAF}, {"f:a": {"f:x": LEAF}}, None),
        ({"f:a": LEAF}, {"f:a": {"f:x": LEAF}}, {"f:a": LEAF}, {"f:a": LEAF}),
    ],
    ids=["nothing to take", "everything", "a sibling", "the parent of a child", "the parent itself", "a child"],
)
def test_differences_keep_or_drop_what_is_below(left, right, plain, recursive):
    assert difference(left, right) == plain
    assert without(left, right) == recursive


def test_a_path_is_a_set_of_one():
    path = ("f:spec", 'k:{"name":"c"}', "f:image")
    assert has(of_path(path), path)
    assert not has(of_path(path), path[:2])
    assert not has(of_path(path), (*path, "f:x"))


def test_elements_are_written_as_go_writes_them():
    assert key_element(("containerPort", "protocol"), (80, "TCP")) == PORT_80
    assert value_element("a<b") == 'v:"a\\u003cb"'
    assert value_element(3) == "v:3"


def test_order_is_that_of_the_real_server():
    mixed = {'v:"b"': LEAF, PORT_443: LEAF, "f:z": LEAF, PORT_80: LEAF, "f:a": {"f:y": LEAF, "f:x": LEAF}, ".": LEAF}
    assert list(ordered(mixed)) == [".", "f:a", "f:z", PORT_80, PORT_443, 'v:"b"']
    assert list(ordered(mixed)["f:a"]) == ["f:x", "f:y"]


def test_paths_come_level_by_level():
    fields = {"f:b": LEAF, "f:a": {".": LEAF, "f:y": LEAF}, "f:c": {"f:x": LEAF}}
    assert list(map(path_text, paths(fields))) == [".a", ".b", ".a.y", ".c.x"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:containers", 'k:{"name":"c"}', "f:image"), '.spec.containers[name="c"].image'),
        ((PORT_80,), '[containerPort=80,protocol="TCP"]'),
        (("f:finalizers", 'v:"a/b"'), '.finalizers[="a/b"]'),
        (("f:x", "i:3"), ".x[3]"),
    ],
    ids=["key", "two keys", "value", "index"],
)
def test_paths_as_text(path, text):
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, None),
        ({"f:a": {}}, {"f:a": LEAF}),
        ({"f:a": {".": {}}}, {"f:a": LEAF}),
        ({'k:{ "protocol": "TCP", "containerPort": 80 }': {"f:x": {}}}, {PORT_80: {"f:x": LEAF}}),
        ({"f:a": {}, "q:new": {"f:b": {}}}, {"f:a": LEAF}),
        ({'v: "x"': {}}, {'v:"x"': LEAF}),
    ],
    ids=["empty", "leaf", "spelled out leaf", "keys in another order", "unknown kind", "spaces"],
)
def test_what_clients_send_is_read_in_its_one_form(given, read):
    assert parse(given) == read


@pytest.mark.parametrize(
    "given",
    [{"a": {}}, {"f:a": 1}, {"k:[1]": {}}, {"k:{": {}}, {"i:x": {}}],
    ids=["colon", "value", "list", "json", "int"],
)
def test_nonsense_is_refused(given):
    with pytest.raises(ValueError, match=r".*"):
        parse(given)
