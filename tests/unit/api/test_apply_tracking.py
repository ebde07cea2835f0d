"""managedFields of creates, updates and patches by people, and beside the writes of components."""

import pickle
from typing import Any

import pytest

from kubesim.objects.wire import ADMIN, CONFIGMAPS, DEPLOYMENTS, JSON_PATCH, NAMESPACES, NODES, PODS, Gvr, Identity
from unit.api.serving import CONTAINERS, EPOCH_MS, Serving

SECRETS = Gvr("", "v1", "secrets")
OLD_SCALERS = Gvr("autoscaling", "v1", "horizontalpodautoscalers")
SCALERS = Gvr("autoscaling", "v2", "horizontalpodautoscalers")
EVENTS = Gvr("", "v1", "events")
NEW_EVENTS = Gvr("events.k8s.io", "v1", "events")


@pytest.fixture
def serving() -> Serving:
    return Serving()


def owners(obj: Any) -> dict[str, Any]:
    return {each["manager"]: each["fieldsV1"] for each in obj["metadata"].get("managedFields", ())}


def by(name: str) -> dict[str, Any]:
    return {"query": {"fieldManager": name}}


def configmap(serving: Serving, name: str = "a", **more: Any) -> Any:
    return serving.must("create", CONFIGMAPS, body={"metadata": {"name": name}, "data": {"x": "1"}}, **more)


def test_an_entry(serving: Serving) -> None:
    assert configmap(serving)["metadata"]["managedFields"] == [
        {
            "manager": "kubetui",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:x": {}}},
        }
    ]


@pytest.mark.parametrize(
    ("agent", "manager"),
    [("kubectl/v1.37.0 (linux/amd64)", "kubectl"), ("", "unknown"), ("a\x00b", "ab"), ("x" * 200, "x" * 128)],
    ids=["program", "none", "unprintable", "long"],
)
def test_the_manager_is_the_begin_of_the_user_agent(serving: Serving, agent: str, manager: str) -> None:
    assert list(owners(configmap(serving, identity=ADMIN._replace(agent=agent)))) == [manager]


def test_a_given_manager_comes_first(serving: Serving) -> None:
    assert list(owners(configmap(serving, **by("me")))) == ["me"]


def test_who_changes_a_field_takes_it(serving: Serving) -> None:
    configmap(serving, **by("a"))
    changed = serving.must("patch", CONFIGMAPS, "a", body={"data": {"x": "2", "y": "1"}}, **by("b"))
    assert owners(changed) == {"a": {"f:data": {}}, "b": {"f:data": {"f:x": {}, "f:y": {}}}}


def test_who_writes_what_is_there_takes_nothing(serving: Serving) -> None:
    first = configmap(serving, **by("a"))
    same = serving.must("patch", CONFIGMAPS, "a", body={"data": {"x": "1"}}, **by("b"))
    assert same == first


def test_what_is_gone_is_owned_by_nobody(serving: Serving) -> None:
    configmap(serving, **by("a"))
    serving.must("patch", CONFIGMAPS, "a", body={"data": {"y": "1"}}, **by("b"))
    changed = serving.must("patch", CONFIGMAPS, "a", body={"data": {"y": None}}, **by("c"))
    assert owners(changed) == {"a": {"f:data": {".": {}, "f:x": {}}}}


def test_the_time_is_that_of_the_last_change_of_a_manager(serving: Serving) -> None:
    configmap(serving, **by("a"))
    serving.loop.run_until(EPOCH_MS + 60_000)
    changed = serving.must("patch", CONFIGMAPS, "a", body={"data": {"y": "1"}}, **by("b"))
    times = {each["manager"]: each["time"] for each in changed["metadata"]["managedFields"]}
    assert times == {"a": "2026-01-01T00:00:00Z", "b": "2026-01-01T00:01:00Z"}


def test_status_has_entries_of_its_own(serving: Serving) -> None:
    serving.pod()
    changed = serving.must(
        "patch", PODS, "p", sub="status", body={"status": {"message": "m"}, "spec": {"nodeName": "n"}}
    )
    last = changed["metadata"]["managedFields"][-1]
    assert (last["subresource"], last["fieldsV1"]) == ("status", {"f:status": {"f:message": {}}})


def test_status_on_the_object_itself_is_not_owned(serving: Serving) -> None:
    body = {"metadata": {"name": "p"}, "spec": {"containers": CONTAINERS}, "status": {"message": "m"}}
    assert "f:status" not in owners(serving.must("create", PODS, body=body))["kubetui"]


def test_what_admission_adds_is_not_owned(serving: Serving) -> None:
    pod = serving.pod()
    assert pod["spec"]["volumes"]
    assert not {"f:volumes", "f:tolerations"} & owners(pod)["kubetui"]["f:spec"].keys()


