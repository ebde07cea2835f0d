"""Runs the hooks of an event: in order of weight, each waited for, deleted as its policies say."""

from typing import Final

from kubesim.helm.manifest import Hook, hooks_for
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.objects import Target, apply, delete, is_finished, owned, targets, wait_until_gone
from kubesim.helm.release.flows.steps import POLL, Flow, FlowError, Setting, Wait, ask, ensure
from kubesim.helm.release.record import Record, hook_of
from kubesim.objects.times import format_time

_HOOK_FAILED: Final = {
    "pre-install": "failed pre-install: {}",
    "post-install": "failed post-install: {}",
    "pre-upgrade": "pre-upgrade hooks failed: {}",
    "post-upgrade": "post-upgrade hooks failed: {}",
}


def run_hooks(setting: Setting, record: Record, event: str, timeout: int) -> Flow[Record]:
    """The record with what its hooks' runs came to; FlowError when one fails, after its deletion policies."""
    ordered = hooks_for([hook_of(tree) for tree in record.hooks], event)
    for hook in ordered:
        found = targets(setting, hook.manifest, record.namespace)
        if _deletes(hook, "before-hook-creation"):
            yield from _delete(setting, found, timeout)
        record = _noted(record, hook, setting, "Running", started=True)
        yield from storage.update(setting, record)
        try:
            for target in found:
                yield from apply(setting, owned(target, record.name, record.namespace))
            yield from _finish(setting, found, timeout)
        except FlowError as error:
            record = _noted(record, hook, setting, "Failed")
            yield from storage.update(setting, record)
            if _deletes(hook, "hook-failed"):
                yield from _delete(setting, found, timeout)
            raise FlowError(_HOOK_FAILED.get(event, "{}").format(error)) from None
        record = _noted(record, hook, setting, "Succeeded")
    for hook in reversed(ordered):
        if _deletes(hook, "hook-succeeded"):
            yield from _delete(setting, targets(setting, hook.manifest, record.namespace), timeout)
    return record


def _deletes(hook: Hook, policy: str) -> bool:
    # k8s: a hook that names no policy is deleted before it is made again; definitions of kinds never are
    return hook.kind != "CustomResourceDefinition" and policy in (hook.delete_policies or ("before-hook-creation",))


def _delete(setting: Setting, found: list[Target], timeout: int) -> Flow[None]:
    for target in found:
        if (yield from delete(setting, target)):
            yield from wait_until_gone(setting, target, timeout)


def _finish(setting: Setting, found: list[Target], timeout: int) -> Flow[None]:
    end = setting.sources.now() + timeout
    for target in found:
        while not is_finished(ensure((yield from ask(setting, "get", target.key)))):
            if setting.sources.now() >= end:
                raise FlowError("context deadline exceeded")
            yield Wait(POLL, f"hook {target.kind} {target.key.name}")


def _noted(record: Record, hook: Hook, setting: Setting, phase: str, *, started: bool = False) -> Record:
    now = format_time(setting.sources.now())
    trees = []
    for tree in record.hooks:
        if (tree.get("path"), tree.get("manifest")) == (hook.path, hook.manifest):
            before = tree.get("last_run") or {}
            run = {"started_at": now, "phase": phase} if started else {**before, "completed_at": now, "phase": phase}
            tree = {**tree, "last_run": run}  # noqa: PLW2901 (the changed copy)
        trees.append(tree)
    return record._replace(hooks=tuple(trees))
