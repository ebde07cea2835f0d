"""sig-node, Pods and what is in them: lives, generation, debuggers, /etc/hosts, taints that evict."""

from datetime import datetime
from typing import Any

from conformance.conftest import Speak
from conformance.inside import execute
from conformance.manifests import AGNHOST, HTTPD, is_ready, phase
from conformance.podwork import (
    BUSYBOX,
    NGINX,
    PAUSE_IMAGE,
    agnhost,
    busybox,
    inside,
    log,
    ready,
    restricted,
    secure,
    single,
)
from conformance.ways import Api, Tree

LABELS = {"test-pod-static": "true"}


def images(tree: Tree) -> list[str]:
    return [each["image"] for each in tree["spec"]["containers"]]


def test_a_pod_is_submitted_and_removed(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    assert pods.items(labelSelector="time=1") == []
    since = pods.revision()
    pods.create(single("pod-submit-remove", {"image": NGINX}, meta={"labels": {"name": "foo", "time": "1"}}))
    assert len(pods.items(labelSelector="time=1")) == 1
    pods.until("pod-submit-remove", lambda tree: phase(tree) == "Running")
    pods.delete("pod-submit-remove", gracePeriodSeconds=30)
    pods.until_gone("pod-submit-remove")
    told = pods.events(since, labelSelector="time=1")
    assert (told[0][0], told[-1][0]) == ("ADDED", "DELETED")
    last = told[-1][1]
    assert last["metadata"]["deletionTimestamp"]
    assert last["spec"]["terminationGracePeriodSeconds"] != 0
    assert pods.items(labelSelector="time=1") == []


def test_a_pod_is_updated(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    fresh = ready(of, single("pod-update", {"image": NGINX}, meta={"labels": {"name": "foo", "time": "1"}}))
    fresh["metadata"]["labels"]["time"] = "2"
    pods.update(fresh)
    assert len(pods.items(labelSelector="time=2")) == 1
    fresh = pods.get("pod-update")
    fresh["spec"]["activeDeadlineSeconds"] = 5
    pods.update(fresh)
    failed = pods.until("pod-update", lambda tree: phase(tree) == "Failed")
    assert failed["status"]["reason"] == "DeadlineExceeded"


def test_a_pod_and_its_status(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    since = pods.everywhere().revision()
    made = single("pod-test", {"image": AGNHOST}, terminationGracePeriodSeconds=1, meta={"labels": LABELS})
    pods.create(made)
    pods.until("pod-test", lambda tree: phase(tree) == "Running")
    patch = {
        "metadata": {"labels": {"test-pod": "patched"}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "pod-test", "image": HTTPD, "resources": {}}],
        },
        "status": {},
    }
    pods.patch("pod-test", patch, "strategic")
    found = pods.get("pod-test")
    assert (found["metadata"]["labels"]["test-pod"], images(found)) == ("patched", [HTTPD])
    # Where time runs fast the new image has made the container start again by now.
    pods.until("pod-test", is_ready)
    status = pods.get("pod-test", part="status")
    conditions = status["status"]["conditions"]
    true = [item for item in conditions if item["type"] in {"Ready", "ContainersReady"} and item["status"] == "True"]
    assert len(true) == 2
    for item in true:
        item["status"] = "False"
    updated = pods.update(status, part="status")
    now = {item["type"]: item["status"] for item in updated["status"]["conditions"]}
    assert (now["Ready"], now["ContainersReady"]) == ("False", "False")
    pods.call("deletecollection", body={"gracePeriodSeconds": 1}, query={"labelSelector": "test-pod-static=true"})
    pods.until_gone("pod-test", seconds=60)
    assert pods.types(since, labelSelector="test-pod-static=true")[-1] == "DELETED"


def test_a_collection_of_pods(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    for number in (1, 2, 3):
        made = {"image": AGNHOST, "name": "token-test"}
        meta = {"labels": {"type": "Testing"}}
        pods.create(
            single(f"test-pod-{number}", made, terminationGracePeriodSeconds=1, restartPolicy="Never", meta=meta)
        )
    pods.until_list(lambda found: len(found) == 3 and all(map(is_ready, found)))
    pods.call("deletecollection", body={"gracePeriodSeconds": 1}, query={"labelSelector": "type=Testing"})
    pods.until_list(lambda found: not found, labelSelector="type=Testing")


def test_a_patched_status(of: Speak, namespace: str):
    secure(of, namespace, "restricted")
    pods = of("v1/pods")
    made = restricted(single("pod-x", {"image": AGNHOST, "name": "agnhost"}, terminationGracePeriodSeconds=1))
    pods.create(made)
    pods.until("pod-x", lambda tree: phase(tree) == "Running")
    patch = {
        "metadata": {"annotations": {"patchedstatus": "true"}},
        "status": {"message": "Patched by e2e test", "reason": "E2E"},
    }
    found = pods.patch("pod-x", patch, part="status")["status"]
    assert (found["message"], found["reason"]) == ("Patched by e2e test", "E2E")


# ---------------------------------------------------------------------- generation
def changed(tree: Tree, what: str) -> Tree:
    spec, meta = tree["spec"], tree["metadata"]
    toleration = {"key": "foo-1", "operator": "Equal", "value": "bar", "effect": "NoSchedule"}
    if what == "tolerations":
        spec = {**spec, "tolerations": [*spec["tolerations"], toleration]}
    elif what == "deadline":
        spec = {**spec, "activeDeadlineSeconds": 5000}
    elif what == "image":
        spec = {**spec, "containers": [{**spec["containers"][0], "image": NGINX}]}
    elif what == "init image":
        spec = {**spec, "initContainers": [{**spec["initContainers"][0], "image": PAUSE_IMAGE}]}
    elif what == "metadata":
        meta = {**meta, "annotations": {"key": "value"}}
    elif what == "generation":
        meta = {**meta, "generation": 1}
    return {**tree, "spec": spec, "metadata": meta}


BUMPS = {
    "nothing": 0, "tolerations": 1, "deadline": 1, "image": 1, "init image": 1, "metadata": 0, "generation": 0,
}  # fmt: skip


def test_generation(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods, wanted = of("v1/pods"), 1
    init = [{"name": "init-container", "image": BUSYBOX}]
    assert ready(of, single("pod-generation", agnhost(), initContainers=init))["metadata"]["generation"] == 1
    for what, bump in BUMPS.items():
        pods.update(changed(pods.get("pod-generation"), what))
        wanted += bump
        assert pods.get("pod-generation")["metadata"]["generation"] == wanted, what
    pods.until("pod-generation", lambda tree: tree["status"].get("observedGeneration") == wanted)


def test_generation_and_a_graceful_end(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    found = ready(of, single("pod-generation", agnhost(), meta={"generation": 100, "labels": {"time": "1"}}))
    assert found["metadata"]["generation"] == 1
    ending = pods.call("delete", "pod-generation", query={"gracePeriodSeconds": "60"})
    # Where time runs fast it may be gone by now.
    left = [each for each in pods.items() if each["metadata"]["name"] == "pod-generation"]
    assert {each["metadata"]["generation"] for each in [ending, *left]} == {2}


# ---------------------------------------------------------------------- debuggers
def test_ephemeral_containers(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods, name = of("v1/pods"), "ephemeral-containers-target-pod"
    target = {"name": "test-container-1", "image": BUSYBOX, "command": ["/bin/sleep"], "args": ["10000"]}
    assert ready(of, single(name, target))["metadata"]["generation"] == 1
    line = "while true; do echo polo; sleep 2; done"
    debugger = {**busybox("/bin/sh", "-c", line), "name": "debugger", "resources": {}, "stdin": True, "tty": True}
    order = [{"name": "debugger"}]
    patch = {"spec": {"$setElementOrder/ephemeralContainers": order, "ephemeralContainers": [debugger]}}
    pods.patch(name, patch, "strategic", part="ephemeralcontainers")

    def runs(tree: Tree) -> bool:
        listed = tree["status"].get("ephemeralContainerStatuses") or ()
        return bool(listed) and "running" in listed[0]["state"]

    assert pods.until(name, runs, seconds=60)["metadata"]["generation"] == 2
    assert "marco" in inside(api, namespace, name, "/bin/echo", "marco", container="debugger")
    api.wait(1)
    assert "polo" in log(api, namespace, name, "debugger")
    assert len(pods.get(name, part="ephemeralcontainers")["spec"]["ephemeralContainers"]) == 1
    fresh = pods.get(name)
    second = {"name": "debugger2", "image": AGNHOST, "imagePullPolicy": "IfNotPresent"}
    fresh["spec"]["ephemeralContainers"].append({**second, "resources": {}, "terminationMessagePolicy": "File"})
    pods.update(fresh, part="ephemeralcontainers")
    assert len(pods.get(name, part="ephemeralcontainers")["spec"]["ephemeralContainers"]) == 2


# ---------------------------------------------------------------------- /etc/hosts
def test_the_hosts_of_a_pod(api: Api, of: Speak, namespace: str):
    mounts = [{"name": "host-etc-hosts", "mountPath": "/etc/hosts-original"}]
    both = [*mounts, {"name": "host-etc-hosts", "mountPath": "/etc/hosts"}]
    volumes = [{"name": "host-etc-hosts", "hostPath": {"path": "/etc/hosts", "type": "FileOrCreate"}}]

    def made(name: str, *kinds: list[Tree], **spec: Any) -> Tree:
        containers = [agnhost(name=f"busybox-{number}", volumeMounts=each) for number, each in enumerate(kinds, 1)]
        return {"metadata": {"name": name}, "spec": {"containers": containers, "volumes": volumes, **spec}}

    ready(of, made("test-pod", mounts, mounts, both))
    ready(of, made("test-host-network-pod", mounts, mounts, hostNetwork=True, securityContext={}))

    def managed(pod: str, number: int) -> bool:
        text, original = (
            execute(api, namespace, pod, "cat", path, container=f"busybox-{number}")[1]
            for path in ("/etc/hosts", "/etc/hosts-original")
        )
        assert text
        assert original
        return text.startswith("# Kubernetes-managed hosts file.") and text != original

    assert [managed("test-pod", number) for number in (1, 2, 3)] == [True, True, False]
    assert [managed("test-host-network-pod", number) for number in (1, 2)] == [False, False]


# ---------------------------------------------------------------------- taints
KEY, VALUE = "kubernetes.io/e2e-evict-taint-key", "evictTaintVal"


def tolerant(name: str, seconds: int, **spec: Any) -> Tree:
    toleration = {"key": KEY, "value": VALUE, "effect": "NoExecute", "tolerationSeconds": seconds}
    meta = {"labels": {"group": "taint"}, "deletionGracePeriodSeconds": 1}
    return single(name, {"image": PAUSE_IMAGE}, tolerations=[toleration], meta=meta, **spec)


def taint(of: Speak, node: str, *, on: bool) -> None:
    nodes = of("v1/nodes", cluster=True)
    found = nodes.get(node)
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%SZ")
    given = [{"key": KEY, "value": VALUE, "effect": "NoExecute", "timeAdded": now}] if on else []
    nodes.patch(node, {"spec": {"taints": given or None}, "metadata": {"uid": found["metadata"]["uid"]}})
    found = nodes.get(node)
    assert [item["key"] for item in found["spec"].get("taints") or ()] == [KEY] * on


def test_evictions_after_a_while(of: Speak):
    pods = of("v1/pods")
    node = ready(of, tolerant("taint-eviction-b1", 5))["spec"]["nodeName"]
    ready(of, tolerant("taint-eviction-b2", 25, nodeSelector={"kubernetes.io/hostname": node}))
    taint(of, node, on=True)
    try:
        pods.api.wait(3)
        assert len(pods.names(labelSelector="group=taint")) == 2
        pods.until_gone("taint-eviction-b1", seconds=20)
        assert "deletionTimestamp" not in pods.get("taint-eviction-b2")["metadata"]
        pods.until_gone("taint-eviction-b2", seconds=90)
    finally:
        taint(of, node, on=False)


def test_an_eviction_that_is_called_off(of: Speak):
    pods = of("v1/pods")
    node = ready(of, tolerant("taint-eviction-4", 10))["spec"]["nodeName"]
    taint(of, node, on=True)
    pods.api.wait(1)
    taint(of, node, on=False)
    pods.api.wait(75)
    assert "deletionTimestamp" not in pods.get("taint-eviction-4")["metadata"]
