"""Upgrades releases."""

from collections.abc import Sequence
from typing import Any

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.values import coalesce_tables, coalesce_values, copy_tree
from kubesim.helm.engine import Release
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.applying import delete, update_all
from kubesim.helm.release.flows.hooks import HooksFailedError, run_hooks
from kubesim.helm.release.flows.lifecycle.drafting import built, drafted, dry, marked
from kubesim.helm.release.flows.lifecycle.installing import install
from kubesim.helm.release.flows.lifecycle.options import Options, is_server_side, method
from kubesim.helm.release.flows.lifecycle.rolling import rollback
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.objects import Target, check_ownership, existing
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, log
from kubesim.helm.release.flows.waiting import wait_until_ready
from kubesim.helm.release.record import PENDING, Record, chart_of
from kubesim.helm.template.quoting import quote

Tree = dict[str, Any]


def upgrade(
    setting: Setting, name: str, namespace: str, chart: Chart, values: Tree, options: Options | None = None
) -> Flow[Record]:
    """Make a release what the chart and the values say; with ``install`` also one that is not there yet."""
    options = options or Options()
    if options.install:
        found = yield from storage.records(setting, namespace, name)
        if not found or found[-1].status == "uninstalled":
            again = options._replace(replace=bool(found))
            record = yield from install(setting, name, namespace, chart, values, again)
            return record
    if name_problem(name):
        raise FlowError(f"release name is invalid: {name}")
    log(setting, "preparing upgrade", name=name)
    current, record = yield from _prepared(setting, name, namespace, chart, values, options)
    log(setting, "performing update", name=name)
    record = yield from _perform(setting, current, record, options)
    return record


def _prepared(
    setting: Setting, name: str, namespace: str, chart: Chart, values: Tree, options: Options
) -> Flow[tuple[Record, Record]]:
    """The revision that is in the cluster, and the one that shall be."""
    if options.hide_secret and not options.dry_run:
        raise FlowError("hiding Kubernetes secrets requires a dry-run mode")
    log(setting, "getting last revision", name=name)
    log(setting, "getting release history", name=name)
    found = yield from storage.records(setting, namespace, name)
    if not found:
        raise FlowError(f"{quote(name)} has no deployed releases")
    last = found[-1]
    if last.status in PENDING:
        raise FlowError("another operation (install/upgrade/rollback) is in progress")
    if last.status != "deployed":
        log(setting, "getting deployed releases", name=name)
    current = _deployed(found)
    if current is None:
        raise FlowError(f"{quote(name)} has no deployed releases")
    chart, values = _with_earlier_values(setting, current, chart, values, options.values_from)
    release = Release(name, current.namespace, last.version + 1, is_install=False, is_upgrade=True)
    record = drafted(setting, release, chart, values, options)
    server_side = is_server_side(options.server_side, last.apply_method)
    log(
        setting,
        "determined release apply method",
        server_side_apply=server_side,
        previous_release_apply_method=last.apply_method,
    )
    labels = {**last.labels, **record.labels}
    return current, record._replace(
        status="pending-upgrade",
        description="Preparing upgrade",
        first_deployed=current.first_deployed,
        last_deployed=setting.sources.now(),
        stamps={"first_deployed": current.stamp("first_deployed")},
        labels={key: value for key, value in labels.items() if value != "null"},
        apply_method=method(server_side),
    )


def _deployed(found: Sequence[Record]) -> Record | None:
    """The revision whose objects are in the cluster: the deployed one, else the last if that failed or was replaced."""
    deployed = [record for record in found if record.status == "deployed"]
    if deployed:
        return deployed[-1]
    return found[-1] if found[-1].status in {"failed", "superseded"} else None


def _with_earlier_values(
    setting: Setting, current: Record, chart: Chart, values: Tree, values_from: str
) -> tuple[Chart, Tree]:
    """The chart and the values of an upgrade, by what they shall add to."""
    if values_from == "reset":
        log(setting, "resetting values to the chart's original version")
        return chart, values
    earlier = copy_tree(current.config)
    if values_from == "reuse":
        log(setting, "reusing the old release's values")
        chart = chart.copy()
        chart.values = coalesce_values(chart_of(current.chart), copy_tree(earlier))
        return chart, coalesce_tables(copy_tree(values), earlier)
    if values_from == "reset-then-reuse":
        log(setting, "merging values from old release to new values")
        return chart, coalesce_tables(copy_tree(values), earlier)
    if earlier and not values:
        log(setting, "copying values from old release", name=current.name, version=current.version)
    return chart, values or earlier


