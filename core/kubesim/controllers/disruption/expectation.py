"""How many pods a PodDisruptionBudget expects, how many must be healthy, and the status that follows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects import refs, units
from kubesim.objects.wire import DEPLOYMENTS, EMPTY, REPLICASETS, REPLICATIONCONTROLLERS, STATEFULSETS, Gvr, Tree

TIMEOUT_MS = 120_000
"""How long a pod whose eviction was allowed may take to go. # k8s: DeletionTimeout"""
_SCALED: dict[tuple[str, str], Gvr] = {
    ("apps", "ReplicaSet"): REPLICASETS,
    ("apps", "StatefulSet"): STATEFULSETS,
    ("apps", "Deployment"): DEPLOYMENTS,
    ("", "ReplicationController"): REPLICATIONCONTROLLERS,
}
_UNSCALED = {
    ("apps", "DaemonSet"): "daemonsets.apps",
    ("batch", "Job"): "jobs.batch",
    ("batch", "CronJob"): "cronjobs.batch",
}


class ScaleError(Exception):
    """The number of expected pods cannot be told; says why."""


class Owner(NamedTuple):
    """A controller of pods, as their owner references name it."""

    group: str
    kind: str
    namespace: str
    name: str
    uid: str


class Expectation(NamedTuple):
    """How many pods there should be, and how many of them healthy."""

    expected: int
    desired: int


def owner_of(pod: Tree) -> Owner | None:
    """The controller of a pod."""
    reference = refs.controller_of(pod)
    if reference is None:
        return None
    group = reference["apiVersion"].rpartition("/")[0]
    return Owner(group, reference["kind"], pod["metadata"]["namespace"], reference["name"], reference["uid"])


def expect(client: Client, budget: Tree, total: int, owners: Mapping[Owner, str]) -> Expectation:
    """What a budget asks for; ``owners`` are those of its pods, each with the name of one pod. Raises ScaleError.

    # k8s: getExpectedPodCount
    """
    spec = budget["spec"]
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is not None:
        expected = _scale(client, owners)
        return Expectation(expected, max(0, expected - units.int_or_percent(most, expected, round_up=True)))
    if least is None:
        return Expectation(0, 0)
    if isinstance(least, int):
        return Expectation(total, least)
    expected = _scale(client, owners)
    return Expectation(expected, units.int_or_percent(least, expected, round_up=True))


def _scale(client: Client, owners: Mapping[Owner, str]) -> int:
    """The sum of the sizes of all controllers; a ReplicaSet of a Deployment counts as the Deployment."""
    found: dict[str, int] = {}
    for owner, pod in owners.items():
        uid, size = _size(client, owner, pod)
        found[uid] = size
    return sum(found.values())


def _size(client: Client, owner: Owner, pod: str) -> tuple[str, int]:
    kind = (owner.group, owner.kind)
    if kind in _UNSCALED:
        msg = f"{_UNSCALED[kind]} does not implement the scale subresource"
        raise ScaleError(msg)
    gvr = _SCALED.get(kind)
    obj = None if gvr is None else client.get(gvr, owner.namespace, owner.name)
    if obj is None or refs.uid(obj) != owner.uid:
        msg = f'found no controllers for pod "{pod}"'
        raise ScaleError(msg)
    above = refs.controller_of(obj)
    if above is not None and above["kind"] == "Deployment":
        deployment = client.get(DEPLOYMENTS, owner.namespace, above["name"])
        if deployment is not None and refs.uid(deployment) == above["uid"]:
            obj = deployment
    return refs.uid(obj), obj["spec"].get("replicas", 1)


def status_of(budget: Tree, healthy: int, expectation: Expectation, disrupted: Tree, stamp: str) -> dict[str, Any]:
    """The status, as Kubernetes writes it. # k8s: updatePdbStatus."""
    allowed = healthy - expectation.desired
    if expectation.expected <= 0 or allowed <= 0:
        allowed = 0
    known: Tree = budget.get("status") or EMPTY
    generation = budget["metadata"].get("generation", 0)
    found: dict[str, Any] = {"observedGeneration": generation}
    if disrupted:
        found["disruptedPods"] = disrupted
    found |= {
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": expectation.desired,
        "expectedPods": expectation.expected,
    }
    reason = "SufficientPods" if allowed else "InsufficientPods"
    wanted = condition("True" if allowed else "False", reason, "", generation, stamp)
    found["conditions"] = refs.set_condition(known.get("conditions"), wanted)
    return found


def failed_status(budget: Tree, error: str, stamp: str) -> dict[str, Any]:
    """The status of a budget that cannot be calculated: nothing may be disrupted. # k8s: failSafe."""
    known: Tree = budget.get("status") or EMPTY
    wanted = condition("False", "SyncFailed", error, known.get("observedGeneration", 0), stamp)
    conditions = refs.set_condition(known.get("conditions"), wanted)
    return {**known, "disruptionsAllowed": 0, "conditions": conditions}


def condition(status: str, reason: str, message: str, generation: int, stamp: str) -> dict[str, Any]:
    """The condition DisruptionAllowed."""
    found: dict[str, Any] = {"type": "DisruptionAllowed", "status": status}
    if generation:
        found["observedGeneration"] = generation
    return {**found, "lastTransitionTime": stamp, "reason": reason, "message": message}
