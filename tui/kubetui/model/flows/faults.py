"""Flows of simulated failures: create a Fault to break something, delete it to mend it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.objects import tree
from kubesim.objects.wire import FAULTS, NODES, PODS, Key, Request, Tree
from kubetui.model.flows.steps import BACKGROUND, Done, Flow, Progress, Undo, is_failure, refused


class FaultType(NamedTuple):
    """One way to break something; ``verb`` completes "you ... it"."""

    type: str
    target: str
    verb: str
    label: str
    help: str


FAULT_TYPES: tuple[FaultType, ...] = (
    FaultType("NodeCrash", "Node", "crash", "Crash node", "Power off: kubelet and containers stop at once"),
    FaultType(
        "KubeletStop", "Node", "stop the kubelet of", "Stop the kubelet of", "Containers run on, nobody reports them"
    ),
    FaultType(
        "NetworkPartition", "Node", "cut off", "Cut the network of", "The node runs on, nothing reaches it or leaves it"
    ),
    FaultType(
        "KillContainers", "Pod", "kill the containers of", "Kill the containers of", "They exit 137 and start again"
    ),
    FaultType("MemoryPressure", "Node", "eat the memory of", "Eat the memory of", "Pods are evicted, taint NoSchedule"),
    FaultType("DiskPressure", "Node", "fill the disk of", "Fill the disk of", "Pods are evicted one after another"),
    FaultType("PIDPressure", "Node", "take the process numbers of", "Take the PIDs of", "Pods are evicted by priority"),
    FaultType(
        "NodeShutdown", "Node", "shut down", "Shut down", "Pods get their grace in order of priority, then power off"
    ),
    FaultType("ComponentCrash", "Component", "crash", "Crash", "It ends as often as it starts, until you mend it"),
)

_MISSED = {
    "etcd": "writes fail while most members are gone; reads are as old as the outage",
    "kube-apiserver": "kubectl is refused while none is left; kubelets go on with what they know",
    "kube-controller-manager": "nothing is noticed or repaired until another one leads",
    "kube-scheduler": "new pods stay Pending until another one leads",
}
"""What is missed when a component is gone."""

_UNFIT = re.compile(r"[^a-z0-9.-]+")


def fault_name(type_: str, key: Key) -> str:
    """The name of a fault, the same for the same target: ``nodecrash-wk-2``, ``killcontainers-shop-web-1``."""
    place = f"{key.namespace}-{key.name}" if key.namespace else key.name
    return _UNFIT.sub("-", f"{type_.lower()}-{place}".lower())[:253]


def fault_body(type_: str, key: Key) -> Tree:
    """The Fault object that breaks the object of a key."""
    kind = "Node" if key.gvr == NODES else "Pod"
    target = {"kind": kind, "name": key.name} | ({"namespace": key.namespace} if key.namespace else {})
    return {
        "apiVersion": FAULTS.api_version,
        "kind": "Fault",
        "metadata": {"name": fault_name(type_, key)},
        "spec": {"type": type_, "target": target},
    }


def fault_type(type_: str) -> FaultType:
    """The description of a type of fault. Raises KeyError."""
    for known in FAULT_TYPES:
        if known.type == type_:
            return known
    raise KeyError(type_)


def inject(type_: str, key: Key) -> Flow:
    """Break a node or a pod."""
    words = fault_type(type_)
    what = f"{words.verb} {key.name}"
    body = fault_body(type_, key)
    response = yield Request("create", Key(FAULTS), "", body, note=what)
    if is_failure(response):
        return refused(response)
    mending = Request("delete", Key(FAULTS, "", body["metadata"]["name"]), "", BACKGROUND, note=f"undo: {what}")
    # Killed containers start again by themselves: there is nothing to take back.
    undo = None if type_ == "KillContainers" else Undo(what, (mending,))
    return Done(_told(type_, key), undo)


def _told(type_: str, key: Key) -> str:
    texts = {
        "NodeCrash": f"node {key.name} crashed",
        "KubeletStop": f"kubelet of {key.name} stopped",
        "NetworkPartition": f"node {key.name} cut off from the network",
        "KillContainers": f"containers of {key.namespace}/{key.name} killed",
        "MemoryPressure": f"node {key.name} is short of memory",
        "DiskPressure": f"node {key.name} is short of disk",
        "PIDPressure": f"node {key.name} is short of process numbers",
        "NodeShutdown": f"node {key.name} shuts down",
        "ComponentCrash": f"{key.name} keeps crashing",
    }
    return texts[type_]


def crash_node(name: str) -> Flow:
    """Crash a node."""
    return (yield from inject("NodeCrash", Key(NODES, "", name)))


def kill_containers(namespace: str, name: str) -> Flow:
    """Kill the containers of a pod."""
    return (yield from inject("KillContainers", Key(PODS, namespace, name)))


def mend(faults: Sequence[Tree]) -> Flow:
    """End faults; undoing breaks the same things again."""
    if not faults:
        return Done("nothing is broken")
    requests: list[Request] = []
    for fault in faults:
        name = fault["metadata"]["name"]
        response = yield Request("delete", Key(FAULTS, "", name), "", BACKGROUND, note=f"mend {name}")
        if is_failure(response) and response.code != 404:
            return refused(response)
        body = {key: fault[key] for key in ("apiVersion", "kind", "spec") if key in fault}
        again = {**body, "metadata": {"name": name}}
        requests.append(Request("create", Key(FAULTS), "", again, note=f"undo: mend {name}"))
        yield Progress(f"fault {name} ended")
    what = f"fault {faults[0]['metadata']['name']} ended" if len(faults) == 1 else f"{len(faults)} faults ended"
    return Done(what, Undo(what, tuple(requests)))


def restore_node(name: str) -> Flow:
    """End every fault of a node."""
    response = yield Request("list", Key(FAULTS))
    if is_failure(response):
        return refused(response)
    return (yield from mend([each for each in response.body.get("items") or () if is_about(each, "Node", name)]))


def mend_all() -> Flow:
    """End all faults."""
    response = yield Request("list", Key(FAULTS))
    if is_failure(response):
        return refused(response)
    return (yield from mend(response.body.get("items") or ()))


def component_of(pod: Tree) -> str:
    """The part of the control plane that a static pod runs, "" for other pods."""
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("component") or "") if labels.get("tier") == "control-plane" else ""


def missed(component: str) -> list[str]:
    """What is missed when a part of the control plane is gone, one line each."""
    return [_MISSED[component]] if component in _MISSED else []


def is_about(fault: Tree, kind: str, name: str, namespace: str = "") -> bool:
    """Whether a fault's target is this object."""
    target = tree.get(fault, "spec.target", {})
    return (target.get("kind"), target.get("name"), target.get("namespace") or "") == (kind, name, namespace)


def blast_radius(key: Key, pods: Sequence[Tree]) -> list[str]:
    """Who will be hit, one line each: the pods on a node, or the containers of a pod."""
    if key.gvr == NODES:
        return [
            f"{pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}"
            for pod in pods
            if tree.get(pod, "spec.nodeName") == key.name
            and tree.get(pod, "status.phase") not in ("Succeeded", "Failed")
        ]
    for pod in pods:
        if (pod["metadata"].get("namespace", ""), pod["metadata"]["name"]) == (key.namespace, key.name):
            return [f"{key.name}:{each['name']}" for each in tree.get(pod, "spec.containers", ())]
    return []
