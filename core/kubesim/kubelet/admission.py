"""A pod's first steps on a node: is there room, are its volumes' sources there, its sandbox and address."""

from typing import TYPE_CHECKING

from kubesim.kubelet import attaching, mounts
from kubesim.kubelet.record import ACTIVE, OVER, PREPARING
from kubesim.objects import pods

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

GRID_MS = 100
SANDBOX_MS = 400
"""What it takes to make a pod's sandbox and network."""
MOUNT_RETRY_MS, MOUNT_RETRY_MAX_MS = 500, 122_000
"""# k8s: volume operations back off from 500 ms to 2 m 2 s"""


def on_grid(moment: int) -> int:
    """The next tenth of a second: pods of a burst are then worked on in one instant."""
    return -(-moment // GRID_MS) * GRID_MS


def admit(worker: "PodWorker", now: int) -> None:
    """Take the pod in, or turn it down for good."""
    if pods.is_terminal(worker.pod):
        worker.stage = OVER
        return
    if worker.deleting:
        worker.stage, worker.final = OVER, pods.FAILED
        return
    worker.start_stamp = worker.agent.loop.stamp()
    worker.dirty = True
    refusal = worker.agent.admit(worker)
    if refusal is not None:
        worker.reason, text = refusal
        worker.message = f"Pod was rejected: {text}"
        worker.final = pods.FAILED
        worker.event("Warning", worker.reason, text)
        worker.stage = OVER
        return
    worker.stage = PREPARING
    worker.sandbox_at = on_grid(now + SANDBOX_MS)
    deadline = worker.pod["spec"].get("activeDeadlineSeconds")
    if deadline is not None:
        worker.deadline = now + deadline * 1000


def prepare(worker: "PodWorker", now: int) -> None:
    """Mount the volumes and make the sandbox, when their time has come."""
    if worker.deleting:
        worker.stage, worker.final = OVER, pods.FAILED
        worker.agent.release(worker)
        return
    if now < worker.sandbox_at:
        return
    if worker.plan.has_claims and attaching.wait(worker, now):
        return
    needs = worker.plan.volume_needs
    if needs:
        complaint = mounts.check(needs, worker.namespace, worker.agent.lookup)
        if complaint:
            worker.event("Warning", "FailedMount", complaint)
            worker.mount_wait = min(max(2 * worker.mount_wait, MOUNT_RETRY_MS), MOUNT_RETRY_MAX_MS)
            worker.sandbox_at = on_grid(now + worker.mount_wait)
            worker.agent.shared.waiting.add(worker)
            return
        worker.mount_wait = 0
    worker.ip = worker.agent.host_ip if worker.plan.host_network else worker.agent.addresses.take()
    worker.stage = ACTIVE
    worker.dirty = True
