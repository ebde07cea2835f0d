"""Evictions: deletions of pods that a PodDisruptionBudget may refuse. # k8s: registry/core/pod/storage/eviction.go."""

from typing import Any

from kubesim.api.call import Call
from kubesim.api.deletion import Deletion, check_preconditions
from kubesim.api.options import DeleteOptions
from kubesim.api.writer import Writer
from kubesim.objects import pods, refs, selectors
from kubesim.objects.errors import ApiError, failure, forbidden
from kubesim.objects.wire import BUDGETS, EMPTY, PODS, Gvr, Tree
from kubesim.store.mvcc import Store

MOST_DISRUPTED = 2_000
"""How many pods may be on their way out under one budget. # k8s: MaxDisruptedPodSize"""
RETRY_SECONDS = 10
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_SINGULAR = Gvr("policy", "", "poddisruptionbudget")


def evict(call: Call, pod: Tree, options: DeleteOptions, store: Store, writer: Writer, deletion: Deletion) -> None:
    """Delete a pod if its budget allows that. Raises ApiError."""
    check_preconditions(call.strategy, pod, options)
    if not _may_ignore_budgets(pod):
        found = [each for each in store.range(BUDGETS, call.namespace) if _selects(each, pod)]
        if len(found) > 1:
            raise failure(500, "", SEVERAL)
        if found and not _is_unguarded(pod, found[0]):
            _decrement(call, pod, found[0], writer)
    if not call.options.dry_run:
        pod = writer.put(PODS, call.namespace, call.name, _marked(call, pod), pod, call.request)
    deletion.delete(call, pod, options._replace(revision=None))


def _may_ignore_budgets(pod: Tree) -> bool:
    return pods.is_terminal(pod) or pods.phase(pod) == pods.PENDING or refs.is_deleting(pod)


def _selects(budget: Tree, pod: Tree) -> bool:
    return selectors.from_label_selector(budget["spec"].get("selector")).matches(refs.labels(pod))


def _is_unguarded(pod: Tree, budget: Tree) -> bool:
    """Whether a pod that is not ready may go without costing anything."""
    if pods.is_ready(pod):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status: Tree = budget.get("status") or EMPTY
    desired: int = status.get("desiredHealthy", 0)
    healthy: int = status.get("currentHealthy", 0)
    return healthy >= desired > 0


def _decrement(call: Call, pod: Tree, budget: Tree, writer: Writer) -> None:
    """Take one from what a budget allows. Raises ApiError when nothing is left. # k8s: checkAndDecrement."""
    metadata = budget["metadata"]
    name, status = metadata["name"], budget.get("status") or EMPTY
    if status.get("observedGeneration", 0) < metadata.get("generation", 0):
        raise _refusal(f"The disruption budget {name} is still being processed by the server.", RETRY_SECONDS)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise forbidden(_SINGULAR, name, "pdb disruptions allowed is negative")
    disrupted: Tree = status.get("disruptedPods") or EMPTY
    if len(disrupted) > MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden(_SINGULAR, name, why)
    if allowed == 0:
        raise _refusal(_why_not(budget))
    if call.options.dry_run:
        return
    pod_name = pod["metadata"]["name"]
    changed: dict[str, Any] = {
        **status,
        "disruptedPods": {**disrupted, pod_name: call.context.stamp},
        "disruptionsAllowed": allowed - 1,
    }
    if allowed == 1:
        changed["conditions"] = refs.set_condition(status.get("conditions"), _exhausted(metadata, call.context.stamp))
    writer.put(BUDGETS, call.namespace, name, {**budget, "status": changed}, budget, call.request)


def _why_not(budget: Tree) -> str:
    name, status = budget["metadata"]["name"], budget.get("status") or EMPTY
    found = refs.condition(budget, "DisruptionAllowed")
    if found is not None and found.get("reason") == "SyncFailed":
        why = f"because it failed sync: {found.get('message', '')}"
        return f"The disruption budget {name} does not allow evicting pods currently {why}"
    desired, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"


def _refusal(cause: str, retry_seconds: int = 0) -> ApiError:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_seconds:
        details["retryAfterSeconds"] = retry_seconds
    return failure(429, "TooManyRequests", REFUSED, details)


def _exhausted(metadata: Tree, stamp: str) -> dict[str, Any]:
    return {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": metadata.get("generation", 0),
        "lastTransitionTime": stamp,
        "reason": "InsufficientPods",
        "message": "",
    }


def _marked(call: Call, pod: Tree) -> Tree:
    """The pod with the condition that tells why it goes."""
    wanted = {
        "type": "DisruptionTarget",
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": call.context.stamp,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    status = pod["status"]
    return {**pod, "status": {**status, "conditions": refs.set_condition(status.get("conditions"), wanted)}}
