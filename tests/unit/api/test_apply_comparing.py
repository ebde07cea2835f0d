"""Fields of values, and by which fields two values differ."""

import pytest

from kubesim.api.apply.comparing import ABSENT, Change, compare, fields_of, whole
from kubesim.api.apply.kinds import Shapes
from kubesim.api.schema import Schema

SHAPES = Shapes(Schema.load())
POD = SHAPES.of(("", "v1", "Pod"))
CONFIGMAP = SHAPES.of(("", "v1", "ConfigMap"))
LOOSE = SHAPES.of(("sim.kubetui.dev", "v1", "Fault"))
LEAF: dict[str, object] = {}


def pod(**spec):
    return {"spec": spec}


CASES = {
    "a scalar": (pod(nodeName="a"), pod(nodeName="b"), (None, {"f:spec": {"f:nodeName": LEAF}}, None)),
    "equal": (pod(nodeName="a"), pod(nodeName="a"), (None, None, None)),
    "a new scalar": (pod(), pod(nodeName="b"), ({"f:spec": {"f:nodeName": LEAF}}, None, None)),
    "a lost scalar": (pod(nodeName="b"), pod(), (None, None, {"f:spec": {"f:nodeName": LEAF}})),
    "a new list map": (
        pod(),
        pod(volumes=[{"name": "v", "emptyDir": {}}]),
        (
            {
                "f:spec": {
                    "f:volumes": {
                        ".": LEAF,
                        'k:{"name":"v"}': {".": LEAF, "f:name": LEAF, "f:emptyDir": LEAF},
                    }
                }
            },
            None,
            None,
        ),
    ),
    "a list that was null": (
        pod(containers=None),
        pod(containers=[{"name": "c"}]),
        ({"f:spec": {"f:containers": {'k:{"name":"c"}': {".": LEAF, "f:name": LEAF}}}}, None, None),
    ),
    "an item of a list map": (
        pod(containers=[{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]),
        pod(containers=[{"name": "b", "image": "y"}, {"name": "c", "image": "x"}]),
        (
            {"f:spec": {"f:containers": {'k:{"name":"c"}': {".": LEAF, "f:name": LEAF, "f:image": LEAF}}}},
            {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": LEAF}}}},
            {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": LEAF, "f:name": LEAF, "f:image": LEAF}}}},
        ),
    ),
    "an atomic list": (
        pod(tolerations=[{"key": "a"}]),
        pod(tolerations=[{"key": "b"}]),
        (None, {"f:spec": {"f:tolerations": LEAF}}, None),
    ),
    "an atomic map": (
        pod(nodeSelector={"a": "b"}),
        pod(nodeSelector={"a": "c"}),
        (None, {"f:spec": {"f:nodeSelector": LEAF}}, None),
    ),
    "an atomic struct in a list map": (
        pod(),
        pod(imagePullSecrets=[{"name": "s"}]),
        ({"f:spec": {"f:imagePullSecrets": {".": LEAF, 'k:{"name":"s"}': LEAF}}}, None, None),
    ),
    "a set": (
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"finalizers": ["b", "c"]}},
        (
            {"f:metadata": {"f:finalizers": {'v:"c"': LEAF}}},
            None,
            {"f:metadata": {"f:finalizers": {'v:"a"': LEAF}}},
        ),
    ),
    "an item that is now given twice": (
        pod(containers=[{"name": "c", "ports": [{"containerPort": 80}]}]),
        pod(containers=[{"name": "c", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]}]),
        (
            {
                "f:spec": {
                    "f:containers": {'k:{"name":"c"}': {"f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {}}}}
                }
            },
            None,
            {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
                        }
                    }
                }
            },
        ),
    ),
}


@pytest.mark.parametrize(("old", "new", "change"), CASES.values(), ids=CASES)
def test_changes(old, new, change):
    assert compare(POD, old, new) == Change(*change)
    added, modified, removed = change
    assert compare(POD, new, old) == Change(removed, modified, added)


def test_keys_of_maps_have_owners_of_their_own():
    old, new = {"data": {"a": "1", "b": "1"}}, {"data": {"b": "2", "c": "1"}}
    assert compare(CONFIGMAP, old, new) == Change(
        {"f:data": {"f:c": LEAF}}, {"f:data": {"f:b": LEAF}}, {"f:data": {"f:a": LEAF}}
    )


def test_a_new_value_is_owned_with_all_its_parts():
    assert compare(CONFIGMAP, ABSENT, {"data": {"a": "1"}}).added == {".": LEAF, "f:data": {".": LEAF, "f:a": LEAF}}
    assert whole(CONFIGMAP, {"data": {}}) == {".": LEAF, "f:data": LEAF}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"a": 1}, {"a": 1, "b": [1]}, ({"f:spec": {"f:b": LEAF}}, None, None)),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, (None, {"f:spec": {"f:a": {"f:b": LEAF}}}, None)),
        ({"a": [1]}, {"a": [2]}, (None, {"f:spec": {"f:a": LEAF}}, None)),
        ({"a": 1}, {"a": {"b": 2}}, ({"f:spec": {"f:a": {"f:b": LEAF}}}, {"f:spec": {"f:a": LEAF}}, None)),
    ],
    ids=["new list", "nested", "list", "a map for a scalar"],
)
def test_without_a_schema_maps_are_granular_and_lists_are_not(old, new, change):
    assert compare(LOOSE, {"spec": old}, {"spec": new}) == Change(*change)


MENTIONED = {
    "declared objects are not owned": (
        {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}]}},
        {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {".": {}, "f:name": {}, "f:resources": {"f:limits": {"f:cpu": {}}}},
                }
            }
        },
    ),
    "empty objects are": ({"spec": {"securityContext": {}}}, {"f:spec": {"f:securityContext": {}}}),
    "empty lists are not": ({"spec": {"containers": []}}, None),
    "null is": ({"spec": {"containers": None}}, {"f:spec": {"f:containers": {}}}),
    "keys of maps are": ({"metadata": {"labels": {"a": "b"}}}, {"f:metadata": {"f:labels": {"f:a": {}}}}),
    "defaults of keys count": (
        {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}},
        {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {
                        ".": {},
                        "f:name": {},
                        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                    },
                }
            }
        },
    ),
}


@pytest.mark.parametrize(("value", "fields"), MENTIONED.values(), ids=MENTIONED)
def test_what_a_configuration_mentions(value, fields):
    assert fields_of(POD, value) == fields