def test_scaling(serving: Serving) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
    body = {
        "metadata": {"name": "d"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    serving.must("create", DEPLOYMENTS, body=body, **by("a"))
    serving.must("patch", DEPLOYMENTS, "d", sub="scale", body={"spec": {"replicas": 3}}, **by("s"))
    scaled = serving.get(DEPLOYMENTS, "d")
    scaler, creator = scaled["metadata"]["managedFields"]
    assert (scaler["manager"], scaler["subresource"], scaler["apiVersion"]) == ("s", "scale", "apps/v1")
    assert scaler["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in creator["fieldsV1"]["f:spec"]


def test_scaling_what_nobody_is_known_to_own(serving: Serving) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    serving.component("create", DEPLOYMENTS, body={"metadata": {"name": "d"}, "spec": spec})
    serving.must("patch", DEPLOYMENTS, "d", sub="scale", body={"spec": {"replicas": 3}})
    scaled = serving.get(DEPLOYMENTS, "d")
    assert scaled["spec"]["replicas"] == 3
    assert "managedFields" not in scaled["metadata"]


def test_finalizing_a_namespace_keeps_its_owners(serving: Serving) -> None:
    before = serving.must("create", NAMESPACES, body={"metadata": {"name": "n"}}, space="")
    body = {"metadata": {"name": "n"}, "spec": {"finalizers": []}}
    after = serving.must("update", NAMESPACES, "n", sub="finalize", body=body, space="")
    assert after["metadata"]["managedFields"] == before["metadata"]["managedFields"]


# ---------------------------------------------------------------------- sent by clients
def test_managers_that_come_along_are_kept(serving: Serving) -> None:
    given = configmap(serving, **by("a"))["metadata"]["managedFields"]
    renamed = [{**given[0], "manager": "z"}]
    body = {"metadata": {"name": "a", "managedFields": renamed}, "data": {"x": "1", "y": "2"}}
    changed = serving.must("update", CONFIGMAPS, "a", body=body, **by("b"))
    assert owners(changed) == {"z": {"f:data": {".": {}, "f:x": {}}}, "b": {"f:data": {"f:y": {}}}}


def test_kubectl_turns_its_updates_into_applies(serving: Serving) -> None:
    before = configmap(serving, **by("kubectl-client-side-apply"))["metadata"]
    entries = [{**before["managedFields"][0], "manager": "kubectl", "operation": "Apply"}]
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": before["resourceVersion"]},
    ]
    changed = serving.must("patch", CONFIGMAPS, "a", body=patch, content_type=JSON_PATCH, **by("kubectl"))
    assert changed["metadata"]["managedFields"] == entries
    assert serving.get(CONFIGMAPS, "a") == changed


def test_managers_that_cannot_be_read_are_not(serving: Serving) -> None:
    before = owners(configmap(serving, **by("a")))
    body = {"metadata": {"name": "a", "managedFields": [{"manager": "z"}]}, "data": {"x": "1"}}
    assert owners(serving.must("update", CONFIGMAPS, "a", body=body, **by("b"))) == before


def test_a_body_without_managers_does_not_lose_them(serving: Serving) -> None:
    before = configmap(serving)
    after = serving.must("update", CONFIGMAPS, "a", body={"metadata": {"name": "a"}, "data": {"x": "1"}})
    assert after["metadata"]["managedFields"] == before["metadata"]["managedFields"]


@pytest.mark.parametrize("given", [[], [{}]], ids=["none", "an empty one"])
def test_forgetting_all_managers(serving: Serving, given: Any) -> None:
    configmap(serving)
    body = {"metadata": {"name": "a", "managedFields": given}, "data": {"x": "2"}}
    assert "managedFields" not in serving.must("update", CONFIGMAPS, "a", body=body)["metadata"]
    changed = serving.must("patch", CONFIGMAPS, "a", body={"data": {"x": "3"}})
    assert "managedFields" not in changed["metadata"]


def test_old_updaters_are_merged(serving: Serving) -> None:
    configmap(serving, **by("m"))
    for number in range(12):
        serving.loop.run_until(EPOCH_MS + (number + 1) * 1000)
        body = {"data": {f"k{number}": "v"}}
        last = serving.must("patch", CONFIGMAPS, "a", body=body, **by(f"m{number:02}"))
    names = [each["manager"] for each in last["metadata"]["managedFields"]]
    assert names == ["ancient-changes", *(f"m{number:02}" for number in range(3, 12))]
    assert owners(last)["ancient-changes"]["f:data"].keys() == {".", "f:x", "f:k0", "f:k1", "f:k2"}


# ---------------------------------------------------------------------- beside components
def test_components_keep_entries_and_add_none(serving: Serving) -> None:
    before = serving.pod()["metadata"]["managedFields"]
    pod = serving.get(PODS, "p")
    status = {**pod["status"], "phase": "Running"}
    serving.component("update", PODS, "p", sub="status", body={**pod, "status": status})
    after = serving.get(PODS, "p")
    assert after["status"]["phase"] == "Running"
    assert after["metadata"]["managedFields"] == before


def test_what_a_component_made_has_no_entries(serving: Serving) -> None:
    body = {"metadata": {"name": "p"}, "spec": {"containers": CONTAINERS}}
    serving.component("create", PODS, body=body)
    assert "managedFields" not in serving.get(PODS, "p")["metadata"]
    changed = serving.must("patch", PODS, "p", body={"metadata": {"labels": {"a": "b"}}})
    assert changed["metadata"]["labels"] == {"a": "b"}
    assert "managedFields" not in changed["metadata"]


def test_a_change_after_that_of_a_component_takes_only_what_it_touches(serving: Serving) -> None:
    serving.must("create", NODES, body={"metadata": {"name": "n", "labels": {"a": "b"}}}, space="", **by("a"))
    node = serving.store.get(NODES, "", "n")
    spec = {**node["spec"], "taints": [{"key": "k", "effect": "NoSchedule"}]}
    serving.component("update", NODES, "n", body={**node, "spec": spec})
    changed = serving.must("patch", NODES, "n", body={"spec": {"unschedulable": True}}, space="", **by("b"))
    assert changed["spec"]["taints"]
    assert owners(changed)["b"] == {"f:spec": {"f:unschedulable": {}}}


# ---------------------------------------------------------------------- kinds with peculiarities
def test_secrets_are_owned_as_they_are_stored(serving: Serving) -> None:
    made = serving.must("create", SECRETS, body={"metadata": {"name": "s"}, "stringData": {"a": "b"}})
    assert owners(made) == {"kubetui": {"f:data": {".": {}, "f:a": {}}, "f:type": {}}}


def test_items_that_cannot_be_told_apart_have_no_owners(serving: Serving) -> None:
    accounts = Gvr("", "v1", "serviceaccounts")
    body = {"metadata": {"name": "s"}, "secrets": [{"namespace": "x"}]}
    assert owners(serving.must("create", accounts, body=body)) == {}
    serving.must("create", accounts, body={"metadata": {"name": "t", "labels": {"a": "b"}}}, **by("a"))
    changed = serving.must("patch", accounts, "t", body={"secrets": [{"namespace": "x"}]}, **by("b"))
    assert list(owners(changed)) == ["a"]


def test_versions_speak_of_the_same_fields_in_their_own_words(serving: Serving) -> None:
    spec = {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"}}
    old = {**spec, "targetCPUUtilizationPercentage": 50}
    serving.must("create", OLD_SCALERS, body={"metadata": {"name": "h"}, "spec": old}, **by("one"))
    changed = serving.must("patch", SCALERS, "h", body={"spec": {"maxReplicas": 6, "metrics": []}}, **by("two"))
    first, second = changed["metadata"]["managedFields"]
    assert (first["apiVersion"], second["apiVersion"]) == ("autoscaling/v1", "autoscaling/v2")
    assert "f:maxReplicas" not in first["fieldsV1"]["f:spec"]
    assert "f:targetCPUUtilizationPercentage" not in first["fieldsV1"]["f:spec"]
    assert {"f:maxReplicas", "f:metrics"} <= second["fieldsV1"]["f:spec"].keys()


def test_renamed_fields_are_found_in_other_versions(serving: Serving) -> None:
    body = {
        "metadata": {"name": "e"},
        "eventTime": "2026-01-02T03:04:05.000000Z",
        "reportingController": "example.com/c",
        "reportingInstance": "i",
        "action": "Do",
        "reason": "R",
        "note": "n",
        "type": "Warning",
        "regarding": {"kind": "Pod", "name": "p", "namespace": serving.space},
    }
    made = serving.must("create", NEW_EVENTS, body=body, **by("one"))
    assert "f:note" in owners(made)["one"]
    changed = serving.must("patch", EVENTS, "e", body={"message": "other"}, **by("two"))
    assert owners(changed)["two"] == {"f:message": {}}
    assert "f:note" not in owners(changed)["one"]
    assert "f:regarding" in owners(changed)["one"]


def test_a_server_that_was_saved_goes_on(serving: Serving) -> None:
    configmap(serving, **by("a"))
    again = pickle.loads(pickle.dumps(serving))
    changed = again.must("patch", CONFIGMAPS, "a", body={"data": {"y": "1"}}, **by("b"))
    assert list(owners(changed)) == ["a", "b"]


def test_a_dry_run_shows_the_owners_it_would_make(serving: Serving) -> None:
    shown = configmap(serving, query={"dryRun": "All", "fieldManager": "a"})
    assert list(owners(shown)) == ["a"]
    assert serving.get(CONFIGMAPS, "a") is None


def test_an_identity_may_be_of_a_program(serving: Serving) -> None:
    made = configmap(serving, identity=Identity("someone", (), "helm"))
    assert list(owners(made)) == ["helm"]
