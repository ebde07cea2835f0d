"""The state machine of a pod on its node, pure: which containers to start, when, what phase and what conditions."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.kubelet.plan import APP, EPHEMERAL, INIT, SIDECAR, PodPlan
from kubesim.kubelet.record import RUNNING, TERMINATED, WAITING, Container
from kubesim.kubelet.runtime import Ended
from kubesim.objects.pods import FAILED, PENDING, SUCCEEDED
from kubesim.objects.pods import RUNNING as RUNNING_PHASE
from kubesim.objects.wire import Tree

Verdict = tuple[bool, str, str]
"""Whether a condition holds, with reason and message."""

_HOLDS: Verdict = (True, "", "")


class Decision(NamedTuple):
    """What to do with a pod that runs."""

    start: list[Container]
    """Containers to start now."""
    finished: bool = False
    """Nothing will run any more."""


# ---------------------------------------------------------------------- restarts
def restarts_after(plan: PodPlan, container: Container, ended: Ended) -> bool:
    """Whether a container is started again after it ended. # k8s: kubecontainer.ShouldContainerBeRestarted."""
    own = container.plan
    if own.kind == EPHEMERAL:
        return False
    for rule in own.rules:
        codes = rule.get("exitCodes")
        if codes and (ended.code in codes["values"]) == (codes["operator"] == "In"):
            return bool(rule.get("action") == "Restart")
    policy = own.restart or plan.restart_policy
    if own.kind == INIT and own.restart is None:
        # k8s: an init container that has failed is retried unless nothing is; one that succeeded is over.
        return ended.code != 0 and policy != "Never"
    return policy == "Always" or (policy == "OnFailure" and ended.code != 0)


def _is_over(plan: PodPlan, container: Container) -> bool:
    past = container.past
    return container.state == TERMINATED and past is not None and not restarts_after(plan, container, past.ended)


# ---------------------------------------------------------------------- what to start
def decide(plan: PodPlan, containers: Sequence[Container], now: int, *, initialized: bool) -> Decision:
    """Which containers to start now. ``initialized``: some app container has been started in this sandbox."""
    start: list[Container] = []
    if plan.init_count and not initialized:
        done, failed = _initialise(plan, containers, now, start)
        if not done or failed:
            return Decision(start, finished=failed)
    elif plan.init_count:
        start += [
            sidecar
            for sidecar in containers[: plan.init_count]
            if sidecar.plan.kind == SIDECAR and sidecar.state != RUNNING and _may_start(sidecar, now)
        ]
    alive = False
    for container in containers[plan.init_count :]:
        if container.state == RUNNING:
            alive = alive or container.plan.kind == APP
        elif not _is_over(plan, container):
            alive = alive or container.plan.kind == APP
            if _may_start(container, now):
                start.append(container)
    return Decision(start if alive else [], finished=not alive)


def _may_start(container: Container, now: int) -> bool:
    return container.retry_at <= now and container.pull is None


def _initialise(plan: PodPlan, containers: Sequence[Container], now: int, start: list[Container]) -> tuple[bool, bool]:
    """Go through the init containers in order; returns whether all are done, and whether one failed for good."""
    for container in containers[: plan.init_count]:
        if container.plan.kind == SIDECAR:
            if container.state == RUNNING and container.started:
                continue
            if container.state != RUNNING and _may_start(container, now):
                start.append(container)
            return False, False
        past = container.past
        if container.state == TERMINATED and past is not None and past.ended.code == 0:
            continue
        if _is_over(plan, container):
            return False, True
        if container.state != RUNNING and _may_start(container, now):
            start.append(container)
        return False, False
    return True, False


# ---------------------------------------------------------------------- phase
def phase(plan: PodPlan, containers: Sequence[Container], *, terminal: bool) -> str:
    """The phase of a pod; ``terminal``: it will run nothing any more. # k8s: kubelet getPhase."""
    if not terminal and not plan.init_count and all(container.state == RUNNING for container in containers):
        return RUNNING_PHASE
    init = containers[: plan.init_count]
    app = containers[plan.init_count : plan.init_count + plan.app_count]
    if any(_has_failed(plan, container) for container in init if container.plan.kind == INIT) and not _any_started(app):
        return FAILED
    if not terminal and not _any_started(app) and any(not _is_initialised(container) for container in init):
        return PENDING
    waiting = running = stopped = succeeded = 0
    for container in app:
        if container.state == RUNNING:
            running += 1
        elif container.state == TERMINATED or container.past is not None:
            stopped += 1
            succeeded += container.past is not None and container.past.ended.code == 0
        else:
            waiting += 1
    if terminal:
        return SUCCEEDED if stopped and stopped == succeeded and not waiting else FAILED
    if waiting:
        return PENDING
    if running:
        return RUNNING_PHASE
    return RUNNING_PHASE if stopped else PENDING


def _has_failed(plan: PodPlan, container: Container) -> bool:
    past = container.past
    return past is not None and past.ended.code != 0 and _is_over(plan, container)


def _any_started(app: Sequence[Container]) -> bool:
    return any(container.state != WAITING or container.past is not None for container in app)


def _is_initialised(container: Container) -> bool:
    if container.plan.kind == SIDECAR:
        return container.state == RUNNING and container.started
    return container.state == TERMINATED and container.past is not None and container.past.ended.code == 0


# ---------------------------------------------------------------------- conditions
def initialized(plan: PodPlan, containers: Sequence[Container], pod_phase: str) -> Verdict:
    """The condition Initialized. # k8s: status.GeneratePodInitializedCondition."""
    if pod_phase == SUCCEEDED:
        return (True, "PodCompleted", "")
    if not plan.init_count or _any_started(containers[plan.init_count : plan.init_count + plan.app_count]):
        return _HOLDS
    open_ = [container.plan.name for container in containers[: plan.init_count] if not _is_initialised(container)]
    if not open_:
        return _HOLDS
    return (False, "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(open_)}]")


def containers_ready(plan: PodPlan, containers: Sequence[Container], pod_phase: str) -> Verdict:
    """The condition ContainersReady. # k8s: status.GenerateContainersReadyCondition."""
    if pod_phase == SUCCEEDED:
        return (False, "PodCompleted", "")
    if pod_phase == FAILED:
        return (False, "PodFailed", "")
    unready = [
        container.plan.name
        for container in containers[: plan.init_count + plan.app_count]
        if not container.ready and container.plan.kind != INIT
    ]
    if unready:
        return (False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    return _HOLDS


def ready(plan: PodPlan, ready_containers: Verdict, conditions: Sequence[Tree]) -> Verdict:
    """The condition Ready: containers and readiness gates. # k8s: status.GeneratePodReadyCondition."""
    if not ready_containers[0] or not plan.gates:
        return ready_containers
    found = {candidate["type"]: candidate["status"] for candidate in conditions}
    texts = []
    for gate in plan.gates:
        if gate not in found:
            texts.append(f'corresponding condition of pod readiness gate "{gate}" does not exist.')
        elif found[gate] != "True":
            texts.append(f'the status of pod readiness gate "{gate}" is not "True", but {found[gate]}')
    return (False, "ReadinessGatesNotReady", ", ".join(texts)) if texts else _HOLDS
