"""The cronjob controller: makes a Job at each time of a schedule and clears away old ones."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.dependents import Dependents
from kubesim.machinery.informer import Hub
from kubesim.objects import refs, schedules
from kubesim.objects.errors import ApiError, is_namespace_terminating
from kubesim.objects.times import format_time, parse_time
from kubesim.objects.wire import CRONJOBS, EMPTY, JOBS, Tree

DELAY_MS = 100
"""How long after the scheduled time a sync is done. # k8s: nextScheduleDelta"""
MANY_MISSED = 100
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class Missed(NamedTuple):
    """From when on was looked, the latest time that is due (None without), and how many were due. Times in ms."""

    since: int
    latest: int | None
    number: int


class CronJobController:
    """Runs CronJobs. ``controller`` is its driver; keys are (namespace, name). # k8s: pkg/controller/cronjob."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("cronjob", loop, client, self)
        self._client = client
        self._jobs = Dependents(client, JOBS)
        hub.on(CRONJOBS, self._cron_job_changed)
        hub.on(JOBS, self._job_changed)
        for each in client.list(CRONJOBS):
            self._cron_job_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _cron_job_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None:
            self.controller.add(refs.place(new), revision)

    def _job_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        job = new if new is not None else old
        reference = None if job is None else refs.controller_of(job)
        if job is not None and reference is not None and reference["kind"] == "CronJob":
            self.controller.add((job["metadata"]["namespace"], reference["name"]), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Start what is due and clear away what is old; returns how long it is until the next time."""
        cron_job = self._client.get(CRONJOBS, *cast("tuple[str, str]", key))
        if cron_job is None:
            return None
        jobs = sorted(self._jobs.of(refs.uid(cron_job)), key=refs.place)
        active: list[Tree] = list((cron_job.get("status") or EMPTY).get("active") or ())
        status = dict(cron_job.get("status") or EMPTY)
        self._clear(cron_job, jobs, active)
        self._follow(cron_job, jobs, active, status)
        try:
            return None if refs.is_deleting(cron_job) else self._schedule(cron_job, active, status)
        finally:
            self._report(cron_job, active, status)

    def _report(self, cron_job: Tree, active: list[Tree], status: Mapping[str, Any]) -> None:
        names = ("lastScheduleTime", "lastSuccessfulTime")
        changed: dict[str, Any] = {"active": active} if active else {}
        changed |= {name: status[name] for name in names if status.get(name)}
        if changed != (cron_job.get("status") or EMPTY):
            self._client.update_status(CRONJOBS, {**cron_job, "status": changed})

    # ------------------------------------------------------------------ the jobs there are
    def _clear(self, cron_job: Tree, jobs: list[Tree], active: list[Tree]) -> None:
        """Delete the oldest ended Jobs beyond the history limits."""
        for type_, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            limit = cron_job["spec"].get(field)
            ended = sorted((job for job in jobs if finished_as(job) == type_), key=_started)
            for job in ended[: len(ended) - limit] if limit is not None and len(ended) > limit else ():
                if self._delete(cron_job, job, active):
                    jobs.remove(job)

    def _delete(self, cron_job: Tree, job: Tree, active: list[Tree]) -> bool:
        name = job["metadata"]["name"]
        try:
            self._client.delete(JOBS, *refs.place(job), {"propagationPolicy": "Background"})
        except ApiError as error:
            self._client.event(cron_job, "Warning", "FailedDelete", f"Deleted job: {error}")
            return False
        active[:] = [each for each in active if each["uid"] != refs.uid(job)]
        self._client.event(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name}")
        return True

    def _follow(self, cron_job: Tree, jobs: list[Tree], active: list[Tree], status: dict[str, Any]) -> None:
        """Bring the list of active Jobs up to date. # k8s: syncCronJob."""
        known = {each["uid"] for each in active}
        for job in jobs:
            uid, name, ended = refs.uid(job), job["metadata"]["name"], finished_as(job)
            if uid not in known and not ended:
                text = f"Saw a job that the controller did not create or forgot: {name}"
                self._client.event(cron_job, "Warning", "UnexpectedJob", text)
            elif uid in known and ended:
                active[:] = [each for each in active if each["uid"] != uid]
                text = f"Saw completed job: {name}, condition: {ended}"
                self._client.event(cron_job, "Normal", "SawCompletedJob", text)
            if ended == "Complete":
                finished = (job.get("status") or EMPTY).get("completionTime")
                if finished and finished > (status.get("lastSuccessfulTime") or ""):
                    status["lastSuccessfulTime"] = finished
        there = {refs.uid(job) for job in jobs}
        for each in [each for each in active if each["uid"] not in there]:
            if self._client.get(JOBS, each["namespace"], each["name"]) is None:
                self._client.event(cron_job, "Normal", "MissingJob", f"Active job went missing: {each['name']}")
                active.remove(each)

    # ------------------------------------------------------------------ the next job
    def _schedule(self, cron_job: Tree, active: list[Tree], status: dict[str, Any]) -> int | None:
        spec, now = cron_job["spec"], self._client.now()
        wrong = schedules.zone_error(spec["timeZone"]) if spec.get("timeZone") is not None else ""
        if wrong:
            text = f'invalid timeZone: "{spec["timeZone"]}": {wrong}'
            self._client.event(cron_job, "Warning", "UnknownTimeZone", text)
            return None
        if spec.get("suspend"):
            return None
        wrong = schedules.schedule_error(spec["schedule"])
        if wrong:
            text = f'unparseable schedule: "{spec["schedule"]}" : {wrong}'
            self._client.event(cron_job, "Warning", "UnparseableSchedule", text)
            return None
        due = self._due(cron_job, now)
        if due is None:
            return next_in(cron_job, status, now)
        if not self._may_start(cron_job, due, active, now):
            return next_in(cron_job, status, now)
        if not self._start(cron_job, due, active):
            return None
        status["lastScheduleTime"] = format_time(due)
        return next_in(cron_job, status, now)

    def _due(self, cron_job: Tree, now: int) -> int | None:
        found = missed(cron_job, cron_job.get("status") or EMPTY, now, with_deadline=True)
        if found.latest is not None and found.number > MANY_MISSED:
            text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._client.event(cron_job, "Warning", "TooManyMissedTimes", text)
        return found.latest

    def _may_start(self, cron_job: Tree, due: int, active: list[Tree], now: int) -> bool:
        spec = cron_job["spec"]
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and due + int(deadline) * 1000 < now:
            when = datetime.fromtimestamp(due // 1000, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            text = f"Missed scheduled time to start a job: {when}"
            self._client.event(cron_job, "Warning", "MissSchedule", text)
            return False
        is_started = (cron_job.get("status") or EMPTY).get("lastScheduleTime") == format_time(due)
        if is_started or any(each["name"] == job_name(cron_job, due) for each in active):
            return False
        if spec.get("concurrencyPolicy") == "Forbid" and active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._client.event(cron_job, "Normal", "JobAlreadyActive", text)
            return False
        return True

    def _start(self, cron_job: Tree, due: int, active: list[Tree]) -> bool:
        """Make the Job of a time, in the place of those that run where they are to be replaced. Raises ApiError."""
        if cron_job["spec"].get("concurrencyPolicy") == "Replace":
            for each in list(active):
                job = self._client.get(JOBS, each["namespace"], each["name"])
                if job is not None:
                    self._delete(cron_job, job, active)
        body = job_body(cron_job, due)
        namespace, name = refs.place(body)
        try:
            job = self._client.create(JOBS, namespace, body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                if not is_namespace_terminating(error):
                    self._client.event(cron_job, "Warning", "FailedCreate", f"Error creating job: {error}")
                raise
            job = self._client.get(JOBS, namespace, name) or EMPTY
            if not job or not refs.is_controlled_by(job, cron_job):
                return False
        else:
            self._client.event(cron_job, "Normal", "SuccessfulCreate", f"Created job {name}")
        active.append(_reference(job))
        return True


def job_name(cron_job: Tree, due: int) -> str:
    """The name of the Job of a time."""
    return f"{cron_job['metadata']['name']}-{due // 60_000}"


def job_body(cron_job: Tree, due: int) -> dict[str, Any]:
    """The Job of a time. # k8s: getJobFromTemplate2."""
    template = cron_job["spec"]["jobTemplate"]
    given: Tree = template.get("metadata") or EMPTY
    when = datetime.fromtimestamp(due // 1000, zone_of(cron_job)).isoformat().replace("+00:00", "Z")
    metadata: dict[str, Any] = {
        "name": job_name(cron_job, due),
        "namespace": cron_job["metadata"]["namespace"],
        "annotations": {**(given.get("annotations") or EMPTY), SCHEDULED: when},
        "ownerReferences": [refs.owner_reference(cron_job, "batch/v1", "CronJob")],
    }
    if given.get("labels"):
        metadata["labels"] = given["labels"]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def _reference(job: Tree) -> dict[str, Any]:
    metadata = job["metadata"]
    return {
        "kind": "Job",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": metadata["resourceVersion"],
    }


def finished_as(job: Tree) -> str:
    """Complete, Failed, or "" while it is running."""
    for type_ in ("Complete", "Failed"):
        if refs.is_condition_true(job, type_):
            return type_
    return ""


def _started(job: Tree) -> tuple[str, str]:
    # k8s: byJobStartTime: those that have not started come last
    return (job.get("status") or EMPTY).get("startTime") or "~", job["metadata"]["name"]


def zone_of(cron_job: Tree) -> tzinfo:
    """The time zone of the schedule; the controller manager itself lives in UTC."""
    name = cron_job["spec"].get("timeZone")
    return UTC if name is None else ZoneInfo(name)


def missed(cron_job: Tree, status: Tree, now: int, *, with_deadline: bool) -> Missed:
    """The start times since the last one, up to now. # k8s: mostRecentScheduleTime."""
    spec, zone = cron_job["spec"], zone_of(cron_job)
    schedule = schedules.parse(spec["schedule"])
    since = parse_time(status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"])
    deadline = spec.get("startingDeadlineSeconds")
    if with_deadline and deadline is not None:
        since = max(since, now - int(deadline) * 1000)
    first = schedule.after(since, zone)
    second = None if first is None else schedule.after(first, zone)
    if first is None or now < first:
        return Missed(since, None, 0)
    if second is None or now < second:
        return Missed(since, first, 0)
    interval = second - first
    count = (now - first) // interval + 1
    # k8s: an estimate by the first interval, then from shortly before it time by time
    latest, candidate = None, schedule.after(first + (count - 2) * interval, zone)
    while candidate is not None and candidate <= now:
        latest, candidate = candidate, schedule.after(candidate, zone)
    return Missed(since, latest, count)


def next_in(cron_job: Tree, status: Tree, now: int) -> int | None:
    """Milliseconds until the next sync at a scheduled time. # k8s: nextScheduleTimeDuration."""
    found = missed(cron_job, status, now, with_deadline=False)
    start = found.latest
    if start is None:
        start = now if found.number else found.since
    due = schedules.parse(cron_job["spec"]["schedule"]).after(start, zone_of(cron_job))
    return None if due is None else max(0, due + DELAY_MS - now)
