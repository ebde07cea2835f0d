"""Builds the status trees of pods by sharing: conditions are interned, container statuses reuse parts of the plan."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from kubesim.kubelet.record import RUNNING, TERMINATED, Container
from kubesim.kubelet.runtime import Ended
from kubesim.objects.times import format_time
from kubesim.objects.wire import Tree

READY_TO_START, INITIALIZED, READY, CONTAINERS_READY, SCHEDULED = (
    "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
)  # fmt: skip
OWN = (READY_TO_START, INITIALIZED, READY, CONTAINERS_READY)
"""The conditions that a kubelet writes, in its order. # k8s: kubelet/status"""
NO_STATE: dict[str, Any] = {}


@lru_cache(maxsize=8192)
def condition(type_: str, holds: bool, reason: str, message: str, since: str, generation: int) -> Tree:
    """A pod condition; equal ones are one object."""
    made: dict[str, Any] = {"lastProbeTime": None, "lastTransitionTime": since}
    if message:
        made["message"] = message
    made["observedGeneration"] = generation
    if reason:
        made["reason"] = reason
    made["status"] = "True" if holds else "False"
    made["type"] = type_
    return made


@lru_cache(maxsize=2048)
def running_state(started_ms_of_second: int) -> Tree:
    """``state.running``; one object per second."""
    return {"running": {"startedAt": format_time(started_ms_of_second)}}


def terminated_state(ended: Ended, started_ms: int, container_id: str) -> Tree:
    """``state.terminated``."""
    made: dict[str, Any] = {"containerID": container_id} if container_id else {}
    made["exitCode"] = ended.code
    made["finishedAt"] = format_time(ended.at_ms)
    if ended.message:
        made["message"] = ended.message
    made["reason"] = ended.reason
    made["startedAt"] = format_time(started_ms)
    return {"terminated": made}


def container_status(container: Container) -> Tree:
    """The container status, made again only after a change."""
    tree = container.tree
    if tree is None:
        tree = container.tree = _make(container)
    return tree


def _make(container: Container) -> Tree:
    plan, past = container.plan, container.past
    if container.state == RUNNING:
        process = container.process
        started = process.started_ms if process is not None else 0
        return {
            **plan.started_parts,
            "containerID": container.container_id,
            "lastState": NO_STATE if past is None else terminated_state(past.ended, past.started_ms, past.container_id),
            "ready": container.ready,
            "restartCount": container.restarts,
            "started": container.started,
            "state": running_state(started // 1000 * 1000),
        }
    if container.state == TERMINATED and past is not None:
        return {
            **plan.started_parts,
            "containerID": past.container_id,
            "lastState": NO_STATE,
            "ready": container.ready,
            "restartCount": container.restarts,
            "started": False,
            "state": terminated_state(past.ended, past.started_ms, past.container_id),
        }
    return _waiting(container)


def _waiting(container: Container) -> Tree:
    plan, past = container.plan, container.past
    if not container.reason and past is None:
        return plan.creating
    state: dict[str, Any] = {}
    if container.message:
        state["message"] = container.message
    state["reason"] = container.reason or plan.creating["state"]["waiting"]["reason"]
    made: dict[str, Any] = {
        **(plan.waiting_parts if past is None else plan.started_parts),
        "lastState": NO_STATE if past is None else terminated_state(past.ended, past.started_ms, past.container_id),
        "ready": False,
        "restartCount": container.restarts,
        "started": False,
        "state": {"waiting": state},
    }
    if past is not None and past.container_id:
        made["containerID"] = past.container_id
    return made


def statuses(containers: Sequence[Container], creating: list[Tree]) -> list[Tree]:
    """The statuses of containers; the shared list of the plan while nothing has happened."""
    made = [container.tree if container.tree is not None else container_status(container) for container in containers]
    if len(made) == len(creating) and all(map(_identical, made, creating)):
        return creating
    return made


def _identical(one: Any, two: Any) -> bool:
    return one is two


def transition(old: Tree | None, type_: str, verdict: tuple[bool, str, str], stamp: str, generation: int) -> Tree:
    """The condition after a verdict: its time changes only when its status does."""
    holds, reason, message = verdict
    since = stamp
    if old is not None and old["status"] == ("True" if holds else "False"):
        since = old["lastTransitionTime"]
    return condition(type_, holds, reason, message, since, generation)


def merged(own: Sequence[Tree], rest: Sequence[Tree], stamp: str, generation: int) -> list[Tree]:
    """The kubelet's conditions, followed by those of others; PodScheduled is added when nobody has set it."""
    made = [*own, *rest]
    if not any(candidate["type"] == SCHEDULED for candidate in rest):
        made.append(condition(SCHEDULED, True, "", "", stamp, generation))
    return made
