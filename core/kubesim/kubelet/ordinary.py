"""The short way of an ordinary pod: one container whose image is there, and which runs for ever as soon as it starts.

It does what the long way does, with nothing looked at that such a pod does not have.
"""

from typing import TYPE_CHECKING

from kubesim.kubelet import reporting, status
from kubesim.kubelet.record import ACTIVE, RUNNING
from kubesim.objects.wire import PODS

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker


def start(worker: "PodWorker", now: int) -> bool:
    """Go from the sandbox to the running container and its status; False when that is one for the long way."""
    agent, container = worker.agent, worker.containers[0]
    plan, client = container.plan, agent.client
    if (
        now < worker.sandbox_at
        or worker.deleting
        or worker.deadline
        or not agent.online
        or container.past is not None
        or container.tree is not plan.creating
        or plan.reference is None
        or plan.program is None
        or plan.reference.full not in agent.images.present
        or (agent.images.pulled_by and plan.reference.full in agent.images.pulled_by)
        or not agent.addresses.has_any
    ):
        return False
    current = client.get(PODS, worker.namespace, worker.name)
    if current is None or current.get("status") is not worker.written:
        return False
    worker.ip = agent.addresses.take()
    worker.stage, worker.initialized = ACTIVE, True
    container.container_id = identifier = agent.shared.container_id()
    pod, part = worker.pod, plan.field_path
    client.event(pod, "Normal", "Pulled", plan.present_text, part)
    client.event(pod, "Normal", "Created", "Container created", part)
    client.event(pod, "Normal", "Started", "Container started", part)
    container.process = agent.shared.runtime.start(plan.program, now)
    container.state, container.ready, container.started = RUNNING, True, True
    state = status.running_state(now // 1000 * 1000)
    container.tree = {**plan.running, "containerID": identifier, "state": state}
    worker.dirty = True
    reporting.write(worker, current, reporting.running_status(worker, current))
    return not worker.dirty
