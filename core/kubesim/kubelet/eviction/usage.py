"""What pods use of their node: memory, disk and processes."""

from typing import TYPE_CHECKING

from kubesim.kubelet import disks
from kubesim.kubelet.record import ACTIVE, RUNNING, STOPPING
from kubesim.kubelet.simruntime.attributes import MARK
from kubesim.kubelet.simruntime.bulk import size_of
from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY

if TYPE_CHECKING:
    from kubesim.kubelet.record import Container
    from kubesim.kubelet.worker import PodWorker

ROOT_BYTES = 24 * 1024
"""What the file system of a container takes before anything is written to it."""
MAX_PIDS = 32_768
"""How many processes a machine can have. # k8s: node stats rlimit, from kernel.pid_max."""
OWN_PIDS = 180
"""The processes that run on a machine without any pod."""


def memory(worker: "PodWorker", now: int) -> dict[str, int]:
    """Bytes by running container."""
    return {
        container.plan.name: container.process.usage(now)[1]
        for container in worker.containers
        if container.state == RUNNING and container.process is not None
    }


def disk(worker: "PodWorker", now: int) -> dict[str, int]:
    """Bytes of the layers of running containers, by name."""
    del now
    found: dict[str, int] = {}
    for container in worker.containers:
        process = container.process
        if container.state == RUNNING and process is not None:
            held = (process.layer or EMPTY).items()
            written = sum(size_of(text) for path, text in held if text is not None and not path.startswith(MARK))
            found[container.plan.name] = ROOT_BYTES + written + disks.layer_size(worker, container)
    return found


def volumes(worker: "PodWorker") -> dict[str, int]:
    """Bytes by name of a pod's volumes that lie on the disk of its node."""
    if not worker.plan.writes:
        return {}
    return {
        volume["name"]: disks.volume_size(worker, volume)
        for volume in worker.pod["spec"].get("volumes") or ()
        if "emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory"
    }


def storage(worker: "PodWorker", now: int) -> int:
    """Bytes that a pod takes of its node's disk."""
    return sum(disk(worker, now).values()) + sum(volumes(worker).values())


def pids(worker: "PodWorker", now: int) -> int:
    """The processes of a pod: one for its sandbox, one for each container."""
    del now
    if worker.stage not in {ACTIVE, STOPPING}:
        return 0
    return 1 + sum(container.state == RUNNING for container in worker.containers)


def request(container: "Container", resource: str) -> int:
    """What a container requests of memory or disk."""
    requests = (container.plan.tree.get("resources") or EMPTY).get("requests") or EMPTY
    return quantities.value(requests[resource]) if resource in requests else 0
