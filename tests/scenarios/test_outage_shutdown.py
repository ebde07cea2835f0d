"""The sample ``outage``: a node that is shut down and switched on again does what the README says."""

from collections import Counter

from invariants import broken_invariants
from kubesim import faults
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.objects import refs
from kubesim.objects.wire import FAULTS, NODES, PODS, Key, Request, Tree
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

TEXT = "Pod was terminated in response to imminent node shutdown."


def pods(cluster: Cluster, app: str) -> list[Tree]:
    found = cluster.store.range(PODS, "outage")
    return [pod for pod in found if (pod["metadata"].get("labels") or {}).get("app") == app]


def ready(cluster: Cluster, app: str) -> int:
    return sum(refs.is_condition_true(pod, "Ready") for pod in pods(cluster, app))


def test_a_node_that_is_shut_down() -> None:
    cluster = build(read(sample_folder() / "outage"), epoch_ms=DEFAULT_EPOCH_MS)
    cluster.advance(20_000)
    # The node with the most pods of the service.
    (node, here), *_ = Counter(pod["spec"]["nodeName"] for pod in pods(cluster, "checkout")).most_common()
    assert cluster.handle(Request("create", Key(FAULTS), body=dict(faults.shut_down(node)))).code == 201
    cluster.advance(1_000)
    said = refs.condition(cluster.store.get(NODES, "", node), "Ready") or {}
    assert (said["status"], said["message"]) == ("False", "node is shutting down")
    cluster.advance(30_000)
    ended = [pod for pod in pods(cluster, "checkout") if pod["spec"]["nodeName"] == node]
    assert [(pod["status"]["phase"], pod["status"]["reason"], pod["status"]["message"]) for pod in ended] == [
        ("Failed", "Terminated", TEXT)
    ] * here
    assert ready(cluster, "checkout") == 6
    assert cluster.kubelets.outages.is_off(node)
    cluster.handle(Request("delete", Key(FAULTS, "", f"shutdown-{node}")))
    cluster.advance(60_000)
    assert refs.is_condition_true(cluster.store.get(NODES, "", node), "Ready")
    assert (ready(cluster, "checkout"), ready(cluster, "thumbnails")) == (6, 12)
    assert broken_invariants(cluster) == []
