"""The samples about workloads and outages keep what their READMEs promise, in virtual time."""

from collections import Counter
from typing import Any

from invariants import broken_invariants
from kubesim import faults
from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.objects import refs
from kubesim.objects.wire import CLAIMS, EVENTS, FAULTS, JOBS, PODS, Gvr, Key, Request, Tree
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

AUTOSCALERS = Gvr("autoscaling", "v2", "horizontalpodautoscalers")
SECOND = 1_000


def start(name: str) -> Cluster:
    return build(read(sample_folder() / name), epoch_ms=DEFAULT_EPOCH_MS)


def breaks(cluster: Cluster, fault: Tree) -> None:
    assert cluster.handle(Request("create", Key(FAULTS), body=dict(fault))).code == 201


def mends_all(cluster: Cluster) -> None:
    for fault in cluster.store.range(FAULTS):
        cluster.handle(Request("delete", Key(FAULTS, "", fault["metadata"]["name"])))


def shown(cluster: Cluster, namespace: str) -> Counter[tuple[str, str]]:
    """How many pods of each app show which status."""
    return Counter(
        ((pod["metadata"].get("labels") or {}).get("app", ""), cluster.api.strategy(PODS).row(pod, cluster.loop.now)[2])
        for pod in cluster.store.range(PODS, namespace)
    )


def shell(cluster: Cluster, pod: str, line: str) -> Any:
    return cluster.kubelets.execute("database", pod, "postgres", ("sh", "-c", line)).stdout


# ---------------------------------------------------------------------- batch
def test_batch_ends_as_the_table_says() -> None:
    cluster = start("batch")
    cluster.advance(100 * SECOND)
    found = {job["metadata"]["name"]: job["status"] for job in cluster.store.range(JOBS, "batch")}

    def end(name: str) -> tuple[str, str]:
        last = found[name]["conditions"][-1]
        return last["type"], last["reason"]

    assert end("resize-images") == ("Complete", "CompletionsReached")
    assert end("import-shards") == ("Failed", "FailedIndexes")
    assert (found["import-shards"]["succeeded"], found["import-shards"]["failedIndexes"]) == (3, "2")
    assert end("send-invoices") == ("Failed", "BackoffLimitExceeded")
    assert found["send-invoices"]["failed"] == 4
    cluster.advance(400 * SECOND)
    names = [job["metadata"]["name"] for job in cluster.store.range(JOBS, "batch")]
    assert "train-model" not in names
    assert 3 <= sum(name.startswith("report-") for name in names) <= 4


# ---------------------------------------------------------------------- database
def test_the_database_keeps_names_order_and_data() -> None:
    cluster = start("database")
    cluster.advance(90 * SECOND)
    assert shown(cluster, "database") == {("postgres", "Running"): 3}
    assert [claim["status"]["phase"] for claim in cluster.store.range(CLAIMS, "database")] == ["Bound"] * 3
    assert shell(cluster, "postgres-0", "cat /data/role") == "primary\n"
    assert shell(cluster, "postgres-2", "cat /data/role") == "replica of postgres-0.postgres\n"
    shell(cluster, "postgres-0", "echo paid > /data/order-1; echo note > /scratch/note")
    cluster.handle(Request("delete", Key(PODS, "database", "postgres-0")))
    cluster.advance(60 * SECOND)
    assert (
        shell(cluster, "postgres-0", "cat /data/order-1; cat /scratch/note 2>/dev/null || echo gone") == "paid\ngone\n"
    )
    assert broken_invariants(cluster) == []


def test_a_lost_node_keeps_its_database_pod_until_it_is_forced() -> None:
    cluster = start("database")
    cluster.advance(90 * SECOND)
    shell(cluster, "postgres-0", "echo paid > /data/order-1")
    pod = cluster.store.get(PODS, "database", "postgres-0")
    assert pod is not None
    node = pod["spec"]["nodeName"]
    breaks(cluster, faults.crash_node(node))
    cluster.advance(1_000 * SECOND)
    pod = cluster.store.get(PODS, "database", "postgres-0")
    assert pod is not None
    assert refs.is_deleting(pod)
    cluster.handle(Request("delete", Key(PODS, "database", "postgres-0"), body={"gracePeriodSeconds": 0}))
    cluster.advance(600 * SECOND)
    pod = cluster.store.get(PODS, "database", "postgres-0")
    assert pod is not None
    assert pod["spec"]["nodeName"] != node
    assert shell(cluster, "postgres-0", "cat /data/order-1") == "paid\n"


# ---------------------------------------------------------------------- outage
def test_what_is_critical_gets_the_room_that_is_left() -> None:
    cluster = start("outage")
    cluster.advance(60 * SECOND)
    assert shown(cluster, "outage") == {("checkout", "Running"): 6, ("thumbnails", "Running"): 12}
    for node in ("wk-3", "wk-6"):
        breaks(cluster, faults.crash_node(node))
    cluster.advance(150 * SECOND)
    found = shown(cluster, "outage")
    assert (found["checkout", "Running"], found["thumbnails", "Pending"]) == (6, 2)
    reasons = Counter(each["reason"] for each in cluster.store.range(EVENTS, "outage"))
    assert reasons["Preempted"] == 2
    mends_all(cluster)
    cluster.advance(120 * SECOND)
    assert shown(cluster, "outage") == {("checkout", "Running"): 6, ("thumbnails", "Running"): 12}


# ---------------------------------------------------------------------- autoscale
def test_the_autoscaler_follows_the_day() -> None:
    cluster = start("autoscale")

    def replicas() -> int:
        found = cluster.store.get(AUTOSCALERS, "autoscale", "shop")
        assert found is not None
        return int(found["status"]["currentReplicas"])

    cluster.advance(120 * SECOND)
    assert replicas() == 2
    cluster.advance(780 * SECOND)
    assert replicas() >= 10
    cluster.advance(900 * SECOND)
    assert replicas() == 2


# ---------------------------------------------------------------------- ha-control-plane
def test_a_lost_machine_of_the_control_plane_is_made_up_for() -> None:
    cluster = start("ha-control-plane")
    cluster.advance(30 * SECOND)
    breaks(cluster, faults.crash_node("cp-1"))
    cluster.advance(20 * SECOND)
    assert cluster.control_plane.down() == []
    assert cluster.control_plane.leader("kube-scheduler").startswith("cp-2_")
    mends_all(cluster)
    cluster.advance(120 * SECOND)
    assert broken_invariants(cluster) == []
