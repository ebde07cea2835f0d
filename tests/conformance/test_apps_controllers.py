"""sig-apps: StatefulSet, DaemonSet, Job, CronJob, PodDisruptionBudget."""

from typing import Any

import pytest

from conformance.conftest import NODES, Speak
from conformance.manifests import (
    AGNHOST,
    NEWER_HTTPD,
    controller_of,
    cron,
    is_ready,
    job,
    phase,
    pod,
    workload,
)
from conformance.ways import Tree

READINESS = {
    "httpGet": {"path": "/index.html", "port": 80},
    "periodSeconds": 1,
    "successThreshold": 1,
    "failureThreshold": 1,
}


def stateful(name: str, replicas: int, **more: Any) -> Tree:
    found = workload(name, replicas, serviceName="test", **more)
    found["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = READINESS
    return found


def images(of: Speak, app: str) -> list[str]:
    found = of("v1/pods").items(labelSelector=f"app={app}")
    return [item["spec"]["containers"][0]["image"] for item in sorted(found, key=lambda one: one["metadata"]["name"])]


def ready(replicas: int) -> Any:
    return lambda tree: tree.get("status", {}).get("readyReplicas", 0) == replicas


def test_a_stateful_set_scales_in_order(of: Speak):
    sets, pods = of("apps/v1/statefulsets"), of("v1/pods")
    since = pods.revision()
    sets.create(stateful("ss", 3))
    sets.until("ss", ready(3))
    born = [tree["metadata"]["name"] for kind, tree in pods.events(since) if kind == "ADDED"]
    assert born == ["ss-0", "ss-1", "ss-2"]
    sets.patch("ss", {"spec": {"replicas": 0}}, part="scale")
    pods.until_list(lambda found: not found)
    gone = [tree["metadata"]["name"] for kind, tree in pods.events(since) if kind == "DELETED"]
    assert gone == ["ss-2", "ss-1", "ss-0"]


def test_a_stateful_set_rolls_forward_and_back(of: Speak):
    sets = of("apps/v1/statefulsets")
    sets.create(stateful("ss", 3))
    before = sets.until("ss", ready(3))["status"]["currentRevision"]
    change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": NEWER_HTTPD}]}}}}
    sets.patch("ss", change, "strategic")
    done = sets.until(
        "ss", lambda tree: tree["status"].get("currentRevision") == tree["status"]["updateRevision"] != before
    )
    assert done["status"]["updatedReplicas"] == 3
    assert set(images(of, "ss")) == {NEWER_HTTPD}
    revisions = of("apps/v1/controllerrevisions").items()
    assert sorted(item["revision"] for item in revisions) == [1, 2]
    assert {controller_of(item) for item in revisions} == {"ss"}
    old = next(item for item in revisions if item["revision"] == 1)
    sets.patch("ss", old["data"], "strategic")
    sets.until("ss", lambda tree: tree["status"].get("currentRevision") == before)
    assert NEWER_HTTPD not in images(of, "ss")


def test_a_canary_and_a_phased_update(of: Speak):
    sets = of("apps/v1/statefulsets")
    sets.create(stateful("ss", 3, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}))
    sets.until("ss", ready(3))
    first = images(of, "ss")[0]
    sets.patch(
        "ss", {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": NEWER_HTTPD}]}}}}, "strategic"
    )
    sets.api.wait(10)
    assert images(of, "ss") == [first] * 3
    for partition in (2, 0):
        sets.patch("ss", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": partition}}}})
        wanted = [first] * partition + [NEWER_HTTPD] * (3 - partition)
        of("v1/pods").until_list(lambda found, wanted=wanted: images(of, "ss") == wanted and all(map(is_ready, found)))


def test_an_evicted_pod_is_made_again(of: Speak):
    sets, pods = of("apps/v1/statefulsets"), of("v1/pods")
    ports = {"container": {"ports": [{"containerPort": 21017, "hostPort": 21017}]}}
    pods.create(pod("taker", nodeName="node-1", **ports))
    pods.until("taker", is_ready)
    body = workload("ss", 1, serviceName="test")
    spec = body["spec"]["template"]["spec"]
    spec["nodeName"] = "node-1"
    spec["containers"][0]["ports"] = ports["container"]["ports"]
    since = pods.revision()
    sets.create(body)
    for _ in range(60):
        if any(kind == "MODIFIED" and phase(tree) == "Failed" for kind, tree in pods.events(since)):
            break
        pods.api.wait(1)
    else:
        raise AssertionError("the pod was not refused")
    pods.delete("taker", gracePeriodSeconds=0)
    pods.until("ss-0", is_ready)


def test_the_status_of_a_stateful_set(of: Speak):
    sets = of("apps/v1/statefulsets")
    sets.create(stateful("ss", 1))
    fresh = sets.until("ss", ready(1))
    fresh["status"]["conditions"] = [{"type": "StatusUpdate", "status": "True", "reason": "E2E"}]
    assert sets.update(fresh, part="status")["status"]["conditions"][0]["type"] == "StatusUpdate"
    patched = sets.patch("ss", {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}, part="status")
    assert patched["status"]["conditions"][0]["type"] == "StatusPatched"


# ---------------------------------------------------------------------- DaemonSet
def on_every_node(found: list[Tree]) -> bool:
    return len({item["spec"].get("nodeName") for item in found}) == NODES and all(map(is_ready, found))


def test_a_daemon_pod_is_revived(of: Speak):
    sets, pods = of("apps/v1/daemonsets"), of("v1/pods")
    sets.create(workload("ds"))
    first = pods.until_list(on_every_node)[0]["metadata"]["name"]
    pods.delete(first)
    pods.until_gone(first)
    found = pods.until_list(on_every_node)
    failed = {**found[0], "status": {**found[0]["status"], "phase": "Failed"}}
    failed["metadata"].pop("resourceVersion")
    pods.update(failed, part="status")
    pods.until_gone(failed["metadata"]["name"])
    pods.until_list(on_every_node)
    status = sets.until("ds", lambda tree: tree["status"].get("numberReady") == NODES)["status"]
    assert (status["desiredNumberScheduled"], status["currentNumberScheduled"]) == (NODES, NODES)
    sets.delete_all("app=ds")
    pods.until_list(lambda items: not items)


def test_a_complex_daemon_follows_the_labels_of_nodes(of: Speak, namespace: str):
    sets, pods, nodes = of("apps/v1/daemonsets"), of("v1/pods"), of("v1/nodes", cluster=True)
    body = workload("ds")
    body["spec"]["template"]["spec"]["nodeSelector"] = {"color": namespace}
    sets.create(body)
    sets.until("ds", lambda tree: tree.get("status", {}).get("observedGeneration"))
    assert pods.items() == []
    nodes.patch("node-1", {"metadata": {"labels": {"color": namespace}}})
    pods.until_list(lambda found: len(found) == 1 and is_ready(found[0]) and found[0]["spec"]["nodeName"] == "node-1")
    nodes.patch("node-1", {"metadata": {"labels": {"color": "green"}}})
    pods.until_list(lambda found: not found)
    selector = {"spec": {"template": {"spec": {"nodeSelector": {"color": "green"}}}}}
    sets.patch("ds", {"spec": {"updateStrategy": {"type": "RollingUpdate"}, **selector["spec"]}}, "strategic")
    pods.until_list(lambda found: len(found) == 1 and is_ready(found[0]))
    nodes.patch("node-1", {"metadata": {"labels": {"color": None}}})


def test_a_daemon_set_is_updated_and_rolled_back(of: Speak):
    sets, pods = of("apps/v1/daemonsets"), of("v1/pods")
    sets.create(workload("ds", updateStrategy={"type": "RollingUpdate"}))
    before = {item["metadata"]["name"] for item in pods.until_list(on_every_node)}
    bad = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "foo:non-existent"}]}}}}
    sets.patch("ds", bad, "strategic")
    pods.until_list(lambda found: "foo:non-existent" in images(of, "ds"))
    pods.api.wait(60)
    kept = {item["metadata"]["name"] for item in pods.items()} & before
    assert len(kept) == NODES - 1
    old = next(item for item in of("apps/v1/controllerrevisions").items() if item["revision"] == 1)
    sets.patch("ds", old["data"], "strategic")
    pods.until_list(lambda found: on_every_node(found) and "foo:non-existent" not in images(of, "ds"))
    assert kept <= {item["metadata"]["name"] for item in pods.items()}
    hashes = {item["metadata"]["labels"]["controller-revision-hash"] for item in pods.items()}
    assert len(hashes) == 1
    assert sorted(item["revision"] for item in of("apps/v1/controllerrevisions").items()) == [2, 3]


