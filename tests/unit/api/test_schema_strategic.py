"""Strategic merge patch with the rules of real kinds."""

import pytest

from kubesim.api.schema import Schema
from kubesim.objects.errors import ApiError
from kubesim.objects.patches import strategic_patch
from kubesim.objects.tree import freeze, get

SCHEMA = Schema.load()
TEMPLATE = ("spec", "template", "spec")


def lookup(obj):
    group, _, version = obj["apiVersion"].rpartition("/")
    return SCHEMA.merge_lookup((group, version, obj["kind"]))


def patched(obj, patch):
    return strategic_patch(freeze(obj), freeze(patch), lookup(obj))


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "labels": {"l": "1", "m": "2"}, "annotations": {"x": "y"}},
    "spec": {
        "replicas": 0,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "nodeSelector": {"k": "v"},
                "tolerations": [{"key": "t1"}],
                "volumes": [
                    {"name": "v", "emptyDir": {}},
                    {"name": "w", "configMap": {"name": "cm", "defaultMode": 420}},
                ],
                "imagePullSecrets": [{"name": "s1"}],
                "containers": [
                    {
                        "name": "c",
                        "image": "nginx:1",
                        "args": ["x", "y"],
                        "ports": [
                            {"containerPort": 80, "protocol": "TCP"},
                            {"containerPort": 443, "name": "tls", "protocol": "TCP"},
                        ],
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                    },
                    {"name": "d", "image": "redis:1"},
                ],
            },
        },
    },
}


def in_template(**fields):
    return {"spec": {"template": {"spec": fields}}}


def in_container(**fields):
    return in_template(containers=[{"name": "c", **fields}])


CONTAINER = (*TEMPLATE, "containers", 0)


@pytest.mark.parametrize(
    ("patch", "path", "expected"),
    [
        (in_container(image="nginx:2"), (*CONTAINER, "image"), "nginx:2"),
        (in_container(args=["z"]), (*CONTAINER, "args"), ["z"]),
        (
            in_container(env=[{"name": "B", "value": "3"}, {"name": "C"}, {"name": "A", "$patch": "delete"}]),
            (*CONTAINER, "env"),
            [{"name": "B", "value": "3"}, {"name": "C"}],
        ),
        (
            in_container(ports=[{"containerPort": 443, "name": "https"}, {"containerPort": 8080}]),
            (*CONTAINER, "ports"),
            [
                {"containerPort": 80, "protocol": "TCP"},
                {"containerPort": 443, "name": "https", "protocol": "TCP"},
                {"containerPort": 8080},
            ],
        ),
        (
            in_container(env=[{"name": "Z", "value": "9"}, {"$patch": "replace"}]),
            (*CONTAINER, "env"),
            [{"name": "Z", "value": "9"}],
        ),
        (in_template(nodeSelector={"$patch": "delete"}), (*TEMPLATE, "nodeSelector"), {}),
        (in_template(nodeSelector={"k": None, "n": "1"}), (*TEMPLATE, "nodeSelector"), {"n": "1"}),
        (in_template(tolerations=[{"key": "t2"}]), (*TEMPLATE, "tolerations"), [{"key": "t2"}]),
        (
            in_template(imagePullSecrets=[{"name": "s2"}]),
            (*TEMPLATE, "imagePullSecrets"),
            [{"name": "s2"}, {"name": "s1"}],
        ),
        (in_template(dnsPolicy="None"), (*TEMPLATE, "dnsPolicy"), "None"),
        ({"metadata": {"labels": {"$patch": "replace", "only": "1"}}}, ("metadata", "labels"), {"only": "1"}),
        ({"metadata": {"labels": {"l": None}}}, ("metadata", "labels"), {"m": "2"}),
        (
            {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}},
            ("spec", "strategy"),
            {"type": "Recreate"},
        ),
        (
            {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
            ("spec", "strategy"),
            {"type": "Recreate"},
        ),
        (
            in_template(volumes=[{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]),
            (*TEMPLATE, "volumes", 0),
            {"name": "v", "hostPath": {"path": "/x"}},
        ),
        ({"metadata": {"finalizers": ["a.b/c"]}}, ("metadata", "finalizers"), ["a.b/c"]),
    ],
    ids=[
        "image",
        "atomic-list",
        "env",
        "ports",
        "replace-list",
        "delete-map",
        "null-in-map",
        "no-merge-key",
        "pull-secrets",
        "scalar",
        "replace-map",
        "delete-label",
        "null",
        "retain-keys",
        "retain-keys-in-list",
        "new-list",
    ],
)
def test_results(patch, path, expected):
    assert get(patched(DEPLOYMENT, patch), path) == expected


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        (in_template(containers=[{"name": "e", "image": "busybox"}]), ["e", "c", "d"]),
        (in_template(containers=[{"name": "d", "image": "x"}, {"name": "e"}]), ["c", "d", "e"]),
        (
            in_template(
                containers=[{"name": "n"}],
                **{"$setElementOrder/containers": [{"name": "n"}, {"name": "c"}, {"name": "d"}]},
            ),
            ["n", "c", "d"],
        ),
        (in_template(**{"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]}), ["d", "c"]),
        (in_template(**{"$setElementOrder/containers": [{"name": "d"}]}), ["c", "d"]),
        (
            in_template(
                containers=[{"name": "c", "$patch": "delete"}],
                **{"$setElementOrder/containers": [{"name": "d"}]},
            ),
            ["d"],
        ),
        (in_template(containers=[{"name": "c", "$patch": "delete"}]), ["d"]),
    ],
    ids=["new-first", "mixed", "ordered-new", "reordered", "partial", "ordered-delete", "delete"],
)
def test_order_of_containers(patch, names):
    assert [item["name"] for item in get(patched(DEPLOYMENT, patch), (*TEMPLATE, "containers"))] == names


def test_ports_of_a_service():
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}], "selector": {"x": "1", "z": "2"}},
    }
    new = patched(service, {"spec": {"ports": [{"port": 81, "name": "bb"}, {"port": 82}]}})
    assert new["spec"]["ports"] == [{"name": "a", "port": 80}, {"name": "bb", "port": 81}, {"port": 82}]
    assert [
        p["port"] for p in patched(new, {"spec": {"ports": [{"port": 80, "$patch": "delete"}]}})["spec"]["ports"]
    ] == [81, 82]
    assert patched(service, {"spec": {"selector": {"x": "3"}}})["spec"]["selector"] == {"x": "3", "z": "2"}


