"""Stops a pod: hooks, TERM, grace, KILL; sidecars last and in reverse order; then its final status."""

from typing import TYPE_CHECKING

from kubesim.kubelet import starting
from kubesim.kubelet.plan import SIDECAR
from kubesim.kubelet.record import RUNNING, TERMINATED, WAITING, Container

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

MIN_GRACE_MS = 2_000
"""What is left for TERM after a long preStop hook. # k8s: minimumGracePeriodInSeconds"""


def begin(worker: "PodWorker", now: int, grace_ms: int) -> None:
    """Begin to stop all containers: the app containers first."""
    worker.stop_by = now + grace_ms
    for container in worker.containers:
        container.pull = None
        if container.state == RUNNING and container.plan.kind != SIDECAR:
            stop_container(worker, container, now, grace_ms, f"Stopping container {container.plan.name}")
    _stop_sidecar(worker, now)


def shorten(worker: "PodWorker", now: int, grace_ms: int) -> None:
    """The pod has less time than before."""
    worker.stop_by = min(worker.stop_by, now + grace_ms)
    for container in worker.containers:
        process = container.process
        if container.state == RUNNING and process is not None and container.stopping:
            container.stop_at = min(container.stop_at, worker.stop_by) if container.stop_at else 0
            if process.ends is None or process.ends.at_ms > worker.stop_by:
                process.kill(worker.stop_by)


def stop_container(worker: "PodWorker", container: Container, now: int, grace_ms: int, message: str) -> None:
    """Begin to stop one container."""
    process = container.process
    if process is None or container.stopping:
        return
    container.stopping = True
    worker.container_event(container, "Normal", "Killing", message)
    hook = container.plan.pre_stop
    if hook is not None and grace_ms > 0:
        millis, failure = starting.run_hook(worker, container, hook, now)
        if failure:
            # k8s: what a hook says may be secret, and is not told
            worker.container_event(container, "Warning", "FailedPreStopHook", "PreStopHook failed")
        if millis:
            container.stop_at = now + min(millis, grace_ms)
            return
    process.terminate(now, grace_ms)


def advance_container(worker: "PodWorker", container: Container, now: int) -> None:
    """Send TERM when the preStop hook is over."""
    if container.stop_at and container.stop_at <= now and container.process is not None:
        moment, container.stop_at = container.stop_at, 0
        container.process.terminate(moment, max(worker.stop_by - moment, MIN_GRACE_MS))


def _stop_sidecar(worker: "PodWorker", now: int) -> None:
    """Stop the last running sidecar once nothing else runs."""
    running = [container for container in worker.containers if container.state == RUNNING]
    if running and all(container.plan.kind == SIDECAR for container in running):
        last = running[-1]
        stop_container(
            worker, last, now, max(worker.stop_by - now, MIN_GRACE_MS), f"Stopping container {last.plan.name}"
        )


def advance(worker: "PodWorker", now: int) -> bool:
    """Go on stopping; whether everything has stopped."""
    for container in worker.containers:
        if container.state != RUNNING:
            continue
        advance_container(worker, container, now)
        process = container.process
        if process is not None and process.ends is not None and process.ends.at_ms <= now:
            worker.ended(container, now)
    _stop_sidecar(worker, now)
    return not any(container.state == RUNNING for container in worker.containers)


def settle(worker: "PodWorker") -> None:
    """The final state of containers: what waited for a restart shows how it last ended."""
    for container in worker.containers:
        container.retry_at = 0
        if container.state == WAITING and container.past is not None:
            container.state = TERMINATED
            container.touch()
