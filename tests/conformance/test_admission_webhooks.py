"""Admission webhooks, as Kubernetes' own conformance tests have them: the server is a pod of the cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.hooks import HookServer, Speak, deploy
from conformance.manifests import pod
from conformance.test_custom_resources import define, definition, version
from conformance.ways import Api, Resource, Tree
from kubesim.objects.wire import CONFIGMAPS, PODS, Gvr

REGISTRATION = "admissionregistration.k8s.io/v1"
VALIDATING = f"{REGISTRATION}/validatingwebhookconfigurations"
MUTATING = f"{REGISTRATION}/mutatingwebhookconfigurations"
MARK = "e2e-test"
Register = Callable[..., Resource]


@pytest.fixture
def hook(api: Api, of: Speak, namespace: str) -> HookServer:
    """The server; only what is in the namespace of the test concerns its webhooks."""
    of("v1/namespaces", cluster=True).patch(namespace, {"metadata": {"labels": {MARK: namespace}}})
    return deploy(of, namespace)


def webhook(hook: HookServer, name: str, path: str, rule: tuple[str, str, str], *operations: str, **more: Any) -> Tree:
    group, served, resource = rule
    return {
        "name": f"{name}.k8s.io",
        "rules": [
            {"operations": list(operations), "apiGroups": [group], "apiVersions": [served], "resources": [resource]}
        ],
        "clientConfig": hook.client(path),
        "sideEffects": "None",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "namespaceSelector": {"matchLabels": {MARK: hook.namespace}},
        **more,
    }


@pytest.fixture
def register(of: Speak, namespace: str) -> Any:
    """Create a configuration; they go with the test."""
    made: list[tuple[Resource, str]] = []

    def make(kind: str, *webhooks: Tree) -> Resource:
        resource = of(kind, cluster=True)
        name = f"{namespace}-{len(made)}"
        resource.create({"metadata": {"name": name, "labels": {MARK: namespace}}, "webhooks": list(webhooks)})
        made.append((resource, name))
        return resource

    yield make
    for resource, name in made:
        resource.api.answer(_deletion(resource, name))


def _deletion(resource: Resource, name: str) -> Any:
    from kubesim.objects.wire import Key, Request

    return Request("delete", Key(resource.gvr, "", name))


POD_RULE, MAP_RULE = ("", "v1", "pods"), ("", "v1", "configmaps")
UNWANTED = {"webhook-e2e-test": "webhook-disallow"}


def map_of(name: str, data: Tree | None = None, **metadata: Any) -> Tree:
    return {"metadata": {"name": name, **metadata}, "data": data or {}}


def refusal(resource: Resource, body: Tree, code: int = 400) -> str:
    return str(resource.create(body, code)["message"])


def test_deny_pod_and_configmap_creation(of: Speak, hook: HookServer, register: Register):
    register(
        VALIDATING,
        webhook(hook, "deny-unwanted-pod-container-name-and-label", "/pods", POD_RULE, "CREATE"),
        webhook(hook, "deny-unwanted-configmap-data", "/configmaps", MAP_RULE, "CREATE", "UPDATE", "DELETE"),
    )
    text = refusal(of("v1/pods"), pod("webhook-disallow", labels=UNWANTED))
    assert text == (
        'admission webhook "deny-unwanted-pod-container-name-and-label.k8s.io" denied the request: '
        "the pod contains unwanted label; the pod contains unwanted container name;"
    )
    text = refusal(of("v1/pods"), pod("hangs", labels={"webhook-e2e-test": "wait-forever"}), 500)
    assert text.endswith('/pods?timeout=10s": context deadline exceeded')
    of("v1/pods").get("hangs", 404)
    maps = of("v1/configmaps")
    said = 'admission webhook "deny-unwanted-configmap-data.k8s.io" denied the request: '
    assert refusal(maps, map_of("no", UNWANTED)) == f"{said}the configmap contains unwanted key and value"
    maps.create(map_of("allowed", {"admit": "this"}))
    failed = maps.patch("allowed", {"data": UNWANTED}, code=400)
    assert "the configmap contains unwanted key and value" in failed["message"]
    failed = maps.update({**maps.get("allowed"), "data": UNWANTED}, code=400)
    assert failed["reason"] == "the configmap contains unwanted key and value"
    maps.create(map_of("kept", {"webhook-e2e-test": "webhook-nondeletable"}))
    assert "cannot be deleted" in maps.delete("kept", 400)["message"]
    assert "cannot be deleted" in maps.call("deletecollection", code=400)["message"]
    maps.patch("kept", {"data": None})
    maps.delete("kept")


def test_deny_attaching(of: Speak, hook: HookServer, register: Register, api: Api):
    rule = ("", "v1", "pods/attach")
    register(VALIDATING, webhook(hook, "deny-attaching-pod", "/pods/attach", rule, "CONNECT"))
    if not hasattr(api, "served"):
        from kubesim.objects.errors import ApiError
        from kubesim.objects.wire import Key, Request

        key = Key(PODS, hook.namespace, "to-be-attached-pod")
        with pytest.raises(ApiError, match="attaching to pod 'to-be-attached-pod' is not allowed"):
            api.cluster.api.connect(
                Request("create", key, "attach", query={"stdin": "true", "container": "container1"})
            )
        api.cluster.api.connect(Request("create", key, "exec", query={"stdin": "true", "container": "container1"}))
        return
    of("v1/pods").create(pod("to-be-attached-pod", container={"name": "container1"}))
    of("v1/pods").until("to-be-attached-pod", lambda found: found["status"].get("phase") == "Running")
    path = f"/api/v1/namespaces/{hook.namespace}/pods/to-be-attached-pod/attach?container=container1&stdin=true"
    reply = api.served.send("POST", path, b"")
    assert (reply.status, reply.json["message"]) == (
        400,
        'admission webhook "deny-attaching-pod.k8s.io" denied the request: '
        "attaching to pod 'to-be-attached-pod' is not allowed",
    )


GROUP = "webhook.example.com"


@pytest.fixture
def kind(api: Api, namespace: str) -> Any:
    """A definition of custom resources, as an API with data of its own; and its resource."""
    plural = f"tests{namespace.replace('-', '')}s"
    gvr = define(api, definition(plural, version("v1"), group=GROUP))
    yield gvr
    Resource(api, Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")).delete(f"{plural}.{GROUP}")


def custom(gvr: Gvr, name: str, data: Tree, served: str = "v1") -> Tree:
    kind = gvr.resource[:-1].title()
    return {"apiVersion": f"{gvr.group}/{served}", "kind": kind, "metadata": {"name": name}, "data": data}


def rule_of(gvr: Gvr, served: str = "v1") -> tuple[str, str, str]:
    return gvr.group, served, gvr.resource


def test_deny_custom_resources(api: Api, hook: HookServer, register: Register, kind: Gvr):
    rule = rule_of(kind)
    register(VALIDATING, webhook(hook, "deny-custom", "/custom-resource", rule, "CREATE", "UPDATE", "DELETE"))
    crs = Resource(api, kind, hook.namespace)
    assert "the custom resource contains unwanted data" in refusal(crs, custom(kind, "a", UNWANTED))
    crs.create(custom(kind, "b", {"webhook-e2e-test": "webhook-nondeletable"}))
    failed = crs.patch("b", {"data": UNWANTED}, code=400)
    assert "the custom resource contains unwanted data" in failed["message"]
    assert "the custom resource cannot be deleted because" in crs.delete("b", 400)["message"]
    crs.patch("b", {"data": {"webhook-e2e-test": "fine"}})
    crs.delete("b")


def test_fail_closed(of: Speak, hook: HookServer, register: Register, namespace: str):
    broken = webhook(hook, "fail-closed", "/configmaps", MAP_RULE, "CREATE", failurePolicy="Fail")
    broken["clientConfig"] = hook.client("/configmaps", bundle="")
    register(VALIDATING, broken)
    text = refusal(of("v1/configmaps"), map_of("foo"), 500)
    assert text == (
        'Internal error occurred: failed calling webhook "fail-closed.k8s.io": failed to call webhook: '
        f'Post "https://e2e-test-webhook.{namespace}.svc:8443/configmaps?timeout=10s": '
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    )


def test_mutate_configmap(of: Speak, hook: HookServer, register: Register):
    # The second webhook sees what the first one did.
    register(
        MUTATING,
        webhook(hook, "adding-configmap-data-stage-1", "/mutating-configmaps", MAP_RULE, "CREATE"),
        webhook(hook, "adding-configmap-data-stage-2", "/mutating-configmaps", MAP_RULE, "CREATE"),
    )
    made = of("v1/configmaps").create(map_of("to-be-mutated", {"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


def test_mutate_pod_and_default_it(of: Speak, hook: HookServer, register: Register):
    register(MUTATING, webhook(hook, "adding-init-container", "/mutating-pods", POD_RULE, "CREATE"))
    made = of("v1/pods").create(pod("webhook-to-be-mutated"))
    added = made["spec"]["initContainers"]
    assert [(each["name"], each["terminationMessagePolicy"], each["imagePullPolicy"]) for each in added] == [
        ("webhook-added-init-container", "File", "Always")
    ]


def test_configurations_are_out_of_reach(of: Speak, hook: HookServer, register: Register):
    everything = {"sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": hook.client("/always-deny")}
    rule = {
        "operations": ["*"],
        "apiGroups": [REGISTRATION.split("/", maxsplit=1)[0]],
        "apiVersions": ["*"],
        "resources": ["*"],
    }
    register(VALIDATING, {"name": "deny-webhook-configuration-deletions.k8s.io", "rules": [rule], **everything})
    everything["clientConfig"] = hook.client("/add-label")
    register(MUTATING, {"name": "add-label-to-webhook-configurations.k8s.io", "rules": [rule], **everything})
    for kind in (VALIDATING, MUTATING):
        resource = register(kind, webhook(hook, "dummy", "/configmaps", MAP_RULE, "CREATE"))
        name = f"{hook.namespace}-{2 if kind == VALIDATING else 3}"
        assert "added-label" not in resource.get(name)["metadata"]["labels"]
        resource.delete(name)


def test_mutate_custom_resource(api: Api, hook: HookServer, register: Register, kind: Gvr):
    rule = rule_of(kind)
    register(
        MUTATING,
        webhook(hook, "mutate-custom-resource-data-stage-1", "/mutating-custom-resource", rule, "CREATE"),
        webhook(hook, "mutate-custom-resource-data-stage-2", "/mutating-custom-resource", rule, "CREATE"),
    )
    made = Resource(api, kind, hook.namespace).create(custom(kind, "a", {"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes"}


def test_mutated_custom_resources_are_pruned(api: Api, hook: HookServer, register: Register, namespace: str):
    plural = f"pruned{namespace.replace('-', '')}s"
    fields = {name: {"type": "string"} for name in ("mutation-start", "mutation-stage-1")}
    schema = {"type": "object", "properties": {"data": {"type": "object", "properties": fields}}}
    gvr = define(api, definition(plural, version("v1", schema), group=GROUP))
    rule = rule_of(gvr)
    register(
        MUTATING,
        webhook(hook, "stage-1", "/mutating-custom-resource", rule, "CREATE"),
        webhook(hook, "stage-2", "/mutating-custom-resource", rule, "CREATE"),
    )
    made = Resource(api, gvr, namespace).create(custom(gvr, "a", {"mutation-start": "yes"}))
    assert made["data"] == {"mutation-start": "yes", "mutation-stage-1": "yes"}


def test_mutate_a_custom_resource_that_changes_its_stored_version(
    api: Api, hook: HookServer, register: Register, namespace: str
):
    plural = f"stored{namespace.replace('-', '')}s"
    gvr = define(api, definition(plural, version("v1"), version("v2", storage=False), group=GROUP))
    register(MUTATING, webhook(hook, "stages", "/mutating-custom-resource", rule_of(gvr), "CREATE", "UPDATE"))
    crs = Resource(api, gvr, namespace)
    crs.create(custom(gvr, "a", {"mutation-start": "yes"}))
    definitions = Resource(api, Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
    versions = [version("v1", storage=False), version("v2")]
    definitions.patch(f"{plural}.{GROUP}", {"spec": {"versions": versions}})
    api.wait(2)
    found = crs.patch("a", {"data": {"dummy": "test"}})
    assert found["data"] == {
        "mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes", "dummy": "test",
    }  # fmt: skip


def test_deny_definitions(api: Api, hook: HookServer, register: Register, namespace: str):
    rule = ("apiextensions.k8s.io", "*", "customresourcedefinitions")
    denying = webhook(hook, "deny-crd-with-unwanted-label", "/crd", rule, "CREATE")
    denying.pop("namespaceSelector")
    denying["objectSelector"] = {"matchLabels": {MARK: namespace}}
    register(VALIDATING, denying)
    tree = definition(f"denied{namespace.replace('-', '')}s", version("v1"), group=GROUP)
    tree["metadata"]["labels"] = {MARK: namespace, **UNWANTED}
    definitions = Resource(api, Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
    assert "the crd contains unwanted label" in refusal(definitions, tree)


def test_timeouts(of: Speak, hook: HookServer, register: Register):
    def slow(seconds: int, policy: str) -> Tree:
        path = "/always-allow-delay-5s"
        more = {"timeoutSeconds": seconds, "failurePolicy": policy}
        return webhook(hook, "allow-configmap-with-delay-webhook", path, MAP_RULE, "CREATE", **more)

    maps = of("v1/configmaps")
    resource = register(VALIDATING, slow(1, "Fail"))
    text = refusal(maps, map_of("slow"), 500)
    assert "/always-allow-delay-5s?timeout=1s" in text
    assert text.endswith("context deadline exceeded")
    name = f"{hook.namespace}-0"
    for number, (seconds, policy) in enumerate([(1, "Ignore"), (6, "Fail"), (10, "Ignore")]):
        resource.patch(name, {"webhooks": [slow(seconds, policy)]})
        maps.create(map_of(f"slow-{number}"))


@pytest.mark.parametrize("way", ["update", "patch"])
def test_patching_and_updating_validating_webhooks(of: Speak, hook: HookServer, register: Register, way: str):
    resource = register(VALIDATING, webhook(hook, "deny", "/configmaps", MAP_RULE, "CREATE"))
    maps, name = of("v1/configmaps"), f"{hook.namespace}-0"
    refusal(maps, map_of("a", UNWANTED))
    _change_operations(resource, name, ["UPDATE"], way)
    maps.create(map_of("a", UNWANTED))
    _change_operations(resource, name, ["CREATE"], way)
    refusal(maps, map_of("b", UNWANTED))


@pytest.mark.parametrize("way", ["update", "patch"])
def test_patching_and_updating_mutating_webhooks(of: Speak, hook: HookServer, register: Register, way: str):
    resource = register(MUTATING, webhook(hook, "stage", "/mutating-configmaps", MAP_RULE, "CREATE"))
    maps, name = of("v1/configmaps"), f"{hook.namespace}-0"
    _change_operations(resource, name, ["UPDATE"], way)
    assert maps.create(map_of("a", {"mutation-start": "yes"}))["data"] == {"mutation-start": "yes"}
    _change_operations(resource, name, ["CREATE"], way)
    assert "mutation-stage-1" in maps.create(map_of("b", {"mutation-start": "yes"}))["data"]


def _change_operations(resource: Resource, name: str, operations: list[str], way: str) -> None:
    if way == "patch":
        change = [{"op": "replace", "path": "/webhooks/0/rules/0/operations", "value": operations}]
        resource.patch(name, change, "json")
        return
    found = resource.get(name)
    found["webhooks"][0]["rules"][0]["operations"] = operations
    resource.update(found)


@pytest.mark.parametrize("kind", [VALIDATING, MUTATING], ids=["validating", "mutating"])
def test_listing_webhooks(of: Speak, hook: HookServer, register: Register, kind: str, namespace: str):
    path = "/configmaps" if kind == VALIDATING else "/mutating-configmaps"
    resource = register(kind, webhook(hook, "first", path, MAP_RULE, "CREATE"))
    register(kind, webhook(hook, "second", path, MAP_RULE, "CREATE"))
    selected = {"labelSelector": f"{MARK}={namespace}"}
    assert len(resource.items(**selected)) == 2
    maps = of("v1/configmaps")
    data = UNWANTED if kind == VALIDATING else {"mutation-start": "yes"}
    if kind == VALIDATING:
        refusal(maps, map_of("a", data))
    else:
        assert len(maps.create(map_of("a", data))["data"]) == 3
    resource.call("deletecollection", query=selected)
    assert resource.items(**selected) == []
    assert maps.create(map_of("b", data))["data"] == data


def test_mutate_everything_but_what_is_skipped(of: Speak, hook: HookServer, register: Register):
    rules = {"matchConditions": [{"name": "skip-me", "expression": "object.metadata.name != 'skip-me'"}]}
    register(MUTATING, webhook(hook, "adding", "/mutating-configmaps", MAP_RULE, "CREATE", **rules))
    maps = of("v1/configmaps")
    assert maps.create(map_of("skip-me", {"mutation-start": "yes"}))["data"] == {"mutation-start": "yes"}
    assert len(maps.create(map_of("other", {"mutation-start": "yes"}))["data"]) == 2


CONVERTED = Gvr("stable.example.com", "v1", "e2e-test-crd-webhooks")


@pytest.fixture
def converted(api: Api, of: Speak, namespace: str) -> Any:
    """A kind whose versions a pod converts."""
    server = deploy(of, namespace, "crd-conversion-webhook")
    gvr = Gvr("stable.example.com", "v1", f"crdhooks{namespace.replace('-', '')}s")
    tree = definition(gvr.resource, version("v1"), version("v2", storage=False), group=gvr.group)
    webhook_part = {"clientConfig": server.client("/crdconvert"), "conversionReviewVersions": ["v1"]}
    tree["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook_part}
    define(api, tree)
    yield gvr
    Resource(api, Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")).delete(f"{gvr.resource}.{gvr.group}")


def endpoint(gvr: Gvr, name: str, served: str, **fields: str) -> Tree:
    tree = custom(gvr, name, {}, served)
    del tree["data"]
    return {**tree, **fields}


def test_convert_from_v1_to_v2(api: Api, converted: Gvr, namespace: str):
    old, new = Resource(api, converted, namespace), Resource(api, converted._replace(version="v2"), namespace)
    old.create(endpoint(converted, "a", "v1", hostPort="localhost:8080"))
    found = new.get("a")
    assert (found["host"], found["port"]) == ("localhost", "8080")
    assert "hostPort" not in found


def test_convert_a_list_of_both_versions(api: Api, converted: Gvr, namespace: str):
    old, new = Resource(api, converted, namespace), Resource(api, converted._replace(version="v2"), namespace)
    old.create(endpoint(converted, "a", "v1", hostPort="localhost:8080"))
    definitions = Resource(api, Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
    versions = [version("v1", storage=False), version("v2")]
    definitions.patch(f"{converted.resource}.{converted.group}", {"spec": {"versions": versions}})
    api.wait(2)
    new.create(endpoint(converted, "b", "v2", host="localhost", port="8080"))
    assert [item["hostPort"] for item in old.items()] == ["localhost:8080"] * 2
    assert [(item["host"], item["port"]) for item in new.items()] == [("localhost", "8080")] * 2


def test_what_nobody_reviews_costs_nothing(api: Api):
    """Without configurations no plugin is concerned."""
    cluster = getattr(api, "cluster", None) or api.served.cluster
    plugins = cluster.api._pipeline._plugins
    assert plugins.concerned("CREATE", PODS, "", "default") == ()
    assert plugins.concerned("CREATE", CONFIGMAPS, "", "default") == ()
