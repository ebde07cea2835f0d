"""Namespaces and Nodes. # k8s: registry/core/namespace, registry/core/node."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import duplicate, forbidden, invalid, required
from kubesim.kinds.formats import block, qualified
from kubesim.kinds.goshape import internal
from kubesim.kinds.plain import Plain, keep_all_but_status
from kubesim.kinds.pod.placement import taint_effect
from kubesim.kinds.printing import NONE, UNKNOWN, age
from kubesim.kinds.resources import amount
from kubesim.kinds.shapes import filled, inside, inside_each, put, take
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import value_errors
from kubesim.objects.refs import condition, is_deleting
from kubesim.objects.wire import EMPTY, NAMESPACES, NODES, Tree

NAME_LABEL = "kubernetes.io/metadata.name"
_ROLE_PREFIX, _ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"
_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip
_NO_INFO = dict.fromkeys(_INFO, "")
_NO_ENDPOINTS = {"kubeletEndpoint": {"Port": 0}}
ACTIVE: Tree = {"phase": "Active"}


class NamespaceStrategy(Plain):
    """Namespaces: deleting one only marks it, until its finalizer is gone."""

    gvr = NAMESPACES
    kind = "Namespace"
    namespaced = False
    short_names = ("ns",)
    verbs = ("create", "delete", "get", "list", "patch", "update", "watch")
    subresources = ("finalize", "status")
    has_generation = False
    name_format = "label"
    initial_status = ACTIVE

    def default(self, obj: Tree) -> Tree:
        """The label with the name, and the phase."""
        name = obj["metadata"].get("name")
        labels = obj["metadata"].get("labels") or {}
        if name and labels.get(NAME_LABEL) != name:
            obj = {**obj, "metadata": {**obj["metadata"], "labels": {**labels, NAME_LABEL: name}}}
        return inside(filled(obj, spec={}, status={}), "status", _phase)

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Active, and held by the finalizer ``kubernetes``."""
        obj = super().prepare_create(obj, context)
        finalizers = obj["spec"].get("finalizers") or []
        if "kubernetes" in finalizers:
            return obj
        return {**obj, "spec": {**obj["spec"], "finalizers": [*finalizers, "kubernetes"]}}

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """Only ``finalize`` changes the spec."""
        if subresource == "finalize":
            spec = new.get("spec") or {}
            new = put(new, "spec", spec if spec.get("finalizers") else {})
            return take(new, old, "status")
        new = super().prepare_update(new, old, context, subresource)
        return take(new, old, "spec")

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """A namespace that is deleted is Terminating, and no other is."""
        phase = (new.get("status") or EMPTY).get("phase")
        if subresource != "status" or new.get("status") is old.get("status"):
            return []
        if is_deleting(new) and phase == "Active":
            why = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            return [invalid("status.Phase", phase, why)]
        if not is_deleting(new) and phase == "Terminating":
            return [invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")]
        return []

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By phase."""
        return {"status.phase": (obj.get("status") or EMPTY).get("phase") or ""}

    def cells(self, obj: Tree) -> list[Any]:
        """The phase."""
        return [(obj.get("status") or EMPTY).get("phase") or ""]


def _phase(status: Tree) -> Tree:
    return filled(status, phase="Active")


class NodeStrategy(Plain):
    """Nodes. Unlike other kinds a Node keeps the status it is created with."""

    gvr = NODES
    kind = "Node"
    namespaced = False
    short_names = ("no",)
    subresources = ("proxy", "status")
    has_generation = False

    def default(self, obj: Tree) -> Tree:
        """Pod CIDRs, and allocatable as much as the capacity."""
        obj = inside(filled(obj, spec={}, status={}), "spec", _blocks)
        return inside(obj, "status", _node_status)

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A plain update keeps the status, a status update the spec."""
        del context
        return keep_all_but_status(new, old) if subresource == "status" else take(new, old, "status")

    def validate(self, obj: Tree) -> list[Cause]:
        """Taints, resources, pod CIDRs."""
        spec = obj.get("spec") or EMPTY
        found = _taints(spec) + _resources(obj)
        blocks = spec.get("podCIDRs") or []
        for index, text in enumerate(blocks):
            found += block(f"spec.podCIDRs[{index}]", text)
        if len(blocks) > 2:
            found.append(invalid("spec.podCIDRs", blocks, "may specify no more than one CIDR for each IP family"))
        return found

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Pod CIDRs and provider may be set once."""
        if subresource == "status":
            return [] if new.get("status") is old.get("status") else _resources(new) + _addresses(new)
        spec, before = new["spec"], old["spec"]
        if spec is before:
            return []
        found: list[Cause] = []
        known = before.get("podCIDRs")
        if known and spec.get("podCIDRs") != known:
            why = 'node updates may not change podCIDR except from "" to valid'
            found.append(forbidden("spec.podCIDRs", why))
        if before.get("providerID") and spec.get("providerID") != before["providerID"]:
            why = 'node updates may not change providerID except from "" to valid'
            found.append(forbidden("spec.providerID", why))
        return found + _taints(spec)

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By being cordoned."""
        return {"spec.unschedulable": "true" if (obj.get("spec") or EMPTY).get("unschedulable") else "false"}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Readiness, roles, versions, addresses."""
        status = obj.get("status") or EMPTY
        info = status.get("nodeInfo") or EMPTY
        return [
            obj["metadata"]["name"],
            _readiness(obj),
            ",".join(_roles(obj)) or NONE,
            age(obj, now),
            info.get("kubeletVersion") or "",
            _address(status, "InternalIP"),
            _address(status, "ExternalIP"),
            info.get("osImage") or UNKNOWN,
            info.get("kernelVersion") or UNKNOWN,
            info.get("containerRuntimeVersion") or UNKNOWN,
        ]


def _blocks(spec: Tree) -> Tree:
    # k8s: conversion; podCIDR is the first of podCIDRs, and wins when they differ.
    single, several = spec.get("podCIDR"), spec.get("podCIDRs")
    if not single:
        return {**spec, "podCIDR": several[0]} if several else spec
    return spec if several and several[0] == single else {**spec, "podCIDRs": [single]}


def _node_status(status: Tree) -> Tree:
    capacity, allocatable = status.get("capacity"), status.get("allocatable")
    if capacity:
        missing = {name: value for name, value in capacity.items() if name not in (allocatable or EMPTY)}
        if missing and allocatable is None:
            status = {**status, "allocatable": missing}
    status = inside_each(status, "conditions", _dated)
    return filled(status, daemonEndpoints=_NO_ENDPOINTS, nodeInfo=_NO_INFO)


def _dated(entry: Tree) -> Tree:
    # k8s: times without "omitempty" are written even when they are not set.
    missing = {name: None for name in ("lastHeartbeatTime", "lastTransitionTime") if name not in entry}
    return {**entry, **missing} if missing else entry


def _taints(spec: Tree) -> list[Cause]:
    found: list[Cause] = []
    seen: dict[tuple[str, str], None] = {}
    for index, taint in enumerate(spec.get("taints") or ()):
        # k8s: taints are of the spec, but their errors say metadata.
        at = f"metadata.taints[{index}]"
        key, effect = taint.get("key") or "", taint.get("effect") or ""
        found += qualified(f"{at}.key", key)
        wrong = value_errors(taint.get("value") or "")
        if wrong:
            found.append(invalid(f"{at}.value", taint.get("value"), ";".join(wrong)))
        found += taint_effect(f"{at}.effect", effect) if effect else [required(f"{at}.effect")]
        if (key, effect) in seen:
            cause = duplicate(at, internal(taint, "Taint"))
            found.append(cause._replace(message=f"{cause.message}: taints must be unique by key and effect pair"))
        seen[key, effect] = None
    return found


def _resources(node: Tree) -> list[Cause]:
    found: list[Cause] = []
    status = node.get("status") or EMPTY
    for side in ("capacity", "allocatable"):
        for name, quantity in (status.get(side) or EMPTY).items():
            found += amount(f"status.{side}.{name}", name, quantity)
    return found


def _addresses(node: Tree) -> list[Cause]:
    found: list[Cause] = []
    seen: dict[tuple[str, str], None] = {}
    for index, entry in enumerate((node.get("status") or EMPTY).get("addresses") or ()):
        key = entry.get("type") or "", entry.get("address") or ""
        if key in seen:
            found.append(duplicate(f"status.addresses[{index}]", {"Type": key[0], "Address": key[1]}))
        seen[key] = None
    return found


def _readiness(node: Tree) -> str:
    ready = condition(node, "Ready")
    text = UNKNOWN.strip("<>").capitalize() if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if (node.get("spec") or EMPTY).get("unschedulable") else text


def _roles(node: Tree) -> list[str]:
    labels = node["metadata"].get("labels") or EMPTY
    found = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    found.add(labels.get(_ROLE) or "")
    return sorted(found - {""})


def _address(status: Tree, type_: str) -> str:
    for entry in status.get("addresses") or ():
        if entry["type"] == type_:
            return str(entry["address"])
    return NONE
