"""Which ReplicaSet is the new one, and what Deployments note on their ReplicaSets: revision, history, sizes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kubesim.objects import pods, refs
from kubesim.objects.wire import EMPTY, Tree

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"
HISTORY_LIMIT = 2000
"""Characters."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_OWN = (_LAST_APPLIED, REVISION, HISTORY, DESIRED, MAX, "deprecated.deployment.rollback.to")


def age(replica_set: Tree) -> tuple[str, str]:
    """The sort key that puts the oldest first."""
    metadata = replica_set["metadata"]
    return metadata.get("creationTimestamp") or "", metadata["name"]


def number(replica_set: Tree, annotation: str) -> int | None:
    """An annotation as a number, or None."""
    text = refs.annotations(replica_set).get(annotation)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def same_template(one: Tree, other: Tree) -> bool:
    """Whether two pod templates are equal but for the hash label. # k8s: deployment/util EqualIgnoreHash."""
    if one is other:
        return True
    left, right = one.get("metadata") or EMPTY, other.get("metadata") or EMPTY
    if one.get("spec") != other.get("spec") or _without_hash(left.get("labels")) != _without_hash(right.get("labels")):
        return False
    return _rest(left) == _rest(right)


def _without_hash(labels: Tree | None) -> dict[str, Any]:
    return {key: value for key, value in (labels or EMPTY).items() if key != HASH_LABEL}


def _rest(metadata: Tree) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != "labels" and value}


def find_new(deployment: Tree, replica_sets: Iterable[Tree]) -> Tree | None:
    """The oldest ReplicaSet with the template of the Deployment."""
    template = deployment["spec"]["template"]
    for each in sorted(replica_sets, key=age):
        if same_template(each["spec"]["template"], template):
            return each
    return None


def next_revision(old: Iterable[Tree]) -> int:
    """The revision of the new ReplicaSet beside these old ones."""
    return max((number(each, REVISION) or 0 for each in old), default=0) + 1


def annotate_new(deployment: Tree, annotations: Mapping[str, str], revision: int) -> Mapping[str, str]:
    """The annotations the new ReplicaSet should carry; the same mapping when it carries them already.

    # k8s: deployment/util SetNewReplicaSetAnnotations
    """
    changes = {
        key: value
        for key, value in refs.annotations(deployment).items()
        if key not in _OWN and annotations.get(key) != value
    }
    text = annotations.get(REVISION, "")
    if text and not text.isdigit():
        return {**annotations, **changes} if changes else annotations
    if int(text or 0) < revision:
        changes[REVISION] = str(revision)
        if text:
            history = _longer_history(annotations.get(HISTORY, ""), text)
            if history:
                changes[HISTORY] = history
    return {**annotations, **changes} if changes else annotations


def _longer_history(history: str, revision: str) -> str:
    if not history:
        return revision
    parts = [*history.split(","), revision]
    while len(parts) > 1 and len(",".join(parts)) > HISTORY_LIMIT:
        del parts[0]
    return ",".join(parts)


def annotate_sizes(annotations: Mapping[str, str], desired: int, most: int) -> Mapping[str, str]:
    """The annotations with both sizes noted; the same mapping when they are."""
    if annotations.get(DESIRED) == str(desired) and annotations.get(MAX) == str(most):
        return annotations
    return {**annotations, DESIRED: str(desired), MAX: str(most)}


def template_hash(deployment: Tree) -> str:
    """The value of the hash label for the present template."""
    return pods.template_hash(deployment["spec"]["template"], (deployment.get("status") or EMPTY).get("collisionCount"))


def new_replica_set(deployment: Tree, digest: str, size: int, annotations: Mapping[str, str]) -> dict[str, Any]:
    """The body of a ReplicaSet for the present template."""
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = spec["template"]
    labels = {**((template.get("metadata") or EMPTY).get("labels") or EMPTY), HASH_LABEL: digest}
    selector = spec["selector"]
    body: dict[str, Any] = {
        "replicas": size,
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or EMPTY), HASH_LABEL: digest}},
        "template": {**template, "metadata": {**(template.get("metadata") or EMPTY), "labels": labels}},
    }
    if spec.get("minReadySeconds"):
        body["minReadySeconds"] = spec["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [refs.owner_reference(deployment, "apps/v1", "Deployment")],
        },
        "spec": body,
    }


def outdated(old: Sequence[Tree], limit: int) -> list[Tree]:
    """The old ReplicaSets above the history limit that may be deleted, lowest revision first."""
    alive = [each for each in old if not refs.is_deleting(each)]
    excess = len(alive) - limit
    if excess <= 0:
        return []
    alive.sort(key=_by_revision)
    return [each for each in alive[:excess] if _is_idle(each)]


def _by_revision(replica_set: Tree) -> tuple[int, tuple[str, str]]:
    return number(replica_set, REVISION) or 0, age(replica_set)


def _is_idle(replica_set: Tree) -> bool:
    status = replica_set.get("status") or EMPTY
    generation = replica_set["metadata"].get("generation", 0)
    return bool(
        not status.get("replicas", 0)
        and not replica_set["spec"].get("replicas", 1)
        and generation <= status.get("observedGeneration", 0)
    )
