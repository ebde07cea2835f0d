"""Which daemon pods to create and delete: one on each eligible node, and the steps of a rolling update. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.controllers.daemonset.eligibility import GENERATION, GENERATION_LABEL, Fit, target_node
from kubesim.objects import history, pods, refs, units
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

ByNode = Mapping[str, Sequence[Tree]]
"""The daemon pods of each node that has some."""


class Steps(NamedTuple):
    """The nodes to create pods for, the pods to delete, and those among them that ended by themselves."""

    create: list[str]
    delete: list[Tree]
    ended: list[tuple[str, Tree]]
    """Node and pod."""


class View(NamedTuple):
    """What the plan knows of a DaemonSet. ``hash`` is that of its present revision, ``now`` in ms since 1970."""

    set: Tree
    hash: str
    nodes: Sequence[Tree]
    fits: Mapping[str, Fit]
    by_node: ByNode
    now: int

    @property
    def min_ready_seconds(self) -> int:
        """How long a pod must be ready to be available."""
        found: int = self.set["spec"].get("minReadySeconds", 0)
        return found

    def is_updated(self, pod: Tree) -> bool:
        """Whether a pod is of the present revision. # k8s: IsPodUpdated."""
        labels = refs.labels(pod)
        if self.hash and labels.get(history.REVISION_LABEL) == self.hash:
            return True
        generation = refs.annotations(self.set).get(GENERATION)
        return bool(generation) and labels.get(GENERATION_LABEL) == generation

    def is_available(self, pod: Tree) -> bool:
        """Whether a pod has been ready for long enough."""
        return pods.is_available(pod, self.min_ready_seconds, self.now)


def group(owned: Sequence[Tree]) -> dict[str, list[Tree]]:
    """The pods by the node they are on or meant for; those that have ended and are going are left out."""
    found: dict[str, list[Tree]] = {}
    for pod in owned:
        if not (pods.is_terminal(pod) and refs.is_deleting(pod)):
            found.setdefault(target_node(pod), []).append(pod)
    return found


def oldest_first(pod: Tree) -> tuple[bool, str, str]:
    """The order of the pods of a node: assigned ones, then the oldest."""
    metadata = pod["metadata"]
    return not pods.node_name(pod), metadata.get("creationTimestamp") or "", metadata["name"]


def limits(view: View) -> tuple[int, int, int]:
    """How many nodes are eligible, how many pods may be unavailable, and how many may be there in excess."""
    desired = sum(1 for node in view.nodes if view.fits[node["metadata"]["name"]].should_run)
    rolling: Tree = (view.set["spec"].get("updateStrategy") or EMPTY).get("rollingUpdate") or EMPTY
    missing = units.int_or_percent(rolling.get("maxUnavailable", 1), desired, round_up=True)
    surplus = units.int_or_percent(rolling.get("maxSurge", 0), desired, round_up=True)
    if desired and not missing and not surplus:
        missing = 1
    return desired, missing, surplus


def allows_surge(daemon_set: Tree) -> bool:
    """Whether a node may have an old and a new pod during an update."""
    strategy: Tree = daemon_set["spec"].get("updateStrategy") or EMPTY
    surge = (strategy.get("rollingUpdate") or EMPTY).get("maxSurge", 0)
    return strategy.get("type") == "RollingUpdate" and surge not in {0, "0%"}


# ---------------------------------------------------------------------- one pod on each node
def manage(view: View) -> Steps:
    """What is missing and what is too much. # k8s: manage, podsShouldBeOnNode."""
    steps = Steps([], [], [])
    surging = allows_surge(view.set)
    for node in view.nodes:
        name = node["metadata"]["name"]
        fit, there = view.fits[name], view.by_node.get(name)
        if fit.should_run and there is None:
            steps.create.append(name)
        elif fit.may_stay:
            running = _running(name, there or (), steps)
            if surging:
                _prune_surge(view, name, running, steps)
            else:
                steps.delete.extend(sorted(running, key=oldest_first)[1:])
        else:
            steps.delete.extend(pod for pod in there or () if not refs.is_deleting(pod))
    known = {node["metadata"]["name"] for node in view.nodes}
    for name, there in view.by_node.items():
        if name not in known:
            # k8s: without its node a pod that waits to be scheduled there would wait for ever
            steps.delete.extend(pod for pod in there if not pods.node_name(pod) and not refs.is_deleting(pod))
    return steps


