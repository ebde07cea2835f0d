"""Install, upgrade, roll back and uninstall releases."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.values import coalesce_tables, coalesce_values, copy_tree
from kubesim.helm.engine import Release, manifests_of, notes_of, render
from kubesim.helm.manifest import manifest_text, sort_manifests
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.hooks import run_hooks
from kubesim.helm.release.flows.objects import (
    Target,
    apply,
    check_ownership,
    delete,
    in_uninstall_order,
    is_kept,
    owned,
    ownership_problem,
    targets,
    wait_until_gone,
    wait_until_ready,
)
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, ensure
from kubesim.helm.release.record import Record, chart_of, chart_tree, hook_tree
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode
from kubesim.objects.wire import NAMESPACES, Key

Tree = dict[str, Any]
PENDING = ("pending-install", "pending-upgrade", "pending-rollback")


class Options(NamedTuple):
    """How a release is changed; ``timeout`` is in milliseconds.

    ``values_from`` says what an upgrade's values add to: "" (the last ones when none are given), "reset", "reuse" or
    "reset-then-reuse".
    """

    wait: bool = False
    wait_for_jobs: bool = False
    timeout: int = 300_000
    no_hooks: bool = False
    skip_crds: bool = False
    create_namespace: bool = False
    replace: bool = False
    take_ownership: bool = False
    force_conflicts: bool = False
    keep_history: bool = False
    install: bool = False
    values_from: str = ""
    history_max: int = 10
    description: str = ""
    labels: tuple[tuple[str, str], ...] = ()


def install(
    setting: Setting, name: str, namespace: str, chart: Chart, values: Tree, options: Options | None = None
) -> Flow[Record]:
    """Install a chart; the record of the release. FlowError, ChartError or TemplateError when it fails."""
    options = options or Options()
    existing = yield from storage.records(setting, namespace, name)
    if existing and not (options.replace and existing[-1].status in {"uninstalled", "failed"}):
        raise FlowError("release name check failed: cannot reuse a name that is still in use")
    if not options.skip_crds:
        yield from _install_crds(setting, chart, options)
    version = existing[-1].version + 1 if existing else 1
    record = _drafted(setting, Release(name, namespace, version), chart, values, options)
    found = targets(setting, record.manifest, namespace)
    if not options.take_ownership:
        try:
            yield from check_ownership(setting, found, name, namespace)
        except FlowError as error:
            raise FlowError(f"unable to continue with install: {error}") from None
    if options.create_namespace:
        yield from _create_namespace(setting, namespace)
    now = setting.sources.now()
    record = record._replace(
        status="pending-install", description="Initial install underway", first_deployed=now, last_deployed=now
    )
    yield from storage.create(setting, record)
    try:
        record = yield from _carry_out(setting, record, [], found, "install", options)
    except FlowError as error:
        failed = record._replace(status="failed", description=f"Release {quote(name)} failed: {error}")
        yield from storage.update(setting, failed)
        raise
    record = record._replace(status="deployed", description=options.description or "Install complete")
    yield from storage.update(setting, record)
    return record


def _drafted(setting: Setting, release: Release, chart: Chart, values: Tree, options: Options) -> Record:
    rendered = render(chart, values, release, setting.sources, capabilities=setting.capabilities, lookup=setting.lookup)
    ordered = sort_manifests(manifests_of(rendered))
    return Record(
        name=release.name,
        namespace=release.namespace,
        version=release.revision,
        status="",
        chart=chart_tree(rendered.chart),
        config=values,
        manifest=manifest_text(ordered.manifests),
        hooks=tuple(hook_tree(hook) for hook in ordered.hooks),
        notes=notes_of(rendered),
        labels=dict(options.labels),
    )


def _install_crds(setting: Setting, chart: Chart, options: Options) -> Flow[None]:
    for file in chart.crds():
        found = targets(setting, decode(file.data), "")
        for target in found:
            try:
                yield from apply(setting, target, force=options.force_conflicts)
            except FlowError as error:
                raise FlowError(f"failed to install CRD {file.name}: {error}") from None
        yield from wait_until_ready(setting, found, min(options.timeout, 60_000))


def _create_namespace(setting: Setting, namespace: str) -> Flow[None]:
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {"name": namespace}},
    }
    response = yield from ask(setting, "create", Key(NAMESPACES), body=body)
    if response.code != 409:
        ensure(response)


def _carry_out(
    setting: Setting, record: Record, old: Sequence[Target], new: Sequence[Target], event: str, options: Options
) -> Flow[Record]:
    """Hooks, objects and waiting; the record with what the hooks came to."""
    if not options.no_hooks:
        record = yield from run_hooks(setting, record, f"pre-{event}", options.timeout)
    for target in new:
        yield from apply(setting, owned(target, record.name, record.namespace), force=options.force_conflicts)
    keys = [target.key for target in new]
    for target in old:
        if target.key not in keys:
            yield from _delete_superfluous(setting, target)
    if options.wait:
        yield from wait_until_ready(setting, new, options.timeout, jobs=options.wait_for_jobs)
    if not options.no_hooks:
        record = yield from run_hooks(setting, record, f"post-{event}", options.timeout)
    return record


def _delete_superfluous(setting: Setting, target: Target) -> Flow[None]:
    response = yield from ask(setting, "get", target.key)
    if response.code == 404 or is_kept(Target(target.key, ensure(response))):
        return
    yield from delete(setting, target)


def upgrade(
    setting: Setting, name: str, namespace: str, chart: Chart, values: Tree, options: Options | None = None
) -> Flow[Record]:
    """Make a release what the chart and the values say; with ``install`` also one that is not there yet."""
    options = options or Options()
    found = yield from storage.records(setting, namespace, name)
    if not found or found[-1].status == "uninstalled":
        if options.install:
            record = yield from install(setting, name, namespace, chart, values, options._replace(replace=True))
            return record
        raise FlowError(f"{quote(name)} has no deployed releases")
    last = found[-1]
    if last.status in PENDING:
        raise FlowError("another operation (install/upgrade/rollback) is in progress")
    current = _deployed(found)
    if current is None:
        raise FlowError(f"{quote(name)} has no deployed releases")
    chart, values = _with_earlier_values(current, chart, values, options.values_from)
    release = Release(name, namespace, last.version + 1, is_install=False, is_upgrade=True)
    record = _drafted(setting, release, chart, values, options)._replace(
        status="pending-upgrade",
        description="Preparing upgrade",
        first_deployed=current.first_deployed,
        last_deployed=setting.sources.now(),
        labels={**current.labels, **dict(options.labels)},
    )
    description = options.description or "Upgrade complete"
    record = yield from _replace(setting, found, current, record, "upgrade", description, options)
    return record


def _deployed(found: Sequence[Record]) -> Record | None:
    """The revision whose objects are in the cluster: the deployed one, else the last that failed or was replaced."""
    deployed = [record for record in found if record.status == "deployed"]
    tried = [record for record in found if record.status in {"failed", "superseded"}]
    candidates = deployed or tried
    return candidates[-1] if candidates else None


def _with_earlier_values(current: Record, chart: Chart, values: Tree, values_from: str) -> tuple[Chart, Tree]:
    """The chart and the values of an upgrade, by what they shall add to."""
    if values_from == "reset":
        return chart, values
    earlier = copy_tree(current.config)
    if values_from == "reuse":
        chart = chart.copy()
        chart.values = coalesce_values(chart_of(current.chart), copy_tree(earlier))
        return chart, coalesce_tables(copy_tree(values), earlier)
    if values_from == "reset-then-reuse":
        return chart, coalesce_tables(copy_tree(values), earlier)
    return chart, values or earlier


def _replace(
    setting: Setting,
    found: Sequence[Record],
    current: Record,
    record: Record,
    event: str,
    description: str,
    options: Options,
) -> Flow[Record]:
    """Bring a new revision into the cluster in place of the current one."""
    name = record.name
    old = targets(setting, current.manifest, record.namespace)
    new = targets(setting, record.manifest, record.namespace)
    keys = [target.key for target in old]
    if not options.take_ownership:
        added = [target for target in new if target.key not in keys]
        try:
            yield from check_ownership(setting, added, name, record.namespace)
        except FlowError as error:
            raise FlowError(f"unable to continue with update: {error}") from None
    yield from storage.prune(setting, record.namespace, name, options.history_max)
    yield from storage.create(setting, record)
    try:
        record = yield from _carry_out(setting, record, old, new, event, options)
    except FlowError as error:
        failed = f"{event.capitalize()} {quote(name)} failed: {error}"
        yield from storage.update(setting, record._replace(status="failed", description=failed))
        raise
    for earlier in found:
        if earlier.status == "deployed":
            yield from storage.update(setting, earlier._replace(status="superseded"))
    record = record._replace(status="deployed", description=description)
    yield from storage.update(setting, record)
    return record


def rollback(
    setting: Setting, name: str, namespace: str, version: int = 0, options: Options | None = None
) -> Flow[Record]:
    """Bring back an earlier revision (0: the one before the last) as a new one."""
    options = options or Options()
    found = yield from storage.history(setting, namespace, name)
    last = found[-1]
    if last.status in PENDING:
        raise FlowError("another operation (install/upgrade/rollback) is in progress")
    wanted = version or last.version - 1
    earlier = next((record for record in found if record.version == wanted), None)
    if earlier is None:
        raise FlowError(f"release has no {wanted} version")
    record = earlier._replace(
        version=last.version + 1,
        status="pending-rollback",
        description=f"Rollback to {wanted}",
        first_deployed=last.first_deployed,
        last_deployed=setting.sources.now(),
        rollback_revision=wanted,
        hooks=tuple({**tree, "last_run": {"phase": ""}} for tree in earlier.hooks),
    )
    description = options.description or f"Rollback to {wanted}"
    record = yield from _replace(setting, found, last, record, "rollback", description, options)
    return record


def uninstall(setting: Setting, name: str, namespace: str, options: Options | None = None) -> Flow[Record]:
    """Delete a release's objects and, unless its history is kept, its revisions; the last record."""
    options = options or Options()
    found = yield from storage.records(setting, namespace, name)
    if not found:
        raise FlowError(f"uninstall: Release not loaded: {name}: release: not found")
    record = found[-1]
    if record.status == "uninstalled":
        if options.keep_history:
            raise FlowError(f"the release named {quote(name)} is already deleted")
        yield from _forget(setting, found)
        return record
    record = record._replace(
        status="uninstalling",
        deleted=setting.sources.now(),
        description="Deletion in progress (or silently failed)",
    )
    yield from storage.update(setting, record)
    if not options.no_hooks:
        record = yield from run_hooks(setting, record, "pre-delete", options.timeout)
    gone = yield from _delete_all(setting, record)
    if options.wait:
        for target in gone:
            yield from wait_until_gone(setting, target, options.timeout)
    if not options.no_hooks:
        record = yield from run_hooks(setting, record, "post-delete", options.timeout)
    record = record._replace(status="uninstalled", description=options.description or "Uninstallation complete")
    if options.keep_history:
        yield from storage.update(setting, record)
    else:
        yield from _forget(setting, found)
    return record


def _delete_all(setting: Setting, record: Record) -> Flow[list[Target]]:
    gone: list[Target] = []
    for target in in_uninstall_order(targets(setting, record.manifest, record.namespace)):
        response = yield from ask(setting, "get", target.key)
        if response.code == 404 or is_kept(target):
            continue
        # k8s: Helm 4 leaves objects alone that are no longer the release's
        if not ownership_problem(ensure(response), record.name, record.namespace):
            yield from delete(setting, target)
            gone.append(target)
    return gone


def _forget(setting: Setting, found: Sequence[Record]) -> Flow[None]:
    for record in found:
        yield from storage.remove(setting, record)
