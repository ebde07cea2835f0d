"""Volumes: binds claims to volumes, has volumes made by storage classes, and protects both while they are in use.

``matching`` says what fits what; ``protection`` takes the finalizers away; this module binds, provisions and reclaims.
# k8s: pkg/controller/volume/persistentvolume
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.controllers.volumes import matching
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs, volumes
from kubesim.objects.errors import ApiError
from kubesim.objects.storageclasses import class_of, default_class, has_class
from kubesim.objects.wire import CLAIMS, EMPTY, STORAGECLASSES, VOLUMES, Tree

RESYNC_MS = 15_000
"""How often a claim that waits is looked at; a new volume or class wakes none. # k8s: --pvclaimbinder-sync-period"""
PROVISIONING_MS = 1_000
"""How long a provisioner takes. # differs: each storage class has a provisioner, which never fails"""
WAITING = (
    "Waiting for a volume to be created either by the external provisioner '{name}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)


class PersistentVolumeController:
    """Binds claims. ``controller`` is its driver; keys are (namespace, name) of a claim, ("", name) of a volume."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("persistentvolume-binder", loop, client, self)
        self._client = client
        self._made_at: dict[str, int] = {}
        """When the volume of a claim is ready, by the claim's uid."""
        hub.on(CLAIMS, self._claim_changed)
        hub.on(VOLUMES, self._volume_changed)
        for gvr, handler in ((VOLUMES, self._volume_changed), (CLAIMS, self._claim_changed)):
            for each in client.list(gvr):
                handler(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _claim_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None:
            self.controller.add(refs.place(new), revision)
        elif old is not None and old["spec"].get("volumeName"):
            self.controller.add(("", old["spec"]["volumeName"]), revision)

    def _volume_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None:
            return
        if new is not None:
            self.controller.add(refs.place(new), revision)
        reference = either["spec"].get("claimRef")
        if reference:
            self.controller.add((reference["namespace"], reference["name"]), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Look after one claim or one volume; returns when to look at a waiting claim again."""
        namespace, name = cast("tuple[str, str]", key)
        if not namespace:
            volume = self._client.get(VOLUMES, "", name)
            if volume is not None:
                self._sync_volume(volume)
            return None
        claim = self._client.get(CLAIMS, namespace, name)
        if claim is None or refs.is_deleting(claim):
            return None
        if volumes.BIND_COMPLETED in refs.annotations(claim):
            self._sync_bound(claim)
            return None
        return self._sync_unbound(claim)

    def _sync_unbound(self, claim: Tree) -> int | None:
        wished = claim["spec"].get("volumeName")
        if wished:
            volume = self._client.get(VOLUMES, "", wished)
            if volume is None or (volume["spec"].get("claimRef") and not volumes.is_held_by(volume, claim)):
                return RESYNC_MS
            self._bind(claim, volume)
            return None
        claim = self._with_default_class(claim)
        storage_class = self._client.get(STORAGECLASSES, "", class_of(claim))
        volume = volumes.find(self._client.list(VOLUMES), claim)
        if volume is None or (_is_delayed(storage_class, claim) and not volume["spec"].get("claimRef")):
            return self._wait(claim, storage_class)
        self._bind(claim, volume)
        return None

    def _with_default_class(self, claim: Tree) -> Tree:
        if has_class(claim):
            return claim
        name = default_class(self._client.list(STORAGECLASSES))
        if not name:
            return claim
        return self._client.update(CLAIMS, {**claim, "spec": {**claim["spec"], "storageClassName": name}})

    def _wait(self, claim: Tree, storage_class: Tree | None) -> int:
        """A claim without a volume: say why, or have one made."""
        name = class_of(claim)
        if _is_delayed(storage_class, claim):
            text = "waiting for first consumer to be created before binding"
            self._client.event(claim, "Normal", "WaitForFirstConsumer", text)
        elif not name:
            text = "no persistent volumes available for this claim and no storage class is set"
            self._client.event(claim, "Normal", "FailedBinding", text)
        elif storage_class is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self._client.event(claim, "Warning", "ProvisioningFailed", text)
        elif storage_class["provisioner"] != volumes.NO_PROVISIONER:
            return self._provision(claim, storage_class)
        return RESYNC_MS

    def _provision(self, claim: Tree, storage_class: Tree) -> int:
        driver = storage_class["provisioner"]
        if refs.annotations(claim).get(matching.PROVISIONER) != driver:
            marks = {
                matching.PROVISIONER: driver,
                f"volume.beta.{matching.PROVISIONER.removeprefix('volume.')}": driver,
            }
            claim = self._client.update(CLAIMS, volumes.annotated(claim, **marks))
            self._client.event(claim, "Normal", "ExternalProvisioning", WAITING.format(name=driver))
            self._made_at[refs.uid(claim)] = self._client.now() + PROVISIONING_MS
            return PROVISIONING_MS
        rest = self._made_at.get(refs.uid(claim), 0) - self._client.now()
        if rest > 0:
            return rest
        self._made_at.pop(refs.uid(claim), None)
        body = matching.provisioned(claim, storage_class)
        name = body["metadata"]["name"]
        try:
            volume = self._client.create(VOLUMES, "", body)
        except ApiError as error:
            known = self._client.get(VOLUMES, "", name)
            if error.reason != "AlreadyExists" or known is None:
                raise
            volume = known
        text = f"Successfully provisioned volume {name} using {driver}"
        self._client.event(claim, "Normal", "ProvisioningSucceeded", text)
        self._bind(claim, volume)
        return RESYNC_MS

    def _bind(self, claim: Tree, volume: Tree) -> None:
        """Bind both to each other, in the order in which Kubernetes can take it up again. # k8s: bind."""
        wanted = volumes.bound_volume(volume, claim)
        if wanted is not volume:
            volume = self._client.update(VOLUMES, wanted)
        self._set_phase(volume, "Bound")
        bound = matching.bound_claim(claim, volume)
        if bound is not claim:
            claim = self._client.update(CLAIMS, bound)
        self._report(claim, matching.bound_status(volume))

    def _sync_bound(self, claim: Tree) -> None:
        volume = self._client.get(VOLUMES, "", claim["spec"].get("volumeName") or "")
        known: Tree = claim.get("status") or EMPTY
        if volume is not None and volumes.is_held_by(volume, claim):
            self._set_phase(volume, "Bound")
            # A claim that has grown keeps the size it was told of until its file system has grown as well.
            told = {"phase": "Bound"} if known.get("capacity") else matching.bound_status(volume)
            self._report(claim, {**known, **told})
        elif known.get("phase") != "Lost":
            self._report(claim, {"phase": "Lost"})
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self._client.event(claim, "Warning", "ClaimLost", text)

    def _report(self, claim: Tree, status: Tree) -> None:
        if status != claim.get("status"):
            self._client.update_status(CLAIMS, {**claim, "status": status})

    # ------------------------------------------------------------------ volumes
    def _sync_volume(self, volume: Tree) -> None:
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            self._set_phase(volume, "Available")
            return
        claim = self._client.get(CLAIMS, reference["namespace"], reference["name"])
        if claim is not None and refs.uid(claim) == reference["uid"]:
            return
        phase = (volume.get("status") or EMPTY).get("phase")
        if phase == "Failed":
            return
        volume = self._set_phase(volume, "Released")
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete" and not refs.is_deleting(volume):
            self._client.delete(VOLUMES, "", volume["metadata"]["name"])

    def _set_phase(self, volume: Tree, phase: str) -> Tree:
        known: Tree = volume.get("status") or EMPTY
        if known.get("phase") == phase:
            return volume
        status: dict[str, Any] = {**known, "phase": phase, "lastPhaseTransitionTime": self._client.stamp()}
        return self._client.update_status(VOLUMES, {**volume, "status": status})


def _is_delayed(storage_class: Tree | None, claim: Tree) -> bool:
    """Whether a claim waits until a pod that uses it has a node."""
    return volumes.is_delayed(storage_class) and volumes.SELECTED_NODE not in refs.annotations(claim)
