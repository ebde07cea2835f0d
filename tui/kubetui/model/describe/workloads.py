"""The descriptions of what runs pods: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import quantities, refs, times
from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, UNSET, Sheet, shown, truth
from kubetui.model.describe.metadata import (
    annotations,
    controller,
    date,
    field,
    flat,
    format_selector,
    heading,
    labels,
    selector,
)
from kubetui.model.describe.pods import template

HASH_LABEL = "pod-template-hash"

Related = Mapping[str, Sequence[Tree]]


def describe_deployment(deployment: Tree, related: Related, now: int) -> str:
    """Describe a Deployment; ``related`` holds its events and the replicasets that its selector finds."""
    sheet = Sheet()
    spec, status, metadata = deployment["spec"], deployment.get("status") or {}, deployment["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    sheet.pair(0, "CreationTimestamp", date(metadata.get("creationTimestamp")))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "Selector", selector(spec.get("selector")))
    counts = [f"{spec.get('replicas', 1)} desired"]
    for word, key in (
        ("updated", "updatedReplicas"),
        ("total", "replicas"),
        ("available", "availableReplicas"),
        ("unavailable", "unavailableReplicas"),
    ):
        counts.append(f"{status.get(key, 0)} {word}")
    sheet.pair(0, "Replicas", " | ".join(counts))
    sheet.pair(0, "StrategyType", field(spec, "strategy.type"))
    sheet.pair(0, "MinReadySeconds", spec.get("minReadySeconds", 0))
    rolling = field(spec, "strategy.rollingUpdate", None)
    if rolling is not None:
        unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
        sheet.pair(0, "RollingUpdateStrategy", f"{unavailable} max unavailable, {surge} max surge")
    template(sheet, spec.get("template"))
    _conditions(sheet, status)
    _replica_sets(sheet, deployment, related.get("replicasets") or ())
    events(sheet, related.get("events"), now)
    return sheet.text()


def _conditions(sheet: Sheet, status: Tree) -> None:
    conditions = status.get("conditions") or ()
    if conditions:
        sheet.line(0, "Conditions:")
        sheet.row(1, "Type", "Status", "Reason")
        sheet.row(1, "----", "------", "------")
    for each in conditions:
        sheet.row(1, f"{each['type']} ", each.get("status", ""), each.get("reason", ""))


def _replica_sets(sheet: Sheet, deployment: Tree, found: Sequence[Tree]) -> None:
    owned = [each for each in found if refs.is_controlled_by(each, deployment)]
    if not owned:
        return
    new = newest(deployment, owned)
    sheet.pair(0, "OldReplicaSets", _created([each for each in owned if each is not new]))
    sheet.pair(0, "NewReplicaSet", _created([] if new is None else [new]))


def newest(deployment: Tree, owned: Sequence[Tree]) -> Tree | None:
    """The ReplicaSet that has the Deployment's template (the oldest such one), or None."""
    wanted = without_hash(deployment["spec"].get("template") or {})
    for each in sorted(owned, key=_birth):
        if without_hash(each["spec"].get("template") or {}) == wanted:
            return each
    return None


def _birth(obj: Tree) -> tuple[str, str]:
    return obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]


def without_hash(template_: Tree) -> dict[str, Any]:
    """A pod template without the label that tells ReplicaSets apart."""
    metadata = dict(template_.get("metadata") or {})
    kept = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    metadata["labels"] = kept
    return {**template_, "metadata": {key: value for key, value in metadata.items() if value is not None}}


def _created(found: Sequence[Tree]) -> str:
    return (
        ", ".join(
            f"{each['metadata']['name']} ({field(each, 'status.replicas', 0)}/{each['spec'].get('replicas', 1)}"
            " replicas created)"
            for each in found
        )
        or NONE
    )


