"""Garbage collection of images: what nobody uses goes when the disk is full. # k8s: pkg/kubelet/images."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent

PERIOD_MS = 300_000
"""# k8s: ImageGCPeriod"""
MINIMUM_AGE_MS = 120_000
"""# k8s: imageMinimumGCAge"""


def unused(agent: "Agent") -> list[str]:
    """The images that no container on the node has and that did not just arrive, those longest there first."""
    used = {
        container.plan.reference.full
        for worker in agent.workers.values()
        for container in worker.containers
        if container.plan.reference is not None
    }
    store, latest = agent.images, agent.loop.now - MINIMUM_AGE_MS
    return [full for full in store.present if full not in used and store.arrived.get(full, 0) <= latest]


def remove_unused(agent: "Agent", wanted: int | None = None) -> int:
    """Remove unused images, all or until so many bytes are free; the bytes that they took."""
    freed = 0
    for full in unused(agent):
        if wanted is not None and freed >= wanted:
            break
        freed += agent.images.remove(full)
    agent.heartbeat.changed = agent.heartbeat.changed or freed > 0
    return freed


class ImageCollector:
    """Looks every five minutes whether the images of one node take too much of its disk."""

    __slots__ = ("_agent", "_failed", "_next")

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._failed = False
        """Whether the last round did not free enough."""
        self._next = 0

    def look(self, now: int) -> None:
        """Free disk, when the time has come and too much is taken."""
        if now < self._next:
            return
        self._next = now + PERIOD_MS
        agent, kubelet = self._agent, self._agent.settings
        capacity = agent.capacity_of("ephemeral-storage")
        free = max(agent.eviction.free_disk(), 0)
        if not capacity or 100 - free * 100 // capacity < kubelet.image_high_percent:
            self._failed = False
            return
        wanted = capacity * (100 - kubelet.image_low_percent) // 100 - free
        freed = remove_unused(agent, wanted)
        if freed >= wanted:
            self._failed = False
            return
        text = (
            f"Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, "
            f"but only found {freed} bytes eligible to free."
        )
        agent.heartbeat.warn("FreeDiskSpaceFailed", text)
        if self._failed:
            # k8s: kubelet.StartGarbageCollection: only what fails again is told
            agent.heartbeat.warn("ImageGCFailed", text)
        self._failed = True
