"""What one sync of a Job knows and decides; reads pods once, changes nothing but its draft of the status."""

from collections.abc import Collection, Sequence
from typing import Any

from kubesim.controllers.job import backoff, indexes, policies
from kubesim.controllers.job.draft import FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET, Draft, Finish
from kubesim.objects import pods, refs
from kubesim.objects.times import parse_time
from kubesim.objects.wire import EMPTY, Tree

FINALIZER = "batch.kubernetes.io/job-tracking"
MOST_PODS = 500
"""How many pods one sync creates, deletes or counts. # k8s: MaxPodCreateDeletePerSync, MaxUncountedPods"""
_UNLIMITED = 2**31 - 1
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


class Sync:
    """One look at a Job and its pods. ``finish`` is the condition that ends it, or None."""

    def __init__(self, job: Tree, owned: Sequence[Tree], known: backoff.Backoff, now: int) -> None:
        self.job, self.spec, self.now = job, job["spec"], now
        self.pods = list(owned)
        self.draft = Draft(job.get("status") or EMPTY)
        self.active = [pod for pod in owned if pods.is_active(pod)]
        self.ready = sum(map(pods.is_ready, self.active))
        self.terminating = sum(1 for pod in owned if refs.is_deleting(pod) and not pods.is_terminal(pod))
        self.completions: int | None = self.spec.get("completions")
        self.is_indexed = self.spec.get("completionMode") == "Indexed"
        self.limit_per_index: int | None = self.spec.get("backoffLimitPerIndex")
        self.policy: Tree | None = self.spec.get("podFailurePolicy")
        self.only_failed = self.spec.get("podReplacementPolicy") == "Failed" or self.policy is not None
        """Whether a pod is replaced only once it has ended."""
        succeeded = self._uncounted(self.draft.uncounted_succeeded, pods.SUCCEEDED)
        failed = self._uncounted(self.draft.uncounted_failed, pods.FAILED)
        self.backoff = backoff.after(known, succeeded, failed)
        self.succeeded = self.draft.succeeded + len(succeeded) + len(self.draft.uncounted_succeeded)
        counted = sum(1 for pod in failed if policies.judge(self.policy, pod).counts)
        self.failed = self.draft.failed + counted + len(self.draft.uncounted_failed)
        self.done_before: indexes.Intervals = ()
        self.done: indexes.Intervals = ()
        self.lost: indexes.Intervals = ()
        """The indexes that have failed for good."""
        self.delayed: dict[int, Tree] = {}
        """The failed pod of each index that is to be replaced: it stays until its replacement carries its count."""
        self.finish: Finish | None = None

    # ------------------------------------------------------------------ pods
    def is_suspended(self) -> bool:
        """Whether the Job shall have no pods for now."""
        return bool(self.spec.get("suspend"))

    def is_failed(self, pod: Tree) -> bool:
        """Whether a pod counts as failed; a pod that is going away does, unless its end is waited for."""
        phase = pods.phase(pod)
        if phase == pods.FAILED:
            return True
        return not self.only_failed and refs.is_deleting(pod) and phase != pods.SUCCEEDED

    def has_valid_index(self, pod: Tree) -> bool:
        """Whether its completion index is one of the Job's; all pods of other Jobs' kinds are valid."""
        if not self.is_indexed:
            return True
        return indexes.UNKNOWN != indexes.index_of(pod) < (self.completions or 0)

    def _uncounted(self, counted: Collection[str], phase: str) -> list[Tree]:
        """Those that have ended this way and are not in the status yet."""
        return [
            pod
            for pod in self.pods
            if (self.is_failed(pod) if phase == pods.FAILED else pods.phase(pod) == phase)
            and has_finalizer(pod)
            and pod["metadata"]["uid"] not in counted
            and self.has_valid_index(pod)
        ]

    # ------------------------------------------------------------------ the end
    def judge(self) -> None:
        """Decide whether the Job has come to its end, but for its completions."""
        met, target = self.draft.find(SUCCESS_CRITERIA_MET), self.draft.find(FAILURE_TARGET)
        if met is not None:
            self.finish = Finish(SUCCESS_CRITERIA_MET, met.get("reason", ""), met.get("message", ""))
        elif target is not None:
            self.finish = Finish(FAILED, target.get("reason", ""), target.get("message", ""))
        else:
            self.finish = self._policy_failure() or self._limit_failure()
        if self.is_indexed:
            self._judge_indexes()

    def _policy_failure(self) -> Finish | None:
        if self.policy is None:
            return None
        for pod in self.pods:
            if self.is_failed(pod):
                message = policies.judge(self.policy, pod).message
                if message:
                    return Finish(FAILURE_TARGET, "PodFailurePolicy", message)
        return None

    def _limit_failure(self) -> Finish | None:
        if self.failed > self.spec.get("backoffLimit", _UNLIMITED) or self._restarts_exceed():
            return Finish(FAILURE_TARGET, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        left = self.deadline_in()
        if left is not None and left <= 0:
            return Finish(FAILURE_TARGET, "DeadlineExceeded", "Job was active longer than specified deadline")
        return None

    def deadline_in(self) -> int | None:
        """Milliseconds until the Job has been active for too long; None without a deadline."""
        seconds = self.spec.get("activeDeadlineSeconds")
        if seconds is None or self.draft.start_time is None or self.is_suspended():
            return None
        return parse_time(self.draft.start_time) + int(seconds) * 1000 - self.now

    def _restarts_exceed(self) -> bool:
        if (self.spec["template"].get("spec") or EMPTY).get("restartPolicy") != "OnFailure":
            return False
        restarts = 0
        for pod in self.pods:
            if pods.phase(pod) in {pods.RUNNING, pods.PENDING}:
                status = pod["status"]
                statuses = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
                restarts += sum(each.get("restartCount", 0) for each in statuses)
        limit: int = self.spec.get("backoffLimit", _UNLIMITED)
        return restarts >= max(1, limit)

    def _judge_indexes(self) -> None:
        completions = self.completions or 0
        self.done_before = indexes.parse(self.draft.completed_indexes, completions)
        succeeded = [pod for pod in self.pods if pods.phase(pod) == pods.SUCCEEDED and self._is_counting(pod)]
        self.done = indexes.with_indexes(self.done_before, indexes.indexes_of(succeeded))
        self.succeeded = indexes.total(self.done)
        if self.limit_per_index is not None:
            self._judge_lost_indexes(completions)
        if self.finish is None:
            message = policies.success_message(self.spec.get("successPolicy"), completions, self.done)
            if message:
                self.finish = Finish(SUCCESS_CRITERIA_MET, "SuccessPolicy", message)

    def _judge_lost_indexes(self, completions: int) -> None:
        before = indexes.parse(self.draft.failed_indexes or "", completions)
        lost = [pod for pod in self.pods if self._is_counting(pod) and self._is_index_lost(pod)]
        self.lost = indexes.with_indexes(before, indexes.indexes_of(lost))
        count, most = indexes.total(self.lost), self.spec.get("maxFailedIndexes")
        if self.finish is None:
            if most is not None and count > most:
                text = "Job has exceeded the specified maximal number of failed indexes"
                self.finish = Finish(FAILURE_TARGET, "MaxFailedIndexesExceeded", text)
            elif count > 0 and count + indexes.total(self.done) >= completions:
                self.finish = Finish(FAILURE_TARGET, "FailedIndexes", "Job has failed indexes")
        self.delayed = self._delayed()

    def _is_counting(self, pod: Tree) -> bool:
        return has_finalizer(pod) and self.has_valid_index(pod)

    def _is_index_lost(self, pod: Tree) -> bool:
        if not self.is_failed(pod):
            return False
        verdict = policies.judge(self.policy, pod)
        if verdict.action == "FailIndex":
            return True
        return verdict.counts and indexes.failures_of(pod) >= (self.limit_per_index or 0)

    def _delayed(self) -> dict[int, Tree]:
        active = indexes.indexes_of(self.active)
        found: dict[int, Tree] = {}
        for pod in self.pods:
            index = indexes.index_of(pod)
            if not self._is_counting(pod) or not self.is_failed(pod) or index in active:
                continue
            if indexes.has(self.done, index) or indexes.has(self.lost, index):
                continue
            known = found.get(index)
            if known is None or _age(known) <= _age(pod):
                found[index] = pod
        return found

    # ------------------------------------------------------------------ how many pods
    def wanted(self) -> int:
        """How many active pods there should be. # k8s: manageJob."""
        parallelism: int = self.spec.get("parallelism", 1)
        if self.completions is None:
            return len(self.active) if self.succeeded > 0 else parallelism
        return max(0, min(parallelism, self.completions - self.succeeded))

    def is_complete(self, active: int) -> bool:
        """Whether enough pods have succeeded and none is active."""
        if active:
            return False
        return self.succeeded > 0 if self.completions is None else self.succeeded >= self.completions

    def surplus(self, at_least: int) -> list[Tree]:
        """The active pods to delete: those with a wrong or repeated index, then the least advanced."""
        chosen: list[Tree] = []
        left = self.active
        if self.is_indexed:
            left, groups = [], self._by_index()
            for index, group in groups.items():
                if index == indexes.UNKNOWN or index >= (self.completions or 0):
                    chosen += group
                else:
                    group.sort(key=_progress)
                    chosen += group[:-1]
                    left.append(group[-1])
        if len(chosen) < at_least:
            chosen += sorted(left, key=_progress)[: at_least - len(chosen)]
        return chosen

    def _by_index(self) -> dict[int, list[Tree]]:
        groups: dict[int, list[Tree]] = {}
        for pod in sorted(self.active, key=indexes.index_of):
            groups.setdefault(indexes.index_of(pod), []).append(pod)
        return groups

    def next_indexes(self, count: int) -> list[int]:
        """The indexes to start pods for."""
        taken = indexes.with_indexes(self.done, indexes.indexes_of(self.active))
        if self.only_failed:
            going = [pod for pod in self.pods if refs.is_deleting(pod) and not pods.is_terminal(pod)]
            taken = indexes.with_indexes(taken, indexes.indexes_of(going))
        return indexes.pending(indexes.merged(taken, self.lost), count, self.completions or 0)


def has_finalizer(pod: Tree) -> bool:
    """Whether it has not been counted yet."""
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def _age(pod: Tree) -> tuple[int, int]:
    return indexes.all_failures_of(pod), backoff.finished_at(pod)


def _progress(pod: Tree) -> tuple[Any, ...]:
    # k8s: controller.ActivePods: not assigned, pending, not ready, ready for a short time, often restarted, young
    ready = pods.ready_condition(pod)
    is_ready = ready is not None and ready["status"] == "True"
    since = parse_time(ready["lastTransitionTime"]) if is_ready and ready is not None else 0
    restarts = max((each.get("restartCount", 0) for each in pod["status"].get("containerStatuses") or ()), default=0)
    created = parse_time(pod["metadata"]["creationTimestamp"])
    return bool(pods.node_name(pod)), _PHASES.get(pods.phase(pod), 0), is_ready, -since, -restarts, -created
