"""What the scheduler writes to ResourceClaims: allocations and reservations, and takes back. # k8s: bindClaim."""

from typing import Any

from kubesim.machinery.client import Client
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.devices.claims import allocation_of, is_reserved_for, pod_claims
from kubesim.scheduler.devices.pools import RESOURCECLAIMS, Inventory
from kubesim.scheduler.framework import CycleState, Snapshot
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.plugins.dynamic_resources import DEALLOCATED, NO_CLAIMS, NO_USE, DynamicResources
from kubesim.scheduler.podinfo import Incoming

FINALIZER = "resource.kubernetes.io/delete-protection"


class Reserving:
    """Writes for the plugin DynamicResources."""

    def __init__(self, client: Client, plugin: DynamicResources, inventory: Inventory) -> None:
        self._client = client
        self._plugin = plugin
        self._inventory = inventory

    def reserve(self, pod: Incoming, node: NodeInfo, snapshot: Snapshot) -> None:
        """Allocate the claims of a pod that goes to a node, and reserve them for it. Raises ApiError."""
        state: CycleState = {}
        self._plugin.pre_filter(state, pod, snapshot)
        given = {claim["metadata"]["name"]: allocation for claim, allocation in self._plugin.allocations(state, node)}
        for claim in self._plugin.claims(pod.info.namespace, pod.devices):
            if not is_reserved_for(claim, pod.uid):
                self._write(claim, given.get(claim["metadata"]["name"]), pod)

    def _write(self, claim: Tree, allocation: Tree | None, pod: Incoming) -> None:
        finalizers = claim["metadata"].get("finalizers") or []
        if allocation is not None and FINALIZER not in finalizers:
            metadata = {**claim["metadata"], "finalizers": [*finalizers, FINALIZER]}
            claim = self._client.update(RESOURCECLAIMS, {**claim, "metadata": metadata})
        status: dict[str, Any] = dict(claim.get("status") or EMPTY)
        if allocation is not None:
            status["allocation"] = {**allocation, "allocationTimestamp": self._client.stamp()}
        consumer = {"resource": "pods", "name": pod.name, "uid": pod.uid}
        status["reservedFor"] = [*(status.get("reservedFor") or ()), consumer]
        self._put({**claim, "status": status})

    def _put(self, claim: Tree) -> None:
        # The next pod must not get the same devices, even before the write is seen.
        self._inventory.note(self._client.update_status(RESOURCECLAIMS, claim))

    def unreserve(self, pod: Tree) -> None:
        """Take back the reservations of a pod that was not bound after all. Raises ApiError."""
        uid = pod["metadata"]["uid"]
        for claim in self._plugin.claims(pod["metadata"]["namespace"], pod_claims(pod)):
            if allocation_of(claim) is not None and is_reserved_for(claim, uid):
                left = [entry for entry in claim["status"]["reservedFor"] if entry["uid"] != uid]
                status = {key: value for key, value in claim["status"].items() if key != "reservedFor"}
                if left:
                    status["reservedFor"] = left
                self._put({**claim, "status": status})

    def post_filter(self, pod: Incoming) -> str:
        """Let go of one claim that keeps a pod from all nodes and that nobody else uses; what is said about it."""
        if not pod.devices:
            return NO_CLAIMS
        for claim in self._plugin.unavailable:
            users = [entry["uid"] for entry in (claim.get("status") or EMPTY).get("reservedFor") or ()]
            if users in ([], [pod.uid]):
                kept = {k: v for k, v in claim["status"].items() if k not in {"reservedFor", "allocation"}}
                self._put({**claim, "status": kept})
                return DEALLOCATED
        return NO_USE
