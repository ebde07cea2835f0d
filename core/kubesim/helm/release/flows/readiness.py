"""What an object's status says about its progress: Current, InProgress, Failed or Terminating, and in which words.

# k8s: cli-utils' kstatus, the status readers of Helm, and Helm's older checks ("legacy")
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from kubesim.helm.release.flows.steps import FlowError
from kubesim.objects.times import parse_time

Tree = Mapping[str, Any]
CURRENT: Final = "Current"
IN_PROGRESS: Final = "InProgress"
FAILED: Final = "Failed"
TERMINATING: Final = "Terminating"
NOT_FOUND: Final = "NotFound"
UNKNOWN: Final = "Unknown"
_UNSCHEDULABLE: Final = 15_000
"""Milliseconds after which a pod that fits nowhere counts as failed."""


class Readiness(NamedTuple):
    """How far an object is."""

    status: str
    message: str


def readiness(tree: Tree, now: int) -> Readiness:
    """What the watcher waits for: every kind by its own rules, custom ones by their conditions."""
    general = _general(tree)
    if general is not None:
        return general
    reader = _READERS.get((_group(tree), str(tree.get("kind", ""))))
    if reader is not None:
        return reader(tree, now)
    for condition in _conditions(tree):
        if condition.get("type") == "Ready" and condition.get("status") != "True":
            return Readiness(IN_PROGRESS, str(condition.get("message", "")))
    return Readiness(CURRENT, "Resource is current")


def outcome(tree: Tree) -> Readiness:
    """What hooks are waited for: Jobs and Pods until they are over, other kinds not at all."""
    kind, status = (_group(tree), tree.get("kind")), _status(tree)
    if kind == ("batch", "Job"):
        return job_outcome(tree)
    if kind == ("", "Pod"):
        name = _metadata(tree).get("name", "")
        ends = {"Succeeded": (CURRENT, f"pod {name} succeeded"), "Failed": (FAILED, f"pod {name} failed")}
        return Readiness(*ends.get(str(status.get("phase")), (IN_PROGRESS, "Pod is in progress")))
    return Readiness(CURRENT, "Resource is current")


def job_outcome(tree: Tree) -> Readiness:
    """A Job until it is over."""
    ended = _job_ended(tree)
    return ended or Readiness(IN_PROGRESS, "Job in progress")


def _metadata(tree: Tree) -> Tree:
    return tree.get("metadata") or {}


def _spec(tree: Tree) -> Tree:
    return tree.get("spec") or {}


def _status(tree: Tree) -> Tree:
    return tree.get("status") or {}


def _group(tree: Tree) -> str:
    group, slash, _ = str(tree.get("apiVersion", "")).rpartition("/")
    return group if slash else ""


def _conditions(tree: Tree) -> Iterator[Tree]:
    for condition in _status(tree).get("conditions") or ():
        if isinstance(condition, Mapping):
            yield condition


def _has(tree: Tree, name: str) -> bool:
    return any(one.get("type") == name and one.get("status") == "True" for one in _conditions(tree))


def _general(tree: Tree) -> Readiness | None:
    """What holds for every kind; None when nothing special does."""
    metadata = _metadata(tree)
    if metadata.get("deletionTimestamp"):
        return Readiness(TERMINATING, "Resource scheduled for deletion")
    observed = _status(tree).get("observedGeneration")
    generation = metadata.get("generation", 0)
    if observed is not None and observed != generation:
        kind = tree.get("kind", "")
        return Readiness(
            IN_PROGRESS, f"{kind} generation is {generation}, but latest observed generation is {observed}"
        )
    for condition in _conditions(tree):
        if condition.get("type") == "Reconciling" and condition.get("status") == "True":
            return Readiness(IN_PROGRESS, str(condition.get("message", "")))
        if condition.get("type") == "Stalled" and condition.get("status") == "True":
            return Readiness(FAILED, str(condition.get("message", "")))
    return None


def _deployment(tree: Tree, now: int) -> Readiness:
    status, wanted = _status(tree), _spec(tree).get("replicas", 1)
    progressing = "progressDeadlineSeconds" not in _spec(tree)
    for condition in _conditions(tree):
        if condition.get("type") == "Progressing":
            if condition.get("reason") == "ProgressDeadlineExceeded":
                return Readiness(FAILED, "Progress deadline exceeded")
            if condition.get("status") == "True" and condition.get("reason") == "NewReplicaSetAvailable":
                progressing = True
    there, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available, ready = status.get("availableReplicas", 0), status.get("readyReplicas", 0)
    problems = (
        (wanted > there, f"Replicas: {there}/{wanted}"),
        (wanted > updated, f"Updated: {updated}/{wanted}"),
        (there > wanted, f"Pending termination: {there - wanted}"),
        (updated > available, f"Available: {available}/{updated}"),
        (wanted > ready, f"Ready: {ready}/{wanted}"),
        (not progressing, "ReplicaSet not Available"),
        (not _has(tree, "Available"), "Deployment not Available"),
    )
    return _first(problems, f"Deployment is available. Replicas: {there}")


def _first(problems: tuple[tuple[bool, str], ...], good: str) -> Readiness:
    for found, message in problems:
        if found:
            return Readiness(IN_PROGRESS, message)
    return Readiness(CURRENT, good)


def _stateful_set(tree: Tree, now: int) -> Readiness:
    spec, status = _spec(tree), _status(tree)
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return Readiness(CURRENT, "StatefulSet is using the ondelete update strategy")
    wanted, there = spec.get("replicas", 1), status.get("replicas", 0)
    ready, updated, current = (status.get(f"{name}Replicas", 0) for name in ("ready", "updated", "current"))
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    pods = (
        (wanted > there, f"Replicas: {there}/{wanted}"),
        (wanted > ready, f"Ready: {ready}/{wanted}"),
        (there > wanted, f"Pending termination: {there - wanted}"),
    )
    if partition:
        partial = (*pods, (updated < wanted - partition, f"updated: {updated}/{wanted - partition}"))
        return _first(partial, f"Partition rollout complete. updated: {updated}")
    behind = status.get("currentRevision") != status.get("updateRevision")
    rest = (
        (wanted > current, f"current: {current}/{wanted}"),
        (behind, "Waiting for updated revision to match current"),
    )
    return _first((*pods, *rest), f"All replicas scheduled as expected. Replicas: {there}")


def _daemon_set(tree: Tree, now: int) -> Readiness:
    status = _status(tree)
    if "observedGeneration" not in status:
        return Readiness(IN_PROGRESS, "Observed generation not available yet")
    wanted = status.get("desiredNumberScheduled", 0)
    counts = (
        ("Current", "currentNumberScheduled"),
        ("Updated", "updatedNumberScheduled"),
        ("Available", "numberAvailable"),
        ("Ready", "numberReady"),
    )
    problems = tuple(
        (wanted > status.get(field, 0), f"{label}: {status.get(field, 0)}/{wanted}") for label, field in counts
    )
    return _first(problems, f"All replicas scheduled as expected. Replicas: {wanted}")


def _replica_set(tree: Tree, now: int) -> Readiness:
    status, wanted = _status(tree), _spec(tree).get("replicas", 1)
    if _has(tree, "ReplicaFailure"):
        return Readiness(IN_PROGRESS, "Replica Failure condition. Check Pods")
    there = status.get("replicas", 0)
    counts = (("Labelled", "fullyLabeledReplicas"), ("Available", "availableReplicas"), ("Ready", "readyReplicas"))
    problems = tuple(
        (wanted > status.get(field, 0), f"{label}: {status.get(field, 0)}/{wanted}") for label, field in counts
    )
    extra = (there > wanted, f"Pending termination: {there - wanted}")
    return _first((*problems, extra), f"ReplicaSet is available. Replicas: {there}")


def _pod(tree: Tree, now: int) -> Readiness:
    phase = str(_status(tree).get("phase", ""))
    if phase == "Succeeded":
        return Readiness(CURRENT, "Pod has completed successfully")
    if phase == "Failed":
        return Readiness(FAILED, "Pod has completed, but not successfully")
    if phase == "Running" and _has(tree, "Ready"):
        return Readiness(CURRENT, "Pod is Ready")
    crashing = [
        str(one.get("name"))
        for one in _status(tree).get("containerStatuses") or ()
        if ((one.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    ]
    if crashing and phase in {"Running", "Pending"}:
        return Readiness(FAILED, f"Containers in CrashLoop state: {','.join(crashing)}")
    if phase == "Running":
        return Readiness(IN_PROGRESS, "Pod is running but is not Ready")
    if phase == "Pending":
        return _pending_pod(tree, now)
    return Readiness(IN_PROGRESS, "Pod phase not available")


def _pending_pod(tree: Tree, now: int) -> Readiness:
    for condition in _conditions(tree):
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            since = parse_time(str(condition.get("lastTransitionTime") or "")) if now else None
            if since is not None and now - since > _UNSCHEDULABLE:
                return Readiness(FAILED, "Pod could not be scheduled")
            return Readiness(IN_PROGRESS, "Pod has not been scheduled")
    return Readiness(IN_PROGRESS, "Pod is in the Pending phase")


def _claim(tree: Tree, now: int) -> Readiness:
    phase = _status(tree).get("phase", "unknown")
    if phase == "Bound":
        return Readiness(CURRENT, "PVC is Bound")
    return Readiness(IN_PROGRESS, f"PVC is not Bound. phase: {phase}")


def _service(tree: Tree, now: int) -> Readiness:
    kind = _spec(tree).get("type", "ClusterIP")
    if kind == "LoadBalancer" and not _spec(tree).get("clusterIP"):
        return Readiness(IN_PROGRESS, f"ClusterIP not set. Service type: {kind}")
    return Readiness(CURRENT, "Service is ready")


def _job_counts(tree: Tree) -> tuple[int, Tree]:
    spec = _spec(tree)
    return spec.get("completions", spec.get("parallelism", 1)), _status(tree)


def _job_ended(tree: Tree) -> Readiness | None:
    completions, status = _job_counts(tree)
    if _has(tree, "Complete"):
        return Readiness(CURRENT, f"Job Completed. succeeded: {status.get('succeeded', 0)}/{completions}")
    if _has(tree, "Failed"):
        return Readiness(FAILED, f"Job Failed. failed: {status.get('failed', 0)}/{completions}")
    return None


def _job(tree: Tree, now: int) -> Readiness:
    ended = _job_ended(tree)
    if ended is not None:
        return ended
    _, status = _job_counts(tree)
    if not status.get("startTime"):
        return Readiness(IN_PROGRESS, "Job not started")
    counts = f"success:{status.get('succeeded', 0)}, active: {status.get('active', 0)}"
    return Readiness(CURRENT, f"Job in progress. {counts}, failed: {status.get('failed', 0)}")


def _definition(tree: Tree, now: int) -> Readiness:
    for condition in _conditions(tree):
        good = condition.get("status") == "True"
        if condition.get("type") == "NamesAccepted" and condition.get("status") == "False":
            return Readiness(FAILED, str(condition.get("message", "")))
        if condition.get("type") == "Established":
            if good:
                return Readiness(CURRENT, "CRD is established")
            if condition.get("reason") != "Installing":
                return Readiness(FAILED, str(condition.get("message", "")))
    return Readiness(IN_PROGRESS, "Install in progress")


def _always(tree: Tree, now: int) -> Readiness:
    return Readiness(CURRENT, "Resource is always ready")


_READERS: Final[Mapping[tuple[str, str], Callable[[Tree, int], Readiness]]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "ConfigMap"): _always,
    ("", "Secret"): _always,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}


def legacy_ready(tree: Tree, *, jobs: bool) -> bool:
    """Whether ``--wait=legacy`` is content; FlowError when a Job has failed for good."""
    kind, spec, status = tree.get("kind"), _spec(tree), _status(tree)
    if kind == "Job":
        return not jobs or _legacy_job(tree)
    if kind == "Pod":
        return _has(tree, "Ready")
    if kind == "Service":
        external = spec.get("type") == "ExternalName" or bool(spec.get("externalIPs"))
        balanced = spec.get("type") != "LoadBalancer" or bool((status.get("loadBalancer") or {}).get("ingress"))
        return external or (bool(spec.get("clusterIP")) and balanced)
    if kind == "PersistentVolumeClaim":
        return bool(status.get("phase") == "Bound")
    if kind == "CustomResourceDefinition":
        return _has(tree, "Established")
    return _legacy_workload(tree) if kind in _WORKLOADS else True


_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")


def _legacy_workload(tree: Tree) -> bool:
    kind, spec, status = tree.get("kind"), _spec(tree), _status(tree)
    if status.get("observedGeneration", 0) < _metadata(tree).get("generation", 0):
        return False
    wanted = spec.get("replicas", 1)
    if kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) >= wanted <= status.get("numberReady", 0))
    if kind == "Deployment":
        if spec.get("paused"):
            return True
        # differs: Helm counts the ready pods of the new ReplicaSet; the Deployment's own counts say nearly the same
        ready = min(status.get("updatedReplicas", 0), status.get("readyReplicas", 0))
        return bool(ready >= wanted - _unavailable(spec, wanted))
    if kind == "StatefulSet" and status.get("updatedReplicas", 0) < wanted:
        return False
    return bool(status.get("readyReplicas", 0) >= wanted)


def _unavailable(spec: Tree, wanted: int) -> int:
    strategy = spec.get("strategy") or {}
    given = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 0)
    if strategy.get("type") == "Recreate" or not wanted:
        return 0
    if isinstance(given, str):
        return wanted * int(given.rstrip("%") or 0) // 100
    return int(given)


def _legacy_job(tree: Tree) -> bool:
    completions, status = _job_counts(tree)
    metadata = _metadata(tree)
    if status.get("failed", 0) > _spec(tree).get("backoffLimit", 6):
        raise FlowError(f"job is failed: {metadata.get('namespace', '')}/{metadata.get('name', '')}")
    return bool(status.get("succeeded", 0) >= completions)