def _running(node: str, there: Sequence[Tree], steps: Steps) -> list[Tree]:
    running = []
    for pod in there:
        if refs.is_deleting(pod):
            continue
        if pods.is_terminal(pod):
            steps.ended.append((node, pod))
        else:
            running.append(pod)
    return running


def _prune_surge(view: View, node: str, running: list[Tree], steps: Steps) -> None:
    if not running:
        if view.fits[node].should_run:
            steps.create.append(node)
        return
    if len(running) == 1:
        return
    new, old = None, None
    for pod in sorted(running, key=oldest_first):
        if refs.labels(pod).get(history.REVISION_LABEL) == view.hash:
            if new is None:
                new = pod
                continue
        elif old is None:
            old = pod
            continue
        steps.delete.append(pod)
    if new is not None and old is not None and (not pods.is_ready(old) or view.is_available(new)):
        steps.delete.append(old)


# ---------------------------------------------------------------------- updates
def roll(view: View) -> Steps:
    """The next steps of a rolling update. # k8s: rollingUpdate."""
    _, missing, surplus = limits(view)
    return _roll_with_surge(view, surplus) if surplus else _roll_in_place(view, missing)


def _nodes(view: View) -> dict[str, Sequence[Tree]]:
    found = dict(view.by_node)
    for node in view.nodes:
        name = node["metadata"]["name"]
        if view.fits[name].should_run:
            found.setdefault(name, ())
    return found


def _pair(view: View, there: Sequence[Tree]) -> tuple[Tree | None, Tree | None, bool]:
    """The new and the old pod of a node, and whether there are no more than these."""
    new: Tree | None = None
    old: Tree | None = None
    for pod in there:
        if refs.is_deleting(pod):
            continue
        if view.is_updated(pod):
            if new is not None:
                return None, None, False
            new = pod
        else:
            if old is not None:
                return None, None, False
            old = pod
    return new, old, True


def _roll_in_place(view: View, most: int) -> Steps:
    unavailable = 0
    replaced: list[Tree] = []
    candidates: list[Tree] = []
    for there in _nodes(view).values():
        new, old, is_plain = _pair(view, there)
        if not is_plain or (new is None) == (old is None):
            unavailable += 1
        elif new is not None:
            unavailable += not view.is_available(new)
        elif old is not None:
            (candidates if view.is_available(old) else replaced).append(old)
    return Steps([], [*replaced, *candidates[: max(0, most - unavailable)]], [])


def _roll_with_surge(view: View, most: int) -> Steps:
    surging = 0
    done: list[Tree] = []
    needed: list[str] = []
    candidates: list[str] = []
    for node, there in _nodes(view).items():
        new, old, is_plain = _pair(view, there)
        if not is_plain:
            surging += 1
        elif old is None:
            continue
        elif new is None:
            (candidates if view.is_available(old) else needed).append(node)
        elif view.is_available(new):
            done.append(old)
        else:
            surging += 1
    return Steps([*needed, *candidates[: max(0, most - surging)]], done, [])


# ---------------------------------------------------------------------- status
def status_of(view: View) -> dict[str, Any]:
    """The numbers of the status, as Kubernetes writes them. # k8s: updateDaemonSetStatus."""
    desired = current = misscheduled = ready = available = updated = 0
    for node in view.nodes:
        name = node["metadata"]["name"]
        there = view.by_node.get(name)
        if not view.fits[name].should_run:
            misscheduled += bool(there)
            continue
        desired += 1
        if not there:
            continue
        current += 1
        pod = min(there, key=oldest_first)
        if pods.is_ready(pod):
            ready += 1
            available += view.is_available(pod)
        updated += view.is_updated(pod)
    found: dict[str, Any] = {
        "currentNumberScheduled": current,
        "numberMisscheduled": misscheduled,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": view.set["metadata"].get("generation", 0),
    }
    rest = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": desired - available,
        "collisionCount": (view.set.get("status") or EMPTY).get("collisionCount", 0),
    }
    return found | {name: number for name, number in rest.items() if number}


def ripens_at(view: View) -> int | None:
    """When the next ready pod becomes available, in ms since 1970; None when none is waiting."""
    if not view.min_ready_seconds:
        return None
    waiting = []
    for there in view.by_node.values():
        for pod in there:
            ready = pods.ready_condition(pod)
            if ready is not None and ready["status"] == "True" and ready.get("lastTransitionTime"):
                due = parse_time(ready["lastTransitionTime"]) + view.min_ready_seconds * 1000
                if due > view.now:
                    waiting.append(due)
    return min(waiting, default=None)
