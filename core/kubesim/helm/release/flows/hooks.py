"""Runs the hooks of an event: in order of weight, each waited for, deleted as its policies say."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kubesim.helm.manifest import Hook, hooks_for
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.applying import Way, create_all, delete
from kubesim.helm.release.flows.objects import Target, targets
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, log
from kubesim.helm.release.flows.waiting import wait_until_gone, wait_until_over
from kubesim.helm.release.record import Record, hook_of, stamp_of
from kubesim.objects.wire import PODS, Key

DEFAULT_POLICY: Final = "before-hook-creation"
Choice = Callable[[str], bool]


class PodLog(NamedTuple):
    """What a container of a pod printed."""

    pod: str
    container: str
    text: str


class HooksFailedError(FlowError):
    """A hook failed; ``record`` says what the hooks came to."""

    def __init__(self, text: str, record: Record) -> None:
        super().__init__(text)
        self.record = record


def run_hooks(
    setting: Setting,
    record: Record,
    event: str,
    timeout: int,
    *,
    way: Way | None = None,
    chosen: Choice | None = None,
    logs: list[PodLog] | None = None,
) -> Flow[tuple[Record, str]]:
    """The record with what its hooks' runs came to, and what went wrong, after the deletion policies were kept.

    ``chosen`` says by name which of the hooks run; what their pods printed is added to ``logs``.
    """
    ordered = hooks_for([hook_of(tree) for tree in record.hooks], event)
    ordered = [hook for hook in ordered if chosen is None or chosen(hook.name)]
    for hook in ordered:
        record = _with_policy(record, hook)
        try:
            record, problem = yield from _run(setting, record, hook, event, timeout, way or Way(), logs)
        except FlowError as error:
            return record, str(error)
        if problem:
            return record, problem
    for hook in reversed(ordered):
        try:
            yield from _log_output(setting, record, hook, "hook-succeeded")
            yield from _delete(setting, record, hook, "hook-succeeded", timeout)
        except FlowError as error:
            return record, str(error)
    return record, ""


def _run(
    setting: Setting, record: Record, hook: Hook, event: str, timeout: int, way: Way, logs: list[PodLog] | None
) -> Flow[tuple[Record, str]]:
    """One hook; FlowError when it could not even be begun."""
    yield from _delete(setting, record, hook, DEFAULT_POLICY, timeout)
    try:
        found = targets(setting, hook.manifest, record.namespace)
    except FlowError as error:
        raise FlowError(f"unable to build kubernetes object for {event} hook {hook.path}: {error}") from None
    record = _noted(record, hook, setting, "Running", started=True)
    yield from storage.update(setting, record)
    try:
        yield from create_all(setting, found, way)
    except FlowError as error:
        return _noted(record, hook, setting, "Failed"), f"warning: Hook {event} {hook.path} failed: {error}"
    try:
        yield from wait_until_over(setting, found, timeout)
    except FlowError as error:
        record = _noted(record, hook, setting, "Failed")
        yield from _gather(setting, found, logs)
        yield from _log_output(setting, record, hook, "hook-failed")
        try:
            yield from _delete(setting, record, hook, "hook-failed", timeout)
        except FlowError as second:
            log(setting, f"error deleting the hook resource on hook failure: {second}", "WARN")
        return record, str(error)
    yield from _gather(setting, found, logs)
    return _noted(record, hook, setting, "Succeeded"), ""


def _gather(setting: Setting, found: list[Target], logs: list[PodLog] | None) -> Flow[None]:
    if logs is None:
        return
    for target in found:
        if target.kind == "Pod":
            for container in (target.tree.get("spec") or {}).get("containers") or ():
                text = yield from container_log(setting, target.key.namespace, target.key.name, container["name"])
                logs.append(PodLog(target.key.name, container["name"], text))


def _with_policy(record: Record, hook: Hook) -> Record:
    """The record in which a hook that names no policy has the usual one, as Helm notes it when the hook runs."""
    trees = [
        {**tree, "delete_policies": [DEFAULT_POLICY]} if _is(tree, hook) and not hook.delete_policies else tree
        for tree in record.hooks
    ]
    return record._replace(hooks=tuple(_ordered(tree) for tree in trees))


def _ordered(tree: dict[str, Any]) -> dict[str, Any]:
    """The fields of a hook in Helm's order."""
    last = ("last_run", "weight", "delete_policies", "output_log_policies")
    return {**{key: value for key, value in tree.items() if key not in last}, **{k: tree[k] for k in last if k in tree}}


def _is(tree: dict[str, Any], hook: Hook) -> bool:
    return (tree.get("path"), tree.get("manifest")) == (hook.path, hook.manifest)


def _delete(setting: Setting, record: Record, hook: Hook, policy: str, timeout: int) -> Flow[None]:
    # k8s: definitions of kinds are never deleted
    if hook.kind == "CustomResourceDefinition" or policy not in (hook.delete_policies or (DEFAULT_POLICY,)):
        return
    try:
        found = targets(setting, hook.manifest, record.namespace)
    except FlowError as error:
        raise FlowError(f"unable to build kubernetes object for deleting hook {hook.path}: {error}") from None
    there: list[Target] = []
    for target in found:
        place = {"namespace": target.key.namespace, "name": target.key.name, "kind": target.kind}
        log(setting, "starting delete resource", **place)
        if (yield from delete(setting, target)):
            there.append(target)
    if there:
        yield from wait_until_gone(setting, there, timeout)


def _log_output(setting: Setting, record: Record, hook: Hook, policy: str) -> Flow[None]:
    """Report what the hook's containers printed, where the hook asks for it."""
    if policy not in hook.output_log_policies or hook.kind not in {"Job", "Pod"}:
        return
    found = targets(setting, hook.manifest, record.namespace)
    selector = (
        f"labelSelector=job-name={hook.name}" if hook.kind == "Job" else f"fieldSelector=metadata.name={hook.name}"
    )
    kind, _, value = selector.partition("=")
    namespace = found[0].key.namespace
    response = yield from ask(setting, "list", Key(PODS, namespace), query={kind: value})
    for pod in (response.body.get("items") or ()) if response.code < 400 else ():
        for container in pod["spec"].get("containers") or ():
            text = yield from container_log(setting, namespace, pod["metadata"]["name"], container["name"])
            if text:
                log(setting, text.rstrip("\n"), "INFO")


def container_log(setting: Setting, namespace: str, pod: str, container: str) -> Flow[str]:
    """What a container printed; nothing, with a line in the log, when the cluster does not say."""
    response = yield from ask(
        setting, "get", Key(PODS, namespace, pod), subresource="log", query={"container": container}
    )
    if response.code < 400 and isinstance(response.body, str):
        return response.body
    reason = f"failed to stream pod logs for pod: {pod}, container: {container}"
    log(setting, f"error outputting logs for hook failure: {reason}", "WARN")
    return ""


def _noted(record: Record, hook: Hook, setting: Setting, phase: str, *, started: bool = False) -> Record:
    now = stamp_of(setting.sources.now())
    trees = []
    for tree in record.hooks:
        if _is(tree, hook):
            before = tree.get("last_run") or {}
            run = {"started_at": now, "phase": phase} if started else {**before, "completed_at": now, "phase": phase}
            order = ("started_at", "completed_at", "phase")
            tree = {**tree, "last_run": {name: run[name] for name in order if name in run}}  # noqa: PLW2901 (a copy)
        trees.append(tree)
    return record._replace(hooks=tuple(trees))
