"""Jobs and CronJobs. # k8s: batch/v1/defaults.go, batch/validation."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.strategy import Context
from kubesim.kinds import goshape
from kubesim.kinds.fielderrors import IMMUTABLE, invalid, not_negative, not_supported, one_of, required, unchanged
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.pod.spec import validate_template
from kubesim.kinds.printing import NONE, age, containers_and_images, since
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each
from kubesim.kinds.workloads.replicas import template_warnings
from kubesim.objects.errors import Cause
from kubesim.objects.refs import is_condition_true, is_deleting
from kubesim.objects.schedules import schedule_error, zone_error
from kubesim.objects.selectors import format_label_selector
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import EMPTY, Tree

UNLIMITED = 2147483647
_UID, _NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")


class JobStrategy(Plain):
    """Jobs."""

    gvr = resource("batch", "v1", "jobs")
    kind = "Job"
    categories = ("all",)
    subresources = ("status",)
    default_propagation = "Orphan"
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """Completions, limits, policies and the template's defaults."""
        obj = inside(filled(obj, spec={}, status=self.initial_status), "spec", _default_job)
        labels = (obj["spec"]["template"].get("metadata") or EMPTY).get("labels")
        return inside(obj, "metadata", lambda metadata: filled(metadata, labels=labels)) if labels else obj

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """The selector and the labels by which its pods are found."""
        obj = super().prepare_create(obj, context)
        return obj if obj["spec"].get("manualSelector") else _with_selector(obj)

    def validate(self, obj: Tree) -> list[Cause]:
        """Counts, policies, template."""
        return validate_job_spec("spec", obj["spec"])

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Of the spec only parallelism, suspension and limits may change."""
        spec, before = new["spec"], old["spec"]
        if subresource == "status" or spec is before:
            return []
        found = self.validate(new)
        for name in ("completions", "selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
            if name != "completions" or before.get("completionMode") != "Indexed":
                found += unchanged(f"spec.{name}", spec.get(name), before.get(name))
        if _frozen_template(spec) != _frozen_template(before) and not _may_change_template(old):
            shown = goshape.pod_spec(spec["template"].get("spec") or {})
            found.append(invalid("spec.template.spec", shown, IMMUTABLE))
        return found

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Those of the template."""
        return template_warnings(new, old)

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By success."""
        return {"status.successful": str((obj.get("status") or EMPTY).get("succeeded") or 0)}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Status, completions, duration."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        return [
            obj["metadata"]["name"],
            _job_status(obj),
            _completions(spec, status),
            _duration(status, now),
            age(obj, now),
            *containers_and_images(spec.get("template")),
            format_label_selector(spec.get("selector")),
        ]


def _frozen_template(spec: Tree) -> Tree:
    return {name: value for name, value in (spec.get("template") or EMPTY).items() if name == "spec"}


def _may_change_template(job: Tree) -> bool:
    # k8s: scheduling directives of a suspended job that never started may change.
    return bool(job["spec"].get("suspend")) and bool((job.get("status") or EMPTY).get("startTime"))


def _default_job(spec: Tree) -> Tree:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec = {**spec, "completions": 1, "parallelism": 1}
    spec = filled(spec, parallelism=1, template={}, manualSelector=False, suspend=False)
    limit = 6 if spec.get("backoffLimitPerIndex") is None else UNLIMITED
    policy = "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed"
    spec = filled(spec, backoffLimit=limit, completionMode="NonIndexed", podReplacementPolicy=policy)
    spec = inside(spec, "podFailurePolicy", _default_failures)
    return inside(spec, "template", default_template)


def _default_failures(policy: Tree) -> Tree:
    return inside_each(policy, "rules", _default_rule)


def _default_rule(rule: Tree) -> Tree:
    return inside_each(rule, "onPodConditions", _default_pattern)


def _default_pattern(pattern: Tree) -> Tree:
    return filled_empty(pattern, status="True")


def _with_selector(obj: Tree) -> Tree:
    uid, name = obj["metadata"].get("uid") or "", obj["metadata"].get("name") or ""
    template = obj["spec"]["template"]
    metadata = template.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), "job-name": name, _NAME: name, "controller-uid": uid, _UID: uid}
    spec = {
        **obj["spec"],
        "selector": {"matchLabels": {_UID: uid}},
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    own = obj["metadata"]
    return {**obj, "spec": spec, "metadata": own if own.get("labels") else {**own, "labels": labels}}


def validate_job_spec(field: str, spec: Tree, *, template_only: bool = False) -> list[Cause]:
    """The rules of a Job's spec; ``template_only`` for the spec of a CronJob, which selects nothing yet."""
    found: list[Cause] = []
    for name in _COUNTS:
        found += not_negative(f"{field}.{name}", spec.get(name))
    mode = spec.get("completionMode")
    if mode is not None:
        found += one_of(f"{field}.completionMode", mode, ("Indexed", "NonIndexed"))
    if mode == "Indexed" and spec.get("completions") is None:
        found.append(required(f"{field}.completions", "when completion mode is Indexed"))
    if spec.get("backoffLimitPerIndex") is not None and mode != "Indexed":
        why = "requires indexed completion mode"
        found.append(invalid(f"{field}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], why))
    if not template_only and spec.get("selector") is None:
        found.append(required(f"{field}.selector"))
    template = spec.get("template") or EMPTY
    found += validate_template(f"{field}.template", template)
    policy = (template.get("spec") or EMPTY).get("restartPolicy")
    if policy not in {"OnFailure", "Never"}:
        where = f"{field}.template.spec.restartPolicy"
        found.append(not_supported(where, policy, ("OnFailure", "Never")))
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        found.append(invalid(f"{field}.template.spec.restartPolicy", policy, why))
    return found


def _job_status(job: Tree) -> str:
    if is_condition_true(job, "Complete"):
        return "Complete"
    if is_condition_true(job, "Failed"):
        return "Failed"
    if is_deleting(job):
        return "Terminating"
    if is_condition_true(job, "Suspended"):
        return "Suspended"
    return "FailureTarget" if is_condition_true(job, "FailureTarget") else "Running"


def _completions(spec: Tree, status: Tree) -> str:
    done, wanted = status.get("succeeded") or 0, spec.get("completions")
    if wanted is not None:
        return f"{done}/{wanted}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(status: Tree, now: int) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return human_duration((parse_time(end) if end else now) - parse_time(start))


class CronJobStrategy(Plain):
    """CronJobs."""

    gvr = resource("batch", "v1", "cronjobs")
    kind = "CronJob"
    short_names = ("cj",)
    categories = ("all",)
    subresources = ("status",)
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """Concurrency, histories, and the template's defaults."""
        return inside(filled(obj, spec={}, status=self.initial_status), "spec", _default_cron)

    def validate(self, obj: Tree) -> list[Cause]:
        """Name, schedule, time zone, template."""
        spec, name = obj["spec"], obj["metadata"].get("name") or ""
        found: list[Cause] = []
        if len(name) > 52:
            # k8s: 11 characters are appended to the name of each job.
            found.append(invalid("metadata.name", name, "must be no more than 52 characters"))
        schedule = spec.get("schedule") or ""
        wrong = schedule_error(schedule) if schedule else None
        if not schedule:
            found.append(required("spec.schedule"))
        elif wrong:
            found.append(invalid("spec.schedule", schedule, wrong))
        zone = spec.get("timeZone")
        if zone is not None and zone_error(zone):
            found.append(invalid("spec.timeZone", zone, zone_error(zone)))
        found += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
        found += one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
        job = (spec.get("jobTemplate") or EMPTY).get("spec") or EMPTY
        found += validate_job_spec("spec.jobTemplate.spec", job, template_only=True)
        found += not_negative("spec.successfulJobsHistoryLimit", spec.get("successfulJobsHistoryLimit"))
        return found + not_negative("spec.failedJobsHistoryLimit", spec.get("failedJobsHistoryLimit"))

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        return [] if subresource == "status" or new["spec"] is old["spec"] else self.validate(new)

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Schedule and last run."""
        spec, status = obj["spec"], obj.get("status") or EMPTY
        job = (spec.get("jobTemplate") or EMPTY).get("spec") or EMPTY
        last = status.get("lastScheduleTime")
        return [
            obj["metadata"]["name"],
            spec.get("schedule") or "",
            spec.get("timeZone") or NONE,
            "True" if spec.get("suspend") else "False",
            len(status.get("active") or ()),
            since(last, now) if last else NONE,
            age(obj, now),
            *containers_and_images(job.get("template")),
            format_label_selector(job.get("selector")),
        ]


def _default_cron(spec: Tree) -> Tree:
    spec = filled_empty(spec, concurrencyPolicy="Allow")
    spec = filled(spec, suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1, jobTemplate={})
    return inside(spec, "jobTemplate", _default_cron_job)


def _default_cron_job(job: Tree) -> Tree:
    return inside(filled(job, metadata={}, spec={}), "spec", _default_cron_spec)


def _default_cron_spec(spec: Tree) -> Tree:
    return inside(filled(spec, template={}), "template", default_template)
