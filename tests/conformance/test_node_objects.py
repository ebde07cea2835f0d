"""sig-node: objects that live at the API server alone: templates, classes, Leases, maps, nodes, sysctls, devices."""

from base64 import b64encode
from typing import Any, NamedTuple

import pytest

from conformance.conftest import Speak
from conformance.manifests import AGNHOST
from conformance.podwork import PAUSE_IMAGE, single
from conformance.ways import Api, Local, Remote, Tree


# ---------------------------------------------------------------------- PodTemplates
def template(name: str, image: str, **labels: str) -> Tree:
    container = {"name": "token-test", "image": image}
    return {
        "metadata": {"name": name, "labels": labels},
        "template": {"metadata": {}, "spec": {"containers": [container]}},
    }


def test_a_pod_template(of: Speak):
    templates, selector = of("v1/podtemplates"), "podtemplate-static=true"
    assert templates.everywhere().items(labelSelector=selector) == []
    templates.create(template("nginx-pod-template", "nginx", **{"podtemplate-static": "true"}))
    assert templates.get("nginx-pod-template")["metadata"]["name"] == "nginx-pod-template"
    templates.patch("nginx-pod-template", {"metadata": {"labels": {"podtemplate": "patched"}}}, "strategic")
    assert templates.get("nginx-pod-template")["metadata"]["labels"]["podtemplate"] == "patched"
    templates.delete("nginx-pod-template")
    assert templates.everywhere().items(labelSelector=selector) == []


def test_a_collection_of_pod_templates(of: Speak):
    templates, selector = of("v1/podtemplates"), "podtemplate-set=true"
    for number in (1, 2, 3):
        templates.create(template(f"test-podtemplate-{number}", AGNHOST, **{"podtemplate-set": "true"}))
    assert len(templates.items(labelSelector=selector)) == 3
    templates.delete_all(selector)
    templates.until_list(lambda found: not found, labelSelector=selector)


def test_a_pod_template_is_replaced(of: Speak):
    templates = of("v1/podtemplates")
    fresh = templates.create(template("template", AGNHOST, t="true"))
    fresh["metadata"]["annotations"] = {"updated": "true"}
    assert templates.update(fresh)["metadata"]["annotations"] == {"updated": "true"}


# ---------------------------------------------------------------------- RuntimeClasses
def read(api: Api, path: str) -> Tree:
    """A document of discovery; there is none without HTTP."""
    assert isinstance(api, Remote)
    reply = api.served.send("GET", path)
    assert reply.status == 200
    found: Tree = reply.json
    return found


def test_the_api_of_runtime_classes(api: Api, of: Speak, namespace: str):
    classes, selector = of("node.k8s.io/v1/runtimeclasses", cluster=True), f"test={namespace}"
    if not isinstance(api, Local):
        versions = [each["version"] for each in read(api, "/apis/node.k8s.io")["versions"]]
        groups = {each["name"]: [item["version"] for item in each["versions"]] for each in read(api, "/apis")["groups"]}
        assert "v1" in versions
        assert "v1" in groups["node.k8s.io"]
        assert "runtimeclasses" in [each["name"] for each in read(api, "/apis/node.k8s.io/v1")["resources"]]
    made = [
        {"metadata": {"name": f"{namespace}-class{end}", "labels": {"test": namespace}}, "handler": f"{namespace}{end}"}
        for end in ("", "2", "3")
    ]
    first = classes.create(made[0])
    classes.create(made[0], code=409)
    classes.create(made[1])
    since = classes.revision()
    classes.create(made[2])
    name = made[0]["metadata"]["name"]
    assert classes.get(name)["metadata"]["uid"] == first["metadata"]["uid"]
    assert len(classes.items(labelSelector=selector)) == 3
    patched = classes.patch(name, {"metadata": {"annotations": {"patched": "true"}}})
    assert patched["metadata"]["annotations"] == {"patched": "true"}
    patched["metadata"]["annotations"]["updated"] = "true"
    assert classes.update(patched)["metadata"]["annotations"]["updated"] == "true"
    assert classes.types(since, labelSelector=selector) == ["ADDED", "MODIFIED", "MODIFIED"]
    classes.delete(name)
    classes.get(name, code=404)
    assert len(classes.items(labelSelector=selector)) == 2
    classes.delete_all(selector)
    assert classes.items(labelSelector=selector) == []


