"""Faults, simulated failures as objects, and Bindings of pods to nodes."""

from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import IMMUTABLE, invalid, not_supported, one_of, required
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.shapes import drop, filled
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, FAULTS, Tree

TYPES = ("NodeCrash", "KubeletStop", "NetworkPartition", "KillContainers", "ComponentCrash",
         "MemoryPressure", "DiskPressure", "PIDPressure", "NodeShutdown")  # fmt: skip
"""A node that stops at once, its kubelet alone, its network, the containers of a pod that are killed once, a part of
the control plane that keeps crashing, a node whose memory, disk or process numbers are used up, or a node that is shut
down."""
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

_NODE_TYPES = frozenset((*TYPES[:3], *TYPES[5:]))


class FaultStrategy(Plain):
    """Faults: creating one breaks something, deleting it mends it."""

    gvr = FAULTS
    kind = "Fault"
    namespaced = False

    def default(self, obj: Tree) -> Tree:
        """The kind that the type of fault is about."""
        spec = filled(obj.get("spec") or {}, target={})
        kind = "Node" if spec.get("type") in _NODE_TYPES else "Pod"
        target = filled(spec["target"], kind=kind)
        if target is not spec["target"]:
            spec = {**spec, "target": target}
        return obj if spec is obj.get("spec") else {**obj, "spec": spec}

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """A Fault has no status."""
        del context
        return drop(obj, "status")

    def validate(self, obj: Tree) -> list[Cause]:
        """A known type with a target of the right kind."""
        spec = obj.get("spec") or EMPTY
        kind, target = spec.get("type") or "", spec.get("target") or EMPTY
        found = one_of("spec.type", kind, TYPES)
        if not target.get("name"):
            found.append(required("spec.target.name"))
        wanted: tuple[str, ...] = ("Node",) if kind in _NODE_TYPES else ("Pod",)
        if kind == "ComponentCrash":
            wanted = ("Component", "Pod")
        if not found and target.get("kind") not in wanted:
            found.append(not_supported("spec.target.kind", target.get("kind"), wanted))
        if not found and target["kind"] == "Pod" and not target.get("namespace"):
            found.append(required("spec.target.namespace"))
        if not found and target["kind"] == "Component":
            found += one_of("spec.target.name", target["name"], COMPONENTS)
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """What is broken stays the same."""
        del subresource
        if new.get("spec") == old.get("spec"):
            return []
        return [invalid("spec", new.get("spec"), IMMUTABLE)]

    def cells(self, obj: Tree) -> list[Any]:
        """What is broken, and how."""
        spec = obj.get("spec") or EMPTY
        target = spec.get("target") or EMPTY
        place = ((target.get("kind") or "").lower(), target.get("namespace"), target.get("name"))
        return [spec.get("type") or "", "/".join(part for part in place if part)]


class BindingStrategy(Plain):
    """Bindings: the scheduler creates one to put a pod on a node."""

    gvr = resource("", "v1", "bindings")
    kind = "Binding"
    verbs = ("create",)
    has_generation = False

    def validate(self, obj: Tree) -> list[Cause]:
        """The target is a node. # k8s: core/validation ValidatePodBinding."""
        target = obj.get("target") or EMPTY
        found: list[Cause] = []
        if target.get("kind") and target["kind"] != "Node":
            found.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
        return found if target.get("name") else [*found, required("target.name")]
