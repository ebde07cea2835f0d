"""sig-node and sig-scheduling: pods, generation, class and resize, taints, runtime classes, sysctls, predicates."""

from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import PAUSE, is_ready, phase, pod
from conformance.ways import Tree


def resources(**amounts: str) -> Tree:
    return {"container": {"resources": {"requests": amounts, "limits": amounts}}}


def test_a_pod_through_its_life(of: Speak):
    pods = of("v1/pods")
    since = pods.revision()
    made = pod("life", labels={"test-pod-static": "true"}, terminationGracePeriodSeconds=1)
    pods.create(made)
    ready = pods.until("life", is_ready)
    assert ready["status"]["hostIP"]
    assert ready["status"]["hostIPs"] == [{"ip": ready["status"]["hostIP"]}]
    patch = {
        "metadata": {"labels": {"test-pod": "patched"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "life", "image": PAUSE}]},
    }
    pods.patch("life", patch, "strategic")
    fresh = pods.until("life", is_ready)
    conditions = [
        {**item, "status": "False"} if item["type"] == "Ready" else item for item in fresh["status"]["conditions"]
    ]
    pods.patch("life", {"status": {"conditions": conditions}}, part="status")
    assert pods.names(labelSelector="test-pod-static=true") == ["life"]
    pods.delete_all("test-pod-static=true")
    pods.until_gone("life")
    kinds = pods.types(since, labelSelector="test-pod-static=true")
    assert (kinds[0], kinds[-1]) == ("ADDED", "DELETED")


def test_pods_are_deleted_gracefully_and_as_a_collection(of: Speak):
    pods = of("v1/pods")
    for number in range(3):
        pods.create(pod(f"test-pod-{number}", labels={"type": "Testing"}, terminationGracePeriodSeconds=1))
    pods.until_list(lambda found: len(found) == 3 and all(phase(item) == "Running" for item in found))
    gone = pods.delete("test-pod-0", gracePeriodSeconds=30)
    assert gone["metadata"]["deletionGracePeriodSeconds"] == 30
    pods.delete_all("type=Testing")
    pods.until_list(lambda found: not found)


def test_labels_and_deadline_of_a_running_pod_change(of: Speak):
    pods = of("v1/pods")
    pods.create(pod("update"))
    fresh = pods.until("update", is_ready)
    fresh["metadata"]["labels"]["time"] = "2"
    assert pods.update(fresh)["metadata"]["labels"]["time"] == "2"
    assert pods.names(labelSelector="time=2") == ["update"]
    fresh = pods.get("update")
    fresh["spec"]["activeDeadlineSeconds"] = 5
    pods.update(fresh)
    failed = pods.until("update", lambda tree: phase(tree) == "Failed")
    assert failed["status"]["reason"] == "DeadlineExceeded"


def test_the_status_of_a_pod_is_patched(of: Speak):
    pods = of("v1/pods")
    pods.create(pod("status"))
    pods.until("status", is_ready)
    patched = pods.patch("status", {"status": {"message": "Patched by e2e test", "reason": "E2E"}}, part="status")
    assert (patched["status"]["message"], patched["status"]["reason"]) == ("Patched by e2e test", "E2E")


# ---------------------------------------------------------------------- generation
def test_a_pods_generation_counts_changes_of_its_spec(of: Speak):
    pods = of("v1/pods")
    made = pod("gen", tolerations=[], terminationGracePeriodSeconds=60)
    made["metadata"]["generation"] = 100
    assert pods.create(made)["metadata"]["generation"] == 1
    pods.until("gen", lambda tree: tree["status"].get("observedGeneration") == 1)
    pods.patch("gen", {"metadata": {"labels": {"x": "y"}}})
    assert pods.get("gen")["metadata"]["generation"] == 1
    for wanted in (2, 3):
        found = pods.get("gen")
        found["spec"]["tolerations"].append({"key": f"k{wanted}", "operator": "Exists"})
        del found["metadata"]["resourceVersion"]
        assert pods.update(found)["metadata"]["generation"] == wanted
    pods.until("gen", lambda tree: tree["status"].get("observedGeneration") == 3)
    image = {"spec": {"containers": [{"name": "gen", "image": "registry.k8s.io/pause:3.9"}]}}
    assert pods.patch("gen", image, "strategic")["metadata"]["generation"] == 4
    resize = {"spec": {"containers": [{"name": "gen", "resources": {"requests": {"cpu": "10m"}}}]}}
    pods.patch("gen", resize, "strategic", code=422, part="resize")
    assert pods.delete("gen")["metadata"]["generation"] == 5


