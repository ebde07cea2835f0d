"""Probes without a callback a period: the outcome is a function of time, so only what could change it is waited for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubesim.kubelet import checking
from kubesim.kubelet.plan import INIT, LIVENESS, READINESS, STARTUP, ProbePlan
from kubesim.kubelet.record import Container, ProbeState
from kubesim.kubelet.runtime import Piece

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

FIRST_MS = 1_000
"""The kubelet learns from its runtime about once a second that a container runs; then it begins to probe."""


# ---------------------------------------------------------------------- pure
def piece_at(pieces: Sequence[Piece], now: int) -> tuple[Piece, Piece | None]:
    """The outcome at a time, and the next different one."""
    current, following = pieces[0], None
    for piece in pieces:
        if piece.since_ms <= now:
            current = piece
        elif piece.ok != current.ok or piece.message != current.message:
            following = piece
            break
    return current, following


def in_time(plan: ProbePlan, pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The outcomes with failures in place of what takes longer than the probe allows."""
    if not any(piece.millis < 0 or piece.millis > plan.timeout_ms for piece in pieces):
        return pieces
    line = " ".join(plan.action.get("command") or ())
    text = f'command timed out: "{line}" timed out after {plan.timeout_ms // 1000}s'
    return [
        Piece(piece.since_ms, ok=False, message=text) if piece.millis < 0 or piece.millis > plan.timeout_ms else piece
        for piece in pieces
    ]


def next_tick(due: int, period_ms: int, after: int) -> int:
    """The first moment of a probe's rhythm (``due``, ``due + period``, ...) that is not before ``after``."""
    if after <= due:
        return due
    return due + -(-(after - due) // period_ms) * period_ms


def observe(plan: ProbePlan, state: ProbeState, pieces: Sequence[Piece], now: int) -> ProbeState:
    """Count the probe that is due now.

    Once it has succeeded often enough, the next one that matters is the first that can fail.
    """
    current, following = piece_at(pieces, now)
    if not current.ok:
        return state._replace(successes=0, failures=state.failures + 1, due=state.due + plan.period_ms)
    successes = state.successes + 1
    if successes < plan.success:
        return state._replace(successes=successes, failures=0, due=state.due + plan.period_ms)
    due = 0 if following is None else next_tick(state.due, plan.period_ms, following.since_ms)
    return state._replace(successes=successes, failures=0, due=due)


# ---------------------------------------------------------------------- a container's probes
def begin(worker: "PodWorker", container: Container, now: int) -> None:
    """A container has started: which probes it begins with, and whether it is ready without any."""
    del worker
    probes = container.plan.probes
    container.touch()
    if not probes:
        container.started = True
        container.ready = container.plan.kind != INIT
        return
    has_startup = any(plan.which == STARTUP for plan in probes)
    container.started = not has_startup
    container.ready = container.plan.kind != INIT and container.started and not _has_readiness(container)
    container.probes = [
        ProbeState(position, 0, 0, now + max(plan.delay_ms, FIRST_MS))
        for position, plan in enumerate(probes)
        if plan.which == STARTUP or not has_startup
    ]


def _has_readiness(container: Container) -> bool:
    return any(plan.which == READINESS for plan in container.plan.probes)


def advance(worker: "PodWorker", container: Container, now: int) -> None:
    """Make the probes that are due."""
    for index, state in enumerate(container.probes):
        if state.due and state.due <= now:
            _make(worker, container, index, state, now)
            if container.process is None or container.stopping or len(container.probes) <= index:
                return


def look_again(worker: "PodWorker", container: Container, now: int) -> None:
    """Files have changed: probes that seemed to go on as they were are made again in their rhythm."""
    changed = False
    for index, state in enumerate(container.probes):
        if not state.due:
            container.probes[index] = state._replace(due=now + container.plan.probes[state.position].period_ms)
            changed = True
    if changed:
        worker.poke()


def _make(worker: "PodWorker", container: Container, index: int, state: ProbeState, now: int) -> None:
    plan, process = container.plan.probes[state.position], container.process
    if process is None:
        return
    pieces = in_time(plan, checking.outcomes(worker, container, process, plan))
    # The moment that counts is the probe's own; the step that carries it out comes up to 100 ms later.
    moment = state.due
    current, _ = piece_at(pieces, moment)
    if current.errs:
        # k8s: worker doProbe throws the result away
        container.probes[index] = state._replace(due=state.due + plan.period_ms)
        text = f"{plan.which} probe errored and resulted in unknown state: {current.message}"
        worker.container_event(container, "Warning", "Unhealthy", text)
        return
    after = observe(plan, state, pieces, moment)
    if not after.due and checking.is_asked_each_time(worker, process, plan):
        after = after._replace(due=state.due + plan.period_ms)
    container.probes[index] = after
    if not current.ok:
        worker.container_event(container, "Warning", "Unhealthy", f"{plan.which} probe failed: {current.message}")
        if after.failures >= plan.failure:
            _failed(worker, container, plan, now)
        return
    if current.warns:
        worker.container_event(container, "Warning", "ProbeWarning", f"{plan.which} probe warning: {current.message}")
    if after.successes >= plan.success:
        _succeeded(worker, container, plan, now)


def _succeeded(worker: "PodWorker", container: Container, plan: ProbePlan, now: int) -> None:
    if plan.which == READINESS and not container.ready:
        container.ready = True
        container.touch()
    elif plan.which == STARTUP:
        container.started = True
        container.ready = not _has_readiness(container)
        container.probes = [
            ProbeState(position, 0, 0, now + max(other.delay_ms, FIRST_MS))
            for position, other in enumerate(container.plan.probes)
            if other.which != STARTUP
        ]
        container.touch()
    worker.dirty = True


def _failed(worker: "PodWorker", container: Container, plan: ProbePlan, now: int) -> None:
    if plan.which == READINESS:
        if container.ready:
            container.ready = False
            container.touch()
            worker.dirty = True
        return
    if worker.is_stopping():
        # k8s: liveness and startup probes end when termination begins.
        return
    word = "liveness" if plan.which == LIVENESS else "startup"
    worker.restart(
        container, f"Container {container.plan.name} failed {word} probe, will be restarted", plan.grace_ms, now
    )
