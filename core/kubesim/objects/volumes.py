"""Claims and volumes: which claims a pod uses, which volume fits a claim, and how a volume is set aside for one."""

from collections.abc import Iterable
from typing import Any

from kubesim.objects import quantities, refs, selectors
from kubesim.objects.storageclasses import class_of
from kubesim.objects.wire import EMPTY, Tree

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def claim_names(spec: Tree, pod_name: str) -> list[str]:
    """The names of the claims that a pod of this spec uses, those of its ephemeral volumes among them."""
    found = []
    for volume in spec.get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim is not None:
            found.append(claim["claimName"])
        elif volume.get("ephemeral") is not None:
            found.append(f"{pod_name}-{volume['name']}")
    return found


def request_of(claim: Tree) -> str:
    """The size that a claim asks for."""
    return str(((claim["spec"].get("resources") or EMPTY).get("requests") or EMPTY).get("storage") or "0")


def size_of(volume: Tree) -> str:
    """The capacity of a volume."""
    return str((volume["spec"].get("capacity") or EMPTY).get("storage", "0"))


def is_delayed(storage_class: Tree | None) -> bool:
    """Whether claims of a class wait for a pod that uses them."""
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def is_bound(claim: Tree) -> bool:
    """Whether the binding of a claim is complete."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in refs.annotations(claim)


def is_held_by(volume: Tree, claim: Tree) -> bool:
    """Whether a volume is bound to a claim, or set aside for it."""
    reference = volume["spec"].get("claimRef")
    if not reference or (reference.get("namespace"), reference["name"]) != refs.place(claim):
        return False
    return reference.get("uid") in {None, "", refs.uid(claim)}


def fits(volume: Tree, claim: Tree) -> bool:
    """Whether a volume has what a claim asks for. # k8s: component-helpers/storage/volume FindMatchingVolume."""
    spec, wanted = volume["spec"], claim["spec"]
    if refs.is_deleting(volume) or class_of(volume) != class_of(claim):
        return False
    if spec.get("volumeMode", "Filesystem") != wanted.get("volumeMode", "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return False
    if quantities.compare(size_of(volume), request_of(claim)) < 0:
        return False
    selector = wanted.get("selector")
    return selector is None or selectors.from_label_selector(selector).matches(refs.labels(volume))


def find(volumes: Iterable[Tree], claim: Tree) -> Tree | None:
    """The volume set aside for a claim, or else the smallest free one that fits."""
    best: Tree | None = None
    for volume in volumes:
        if is_held_by(volume, claim):
            return volume
        if volume["spec"].get("claimRef") or (volume.get("status") or EMPTY).get("phase") != "Available":
            continue
        if fits(volume, claim) and (best is None or quantities.compare(size_of(volume), size_of(best)) < 0):
            best = volume
    return best


def annotated(obj: Tree, **changes: str) -> Tree:
    """The object with more annotations, given as ``{annotation: value}``; the same object when it has them."""
    known = refs.annotations(obj)
    if all(known.get(name) == value for name, value in changes.items()):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**known, **changes}}}


def reference_to(claim: Tree) -> dict[str, Any]:
    """The ``claimRef`` of a volume."""
    metadata = claim["metadata"]
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "v1",
        "resourceVersion": metadata["resourceVersion"],
    }


def bound_volume(volume: Tree, claim: Tree) -> Tree:
    """A volume that holds a claim; the same object when it does."""
    reference = volume["spec"].get("claimRef") or EMPTY
    if reference.get("uid") == refs.uid(claim):
        return volume
    if not reference:
        volume = annotated(volume, **{BOUND_BY_CONTROLLER: "yes"})
    return {**volume, "spec": {**volume["spec"], "claimRef": reference_to(claim)}}
