"""Builds Fault objects: creating one breaks something, deleting it mends it."""

from typing import Any

from kubesim.objects.units import fnv32a
from kubesim.objects.wire import FAULTS, Tree

NODE_CRASH, KUBELET_STOP, PARTITION, KILL = "NodeCrash", "KubeletStop", "NetworkPartition", "KillContainers"
COMPONENT_CRASH = "ComponentCrash"
MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE = "MemoryPressure", "DiskPressure", "PIDPressure"
SHUTDOWN = "NodeShutdown"
TYPES = (
    NODE_CRASH, KUBELET_STOP, PARTITION, KILL, COMPONENT_CRASH, MEMORY_PRESSURE, DISK_PRESSURE, PID_PRESSURE, SHUTDOWN,
)  # fmt: skip
MAX_NAME = 253


def crash_node(name: str) -> Tree:
    """The machine stops at once: its containers die, nobody says a word."""
    return _fault(NODE_CRASH, "crash", {"kind": "Node", "name": name})


def stop_kubelet(name: str) -> Tree:
    """The kubelet stops: containers go on, but nothing is reported, started or restarted."""
    return _fault(KUBELET_STOP, "kubelet-stop", {"kind": "Node", "name": name})


def partition(name: str) -> Tree:
    """The node is cut off from the API server: it goes on with what it knows."""
    return _fault(PARTITION, "partition", {"kind": "Node", "name": name})


def eat_memory(name: str) -> Tree:
    """A program outside of Kubernetes takes nearly all the memory of a node."""
    return _fault(MEMORY_PRESSURE, "memory", {"kind": "Node", "name": name})


def fill_disk(name: str) -> Tree:
    """The disk of a node fills up."""
    return _fault(DISK_PRESSURE, "disk", {"kind": "Node", "name": name})


def take_pids(name: str) -> Tree:
    """Programs outside of Kubernetes take nearly all the process numbers of a node."""
    return _fault(PID_PRESSURE, "pids", {"kind": "Node", "name": name})


def shut_down(name: str) -> Tree:
    """The machine shuts down: its kubelet stops the pods in order, then it goes off; mending switches it on."""
    return _fault(SHUTDOWN, "shutdown", {"kind": "Node", "name": name})


def kill_containers(namespace: str, pod: str) -> Tree:
    """The containers of a pod are killed once; the Fault is deleted when that is done."""
    return _fault(KILL, "kill", {"kind": "Pod", "namespace": namespace, "name": pod})


def crash_component(name: str, pod: str = "") -> Tree:
    """A part of the control plane crashes again and again: all of it, or one ``pod`` of kube-system."""
    target = {"kind": "Pod", "namespace": "kube-system", "name": pod} if pod else {"kind": "Component", "name": name}
    return _fault(COMPONENT_CRASH, "crash", target)


def _fault(type_: str, word: str, target: dict[str, Any]) -> Tree:
    place = ".".join(part for part in (target.get("namespace", ""), target["name"]) if part)
    name = f"{word}-{place}"
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 9]}-{fnv32a(name.encode()):08x}"
    return {
        "apiVersion": FAULTS.api_version,
        "kind": "Fault",
        "metadata": {"name": name},
        "spec": {"type": type_, "target": target},
    }
