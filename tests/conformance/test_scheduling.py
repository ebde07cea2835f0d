"""sig-scheduling: predicates, preemption, priority classes and limit ranges, as the serial tests try them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import PAUSE, phase
from conformance.ways import Resource, Tree

PRIORITIES = {"low-priority": 1, "mid-priority": 100, "high-priority": 1000}
CONTAINER = {"cpu": "500m", "memory": "500Mi", "ephemeral-storage": "500Gi"}
ASKED = {"cpu": "100m", "memory": "200Mi", "ephemeral-storage": "200Gi"}


def paused(name: str, amount: str = "", resource: str = "", node: str = "", **spec: Any) -> Tree:
    """A pod that asks for an amount, and goes to one node."""
    container: Tree = {"name": name, "image": PAUSE}
    if amount:
        container["resources"] = {"requests": {resource: amount}, "limits": {resource: amount}}
    if "ports" in spec:
        container["ports"] = spec.pop("ports")
    if node:
        fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
        terms = {"nodeSelectorTerms": [{"matchFields": fields}]}
        spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    metadata = {"name": name, "labels": {"name": name}}
    return {"metadata": metadata, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}}


def runs(tree: Tree) -> bool:
    return phase(tree) == "Running"


def amounts(nodes: Resource, name: str, amount: str | None, resource: str) -> None:
    """Have a node advertise something that nobody measures."""
    change = {resource: amount}
    nodes.patch(name, {"status": {"capacity": change, "allocatable": change}}, "strategic", part="status")


@pytest.fixture
def nodes(of: Speak) -> Iterator[Resource]:
    """The nodes; what a test had them advertise is taken away."""
    found = of("v1/nodes", cluster=True)
    yield found
    for node in found.items():
        for resource in node["status"]["capacity"]:
            if "/" in resource:
                amounts(found, node["metadata"]["name"], None, resource)


@pytest.fixture
def fake(namespace: str) -> str:
    """A resource that only one test knows of."""
    return f"example.com/{namespace}"


@pytest.fixture
def priorities(of: Speak, namespace: str) -> Iterator[dict[str, str]]:
    """Priority classes by their short names."""
    classes = of("scheduling.k8s.io/v1/priorityclasses", cluster=True)
    names = {short: f"{short}-{namespace}" for short in PRIORITIES}
    for short, value in PRIORITIES.items():
        classes.create({"metadata": {"name": names[short]}, "value": value})
    yield names
    for name in names.values():
        classes.delete(name)


def is_unschedulable(tree: Tree) -> bool:
    found = [each for each in tree["status"].get("conditions", ()) if each["type"] == "PodScheduled"]
    return [(each["status"], each.get("reason")) for each in found] == [("False", "Unschedulable")]


@pytest.mark.parametrize("critical", [False, True], ids=["priority", "critical"])
def test_a_pod_of_higher_priority_takes_a_place(
    of: Speak, nodes: Resource, priorities: dict[str, str], fake: str, *, critical: bool
):
    pods, names = of("v1/pods"), list[str]()
    for node in nodes.names():
        amounts(nodes, node, "5", fake)
        for number in (1, 2):
            name = f"{node}-{number}"
            priority = priorities["mid-priority" if names else "low-priority"]
            pods.create(paused(name, "2", fake, node, priorityClassName=priority))
            names.append(name)
    for name in names:
        pods.until(name, runs)
    place = of("v1/pods", within="kube-system") if critical else pods
    priority = "system-cluster-critical" if critical else priorities["high-priority"]
    place.create(paused("preemptor", "2", fake, priorityClassName=priority))
    place.until("preemptor", runs)
    left = {pod["metadata"]["name"] for pod in pods.items() if "deletionTimestamp" not in pod["metadata"]}
    assert left - {"preemptor"} == set(names[1:])
    place.delete("preemptor", gracePeriodSeconds=0)


def test_who_is_preempted_is_told(of: Speak, nodes: Resource, priorities: dict[str, str], fake: str):
    pods = of("v1/pods")
    amounts(nodes, "node-1", "1", fake)
    victim = paused("victim", "1", fake, "node-1", priorityClassName=priorities["low-priority"])
    victim["metadata"]["finalizers"] = ["example.com/test-finalizer"]
    pods.create(victim)
    pods.until("victim", runs)
    pods.create(paused("preemptor", "1", fake, "node-1", priorityClassName=priorities["high-priority"]))
    gone = pods.until("victim", lambda tree: tree["metadata"].get("deletionTimestamp"))
    assert any(each["type"] == "DisruptionTarget" and each["status"] == "True" for each in gone["status"]["conditions"])
    pods.patch("victim", {"metadata": {"finalizers": None}})
    pods.until("preemptor", runs)


def test_no_more_pods_are_preempted_than_need_be(of: Speak, namespace: str, nodes: Resource, fake: str):
    classes, pods = of("scheduling.k8s.io/v1/priorityclasses", cluster=True), of("v1/pods")
    amounts(nodes, "node-2", "1000", fake)
    for number in range(1, 5):
        classes.create({"metadata": {"name": f"p{number}-{namespace}"}, "value": number})

    def asking(number: int, amount: str) -> Tree:
        place = {"kubernetes.io/hostname": "node-2"}
        priority = f"p{number}-{namespace}"
        return paused(f"pod{number}", amount, fake, nodeSelector=place, priorityClassName=priority)

    since = pods.revision()
    for number, amount in ((1, "200"), (2, "300"), (3, "450")):
        template = asking(number, amount)
        template["metadata"].pop("name")
        labels = template["metadata"]["labels"]
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        of("apps/v1/replicasets").create({"metadata": {"name": f"rs-pod{number}", "labels": labels}, "spec": spec})
        of("apps/v1/replicasets").until(f"rs-pod{number}", lambda tree: tree["status"].get("readyReplicas") == 1)
    pods.create(asking(4, "500"))
    pods.until("pod4", lambda tree: tree["spec"].get("nodeName"))
    pods.api.wait(5)
    born = Counter(tree["metadata"]["labels"]["name"] for kind, tree in pods.events(since) if kind == "ADDED")
    assert born == {"pod1": 2, "pod2": 2, "pod3": 1, "pod4": 1}
    for number in range(1, 5):
        classes.delete(f"p{number}-{namespace}")


def test_the_value_of_a_priority_stays(of: Speak, namespace: str):
    classes, name = of("scheduling.k8s.io/v1/priorityclasses", cluster=True), f"pc-{namespace}"
    made = classes.create({"metadata": {"name": name}, "value": 1})
    said = [classes.patch(name, {"value": 10}, "strategic", 422), classes.update({**made, "value": 10}, 422)]
    assert all("may not be changed in an update" in each["message"] for each in said)
    assert classes.patch(name, {"description": "updated description"})["description"] == "updated description"
    assert classes.update({**classes.get(name), "description": "again"})["value"] == 1
    classes.delete(name)


def test_what_is_asked_for_has_to_be_there(of: Speak, nodes: Resource, fake: str):
    pods = of("v1/pods")
    for node in nodes.items():
        name = node["metadata"]["name"]
        amounts(nodes, name, "1000", fake)
        pods.create(paused(f"filler-{name}", "700", fake, name))
        pods.until(f"filler-{name}", runs)
    pods.create(paused("additional-pod", "500", fake))
    pods.until("additional-pod", is_unschedulable)
    events = of("v1/events").items(fieldSelector="involvedObject.name=additional-pod,reason=FailedScheduling")
    assert events


def test_node_selectors(of: Speak, namespace: str, nodes: Resource):
    pods, label = of("v1/pods"), f"kubernetes.io/e2e-{namespace}"
    pods.create(paused("restricted-pod", nodeSelector={label: "nonempty"}))
    pods.until("restricted-pod", is_unschedulable)
    nodes.patch("node-2", {"metadata": {"labels": {label: "42"}}})
    pods.create(paused("with-labels", nodeSelector={label: "42"}))
    assert pods.until("with-labels", runs)["spec"]["nodeName"] == "node-2"
    nodes.patch("node-2", {"metadata": {"labels": {label: None}}})


def test_a_host_port_on_all_addresses_is_one_on_each(of: Speak, nodes: Resource):
    pods = of("v1/pods")
    address = nodes.get("node-1")["status"]["addresses"][0]["address"]
    for name, host in (("pod4", ""), ("pod5", address)):
        port = {"hostPort": 54322, "containerPort": 54322, "protocol": "TCP", "hostIP": host}
        pods.create(paused(name, node="node-1", ports=[port]))
        pods.until(name, runs if name == "pod4" else is_unschedulable)


def test_limits_are_filled_in_and_held_to(of: Speak):
    ranges, pods = of("v1/limitranges"), of("v1/pods")
    least = {"cpu": "50m", "memory": "100Mi", "ephemeral-storage": "100Gi"}
    limit: Tree = {"type": "Container", "min": least, "max": CONTAINER, "default": CONTAINER, "defaultRequest": ASKED}
    since = ranges.revision()
    ranges.create({"metadata": {"name": "limits", "labels": {"own": "yes"}}, "spec": {"limits": [limit]}})
    assert ranges.types(since, labelSelector="own=yes") == ["ADDED"]
    assert ranges.get("limits")["spec"]["limits"] == [limit]

    def asking(name: str, code: int = 201, **resources: dict[str, str]) -> Tree:
        body = paused(name)
        body["spec"]["containers"][0]["resources"] = resources
        found = pods.create(body, code)
        return found["spec"]["containers"][0]["resources"] if code == 201 else found

    assert asking("none") == {"requests": ASKED, "limits": CONTAINER}
    some = {"cpu": "150m", "memory": "150Mi", "ephemeral-storage": "150Gi"}
    assert asking("some", requests=some, limits={"cpu": "300m"}) == {
        "requests": some, "limits": {**CONTAINER, "cpu": "300m"},
    }  # fmt: skip
    little = {"cpu": "10m", "memory": "50Mi", "ephemeral-storage": "50Gi"}
    much = {"cpu": "600m", "memory": "600Mi", "ephemeral-storage": "600Gi"}
    asking("little", 403, requests=little)
    asking("much", 403, limits=much)
    fresh = ranges.get("limits")
    fresh["spec"]["limits"][0]["min"] = {"cpu": "9m", "memory": "49Mi", "ephemeral-storage": "49Gi"}
    ranges.update(fresh)
    asking("little", requests=little)
    asking("much", 403, limits=much)
    ranges.delete("limits", gracePeriodSeconds=30)
    ranges.until_list(lambda found: not found)
    asking("much", limits=much)


def test_limits_are_patched_and_deleted_by_label(of: Speak, namespace: str):
    ranges = of("v1/limitranges")
    limit = {"type": "Container", "min": {"cpu": "50m"}, "max": {"cpu": "500m"}, "default": {"cpu": "500m"}}
    ranges.create({"metadata": {"name": "limits", "labels": {"own": namespace}}, "spec": {"limits": [limit]}})
    assert ranges.everywhere().names(labelSelector=f"own={namespace}") == ["limits"]
    change = {"metadata": {"labels": {"limits": "patched"}}, "spec": {"limits": [{**limit, "min": {"cpu": "40m"}}]}}
    patched = ranges.patch("limits", change, "strategic")
    assert patched["spec"]["limits"][0]["min"] == {"cpu": "40m"}
    ranges.delete_all("limits=patched")
    ranges.until_list(lambda found: not found)
