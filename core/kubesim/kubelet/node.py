"""The Node object that a kubelet registers and keeps up to date, built from a NodeSpec; pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from kubesim.kubelet import images
from kubesim.kubelet.settings import DEFAULT, Settings
from kubesim.objects import quantities
from kubesim.objects.wire import Tree

VERSION = "v1.37.0"
MAX_IMAGES = 50
"""# k8s: nodeStatusMaxImages"""
HANDLER_FEATURES: Mapping[str, Any] = {"recursiveReadOnlyMounts": True, "userNamespaces": True}
"""# k8s: what containerd 2.1 says of runc"""
ENDPOINTS: Mapping[str, Any] = {"kubeletEndpoint": {"Port": 10250}}


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """What a node is made of. Amounts are quantities."""

    name: str
    cpu: str = "4"
    memory: str = "16Gi"
    pods: int = 110
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Tree, ...] = ()
    zone: str = ""
    region: str = ""
    role: str = ""
    """``control-plane``, ``worker``, ... for the label node-role.kubernetes.io/..."""
    images: tuple[str, ...] = ()
    """Images that are there from the beginning."""
    ephemeral_storage: str = "100Gi"
    bandwidth: str = "50Mi"
    """Bytes a second that an image pull gets."""
    pull_latency_ms: int = 300
    annotations: Mapping[str, str] = field(default_factory=dict)
    extended: Mapping[str, str] = field(default_factory=dict)
    """Extended resources, for instance ``nvidia.com/gpu: "2"``."""
    kubelet: Settings = DEFAULT
    runtimes: tuple[str, ...] = ("runc",)
    """The handlers that RuntimeClasses may name."""


CONDITIONS = (
    (
        "MemoryPressure",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        "NodeHasSufficientMemory",
    ),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"),
)
"""Type, reason, message and event of the pressures that there are not. # k8s: kubelet/nodestatus/setters.go"""
PRESSURES = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}
"""Reason and message of those that there are, by type."""
PRESSURE_EVENTS = (
    ("MemoryPressure", "NodeHasSufficientMemory", "NodeHasInsufficientMemory"),
    ("DiskPressure", "NodeHasNoDiskPressure", "NodeHasDiskPressure"),
    ("PIDPressure", "NodeHasSufficientPID", "NodeHasInsufficientPID"),
)
"""Type, and the events when it is over and when it begins."""
NOT_READY_YET = (
    "[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"
)

SHUTTING_DOWN = "node is shutting down"


def labels(spec: NodeSpec) -> dict[str, str]:
    """The labels of a node."""
    found = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
    }
    if spec.role:
        found[f"node-role.kubernetes.io/{spec.role}"] = ""
    if spec.region or spec.zone:
        found["topology.kubernetes.io/region"] = spec.region or spec.zone.rsplit("-", 1)[0].rstrip("abcdef") or "local"
    if spec.zone:
        found["topology.kubernetes.io/zone"] = spec.zone
    return {**found, **spec.labels}


def capacity(spec: NodeSpec) -> dict[str, str]:
    """What the node has; all of it is allocatable.

    # differs: nothing is reserved for the system
    """
    return {
        "cpu": quantities.canonical(spec.cpu),
        "ephemeral-storage": quantities.canonical(spec.ephemeral_storage),
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": quantities.canonical(spec.memory),
        "pods": str(spec.pods),
        **spec.extended,
    }


def allocatable(status: Mapping[str, Any]) -> Mapping[str, str]:
    """What pods may use by a Node's status: of extended resources all that somebody has noted as capacity.

    # k8s: pkg/kubelet/nodestatus MachineInfo
    """
    now, has = status.get("allocatable") or {}, status.get("capacity") or {}
    extended = {name: amount for name, amount in has.items() if _is_extended(name)}
    if extended == {name: amount for name, amount in now.items() if _is_extended(name)}:
        return cast("Mapping[str, str]", now)
    return {**{name: amount for name, amount in now.items() if not _is_extended(name)}, **extended}


def _is_extended(name: str) -> bool:
    return "/" in name and not name.startswith("kubernetes.io/")


def node_info(name: str, boot: int) -> dict[str, Any]:
    """``status.nodeInfo``; the boot ID changes with every boot."""
    return {
        "architecture": "amd64",
        "bootID": _identifier(f"{name}/boot/{boot}"),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.12.41-sim",
        "kubeProxyVersion": "",
        "kubeletVersion": VERSION,
        "machineID": sha256(f"{name}/machine".encode()).hexdigest()[:32],
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "systemUUID": _identifier(f"{name}/system"),
    }


def _identifier(text: str) -> str:
    found = sha256(text.encode()).hexdigest()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:32]}"


def conditions(
    old: list[Tree], stamp: str, *, ready: bool, message: str = NOT_READY_YET, pressures: Collection[str] = ()
) -> list[Tree]:
    """The conditions that the kubelet posts; the time of a transition stays while the status does."""
    before = {candidate["type"]: candidate for candidate in old}
    wanted = [
        (type_, "True", *PRESSURES[type_]) if type_ in pressures else (type_, "False", reason, text)
        for type_, reason, text, _ in CONDITIONS
    ]
    if ready:
        wanted.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    else:
        wanted.append(("Ready", "False", "KubeletNotReady", message))
    made: list[Tree] = []
    for type_, status, reason, text in wanted:
        known = before.pop(type_, None)
        since = known["lastTransitionTime"] if known is not None and known["status"] == status else stamp
        made.append(
            {
                "lastHeartbeatTime": stamp,
                "lastTransitionTime": since,
                "message": text,
                "reason": reason,
                "status": status,
                "type": type_,
            }
        )
    return list(before.values()) + made


def image_list(present: Mapping[str, int]) -> list[Tree]:
    """``status.images``: the largest first."""
    ordered = sorted(present.items(), key=_size_and_name)[:MAX_IMAGES]
    return [{"names": _names(full), "sizeBytes": size} for full, size in ordered]


def _names(full: str) -> list[str]:
    """By digest, then by tag. # k8s: nodestatus Images."""
    try:
        identifier = images.parse(full).identifier
    except images.ImageNameError:
        return [full]
    return [identifier] if identifier == full else [identifier, full]


def _size_and_name(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def body(spec: NodeSpec, address: str, cidr: str, stamp: str, present: Mapping[str, int]) -> dict[str, Any]:
    """The Node to register."""
    metadata: dict[str, Any] = {"name": spec.name, "labels": labels(spec)}
    metadata["annotations"] = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        **spec.annotations,
    }
    wanted: dict[str, Any] = {"podCIDR": cidr, "podCIDRs": [cidr], "providerID": f"kubetui://{spec.name}"}
    if spec.taints:
        wanted["taints"] = [dict(taint) for taint in spec.taints]
    amounts = capacity(spec)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": wanted,
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": spec.name}],
            "allocatable": amounts,
            "capacity": amounts,
            "conditions": conditions([], stamp, ready=False),
            "daemonEndpoints": ENDPOINTS,
            "images": image_list(present),
            "nodeInfo": node_info(spec.name, 0),
            "features": {"supplementalGroupsPolicy": True},
            "runtimeHandlers": [{"features": HANDLER_FEATURES, "name": name} for name in ("", *spec.runtimes)],
        },
    }


def lease(name: str, uid: str, renewed: str) -> dict[str, Any]:
    """The Lease by which a kubelet shows that it lives."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed},
    }
