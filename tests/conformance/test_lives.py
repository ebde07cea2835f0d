"""Whole lives of objects that the other files do not tell: revisions, leases, pods that serve, resizes, claims."""

from typing import Any

import pytest

from conformance.conftest import NODES, Speak
from conformance.inside import execute, page, shell
from conformance.manifests import AGNHOST, HTTPD, controller, controller_of, is_ready, phase, workload
from conformance.ways import Api, Tree

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
HTDOCS = "/usr/local/apache2/htdocs/index.html"


def test_the_revisions_of_a_daemon_set(of: Speak):
    sets, revisions = of("apps/v1/daemonsets"), of("apps/v1/controllerrevisions")
    sets.create(workload("ds", image=AGNHOST))
    sets.until("ds", lambda tree: tree["status"].get("numberReady") == NODES)
    (first,) = revisions.items(labelSelector="app=ds")
    name = first["metadata"]["name"]
    assert revisions.patch(name, {"metadata": {"labels": {name: "patched"}}}, "strategic")["metadata"]["labels"][name]
    labels = {"app": "ds", "controller-revision-hash": "other"}
    owners = first["metadata"]["ownerReferences"]
    second = {"name": "ds-other", "labels": labels, "ownerReferences": owners}
    revisions.create({"metadata": second, "data": first["data"], "revision": first["revision"] + 1})
    sets.api.wait(2)
    assert len(revisions.names(labelSelector="app=ds")) == 2
    revisions.delete(name)
    revisions.until_list(lambda found: len(found) == 1, labelSelector="app=ds")
    fresh = revisions.get("ds-other")
    fresh["metadata"]["labels"]["ds-other"] = "updated"
    revisions.update(fresh)
    sets.patch("ds", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}, "strategic")
    revisions.until_list(lambda found: len(found) == 2, labelSelector="app=ds")
    revisions.delete_all("ds-other=updated")
    (last,) = revisions.until_list(lambda found: len(found) == 1, labelSelector="app=ds")
    assert last["revision"] == 3


def test_a_lease_of_long_ago(of: Speak):
    leases = of("coordination.k8s.io/v1/leases")
    times = {"acquireTime": "0001-01-01T00:00:02.000000Z", "renewTime": "0001-01-01T00:00:05.000000Z"}
    spec = {"holderIdentity": "holder", "leaseDurationSeconds": 30, "leaseTransitions": 0, **times}
    leases.create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": spec})
    read = leases.get("l")
    assert read["spec"] == spec
    newer = {**spec, "holderIdentity": "holder2", "acquireTime": "0001-01-01T00:00:20.000000Z", "leaseTransitions": 1}
    assert leases.update({**read, "spec": newer})["spec"] == newer
    assert leases.patch("l", {"spec": {"leaseDurationSeconds": 60}}, "strategic")["spec"]["leaseDurationSeconds"] == 60


@pytest.mark.parametrize("path", ["v1/replicationcontrollers", "apps/v1/replicasets"], ids=["rc", "rs"])
def test_each_replica_serves_its_name(api: Api, of: Speak, namespace: str, path: str):
    body = (controller if "replication" in path else workload)("basic", 2, AGNHOST)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container |= {"args": ["serve-hostname"], "ports": [{"containerPort": 9376}]}
    of(path).create(body)
    pods = of("v1/pods").until_list(lambda found: len(found) == 2 and all(map(is_ready, found)))
    api.wait(1)
    for pod in pods:
        name = pod["metadata"]["name"]
        assert page(api, namespace, name, "/", 9376) == (200, name)


