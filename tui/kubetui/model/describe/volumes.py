"""The volumes of a pod or of a pod template."""

from collections.abc import Callable, Sequence
from typing import Any

from kubesim.objects import quantities
from kubesim.objects.wire import Tree
from kubetui.model.describe.layout import NONE, UNSET, Sheet, shown
from kubetui.model.describe.metadata import annotations, labels, listing


def volumes(sheet: Sheet, found: Sequence[Tree], indent: str = "") -> None:
    """The section of volumes; ``indent`` is set inside a template."""
    if not found:
        sheet.line(0, f"{indent}Volumes:\t{NONE}")
        return
    sheet.line(0, f"{indent}Volumes:")
    for volume in found:
        sheet.line(1, f"{' ' if indent else ''}{volume['name']}:")
        source(sheet, volume)


def source(sheet: Sheet, volume: Tree) -> None:
    """Where a volume's content comes from."""
    for key, write in _SOURCES.items():
        if key in volume:
            write(sheet, volume[key] or {})
            return
    for key, (title, fields) in _PLAIN.items():
        if key in volume:
            _plain(sheet, title, volume[key] or {}, fields)
            return
    sheet.line(1, "<unknown>")


def _plain(sheet: Sheet, title: str, wanted: Tree, fields: Sequence[tuple[str, str, Any]]) -> None:
    sheet.pair(2, "Type", title)
    for name, key, default in fields:
        sheet.pair(2, name, wanted.get(key, default))


def _host_path(sheet: Sheet, wanted: Tree) -> None:
    kind = wanted.get("type")
    sheet.pair(2, "Type", "HostPath (bare host directory volume)")
    sheet.pair(2, "Path", wanted.get("path", ""))
    sheet.pair(2, "HostPathType", NONE if kind is None else kind)


def _empty_dir(sheet: Sheet, wanted: Tree) -> None:
    limit = wanted.get("sizeLimit")
    sheet.pair(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)")
    sheet.pair(2, "Medium", wanted.get("medium", ""))
    sheet.pair(2, "SizeLimit", quantities.canonical(limit) if limit and quantities.nano(limit) > 0 else UNSET)


def _projected(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "Projected (a volume that contains injected data from multiple sources)")
    for part in wanted.get("sources") or ():
        if "secret" in part:
            sheet.pair(2, "SecretName", part["secret"].get("name", ""))
            sheet.pair(2, "Optional", bool(part["secret"].get("optional")))
        elif "downwardAPI" in part:
            sheet.pair(2, "DownwardAPI", True)
        elif "configMap" in part:
            sheet.pair(2, "ConfigMapName", part["configMap"].get("name", ""))
            sheet.pair(2, "Optional", bool(part["configMap"].get("optional")))
        elif "serviceAccountToken" in part:
            sheet.pair(2, "TokenExpirationSeconds", part["serviceAccountToken"].get("expirationSeconds", 3600))


def _downward(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "DownwardAPI (a volume populated by information about the pod)")
    sheet.line(2, "Items:")
    for item in wanted.get("items") or ():
        if "fieldRef" in item:
            sheet.line(3, f"{item['fieldRef'].get('fieldPath', '')} -> {item.get('path', '')}")
        if "resourceFieldRef" in item:
            sheet.line(3, f"{item['resourceFieldRef'].get('resource', '')} -> {item.get('path', '')}")


def _csi(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)")
    sheet.pair(2, "Driver", wanted.get("driver", ""))
    sheet.pair(2, "FSType", wanted.get("fsType", ""))
    if "volumeHandle" in wanted:
        sheet.pair(2, "VolumeHandle", wanted["volumeHandle"])
    sheet.pair(2, "ReadOnly", bool(wanted.get("readOnly")))
    attributes = wanted.get("volumeAttributes") or {}
    listing(sheet, "VolumeAttributes", [f"    {_cut(key, attributes[key])}" for key in sorted(attributes)], "    ")


def _cut(key: str, value: str) -> str:
    text = f"{key}={value}"
    return text if len(text) <= 140 else f"{text[:140]}..."


def _ephemeral(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(
        2, "Type", "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)"
    )
    template = wanted.get("volumeClaimTemplate")
    if not template:
        return
    # k8s: the template has no status, so capacity and access modes stay empty.
    spec, metadata = template.get("spec") or {}, template.get("metadata") or {}
    nested = Sheet()
    nested.pair(0, "StorageClass", spec.get("storageClassName") or "")
    nested.pair(0, "Volume", spec.get("volumeName") or "")
    labels(nested, "Labels", metadata.get("labels"))
    annotations(nested, "Annotations", metadata.get("annotations"))
    nested.pair(0, "Capacity", "")
    nested.pair(0, "Access Modes", "")
    if "volumeMode" in spec:
        nested.pair(0, "VolumeMode", spec["volumeMode"])
    for line in nested.raw().splitlines():
        sheet.line(2, line)


def _image(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "Image (a container image or OCI artifact)")
    sheet.pair(2, "Reference", wanted.get("reference", ""))
    sheet.pair(2, "PullPolicy", wanted.get("pullPolicy", ""))


def _secret(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "Secret (a volume populated by a Secret)")
    sheet.pair(2, "SecretName", wanted.get("secretName", ""))
    sheet.pair(2, "Optional", shown(bool(wanted.get("optional"))))


def _config_map(sheet: Sheet, wanted: Tree) -> None:
    sheet.pair(2, "Type", "ConfigMap (a volume populated by a ConfigMap)")
    sheet.pair(2, "Name", wanted.get("name", ""))
    sheet.pair(2, "Optional", shown(bool(wanted.get("optional"))))


_SOURCES: dict[str, Callable[[Sheet, Tree], None]] = {
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
    "secret": _secret,
    "configMap": _config_map,
    "ephemeral": _ephemeral,
    "downwardAPI": _downward,
    "projected": _projected,
    "csi": _csi,
    "image": _image,
}

_PLAIN: dict[str, tuple[str, tuple[tuple[str, str, Any], ...]]] = {
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server", "server", ""), ("Path", "path", ""), ("ReadOnly", "readOnly", False)),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName", "claimName", ""), ("ReadOnly", "readOnly", False)),
    ),
    "local": ("LocalVolume (a persistent volume backed by local storage on a node)", (("Path", "path", ""),)),
}
