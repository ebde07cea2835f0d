"""Whether a node takes a pod in: its operating system, its devices, room, labels, ports and taints.

# k8s: pkg/kubelet/lifecycle/predicate.go, cm/devicemanager
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kubesim.objects import taints
from kubesim.objects.selectors import from_node_expressions
from kubesim.objects.wire import EMPTY, NODES, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent
    from kubesim.kubelet.worker import PodWorker

OS_LABEL = "kubernetes.io/os"
OWN_OS = "linux"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

Refusal = tuple[str, str]
"""Reason and message."""


class Lack(NamedTuple):
    """A resource of which there is not enough. # k8s: InsufficientResourceError."""

    resource: str
    requested: int
    used: int
    capacity: int

    @property
    def amount(self) -> int:
        """How much is missing."""
        return self.requested - (self.capacity - self.used)

    def refusal(self) -> Refusal:
        """What a pod is told that does not fit."""
        text = (
            f"Node didn't have enough resource: {self.resource}, "
            f"requested: {self.requested}, used: {self.used}, capacity: {self.capacity}"
        )
        return f"OutOf{self.resource}", text


def system_refusal(pod: Tree) -> Refusal | None:
    """What no room helps against: a pod for another operating system."""
    wanted = (pod["metadata"].get("labels") or EMPTY).get(OS_LABEL)
    if wanted is not None and wanted != OWN_OS:
        text = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return "PodOSSelectorNodeLabelDoesNotMatch", text
    system = pod["spec"].get("os")
    if system is not None and system.get("name") != OWN_OS:
        return "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"
    return None


def device_refusal(
    devices: Mapping[str, str], used: Mapping[str, int], capacity: Mapping[str, int], requests: Mapping[str, int]
) -> Refusal | None:
    """Too few devices. # k8s: devicemanager devicesToAllocate, admission.GetPodAdmitResult."""
    for name in devices:
        wanted, free = requests.get(name, 0), capacity.get(name, 0) - used.get(name, 0)
        if wanted > free:
            text = f"requested number of devices unavailable for {name}. Requested: {wanted}, Available: {max(free, 0)}"
            return "UnexpectedAdmissionError", f"Allocate failed due to {text}, which is unexpected"
    return None


def lacks(used: Mapping[str, int], capacity: Mapping[str, int], requests: Mapping[str, int]) -> list[Lack]:
    """What there is not enough of; the number of pods first. # k8s: noderesources.Fits."""
    found: list[Lack] = []
    pods, most = used.get("pods", 0), capacity["pods"]
    if pods >= most:
        found.append(Lack("pods", 1, pods, most))
    for name, amount in requests.items():
        if amount and name in capacity and used.get(name, 0) + amount > capacity[name]:
            found.append(Lack(name, amount, used.get(name, 0), capacity[name]))
    return found


def other_refusal(agent: "Agent", worker: "PodWorker") -> Refusal | None:
    """Labels, ports and taints that do not fit."""
    spec = worker.pod["spec"]
    if (spec.get("nodeSelector") or spec.get("affinity")) and not _is_wanted(agent, spec):
        return _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if worker.plan.host_ports and agent.clashes(worker):
        return _failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    if agent.is_evicting and _is_repelled(agent, spec):
        return _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def _failed(name: str, reason: str) -> Refusal:
    return name, f"Predicate {name} failed: {reason}"


def _is_wanted(agent: "Agent", spec: Tree) -> bool:
    """Whether node selector and required node affinity are met. # k8s: nodeaffinity.GetRequiredNodeAffinity."""
    own = agent.client.get(NODES, "", agent.name)
    labels: Mapping[str, str] = (own["metadata"].get("labels") or {}) if own is not None else {}
    selector: Mapping[str, str] = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = ((spec.get("affinity") or EMPTY).get("nodeAffinity") or EMPTY).get(REQUIRED)
    if required is None:
        return True
    return any(_meets(term, labels, agent.name) for term in required.get("nodeSelectorTerms") or ())


def _meets(term: Tree, labels: Mapping[str, str], name: str) -> bool:
    expressions, fields = term.get("matchExpressions"), term.get("matchFields")
    if not expressions and not fields:
        return False
    if expressions and not from_node_expressions(expressions).matches(labels):
        return False
    return not fields or from_node_expressions(fields).matches({"metadata.name": name})


def _is_repelled(agent: "Agent", spec: Tree) -> bool:
    """Whether the pod would have to leave at once. # k8s: the kubelet looks at NoExecute alone."""
    own = agent.client.get(NODES, "", agent.name)
    tolerations = spec.get("tolerations") or ()
    return any(
        taint["effect"] == "NoExecute" and not any(taints.covers(each, taint) for each in tolerations)
        for taint in ((own or EMPTY).get("spec") or EMPTY).get("taints") or ()
    )
