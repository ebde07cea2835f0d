"""Which pods a ReplicaSet deletes first when it shrinks."""

import math
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any, NamedTuple

from kubesim.objects import pods, refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


class Rank(NamedTuple):
    """What decides about one pod; ``first`` is compared as it is, the rest as ``_compare`` says. Times in ms."""

    first: tuple[int, int, int, int, int]
    ready_at: int
    restarts: tuple[int, int]
    created_at: int
    uid: str
    pod: Tree
    now: int


def neighbours(related: Sequence[Tree]) -> Mapping[str, int]:
    """How many active pods of the same owner run on each node."""
    found: dict[str, int] = {}
    for pod in related:
        if pods.is_active(pod):
            node = pods.node_name(pod)
            found[node] = found.get(node, 0) + 1
    return found


def victims(candidates: Sequence[Tree], related: Sequence[Tree], count: int, now: int) -> list[Tree]:
    """The ``count`` pods to delete, most expendable first.

    # k8s: controller_utils.go ActivePodsWithRanks
    """
    if count >= len(candidates):
        return list(candidates)
    crowd = neighbours(related)
    ranks = [_rank(pod, crowd.get(pods.node_name(pod), 0), now) for pod in candidates]
    ranks.sort(key=cmp_to_key(_compare))
    return [rank.pod for rank in ranks[:count]]


def _rank(pod: Tree, crowd: int, now: int) -> Rank:
    ready = pods.ready_condition(pod)
    is_ready = ready is not None and ready["status"] == "True"
    first = (
        1 if pods.node_name(pod) else 0,
        _PHASES.get(pods.phase(pod), 0),
        1 if is_ready else 0,
        _cost(pod),
        -crowd,
    )
    since = _time(ready.get("lastTransitionTime")) if is_ready and ready is not None else 0
    metadata = pod["metadata"]
    return Rank(first, since, _restarts(pod), _time(metadata.get("creationTimestamp")), refs.uid(pod), pod, now)


def _cost(pod: Tree) -> int:
    try:
        return int(refs.annotations(pod).get(DELETION_COST, 0))
    except ValueError:
        return 0


def _time(text: str | None) -> int:
    return parse_time(text) if text else 0


def _restarts(pod: Tree) -> tuple[int, int]:
    status = pod.get("status") or EMPTY
    regular = max((each.get("restartCount", 0) for each in status.get("containerStatuses") or ()), default=0)
    sidecars = [each["name"] for each in pod["spec"].get("initContainers") or () if pods.is_sidecar(each)]
    initial: Any = status.get("initContainerStatuses") or ()
    return regular, max((each.get("restartCount", 0) for each in initial if each["name"] in sidecars), default=0)


def _compare(one: Rank, other: Rank) -> int:
    if one.first != other.first:
        return -1 if one.first < other.first else 1
    if one.ready_at != other.ready_at:
        return _compare_ages(one, other, one.ready_at, other.ready_at)
    if one.restarts != other.restarts:
        return -1 if one.restarts > other.restarts else 1
    if one.created_at != other.created_at:
        return _compare_ages(one, other, one.created_at, other.created_at)
    return 0


def _compare_ages(one: Rank, other: Rank, since: int, other_since: int) -> int:
    # k8s: younger first, but only as far as the logarithms of the ages differ; inside such a bucket the uid decides
    if not since or not other_since:
        return -1 if not since else 1
    difference = _bucket(one.now - since) - _bucket(other.now - other_since)
    if difference:
        return difference
    return -1 if one.uid < other.uid else 1


def _bucket(age_ms: int) -> int:
    return int(math.log2(age_ms * 1_000_000)) if age_ms > 0 else -1
