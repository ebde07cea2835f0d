"""Renders a chart into the record of a revision that is not in the cluster yet."""

from collections.abc import Sequence
from typing import Any, Final

from kubesim.helm.chart.chart import Chart
from kubesim.helm.engine import Release, manifests_of, notes_of, render
from kubesim.helm.manifest import Manifest, manifest_text, sort_manifests
from kubesim.helm.release.flows.lifecycle.options import CLIENT, Options
from kubesim.helm.release.flows.objects import Target, owned, targets
from kubesim.helm.release.flows.steps import FlowError, Setting, log
from kubesim.helm.release.record import SYSTEM_LABELS, Record, chart_tree, hook_tree

Tree = dict[str, Any]
_HIDDEN: Final = "# HIDDEN: The Secret output has been suppressed"


def drafted(setting: Setting, release: Release, chart: Chart, values: Tree, options: Options) -> Record:
    """The record of a rendering; ChartError or TemplateError when the chart cannot be rendered."""
    rendered = render(
        chart,
        values,
        release,
        setting.sources,
        capabilities=setting.capabilities,
        lookup=None if options.dry_run == CLIENT else setting.lookup,
        skip_schema_validation=options.skip_schema_validation,
    )
    for warning in rendered.warnings:
        log(setting, warning, "WARN")
    log(
        setting,
        "number of dependencies in the chart",
        chart=rendered.chart.name,
        dependencies=len(rendered.chart.dependencies),
    )
    files = manifests_of(rendered)
    ordered = sort_manifests(dict(options.post_render(files)) if options.post_render is not None else files)
    return Record(
        name=release.name,
        namespace=release.namespace,
        version=release.revision,
        status="",
        chart=chart_tree(rendered.chart),
        config=values,
        manifest=_text(ordered.manifests, hide=options.hide_secret),
        hooks=tuple(hook_tree(hook) for hook in ordered.hooks),
        notes=notes_of(rendered, subchart_notes=options.subchart_notes),
        labels=_checked_labels(options),
    )


def _text(manifests: Sequence[Manifest], *, hide: bool) -> str:
    if not hide:
        return manifest_text(manifests)
    parts = [
        f"---\n# Source: {one.path}\n{_HIDDEN}\n" if one.kind == "Secret" else manifest_text([one]) for one in manifests
    ]
    return "".join(parts)


def _checked_labels(options: Options) -> dict[str, str]:
    labels = dict(options.labels)
    if any(name in labels for name in SYSTEM_LABELS):
        raise FlowError(
            f"user supplied labels contains system reserved label name. System labels: [{' '.join(SYSTEM_LABELS)}]"
        )
    return labels


def built(setting: Setting, manifest: str, namespace: str, what: str) -> list[Target]:
    """The objects of a manifest; FlowError says of ``what`` manifest they could not be read."""
    try:
        return targets(setting, manifest, namespace)
    except FlowError as error:
        raise FlowError(f"unable to build kubernetes objects from {what} manifest: {error}") from None


def marked(found: Sequence[Target], record: Record) -> list[Target]:
    """The objects as the release's own."""
    return [owned(target, record.name, record.namespace) for target in found]


def dry(record: Record, options: Options) -> Record:
    """The record that a dry run shows."""
    return record._replace(description=options.description or "Dry run complete")
