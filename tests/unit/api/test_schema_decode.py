"""Decoding: what is pruned, what is wrong and in which words, how Go writes an object."""

import pytest

from kubesim.api.schema import Schema
from kubesim.objects.tree import freeze

SCHEMA = Schema.load()
POD = ("", "v1", "Pod")
DEPLOYMENT = ("apps", "v1", "Deployment")
NODE = ("", "v1", "Node")
SECRET = ("", "v1", "Secret")
CONFIGMAP = ("", "v1", "ConfigMap")


def spec(**fields):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": fields}


def containers(**fields):
    return spec(containers=[{"name": "c", **fields}])


CLEAN = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "labels": {"a": ""}, "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "resources": {"requests": {"cpu": "100m"}},
                "ports": [{"containerPort": 80}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                "readinessProbe": {"tcpSocket": {"port": 80}},
                "securityContext": {"runAsNonRoot": False, "runAsUser": 0},
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "securityContext": {},
        "enableServiceLinks": False,
    },
    "status": {"conditions": [{"type": "Ready", "status": "True", "lastProbeTime": None}]},
}


@pytest.mark.parametrize("tree", [CLEAN, freeze(CLEAN)], ids=["plain", "frozen"])
def test_clean_object_stays_the_same_object(tree):
    decoded = SCHEMA.decode(POD, tree)
    assert decoded.tree is tree
    assert (decoded.unknown, decoded.errors) == ([], [])


@pytest.mark.parametrize(
    ("tree", "kept"),
    [
        (spec(hostNetwork=False, tolerations=[], nodeSelector={}, nodeName="", priority=0), {"priority": 0}),
        (spec(affinity=None, securityContext=None, volumes=None), {}),
        (spec(containers=[]), {"containers": []}),
        (spec(securityContext={"runAsUser": None}), {"securityContext": {}}),
        (spec(nodeSelector={"a": None}), {"nodeSelector": {"a": ""}}),
        (spec(tolerations=[None]), {"tolerations": [{}]}),
    ],
    ids=["zeros", "nulls", "required", "pointer", "null-in-map", "null-in-list"],
)
def test_zeros_are_left_out_as_go_does(tree, kept):
    decoded = SCHEMA.decode(POD, freeze(tree))
    assert decoded.errors == []
    assert decoded.tree["spec"] == kept


