"""Growing volumes: a claim that asks for more than it has gets it, the file system as soon as a pod uses the volume.

# k8s: external-resizer, and the kubelet's expansion of file systems
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, quantities, refs, volumes
from kubesim.objects.errors import ApiError
from kubesim.objects.storageclasses import class_of
from kubesim.objects.wire import CLAIMS, EMPTY, PODS, STORAGECLASSES, VOLUMES, Tree

RESIZE_MS = 1_000
"""How long a resizer takes. # differs: every class that allows it has one, which never fails"""
RETRY_MS = 5_000
WAITING = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."


class ExpansionController:
    """``controller`` is its driver; keys are (namespace, name) of claims."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("volume-expand", loop, client, self)
        self._client = client
        hub.on(CLAIMS, self._claim_changed)
        for each in client.list(CLAIMS):
            self._claim_changed(None, each, 0)

    def _claim_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None or not wants_more(new):
            return
        if old is None or not wants_more(old) or old["spec"] is not new["spec"]:
            self.controller.add(refs.place(new), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Take one step with one claim; returns when to take the next."""
        claim = self._client.get(CLAIMS, *cast("tuple[str, str]", key))
        if claim is None or not wants_more(claim) or not self._may_grow(claim):
            return None
        volume = self._client.get(VOLUMES, "", claim["spec"]["volumeName"])
        if volume is None:
            return None
        wanted = volumes.request_of(claim)
        if refs.condition(claim, "Resizing") is None and quantities.compare(volumes.size_of(volume), wanted) < 0:
            name = volume["metadata"]["name"]
            self._client.event(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}")
            self._report(claim, {"conditions": [self._condition("Resizing", "")]})
            return RESIZE_MS
        if quantities.compare(volumes.size_of(volume), wanted) < 0:
            capacity = {**volume["spec"]["capacity"], "storage": wanted}
            self._client.update(VOLUMES, {**volume, "spec": {**volume["spec"], "capacity": capacity}})
            text = "Require file system resize of volume on node"
            self._client.event(claim, "Normal", "FileSystemResizeRequired", text)
            self._report(claim, {"conditions": [self._condition("FileSystemResizePending", WAITING)]})
            return RESIZE_MS
        return self._finish(claim, wanted)

    def _may_grow(self, claim: Tree) -> bool:
        found = self._client.get(STORAGECLASSES, "", class_of(claim))
        return found is not None and bool(found.get("allowVolumeExpansion"))

    def _finish(self, claim: Tree, wanted: str) -> int | None:
        """The node that has the volume makes its file system larger."""
        namespace, name = refs.place(claim)
        if not any(self._uses(pod, name) for pod in self._client.list(PODS, namespace)):
            return RETRY_MS
        status = {key: value for key, value in (claim.get("status") or EMPTY).items() if key != "conditions"}
        capacity = {**(status.get("capacity") or {}), "storage": wanted}
        try:
            self._client.update_status(CLAIMS, {**claim, "status": {**status, "capacity": capacity}})
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return None
        text = f'MountVolume.NodeExpandVolume succeeded for volume "{claim["spec"]["volumeName"]}"'
        self._client.event(claim, "Normal", "FileSystemResizeSuccessful", text)
        return None

    def _uses(self, pod: Tree, claim: str) -> bool:
        return pods.phase(pod) == pods.RUNNING and claim in volumes.claim_names(pod["spec"], pod["metadata"]["name"])

    def _condition(self, type_: str, message: str) -> dict[str, Any]:
        stamp = self._client.stamp()
        found = {"type": type_, "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp}
        return {**found, "message": message} if message else found

    def _report(self, claim: Tree, change: dict[str, Any]) -> None:
        self._client.update_status(CLAIMS, {**claim, "status": {**(claim.get("status") or {}), **change}})


def wants_more(claim: Tree) -> bool:
    """Whether a bound claim asks for more than it has."""
    has = ((claim.get("status") or EMPTY).get("capacity") or EMPTY).get("storage")
    return volumes.is_bound(claim) and has is not None and quantities.compare(volumes.request_of(claim), has) > 0