def test_conditions_and_owner_references():
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    patch = {
        "status": {"conditions": [{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": "False"}]}
    }
    assert [c["type"] for c in patched(node, patch)["status"]["conditions"]] == ["DiskPressure", "Ready"]
    assert patched(node, {"spec": {"taints": [{"key": "b", "effect": "NoExecute"}]}})["spec"]["taints"] == [
        {"key": "b", "effect": "NoExecute"}
    ]
    owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"ownerReferences": [{"uid": "1"}, {"uid": "2"}]}}
    new = patched(owned, {"metadata": {"ownerReferences": [{"uid": "1", "$patch": "delete"}]}})
    assert new["metadata"]["ownerReferences"] == [{"uid": "2"}]


@pytest.mark.parametrize(
    ("finalizers", "patch", "expected"),
    [
        (["x/z"], {"$deleteFromPrimitiveList/finalizers": ["x/z"], "finalizers": ["a/c"]}, ["a/c"]),
        (None, {"$deleteFromPrimitiveList/finalizers": ["x/z"], "finalizers": ["a/c"]}, ["a/c"]),
        (["x/z"], {"finalizers": ["x/w"]}, ["x/w", "x/z"]),
        (["x/z"], {"finalizers": ["x/z"]}, ["x/z"]),
        (["a", "b", "c"], {"$setElementOrder/finalizers": ["c", "a"], "finalizers": ["c"]}, ["b", "c", "a"]),
    ],
)
def test_lists_of_scalars(finalizers, patch, expected):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"finalizers": finalizers} if finalizers else {}}
    assert patched(obj, {"metadata": patch})["metadata"]["finalizers"] == expected


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            in_template(containers=[{"image": "nokey"}]),
            "map: map[image:nokey] does not contain declared merge key: name",
        ),
        (in_container(**{"$patch": "bogus"}), "unknown patch type: bogus in map: map[$patch:bogus name:c]"),
        ({"metadata": {"labels": {"$patch": "merge"}}}, "unknown patch type: merge in map: map[$patch:merge]"),
        (in_container(**{"$patch": "merge"}), "merging lists cannot yet be specified in the patch"),
        ({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}}, "invalid patch format of retainKeys"),
        ({"spec": {"strategy": {"$retainKeys": "type"}}}, "invalid patch format of retainKeys"),
        ({"metadata": {"$deleteFromPrimitiveList": []}}, "invalid patch format of primitive list"),
        (
            in_template(containers=[1]),
            "list element types are not identical: "
            "[[map[args:[x y] env:[map[name:A value:1] map[name:B value:2]] image:nginx:1 name:c "
            "ports:[map[containerPort:80 protocol:TCP] map[containerPort:443 name:tls protocol:TCP]] "
            "volumeMounts:[map[mountPath:/v name:v]]] map[image:redis:1 name:d]] [1]]",
        ),
        (
            in_template(containers=[{"name": "n"}], **{"$setElementOrder/containers": [{"name": "c"}]}),
            "The order in patch list:\n[map[name:n]]\n doesn't match $setElementOrder list:\n[map[name:c]]\n",
        ),
        (in_template(**{"$setElementOrder/containers": "x"}), "expected a []interface {}, but received a string"),
    ],
)
def test_errors(patch, message):
    with pytest.raises(ApiError) as caught:
        patched(DEPLOYMENT, patch)
    assert caught.value.code == 500
    assert caught.value.status["message"] == message
    assert "reason" not in caught.value.status


def test_opaque_values_cannot_be_merged_inside():
    revision = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "data": {"a": {"b": 1}}}
    with pytest.raises(ApiError) as caught:
        patched(revision, {"data": {"a": {"b": 2}}})
    assert caught.value.status["message"] == 'unable to find api field in struct RawExtension for the json field "a"'


def test_patch_that_is_no_object():
    with pytest.raises(ApiError) as caught:
        patched(DEPLOYMENT, [])
    assert caught.value.code == 400


def test_untouched_parts_are_shared():
    frozen = freeze(DEPLOYMENT)
    new = strategic_patch(frozen, {"metadata": {"labels": {"n": "1"}}}, lookup(DEPLOYMENT))
    assert new["spec"] is frozen["spec"]
    assert get(frozen, "metadata.labels") == {"l": "1", "m": "2"}


def test_without_rules_lists_are_replaced():
    new = strategic_patch({"l": [{"name": "a"}], "m": {"a": 1}}, {"l": [{"name": "b"}], "m": {"b": 2}}, None)
    assert new == {"l": [{"name": "b"}], "m": {"a": 1, "b": 2}}


def test_unknown_kind_has_no_rules():
    assert SCHEMA.merge_lookup(("x", "v1", "Widget")) is None