def test_null_stays_where_go_writes_it():
    status = {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": None}]}
    tree = {"metadata": {"name": "n", "creationTimestamp": None}, "status": status}
    decoded = SCHEMA.decode(NODE, tree)
    assert decoded.tree == {"metadata": {"name": "n"}, "status": status}
    assert decoded.tree["status"] is status


@pytest.mark.parametrize(
    ("gvk", "tree", "unknown"),
    [
        (POD, spec(bogus=1), ['unknown field "spec.bogus"']),
        (POD, {"bogus": {}}, ['unknown field "bogus"']),
        (
            POD,
            containers(bogus=None, resource={}),
            ['unknown field "spec.containers[0].bogus"', 'unknown field "spec.containers[0].resource"'],
        ),
        (POD, {"metadata": {"labels": {"any": "x"}, "label": {}}}, ['unknown field "metadata.label"']),
        (
            DEPLOYMENT,
            {"spec": {"template": {"spec": {"volumes": [{"name": "a"}, {"name": "b", "secret": {"x": 1}}]}}}},
            ['unknown field "spec.template.spec.volumes[1].secret.x"'],
        ),
    ],
)
def test_unknown_fields(gvk, tree, unknown):
    decoded = SCHEMA.decode(gvk, tree, "Strict")
    assert decoded.unknown == unknown
    assert decoded.errors == []
    assert SCHEMA.decode(gvk, tree, "Warn") == decoded
    ignored = SCHEMA.decode(gvk, tree, "Ignore")
    assert (ignored.unknown, ignored.tree) == ([], decoded.tree)
    assert "bogus" not in str(decoded.tree)


QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
STRING = "json: cannot unmarshal string into Go struct field"
LAYOUT = "2006-01-02T15:04:05Z07:00"


@pytest.mark.parametrize(
    ("gvk", "tree", "error"),
    [
        (
            POD,
            spec(nodeName=5),
            "json: cannot unmarshal number into Go struct field PodSpec.spec.nodeName of type string",
        ),
        (
            POD,
            spec(terminationGracePeriodSeconds="x"),
            f"{STRING} PodSpec.spec.terminationGracePeriodSeconds of type int64",
        ),
        (
            DEPLOYMENT,
            {"spec": {"replicas": "x"}},
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            DEPLOYMENT,
            {"spec": {"replicas": 2**31}},
            "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            DEPLOYMENT,
            {"spec": {"replicas": 1.5}},
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            POD,
            spec(hostNetwork="yes"),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (
            POD,
            spec(hostNetwork=1),
            "json: cannot unmarshal number into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (POD, {"spec": "x"}, "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"),
        (
            POD,
            spec(containers={}),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            POD,
            spec(containers=["x"]),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container",
        ),
        (
            POD,
            containers(image=True),
            "json: cannot unmarshal bool into Go struct field Container.spec.containers.image of type string",
        ),
        (
            POD,
            {"metadata": {"labels": {"a": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            POD,
            {"metadata": {"labels": ["a"]}},
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            POD,
            containers(resources={"limits": "x"}),
            f"{STRING} ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList",
        ),
        (POD, containers(resources={"limits": {"cpu": "abc"}}), QUANTITY),
        (POD, containers(resources={"limits": {"cpu": True}}), QUANTITY),
        (
            POD,
            containers(livenessProbe={"httpGet": {"port": 1.5}}),
            "json: cannot unmarshal number 1.5 into Go value of type int32",
        ),
        (POD, {"metadata": {"creationTimestamp": 5}}, "json: cannot unmarshal number into Go value of type string"),
        (
            POD,
            {"metadata": {"creationTimestamp": "soon"}},
            f'parsing time "soon" as "{LAYOUT}": cannot parse "soon" as "2006"',
        ),
        (
            POD,
            {"metadata": {"creationTimestamp": "2026-01-01"}},
            f'parsing time "2026-01-01" as "{LAYOUT}": cannot parse "" as "T"',
        ),
        (
            POD,
            {"metadata": {"creationTimestamp": "2026-13-01T00:00:00Z"}},
            'parsing time "2026-13-01T00:00:00Z": month out of range',
        ),
        (SECRET, {"data": {"a": "%%%"}}, "illegal base64 data at input byte 0"),
        (SECRET, {"data": {"a": "YWJjZ"}}, "illegal base64 data at input byte 4"),
        (SECRET, {"data": {"a": 5}}, "json: cannot unmarshal number into Go struct field Secret.data of type []uint8"),
    ],
)
def test_wrong_types(gvk, tree, error):
    assert SCHEMA.decode(gvk, tree).errors == [error]


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (spec(containers={"name": "c"}), "cannot restore slice from map"),
        ({"metadata": {"labels": "x"}}, "cannot restore map from string"),
        ({"spec": ["x"]}, "cannot restore struct from: slice"),
        (spec(nodeName=5), "cannot convert int64 to string"),
        (spec(nodeName=True), "unrecognized type: string"),
        (spec(priority="x"), "unrecognized type: int32"),
        (spec(priority=1.5), "cannot convert float64 to int32"),
        (containers(resources={"limits": {"cpu": "abc"}}), QUANTITY),
    ],
)
def test_wrong_types_after_a_strategic_merge(tree, error):
    assert SCHEMA.decode(POD, tree, converter=True).errors == [error]


def test_whole_floats_become_integers_after_a_strategic_merge():
    assert SCHEMA.decode(POD, spec(priority=5.0), converter=True).tree["spec"]["priority"] == 5


def test_opaque_values_are_kept():
    data = {"spec": {"x": None, "y": [], "z": False}}
    revision = ("apps", "v1", "ControllerRevision")
    tree = {"metadata": {"name": "r"}, "data": data, "revision": 1}
    assert SCHEMA.decode(revision, tree).tree is tree


@pytest.mark.parametrize("gvk", [POD, DEPLOYMENT, CONFIGMAP])
@pytest.mark.parametrize("tree", [[], "x", 5, True])
def test_what_is_no_object(gvk, tree):
    assert SCHEMA.decode(gvk, tree).errors


def test_unknown_kind():
    with pytest.raises(KeyError):
        SCHEMA.decode(("", "v1", "Foo"), {})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"cpu": "0.5", "memory": "1024Mi"}, {"cpu": "500m", "memory": "1Gi"}),
        ({"cpu": 4, "memory": 1e9}, {"cpu": "4", "memory": "1G"}),
        ({"cpu": "1000m"}, {"cpu": "1"}),
    ],
)
def test_quantities_are_canonicalised(written, expected):
    tree = freeze(containers(resources={"requests": written}))
    new = SCHEMA.canonicalise(POD, tree)
    assert new["spec"]["containers"][0]["resources"]["requests"] == expected
    assert new["metadata"] is tree["metadata"]


