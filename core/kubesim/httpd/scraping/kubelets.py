"""The HTTP endpoint of a kubelet, which ``nodes/NAME/proxy`` leads to: health, metrics, its pods, usage."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubesim.httpd.answers import NOT_FOUND, Answer, text
from kubesim.httpd.scraping import components
from kubesim.httpd.scraping.families import CONTENT_TYPE, Family, Sample, one, render
from kubesim.objects.times import format_time
from kubesim.objects.wire import PODS, Tree

PORT = 10250
_Usage = tuple[Tree, str, int, int]
"""Pod, container, milli-cores, bytes."""


def answer(cluster: Any, node: str, path: str) -> Answer:
    """What the kubelet of a node says to a GET."""
    make = _PAGES.get(path.rstrip("/") or "/")
    return NOT_FOUND if make is None else make(cluster, node)


def _pods(cluster: Any, node: str) -> list[Tree]:
    return [pod for pod in cluster.store.range(PODS) if pod["spec"].get("nodeName") == node]


def _used(cluster: Any, node: str) -> Iterator[_Usage]:
    for pod in _pods(cluster, node):
        metadata = pod["metadata"]
        used: Mapping[str, tuple[int, int]] = cluster.kubelets.container_usage(metadata["namespace"], metadata["name"])
        for container, (cpu, memory) in used.items():
            yield pod, container, cpu, memory


def _labels(pod: Tree, container: str = "") -> dict[str, str]:
    found = {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}
    return {"container": container, **found} if container else found


def _healthy(cluster: Any, node: str) -> Answer:
    del cluster, node
    return text("ok")


def _listed(cluster: Any, node: str) -> Answer:
    return Answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": _pods(cluster, node)})


def _exposed(families: list[Family]) -> Answer:
    return Answer(200, render(families), CONTENT_TYPE)


def _metrics(cluster: Any, node: str) -> Answer:
    pods = _pods(cluster, node)
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
    states = Counter(
        {"running": "running", "waiting": "created", "terminated": "exited"}.get(state, "unknown")
        for pod in pods
        for status in (pod.get("status") or {}).get("containerStatuses") or ()
        for state in status.get("state") or ()
    )
    shown = tuple(Sample({"container_state": state}, count) for state, count in sorted(states.items()))
    return _exposed([
        *components.process(),
        one("kubelet_node_name", "gauge", "[ALPHA] The node's name. The count is always 1.", 1, {"node": node}),
        one("kubelet_running_pods", "gauge", "[ALPHA] Number of pods that have a running pod sandbox", len(running)),
        one("kubelet_desired_pods", "gauge",
            "[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from "
            "the apiserver.", len(pods), {"static": ""}),
        Family("kubelet_running_containers", "gauge", "[ALPHA] Number of containers currently running", shown),
    ])  # fmt: skip


def _resources(cluster: Any, node: str) -> Answer:
    """``/metrics/resource``.

    # differs: containers have an amount of CPU that they use and no counter of what they have used, so that gauges
    # stand in the place of ``..._cpu_usage_seconds_total``
    """
    used = list(_used(cluster, node))
    total = cluster.kubelets.usage("", node)
    cores = tuple(Sample(_labels(pod, name), cpu / 1000) for pod, name, cpu, _ in used)
    memory = tuple(Sample(_labels(pod, name), size) for pod, name, _, size in used)
    families = [
        Family("container_memory_working_set_bytes", "gauge",
               "[STABLE] Current working set of the container in bytes", memory),
        Family("container_cpu_usage_cores", "gauge", "CPU that the container uses, in cores", cores),
        one("resource_scrape_error", "gauge",
            "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", int(total is None)),
    ]  # fmt: skip
    if total is not None:
        families += [
            one("node_memory_working_set_bytes", "gauge",
                "[STABLE] Current working set of the node in bytes", total[1]),
            one("node_cpu_usage_cores", "gauge", "CPU that the node uses, in cores", total[0] / 1000),
        ]  # fmt: skip
    return _exposed(families)


def _cadvisor(cluster: Any, node: str) -> Answer:
    memory = tuple(
        Sample({**_labels(pod, name), "id": f"/kubepods/pod{pod['metadata'].get('uid', '')}"}, size)
        for pod, name, _, size in _used(cluster, node)
    )
    return _exposed([
        Family("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", memory),
        one("machine_scrape_error", "gauge", "1 if there was an error while getting machine metrics, 0 otherwise.", 0),
    ])  # fmt: skip


def _probes(cluster: Any, node: str) -> Answer:
    del cluster, node
    return _exposed([])


def _summary(cluster: Any, node: str) -> Answer:
    """``/stats/summary``."""
    stamp = format_time(cluster.loop.now)

    def amounts(cpu: int, memory: int) -> dict[str, Any]:
        return {
            "cpu": {"time": stamp, "usageNanoCores": cpu * 1_000_000},
            "memory": {"time": stamp, "workingSetBytes": memory, "usageBytes": memory},
        }

    pods: dict[str, dict[str, Any]] = {}
    for pod, name, cpu, memory in _used(cluster, node):
        metadata, status = pod["metadata"], pod.get("status") or {}
        begun = status.get("startTime")
        reference = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata.get("uid", "")}
        found = pods.setdefault(reference["uid"], {"podRef": reference, "startTime": begun, "containers": []})
        found["containers"].append({"name": name, "startTime": begun, **amounts(cpu, memory)})
    total = cluster.kubelets.usage("", node) or (0, 0)
    return Answer(200, {"node": {"nodeName": node, **amounts(*total)}, "pods": list(pods.values())})


_PAGES: Mapping[str, Callable[[Any, str], Answer]] = {
    "/healthz": _healthy,
    "/healthz/ping": _healthy,
    "/healthz/syncloop": _healthy,
    "/pods": _listed,
    "/metrics": _metrics,
    "/metrics/resource": _resources,
    "/metrics/cadvisor": _cadvisor,
    "/metrics/probes": _probes,
    "/stats/summary": _summary,
}