# ---------------------------------------------------------------------- Job and CronJob
def test_a_job_adopts_and_releases(of: Speak):
    jobs, pods = of("batch/v1/jobs"), of("v1/pods")
    jobs.create(job("adopt", "sleep 3600", parallelism=2, completions=4))
    found = pods.until_list(lambda items: len(items) == 2 and all(map(is_ready, items)))
    name = found[0]["metadata"]["name"]
    pods.patch(name, {"metadata": {"ownerReferences": None}})
    pods.until(name, lambda tree: controller_of(tree) == "adopt")
    labels = dict.fromkeys(found[0]["metadata"]["labels"])
    pods.patch(name, {"metadata": {"labels": labels}})
    pods.until(name, lambda tree: not controller_of(tree))


def test_a_job_through_its_life(of: Speak):
    jobs, pods = of("batch/v1/jobs"), of("v1/pods")
    jobs.create(
        {
            **job("life", "sleep 3600", parallelism=0, completions=1, suspend=True),
            "metadata": {"name": "life", "labels": {"e2e": "x"}},
        }
    )
    jobs.patch("life", {"metadata": {"labels": {"patched": "true"}}, "spec": {"suspend": False, "parallelism": 1}})
    pods.until_list(lambda found: len(found) == 1)
    fresh = jobs.get("life")
    fresh["metadata"]["annotations"] = {"updated": "true"}
    jobs.update(fresh)
    jobs.until("life", lambda tree: tree["status"].get("active") == 1)
    assert jobs.everywhere().names(labelSelector="e2e=x") == ["life"]
    jobs.delete_all("e2e=x")
    jobs.until_gone("life")