def pods_status(owner: Tree, pods: Sequence[Tree]) -> str:
    """How many of the owner's pods are in each phase."""
    counts = {"Running": 0, "Pending": 0, "Succeeded": 0, "Failed": 0}
    for pod in pods:
        phase = field(pod, "status.phase")
        if phase in counts and refs.is_controlled_by(pod, owner):
            counts[phase] += 1
    names = ("Running", "Waiting", "Succeeded", "Failed")
    return " / ".join(f"{count} {name}" for name, count in zip(names, counts.values(), strict=True))


def describe_replica_set(owner: Tree, related: Related, now: int) -> str:
    """Describe a ReplicaSet or a ReplicationController."""
    sheet = Sheet()
    spec, metadata = owner["spec"], owner["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    simple = owner.get("kind") == "ReplicationController"
    sheet.pair(0, "Selector", flat(spec.get("selector")) if simple else format_selector(spec.get("selector")))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    if not simple:
        controller(sheet, owner)
    sheet.pair(0, "Replicas", f"{field(owner, 'status.replicas', 0)} current / {spec.get('replicas', 1)} desired")
    sheet.pair(0, "Pods Status", pods_status(owner, related.get("pods") or ()))
    template(sheet, spec.get("template"))
    _conditions(sheet, owner.get("status") or {})
    events(sheet, related.get("events"), now)
    return sheet.text()


def describe_stateful_set(owner: Tree, related: Related, now: int) -> str:
    """Describe a StatefulSet."""
    sheet = Sheet()
    spec, metadata = owner["spec"], owner["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    sheet.pair(0, "CreationTimestamp", date(metadata.get("creationTimestamp")))
    sheet.pair(0, "Selector", selector(spec.get("selector")))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "Replicas", f"{spec.get('replicas', 1)} desired | {field(owner, 'status.replicas', 0)} total")
    sheet.pair(0, "Update Strategy", field(spec, "updateStrategy.type"))
    rolling = field(spec, "updateStrategy.rollingUpdate", {})
    if rolling.get("partition") is not None:
        sheet.pair(1, "Partition", rolling["partition"])
        if rolling.get("maxUnavailable") is not None:
            sheet.pair(1, "MaxUnavailable", rolling["maxUnavailable"])
    sheet.pair(0, "Pods Status", pods_status(owner, related.get("pods") or ()))
    template(sheet, spec.get("template"))
    _claims(sheet, spec.get("volumeClaimTemplates") or ())
    events(sheet, related.get("events"), now)
    return sheet.text()


def _claims(sheet: Sheet, claims: Sequence[Tree]) -> None:
    sheet.line(0, "Volume Claims:" if claims else f"Volume Claims:\t{NONE}")
    for claim in claims:
        metadata, spec = claim["metadata"], claim.get("spec") or {}
        sheet.pair(1, "Name", metadata.get("name", ""))
        sheet.pair(1, "StorageClass", spec.get("storageClassName") or "")
        labels(sheet, "Labels", metadata.get("labels"), "  ")
        labels(sheet, "Annotations", metadata.get("annotations"), "  ")
        storage = field(spec, "resources.requests.storage", None)
        sheet.pair(1, "Capacity", "<default>" if storage is None else quantities.canonical(storage))
        sheet.pair(1, "Access Modes", spec.get("accessModes") or [])


def describe_daemon_set(owner: Tree, related: Related, now: int) -> str:
    """Describe a DaemonSet."""
    sheet = Sheet()
    spec, metadata, status = owner["spec"], owner["metadata"], owner.get("status") or {}
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    sheet.pair(0, "Selector", selector(spec.get("selector")))
    sheet.pair(0, "Node-Selector", flat(field(spec, "template.spec.nodeSelector", None)))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    for title, key in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        sheet.line(0, f"{title}: {status.get(key, 0)}")
    sheet.pair(0, "Pods Status", pods_status(owner, related.get("pods") or ()))
    template(sheet, spec.get("template"))
    events(sheet, related.get("events"), now)
    return sheet.text()


# ---------------------------------------------------------------------- batch
def describe_job(job: Tree, related: Related, now: int) -> str:
    """Describe a Job."""
    sheet = Sheet()
    spec, status, metadata = job["spec"], job.get("status") or {}, job["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    sheet.pair(0, "Selector", selector(spec.get("selector")))
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    controller(sheet, job)
    sheet.optional(0, "Parallelism", spec.get("parallelism"))
    sheet.pair(0, "Completions", spec.get("completions", UNSET))
    sheet.optional(0, "Completion Mode", spec.get("completionMode"))
    sheet.optional(0, "Suspend", spec.get("suspend"))
    sheet.optional(0, "Backoff Limit", spec.get("backoffLimit"))
    sheet.optional(0, "TTL Seconds After Finished", spec.get("ttlSecondsAfterFinished"))
    started, completed = status.get("startTime"), status.get("completionTime")
    if started:
        sheet.pair(0, "Start Time", date(started))
    if completed:
        sheet.pair(0, "Completed At", date(completed))
    if started and completed:
        took = times.parse_time(completed) - times.parse_time(started)
        sheet.pair(0, "Duration", times.human_duration(took))
    if spec.get("activeDeadlineSeconds") is not None:
        sheet.pair(0, "Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    ready = f" ({status['ready']} Ready)" if status.get("ready") is not None else ""
    counts = f"{status.get('succeeded', 0)} Succeeded / {status.get('failed', 0)} Failed"
    sheet.pair(0, "Pods Statuses", f"{status.get('active', 0)} Active{ready} / {counts}")
    if spec.get("completionMode") == "Indexed":
        sheet.pair(0, "Completed Indexes", _capped(status.get("completedIndexes") or "", 50))
    template(sheet, spec.get("template"))
    events(sheet, related.get("events"), now)
    return sheet.text()


def _capped(indexes: str, limit: int) -> str:
    if not indexes:
        return NONE
    comma = indexes.find(",", limit)
    return indexes if comma < 0 else f"{indexes[: comma + 1]}..."


def describe_cron_job(job: Tree, related: Related, now: int) -> str:
    """Describe a CronJob."""
    sheet = Sheet()
    spec, status = job["spec"], job.get("status") or {}
    heading(sheet, job)
    sheet.pair(0, "Schedule", spec.get("schedule", ""))
    sheet.pair(0, "Concurrency Policy", spec.get("concurrencyPolicy", ""))
    sheet.pair(0, "Suspend", truth(spec.get("suspend")))
    sheet.pair(0, "Time Zone", spec.get("timeZone", UNSET))
    sheet.pair(0, "Successful Job History Limit", spec.get("successfulJobsHistoryLimit", UNSET))
    sheet.pair(0, "Failed Job History Limit", spec.get("failedJobsHistoryLimit", UNSET))
    deadline = spec.get("startingDeadlineSeconds")
    sheet.pair(0, "Starting Deadline Seconds", UNSET if deadline is None else f"{deadline}s")
    wanted = field(spec, "jobTemplate.spec", {})
    chosen = wanted.get("selector")
    sheet.pair(0, "Selector", UNSET if chosen is None else selector(chosen))
    sheet.pair(0, "Parallelism", wanted.get("parallelism", UNSET))
    sheet.pair(0, "Completions", wanted.get("completions", UNSET))
    if wanted.get("activeDeadlineSeconds") is not None:
        sheet.pair(0, "Active Deadline Seconds", f"{wanted['activeDeadlineSeconds']}s")
    template(sheet, wanted.get("template"))
    last = status.get("lastScheduleTime")
    sheet.pair(0, "Last Schedule Time", date(last) if last else UNSET)
    active = ", ".join(shown(each.get("name", "")) for each in status.get("active") or ())
    sheet.pair(0, "Active Jobs", active or NONE)
    events(sheet, related.get("events"), now)
    return sheet.text()
