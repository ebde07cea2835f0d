"""sig-apps: ReplicationController, ReplicaSet, Deployment."""

import pytest

from conformance.conftest import Speak
from conformance.manifests import (
    AGNHOST,
    NEWER_HTTPD,
    controller,
    controller_of,
    is_ready,
    pod,
    template,
    workload,
)

KINDS = {"v1/replicationcontrollers": controller, "apps/v1/replicasets": workload}
both = pytest.mark.parametrize("path", KINDS, ids=["rc", "rs"])


@both
def test_matching_pods_are_adopted_and_others_released(of: Speak, path: str):
    pods, sets = of("v1/pods"), of(path)
    pods.create(pod("orphan", labels={"app": "adopter"}))
    sets.create(KINDS[path]("adopter", 1))
    adopted = pods.until("orphan", controller_of)
    owner = adopted["metadata"]["ownerReferences"][0]
    assert (owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == ("adopter", True, True)
    pods.patch("orphan", {"metadata": {"labels": {"app": "other"}}})
    pods.until("orphan", lambda tree: not controller_of(tree))
    pods.until_list(lambda found: len(found) == 1, labelSelector="app=adopter")


@both
def test_the_scale_subresource(of: Speak, path: str):
    sets = of(path)
    sets.create(KINDS[path]("scaled", 1))
    scale = sets.get("scaled", part="scale")
    assert (scale["kind"], scale["apiVersion"], scale["spec"]["replicas"]) == ("Scale", "autoscaling/v1", 1)
    written = sets.update({**scale, "spec": {"replicas": 2}}, part="scale")
    assert written["spec"]["replicas"] == 2
    patched = sets.patch("scaled", {"spec": {"replicas": 4}}, part="scale")
    assert patched["spec"]["replicas"] == 4
    assert sets.until("scaled", lambda tree: tree["status"].get("readyReplicas") == 4)["spec"]["replicas"] == 4


@both
def test_exceeded_quota_is_a_condition(of: Speak, path: str):
    quotas, sets = of("v1/resourcequotas"), of(path)
    quotas.create({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
    quotas.until("q", lambda tree: tree.get("status", {}).get("hard", {}).get("pods") == "2")
    sets.create(KINDS[path]("greedy", 3))

    def failing(tree: dict) -> bool:
        return any(item["type"] == "ReplicaFailure" for item in tree["status"].get("conditions", ()))

    sets.until("greedy", failing)
    sets.patch("greedy", {"spec": {"replicas": 2}}, part="scale")
    sets.until("greedy", lambda tree: not failing(tree))


@both
def test_a_set_through_its_life(of: Speak, path: str):
    sets, pods = of(path), of("v1/pods")
    since = sets.revision()
    sets.create(KINDS[path]("life", 1))
    sets.until("life", lambda tree: tree["status"].get("readyReplicas") == 1)
    sets.patch("life", {"metadata": {"labels": {"test": "patched"}}, "spec": {"replicas": 2}}, "strategic")
    sets.until("life", lambda tree: tree["status"].get("readyReplicas") == 2)
    sets.patch("life", {"status": {"readyReplicas": 0, "availableReplicas": 0}}, part="status")
    sets.until("life", lambda tree: tree["status"].get("availableReplicas") == 2)
    assert sets.names(labelSelector="test=patched") == ["life"]
    sets.delete_all("app=life")
    sets.until_gone("life")
    if path == "apps/v1/replicasets":
        pods.until_list(lambda found: not found, labelSelector="app=life")
    else:
        # A ReplicationController leaves its pods behind unless the deletion says otherwise.
        assert not any(map(controller_of, pods.until_list(lambda found: not any(map(controller_of, found)))))
    assert sets.types(since)[-1] == "DELETED"


def deployment_pods(of: Speak, app: str) -> dict[str, str]:
    """Image by name of the pods that are not being deleted."""
    found = of("v1/pods").items(labelSelector=f"app={app}")
    return {
        item["metadata"]["name"]: item["spec"]["containers"][0]["image"]
        for item in found
        if "deletionTimestamp" not in item["metadata"]
    }


def complete(replicas: int):
    def holds(tree: dict) -> bool:
        status = tree.get("status", {})
        return (
            status.get("observedGeneration") == tree["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == replicas
        )

    return holds


@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate"])
def test_a_new_template_replaces_the_pods(of: Speak, strategy: str):
    deployments, sets = of("apps/v1/deployments"), of("apps/v1/replicasets")
    deployments.create(workload("web", 2, strategy={"type": strategy}))
    deployments.until("web", complete(2))
    before = deployment_pods(of, "web")
    change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": AGNHOST}]}}}}
    deployments.patch("web", change, "strategic")
    deployments.until("web", complete(2))
    after = deployment_pods(of, "web")
    assert set(after.values()) == {AGNHOST}
    assert not set(before) & set(after)
    revisions = {item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for item in sets.items()}
    assert revisions == {"1", "2"}
    assert deployments.get("web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_old_replica_sets_are_deleted(of: Speak):
    deployments, sets = of("apps/v1/deployments"), of("apps/v1/replicasets")
    deployments.create(workload("web", 1, revisionHistoryLimit=0))
    deployments.until("web", complete(1))
    deployments.patch("web", {"spec": {"template": {"metadata": {"labels": {"new": "yes"}}}}})
    deployments.until("web", complete(1))
    sets.until_list(lambda found: len(found) == 1)


def test_a_rollover(of: Speak):
    deployments, sets = of("apps/v1/deployments"), of("apps/v1/replicasets")
    sets.create(workload("web", 1))
    sets.until("web", lambda tree: tree["status"].get("readyReplicas") == 1)
    body = workload(
        "web",
        1,
        minReadySeconds=10,
        strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    )
    body["spec"]["template"] = template("web", "redis-slave-nonexistent")
    deployments.create(body)
    sets.until_list(lambda found: len(found) == 2)
    assert controller_of(sets.until("web", controller_of)) == "web"
    deployments.patch(
        "web", {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": AGNHOST}]}}}}, "strategic"
    )
    deployments.until("web", complete(1))
    running = [item for item in sets.items() if item["spec"]["replicas"]]
    assert len(running) == 1
    assert running[0]["spec"]["template"]["spec"]["containers"][0]["image"] == AGNHOST


def test_proportional_scaling(of: Speak):
    deployments, sets = of("apps/v1/deployments"), of("apps/v1/replicasets")
    deployments.create(workload("web", 10, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}))
    deployments.until("web", complete(10))
    deployments.patch(
        "web",
        {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "webserver:404"}]}}}},
        "strategic",
    )

    def sizes(found: list) -> list[int]:
        return sorted(item["spec"]["replicas"] for item in found)

    sets.until_list(lambda found: sizes(found) == [5, 8])
    deployments.patch("web", {"spec": {"replicas": 30}})
    sets.until_list(lambda found: sizes(found) == [13, 20])


