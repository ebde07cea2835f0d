"""The chain of admission plugins in kube-apiserver's order, for creations, changes and deletions."""

from kubesim.api.admission import scheduling, serviceaccount, storage
from kubesim.api.admission.plugin import Plugins
from kubesim.kernel.chance import Chance
from kubesim.objects.errors import ApiError, forbidden, not_found
from kubesim.objects.wire import NAMESPACES, NODES, PODS, Gvr, Tree
from kubesim.store.mvcc import Store

IMMORTAL = ("default", "kube-system", "kube-public")
"""Namespaces that may not be deleted."""


class Admission:
    """The plugins of one server."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store = store
        self._chance = chance
        self.plugins = Plugins(store)
        """Those that users set up by objects of their own: they are asked after the built-in rules."""

    def create(self, gvr: Gvr, namespace: str, obj: Tree) -> Tree:
        """A new object after all plugins. Raises ApiError."""
        shown = shown_name(obj)
        if namespace:
            self.check_namespace(gvr, namespace, shown)
        if gvr == PODS:
            return self.pod(obj, namespace, shown, self._chance.suffix())
        if gvr == NODES:
            return scheduling.with_not_ready_taint(obj)
        if gvr in storage.PROTECTED:
            return storage.admit(gvr, obj, self._store)
        return obj

    def update(self, gvr: Gvr, new: Tree, old: Tree) -> Tree:
        """A changed object after all plugins. Raises ApiError."""
        if gvr != PODS:
            return new
        spec = new.get("spec")
        before = old.get("spec")
        if spec is None or spec is before or before is None:
            return new
        # k8s: the Priority plugin keeps what it computed when the pod was created.
        kept = {field: before[field] for field in ("priority", "preemptionPolicy") if field in before}
        changed = scheduling.with_tolerations({**spec, **kept})
        return {**new, "spec": changed}

    def delete(self, gvr: Gvr, name: str) -> None:
        """Raise Forbidden for a deletion that may not be. # k8s: apiserver/pkg/admission/plugin/namespace/lifecycle."""
        if gvr == NAMESPACES and name in IMMORTAL:
            raise forbidden(gvr, name, "this namespace may not be deleted")
        if gvr.resource == "priorityclasses" and name in scheduling.SYSTEM_PRIORITIES:
            # k8s: the storage in registry/scheduling/priorityclass.
            raise forbidden(gvr, name, "this is a system priority class and cannot be deleted")

    def check_namespace(self, gvr: Gvr, namespace: str, shown: str) -> Tree:
        """The namespace of a creation. Raises NotFound when it is absent, Forbidden when it is going away."""
        space = self._store.get(NAMESPACES, "", namespace)
        if space is None:
            raise not_found(NAMESPACES, namespace)
        if space["metadata"].get("deletionTimestamp"):
            raise _terminating(gvr, namespace, shown)
        return space

    def pod(self, obj: Tree, namespace: str, shown: str, suffix: str) -> Tree:
        """A new pod after the plugins for pods, the namespace being checked already. Raises ApiError.

        ``suffix`` ends the name of its token volume.
        """
        spec: Tree = obj.get("spec") or {}
        metadata = obj["metadata"]
        store = self._store
        if serviceaccount.MIRROR not in (metadata.get("annotations") or ()):
            spec = serviceaccount.admit(spec, namespace, shown, store, suffix)
        spec = scheduling.with_priority(spec, shown, store)
        spec = scheduling.with_tolerations(spec)
        spec = scheduling.with_runtime_class(spec, shown, store)
        node = spec.get("nodeName")
        if node:
            labels = scheduling.with_topology(metadata.get("labels"), scheduling.topology_labels(node, store))
            if labels is not metadata.get("labels"):
                metadata = {**metadata, "labels": labels}
        return {**obj, "metadata": metadata, "spec": spec}


def shown_name(obj: Tree) -> str:
    """How a refusal calls an object that may have no name yet."""
    metadata = obj["metadata"]
    name: str = metadata.get("name") or metadata.get("generateName") or ""
    return name


def _terminating(gvr: Gvr, namespace: str, shown: str) -> ApiError:
    text = f"unable to create new content in namespace {namespace} because it is being terminated"
    status = forbidden(gvr, shown, text).status
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    return ApiError({**status, "details": {**status["details"], "causes": [cause]}})
