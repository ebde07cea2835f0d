"""Follows devices and their claims: wakes pods that could not be scheduled, and lets in those whose claims are made."""

from collections.abc import Callable

from kubesim.machinery.informer import Hub
from kubesim.objects.wire import Tree
from kubesim.scheduler.devices.claims import pod_claims
from kubesim.scheduler.devices.pools import DEVICECLASSES, DEVICETAINTRULES, RESOURCECLAIMS, RESOURCESLICES, Inventory
from kubesim.scheduler.framework import ClusterEvent
from kubesim.scheduler.queue import QueuedPod, SchedulingQueue


class Waiting:
    """The event handlers for dynamic resources. ``tell`` and ``try_gated`` are bound methods."""

    def __init__(
        self,
        queue: SchedulingQueue,
        inventory: Inventory,
        tell: Callable[[ClusterEvent, int], None],
        try_gated: Callable[[QueuedPod, int], None],
    ) -> None:
        self._queue = queue
        self._inventory = inventory
        self._tell = tell
        self._try_gated = try_gated

    def follow(self, hub: Hub) -> None:
        """Hear of claims, classes, slices and taint rules."""
        for gvr, handler in (
            (RESOURCECLAIMS, self._on_claim),
            (DEVICECLASSES, self._on_class),
            (RESOURCESLICES, self._on_slice),
            (DEVICETAINTRULES, self._on_rule),
        ):
            hub.on(gvr, handler)

    def _on_claim(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            if old is not None:
                self._inventory.note(old, gone=True)
        else:
            self._inventory.note(new)
            metadata = new["metadata"]
            for queued in self._queue.gated():
                uses = queued.pod["metadata"]["namespace"] == metadata["namespace"]
                if uses and any(entry.claim == metadata["name"] for entry in pod_claims(queued.pod)):
                    self._try_gated(queued, revision)
        self._told("ResourceClaim", old, new, revision)

    def _on_class(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        self._told("DeviceClass", old, new, revision)

    def _on_slice(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        self._inventory.forget()
        self._told("ResourceSlice", old, new, revision)

    def _on_rule(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        self._inventory.forget()
        self._told("DeviceTaintRule", old, new, revision)

    def _told(self, resource: str, old: Tree | None, new: Tree | None, revision: int) -> None:
        action = "Add" if old is None else "Delete" if new is None else "Update"
        self._tell(ClusterEvent(resource, (action,), old, new), revision)