# ---------------------------------------------------------------------- StatefulSet
@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_scaling_of_a_stateful_set_with_sick_pods(api: Api, of: Speak, namespace: str, policy: str):
    sets, pods = of("apps/v1/statefulsets"), of("v1/pods")
    probe = {"httpGet": {"path": "/index.html", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}
    body = workload("ss", 1, HTTPD, serviceName="test", podManagementPolicy=policy)
    body["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe

    def ready(count: int) -> Any:
        return lambda tree: tree["status"].get("readyReplicas", 0) == count

    def move(number: int, line: str) -> None:
        assert execute(api, namespace, f"ss-{number}", "/bin/sh", "-x", "-c", f"{line} || true")[0] == 0

    sets.create(body)
    sets.until("ss", ready(1))
    move(0, f"mv -v {HTDOCS} /tmp/")
    pods.until("ss-0", lambda tree: not is_ready(tree))
    sets.patch("ss", {"spec": {"replicas": 3}})
    api.wait(10)
    assert sorted(pods.names()) == (["ss-0"] if policy == "OrderedReady" else ["ss-0", "ss-1", "ss-2"])
    move(0, f"mv -v /tmp/index.html {HTDOCS}")
    sets.until("ss", ready(3))
    for number in range(3):
        move(number, f"mv -v {HTDOCS} /tmp/")
    sets.until("ss", ready(0))
    sets.patch("ss", {"spec": {"replicas": 0}})
    api.wait(10)
    if policy == "OrderedReady":
        assert len(pods.names()) == 3
        for number in range(3):
            move(number, f"mv -v /tmp/index.html {HTDOCS}")
    pods.until_list(lambda found: not found)


# ---------------------------------------------------------------------- resize
def sized(name: str, cpu: int, memory: int) -> Tree:
    amounts = {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}
    line = "grep Cpus_allowed_list /proc/self/status | cut -f2 && sleep 1d"
    return {
        "name": name,
        "image": BUSYBOX,
        "command": ["/bin/sh"],
        "args": ["-c", line],
        "resources": {"requests": amounts, "limits": amounts},
    }


def group(api: Api, namespace: str, container: str) -> list[str]:
    return [
        execute(api, namespace, "resize", "/bin/sh", "-c", f"head -n 1 /sys/fs/cgroup/{file}", container=container)[1]
        for file in ("memory.max", "cpu.max", "cpu.weight")
    ]


def test_control_groups_follow_a_resize(api: Api, of: Speak, namespace: str):
    pods = of("v1/pods")
    spec = {"restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 0, "os": {"name": "linux"}}
    pods.create(
        {"metadata": {"name": "resize"}, "spec": {**spec, "containers": [sized("c1", 20, 35), sized("c2", 22, 37)]}}
    )
    pods.until("resize", is_ready)
    assert execute(api, namespace, "resize", "/bin/sh", "-c", "mount -t cgroup2", container="c1")[1]
    assert group(api, namespace, "c1") == ["36700160\n", "2000 100000\n", "1\n"]
    amounts = {"cpu": "125m", "memory": "40Mi"}
    order = [{"name": "c1"}, {"name": "c2"}]
    change = {"name": "c1", "resources": {"requests": amounts, "limits": amounts}}
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [change]}}
    pods.patch("resize", patch, "strategic", part="resize")
    done = pods.until("resize", lambda tree: tree["status"]["containerStatuses"][0]["resources"]["limits"] == amounts)
    pods.until("resize", lambda tree: not any("Resize" in each["type"] for each in tree["status"]["conditions"]))
    assert [each["restartCount"] for each in done["status"]["containerStatuses"]] == [0, 0]
    assert group(api, namespace, "c1") == ["41943040\n", "12500 100000\n", "5\n"]
    assert group(api, namespace, "c2") == ["38797312\n", "2200 100000\n", "1\n"]


OPERATIONS = {
    "c1": ({"requests": {"cpu": "20m"}}, {"requests": {"cpu": "25m"}, "limits": {"cpu": "35m"}}),
    "c2": ({"requests": {"memory": "35Mi"}}, {"requests": {"memory": "30Mi"}, "limits": {"memory": "50Mi"}}),
    "c3": ({"requests": {"cpu": "20m", "memory": "35Mi"}}, {"requests": {"cpu": "20m", "memory": "30Mi"}}),
    "c4": ({"requests": {"cpu": "20m"}}, {"requests": {"cpu": "15m", "memory": "35Mi"}}),
    "c5": ({"requests": {"memory": "35Mi"}}, {"requests": {"cpu": "20m", "memory": "40Mi"}}),
}
EQUIVALENTS = {
    "c1": (
        {"requests": {"cpu": "2m"}, "limits": {"cpu": "10m"}},
        {"requests": {"cpu": "1m"}, "limits": {"cpu": "5m"}},
    )
}


@pytest.mark.parametrize("wanted", [OPERATIONS, EQUIVALENTS], ids=["operations", "equivalents"])
def test_burstable_pods_are_resized(api: Api, of: Speak, namespace: str, wanted: dict[str, tuple[Tree, Tree]]):
    pods = of("v1/pods")
    containers = [{**sized(name, 1, 1), "resources": before} for name, (before, _) in wanted.items()]
    spec = {"restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 0, "containers": containers}
    pods.create({"metadata": {"name": "resize"}, "spec": spec})
    pods.until("resize", is_ready)
    changes = [{"name": name, "resources": after} for name, (_, after) in wanted.items()]
    pods.patch("resize", {"spec": {"containers": changes}}, "strategic", part="resize")
    after = [change["resources"] for change in changes]
    done = pods.until(
        "resize", lambda tree: [each.get("resources") for each in tree["status"]["containerStatuses"]] == after
    )
    assert [each["restartCount"] for each in done["status"]["containerStatuses"]] == [0] * len(changes)
    memory, quota, weight = (line.strip() for line in group(api, namespace, "c1"))
    assert (memory, quota, weight) == ("max", "3500 100000" if len(wanted) > 1 else "1000 100000", "1")


# ---------------------------------------------------------------------- resource claims
PATCHES: dict[str, Any] = {
    "strategic": {"status": {"allocation": {}}},
    "merge": {"status": {"allocation": {}}},
    "json": [{"op": "add", "path": "/status/allocation", "value": {}}],
    "apply": {"status": {"allocation": {}}},
}


@pytest.mark.parametrize("kind", list(PATCHES))
def test_the_status_of_a_claim_is_patched(of: Speak, kind: str):
    claims = of("resource.k8s.io/v1/resourceclaims")
    request = {"name": "req-0", "exactly": {"deviceClassName": "dra.example.com"}}
    made = claims.create({"metadata": {"name": "c"}, "spec": {"devices": {"requests": [request]}}, "status": {}})
    patch = PATCHES[kind]
    if kind != "json":
        named = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim"}
        patch = {**patch, **named, "metadata": {"name": "c", "uid": made["metadata"]["uid"]}}
    query = {"fieldManager": "test-apply", "force": "true"} if kind == "apply" else {}
    found = claims.patch("c", patch, kind, part="status", fieldValidation="Strict", **query)
    assert "allocation" in found["status"]


# ---------------------------------------------------------------------- cron and eviction
def test_a_schedule_with_a_question_mark(of: Speak):
    jobs = of("batch/v1/jobs")
    pod = {"restartPolicy": "OnFailure", "containers": [{"name": "c", "image": BUSYBOX, "command": ["sleep", "300"]}]}
    template = {"spec": {"template": {"spec": pod}}}
    of("batch/v1/cronjobs").create(
        {"metadata": {"name": "tick"}, "spec": {"schedule": "*/1 * * * ?", "jobTemplate": template}}
    )
    (job,) = jobs.until_list(lambda found: len(found) == 1)
    assert controller_of(job) == "tick"
    (pod,) = of("v1/pods").until_list(lambda found: len(found) == 1 and phase(found[0]) == "Running")
    assert shell(jobs.api, jobs.namespace, pod["metadata"]["name"], "echo here") == "here"