def test_five_hundred_changes_converge(of: Speak):
    pods = of("v1/pods")
    pods.create(pod("busy", tolerations=[]))
    for number in range(500):
        found = pods.get("busy")
        found["spec"]["tolerations"].append({"key": f"k{number}", "operator": "Exists"})
        del found["metadata"]["resourceVersion"]
        pods.update(found)
    pods.until("busy", lambda tree: tree["metadata"]["generation"] == tree["status"].get("observedGeneration") == 501)


def test_the_quality_class_follows_requests_and_limits(of: Speak):
    found = of("v1/pods").create(pod("class", **resources(cpu="100m", memory="100Mi")))
    assert found["status"]["qosClass"] == "Guaranteed"


# ---------------------------------------------------------------------- resize
def container(name: str, cpu: int, memory: int) -> Tree:
    amounts = {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}
    return {"name": name, "image": PAUSE, "resources": {"requests": amounts, "limits": amounts}}


@pytest.mark.parametrize("changes", [(20, 15, 5), (30, 5, 5), (15, 20, 25), (25, 5, 30)], ids=str)
@pytest.mark.parametrize("verb", ["patch", "update"])
def test_containers_are_resized_in_place(of: Speak, changes: tuple[int, ...], verb: str):
    pods = of("v1/pods")
    spec = {"containers": [container(f"c{number}", 10 * number, 20 * number) for number in (1, 2, 3)]}
    pods.create({"metadata": {"name": "resize"}, "spec": spec})
    before = pods.until("resize", is_ready)
    wanted = [
        container(f"c{number}", 10 * number + change, 20 * number + change) for number, change in enumerate(changes, 1)
    ]
    if verb == "patch":
        pods.patch("resize", {"spec": {"containers": wanted}}, "strategic", part="resize")
    else:
        for item, new in zip(before["spec"]["containers"], wanted, strict=True):
            item["resources"] = new["resources"]
        pods.update(before, part="resize")

    def resized(tree: Tree) -> bool:
        listed = {item["name"]: item for item in tree["status"]["containerStatuses"]}
        return all(
            listed[item["name"]].get("resources", {}).get("requests") == item["resources"]["requests"]
            for item in wanted
        )

    found = pods.until("resize", resized)
    assert [item["restartCount"] for item in found["status"]["containerStatuses"]] == [0, 0, 0]
    assert not any(item["type"].startswith("PodResize") for item in found["status"]["conditions"])
    assert found["status"]["observedGeneration"] == 2


# ---------------------------------------------------------------------- taints
def test_taints_evict_what_does_not_tolerate_them_for_long(of: Speak):
    pods, nodes = of("v1/pods"), of("v1/nodes", cluster=True)
    key = "kubernetes.io/e2e-evict-taint-key"
    for name, seconds in (("short", 5), ("long", 20)):
        toleration = {"key": key, "value": "evictTaintVal", "effect": "NoExecute", "tolerationSeconds": seconds}
        pods.create(pod(name, tolerations=[toleration], nodeName="node-1", terminationGracePeriodSeconds=0))
        pods.until(name, is_ready)
    taint = {"key": key, "value": "evictTaintVal", "effect": "NoExecute"}
    nodes.patch("node-1", {"spec": {"taints": [taint]}})
    pods.until_gone("short")
    assert pods.get("long")["metadata"]["name"] == "long"
    nodes.patch("node-1", {"spec": {"taints": None}})
    pods.api.wait(40)
    assert "deletionTimestamp" not in pods.get("long")["metadata"]


