"""Pods a second: a Deployment is scaled up until every pod runs and is in the endpoints; last line is the figure.

``make bench BENCH=scale``, or ``python bench/scale.py NODES PODS [REPEATS]``.
"""

import sys
import time

from kubesim import collector
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import ENDPOINTSLICES, PODS, Gvr, Key, Request
from kubesim.scenario.documents import Source
from kubesim.scenario.loader import apply, generated

DEPLOYMENTS = Gvr("apps", "v1", "deployments")


def build(nodes: int, deployments: int = 10, pods_per_node: int = 110) -> Cluster:
    """A cluster of that many nodes in three zones, the image on each, with empty Deployments and Services, settled."""
    cluster = Cluster(Settings(name="bench"))
    for number in range(nodes):
        cluster.add_node(
            NodeSpec(f"node-{number}", "32", "256Gi", pods_per_node, zone="abc"[number % 3], images=("nginx:1.29",))
        )
    item = {
        "name": "app",
        "namespace": "bench",
        "deployments": deployments,
        "replicas": 0,
        "image": "nginx:1.29",
        "cpu": "100m",
        "memory": "64Mi",
        "port": 80,
    }
    apply(cluster, [Source("generated", 0, tree) for tree in generated(item)])
    cluster.advance(20_000)
    return cluster


def scale(cluster: Cluster, replicas: int, deployments: int = 10) -> None:
    """Ask for that many replicas of each Deployment."""
    for number in range(1, deployments + 1):
        key = Key(DEPLOYMENTS, "bench", f"app-{number:03d}")
        response = cluster.handle(
            Request("patch", key, body={"spec": {"replicas": replicas}}, content_type="application/merge-patch+json")
        )
        assert response.code == 200, response.body


def ready_endpoints(cluster: Cluster) -> int:
    """How many endpoints of the bench namespace are ready."""
    return sum(
        1
        for tree in cluster.store.iterate(ENDPOINTSLICES, "bench")
        for endpoint in tree.get("endpoints") or ()
        if endpoint["conditions"].get("ready")
    )


def run(nodes: int, pods: int) -> tuple[float, Cluster]:
    """Seconds of wall time from the scale to the last ready endpoint, and the cluster."""
    cluster = build(nodes)
    collector.tune()
    revision = cluster.store.revision
    virtual = cluster.loop.now
    began, wall = time.process_time(), time.perf_counter()
    scale(cluster, pods // 10)
    seconds, wall = time.process_time() - began, time.perf_counter() - wall
    while ready_endpoints(cluster) < pods:
        # Looking whether it is done is the benchmark's own business, and is not counted.
        began, start = time.process_time(), time.perf_counter()
        cluster.advance(500)
        seconds += time.process_time() - began
        wall += time.perf_counter() - start
        if cluster.loop.now - virtual > 3_600_000:
            running = sum(tree["status"].get("phase") == "Running" for tree in cluster.store.iterate(PODS, "bench"))
            ready = ready_endpoints(cluster)
            sys.exit(f"after an hour of virtual time only {running:,} pods run, {ready:,} endpoints are ready")
    writes = cluster.store.revision - revision
    print(
        f"  {pods:,} pods on {nodes:,} nodes: {pods / wall:,.0f} pods/s wall, {pods / seconds:,.0f} pods/s cpu, "
        f"{writes / pods:.1f} writes a pod, {writes / wall:,.0f} writes/s, "
        f"{(cluster.loop.now - virtual) / 1000:.1f} s virtual"
    )
    return wall, cluster


def main() -> None:
    """Both sizes, unless sizes are given."""
    if len(sys.argv) > 2:
        nodes, pods = int(sys.argv[1]), int(sys.argv[2])
        best = min(run(nodes, pods)[0] for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 1))
        print(f"{pods:,} pods on {nodes:,} nodes: {pods / best:,.0f} pods/s")
        return
    small = min(run(1_000, 10_000)[0] for _ in range(3))
    large = run(5_000, 100_000)[0]
    ratio = (100_000 / large) / (10_000 / small)
    print(f"100,000 pods on 5,000 nodes: {100_000 / large:,.0f} pods/s, {ratio:.2f} of the rate at 10,000")
    print(f"10,000 pods on 1,000 nodes: {10_000 / small:,.0f} pods/s")


if __name__ == "__main__":
    main()
