"""The job controller: runs pods until enough of them have succeeded, and counts each exactly once.

``sync`` looks and decides, ``draft`` is the status in work, ``tracking`` counts ended pods by way of their finalizers,
this module listens and acts. # k8s: pkg/controller/job
"""

from collections.abc import Hashable, Sequence
from typing import cast

from kubesim.controllers.job import backoff, bodies, tracking
from kubesim.controllers.job.draft import SUCCESS_CRITERIA_MET, SUSPENDED, Finish, is_finished
from kubesim.controllers.job.sync import FINALIZER, MOST_PODS, Sync, has_finalizer
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.dependents import Dependents
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs, selectors
from kubesim.objects.errors import ApiError, is_namespace_terminating
from kubesim.objects.wire import JOBS, PODS, Tree

BATCH_MS = 1_000
"""Changes of pods and of the status are gathered for this long. # k8s: syncJobBatchPeriod"""
MANAGER = "kubernetes.io/job-controller"
ORPHAN = "orphan"
COMPLETIONS = Finish(SUCCESS_CRITERIA_MET, "CompletionsReached", "Reached expected number of succeeded pods")


class JobController:
    """Runs Jobs. ``controller`` is its driver; keys are (namespace, name), or ("orphan", namespace, name of a pod)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("job", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        self._pods = Dependents(client, PODS)
        self._backoffs: dict[str, backoff.Backoff] = {}
        hub.on(JOBS, self._job_changed)
        for each in client.list(JOBS):
            self._job_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _job_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None:
            if old is not None:
                self._backoffs.pop(refs.uid(old), None)
                self._release_pods(old)
            return
        if not self._is_listening:
            self._is_listening = True
            self._hub.on(PODS, self._pod_changed)
        key = refs.place(new)
        if old is None or old["metadata"].get("generation") != new["metadata"].get("generation"):
            self.controller.add(key, revision)
        elif not is_finished(new):
            self.controller.add_after(key, BATCH_MS)
        if is_finished(new) and (old is None or not is_finished(old)):
            self._release_pods(new)

    def _release_pods(self, job: Tree) -> None:
        for pod in self._pods.of(refs.uid(job)):
            if has_finalizer(pod):
                self.controller.add((ORPHAN, *refs.place(pod)))

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        pod = new if new is not None else old
        if pod is None:
            return
        reference = refs.controller_of(pod)
        if reference is None:
            if new is not None:
                self._orphan_changed(old, new, revision)
            return
        if reference["kind"] != "Job":
            return
        place = refs.place(pod)
        job = self._client.get(JOBS, place[0], reference["name"])
        if job is None or refs.uid(job) != reference["uid"] or is_finished(job):
            if new is not None and has_finalizer(new):
                self.controller.add((ORPHAN, *place), revision)
            return
        self.controller.add_after((place[0], reference["name"]), BATCH_MS)

    def _orphan_changed(self, old: Tree | None, new: Tree, revision: int) -> None:
        before = None if old is None else refs.controller_of(old)
        if before is not None and before["kind"] == "Job":
            self.controller.add_after((new["metadata"]["namespace"], before["name"]), BATCH_MS)
        if has_finalizer(new):
            self.controller.add((ORPHAN, *refs.place(new)), revision)
        if old is not None and old["metadata"].get("labels") is new["metadata"].get("labels"):
            return
        for job in self._client.list(JOBS, new["metadata"]["namespace"]):
            if selectors.from_label_selector(job["spec"]["selector"]).matches(refs.labels(new)):
                self.controller.add_after(refs.place(job), BATCH_MS)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Bring one Job a step further; returns when its deadline or its back-off is over."""
        parts = cast("tuple[str, ...]", key)
        if len(parts) == 3:
            self._release(parts[1], parts[2])
            return None
        job = self._client.get(JOBS, *parts)
        if job is None:
            return None
        if is_finished(job):
            self._backoffs.pop(refs.uid(job), None)
            return None
        if job["spec"].get("managedBy", MANAGER) != MANAGER:
            return None
        return self._sync(job)

    def _release(self, namespace: str, name: str) -> None:
        """Take the finalizer off a pod that no Job will count any more."""
        pod = self._client.get(PODS, namespace, name)
        if pod is None:
            return
        reference = refs.controller_of(pod)
        if reference is not None:
            if reference["kind"] != "Job":
                return
            job = self._client.get(JOBS, namespace, reference["name"])
            if job is not None and refs.uid(job) == reference["uid"] and not is_finished(job):
                return
        self._uncover(pod)

    def _sync(self, job: Tree) -> int | None:
        selector = selectors.from_label_selector(job["spec"]["selector"])
        owned = self._pods.claim(job, selector, finalizer=FINALIZER)
        known = self._backoffs.get(refs.uid(job), backoff.NONE)
        sync = Sync(job, owned, known, self._client.now())
        if sync.draft.start_time is None and not sync.is_suspended():
            sync.draft.start_time = self._client.stamp()
        sync.judge()
        wishes = [sync.deadline_in() if sync.finish is None else None]
        active, error, suspension_changed = len(sync.active), None, False
        if sync.finish is not None:
            active, error = self._stop(sync)
        else:
            managed = not refs.is_deleting(job)
            if managed:
                active, wait, error = self._manage(sync)
                wishes.append(wait)
            if sync.is_complete(active):
                sync.finish = COMPLETIONS
            elif managed:
                suspension_changed = self._suspend(sync)
        draft = sync.draft
        needs_write = suspension_changed or (draft.active, draft.ready, draft.terminating) != (
            active, sync.ready, sync.terminating,
        )  # fmt: skip
        draft.active, draft.ready, draft.terminating = active, sync.ready, sync.terminating
        self._track(sync, needs_write=needs_write)
        if error is not None:
            raise error
        return min((wish for wish in wishes if wish is not None), default=None)

    def _suspend(self, sync: Sync) -> bool:
        """Keep the Suspended condition; a Job that is resumed starts its time anew."""
        if sync.is_suspended():
            changed = sync.draft.ensure(Finish(SUSPENDED, "JobSuspended", "Job suspended"), sync.now)
            if changed:
                self._client.event(sync.job, "Normal", "Suspended", "Job suspended")
            return changed
        changed = sync.draft.ensure(Finish(SUSPENDED, "JobResumed", "Job resumed"), sync.now, "False")
        if changed:
            self._client.event(sync.job, "Normal", "Resumed", "Job resumed")
            sync.draft.start_time = self._client.stamp()
        return changed

    # ------------------------------------------------------------------ pods
    def _stop(self, sync: Sync) -> tuple[int, ApiError | None]:
        """Delete all active pods of a Job that ends; returns how many are left."""
        deleted, error = self._delete(sync, sync.active, uncover=False)
        left = len(sync.active) - deleted
        if left:
            # k8s: the end is not declared before the last pod has been deleted
            sync.finish = None
        return left, error

    def _manage(self, sync: Sync) -> tuple[int, int | None, ApiError | None]:
        """Create or delete pods; returns how many are active then, and how long to wait. # k8s: manageJob."""
        active = len(sync.active)
        if sync.is_suspended():
            deleted, error = self._delete(sync, sync.surplus(active), uncover=True)
            return active - deleted, None, error
        wanted = sync.wanted()
        surplus = sync.surplus(max(0, active - wanted))[:MOST_PODS]
        if surplus:
            deleted, error = self._delete(sync, surplus, uncover=True)
            return active - deleted, None, error
        missing = wanted - active - (sync.terminating if sync.only_failed else 0)
        if missing <= 0:
            return active, None, None
        return self._start(sync, min(missing, MOST_PODS))

    def _start(self, sync: Sync, missing: int) -> tuple[int, int | None, ApiError | None]:
        wait = backoff.remaining(sync.backoff, sync.now) if sync.limit_per_index is None else 0
        chosen = sync.next_indexes(missing) if sync.is_indexed else []
        if sync.limit_per_index is not None:
            waits = {index: backoff.remaining_of_index(sync.delayed.get(index), sync.now) for index in chosen}
            chosen = [index for index, left in waits.items() if not left]
            wait = 0 if chosen else min(waits.values(), default=0)
        if wait:
            # k8s: while the back-off lasts no pod counts as active
            return 0, max(wait, BATCH_MS), None
        return self._create(sync, len(chosen) if sync.is_indexed else missing, chosen)

    def _create(self, sync: Sync, count: int, chosen: Sequence[int]) -> tuple[int, int | None, ApiError | None]:
        """Create in batches of 1, 2, 4 ...: when one fails, the rest of its batch is the last that is tried."""
        active, made, batch = len(sync.active), 0, 1
        body = None if sync.is_indexed else bodies.pod_body(sync.job)
        while made < count:
            size = min(batch, count - made)
            failures = []
            for position in range(made, made + size):
                error = self._create_one(sync.job, body or bodies.indexed_body(sync, chosen[position]))
                if error is None:
                    active += 1
                else:
                    failures.append(error)
            made += size
            batch *= 2
            if failures:
                ended = is_namespace_terminating(failures[0])
                return active, None, None if ended else failures[0]
        return active, None, None

    def _create_one(self, job: Tree, body: Tree) -> ApiError | None:
        try:
            pod = self._client.create(PODS, job["metadata"]["namespace"], body)
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._client.event(job, "Warning", "FailedCreate", f"Error creating: {error}")
            return error
        self._client.event(job, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return None

    def _delete(self, sync: Sync, doomed: Sequence[Tree], *, uncover: bool) -> tuple[int, ApiError | None]:
        """Delete pods, with ``uncover`` such that nobody counts them; returns how many have been deleted."""
        deleted, first = 0, None
        for pod in doomed:
            namespace, name = refs.place(pod)
            try:
                if uncover:
                    self._uncover(pod)
                self._client.delete(PODS, namespace, name)
                self._client.event(sync.job, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
            except ApiError as error:
                if error.reason != "NotFound":
                    self._client.event(sync.job, "Warning", "FailedDelete", f"Error deleting: {error}")
                    first = first or error
                    continue
            deleted += 1
            sync.ready -= pods.is_ready(pod)
        sync.terminating += deleted
        return deleted, first

    def _uncover(self, pod: Tree) -> None:
        """Take the finalizer off a pod as it is now. Raises ApiError, but not when the pod is gone."""
        now = self._client.get(PODS, *refs.place(pod))
        if now is None or refs.uid(now) != refs.uid(pod) or not has_finalizer(now):
            return
        finalizers = [each for each in now["metadata"]["finalizers"] if each != FINALIZER]
        metadata = {name: value for name, value in now["metadata"].items() if name != "finalizers"}
        if finalizers:
            metadata["finalizers"] = finalizers
        self._client.update(PODS, {**now, "metadata": metadata})

    # ------------------------------------------------------------------ counting
    def _track(self, sync: Sync, *, needs_write: bool) -> None:
        """Count the pods that have ended, take off their finalizers, and declare the end of the Job."""
        report = tracking.collect(sync)
        needs_write = needs_write or report.changed
        needs_write = tracking.announce(sync) or needs_write
        job = sync.job
        if needs_write:
            job = self._write(job, sync)
            self._backoffs[refs.uid(job)] = sync.backoff
        first: ApiError | None = None
        for pod in report.ended:
            try:
                self._uncover(pod)
            except ApiError as error:
                first = first or error
            else:
                report.covered.pop(pod["metadata"]["uid"], None)
        settled = sync.draft.settle(report.covered)
        if first is not None:
            if settled:
                self._write(job, sync)
            raise first
        over = not report.is_full and tracking.conclude(sync)
        if settled or over:
            job = self._write(job, sync)
        if over and sync.finish is not None:
            tracking.tell(self._client, job, sync)

    def _write(self, job: Tree, sync: Sync) -> Tree:
        return self._client.update_status(JOBS, {**job, "status": sync.draft.tree()})