def requesting(name: str) -> Tree:
    container = {"image": "registry.k8s.io/e2e-test-images/busybox:1.37.0-1", "command": ["true"], "name": "test"}
    meta = {"generateName": f"test-runtimeclass-{name}-"}
    spec = {"runtimeClassName": name, "containers": [container], "restartPolicy": "Never"}
    return {"metadata": meta, "spec": {**spec, "automountServiceAccountToken": False}}


def test_pods_of_runtime_classes(of: Speak, namespace: str):
    classes, pods = of("node.k8s.io/v1/runtimeclasses", cluster=True), of("v1/pods")
    refused = pods.create(requesting(f"{namespace}-nonexistent"), code=403)
    assert refused["reason"] == "Forbidden"
    overhead = {"podFixed": {"cpu": "10m", "memory": "1Mi"}}
    for name, more in ((f"{namespace}-plain", {}), (f"{namespace}-heavy", {"overhead": overhead})):
        classes.create({"metadata": {"name": name}, "handler": "test-handler", **more})
        pods.create(requesting(name))
        (found,) = pods.until_list(lambda listed: len(listed) == 1 and listed[0]["spec"].get("nodeName"))
        assert found["spec"].get("overhead", {}) == more.get("overhead", {}).get("podFixed", {})
        pods.delete(found["metadata"]["name"], gracePeriodSeconds=0)
        pods.until_list(lambda listed: not listed)
        classes.delete(name)
        classes.get(name, code=404)
        pods.create(requesting(name), code=403)


# ---------------------------------------------------------------------- Leases
def spec_of(holder: str, duration: int, acquired: int, renewed: int, transitions: int) -> Tree:
    def at(second: int) -> str:
        return f"0001-01-01T00:{second // 60:02d}:{second % 60:02d}.000000Z"

    return {
        "holderIdentity": holder, "leaseDurationSeconds": duration, "acquireTime": at(acquired),
        "renewTime": at(renewed), "leaseTransitions": transitions,
    }  # fmt: skip


def test_leases(of: Speak):
    leases = of("coordination.k8s.io/v1/leases")
    made = leases.create({"metadata": {"name": "lease"}, "spec": spec_of("holder", 30, 2, 5, 0)})
    assert leases.get("lease")["spec"] == spec_of("holder", 30, 2, 5, 0)
    leases.update({**made, "spec": spec_of("holder2", 30, 20, 50, 1)})
    assert leases.get("lease")["spec"] == spec_of("holder2", 30, 20, 50, 1)
    leases.patch("lease", {"spec": spec_of("holder3", 60, 50, 70, 2)}, "strategic")
    assert leases.get("lease")["spec"] == spec_of("holder3", 60, 50, 70, 2)
    meta = {"name": "lease2", "labels": {"deletecollection": "true"}}
    leases.create({"metadata": meta, "spec": spec_of("holder", 30, 2, 5, 0)})
    assert len(leases.items()) == 2
    leases.delete_all("deletecollection=true")
    assert leases.names() == ["lease"]
    leases.delete("lease")
    leases.get("lease", code=404)
    assert leases.everywhere().items()


