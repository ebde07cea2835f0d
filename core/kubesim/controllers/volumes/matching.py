"""How a claim looks once it is bound, and the volumes that provisioners make."""

from typing import Any

from kubesim.objects import refs
from kubesim.objects.volumes import BIND_COMPLETED, BOUND_BY_CONTROLLER, annotated, reference_to, request_of
from kubesim.objects.wire import Tree

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"


def bound_claim(claim: Tree, volume: Tree) -> Tree:
    """A claim that names its volume; the same object when it does."""
    changes = {BIND_COMPLETED: "yes"}
    if claim["spec"].get("volumeName") != volume["metadata"]["name"]:
        changes[BOUND_BY_CONTROLLER] = "yes"
        claim = {**claim, "spec": {**claim["spec"], "volumeName": volume["metadata"]["name"]}}
    return annotated(claim, **changes)


def bound_status(volume: Tree) -> dict[str, Any]:
    """The status of a claim that is bound to a volume."""
    spec = volume["spec"]
    return {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": spec["capacity"]}


def provisioned(claim: Tree, storage_class: Tree) -> dict[str, Any]:
    """The volume that a provisioner makes for a claim."""
    name, spec = f"pvc-{refs.uid(claim)}", claim["spec"]
    driver = storage_class["provisioner"]
    body: dict[str, Any] = {
        "capacity": {"storage": request_of(claim)},
        "csi": {"driver": driver, "volumeHandle": name},
        "accessModes": spec["accessModes"],
        "claimRef": reference_to(claim),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
        "storageClassName": storage_class["metadata"]["name"],
        "volumeMode": spec.get("volumeMode", "Filesystem"),
    }
    if storage_class.get("mountOptions"):
        body["mountOptions"] = storage_class["mountOptions"]
    metadata = {"name": name, "annotations": {PROVISIONED_BY: driver}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": body}
