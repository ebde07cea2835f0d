"""The namespace controller: empties a namespace that is being deleted, pods first, then finalizes it."""

from collections.abc import Hashable, Sequence
from typing import cast

from kubesim.controllers.namespaces import content
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.definitions import Definitions
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, NAMESPACES, PODS, Gvr, Tree

DELAY_MS = 5_000
"""Deletions are acted upon a little later. # k8s: namespace_controller.go namespaceDeletionGracePeriod"""
SLICE = 50
FINALIZER = "kubernetes"


class NamespaceController:
    """Empties namespaces. ``controller`` is its driver; keys are ("", name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, resources: Sequence[Gvr]) -> None:
        self.controller = Controller("namespace", loop, client, self)
        self._client = client
        self._resources = [gvr for gvr in dict.fromkeys(resources) if gvr not in {PODS, NAMESPACES}]
        self._definitions = Definitions(hub, self)
        hub.on(NAMESPACES, self._namespace_changed)
        for each in client.list(NAMESPACES):
            self._namespace_changed(None, each, 0)

    def follow(self, gvr: Gvr) -> None:
        """Empty namespaces of this resource too."""
        self._resources.append(gvr)

    def _namespace_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is not None and refs.is_deleting(new) and (old is None or not refs.is_deleting(old)):
            self.controller.add_after(("", new["metadata"]["name"]), DELAY_MS)

    def reconcile(self, key: Hashable) -> int | None:
        """Delete what is left in a namespace; returns when to look again. Level-triggered by time, as Kubernetes'."""
        _, name = cast("tuple[str, str]", key)
        namespace = self._client.get(NAMESPACES, "", name)
        if namespace is None or not refs.is_deleting(namespace):
            return None
        if (namespace.get("status") or EMPTY).get("phase") != "Terminating":
            status = {**(namespace.get("status") or EMPTY), "phase": "Terminating"}
            namespace = self._client.update_status(NAMESPACES, {**namespace, "status": status})
        if FINALIZER not in (namespace["spec"].get("finalizers") or ()):
            return None
        if self._delete_slice(name):
            return 0
        return self._conclude(namespace)

    def _delete_slice(self, namespace: str) -> bool:
        """Ask for the deletion of up to ``SLICE`` objects; True when there is more to ask for.

        # k8s: while pods remain nothing else is deleted (OrderedNamespaceDeletion)
        """
        budget = SLICE
        for gvr in (PODS, *self._resources):
            remaining = self._client.list(gvr, namespace)
            for each in remaining:
                if refs.is_deleting(each):
                    continue
                if budget == 0:
                    return True
                budget -= 1
                self._delete(gvr, each)
            if gvr == PODS and remaining and self._client.list(PODS, namespace):
                return False
        return False

    def _delete(self, gvr: Gvr, obj: Tree) -> None:
        try:
            self._client.delete(gvr, *refs.place(obj), {"propagationPolicy": "Background"})
        except ApiError as error:
            if error.reason not in {"NotFound", "MethodNotAllowed"}:
                raise

    def _conclude(self, namespace: Tree) -> int | None:
        """Write what is left into the conditions, or finalize when nothing is."""
        name = namespace["metadata"]["name"]
        pods = self._client.list(PODS, name)
        rest = {gvr: self._client.list(gvr, name) for gvr in (() if pods else self._resources)}
        left = content.Remaining({PODS: pods, **rest})
        stamp = self._client.stamp()
        known = (namespace.get("status") or EMPTY).get("conditions") or []
        conditions = content.conditions(known, left, stamp)
        if conditions != known:
            status = {**namespace["status"], "conditions": conditions}
            namespace = self._client.update_status(NAMESPACES, {**namespace, "status": status})
        now = self._client.now()
        deleted_at = parse_time(namespace["metadata"]["deletionTimestamp"])
        seconds = content.estimate(left, (now - deleted_at) / 1000)
        if seconds > 0:
            # k8s: ResourcesRemainingError: half the estimate and a second
            return (seconds // 2 + 1) * 1000
        if left:
            raise failure(500, "InternalError", f"unexpected items still remain in namespace: {name}")
        self._finalize(namespace)
        return None

    def _finalize(self, namespace: Tree) -> None:
        finalizers = [each for each in namespace["spec"].get("finalizers") or () if each != FINALIZER]
        spec = {key: value for key, value in namespace["spec"].items() if key != "finalizers"}
        if finalizers:
            spec["finalizers"] = finalizers
        self._client.update(NAMESPACES, {**namespace, "spec": spec}, "finalize")
