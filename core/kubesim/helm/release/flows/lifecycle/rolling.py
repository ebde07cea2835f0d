"""Rolls releases back."""

from collections.abc import Sequence
from typing import Final

from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.applying import delete, update_all
from kubesim.helm.release.flows.hooks import HooksFailedError, run_hooks
from kubesim.helm.release.flows.lifecycle.drafting import built, marked
from kubesim.helm.release.flows.lifecycle.options import Options, is_server_side, method
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.objects import Target
from kubesim.helm.release.flows.steps import Flow, FlowError, NotFoundError, Setting, log
from kubesim.helm.release.flows.waiting import wait_until_ready
from kubesim.helm.release.record import Record
from kubesim.helm.template.quoting import quote

_LONGEST_DESCRIPTION: Final = 256


def rollback(
    setting: Setting, name: str, namespace: str, version: int = 0, options: Options | None = None
) -> Flow[Record]:
    """Bring back an earlier revision (0: the one before the last) as a new one."""
    options = options or Options()
    if len(options.description) > _LONGEST_DESCRIPTION:
        longest = _LONGEST_DESCRIPTION
        raise FlowError(f"description exceeds maximum length of {longest} characters, got {len(options.description)}")
    log(setting, "preparing rollback", name=name)
    if name_problem(name):
        raise FlowError(f"prepareRollback: Release name is invalid: {name}")
    found = yield from storage.last(setting, namespace, name)
    last = found[-1]
    earlier = yield from _earlier(setting, found, version)
    server_side = is_server_side(options.server_side, earlier.apply_method)
    record = earlier._replace(
        version=last.version + 1,
        status="pending-rollback",
        description=options.description or f"Rollback to {earlier.version}",
        first_deployed=last.first_deployed,
        last_deployed=setting.sources.now(),
        deleted=None,
        stamps={"first_deployed": last.stamp("first_deployed")},
        rollback_revision=earlier.version,
        apply_method=method(server_side),
    )
    if options.dry_run:
        log(setting, "performing rollback", name=name)
        log(setting, "dry run", name=name)
        return record
    log(setting, "creating rolled back release", name=name)
    yield from storage.create(setting, record, options.history_max)
    log(setting, "performing rollback", name=name)
    record = yield from _perform(setting, last, record, options)
    yield from _supersede(setting, record)
    record = record._replace(status="deployed")
    log(setting, "updating status for rolled back release", name=name)
    yield from storage.update(setting, record)
    return record


def _earlier(setting: Setting, found: Sequence[Record], version: int) -> Flow[Record]:
    last = found[-1]
    wanted = version or last.version - 1
    log(setting, "getting release history", name=last.name)
    if all(record.version != wanted for record in found):
        raise FlowError(f"release has no {wanted} version")
    log(setting, "rolling back", name=last.name, currentVersion=last.version, targetVersion=wanted)
    try:
        record = yield from storage.revision(setting, last.namespace, last.name, wanted)
    except NotFoundError:
        raise FlowError(f"release has no {wanted} version") from None
    return record


def _perform(setting: Setting, last: Record, record: Record, options: Options) -> Flow[Record]:
    """Hooks, objects and waiting; the record with what the hooks came to."""
    old = built(setting, last.manifest, record.namespace, "current release")
    new = marked(built(setting, record.manifest, record.namespace, "new release"), record)
    server_side = record.apply_method == "ssa"
    record = yield from _hooks(setting, record, "pre-rollback", options)
    created: list[Target] = []
    try:
        yield from update_all(setting, old, new, options.way(server_side, migrate=True), created)
    except FlowError as error:
        text = f"Rollback {quote(record.name)} failed: {error}"
        log(setting, text, "WARN")
        yield from storage.update(setting, last._replace(status="superseded"))
        yield from storage.update(setting, record._replace(status="failed", description=text))
        yield from _clean_up(setting, created, options)
        raise
    if options.waits:
        jobs, strategy = options.wait_for_jobs, options.strategy
        try:
            yield from wait_until_ready(setting, new, options.timeout, jobs=jobs, strategy=strategy)
        except FlowError as error:
            text = f"Release {quote(record.name)} failed: {error}"
            yield from storage.update(setting, last)
            yield from storage.update(setting, record._replace(status="failed", description=text))
            raise FlowError(f"release {record.name} failed: {error}") from None
    record = yield from _hooks(setting, record, "post-rollback", options)
    return record


def _hooks(setting: Setting, record: Record, event: str, options: Options) -> Flow[Record]:
    if options.no_hooks:
        if event == "pre-rollback":
            log(setting, "rollback hooks disabled", name=record.name)
        return record
    way = options.way(record.apply_method == "ssa")._replace(force_replace=False)
    record, problem = yield from run_hooks(setting, record, event, options.timeout, way=way)
    if problem:
        raise HooksFailedError(problem, record)
    return record


def _clean_up(setting: Setting, created: Sequence[Target], options: Options) -> Flow[None]:
    if not options.cleanup_on_fail:
        return
    log(setting, "cleanup on fail set, cleaning up resources", count=len(created))
    for target in created:
        try:
            yield from delete(setting, target)
        except FlowError as error:
            raise FlowError(
                "an error occurred while cleaning up resources. original rollback error: "
                f"unable to cleanup resources: {error}"
            ) from None
    log(setting, "resource cleanup complete")


def _supersede(setting: Setting, record: Record) -> Flow[None]:
    log(setting, "getting deployed releases", name=record.name)
    for earlier in (yield from storage.records(setting, record.namespace, record.name)):
        if earlier.status == "deployed":
            log(setting, "superseding previous deployment", version=earlier.version)
            yield from storage.update(setting, earlier._replace(status="superseded"))
