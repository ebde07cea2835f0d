"""All workloads in a whole cluster: the real scheduler, kubelets and containers."""

from collections.abc import Callable
from typing import Any

from building import create
from kubesim.cluster import Cluster
from kubesim.objects.wire import CLAIMS, CRONJOBS, DAEMONSETS, DEPLOYMENTS, JOBS, PODS, STATEFULSETS
from kubesim.scenario.system import STORAGE_CLASS


def pod(command: str, **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "c", "image": "busybox", "command": ["sh", "-c", command]}
    if "requests" in spec:
        container["resources"] = {"requests": spec.pop("requests")}
    return {"containers": [container], **spec}


def workload(kind: str, name: str, spec: dict[str, Any], version: str = "apps/v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def selected(name: str, template: dict[str, Any], **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": template}, **spec}


def everything(cluster: Cluster) -> None:
    create(cluster, STORAGE_CLASS)
    claims = [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ]
    forever = "while true; do sleep 3600; done"
    create(
        cluster,
        workload(
            "StatefulSet", "db", selected("db", pod(forever), replicas=2, serviceName="db", volumeClaimTemplates=claims)
        ),
    )
    create(cluster, workload("DaemonSet", "agent", selected("agent", pod(forever))))
    once = {"template": {"spec": pod("sleep 5", restartPolicy="Never")}}
    create(cluster, workload("Job", "once", {**once, "completions": 3, "parallelism": 2}, "batch/v1"))
    create(cluster, workload("CronJob", "often", {"schedule": "* * * * *", "jobTemplate": {"spec": once}}, "batch/v1"))


def test_everything_runs_and_a_fork_goes_on_in_the_same_way(cluster: Cluster) -> None:
    everything(cluster)
    cluster.advance(30_000)
    fork = cluster.fork()
    for each in (cluster, fork):
        each.advance(100_000)
    assert cluster.digest() == fork.digest()
    for gvr, name, wanted in (
        (STATEFULSETS, "db", {"readyReplicas": 2, "availableReplicas": 2}),
        (DAEMONSETS, "agent", {"numberAvailable": 3, "desiredNumberScheduled": 3}),
        (JOBS, "once", {"succeeded": 3}),
    ):
        found = cluster.store.get(gvr, "default", name)
        assert found is not None
        assert {field: found["status"].get(field) for field in wanted} == wanted
    found = cluster.store.get(CRONJOBS, "default", "often")
    assert found is not None
    assert found["status"]["lastSuccessfulTime"] > found["status"]["lastScheduleTime"]
    nodes = {
        each["spec"]["nodeName"]
        for each in cluster.store.range(PODS, "default")
        if each["metadata"]["name"].startswith("agent-")
    }
    assert len(nodes) == 3
    assert [each["metadata"]["name"] for each in cluster.store.range(CLAIMS, "default")] == ["data-db-0", "data-db-1"]


def test_busy_containers_are_scaled(make_cluster: Callable[..., Cluster]) -> None:
    cluster = make_cluster()
    cluster.advance(20_000)
    container = {"name": "c", "image": "polinux/stress", "command": ["stress"], "args": ["--cpu", "1"]}
    busy = {"containers": [{**container, "resources": {"requests": {"cpu": "100m"}}}]}
    create(cluster, workload("Deployment", "busy", selected("busy", busy, replicas=1)))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"}
    create(
        cluster,
        workload("HorizontalPodAutoscaler", "busy", {"maxReplicas": 5, "scaleTargetRef": target}, "autoscaling/v2"),
    )
    cluster.advance(120_000)
    found = cluster.store.get(DEPLOYMENTS, "default", "busy")
    assert found is not None
    assert found["spec"]["replicas"] == 5
