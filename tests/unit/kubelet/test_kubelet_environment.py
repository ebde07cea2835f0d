"""The environment and the files of containers."""

import base64

import pytest

from kubesim.kubelet import environment, mounts
from kubesim.kubelet.environment import Host, MissingError
from kubesim.objects.wire import CONFIGMAPS, SECRETS

HOST = Host("n1", "172.18.0.2", "10.244.0.2", {"cpu": "4", "memory": "8Gi"})
OBJECTS = {
    (CONFIGMAPS, "cm"): {"data": {"a": "1", "b.c": "2"}, "binaryData": {"bin": base64.b64encode(b"\x01").decode()}},
    (SECRETS, "sec"): {"data": {"pw": base64.b64encode(b"hush").decode()}},
}
POD = {
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "uid": "u",
        "labels": {"app": "web", "x/y": 'q"'},
        "annotations": {"k": "v"},
    },
    "spec": {"serviceAccountName": "sa", "containers": [], "enableServiceLinks": True},
    "status": {},
}
SERVICE = {
    "metadata": {"name": "my-db"},
    "spec": {
        "clusterIP": "10.96.0.7",
        "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}, {"name": "m", "port": 9187}],
    },
}


def lookup(gvr, namespace, name):
    assert namespace == "shop"
    return OBJECTS.get((gvr, name))


def resolve(env=(), env_from=(), services=(), **container):
    return environment.resolve(
        POD, {"name": "c", "env": list(env), "envFrom": list(env_from), **container}, HOST, lookup, services
    )


def test_order_and_expansion():
    found = resolve(
        [{"name": "A", "value": "x"}, {"name": "B", "value": "$(A)-$(NO)-$$(A)"}, {"name": "C", "value": "$(B)"}]
    )
    assert found.values == {"A": "x", "B": "x-$(NO)-$(A)", "C": "x-$(NO)-$(A)"}


@pytest.mark.parametrize(
    ("origin", "value"),
    [
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "web"),
        ({"fieldRef": {"fieldPath": "metadata.namespace"}}, "shop"),
        ({"fieldRef": {"fieldPath": "metadata.labels['app']"}}, "web"),
        ({"fieldRef": {"fieldPath": "metadata.annotations['k']"}}, "v"),
        ({"fieldRef": {"fieldPath": "spec.nodeName"}}, "n1"),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, "10.244.0.2"),
        ({"fieldRef": {"fieldPath": "status.hostIP"}}, "172.18.0.2"),
        ({"fieldRef": {"fieldPath": "spec.serviceAccountName"}}, "sa"),
        ({"resourceFieldRef": {"resource": "requests.cpu"}}, "1"),
        ({"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}}, "250"),
        ({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}, "64"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "4"),
        ({"configMapKeyRef": {"name": "cm", "key": "a"}}, "1"),
        ({"secretKeyRef": {"name": "sec", "key": "pw"}}, "hush"),
    ],
)
def test_references(origin, value):
    resources = {"requests": {"cpu": "250m"}, "limits": {"memory": "64Mi"}}
    assert resolve([{"name": "X", "valueFrom": origin}], resources=resources).values["X"] == value


def test_env_from_and_masks():
    found = resolve(
        [{"name": "a", "value": "own"}],
        [{"configMapRef": {"name": "cm"}, "prefix": "P_"}, {"secretRef": {"name": "sec"}}],
    )
    assert found.values == {"P_a": "1", "P_b.c": "2", "pw": "hush", "a": "own"}
    assert found.referred == {"P_a": "1", "P_b.c": "2", "pw": "********"}


def test_service_variables():
    found = resolve(
        [{"name": "URL", "value": "$(MY_DB_SERVICE_HOST):$(MY_DB_SERVICE_PORT_M)"}], services=[SERVICE]
    ).values
    assert found["URL"] == "10.96.0.7:9187"
    assert (found["MY_DB_PORT"], found["MY_DB_PORT_5432_TCP_ADDR"]) == ("tcp://10.96.0.7:5432", "10.96.0.7")


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configmap "no" not found'),
        ({"envFrom": [{"secretRef": {"name": "no"}}]}, 'secret "no" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "z"}}}]},
            "couldn't find key z in ConfigMap shop/cm",
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "z"}}}]},
            "couldn't find key z in Secret shop/sec",
        ),
    ],
)
def test_missing(container, text):
    with pytest.raises(MissingError) as caught:
        environment.resolve(POD, {"name": "c", **container}, HOST, lookup)
    assert str(caught.value) == text


def files(volume, **mount):
    pod = {**POD, "spec": {**POD["spec"], "volumes": [{"name": "v", **volume}]}}
    return mounts.files(pod, {"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/m", **mount}]}, HOST, lookup)


@pytest.mark.parametrize(
    ("volume", "mount", "expected"),
    [
        ({"configMap": {"name": "cm"}}, {}, {"/m/a": "1", "/m/b.c": "2", "/m/bin": "\x01"}),
        ({"configMap": {"name": "cm", "items": [{"key": "a", "path": "d/x"}]}}, {}, {"/m/d/x": "1"}),
        ({"secret": {"secretName": "sec"}}, {}, {"/m/pw": "hush"}),
        ({"configMap": {"name": "cm"}}, {"subPath": "a", "mountPath": "/etc/a"}, {"/etc/a": "1"}),
        (
            {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {},
            {"/m/l": 'app="web"\nx/y="q\\""'},
        ),
        (
            {
                "projected": {
                    "sources": [
                        {"secret": {"name": "sec"}},
                        {"configMap": {"name": "cm", "items": [{"key": "a", "path": "z"}]}},
                    ]
                }
            },
            {},
            {"/m/pw": "hush", "/m/z": "1"},
        ),
        ({"emptyDir": {}}, {}, {}),
    ],
    ids=["configmap", "items", "secret", "sub-path", "downward", "projected", "empty-dir"],
)
def test_files(volume, mount, expected):
    assert files(volume, **mount) == expected


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ({"configMap": {"name": "no"}}, 'MountVolume.SetUp failed for volume "v" : configmap "no" not found'),
        ({"secret": {"secretName": "no"}}, 'MountVolume.SetUp failed for volume "v" : secret "no" not found'),
        ({"secret": {"secretName": "no", "optional": True}}, ""),
        (
            {"configMap": {"name": "cm", "items": [{"key": "z", "path": "z"}]}},
            'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: z',
        ),
        (
            {"secret": {"secretName": "sec", "items": [{"key": "z", "path": "z"}]}},
            'MountVolume.SetUp failed for volume "v" : references non-existent secret key: z',
        ),
        ({"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}, ""),
    ],
)
def test_volume_complaints(volume, text):
    assert mounts.check(mounts.needs([{"name": "v", **volume}]), "shop", lookup) == text
