"""Installs releases."""

from collections.abc import Sequence
from typing import Any, Final

from kubesim.helm.capabilities import default_capabilities
from kubesim.helm.chart.chart import Chart
from kubesim.helm.engine import Release
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.applying import create_all, update_all
from kubesim.helm.release.flows.hooks import HooksFailedError, run_hooks
from kubesim.helm.release.flows.lifecycle.drafting import built, drafted, dry, marked
from kubesim.helm.release.flows.lifecycle.options import CLIENT, Options, method
from kubesim.helm.release.flows.lifecycle.uninstalling import uninstall
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.objects import Target, check_ownership, existing, targets
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, ensure, log
from kubesim.helm.release.flows.waiting import wait_until_ready
from kubesim.helm.release.record import Record
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode
from kubesim.objects.wire import NAMESPACES, Key

Tree = dict[str, Any]
_UNDERWAY: Final = "Initial install underway"
_DEFINITION_TIMEOUT: Final = 60_000


def install(
    setting: Setting, name: str, namespace: str, chart: Chart, values: Tree, options: Options | None = None
) -> Flow[Record]:
    """Install a chart; the record of the release. FlowError, ChartError or TemplateError when it fails."""
    options = options or Options()
    if options.hide_secret and not options.dry_run:
        raise FlowError("hiding Kubernetes secrets requires a dry-run mode")
    if options.dry_run == CLIENT:
        # k8s: a dry run of the client knows no cluster
        setting = setting._replace(capabilities=default_capabilities(), lookup=None)
    found = yield from _check_name(setting, name, namespace, options)
    if not options.skip_crds and chart.crds():
        yield from _definitions(setting, chart, options)
    now = setting.sources.now()
    server_side = options.server_side != "false"
    record = drafted(setting, Release(name, namespace, 1), chart, values, options)._replace(
        status="pending-install",
        description=_UNDERWAY,
        first_deployed=now,
        last_deployed=now,
        apply_method=method(server_side),
    )
    if options.dry_run == CLIENT:
        return dry(record, options)
    new = marked(built(setting, record.manifest, namespace, "release"), record)
    adopted = yield from _adopted(setting, new, record, options)
    if options.dry_run:
        return dry(record, options)
    if options.create_namespace:
        yield from _create_namespace(setting, namespace)
    record = yield from _take_place(setting, record, found)
    yield from storage.create(setting, record)
    try:
        record = yield from _perform(setting, record, new, adopted, options)
    except FlowError as error:
        ran = error.record if isinstance(error, HooksFailedError) else record
        yield from _fail(setting, ran, str(error), options)
    record = record._replace(status="deployed", description=options.description or "Install complete")
    yield from storage.update(setting, record)
    return record


def _check_name(setting: Setting, name: str, namespace: str, options: Options) -> Flow[list[Record]]:
    """The revisions there are of that name; FlowError when it cannot be used."""
    problem = name_problem(name)
    found: list[Record] = []
    if not problem and not options.dry_run:
        log(setting, "getting release history", name=name)
        found = yield from storage.records(setting, namespace, name)
        if found and not (options.replace and found[-1].status in {"uninstalled", "failed"}):
            problem = "cannot reuse a name that is still in use"
    if problem:
        log(setting, "release name check failed", "ERROR", error=problem)
        raise FlowError(f"release name check failed: {problem}")
    return found


def _definitions(setting: Setting, chart: Chart, options: Options) -> Flow[None]:
    """Create what is in crds/ and wait until the cluster serves it."""
    if options.dry_run:
        text = "This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies."
        log(setting, text, "WARN")
        return
    made: list[Target] = []
    for file in chart.crds():
        try:
            found = targets(setting, decode(file.data), "")
            yield from create_all(setting, found, options.way(options.server_side != "false"))
        except FlowError as error:
            if options.server_side == "false" and "already exists" in str(error):
                log(setting, f"CRD {file.name} is already present. Skipping.")
                continue
            raise FlowError(f"failed to install CRD {file.name}: {error}") from None
        made += found
    yield from wait_until_ready(setting, made, _DEFINITION_TIMEOUT)
    log(setting, "clearing REST mapper cache")
    if setting.refresh is not None:
        setting.refresh()


def _adopted(setting: Setting, new: Sequence[Target], record: Record, options: Options) -> Flow[list[Target]]:
    """The objects that are there already; FlowError when they are not the release's and may not be taken."""
    if options.take_ownership:
        there = yield from existing(setting, new)
        return there
    try:
        there = yield from check_ownership(setting, new, record.name, record.namespace)
    except FlowError as error:
        raise FlowError(f"unable to continue with install: {error}") from None
    return there


def _create_namespace(setting: Setting, namespace: str) -> Flow[None]:
    metadata = {"name": namespace, "labels": {"name": namespace}}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    response = yield from ask(setting, "create", Key(NAMESPACES), body=body)
    if response.code != 409:
        ensure(response)


def _take_place(setting: Setting, record: Record, found: Sequence[Record]) -> Flow[Record]:
    """The record as the next revision, when a name is used again."""
    if not found:
        return record
    last = found[-1]
    if last.status != "failed":
        superseded = last._replace(status="superseded", description="superseded by new release")
        yield from storage.update(setting, superseded)
    return record._replace(version=last.version + 1)


def _perform(
    setting: Setting, record: Record, new: Sequence[Target], adopted: Sequence[Target], options: Options
) -> Flow[Record]:
    """Hooks, objects and waiting; the record with what the hooks came to."""
    way = options.way(record.apply_method == "ssa")
    record = yield from _hooks(setting, record, "pre-install", options)
    if adopted:
        yield from update_all(setting, adopted, new, way, [])
    elif new:
        yield from create_all(setting, new, way)
    if options.waits:
        jobs, strategy = options.wait_for_jobs, options.strategy
        yield from wait_until_ready(setting, new, options.timeout, jobs=jobs, strategy=strategy)
    record = yield from _hooks(setting, record, "post-install", options)
    return record


def _hooks(setting: Setting, record: Record, event: str, options: Options) -> Flow[Record]:
    if options.no_hooks:
        return record
    way = options.way(record.apply_method == "ssa")
    record, problem = yield from run_hooks(setting, record, event, options.timeout, way=way)
    if problem:
        raise HooksFailedError(f"failed {event}: {problem}", record)
    return record


def _fail(setting: Setting, record: Record, problem: str, options: Options) -> Flow[None]:
    """Note the failure and undo what was done where that is wanted; always ends in a FlowError."""
    text = f"Release {quote(record.name)} failed: {problem}"
    failed = record._replace(status="failed", description=text)
    if options.rollback_on_failure:
        log(setting, "install failed and rollback-on-failure is set, uninstalling release", release=record.name)
        undo = Options(no_hooks=options.no_hooks, timeout=options.timeout, wait=True, strategy=options.strategy)
        try:
            yield from uninstall(setting, record.name, record.namespace, undo)
        except FlowError as error:
            raise FlowError(
                f"an error occurred while uninstalling the release. original install error: {problem}: {error}"
            ) from None
        raise FlowError(
            f"release {record.name} failed, and has been uninstalled due to rollback-on-failure being set: {problem}"
        )
    yield from storage.update(setting, failed)
    raise FlowError(problem)
