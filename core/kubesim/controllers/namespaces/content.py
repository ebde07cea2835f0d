"""What is left in a namespace: the conditions that tell of it, and how long it may take to go."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import pods as pod_readers
from kubesim.objects.wire import PODS, Gvr, Tree

FINALIZER_SECONDS = 15
"""How long finalizers are given before the next look. # k8s: finalizerEstimateSeconds"""


class Remaining:
    """The objects that are left, by resource."""

    def __init__(self, objects: Mapping[Gvr, Sequence[Tree]]) -> None:
        self.objects = {gvr: found for gvr, found in objects.items() if found}

    def __bool__(self) -> bool:
        return bool(self.objects)

    def finalizers(self) -> dict[str, int]:
        """How many objects wait for each finalizer."""
        counts: dict[str, int] = {}
        for found in self.objects.values():
            for each in found:
                for finalizer in each["metadata"].get("finalizers") or ():
                    counts[finalizer] = counts.get(finalizer, 0) + 1
        return counts


def estimate(remaining: Remaining, elapsed_seconds: float) -> int:
    """For how many seconds the rest may be expected to take; 0 when nothing is known to take time.

    # k8s: namespaced_resources_deleter.go estimateGracefulTermination
    """
    longest = 0
    for pod in remaining.objects.get(PODS, ()):
        if not pod_readers.is_terminal(pod):
            longest = max(longest, pod["spec"].get("terminationGracePeriodSeconds", 30))
    if elapsed_seconds >= longest:
        longest = 0
    if longest == 0 and remaining.finalizers():
        return FINALIZER_SECONDS
    return longest


def conditions(known: Sequence[Tree], remaining: Remaining, stamp: str) -> list[Tree]:
    """The five conditions of a terminating namespace, in Kubernetes' order and words."""
    wished = [
        _make("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        _make(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _make(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        _content(remaining),
        _finalizers(remaining),
    ]
    present = {each["type"]: each for each in known}
    return [_dated(present.get(each["type"]), each, stamp) for each in wished]


def _make(kind: str, reason: str, message: str, *, failing: bool = False) -> dict[str, Any]:
    return {"type": kind, "status": "True" if failing else "False", "reason": reason, "message": message}


def _content(remaining: Remaining) -> dict[str, Any]:
    if not remaining:
        return _make("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed")
    listed = sorted(
        f"{gvr.resource}.{gvr.group} has {len(found)} resource instances" for gvr, found in remaining.objects.items()
    )
    text = f"Some resources are remaining: {', '.join(listed)}"
    return _make("NamespaceContentRemaining", "SomeResourcesRemain", text, failing=True)


def _finalizers(remaining: Remaining) -> dict[str, Any]:
    counts = remaining.finalizers()
    if not counts:
        return _make(
            "NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"
        )
    listed = sorted(f"{finalizer} in {count} resource instances" for finalizer, count in counts.items())
    text = f"Some content in the namespace has finalizers remaining: {', '.join(listed)}"
    return _make("NamespaceFinalizersRemaining", "SomeFinalizersRemain", text, failing=True)


def _dated(old: Tree | None, new: Tree, stamp: str) -> Tree:
    if old is not None and old["status"] == new["status"]:
        if (old["reason"], old["message"]) == (new["reason"], new["message"]):
            return old
        stamp = old["lastTransitionTime"]
    return {
        "type": new["type"],
        "status": new["status"],
        "lastTransitionTime": stamp,
        "reason": new["reason"],
        "message": new["message"],
    }
