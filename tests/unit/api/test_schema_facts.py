"""The schema data file: types, kinds, resources."""

import importlib.util
import pickle
import zlib
from pathlib import Path

import pytest

from kubesim.api.schema import Schema
from kubesim.api.schema.facts import DATA

SCHEMA = Schema.load()
RESOURCES = {(*r.gvr,): r for r in SCHEMA.resources()}
ROOT = Path(__file__).parents[3]


def test_schema_is_one_and_survives_pickling():
    assert Schema.load() is SCHEMA
    assert pickle.loads(pickle.dumps(SCHEMA)) is SCHEMA


def test_data_file_is_what_the_script_makes():
    spec = importlib.util.spec_from_file_location("make_schema", ROOT / "scripts" / "make_schema.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.make(None, None) == zlib.decompress(DATA.read_bytes())


@pytest.mark.parametrize(
    ("key", "kind", "namespaced", "short", "categories", "subresources"),
    [
        (
            ("", "v1", "pods"),
            "Pod",
            True,
            ("po",),
            ("all",),
            "attach binding ephemeralcontainers eviction exec log portforward proxy resize status",
        ),
        (("", "v1", "nodes"), "Node", False, ("no",), (), "proxy status"),
        (("", "v1", "namespaces"), "Namespace", False, ("ns",), (), "finalize status"),
        (("", "v1", "serviceaccounts"), "ServiceAccount", True, ("sa",), (), "token"),
        (("apps", "v1", "deployments"), "Deployment", True, ("deploy",), ("all",), "scale status"),
        (("", "v1", "endpoints"), "Endpoints", True, ("ep",), (), ""),
        (
            ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
            "CustomResourceDefinition",
            False,
            ("crd", "crds"),
            ("api-extensions",),
            "status",
        ),
        (("storage.k8s.io", "v1", "csistoragecapacities"), "CSIStorageCapacity", True, (), (), ""),
    ],
    ids=lambda value: value[2] if isinstance(value, tuple) and len(value) == 3 else None,
)
def test_resources(key, kind, namespaced, short, categories, subresources):
    found = RESOURCES[key]
    assert (found.kind, found.namespaced, found.short_names, found.categories) == (kind, namespaced, short, categories)
    assert [sub.name for sub in found.subresources] == subresources.split()
    assert found.singular == kind.lower()
    assert SCHEMA.knows(found.gvk)


ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@pytest.mark.parametrize(
    ("key", "verbs"),
    [
        (("", "v1", "configmaps"), ALL_VERBS),
        (("", "v1", "namespaces"), tuple(verb for verb in ALL_VERBS if verb != "deletecollection")),
        (("", "v1", "bindings"), ("create",)),
        (("", "v1", "componentstatuses"), ("get", "list")),
        (("authorization.k8s.io", "v1", "subjectaccessreviews"), ("create",)),
    ],
)
def test_verbs(key, verbs):
    assert RESOURCES[key].verbs == verbs


@pytest.mark.parametrize(
    ("key", "name", "kind", "verbs"),
    [
        (("apps", "v1", "deployments"), "scale", ("autoscaling", "v1", "Scale"), ("get", "patch", "update")),
        (("", "v1", "pods"), "eviction", ("policy", "v1", "Eviction"), ("create",)),
        (("", "v1", "pods"), "binding", ("", "v1", "Binding"), ("create",)),
        (("", "v1", "pods"), "exec", ("", "v1", "PodExecOptions"), ("create", "get")),
        (("", "v1", "pods"), "log", ("", "v1", "Pod"), ("get",)),
        (("", "v1", "serviceaccounts"), "token", ("authentication.k8s.io", "v1", "TokenRequest"), ("create",)),
        (("", "v1", "namespaces"), "finalize", ("", "v1", "Namespace"), ("update",)),
    ],
)
def test_subresources(key, name, kind, verbs):
    found = next(sub for sub in RESOURCES[key].subresources if sub.name == name)
    assert (found.kind, found.verbs) == (kind, verbs)


def test_every_resource_has_its_kind_and_order_is_that_of_discovery():
    assert all(SCHEMA.knows(resource.gvk) for resource in SCHEMA.resources())
    groups = list(dict.fromkeys(resource.gvr.group for resource in SCHEMA.resources() if resource.stable))
    assert groups[:6] == [
        "",
        "apiregistration.k8s.io",
        "apps",
        "events.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
    ]
    hpas = [key[1] for key in RESOURCES if key[2] == "horizontalpodautoscalers"]
    assert hpas == ["v2", "v1"]


def test_unstable_versions_are_told_apart():
    assert all(resource.stable for resource in SCHEMA.resources() if resource.gvr.version in {"v1", "v2"})
    assert any(not resource.stable for resource in SCHEMA.resources())


def test_types():
    pod = SCHEMA.type(("", "v1", "Pod"))
    assert (pod.name, pod.go, pod.struct) == ("io.k8s.api.core.v1.Pod", "v1.Pod", "Pod")
    spec = SCHEMA.target(pod.fields["spec"].shape)
    containers = spec.fields["containers"]
    assert (containers.list_type, containers.list_keys) == ("map", ("name",))
    assert (containers.strategy, containers.merge_key, containers.required) == ("merge", "name", True)
    assert SCHEMA.target(containers.shape).struct == "Container"
    assert spec.fields["volumes"].retain_keys
    assert spec.fields["nodeSelector"].map_type == "atomic"
    ports = SCHEMA.target(containers.shape).fields["ports"]
    assert (ports.list_keys, ports.merge_key) == (("containerPort", "protocol"), "containerPort")
    assert SCHEMA.target("s") is None


def test_fields_come_in_the_order_of_go():
    pod = SCHEMA.type(("", "v1", "Pod"))
    assert list(pod.fields) == ["kind", "apiVersion", "metadata", "spec", "status"]
    volume = SCHEMA.target(SCHEMA.target(pod.fields["spec"].shape).fields["volumes"].shape)
    assert next(iter(volume.fields)) == "name"
    assert volume.fields["emptyDir"].numbers == (2, 2)


def test_all_types_can_be_made():
    types = SCHEMA.types()
    assert len(types) > 800
    assert all(SCHEMA.target(field.shape) is None or field.shape for type_ in types for field in type_.fields.values())