# ---------------------------------------------------------------------- ConfigMaps and Secrets
def test_config_maps(of: Speak):
    maps = of("v1/configmaps")
    maps.create({"metadata": {"name": "empty"}, "data": {"": "value-1"}}, code=422)
    maps.create({"metadata": {"name": "updated"}, "data": {"data-1": "value-1", "data-2": "value-2"}})
    maps.update({"metadata": {"name": "updated"}, "data": {"data": "value"}})
    assert maps.get("updated")["data"] == {"data": "value"}
    meta = {"name": "life", "labels": {"test-configmap-static": "true"}}
    maps.create({"metadata": meta, "data": {"valueName": "value"}})
    patch = {"metadata": {"labels": {"test-configmap": "patched"}}, "data": {"valueName": "value1"}}
    maps.patch("life", patch, "strategic")
    (found,) = maps.everywhere().items(labelSelector="test-configmap=patched")
    assert (found["metadata"]["name"], found["data"]) == ("life", {"valueName": "value1"})
    maps.delete_all("test-configmap-static=true")
    assert maps.items(labelSelector="test-configmap-static=true") == []


def test_secrets(of: Speak):
    secrets, selector = of("v1/secrets"), "testsecret-constant=true"
    value, fresh = (b64encode(text.encode()).decode() for text in ("value", "value1"))
    secrets.create({"metadata": {"name": "empty"}, "data": {"": value}}, code=422)
    meta = {"name": "test-secret", "labels": {"testsecret-constant": "true"}}
    secrets.create({"metadata": meta, "type": "Opaque", "data": {"key": value}})
    assert [each["metadata"]["name"] for each in secrets.everywhere().items(labelSelector=selector)] == ["test-secret"]
    twice = b64encode(fresh.encode()).decode()
    secrets.patch("test-secret", {"metadata": {"labels": {"testsecret": "true"}}, "data": {"key": twice}}, "strategic")
    assert secrets.get("test-secret")["data"]["key"] == twice
    secrets.delete_all("testsecret=true")
    assert secrets.everywhere().items(labelSelector=selector) == []


# ---------------------------------------------------------------------- nodes, sysctls
def test_a_node_that_nobody_runs(of: Speak, namespace: str):
    nodes, name = of("v1/nodes", cluster=True), f"e2e-fake-node-{namespace}"
    condition = {"status": "True", "message": "Set from e2e test", "reason": "E2E", "type": "Ready"}
    made = nodes.create(
        {
            "metadata": {"name": name},
            "spec": {"unschedulable": True},
            "status": {"phase": "Running", "conditions": [{**condition, "lastHeartbeatTime": None}]},
        }
    )
    assert nodes.get(name)["metadata"]["name"] == name
    patched = nodes.patch(name, {"metadata": {"labels": {name: "patched"}}}, "strategic")
    assert patched["metadata"]["labels"][name] == "patched"
    assert int(made["metadata"]["resourceVersion"]) < int(patched["metadata"]["resourceVersion"])
    assert nodes.names(labelSelector=f"{name}=patched") == [name]
    fresh = nodes.get(name)
    fresh["metadata"]["labels"][name] = "updated"
    assert nodes.update(fresh)["metadata"]["labels"][name] == "updated"
    nodes.delete(name)
    nodes.until_gone(name)


def test_sysctls_that_are_none(of: Speak):
    names = [("foo-", "bar"), ("kernel.shmmax", "100000000"), ("safe-and-unsafe", "100000000"), ("bar..", "42")]
    context = {"sysctls": [{"name": name, "value": value} for name, value in names]}
    made = single("sysctl", {"image": PAUSE_IMAGE}, restartPolicy="Never", securityContext=context)
    message = of("v1/pods").create(made, code=422)["message"]
    assert ('Invalid value: "foo-"' in message, 'Invalid value: "bar.."' in message) == (True, True)
    assert ("safe-and-unsafe" in message, "kernel.shmmax" in message) == (False, False)


# ---------------------------------------------------------------------- devices
REQUEST = {"name": "req-0", "exactly": {"deviceClassName": "dra.example.com"}}
SELECTOR = [{"cel": {"expression": "true"}}]
DEVICES = {"devices": {"requests": [REQUEST]}}
POOL = {"name": "cluster", "generation": 1, "resourceSliceCount": 1}
LABEL = "e2e-test.kubernetes.io"


