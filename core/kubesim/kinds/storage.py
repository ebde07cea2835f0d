"""PersistentVolumeClaims, PersistentVolumes, StorageClasses and the smaller storage kinds."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import (
    IMMUTABLE,
    forbidden,
    invalid,
    not_supported,
    one_of,
    required,
    unchanged,
)
from kubesim.kinds.formats import label_selector
from kubesim.kinds.goshape import difference, internal
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.pod.volumes import SOURCES, default_claim_spec
from kubesim.kinds.printing import UNSET, age
from kubesim.kinds.shapes import filled, filled_empty, inside
from kubesim.objects.errors import Cause
from kubesim.objects.quantities import canonical, compare
from kubesim.objects.refs import is_deleting
from kubesim.objects.wire import EMPTY, Tree

MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_SHORT = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
VOLUME_MODES = ("Block", "Filesystem")
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def _phase(obj: Tree) -> str:
    return "Terminating" if is_deleting(obj) else str((obj.get("status") or EMPTY).get("phase") or "")


def _modes(modes: Any) -> str:
    return ",".join(short for mode, short in _SHORT.items() if mode in (modes or ()))


def _class(obj: Tree) -> str:
    annotations = obj["metadata"].get("annotations") or EMPTY
    return str(annotations.get(OLD_CLASS) or (obj.get("spec") or EMPTY).get("storageClassName") or "")


def _access(field: str, modes: Any) -> list[Cause]:
    if not modes:
        return [required(field, "at least 1 access mode is required")]
    found = [not_supported(field, mode, MODES) for mode in modes if mode not in MODES]
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        found.append(forbidden(field, "may not use ReadWriteOncePod with other access modes"))
    return found


PENDING: Tree = {"phase": "Pending"}
DETACHED: Tree = {"attached": False}


class ClaimStrategy(Plain):
    """PersistentVolumeClaims."""

    gvr = resource("", "v1", "persistentvolumeclaims")
    kind = "PersistentVolumeClaim"
    short_names = ("pvc",)
    subresources = ("status",)
    has_generation = False
    initial_status = PENDING

    def default(self, obj: Tree) -> Tree:
        """A file system, pending."""
        obj = inside(filled(obj, spec={}, status={}), "spec", default_claim_spec)
        return inside(obj, "status", _pending)

    def validate(self, obj: Tree) -> list[Cause]:
        """Access modes, size, mode."""
        spec = obj["spec"]
        found = label_selector("spec.selector", spec.get("selector"))
        found += _access("spec.accessModes", spec.get("accessModes"))
        size = ((spec.get("resources") or EMPTY).get("requests") or EMPTY).get("storage")
        if size is None:
            found.append(required("spec.resources[storage]"))
        elif compare(size, 0) <= 0:
            found.append(invalid("spec.resources[storage]", canonical(size), "must be greater than zero"))
        mode = spec.get("volumeMode")
        return found + ([] if mode is None else one_of("spec.volumeMode", mode, VOLUME_MODES))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Once bound it may grow; nothing else changes."""
        if subresource == "status" or new["spec"] is old["spec"]:
            return []
        found = self.validate(new)
        level: Tree = new["spec"]
        before: Tree = old["spec"]
        phase = (old.get("status") or EMPTY).get("phase")
        if phase == "Bound":
            level = {**level, "resources": before.get("resources")}
            known, asked = _size(before), _size(new["spec"])
            if known and asked and compare(asked, known) < 0:
                why = "field can not be less than status.capacity"
                found.append(forbidden("spec.resources.requests.storage", why))
        if not before.get("volumeName"):
            level = {**level, "volumeName": before.get("volumeName")}
        if before.get("storageClassName") is None:
            level = {**level, "storageClassName": None}
        diff = difference(internal(before, "ClaimSpec"), internal(level, "ClaimSpec"))
        if diff:
            why = (
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
                f"claims\n{diff}"
            )
            found.append(forbidden("spec", why))
        return found

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Phase, volume, size."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        bound = spec.get("volumeName") or ""
        return [
            obj["metadata"]["name"],
            _phase(obj),
            bound,
            str((status.get("capacity") or EMPTY).get("storage") or "0") if bound else "",
            _modes(status.get("accessModes")) if bound else "",
            _class(obj),
            spec.get("volumeAttributesClassName") or UNSET,
            age(obj, now),
            spec.get("volumeMode") or UNSET,
        ]


