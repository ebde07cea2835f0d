"""The admission plugins for storage: a default class for claims, finalizers that protect, claims that may grow."""

from kubesim.api.admission.plugin import UPDATE, Attributes, Plugin
from kubesim.objects import quantities
from kubesim.objects.errors import forbidden
from kubesim.objects.storageclasses import class_of, default_class, has_class
from kubesim.objects.volumes import request_of
from kubesim.objects.wire import CLAIMS, STORAGECLASSES, VOLUMES, Gvr, Tree
from kubesim.store.mvcc import Store

PROTECTED = {CLAIMS: "kubernetes.io/pvc-protection", VOLUMES: "kubernetes.io/pv-protection"}


def admit(gvr: Gvr, obj: Tree, store: Store) -> Tree:
    """A new claim or volume. # k8s: DefaultStorageClass, StorageObjectInUseProtection."""
    if gvr == CLAIMS and not has_class(obj):
        name = default_class(store.range(STORAGECLASSES))
        if name:
            obj = {**obj, "spec": {**(obj.get("spec") or {}), "storageClassName": name}}
    finalizer, metadata = PROTECTED[gvr], obj["metadata"]
    known = metadata.get("finalizers") or []
    if finalizer in known:
        return obj
    return {**obj, "metadata": {**metadata, "finalizers": [*known, finalizer]}}


class ClaimResize(Plugin):
    """Bound claims may grow when their class says so. # k8s: plugin/pkg/admission/storage/persistentvolume/resize."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """Changes of claims."""
        del namespace
        return operation == UPDATE and gvr == CLAIMS and not subresource

    def validate(self, asked: Attributes) -> None:
        """Raise Forbidden for growth that nobody can bring about."""
        old, new = asked.old, asked.obj
        if old is None or new is None or quantities.compare(request_of(new), request_of(old)) <= 0:
            return
        found = self._store.get(STORAGECLASSES, "", class_of(new))
        if (old.get("status") or {}).get("phase") != "Bound":
            raise forbidden(asked.gvr, asked.shown, "Only bound persistent volume claims can be expanded")
        if found is None or not found.get("allowVolumeExpansion"):
            text = (
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                "support resize"
            )
            raise forbidden(asked.gvr, asked.shown, text)
