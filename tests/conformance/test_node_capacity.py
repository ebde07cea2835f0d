"""Extended resources that are noted on a node from outside, as the tests of scheduling and preemption do."""

from conformance.conftest import Speak
from conformance.manifests import phase, pod
from conformance.ways import Tree

FAKE = "example.com/fakecpu"
BLANK = {"machineID": "", "kernelVersion": "", "kubeletVersion": "", "osImage": ""}


def reasons(tree: Tree) -> list[str]:
    return [item.get("reason", "") for item in tree["status"].get("conditions", ())]


def test_the_kubelet_makes_capacity_allocatable(of: Speak):
    nodes, pods = of("v1/nodes", cluster=True), of("v1/pods")
    node = nodes.get("node-1")
    capacity = {**node["status"]["capacity"], FAKE: "100"}
    nodes.update(
        {
            **node,
            "metadata": {**node["metadata"], "resourceVersion": "0"},
            "status": {**node["status"], "capacity": capacity},
        },
        part="status",
    )
    amount = {"resources": {"requests": {FAKE: "70"}, "limits": {FAKE: "70"}}}
    pods.create(pod("filler", container=amount))
    pods.until("filler", lambda tree: phase(tree) == "Running")
    found = nodes.get("node-1")["status"]["allocatable"]
    assert (found[FAKE], found["cpu"]) == ("100", node["status"]["allocatable"]["cpu"])
    pods.create(pod("additional", container=amount))
    pods.until("additional", lambda tree: reasons(tree) == ["Unschedulable"])
    nodes.patch("node-1", [{"op": "remove", "path": "/status/capacity/example.com~1fakecpu"}], "json", part="status")
    nodes.until("node-1", lambda tree: FAKE not in tree["status"]["allocatable"], seconds=15)


def test_the_kubelet_says_again_what_it_is(of: Speak):
    nodes = of("v1/nodes", cluster=True)
    before = nodes.get("node-2")["status"]
    patched = {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": BLANK}
    blank = nodes.patch("node-2", {"status": patched}, "strategic", part="status")["status"]
    assert (blank["nodeInfo"]["kubeletVersion"], blank["daemonEndpoints"]) == ("", patched["daemonEndpoints"])
    found = nodes.until("node-2", lambda tree: tree["status"]["nodeInfo"] == before["nodeInfo"], seconds=15)
    assert found["status"]["daemonEndpoints"] == before["daemonEndpoints"]