@pytest.mark.parametrize(
    ("gvk", "tree", "added"),
    [
        (POD, containers(), {("spec", "containers", 0, "resources"): {}, ("status",): {}}),
        (DEPLOYMENT, {"spec": {}}, {("spec", "selector"): None, ("spec", "strategy"): {}, ("metadata",): {}}),
        (
            NODE,
            {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
            {
                ("status", "daemonEndpoints"): {"kubeletEndpoint": {"Port": 0}},
                ("status", "conditions", 0, "lastHeartbeatTime"): None,
                ("status", "nodeInfo", "machineID"): "",
                ("spec",): {},
            },
        ),
        (
            ("rbac.authorization.k8s.io", "v1", "Role"),
            {"metadata": {"name": "r"}},
            {("rules",): None},
        ),
        (
            POD,
            containers(env=[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]),
            {("spec", "containers", 0, "env", 0, "valueFrom", "resourceFieldRef", "divisor"): "0"},
        ),
        (
            ("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
            {"metadata": {"name": "x"}, "spec": {"group": "g", "scope": "Cluster", "versions": []}},
            {("status",): {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": None}},
        ),
    ],
    ids=["pod", "deployment", "node", "role", "divisor", "crd"],
)
def test_fields_that_go_always_writes(gvk, tree, added):
    new = SCHEMA.canonicalise(gvk, freeze(tree))
    for path, value in added.items():
        found = new
        for step in path:
            found = found[step]
        assert found == value
    assert SCHEMA.canonicalise(gvk, new) is new


def test_times_are_canonicalised():
    tree = {
        "metadata": {"name": "l"},
        "spec": {"renewTime": "2026-01-01T02:00:00.5+01:00", "acquireTime": "2026-01-01T00:00:00.000000Z"},
    }
    lease = ("coordination.k8s.io", "v1", "Lease")
    layout = "2006-01-02T15:04:05.000000Z07:00"
    assert SCHEMA.decode(lease, tree).errors == [
        f'parsing time "2026-01-01T02:00:00.5+01:00" as "{layout}": cannot parse ".5+01:00" as ".000000"'
    ]
    tree["spec"]["renewTime"] = "2026-01-01T02:00:00.500000+01:00"
    assert SCHEMA.canonicalise(lease, tree)["spec"]["renewTime"] == "2026-01-01T01:00:00.500000Z"
    pod = {
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T02:00:00+01:00"},
        "spec": {"containers": None},
        "status": {},
    }
    assert SCHEMA.canonicalise(POD, pod)["metadata"]["creationTimestamp"] == "2026-01-01T01:00:00Z"


def test_recursive_types():
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {
        "metadata": {"name": "x"},
        "spec": {"group": "g", "names": {"plural": "p", "kind": "K"}, "scope": "Cluster", "versions": [version]},
    }
    decoded = SCHEMA.decode(("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), crd)
    assert decoded.tree is crd
    wrong = {**schema, "properties": {"a": {"typ": "x"}}}
    crd = {"spec": {"versions": [{**version, "schema": {"openAPIV3Schema": wrong}}]}}
    decoded = SCHEMA.decode(("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), crd)
    assert decoded.unknown == ['unknown field "spec.versions[0].schema.openAPIV3Schema.properties.a.typ"']