def test_the_scale_of_a_deployment(of: Speak):
    deployments = of("apps/v1/deployments")
    deployments.create(workload("web", 1))
    scale = deployments.get("web", part="scale")
    assert scale["status"]["selector"] == "app=web"
    assert deployments.update({**scale, "spec": {"replicas": 2}}, part="scale")["spec"]["replicas"] == 2
    assert deployments.patch("web", {"spec": {"replicas": 4}}, part="scale")["spec"]["replicas"] == 4
    deployments.until("web", complete(4))


def test_the_status_of_a_deployment_is_kept_by_its_controller(of: Speak):
    deployments = of("apps/v1/deployments")
    deployments.create(workload("web", 1))
    fresh = deployments.until("web", complete(1))
    condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test"}
    fresh["status"]["conditions"].append(condition)
    written = deployments.update(fresh, part="status")
    assert condition["type"] in {item["type"] for item in written["status"]["conditions"]}
    patched = deployments.patch(
        "web", {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}, part="status"
    )
    assert [item["type"] for item in patched["status"]["conditions"]] == ["StatusPatched"]


def test_a_deployment_through_its_life(of: Speak):
    deployments = of("apps/v1/deployments")
    since = deployments.revision()
    made = workload("life", 1, image=AGNHOST)
    made["metadata"]["labels"]["test-deployment-static"] = "true"
    deployments.create(made)
    selector = "test-deployment-static=true"
    deployments.until("life", complete(1))
    patch = {
        "metadata": {"labels": {"test-deployment": "patched"}},
        "spec": {
            "replicas": 2,
            "template": {
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": NEWER_HTTPD}]}
            },
        },
    }
    deployments.patch("life", patch, "strategic")
    deployments.until("life", complete(2))
    listed = deployments.everywhere().items(labelSelector=selector)
    assert [item["metadata"]["labels"]["test-deployment"] for item in listed] == ["patched"]
    deployments.patch(
        "life",
        {"metadata": {"annotations": {"x": "y"}}, "status": {"readyReplicas": 0, "availableReplicas": 0}},
        part="status",
    )
    deployments.until("life", complete(2))
    deployments.delete_all(selector)
    deployments.until_gone("life")
    assert {"ADDED", "MODIFIED", "DELETED"} <= set(deployments.types(since, labelSelector=selector))


def test_pods_of_a_replica_set_run(of: Speak):
    of("apps/v1/replicasets").create(workload("ready", 2))
    found = of("v1/pods").until_list(lambda items: len(items) == 2 and all(map(is_ready, items)))
    assert all(item["metadata"]["generateName"] == "ready-" for item in found)
