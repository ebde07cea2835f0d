"""Patches of client-side apply, and what the API server makes of them."""

import pytest

from kubesim.helm.release.flows.applying import handed_over
from kubesim.helm.release.flows.merging import three_way, two_way


def pod(containers, **more):
    return {"spec": {"template": {"spec": {"containers": containers, **more}}}}


A, B, C = ({"name": name, "image": name} for name in "abc")
CASES = [
    ("nothing", {"a": 1}, {"a": 1}, {"a": 1, "status": 2}, {}),
    ("added", {}, {"data": {"x": "1"}}, {"data": {"y": "2"}}, {"data": {"x": "1"}}),
    ("drifted back", {"data": {"x": "1"}}, {"data": {"x": "1"}}, {"data": {"x": "9"}}, {"data": {"x": "1"}}),
    ("removed", {"data": {"x": "1", "y": "2"}}, {"data": {"y": "2"}}, {"data": {"x": "1", "y": "2", "z": "3"}},
     {"data": {"x": None}}),
    ("element changed", pod([A, B]), pod([A, {**B, "image": "n"}]), pod([A, B, C]),
     pod([{"image": "n", "name": "b"}], **{"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}]})),
    ("element removed", pod([A, B]), pod([A]), pod([A, B, C]),
     pod([{"$patch": "delete", "name": "b"}], **{"$setElementOrder/containers": [{"name": "a"}]})),
    ("element added", pod([A]), pod([A, B]), pod([A, C]),
     pod([B], **{"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}]})),
    ("field of an element removed", pod([{**A, "command": ["x"]}]), pod([A]), pod([{**A, "command": ["x"]}]),
     pod([{"command": None, "name": "a"}], **{"$setElementOrder/containers": [{"name": "a"}]})),
    ("other lists are replaced", {"args": ["a"]}, {"args": ["b"]}, {"args": ["a"]}, {"args": ["b"]}),
    ("finalizers", {"metadata": {"finalizers": ["a"]}}, {"metadata": {"finalizers": ["b"]}},
     {"metadata": {"finalizers": ["a", "z"]}}, {"metadata": {"finalizers": ["b"], "$setElementOrder/finalizers": ["b"],
     "$deleteFromPrimitiveList/finalizers": ["a"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "live", "patch"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_strategic_patch(old, new, live, patch):
    assert three_way(old, new, live) == patch


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"a": 1, "b": {"c": 1, "d": 2}}, {"a": 1, "b": {"c": 3}}, {"b": {"c": 3, "d": None}}),
        ({"l": [1]}, {"l": [1, 2]}, {"l": [1, 2]}),
        ({"a": 1}, {"a": 1}, {}),
    ],
    ids=["nested", "list", "equal"],
)
def test_the_json_patch(old, new, patch):
    assert two_way(old, new) == patch


def entry(operation, fields, manager="helm", **more):
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def test_what_helm_updated_becomes_what_it_applies():
    other = entry("Update", {"f:z": {}}, "kubectl")
    managers = [entry("Update", {"f:a": {"f:b": {}}}), other, entry("Update", {"f:s": {}}, subresource="status")]
    assert handed_over(managers) == [entry("Apply", {"f:a": {"f:b": {}}}), other, managers[2]]
    both = [entry("Apply", {"f:a": {"f:c": {}}}), entry("Update", {"f:a": {"f:b": {}}})]
    assert handed_over(both) == [entry("Apply", {"f:a": {"f:c": {}, "f:b": {}}})]
    assert handed_over([other]) is None
