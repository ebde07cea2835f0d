"""How many replicas each ReplicaSet of a Deployment should have next: rolling, recreating, proportional scaling."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubesim.controllers.deployment import revisions
from kubesim.objects import units
from kubesim.objects.wire import EMPTY, Tree

DEFAULT_PERCENT = "25%"


class Scale(NamedTuple):
    """One step: give this ReplicaSet that many replicas."""

    name: str
    replicas: int


def replicas(owner: Tree) -> int:
    """``spec.replicas`` of a Deployment or ReplicaSet."""
    return int(owner["spec"].get("replicas", 1))


def reported(replica_set: Tree, field: str) -> int:
    """A number of a ReplicaSet's status; 0 while it is absent."""
    status = replica_set.get("status")
    return int(status.get(field, 0)) if status else 0


def total(replica_sets: Iterable[Tree]) -> int:
    """The sum of the wished replicas."""
    return sum(map(replicas, replica_sets))


def is_rolling(deployment: Tree) -> bool:
    """Whether the strategy is RollingUpdate."""
    strategy = deployment["spec"].get("strategy") or EMPTY
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")


def fenceposts(surge: int | str, unavailable: int | str, desired: int) -> tuple[int, int]:
    """Both limits as numbers: maxSurge rounded up, maxUnavailable rounded down; never both 0.

    # k8s: deployment/util ResolveFenceposts
    """
    most = units.int_or_percent(surge, desired, round_up=True)
    missing = units.int_or_percent(unavailable, desired, round_up=False)
    return most, 1 if most == 0 and missing == 0 else missing


def _limits(deployment: Tree) -> tuple[int, int]:
    rolling = (deployment["spec"].get("strategy") or EMPTY).get("rollingUpdate") or EMPTY
    surge = rolling.get("maxSurge", DEFAULT_PERCENT)
    return fenceposts(surge, rolling.get("maxUnavailable", DEFAULT_PERCENT), replicas(deployment))


def max_surge(deployment: Tree) -> int:
    """How many pods there may be above the wished number."""
    return _limits(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Tree) -> int:
    """How many pods may be missing."""
    desired = replicas(deployment)
    if not is_rolling(deployment) or desired == 0:
        return 0
    return min(_limits(deployment)[1], desired)


def first_size(deployment: Tree, others: Sequence[Tree], size: int = 0) -> int:
    """The size of the new ReplicaSet that now has ``size`` replicas. # k8s: deployment/util NewRSNewReplicas."""
    desired = replicas(deployment)
    if not is_rolling(deployment):
        return desired
    room = desired + max_surge(deployment) - total(others) - size
    return size if room <= 0 else size + min(room, desired - size)


def roll(deployment: Tree, new: Tree, old: Sequence[Tree]) -> list[Scale]:
    """The next steps of a rolling update: first the new ReplicaSet; when it may stay as it is, the old ones.

    # k8s: deployment/rolling.go
    """
    desired, size = replicas(deployment), replicas(new)
    if size != desired:
        wished = desired if size > desired else first_size(deployment, old, size)
        if wished != size:
            return [Scale(_name(new), wished)]
    return _shrink_old(deployment, new, [each for each in old if replicas(each) > 0])


def _shrink_old(deployment: Tree, new: Tree, old: Sequence[Tree]) -> list[Scale]:
    if not old:
        return []
    least = replicas(deployment) - max_unavailable(deployment)
    new_unavailable = replicas(new) - reported(new, "availableReplicas")
    limit = total(old) + replicas(new) - least - new_unavailable
    if limit <= 0:
        return []
    old = sorted(old, key=revisions.age)
    sizes = {_name(each): replicas(each) for each in old}
    steps = _drop_unhealthy(old, sizes, limit)
    available = sum(reported(each, "availableReplicas") for each in (*old, new))
    return steps + _drop_healthy(old, sizes, available - least)


def _drop_unhealthy(old: Sequence[Tree], sizes: dict[str, int], limit: int) -> list[Scale]:
    steps = []
    for each in old:
        name = _name(each)
        count = min(limit, sizes[name] - reported(each, "availableReplicas"))
        if count > 0:
            sizes[name] -= count
            limit -= count
            steps.append(Scale(name, sizes[name]))
    return steps


def _drop_healthy(old: Sequence[Tree], sizes: dict[str, int], limit: int) -> list[Scale]:
    steps = []
    for each in old:
        name = _name(each)
        count = min(sizes[name], limit)
        if count > 0:
            sizes[name] -= count
            limit -= count
            steps.append(Scale(name, sizes[name]))
    return steps


def is_scaling(deployment: Tree, replica_sets: Iterable[Tree]) -> bool:
    """Whether the wished number has changed since the active ReplicaSets were last sized."""
    desired = replicas(deployment)
    for each in replica_sets:
        if replicas(each) > 0:
            noted = revisions.number(each, revisions.DESIRED)
            if noted is not None and noted != desired:
                return True
    return False


def rescale(deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> list[Scale]:
    """The steps that follow a change of the wished number, or that a paused Deployment may take.

    # k8s: deployment/sync.go scale
    """
    desired = replicas(deployment)
    only = _active_or_latest(new, old)
    if only is not None:
        return [] if replicas(only) == desired else [Scale(_name(only), desired)]
    if new is not None and _is_saturated(deployment, new):
        return [Scale(_name(each), 0) for each in old if replicas(each) > 0]
    if not is_rolling(deployment):
        return []
    return _proportional(deployment, [each for each in (*old, *([new] if new is not None else [])) if replicas(each)])


def _active_or_latest(new: Tree | None, old: Sequence[Tree]) -> Tree | None:
    every = [*old, *([new] if new is not None else [])]
    active = [each for each in every if replicas(each) > 0]
    if len(active) > 1 or not every:
        return None
    if active:
        return active[0]
    return new if new is not None else max(old, key=revisions.age)


def _is_saturated(deployment: Tree, new: Tree) -> bool:
    desired = replicas(deployment)
    return (
        replicas(new) == desired
        and revisions.number(new, revisions.DESIRED) == desired
        and reported(new, "availableReplicas") == desired
    )


def _proportional(deployment: Tree, active: list[Tree]) -> list[Scale]:
    desired = replicas(deployment)
    allowed = desired + max_surge(deployment) if desired > 0 else 0
    add = allowed - total(active)
    # k8s: the biggest is first and takes what is left over; of equals the newer when growing, the older when shrinking
    active.sort(key=revisions.age, reverse=add > 0)
    active.sort(key=replicas, reverse=True)
    sizes, added = [], 0
    for each in active:
        share = _share(deployment, each, add, added)
        added += share
        sizes.append(Scale(_name(each), replicas(each) + share))
    if sizes and add:
        sizes[0] = Scale(sizes[0].name, max(0, sizes[0].replicas + add - added))
    return sizes


def _share(deployment: Tree, replica_set: Tree, add: int, added: int) -> int:
    size = replicas(replica_set)
    if size == 0 or add in {0, added}:
        return 0
    rest = add - added
    share = _fraction(deployment, replica_set, size)
    return min(share, rest) if add > 0 else max(share, rest)


def _fraction(deployment: Tree, replica_set: Tree, size: int) -> int:
    desired = replicas(deployment)
    if desired == 0:
        return -size
    noted = revisions.number(replica_set, revisions.MAX)
    if not noted:
        noted = (deployment.get("status") or EMPTY).get("replicas", 0)
        if not noted:
            return 0
    exact = size * (desired + max_surge(deployment)) / noted
    return math.floor(exact + 0.5) - size


def _name(replica_set: Tree) -> str:
    return str(replica_set["metadata"]["name"])
