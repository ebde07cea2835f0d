"""The admission plugins for storage: a default class for claims, finalizers that protect claims and volumes."""

from kubesim.objects.storageclasses import default_class, has_class
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
