"""The store against a naive model, and its edges."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.objects.wire import CONFIGMAPS, PODS
from kubesim.store.index import Index
from kubesim.store.mvcc import Change, CompactedError, StaleError, Store


def tree(name: str, value: int = 0) -> dict:
    return {"metadata": {"name": name}, "value": value}


def odd(obj) -> str:
    return "odd" if obj["value"] % 2 else ""


class Follower:
    def __init__(self) -> None:
        self.seen: list[Change] = []

    def note(self, change: Change) -> None:
        self.seen.append(change)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete"]), st.sampled_from(["a", "b"]), st.sampled_from("xyz"), st.integers(0, 9)
    ),
    max_size=40,
)


@given(OPERATIONS)
@settings(max_examples=60, deadline=None)
def test_it_agrees_with_a_naive_model_at_every_revision(operations):
    store, model, history = Store(), {}, {}
    index = store.add_index(PODS, Index(odd))
    for verb, space, name, value in operations:
        old = store.get(PODS, space, name)
        if verb == "put":
            model[space, name] = value
            store.put(PODS, space, name, tree(name, value), old)
        elif old is not None:
            del model[space, name]
            store.delete(PODS, space, name, old)
        history[store.revision] = dict(model)
    for revision, expected in history.items():
        found = {(space, name): obj["value"] for space, name, obj in store.range_at(PODS, "", revision)}
        assert found == expected
    assert {(s, n): t["value"] for s, n, t in store.items(PODS)} == model
    assert set(index.get("odd")) == {place for place, value in model.items() if value % 2}
    assert store.count(PODS) == len(model)


def test_put_sets_the_revision_and_never_mutates():
    store = Store()
    given = tree("x")
    stored = store.put(PODS, "a", "x", given, None)
    assert stored["metadata"]["resourceVersion"] == "2"
    assert "resourceVersion" not in given["metadata"]


def test_a_stale_write_is_refused():
    store = Store()
    first = store.put(PODS, "a", "x", tree("x"), None)
    store.put(PODS, "a", "x", tree("x", 1), first)
    with pytest.raises(StaleError):
        store.put(PODS, "a", "x", tree("x", 2), first)
    with pytest.raises(StaleError):
        store.delete(PODS, "a", "x", first)
    with pytest.raises(StaleError):
        store.put(PODS, "a", "x", tree("x", 2), None)


def test_changes_and_compaction():
    store = Store()
    for number in range(5):
        store.put(PODS, "a", f"x{number}", tree(f"x{number}"), None)
    assert [change.revision for change in store.changes(3)] == [4, 5, 6]
    assert [change.revision for change in store.changes(1, limit=2)] == [2, 3]
    store.compact(4)
    assert store.oldest == 4
    assert [change.revision for change in store.changes(4)] == [5, 6]
    with pytest.raises(CompactedError):
        store.changes(3)
    assert len(store.range_at(PODS, "", 4)) == 3


def test_the_log_is_bounded():
    store = Store(retain=10)
    for number in range(100):
        store.put(PODS, "a", f"x{number}", tree(f"x{number}"), None)
    assert 10 <= store.revision - store.oldest <= 20


def test_subscribers_are_bound_methods_and_see_all():
    store, follower = Store(), Follower()
    store.subscribe(follower.note)
    with pytest.raises(TypeError):
        store.subscribe(lambda change: None)
    stored = store.put(PODS, "a", "x", tree("x"), None)
    store.delete(PODS, "a", "x", stored)
    assert [(old is None, new is None) for *_, old, new in follower.seen] == [(True, False), (False, True)]


def test_order_is_the_key_order():
    store = Store()
    for space, name in (("b", "a"), ("a", "z"), ("a", "b")):
        store.put(CONFIGMAPS, space, name, tree(name), None)
    assert [(space, name) for space, name, _ in store.items(CONFIGMAPS)] == [("a", "b"), ("a", "z"), ("b", "a")]
    assert [obj["metadata"]["name"] for obj in store.range(CONFIGMAPS, "a")] == ["b", "z"]


def test_it_survives_pickling_with_sharing():
    store = Store()
    spec = {"big": "x" * 1000}
    for number in range(50):
        store.put(PODS, "a", f"x{number}", {"metadata": {"name": f"x{number}"}, "spec": spec}, None)
    data = pickle.dumps(store)
    assert len(data) < 20_000
    copy = pickle.loads(data)
    assert copy.get(PODS, "a", "x1")["spec"] is copy.get(PODS, "a", "x2")["spec"]