def _size(spec: Tree) -> Any:
    return ((spec.get("resources") or EMPTY).get("requests") or EMPTY).get("storage")


def _pending(status: Tree) -> Tree:
    return filled_empty(status, phase="Pending")


class VolumeStrategy(Plain):
    """PersistentVolumes."""

    gvr = resource("", "v1", "persistentvolumes")
    kind = "PersistentVolume"
    namespaced = False
    short_names = ("pv",)
    subresources = ("status",)
    has_generation = False
    initial_status = PENDING

    def default(self, obj: Tree) -> Tree:
        """Retained, a file system, pending."""
        obj = inside(filled(obj, spec={}, status={}), "spec", _default_volume)
        return inside(obj, "status", _pending)

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Pending since now."""
        return {**obj, "status": {"phase": "Pending", "lastPhaseTransitionTime": context.stamp}}

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A new phase is dated."""
        new = super().prepare_update(new, old, context, subresource)
        status, before = new.get("status") or EMPTY, old.get("status") or EMPTY
        if subresource != "status" or status.get("phase") == before.get("phase"):
            return new
        if status.get("lastPhaseTransitionTime") != before.get("lastPhaseTransitionTime"):
            return new
        return {**new, "status": {**status, "lastPhaseTransitionTime": context.stamp}}

    def validate(self, obj: Tree) -> list[Cause]:
        """Access modes, capacity, one source."""
        spec = obj["spec"]
        found = _access("spec.accessModes", spec.get("accessModes"))
        capacity = spec.get("capacity")
        if not capacity:
            found.append(required("spec.capacity"))
        elif "storage" not in capacity or len(capacity) > 1:
            found.append(not_supported("spec.capacity", capacity, ("storage",)))
        elif compare(capacity["storage"], 0) <= 0:
            text = canonical(capacity["storage"])
            found.append(invalid("spec.capacity[storage]", text, "must be greater than zero"))
        sources = [name for name in (*SOURCES, "local") if spec.get(name) is not None]
        why = "may not specify more than 1 volume type"
        found += [forbidden(f"spec.{name}", why) for name in sources[1:]]
        if not sources:
            found.append(required("spec", "must specify a volume type"))
        policy = spec.get("persistentVolumeReclaimPolicy")
        return found + one_of("spec.persistentVolumeReclaimPolicy", policy, ("Delete", "Recycle", "Retain"))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The source stays."""
        spec, before = new["spec"], old["spec"]
        if subresource == "status" or spec is before:
            return []
        found = self.validate(new)
        if any(spec.get(name) != before.get(name) for name in (*SOURCES, "local")):
            found.append(
                forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")
            )
        return found + unchanged("spec.volumeMode", spec.get("volumeMode"), before.get("volumeMode"))

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Size, phase, claim."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        claim = spec.get("claimRef")
        return [
            obj["metadata"]["name"],
            str((spec.get("capacity") or EMPTY).get("storage") or "0"),
            _modes(spec.get("accessModes")),
            spec.get("persistentVolumeReclaimPolicy") or "",
            _phase(obj),
            f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else "",
            _class(obj),
            spec.get("volumeAttributesClassName") or UNSET,
            status.get("reason") or "",
            age(obj, now),
            spec.get("volumeMode") or UNSET,
        ]


def _default_volume(spec: Tree) -> Tree:
    spec = filled_empty(spec, persistentVolumeReclaimPolicy="Retain")
    spec = filled(spec, volumeMode="Filesystem")
    return inside(spec, "hostPath", _default_host_path)


def _default_host_path(source: Tree) -> Tree:
    return filled(source, type="")


class StorageClassStrategy(Plain):
    """StorageClasses."""

    gvr = resource("storage.k8s.io", "v1", "storageclasses")
    kind = "StorageClass"
    namespaced = False
    short_names = ("sc",)
    has_generation = False

    def default(self, obj: Tree) -> Tree:
        """Volumes are made at once and deleted with their claim."""
        return filled(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")

    def validate(self, obj: Tree) -> list[Cause]:
        """A provisioner and known policies."""
        found = [] if obj.get("provisioner") else [required("provisioner")]
        found += one_of("reclaimPolicy", obj.get("reclaimPolicy"), ("Delete", "Retain"))
        return found + one_of("volumeBindingMode", obj.get("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer"))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Hardly anything changes."""
        del subresource
        names = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
        return [invalid(name, new.get(name), IMMUTABLE) for name in names if new.get(name) != old.get(name)]

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Provisioner and policies."""
        chosen = (obj["metadata"].get("annotations") or EMPTY).get(DEFAULT_CLASS) == "true"
        return [
            obj["metadata"]["name"] + (" (default)" if chosen else ""),
            obj.get("provisioner") or "",
            obj.get("reclaimPolicy") or "Delete",
            obj.get("volumeBindingMode") or "Immediate",
            bool(obj.get("allowVolumeExpansion")),
            age(obj, now),
        ]


class DriverStrategy(Plain):
    """CSIDrivers."""

    gvr = resource("storage.k8s.io", "v1", "csidrivers")
    kind = "CSIDriver"
    namespaced = False
    has_generation = False
    allow_unconditional_update = False

    def default(self, obj: Tree) -> Tree:
        """What a driver does unless it says otherwise."""
        return inside(filled(obj, spec={}), "spec", _default_driver)

    def cells(self, obj: Tree) -> list[Any]:
        """What the driver does."""
        spec = obj["spec"]
        requests = spec.get("tokenRequests")
        audiences = UNSET if requests is None else ",".join(request.get("audience") or "" for request in requests)
        return [
            spec.get("attachRequired", True),
            bool(spec.get("podInfoOnMount")),
            bool(spec.get("storageCapacity")),
            audiences,
            bool(spec.get("requiresRepublish")),
            ",".join(spec.get("volumeLifecycleModes") or ()) or "<none>",
        ]


def _default_driver(spec: Tree) -> Tree:
    spec = filled_empty(spec, volumeLifecycleModes=["Persistent"])
    spec = filled(spec, attachRequired=True, podInfoOnMount=False, storageCapacity=False)
    return filled(spec, fsGroupPolicy="ReadWriteOnceWithFSType", requiresRepublish=False, seLinuxMount=False)


class AttachmentStrategy(Plain):
    """VolumeAttachments."""

    gvr = resource("storage.k8s.io", "v1", "volumeattachments")
    kind = "VolumeAttachment"
    namespaced = False
    subresources = ("status",)
    has_generation = False
    allow_unconditional_update = False
    initial_status = DETACHED

    def cells(self, obj: Tree) -> list[Any]:
        """What is attached where."""
        spec = obj.get("spec") or EMPTY
        volume = (spec.get("source") or EMPTY).get("persistentVolumeName") or ""
        attached = bool((obj.get("status") or EMPTY).get("attached"))
        return [spec.get("attacher") or "", volume, spec.get("nodeName") or "", attached]


class CsiNodeStrategy(Plain):
    """CSINodes."""

    gvr = resource("storage.k8s.io", "v1", "csinodes")
    kind = "CSINode"
    namespaced = False
    subresources = ("status",)
    initial_status = EMPTY
    has_generation = False
    allow_unconditional_update = False

    def cells(self, obj: Tree) -> list[Any]:
        """How many drivers."""
        return [len((obj.get("spec") or EMPTY).get("drivers") or ())]
