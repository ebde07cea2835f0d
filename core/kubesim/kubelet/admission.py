"""A pod's first steps on a node: is there room, are its volumes' sources there, its sandbox and address."""

from typing import TYPE_CHECKING

from kubesim.kubelet import attaching, mounts, sandbox
from kubesim.kubelet.entrance import WaitError
from kubesim.kubelet.record import ACTIVE, OVER, PREPARING
from kubesim.objects import pods

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

GRID_MS = 100
SANDBOX_MS = 400
"""What it takes to make a pod's sandbox and network."""
ROOM_MS = 500
"""How often a critical pod looks whether those that have to go for it have gone."""
MOUNT_RETRY_MS, MOUNT_RETRY_MAX_MS = 500, 122_000
"""# k8s: volume operations back off from 500 ms to 2 m 2 s"""
LONG_MS = 64_000
"""The wait after which a pod has waited for its volumes for two minutes. # k8s: podAttachAndMountTimeout 2 m 3 s."""


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
    try:
        refusal = worker.agent.admit(worker)
    except WaitError:
        worker.arm(now + ROOM_MS)
        return
    worker.start_stamp = worker.agent.loop.stamp()
    worker.dirty = True
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
            if worker.mount_wait >= LONG_MS:
                attaching.tell_of_timeout(worker, mounts.failing(needs, worker.namespace, worker.agent.lookup))
            worker.mount_wait = min(max(2 * worker.mount_wait, MOUNT_RETRY_MS), MOUNT_RETRY_MAX_MS)
            worker.sandbox_at = on_grid(now + worker.mount_wait)
            worker.agent.shared.waiting.add(worker)
            return
        worker.mount_wait = 0
    if sandbox.make(worker):
        worker.sandbox_at = on_grid(now + sandbox.RETRY_MS)
        return
    worker.stage = ACTIVE
    worker.dirty = True