def test_a_deleted_job_takes_its_pods_along(of: Speak):
    jobs, pods = of("batch/v1/jobs"), of("v1/pods")
    jobs.create(job("foo", "sleep 3600", parallelism=2, completions=2))
    pods.until_list(lambda found: len(found) == 2)
    jobs.delete("foo", propagationPolicy="Foreground")
    jobs.until_gone("foo")
    pods.until_list(lambda found: not found)


def test_the_status_of_a_job(of: Speak):
    jobs = of("batch/v1/jobs")
    jobs.create(job("status", "sleep 3600", parallelism=1, completions=1))
    jobs.until("status", lambda tree: tree["status"].get("active") == 1)
    patch = {
        "metadata": {"annotations": {"patchedstatus": "true"}},
        "status": {"conditions": [{"type": "CustomConditionType", "status": "True"}]},
    }
    found = jobs.patch("status", patch, part="status")
    assert found["status"]["conditions"][0]["type"] == "CustomConditionType"
    assert found["metadata"]["annotations"]["patchedstatus"] == "true"


@pytest.mark.parametrize(
    ("policy", "suspended"),
    [("Allow", False), ("Forbid", False), ("Replace", False), ("Allow", True)],
    ids=["allow", "forbid", "replace", "suspended"],
)
def test_concurrent_jobs_of_a_cron_job(of: Speak, policy: str, suspended: bool):
    crons, jobs = of("batch/v1/cronjobs"), of("batch/v1/jobs")
    crons.create(cron("tick", concurrencyPolicy=policy, suspend=suspended))
    if suspended:
        crons.api.wait(150)
        assert (jobs.items(), crons.get("tick").get("status", {}).get("active")) == ([], None)
        return
    jobs.until_list(len)
    first = jobs.names()[0]
    if policy == "Allow":
        crons.until("tick", lambda tree: len(tree["status"].get("active", ())) >= 2)
    elif policy == "Forbid":
        crons.api.wait(130)
        assert jobs.names() == [first]
    else:
        jobs.until_list(lambda found: len(found) == 1 and found[0]["metadata"]["name"] != first)
        assert len(crons.get("tick")["status"]["active"]) == 1
    assert controller_of(jobs.items()[0]) == "tick"


# ---------------------------------------------------------------------- PodDisruptionBudget
def test_a_budget_blocks_an_eviction_until_it_allows_it(of: Speak):
    budgets, pods = of("policy/v1/poddisruptionbudgets"), of("v1/pods")
    budgets.create(
        {"metadata": {"name": "foo"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}
    )
    for number in range(1):
        pods.create(pod(f"p{number}", labels={"app": "x"}))
        pods.until(f"p{number}", is_ready)
    budgets.until("foo", lambda tree: tree["status"].get("currentHealthy") == 1)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p0"}}
    refused = pods.call("create", "p0", eviction, 429, subresource="eviction")
    assert refused["reason"] == "TooManyRequests"
    assert refused["details"]["causes"][0]["reason"] == "DisruptionBudget"
    budgets.patch("foo", {"spec": {"minAvailable": 0}})
    budgets.until("foo", lambda tree: tree["status"].get("disruptionsAllowed") == 1)
    pods.call("create", "p0", eviction, 201, subresource="eviction")
    pods.until_gone("p0")


def test_budgets_observe_their_pods(of: Speak):
    budgets, pods = of("policy/v1/poddisruptionbudgets"), of("v1/pods")
    budgets.create(
        {"metadata": {"name": "foo"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"foo": "bar"}}}}
    )
    for number in range(3):
        pods.create(pod(f"p{number}", AGNHOST, labels={"foo": "bar"}))
    status = budgets.until("foo", lambda tree: tree["status"].get("currentHealthy") == 3)["status"]
    assert (status["disruptionsAllowed"], status["desiredHealthy"], status["expectedPods"]) == (2, 1, 3)
    assert [item["type"] for item in status["conditions"]] == ["DisruptionAllowed"]
    patched = budgets.patch("foo", {"status": {"disruptedPods": {"p0": "2026-01-01T00:00:00Z"}}}, part="status")
    assert list(patched["status"]["disruptedPods"]) == ["p0"]
