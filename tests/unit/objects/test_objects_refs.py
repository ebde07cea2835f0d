"""Owner references and conditions."""

from kubesim.objects import refs

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web", "uid": "u1"}}


def test_owner_reference_and_back():
    reference = refs.owner_reference(OWNER)
    assert reference == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "web",
        "uid": "u1",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    child = {"metadata": {"name": "web-1", "ownerReferences": [{"uid": "x", "name": "y"}, reference]}}
    assert refs.controller_of(child) is reference
    assert refs.is_controlled_by(child, OWNER)
    assert not refs.is_controlled_by(child, {"metadata": {"uid": "u2"}})
    assert not refs.is_controlled_by({"metadata": {}}, OWNER)


def test_plain_owner_reference_has_no_flags():
    assert set(refs.owner_reference(OWNER, controller=False)) == {"apiVersion", "kind", "name", "uid"}


def test_small_questions():
    assert refs.place({"metadata": {"name": "a", "namespace": "n"}}) == ("n", "a")
    assert refs.place({"metadata": {"name": "a"}}) == ("", "a")
    assert refs.is_deleting({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    assert not refs.is_deleting({"metadata": {}})
    assert refs.labels({"metadata": {"labels": None}}) == {}


READY = {"type": "Ready", "status": "True", "lastTransitionTime": "t1"}
CONDITIONS = [{"type": "A", "status": "False"}, READY]


def test_condition():
    obj = {"status": {"conditions": CONDITIONS}}
    assert refs.condition(obj, "Ready") is READY
    assert refs.condition(obj, "B") is None
    assert refs.condition({}, "Ready") is None
    assert refs.is_condition_true(obj, "Ready")
    assert not refs.is_condition_true(obj, "A")


def test_set_condition_replaces_in_place():
    new = {"type": "A", "status": "True"}
    assert refs.set_condition(CONDITIONS, new) == [new, READY]
    assert CONDITIONS[0]["status"] == "False"


def test_set_condition_keeps_the_transition_time_while_the_status_stays():
    changed = refs.set_condition(CONDITIONS, {**READY, "lastTransitionTime": "t2", "reason": "R"})
    assert changed[1] == {**READY, "reason": "R"}
    flipped = refs.set_condition(CONDITIONS, {**READY, "status": "False", "lastTransitionTime": "t2"})
    assert flipped[1]["lastTransitionTime"] == "t2"


def test_set_condition_unchanged_is_the_same_list():
    assert refs.set_condition(CONDITIONS, {**READY, "lastTransitionTime": "t2"}) is CONDITIONS


def test_set_condition_appends():
    assert refs.set_condition(None, READY) == [READY]
    assert refs.set_condition([READY], {"type": "B", "status": "True"})[1]["type"] == "B"


def test_remove_condition():
    assert refs.remove_condition(CONDITIONS, "A") == [READY]
    assert refs.remove_condition(CONDITIONS, "B") is CONDITIONS
