"""Volumes of the cluster, claims on them, and their classes, as kubectl describes them."""

from collections.abc import Sequence

from kubesim.objects import quantities
from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, UNSET, Sheet
from kubetui.model.describe.metadata import annotations, field, labels
from kubetui.model.describe.volumes import source

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_ORDER = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
Related = Sequence[Tree] | None


def modes(found: Sequence[str] | None) -> str:
    """Access modes in short, in kubectl's order."""
    known = found or ()
    return ",".join(_MODES[mode] for mode in _ORDER if mode in known)


def _capacity(text: object) -> str:
    return quantities.canonical(str(text)) if text else ""


def describe_volume(obj: Tree, found: Related, now: int) -> str:
    """A PersistentVolume."""
    sheet, metadata, spec = Sheet(), obj["metadata"], obj.get("spec") or {}
    sheet.pair(0, "Name", metadata["name"])
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "Finalizers", list(metadata.get("finalizers") or ()))
    sheet.pair(0, "StorageClass", spec.get("storageClassName", ""))
    deleted = metadata.get("deletionTimestamp")
    sheet.pair(0, "Status", f"Terminating (lasts {deleted})" if deleted else field(obj, "status.phase"))
    claim = spec.get("claimRef")
    sheet.pair(0, "Claim", "" if claim is None else f"{claim.get('namespace', '')}/{claim.get('name', '')}")
    sheet.pair(0, "Reclaim Policy", spec.get("persistentVolumeReclaimPolicy", ""))
    sheet.pair(0, "Access Modes", modes(spec.get("accessModes")))
    sheet.optional(0, "VolumeMode", spec.get("volumeMode"))
    sheet.pair(0, "Capacity", _capacity(field(obj, "spec.capacity.storage")))
    _affinity(sheet, field(obj, "spec.nodeAffinity.required.nodeSelectorTerms", ()))
    sheet.pair(0, "Message", field(obj, "status.message"))
    sheet.line(0, "Source:")
    inner = Sheet()
    source(inner, spec)
    sheet.write(inner.raw())
    events(sheet, found, now)
    return sheet.text()


def _affinity(sheet: Sheet, terms: Sequence[Tree]) -> None:
    if not terms:
        sheet.pair(0, "Node Affinity", NONE)
        return
    sheet.line(0, "Node Affinity:")
    sheet.line(1, "Required Terms:")
    for number, term in enumerate(terms):
        expressions = term.get("matchExpressions") or ()
        for position, each in enumerate(expressions):
            values = f" [{', '.join(each['values'])}]" if each.get("values") else ""
            head = f"Term {number}:\t" if not position else "\t"
            sheet.line(2, f"{head}{each['key']} {each['operator'].lower()}{values}")
        if not expressions:
            sheet.line(2, f"Term {number}:\t{NONE}")


def describe_claim(obj: Tree, pods: Sequence[Tree], found: Related, now: int) -> str:
    """A PersistentVolumeClaim."""
    sheet, metadata, spec = Sheet(), obj["metadata"], obj.get("spec") or {}
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    sheet.pair(0, "StorageClass", spec.get("storageClassName", ""))
    deleted = metadata.get("deletionTimestamp")
    sheet.pair(0, "Status", f"Terminating (lasts {deleted})" if deleted else field(obj, "status.phase"))
    sheet.pair(0, "Volume", spec.get("volumeName", ""))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "Finalizers", list(metadata.get("finalizers") or ()))
    bound = bool(spec.get("volumeName"))
    sheet.pair(0, "Capacity", _capacity(field(obj, "status.capacity.storage")) if bound else "")
    sheet.pair(0, "Access Modes", modes(field(obj, "status.accessModes", ())) if bound else "")
    sheet.optional(0, "VolumeMode", spec.get("volumeMode"))
    data = spec.get("dataSource")
    if data:
        sheet.line(0, "DataSource:")
        sheet.optional(1, "APIGroup", data.get("apiGroup"))
        sheet.pair(1, "Kind", data.get("kind", ""))
        sheet.pair(1, "Name", data.get("name", ""))
    users = [pod["metadata"]["name"] for pod in pods if _uses(pod, metadata["name"])]
    for position, name in enumerate(users or [NONE]):
        sheet.write(("\t" if position else "Used By:\t") + f"{name}\n")
    conditions = field(obj, "status.conditions", ())
    if conditions:
        sheet.line(0, "Conditions:")
        sheet.row(1, "Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message")
        sheet.row(1, "----", "------", "-----------------", "------------------", "------", "-------")
        for each in conditions:
            fields = ("type", "status", "lastProbeTime", "lastTransitionTime", "reason", "message")
            sheet.row(1, *(each.get(name, "") or "" for name in fields))
    events(sheet, found, now)
    return sheet.text()


def _uses(pod: Tree, claim: str) -> bool:
    for volume in field(pod, "spec.volumes", ()):
        named = field(volume, "persistentVolumeClaim.claimName")
        ephemeral = f"{pod['metadata']['name']}-{volume['name']}" if "ephemeral" in volume else ""
        if claim in {named, ephemeral}:
            return True
    return False


def _flat(values: dict[str, str] | None) -> str:
    known = values or {}
    return ",".join(f"{key}={known[key]}" for key in sorted(known)) or NONE


def describe_class(obj: Tree, found: Related, now: int) -> str:
    """A StorageClass."""
    sheet, notes = Sheet(), obj["metadata"].get("annotations") or {}
    sheet.pair(0, "Name", obj["metadata"]["name"])
    default = "true" in {notes.get(DEFAULT_CLASS), notes.get(BETA_DEFAULT_CLASS)}
    sheet.pair(0, "IsDefaultClass", "Yes" if default else "No")
    sheet.pair(0, "Annotations", _flat(notes))
    sheet.pair(0, "Provisioner", obj.get("provisioner", ""))
    sheet.pair(0, "Parameters", _flat(obj.get("parameters")))
    expansion = obj.get("allowVolumeExpansion")
    sheet.pair(0, "AllowVolumeExpansion", UNSET if expansion is None else "True" if expansion else "False")
    options = obj.get("mountOptions") or ()
    if options:
        sheet.line(0, "MountOptions:")
        for option in options:
            sheet.line(1, option)
    else:
        sheet.pair(0, "MountOptions", NONE)
    sheet.optional(0, "ReclaimPolicy", obj.get("reclaimPolicy"))
    sheet.optional(0, "VolumeBindingMode", obj.get("volumeBindingMode"))
    topologies = obj.get("allowedTopologies") or ()
    if topologies:
        sheet.line(0, "AllowedTopologies:")
        for number, term in enumerate(topologies):
            for position, each in enumerate(term.get("matchLabelExpressions") or ()):
                head = f"Term {number}:\t" if not position else "\t"
                sheet.line(1, f"{head}{each['key']} in [{', '.join(each.get('values') or ())}]")
    events(sheet, found, now)
    return sheet.text()


def describe_priority_class(obj: Tree, found: Related, now: int) -> str:
    """A PriorityClass."""
    sheet = Sheet()
    sheet.pair(0, "Name", obj["metadata"]["name"])
    sheet.pair(0, "Value", obj.get("value", 0))
    sheet.pair(0, "GlobalDefault", bool(obj.get("globalDefault", False)))
    sheet.pair(0, "PreemptionPolicy", obj.get("preemptionPolicy", ""))
    sheet.pair(0, "Description", obj.get("description", ""))
    sheet.pair(0, "Annotations", _flat(obj["metadata"].get("annotations")))
    events(sheet, found, now)
    return sheet.text()
