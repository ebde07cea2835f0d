"""The API server's own Service and its endpoints in ``default``: somebody who deletes them gets them back."""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects.wire import ENDPOINTS, ENDPOINTSLICES, SERVICES, Gvr, Tree

NAME, NAMESPACE = "kubernetes", "default"
PERIOD_MS = 10_000
"""# k8s: pkg/controlplane/controller/kubernetesservice looks every ten seconds."""
_OWN = ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "generation", "managedFields")


class MasterServiceController:
    """Makes what was deleted again. ``controller`` is its driver; keys are the resources."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("kubernetes-service", loop, client, self)
        self._client = client
        self._lost: dict[Gvr, Tree] = {}
        hub.on(SERVICES, self._service_changed)
        hub.on(ENDPOINTS, self._endpoints_changed)
        hub.on(ENDPOINTSLICES, self._slice_changed)

    def _service_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is None and old is not None:
            self._note(SERVICES, old)

    def _endpoints_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is None and old is not None:
            self._note(ENDPOINTS, old)

    def _slice_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is None and old is not None:
            self._note(ENDPOINTSLICES, old)

    def _note(self, gvr: Gvr, old: Tree) -> None:
        metadata = old["metadata"]
        if metadata["name"] == NAME and metadata.get("namespace") == NAMESPACE:
            kept = {name: value for name, value in metadata.items() if name not in _OWN}
            self._lost[gvr] = {**old, "metadata": kept}
            self.controller.add_after(gvr, PERIOD_MS)

    def reconcile(self, key: Hashable) -> int | None:
        """Make one of the objects again when it is still gone."""
        gvr = cast("Gvr", key)
        lost = self._lost.pop(gvr, None)
        if lost is not None and self._client.get(gvr, NAMESPACE, NAME) is None:
            self._client.create(gvr, NAMESPACE, lost)
        return None
