"""Storage protection: claims that pods use, and volumes that are bound, are not gone before they are let go."""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.volumes import claim_names
from kubesim.objects.wire import CLAIMS, EMPTY, PODS, VOLUMES, Gvr, Tree

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


class ClaimProtectionController:
    """Lets go claims that are being deleted and that no pod uses. ``controller`` is its driver; keys are places.

    # k8s: pkg/controller/volume/pvcprotection
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("pvc-protection", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        hub.on(CLAIMS, self._claim_changed)
        for each in client.list(CLAIMS):
            self._claim_changed(None, each, 0)

    def _claim_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is None:
            return
        if not self._is_listening:
            self._is_listening = True
            self._hub.on(PODS, self._pod_changed)
        if refs.is_deleting(new):
            self.controller.add(refs.place(new), revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None and old is not None:
            for name in claim_names(old["spec"], old["metadata"]["name"]):
                self.controller.add((old["metadata"]["namespace"], name), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Take the finalizer off a claim that may go."""
        namespace, name = cast("tuple[str, str]", key)
        claim = self._client.get(CLAIMS, namespace, name)
        if claim is None or not refs.is_deleting(claim):
            return None
        if not any(pods.node_name(pod) and _uses(pod, name) for pod in self._client.list(PODS, namespace)):
            let_go(self._client, CLAIMS, claim, CLAIM_FINALIZER)
        return None


def _uses(pod: Tree, claim: str) -> bool:
    return claim in claim_names(pod["spec"], pod["metadata"]["name"])


class VolumeProtectionController:
    """Lets go volumes that are being deleted and that no claim has. ``controller`` is its driver; keys are places.

    # k8s: pkg/controller/volume/pvprotection
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("pv-protection", loop, client, self)
        self._client = client
        hub.on(VOLUMES, self._volume_changed)
        for each in client.list(VOLUMES):
            self._volume_changed(None, each, 0)

    def _volume_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None and refs.is_deleting(new):
            self.controller.add(refs.place(new), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Take the finalizer off a volume that may go."""
        volume = self._client.get(VOLUMES, *cast("tuple[str, str]", key))
        if volume is not None and refs.is_deleting(volume) and (volume.get("status") or EMPTY).get("phase") != "Bound":
            let_go(self._client, VOLUMES, volume, VOLUME_FINALIZER)
        return None


def let_go(client: Client, gvr: Gvr, obj: Tree, finalizer: str) -> None:
    """Take a finalizer off an object. Raises ApiError, but not when the object is gone."""
    known = obj["metadata"].get("finalizers") or ()
    if finalizer not in known:
        return
    metadata = {name: value for name, value in obj["metadata"].items() if name != "finalizers"}
    rest = [each for each in known if each != finalizer]
    if rest:
        metadata["finalizers"] = rest
    try:
        client.update(gvr, {**obj, "metadata": metadata})
    except ApiError as error:
        if error.reason != "NotFound":
            raise
