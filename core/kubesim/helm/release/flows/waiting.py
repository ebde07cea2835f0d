"""Waits for objects: until they are ready, until hooks are over, until they are gone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kubesim.helm.release.flows.objects import Target
from kubesim.helm.release.flows.readiness import (
    CURRENT,
    FAILED,
    NOT_FOUND,
    UNKNOWN,
    Readiness,
    job_outcome,
    legacy_ready,
    outcome,
    readiness,
)
from kubesim.helm.release.flows.steps import POLL, Flow, FlowError, Setting, Wait, ask, ensure, log, message

DEADLINE = "context deadline exceeded"
DEFAULT_TIMEOUT = 30_000
"""What a timeout of zero stands for, in milliseconds."""
Reader = Callable[[dict[str, Any], int], Readiness]


def wait_until_ready(
    setting: Setting, found: Iterable[Target], timeout: int, *, jobs: bool = False, strategy: str = "watcher"
) -> Flow[None]:
    """Wait until all objects are ready; FlowError after ``timeout`` milliseconds or when one failed."""
    wanted = list(found)
    if strategy == "legacy":
        yield from _poll_until_ready(setting, wanted, timeout, jobs)
        return
    log(setting, "waiting for resources", count=len(wanted), timeout=go_duration(timeout))
    paused = [target for target in wanted if _is_paused(target)]
    yield from _watch(setting, [one for one in wanted if one not in paused], timeout, _with_jobs if jobs else readiness)


def _is_paused(target: Target) -> bool:
    return target.kind == "Deployment" and bool((target.tree.get("spec") or {}).get("paused"))


def _with_jobs(tree: dict[str, Any], now: int) -> Readiness:
    return job_outcome(tree) if tree.get("kind") == "Job" else readiness(tree, now)


def _outcome(tree: dict[str, Any], now: int) -> Readiness:
    return outcome(tree)


def wait_until_over(setting: Setting, found: Sequence[Target], timeout: int) -> Flow[None]:
    """Wait until the Jobs and Pods of a hook are over; FlowError when one failed or time is up."""
    log(setting, "waiting for resources", count=len(found), timeout=go_duration(timeout))
    yield from _watch(setting, found, timeout, _outcome)


def _watch(setting: Setting, found: Sequence[Target], timeout: int, reader: Reader) -> Flow[None]:
    end = setting.sources.now() + (timeout or DEFAULT_TIMEOUT)
    states = dict.fromkeys(found_keys(found), Readiness(UNKNOWN, ""))
    told: tuple[Any, ...] = ()
    while True:
        for target in found:
            if states[target.key].status not in {CURRENT, FAILED}:
                states[target.key] = yield from _state(setting, target, reader)
        rest = [target for target in found if states[target.key].status not in {CURRENT, FAILED}]
        late = bool(rest) and setting.sources.now() >= end
        if not rest or late:
            break
        told = _tell(setting, rest, states, told)
        yield Wait(POLL, f"{rest[0].kind} {rest[0].key.name} to be ready")
    failures = [
        f"resource {place(target)} not ready. status: {states[target.key].status}, "
        f"message: {states[target.key].message}"
        for target in found
        if states[target.key].status != CURRENT
    ]
    if failures:
        raise FlowError("\n".join([*failures, *([DEADLINE] if late else [])]))
    log(setting, "all resources achieved desired status", desiredStatus=CURRENT, resourceCount=len(found))


def found_keys(found: Iterable[Target]) -> list[Any]:
    """The keys of objects."""
    return [target.key for target in found]


def _state(setting: Setting, target: Target, reader: Reader) -> Flow[Readiness]:
    response = yield from ask(setting, "get", target.key)
    if response.code == 404:
        return Readiness(NOT_FOUND, "Resource not found")
    if response.code >= 400:
        return Readiness(UNKNOWN, message(response))
    return reader(response.body, setting.sources.now())


def _tell(setting: Setting, rest: Sequence[Target], states: dict[Any, Readiness], told: tuple[Any, ...]) -> Any:
    first = min(rest, key=lambda target: target.key.name)
    now = (first.key, states[first.key].status)
    if now != told:
        log(
            setting,
            "waiting for resource",
            namespace=first.key.namespace,
            name=first.key.name,
            kind=first.kind,
            expectedStatus=CURRENT,
            actualStatus=states[first.key].status,
        )
    return now


def place(target: Target) -> str:
    """``Deployment/default/web``."""
    return f"{target.kind}/{target.key.namespace}/{target.key.name}"


def _poll_until_ready(setting: Setting, found: Sequence[Target], timeout: int, jobs: bool) -> Flow[None]:
    log(setting, "beginning wait for resources", count=len(found), timeout=go_duration(timeout))
    end = setting.sources.now() + timeout
    for target in found:
        while not legacy_ready(ensure((yield from ask(setting, "get", target.key))), jobs=jobs):
            if setting.sources.now() >= end:
                raise FlowError(DEADLINE)
            yield Wait(POLL, f"{target.kind} {target.key.name} to be ready")


def wait_until_gone(setting: Setting, found: Iterable[Target], timeout: int) -> Flow[None]:
    """Wait until objects are no more; FlowError after ``timeout`` milliseconds."""
    rest = list(found)
    end = setting.sources.now() + (timeout or DEFAULT_TIMEOUT)
    while True:
        states: list[tuple[Target, Readiness]] = []
        for target in rest:
            state = yield from _state(setting, target, readiness)
            if state.status not in {NOT_FOUND, UNKNOWN}:
                states.append((target, state))
        rest = [target for target, _ in states]
        if not rest:
            return
        if setting.sources.now() >= end:
            lines = [
                f"resource {place(target)} still exists. status: {state.status}, message: {state.message}"
                for target, state in states
            ]
            raise FlowError("\n".join([*lines, DEADLINE]))
        yield Wait(POLL, f"{rest[0].kind} {rest[0].key.name} to be deleted")


def go_duration(milliseconds: int) -> str:
    """``5m0s``, as Go prints durations."""
    seconds, fraction = divmod(milliseconds, 1000)
    if not seconds:
        return f"{fraction}ms" if fraction else "0s"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    tail = f"{seconds % 60}" + (f".{fraction:03d}".rstrip("0") if fraction else "") + "s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + tail
