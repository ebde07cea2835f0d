"""The strategy of Pods."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds.memo import IdentityMemo
from kubesim.kinds.plain import Plain
from kubesim.kinds.pod.defaults import default_pod
from kubesim.kinds.pod.printing import pod_row, pod_row_conditions
from kubesim.kinds.pod.resize import validate_resize
from kubesim.kinds.pod.spec import validate_pod
from kubesim.kinds.pod.updates import validate_spec_update, validate_status_update
from kubesim.kinds.pod.warnings import spec_warnings
from kubesim.kinds.shapes import drop, put, take
from kubesim.objects.errors import Cause
from kubesim.objects.pods import is_terminal, qos_class
from kubesim.objects.wire import EMPTY, PODS, Tree

SUBRESOURCES = (
    "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize", "status",
)  # fmt: skip


class PodStrategy(Plain):
    """Pods. Pods of one template share their spec, so defaults and validation are remembered by its identity."""

    gvr = PODS
    kind = "Pod"
    short_names = ("po",)
    categories = ("all",)
    subresources = SUBRESOURCES

    def __init__(self) -> None:
        self._defaulted: IdentityMemo[Tree] = IdentityMemo()
        self._causes: IdentityMemo[list[Cause]] = IdentityMemo()
        self._qos: IdentityMemo[str] = IdentityMemo()

    def default(self, obj: Tree) -> Tree:
        """The defaults of the spec; ``podIP`` and ``podIPs`` of the status always agree."""
        spec = obj.get("spec")
        if spec is None:
            spec = {}
        known = self._defaulted.get(spec)
        if known is None:
            known = self._defaulted.remember(spec, default_pod(spec))
            self._defaulted.remember(known, known)
        obj = put(obj, "spec", known)
        status = obj.get("status")
        return obj if not status else put(obj, "status", _addresses(status))

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """A new pod is Pending; what it asks for decides its quality of service for good."""
        del context
        return {**obj, "status": {"phase": "Pending", "qosClass": self._quality(obj)}}

    def _quality(self, obj: Tree) -> str:
        spec = obj["spec"]
        known = self._qos.get(spec)
        return known if known is not None else self._qos.remember(spec, qos_class(obj))

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """Keep what the subresource does not reach."""
        del context
        if subresource == "status":
            return _only_status(new, old)
        new = take(new, old, "status")
        if subresource == "ephemeralcontainers":
            spec = take(old["spec"], new["spec"], "ephemeralContainers")
            return put(new, "spec", spec)
        return put(new, "spec", _only_resources(new["spec"], old["spec"])) if subresource == "resize" else new

    def validate(self, obj: Tree) -> list[Cause]:
        """The rules of the spec."""
        spec = obj.get("spec") or EMPTY
        known = self._causes.get(spec)
        if known is None:
            known = self._causes.remember(spec, validate_pod(obj))
        if spec.get("nodeName") and spec.get("schedulingGates"):
            why = "Forbidden: cannot be set until all schedulingGates have been cleared"
            return [*known, Cause("FieldValueForbidden", why, "spec.nodeName")]
        return list(known)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Hardly anything of a spec may change."""
        if subresource == "status":
            return validate_status_update(new, old)
        if new["spec"] is old["spec"] or subresource == "binding":
            return []
        found = self.validate(new)
        if subresource == "resize":
            found = found + validate_resize(new, old)
        return (
            found
            if subresource in {"ephemeralcontainers", "resize"}
            else found + validate_spec_update(new["spec"], old["spec"])
        )

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Warnings about a new or changed spec."""
        if old is not None and new["spec"] is old["spec"]:
            return []
        return spec_warnings("spec", new["spec"])

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """What a pod can be selected by."""
        spec, status = obj.get("spec") or EMPTY, obj.get("status") or EMPTY
        return {
            "spec.nodeName": spec.get("nodeName") or "",
            "spec.restartPolicy": spec.get("restartPolicy") or "",
            "spec.schedulerName": spec.get("schedulerName") or "",
            "spec.serviceAccountName": spec.get("serviceAccountName") or "",
            "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
            "status.phase": status.get("phase") or "",
            "status.podIP": status.get("podIP") or "",
            "status.nominatedNodeName": status.get("nominatedNodeName") or "",
        }

    def graceful(self, obj: Tree, grace_seconds: int | None) -> int:
        """The grace asked for, else the spec's; none for a pod on no node or at its end."""
        spec = obj["spec"]
        if not spec.get("nodeName") or is_terminal(obj):
            return 0
        grace = grace_seconds if grace_seconds is not None else spec.get("terminationGracePeriodSeconds")
        if grace is None:
            return 30
        # k8s: a negative grace period is treated as one second.
        return int(grace) if grace >= 0 else 1

    def row(self, obj: Tree, now: int) -> list[Any]:
        """As kubectl get pods prints it."""
        return pod_row(obj, now)

    def row_conditions(self, obj: Tree) -> list[Tree]:
        """Pods that ended are marked as completed."""
        return pod_row_conditions(obj)


def _addresses(status: Tree) -> Tree:
    # k8s: conversion; podIP is the first of podIPs, and wins when they differ.
    several, single = status.get("podIPs"), status.get("podIP")
    if not single:
        return {**status, "podIP": several[0].get("ip")} if several else status
    return status if several and several[0].get("ip") == single else {**status, "podIPs": [{"ip": single}]}


def _only_status(new: Tree, old: Tree) -> Tree:
    if new["spec"] is not old["spec"]:
        new = {**new, "spec": old["spec"]}
    metadata, before = new["metadata"], old["metadata"]
    kept = take(metadata, before, "ownerReferences", "deletionTimestamp")
    return put(new, "metadata", kept)


def _only_resources(new: Tree, old: Tree) -> Tree:
    """The old spec with the resources of the new."""
    spec = take(old, new, "resources")
    for name in ("containers", "initContainers"):
        before, after = old.get(name), new.get(name)
        if before and after and len(before) == len(after):
            pairs = zip(before, after, strict=True)
            spec = {**spec, name: [take(a, b, "resources", "resizePolicy") for a, b in pairs]}
    return drop(spec) if spec == old else spec
