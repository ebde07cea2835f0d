"""Uninstalls releases."""

from collections.abc import Sequence

from kubesim.helm.manifest import RESOURCE_POLICY, UNINSTALL_ORDER, sort_manifests
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.applying import delete
from kubesim.helm.release.flows.hooks import run_hooks
from kubesim.helm.release.flows.lifecycle.options import Options
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.objects import Target, in_uninstall_order, is_kept, ownership_problem, targets
from kubesim.helm.release.flows.steps import Flow, FlowError, NotFoundError, Setting, ask, ensure, log
from kubesim.helm.release.flows.waiting import go_duration, wait_until_gone
from kubesim.helm.release.record import Record


def uninstall(
    setting: Setting, name: str, namespace: str, options: Options | None = None, left: list[str] | None = None
) -> Flow[Record]:
    """Delete a release's objects and, unless its history is kept, its revisions; the last record.

    What is not deleted because it is no longer the release's is added to ``left`` as ``[Kind] name``.
    Raises FlowError, NotFoundError when there is no such release.
    """
    options = options or Options()
    if options.dry_run:
        record = yield from storage.revision(setting, namespace, name)
        return record
    if name_problem(name):
        raise FlowError(f"uninstall: Release name is invalid: {name}")
    log(setting, "getting release history", name=name)
    found = yield from storage.records(setting, namespace, name)
    if not found:
        raise NotFoundError(f"uninstall: Release not loaded: {name}: {storage.NOT_FOUND}")
    record = found[-1]
    if record.status == "uninstalled":
        if options.keep_history:
            raise FlowError(f'the release named "{name}" is already deleted')
        yield from _forget(setting, found)
        return record
    log(setting, "uninstall: deleting release", name=name)
    record = yield from _perform(setting, found, options, [] if left is None else left)
    return record


def _perform(setting: Setting, found: Sequence[Record], options: Options, left: list[str]) -> Flow[Record]:
    """Hooks, deletion, waiting; FlowError with what went wrong on the way, once it is done."""
    record = found[-1]._replace(
        status="uninstalling",
        deleted=setting.sources.now(),
        description="Deletion in progress (or silently failed)",
    )
    record, problem = yield from _hooks(setting, record, "pre-delete", options)
    if problem:
        raise FlowError(problem)
    yield from storage.update(setting, record)
    gone = yield from _delete_all(setting, record, options, left)
    problems: list[str] = []
    if options.waits:
        log(setting, "waiting for resources to be deleted", count=len(gone), timeout=go_duration(options.timeout))
        try:
            yield from wait_until_gone(setting, gone, options.timeout)
            log(setting, "all resources achieved desired status", desiredStatus="NotFound", resourceCount=len(gone))
        except FlowError as error:
            problems.append(str(error))
    record, problem = yield from _hooks(setting, record, "post-delete", options)
    problems += [problem] if problem else []
    record = record._replace(status="uninstalled", description=options.description or "Uninstallation complete")
    if options.keep_history:
        yield from storage.update(setting, record)
    else:
        log(setting, "purge requested", release=record.name)
        yield from _forget(setting, found)
    if problems:
        raise FlowError(f"uninstallation completed with {len(problems)} error(s): {'; '.join(problems)}")
    return record


def _hooks(setting: Setting, record: Record, event: str, options: Options) -> Flow[tuple[Record, str]]:
    if options.no_hooks:
        return record, ""
    done = yield from run_hooks(setting, record, event, options.timeout)
    return done


def _delete_all(setting: Setting, record: Record, options: Options, left: list[str]) -> Flow[list[Target]]:
    """Delete what is the release's own; the objects that were there."""
    gone: list[Target] = []
    mine: list[Target] = []
    try:
        found = [target for target in targets(setting, record.manifest, record.namespace) if not is_kept(target)]
    except FlowError as error:
        log(setting, "uninstall: Failed to delete release", error=error)
        raise FlowError(f"failed to delete release: {record.name}") from None
    for target in in_uninstall_order(found):
        response = yield from ask(setting, "get", target.key)
        if response.code == 404:
            continue
        place = {"kind": target.kind, "name": target.key.name, "namespace": target.key.namespace}
        # k8s: Helm 4 leaves objects alone that are no longer the release's
        problem = ownership_problem(ensure(response), record.name, record.namespace)
        if problem:
            text = "skipping delete of resource not owned by this release"
            log(setting, text, "WARN", **place, release=record.name)
            left.append(f"[{target.kind}] {target.key.name}")
            continue
        log(setting, "deleting resource owned by this release", **place, release=record.name)
        mine.append(target)
    for target in mine:
        place = {"namespace": target.key.namespace, "name": target.key.name, "kind": target.kind}
        log(setting, "starting delete resource", **place)
        yield from delete(setting, target, options.cascade.capitalize())
        gone.append(target)
    return gone


def _forget(setting: Setting, found: Sequence[Record]) -> Flow[None]:
    for record in found:
        try:
            yield from storage.remove(setting, record)
        except FlowError as error:
            raise FlowError(f"uninstall: Failed to purge the release: {error}") from None


def kept_text(record: Record) -> str:
    """What Helm says of the objects that outlive a release; empty when there are none."""
    ordered = sort_manifests({"manifest": record.manifest}, UNINSTALL_ORDER)
    kept = [
        f"[{one.kind}] {one.name}\n"
        for one in ordered.manifests
        if one.annotations.get(RESOURCE_POLICY, "").strip().lower() == "keep"
    ]
    return f"These resources were kept due to the resource policy:\n{''.join(kept)}" if kept else ""
