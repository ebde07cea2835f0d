"""What the control loops of a cluster in this process have to do, and the moment of the next reconcile."""

import asyncio
from collections.abc import Hashable
from time import perf_counter
from typing import Any

from kubetui.client.port import ControlLoop
from kubetui.model.pump import REST, SLICE, Pump

SCHEDULER = "default-scheduler"
HORIZON_MS = 86_400_000
"""How far a reconcile is waited for: one virtual day."""


WORDS = {
    "Hub": "informers", "Heartbeat": "kubelet heartbeat", "LoadMeter": "traffic", "ControlPlane": "leader election",
    "Rounds": "kubelet eviction", "Evictor": "kubelet eviction", "Outages": "restart", "Kubelets": "kubelet",
    "NodeLifecycleController": "node-lifecycle", "VolumeBinder": "volume binding", "Expiry": "expiry of events",
    "Definitions": "custom resources",
}  # fmt: skip
"""What those do who have work scheduled and no name of their own."""


def all_of(cluster: Any) -> list[ControlLoop]:
    """All control loops; the scheduler is the first."""
    controllers = getattr(cluster, "controllers", None)
    if controllers is None:
        return []
    return [_scheduler(cluster), *(_loop(each) for each in controllers())]


def _loop(controller: Any) -> ControlLoop:
    queue = controller.queue
    return ControlLoop(
        controller.name,
        controller.enabled,
        tuple((_text(key), cause) for key, cause in queue.waiting()),
        tuple((_text(key), due) for due, key in controller.delayed()),
        tuple((_text(key), count) for key, count in queue.failing()),
        controller.synced,
        controller.last_error,
        controller.agent,
    )


def _scheduler(cluster: Any) -> ControlLoop:
    from kubesim.scheduler.scheduler import queued as queued_pods  # noqa: PLC0415 - loaded with the cluster

    scheduler, now = cluster.scheduler, cluster.loop.now
    queued: list[tuple[str, int]] = []
    delayed: list[tuple[str, int]] = []
    failing: list[tuple[str, int]] = []
    for each in queued_pods(scheduler):
        metadata = each.pod["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        if each.where in {"active", "backoff"}:
            queued.append((name, each.cause))
        elif each.where != "taken":
            delayed.append((name, max(each.ready_at, now) if each.where == "error" else 0))
        if each.failures + each.errors:
            failing.append((name, each.failures + each.errors))
    lists = (tuple(queued), tuple(delayed), tuple(failing))
    return ControlLoop(SCHEDULER, scheduler.enabled, *lists, scheduler.cycles, "", SCHEDULER)


def _text(key: Hashable) -> str:
    return "/".join(str(part) for part in key if part) if isinstance(key, tuple) else str(key)


class Reconciled:
    """Whether a control loop has done one more reconcile since."""

    def __init__(self, cluster: Any, name: str) -> None:
        self._cluster = cluster
        self._controller = next((each for each in cluster.controllers() if each.name == name), None)
        self._start = self._count()

    def _count(self) -> int:
        return int(self._cluster.scheduler.cycles if self._controller is None else self._controller.synced)

    def __call__(self) -> bool:
        """True from then on."""
        return self._count() > self._start


async def step(pump: Pump, cluster: Any, name: str) -> bool:
    """Run until a control loop has done its next reconcile; False when there was none for long, or time was stopped."""
    arrived = Reconciled(cluster, name)
    horizon, rested = cluster.loop.now + HORIZON_MS, perf_counter()
    while cluster.loop.now < horizon:
        done = await pump.step(1)
        if arrived():
            return True
        if not done or pump.gate.struck:
            return False
        if perf_counter() - rested > SLICE:
            await asyncio.sleep(REST)
            rested = perf_counter()
    return False
