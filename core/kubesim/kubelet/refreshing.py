"""Files of volumes that change while programs run: who shows which object, and programs that go on with new files."""

from typing import TYPE_CHECKING

from kubesim.kubelet import starting
from kubesim.kubelet.record import ACTIVE, RUNNING

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker


class Refresher:
    """Has programs see changed files; one for all kubelets."""

    def refresh(self, worker: "PodWorker") -> None:
        """Files of volumes have changed: programs that read them go on with what they are now."""
        if worker.stage != ACTIVE or not worker.agent.running:
            return
        now = worker.agent.loop.now
        for container in worker.containers:
            process = container.process
            if container.state == RUNNING and process is not None and container.plan.program is None:
                program, _, files = starting.program_of(worker, container)
                process.refresh(program, files, now)
        worker.agent.shared.refreshing.add(worker)
        worker.poke()
