"""Volumes of CSI drivers and the nodes they are attached to: names and readers; pure."""

from hashlib import sha256
from typing import Any

from kubesim.objects.wire import EMPTY, Gvr, Tree

ATTACHMENTS = Gvr("storage.k8s.io", "v1", "volumeattachments")
CSINODES = Gvr("storage.k8s.io", "v1", "csinodes")
CSIDRIVERS = Gvr("storage.k8s.io", "v1", "csidrivers")


def driver_of(volume: Tree) -> str:
    """The CSI driver of a volume, "" for other volumes."""
    return str((volume["spec"].get("csi") or EMPTY).get("driver", ""))


def attachment_name(volume: Tree, node: str) -> str:
    """The name of the VolumeAttachment. # k8s: csi getAttachmentName."""
    csi = volume["spec"]["csi"]
    return f"csi-{sha256((csi['volumeHandle'] + csi['driver'] + node).encode()).hexdigest()}"


def is_own_name(name: str) -> bool:
    """Whether the attach-detach controller would call an attachment so."""
    return name.startswith("csi-") and len(name) == 68


def unique_name(volume: Tree) -> str:
    """The name of a volume in the status of a Node."""
    csi = volume["spec"]["csi"]
    return f"kubernetes.io/csi/{csi['driver']}^{csi['volumeHandle']}"


def needs_attaching(driver: Tree | None) -> bool:
    """Whether the volumes of a driver are attached to nodes; a driver without a CSIDriver object does."""
    return driver is None or (driver.get("spec") or EMPTY).get("attachRequired") is not False


def is_attached(attachment: Tree | None) -> bool:
    """Whether an attachment is complete."""
    return attachment is not None and bool((attachment.get("status") or EMPTY).get("attached"))


def is_shared(volume: Tree) -> bool:
    """Whether several nodes may have a volume."""
    return any(mode in {"ReadOnlyMany", "ReadWriteMany"} for mode in volume["spec"].get("accessModes") or ())


def attachment(volume: Tree, node: str) -> dict[str, Any]:
    """The VolumeAttachment that asks for a volume on a node."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {
            "name": attachment_name(volume, node),
            "annotations": {"csi.alpha.kubernetes.io/node-id": node},
            "finalizers": [f"external-attacher/{driver_of(volume).replace('.', '-')}"],
        },
        "spec": {
            "attacher": driver_of(volume),
            "nodeName": node,
            "source": {"persistentVolumeName": volume["metadata"]["name"]},
        },
    }