def _perform(setting: Setting, current: Record, record: Record, options: Options) -> Flow[Record]:
    """Bring the new revision into the cluster in place of the current one."""
    namespace = record.namespace
    old = built(setting, current.manifest, namespace, "current release")
    new = marked(built(setting, record.manifest, namespace, "new release"), record)
    keys = [target.key for target in old]
    added = [target for target in new if target.key not in keys]
    try:
        check = existing(setting, added) if options.take_ownership else None
        adopted = yield from (check or check_ownership(setting, added, record.name, namespace))
    except FlowError as error:
        raise FlowError(f"unable to continue with update: {error}") from None
    if options.dry_run:
        return dry(record, options)
    log(setting, "creating upgraded release", name=record.name)
    yield from storage.create(setting, record, options.history_max)
    created: list[Target] = []
    try:
        record = yield from _apply(setting, current, record, [*old, *adopted], new, options, created)
    except FlowError as error:
        ran = error.record if isinstance(error, HooksFailedError) else record
        yield from _fail(setting, ran, str(error), created, options)
    yield from storage.update(setting, current._replace(status="superseded"))
    record = record._replace(status="deployed", description=options.description or "Upgrade complete")
    log(setting, "updating status for upgraded release", name=record.name)
    yield from storage.update(setting, record)
    return record


def _apply(
    setting: Setting,
    current: Record,
    record: Record,
    old: Sequence[Target],
    new: Sequence[Target],
    options: Options,
    created: list[Target],
) -> Flow[Record]:
    """Hooks, objects and waiting; the record with what the hooks came to."""
    server_side = record.apply_method == "ssa"
    way = options.way(server_side, migrate=server_side and current.apply_method in {"", "csa"})
    record = yield from _hooks(setting, record, "pre-upgrade", options)
    try:
        yield from update_all(setting, old, new, way, created)
        if options.waits:
            jobs, strategy = options.wait_for_jobs, options.strategy
            yield from wait_until_ready(setting, new, options.timeout, jobs=jobs, strategy=strategy)
    except FlowError as error:
        yield from storage.update(setting, current)
        raise HooksFailedError(str(error), record) from None
    record = yield from _hooks(setting, record, "post-upgrade", options)
    return record


def _hooks(setting: Setting, record: Record, event: str, options: Options) -> Flow[Record]:
    if options.no_hooks:
        return record
    way = options.way(record.apply_method == "ssa")._replace(force_replace=False)
    record, problem = yield from run_hooks(setting, record, event, options.timeout, way=way)
    if problem:
        raise HooksFailedError(f"{event} hooks failed: {problem}", record)
    return record


def _fail(setting: Setting, record: Record, problem: str, created: Sequence[Target], options: Options) -> Flow[None]:
    """Note the failure and undo what was done where that is wanted; always ends in a FlowError."""
    log(setting, "upgrade failed", "WARN", name=record.name, error=problem)
    text = f"Upgrade {quote(record.name)} failed: {problem}"
    yield from storage.update(setting, record._replace(status="failed", description=text))
    if options.cleanup_on_fail and created:
        log(setting, "cleanup on fail set", cleaning_resources=len(created))
        try:
            for target in created:
                yield from delete(setting, target)
        except FlowError as error:
            raise FlowError(
                "an error occurred while cleaning up resources. original upgrade error: "
                f"{problem}: unable to cleanup resources: {error}"
            ) from None
        log(setting, "resource cleanup complete")
    if options.rollback_on_failure:
        yield from _undo(setting, record, problem, options)
    raise FlowError(problem)


def _undo(setting: Setting, record: Record, problem: str, options: Options) -> Flow[None]:
    text = "Upgrade failed and rollback-on-failure is set, rolling back to previous successful release"
    log(setting, text)
    found = yield from storage.history(setting, record.namespace, record.name)
    good = [one.version for one in found if one.status in {"superseded", "deployed"}]
    if not good:
        raise FlowError(
            "unable to find a previously successful release when attempting to rollback. "
            f"original upgrade error: {problem}"
        )
    again = options._replace(wait=True, history_max=0, description="", rollback_on_failure=False, cleanup_on_fail=False)
    try:
        yield from rollback(setting, record.name, record.namespace, good[-1], again)
    except FlowError as error:
        raise FlowError(
            f"an error occurred while rolling back the release. original upgrade error: {problem}: {error}"
        ) from None
    raise FlowError(
        f"release {record.name} failed, and has been rolled back due to rollback-on-failure being set: {problem}"
    )
