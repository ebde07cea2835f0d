"""Paths, copy-on-write and frozen trees."""

import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.objects import tree

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)

POD = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}], "replicas": 3, "none": None}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.replicas", 3),
        ("spec.missing", "default"),
        ("spec.none", "default"),
        ("spec.replicas.deeper", "default"),
        (("spec", "containers", 0, "name"), "c"),
        (("spec", "containers", 1, "name"), "default"),
        (("spec", "containers", -1, "name"), "c"),
        ("metadata", {"name": "a"}),
    ],
)
def test_get(path, expected):
    assert tree.get(POD, path, "default") == expected


def test_evolve_copies_the_path_and_shares_the_rest():
    new = tree.evolve(POD, ("spec", "replicas"), 5)
    assert new["spec"]["replicas"] == 5
    assert POD["spec"]["replicas"] == 3
    assert new["metadata"] is POD["metadata"]
    assert new["spec"]["containers"] is POD["spec"]["containers"]


def test_evolve_makes_missing_objects():
    assert tree.evolve({}, "a.b.c", 1) == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize("position", [0, -1])
def test_evolve_in_a_list(position):
    new = tree.evolve(POD, ("spec", "containers", position, "name"), "d")
    assert new["spec"]["containers"] == [{"name": "d"}]
    assert POD["spec"]["containers"] == [{"name": "c"}]


def test_evolve_to_the_same_is_the_same_object():
    assert tree.evolve(POD, "spec.replicas", 3) is POD


def test_evolve_tells_true_from_one():
    assert tree.evolve({"a": 1}, "a", True)["a"] is True


def test_evolve_can_set_null():
    assert tree.evolve({}, "a", None) == {"a": None}


def test_without():
    assert tree.without(POD, "spec.replicas")["spec"] == {"containers": [{"name": "c"}], "none": None}
    assert tree.without(POD, "spec.missing.x") is POD


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, 1.0, True), (1, True, False), ([1], [True], False), ({"a": [0]}, {"a": [False]}, False), (None, 0, False)],
)
def test_equal(left, right, same):
    assert tree.equal(left, right) is same


FROZEN = tree.freeze({"a": {"b": 1}, "l": [1, {"x": 2}]})


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.__setitem__("a", 1),
        lambda f: f.pop("a"),
        lambda f: f.update(b=1),
        lambda f: f.setdefault("z", 1),
        lambda f: f["a"].clear(),
        lambda f: f["l"].append(1),
        lambda f: f["l"].sort(),
        lambda f: f["l"].__setitem__(0, 1),
        lambda f: f["l"][1].popitem(),
    ],
)
def test_frozen_refuses_changes(change):
    with pytest.raises(TypeError, match="immutable"):
        change(FROZEN)


def test_frozen_refuses_in_place_operators():
    with pytest.raises(TypeError):
        FROZEN["l"] += [1]
    frozen = FROZEN
    with pytest.raises(TypeError):
        frozen |= {"x": 1}


def test_frozen_is_still_json():
    assert orjson.loads(orjson.dumps(FROZEN)) == FROZEN
    copy = pickle.loads(pickle.dumps(FROZEN))
    assert copy == FROZEN
    assert isinstance(copy["l"][1], tree.FrozenDict)
    assert type({**FROZEN}) is dict


def test_freeze_shares_what_is_frozen():
    assert tree.freeze(FROZEN) is FROZEN
    assert tree.freeze({"f": FROZEN})["f"] is FROZEN


@given(JSON)
def test_freeze_thaw_round_trip(value):
    frozen = tree.freeze(value)
    assert frozen == value
    thawed = tree.thaw(frozen)
    assert thawed == value
    assert tree.equal(thawed, value)
    assert not isinstance(thawed, tree.FrozenDict | tree.FrozenList)