def test_a_node_through_its_life(of: Speak):
    nodes = of("v1/nodes", cluster=True)
    since = nodes.revision()
    nodes.create(
        {
            "metadata": {"name": "e2e-fake-node"},
            "spec": {"unschedulable": True},
            "status": {
                "capacity": {"cpu": "1", "memory": "1Gi", "pods": "1"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
    )
    patched = nodes.patch("e2e-fake-node", {"metadata": {"labels": {"e2e-fake-node": "patched"}}})
    assert patched["metadata"]["labels"]["e2e-fake-node"] == "patched"
    fresh = nodes.get("e2e-fake-node")
    fresh["metadata"]["labels"]["e2e-fake-node"] = "updated"
    nodes.update(fresh)
    assert nodes.names(labelSelector="e2e-fake-node=updated") == ["e2e-fake-node"]
    nodes.delete_all("e2e-fake-node=updated")
    nodes.until_gone("e2e-fake-node")
    assert nodes.types(since, fieldSelector="metadata.name=e2e-fake-node")[-1] == "DELETED"


# ---------------------------------------------------------------------- runtime classes, sysctls
def test_runtime_classes(of: Speak, namespace: str):
    classes, pods = of("node.k8s.io/v1/runtimeclasses", cluster=True), of("v1/pods")
    refused = pods.create(pod("none", runtimeClassName="nonexistent"), code=403)
    assert 'pod rejected: RuntimeClass "nonexistent" not found' in refused["message"]
    name = f"class-{namespace}"
    classes.create(
        {"metadata": {"name": name}, "handler": "runc", "overhead": {"podFixed": {"cpu": "10m", "memory": "1Mi"}}}
    )
    made = pods.create(pod("with", runtimeClassName=name))
    assert made["spec"]["overhead"] == {"cpu": "10m", "memory": "1Mi"}
    classes.patch(name, {"overhead": None})
    assert "overhead" not in pods.create(pod("without", runtimeClassName=name))["spec"]
    classes.delete(name)
    pods.create(pod("late", runtimeClassName=name), code=403)


def test_invalid_sysctls_are_refused(of: Speak):
    sysctls = [
        {"name": "foo-", "value": "bar"},
        {"name": "kernel.shmmax", "value": "100000000"},
        {"name": "safe-and-unsafe", "value": "100000000"},
        {"name": "bar..", "value": "42"},
    ]
    refused = of("v1/pods").create(pod("sysctl", securityContext={"sysctls": sysctls}), code=422)
    assert 'Invalid value: "foo-"' in refused["message"]
    assert 'Invalid value: "bar.."' in refused["message"]
    assert "safe-and-unsafe" not in refused["message"]


@pytest.mark.parametrize("path", ["v1/configmaps", "v1/secrets"])
def test_keys_and_immutability(of: Speak, path: str):
    resource, value = of(path), "dmFsdWU="
    resource.create({"metadata": {"name": "empty"}, "data": {"": value}}, code=422)
    resource.create({"metadata": {"name": "fixed"}, "data": {"a": value}})
    resource.patch("fixed", {"data": {"b": value}})
    resource.patch("fixed", {"immutable": True})
    resource.patch("fixed", {"data": {"c": value}}, code=422)
    resource.patch("fixed", {"immutable": False}, code=422)
    resource.patch("fixed", {"metadata": {"labels": {"x": "y"}}})
    resource.delete("fixed")


# ---------------------------------------------------------------------- predicates and preemption
def condition(tree: Tree) -> str:
    found = [item for item in tree["status"].get("conditions", ()) if item["type"] == "PodScheduled"]
    return found[0].get("reason", "") if found else ""


def test_a_selector_that_no_node_matches(of: Speak):
    pods, nodes = of("v1/pods"), of("v1/nodes", cluster=True)
    pods.create(pod("restricted", nodeSelector={"label": "nonempty"}))
    pods.until("restricted", lambda tree: condition(tree) == "Unschedulable")
    nodes.patch("node-2", {"metadata": {"labels": {"label": "nonempty"}}})
    assert pods.until("restricted", is_ready)["spec"]["nodeName"] == "node-2"
    nodes.patch("node-2", {"metadata": {"labels": {"label": None}}})


def test_what_does_not_fit_waits(of: Speak):
    pods = of("v1/pods")
    pods.create(pod("huge", **resources(cpu="1000")))
    waiting = pods.until("huge", lambda tree: condition(tree) == "Unschedulable")
    assert "Insufficient cpu" in waiting["status"]["conditions"][0]["message"]


def test_host_ports_conflict(of: Speak):
    def asking(name: str, **port: Any) -> Tree:
        return pod(
            name,
            nodeSelector={"kubernetes.io/hostname": "node-1"},
            container={"ports": [{"containerPort": 8080, "hostPort": 54322, "protocol": "TCP", **port}]},
        )

    pods = of("v1/pods")
    pods.create(asking("pod4"))
    pods.until("pod4", is_ready)
    pods.create(asking("pod5", hostIP="127.0.0.1"))
    pods.until("pod5", lambda tree: condition(tree) == "Unschedulable")
    pods.create(asking("pod6", protocol="UDP"))
    pods.until("pod6", is_ready)
    pods.delete_all()


@pytest.mark.parametrize("critical", [False, True], ids=["basic", "critical"])
def test_lower_priorities_give_way(of: Speak, namespace: str, critical: bool):
    classes = of("scheduling.k8s.io/v1/priorityclasses", cluster=True)
    for level, value in (("low", 1), ("high", 1000)):
        classes.create({"metadata": {"name": f"{level}-{namespace}"}, "value": value})
    within = "kube-system" if critical else namespace
    victims, takers = of("v1/pods"), of("v1/pods", within=within)
    extra = of("v1/nodes", cluster=True).get("node-1")["status"]["allocatable"]["cpu"]
    place = {"nodeSelector": {"kubernetes.io/hostname": "node-1"}}
    half = f"{int(extra) * 1000 * 2 // 3}m"
    made = pod("victim", priorityClassName=f"low-{namespace}", **place, **resources(cpu=half))
    made["metadata"]["finalizers"] = ["example.com/test-finalizer"]
    victims.create(made)
    victims.until("victim", is_ready)
    name = "system-cluster-critical" if critical else f"high-{namespace}"
    takers.create(pod("preemptor", priorityClassName=name, **place, **resources(cpu=half)))
    ended = victims.until("victim", lambda tree: "deletionTimestamp" in tree["metadata"])
    target = next(item for item in ended["status"]["conditions"] if item["type"] == "DisruptionTarget")
    assert (target["reason"], target["status"]) == ("PreemptionByScheduler", "True")
    victims.patch("victim", {"metadata": {"finalizers": None}})
    takers.until("preemptor", is_ready)
    takers.delete("preemptor", gracePeriodSeconds=0)


def test_values_of_priority_classes_do_not_change(of: Speak, namespace: str):
    classes = of("scheduling.k8s.io/v1/priorityclasses", cluster=True)
    name = f"p1-{namespace}"
    classes.create({"metadata": {"name": name}, "value": 1})
    classes.patch(name, {"value": 2}, code=422)
    classes.patch(name, {"metadata": {"labels": {"a": "b"}}})
    classes.patch("system-node-critical", {"value": 2}, code=422)


def test_limit_ranges_give_defaults(of: Speak):
    ranges, pods = of("v1/limitranges"), of("v1/pods")
    item = {
        "type": "Container",
        "min": {"cpu": "50m", "memory": "100Mi"},
        "max": {"cpu": "500m", "memory": "500Mi"},
        "default": {"cpu": "300m", "memory": "300Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "200Mi"},
    }
    ranges.create({"metadata": {"name": "limits"}, "spec": {"limits": [item]}})
    made = pods.create(pod("defaults"))["spec"]["containers"][0]["resources"]
    assert made == {"limits": item["default"], "requests": item["defaultRequest"]}
    partial = pods.create(pod("partial", container={"resources": {"requests": {"cpu": "150m"}}}))
    assert partial["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "150m", "memory": "200Mi"}
    pods.create(pod("small", container={"resources": {"requests": {"cpu": "10m"}}}), code=403)
    pods.create(pod("large", container={"resources": {"limits": {"cpu": "600m"}}}), code=403)