class Kind(NamedTuple):
    """What the test of all verbs is told of a kind: an object, and how it is changed."""

    path: str
    kind: str
    spec: Tree
    change: Tree
    """Of the whole object."""
    json: list[Tree]
    cluster: bool = False
    has_status: bool = False


ANNOTATED = {"metadata": {"labels": {"updated": "yes"}}}
LABELLED = [{"op": "add", "path": "/metadata/labels", "value": {"updated": "yes"}}]
KINDS = [
    Kind("deviceclasses", "DeviceClass", {"selectors": SELECTOR},
         {"spec": {"extendedResourceName": "example.com/gpu", "selectors": SELECTOR}},
         [{"op": "add", "path": "/spec/extendedResourceName", "value": "example.com/gpu"}], cluster=True),
    Kind("resourceclaims", "ResourceClaim", DEVICES, ANNOTATED, LABELLED, has_status=True),
    Kind("resourceclaimtemplates", "ResourceClaimTemplate", {"spec": DEVICES}, ANNOTATED, LABELLED),
    Kind("resourceslices", "ResourceSlice",
         {"driver": "dra.example.com", "nodeName": "some-node", "pool": POOL, "devices": [{"name": "device-0"}]},
         {"spec": {"driver": "dra.example.com", "nodeName": "some-node", "pool": POOL,
                   "devices": [{"name": "device-0"}, {"name": "device-1"}]}},
         [{"op": "add", "path": "/spec/devices/-", "value": {"name": "device-1"}}], cluster=True),
]  # fmt: skip


def within(wanted: Any, found: Any) -> bool:
    """Whether all fields are there that were sent."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(within(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(within, wanted, found))
    return bool(wanted == found)


def patches(kind: Kind, name: str) -> list[tuple[str, Any, dict[str, str]]]:
    named = {"apiVersion": "resource.k8s.io/v1", "kind": kind.kind}
    whole = [{**named, **kind.change, "metadata": {**kind.change.get("metadata", {}), "name": name}} for _ in range(3)]
    forced = {"fieldManager": "test-apply", "force": "true"}
    return [("strategic", whole[0], {}), ("apply", whole[1], forced), ("merge", whole[2], {}), ("json", kind.json, {})]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])
def test_all_verbs_of_a_device_api(of: Speak, namespace: str, kind: Kind):
    resource = of(f"resource.k8s.io/v1/{kind.path}", cluster=kind.cluster)
    name, labels = f"test-{namespace}", {LABEL: namespace}
    body = {"metadata": {"name": name, "labels": labels}, "spec": kind.spec}
    since = resource.revision()
    made = resource.create(body, fieldValidation="Strict")
    assert within(body, resource.get(name))
    updated = resource.update(
        {**made, **kind.change, "metadata": {**made["metadata"], "labels": {**labels, "updated": "yes"}}}
    )
    assert int(updated["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    if kind.has_status:
        status = resource.update({**updated, "status": {"allocation": {}}}, part="status")
        assert "allocation" in status["status"]
        assert resource.get(name, part="status")["status"] == status["status"]
    told = resource.types(since, labelSelector=f"{LABEL}={namespace}")
    assert told == ["ADDED", *["MODIFIED"] * (2 if kind.has_status else 1)]
    for way, patch, query in patches(kind, name):
        resource.delete(name)
        resource.until_gone(name)
        again = resource.create(body)
        if way != "json":
            patch["metadata"]["uid"] = again["metadata"]["uid"]
        found = resource.patch(name, patch, way, fieldValidation="Strict", **query)
        assert within({part: kind.change.get(part, {}) for part in ("metadata", "spec")}, found), way
    resource.patch(name, {"metadata": {"labels": labels}})
    assert resource.everywhere().names(labelSelector=f"{LABEL}={namespace}") == [name]
    resource.delete_all(f"{LABEL}={namespace}")
    resource.until_gone(name)
