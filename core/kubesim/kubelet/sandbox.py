"""The sandbox of a pod: the runtime that it asks for, and its address."""

from typing import TYPE_CHECKING

from kubesim.kubelet.addresses import AddressesExhaustedError
from kubesim.objects.wire import Gvr

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

RUNTIMECLASSES = Gvr("node.k8s.io", "v1", "runtimeclasses")
RETRY_MS = 12_000
"""How long a pod waits whose sandbox could not be made. # k8s: backOffPeriod 10 s and half of it as jitter."""
_UNKNOWN = "rpc error: code = Unknown desc = "


def make(worker: "PodWorker") -> str:
    """Make the sandbox and give it its address; why that failed, or ""."""
    agent = worker.agent
    name = worker.pod["spec"].get("runtimeClassName")
    complaint = _runtime(worker, name) if name else ""
    if not complaint and worker.plan.host_network:
        worker.ip = agent.host_ip
    elif not complaint:
        try:
            worker.ip = agent.addresses.take()
        except AddressesExhaustedError:
            complaint = _no_address(worker)
    if complaint:
        worker.event("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {complaint}")
    return complaint


def _runtime(worker: "PodWorker", name: str) -> str:
    """What is wrong with the runtime class of a pod. # k8s: runtimeclass LookupRuntimeHandler, containerd's CRI."""
    found = worker.agent.lookup(RUNTIMECLASSES, "", name)
    if found is None:
        return f'runtimeclass.node.k8s.io "{name}" not found'
    handler = found.get("handler") or ""
    if handler in worker.agent.spec.runtimes:
        return ""
    return f'{_UNKNOWN}failed to get sandbox runtime: no runtime for "{handler}" is configured'


def _no_address(worker: "PodWorker") -> str:
    identifier = worker.agent.shared.container_id().rpartition("/")[2]
    prefix = worker.agent.addresses.cidr.split("/", 1)[0].rsplit(".", 1)[0]
    return (
        f'{_UNKNOWN}failed to setup network for sandbox "{identifier}": plugin type="ptp" failed (add): '
        f"failed to allocate for range 0: no IP addresses available in range set: {prefix}.1-{prefix}.254"
    )
