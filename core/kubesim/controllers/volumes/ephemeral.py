"""Generic ephemeral volumes: a claim is made for each, called after the pod and gone with it.

# k8s: pkg/controller/volume/ephemeral
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CLAIMS, PODS, Tree


class EphemeralVolumeController:
    """``controller`` is its driver; keys are (namespace, name) of pods."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("ephemeral-volume", loop, client, self)
        self._client = client
        hub.on(PODS, self._pod_changed)
        for each in client.list(PODS):
            self._pod_changed(None, each, 0)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None or new is None:
            return
        for volume in new["spec"].get("volumes") or ():
            if "ephemeral" in volume:
                self.controller.add(refs.place(new), revision)
                return

    def reconcile(self, key: Hashable) -> int | None:
        """Make the claims of one pod."""
        pod = self._client.get(PODS, *cast("tuple[str, str]", key))
        if pod is None or refs.is_deleting(pod):
            return None
        for volume in pod["spec"].get("volumes") or ():
            if volume.get("ephemeral") is not None:
                self._make(pod, volume)
        return None

    def _make(self, pod: Tree, volume: Tree) -> None:
        metadata = pod["metadata"]
        name = f"{metadata['name']}-{volume['name']}"
        known = self._client.get(CLAIMS, metadata["namespace"], name)
        if known is None:
            self._create(pod, volume, name)
            return
        owner = refs.controller_of(known)
        if owner is None or owner["uid"] != metadata["uid"]:
            text = f'PVC "{metadata["namespace"]}/{name}" was not created for the pod (pod is not owner)'
            self._client.event(pod, "Warning", "FailedBinding", f"ephemeral volume {volume['name']}: {text}")

    def _create(self, pod: Tree, volume: Tree, name: str) -> None:
        template = volume["ephemeral"]["volumeClaimTemplate"]
        given = template.get("metadata") or {}
        made: dict[str, Any] = {"name": name, "namespace": pod["metadata"]["namespace"]}
        made.update((field, given[field]) for field in ("labels", "annotations") if given.get(field))
        made["ownerReferences"] = [refs.owner_reference(pod)]
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": made, "spec": template["spec"]}
        try:
            self._client.create(CLAIMS, pod["metadata"]["namespace"], body)
        except ApiError as error:
            self._client.event(pod, "Warning", "FailedBinding", f"ephemeral volume {volume['name']}: {error}")
            raise
