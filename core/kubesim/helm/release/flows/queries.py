"""What is asked about releases: list, status, history and the parts of a revision."""

from typing import Any

from kubesim.helm.chart.values import coalesce_values, copy_tree
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.steps import Flow, Setting
from kubesim.helm.release.record import Record, chart_of

SHOWN = ("deployed", "failed", "pending-install", "pending-upgrade", "pending-rollback", "uninstalling")


def list_releases(setting: Setting, namespace: str = "", *, every: bool = False) -> Flow[list[Record]]:
    """The last revision of each release of a namespace (or all), those uninstalled only on demand."""
    found = yield from storage.records(setting, namespace)
    last = {(record.namespace, record.name): record for record in found}
    return [record for record in last.values() if every or record.status in SHOWN]


def status(setting: Setting, name: str, namespace: str, version: int = 0) -> Flow[Record]:
    """A revision of a release, 0 for the last."""
    record = yield from storage.revision(setting, namespace, name, version)
    return record


def history(setting: Setting, name: str, namespace: str, limit: int = 256) -> Flow[list[Record]]:
    """The last revisions of a release, the oldest first."""
    found = yield from storage.history(setting, namespace, name)
    return found[-limit:]


def values_of(record: Record, *, every: bool = False) -> dict[str, Any]:
    """``helm get values``: the user's, or with ``every`` the chart's as well."""
    if not every:
        return record.config
    return coalesce_values(chart_of(record.chart), copy_tree(record.config))


def hooks_text(record: Record) -> str:
    """``helm get hooks``."""
    return "".join([f"---\n# Source: {tree['path']}\n{tree['manifest']}\n" for tree in record.hooks])


def notes_text(record: Record) -> str:
    """``helm get notes``."""
    return f"NOTES:\n{record.notes}\n" if record.notes else ""
