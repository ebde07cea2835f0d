"""Custom resources in two versions, which a webhook in a pod converts: shown, listed and chosen by fields of either.

# k8s: test/e2e/apimachinery/{crd_selectable_fields,crd_conversion_webhook}.go
"""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.hooks import deploy
from conformance.test_custom_resources import define, definition, version
from conformance.ways import Api, Resource, Tree
from kubesim.objects.wire import Gvr

GROUP = "stable.example.com"
DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")


def schema(*fields: str) -> Tree:
    return {"type": "object", "properties": {field: {"type": "string"} for field in fields}}


def selectable(*fields: str) -> list[Tree]:
    return [{"jsonPath": f".{field}"} for field in fields]


@pytest.fixture
def kind(api: Api, of: Speak, namespace: str) -> Any:
    """Stored as v1 with ``hostPort``; v2 has ``host`` and ``port``."""
    server = deploy(of, namespace, "crd-conversion-webhook")
    plural = f"selected{namespace.replace('-', '')}s"
    versions = (
        version("v1", schema("hostPort"), selectableFields=selectable("hostPort")),
        version("v2", schema("host", "port"), storage=False, selectableFields=selectable("host", "port")),
    )
    tree = definition(plural, *versions, group=GROUP)
    webhook = {"clientConfig": server.client("/crdconvert"), "conversionReviewVersions": ["v1", "v1beta1"]}
    tree["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    define(api, tree)
    yield Gvr(GROUP, "v1", plural)
    Resource(api, DEFINITIONS).delete(f"{plural}.{GROUP}")


def heard(resource: Resource, since: str, fields: str) -> list[tuple[str, str]]:
    return [(kind, tree["metadata"]["name"]) for kind, tree in resource.events(since, fieldSelector=fields)]


def test_lists_and_watches_by_fields_of_a_version(api: Api, kind: Gvr, namespace: str):
    old, new = Resource(api, kind, namespace), Resource(api, kind._replace(version="v2"), namespace)
    since = new.revision()
    for name, fields in (
        ("a", {"host": "host1", "port": "80"}), ("b", {"host": "host1", "port": "8080"}), ("c", {"host": "host2"}),
    ):  # fmt: skip
        head = {"apiVersion": f"{GROUP}/v2", "kind": kind.resource[:-1].title()}
        new.create({**head, "metadata": {"name": name}, **fields})
    assert new.names(fieldSelector="host=host1") == ["a", "b"]
    assert new.names(fieldSelector="host=host1,port=80") == ["a"]
    assert old.names(fieldSelector="hostPort=host1:80") == ["a"]
    assert old.names(fieldSelector="hostPort=host1:8080") == ["b"]
    old.items(400, fieldSelector="host=host1")
    new.call("deletecollection", query={"fieldSelector": "host=host1,port=80"})
    new.update({**new.get("b"), "host": "host2"})
    assert new.names(fieldSelector="host=host1") == []
    assert heard(new, since, "host=host1") == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b")]
    assert heard(new, since, "host=host1,port=80") == [("ADDED", "a"), ("DELETED", "a")]
    assert heard(old, since, "hostPort=host1:80") == [("ADDED", "a"), ("DELETED", "a")]


def test_objects_stored_in_two_versions_are_listed_in_either(api: Api, kind: Gvr, namespace: str):
    old, new = Resource(api, kind, namespace), Resource(api, kind._replace(version="v2"), namespace)
    head = {"apiVersion": f"{GROUP}/v1", "kind": kind.resource[:-1].title(), "hostPort": "localhost:8080"}
    # Neither version needs its fields.
    new.create({"apiVersion": f"{GROUP}/v2", "kind": head["kind"], "metadata": {"name": "stub"}})
    new.delete("stub")
    old.create({**head, "metadata": {"name": "one"}})
    shown = new.get("one")
    assert (shown["host"], shown["port"], "hostPort" in shown) == ("localhost", "8080", False)
    definitions = Resource(api, DEFINITIONS)
    tree = definitions.get(f"{kind.resource}.{GROUP}")
    first, second = tree["spec"]["versions"]
    spec = {**tree["spec"], "versions": [{**first, "storage": False}, {**second, "storage": True}]}
    definitions.update({**tree, "spec": spec})
    old.create({**head, "metadata": {"name": "two"}})
    assert definitions.get(f"{kind.resource}.{GROUP}")["status"]["storedVersions"] == ["v1", "v2"]
    assert [item["hostPort"] for item in old.items()] == ["localhost:8080"] * 2
    assert [(item["host"], item["port"], "hostPort" in item) for item in new.items()] == [
        ("localhost", "8080", False)
    ] * 2
