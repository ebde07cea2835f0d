"""Counts ended pods exactly once: first by uid in the status, then without finalizer, then in the counters."""

from typing import NamedTuple

from kubesim.controllers.job import indexes, policies
from kubesim.controllers.job.draft import COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET, Finish, condition
from kubesim.controllers.job.sync import MOST_PODS, Sync, has_finalizer
from kubesim.machinery.client import Client
from kubesim.objects import pods, refs
from kubesim.objects.times import format_time
from kubesim.objects.wire import Tree


class Report(NamedTuple):
    """What a round of counting found: pods to release, uids that still have the finalizer, changes, too many."""

    ended: list[Tree]
    covered: dict[str, None]
    changed: bool
    is_full: bool


def collect(sync: Sync) -> Report:
    """Note ended pods in the draft. # k8s: trackJobStatusAndRemoveFinalizers."""
    draft = sync.draft
    if sync.is_indexed:
        sync.pods.sort(key=indexes.index_of)
    covered = {pod["metadata"]["uid"]: None for pod in sync.pods if has_finalizer(pod)}
    changed = draft.settle(covered)
    ended: list[Tree] = []
    fresh: list[int] = []
    is_full = False
    for pod in sync.pods:
        if not has_finalizer(pod) or not _can_release(sync, pod):
            continue
        ended.append(pod)
        changed = _note(sync, pod, fresh) or changed
        if len(fresh) + len(draft.uncounted_succeeded) + len(draft.uncounted_failed) >= MOST_PODS:
            is_full = True
            break
    if sync.is_indexed:
        changed = _note_indexes(sync, fresh) or changed
    return Report(ended, covered, changed, is_full)


def _can_release(sync: Sync, pod: Tree) -> bool:
    if refs.is_deleting(sync.job) or sync.finish is not None or pods.phase(pod) == pods.SUCCEEDED:
        return True
    if not sync.is_failed(pod):
        return False
    delayed = sync.delayed.get(indexes.index_of(pod))
    return delayed is None or refs.uid(delayed) != refs.uid(pod)


def _note(sync: Sync, pod: Tree, fresh: list[int]) -> bool:
    draft, uid = sync.draft, pod["metadata"]["uid"]
    if pods.phase(pod) == pods.SUCCEEDED and uid not in draft.uncounted_failed:
        if sync.is_indexed:
            index = indexes.index_of(pod)
            if sync.has_valid_index(pod) and not indexes.has(sync.done_before, index):
                fresh.append(index)
                return True
        elif uid not in draft.uncounted_succeeded:
            draft.uncounted_succeeded.append(uid)
            return True
        return False
    # k8s: when the Job ends otherwise than by success, every pod that has not ended counts as failed
    is_lost = sync.finish is not None and sync.finish.type != SUCCESS_CRITERIA_MET
    if not sync.is_failed(pod) and not is_lost:
        return False
    if uid in draft.uncounted_failed or not sync.has_valid_index(pod) or not policies.judge(sync.policy, pod).counts:
        return False
    draft.uncounted_failed.append(uid)
    return True


def _note_indexes(sync: Sync, fresh: list[int]) -> bool:
    draft = sync.draft
    sync.done = indexes.with_indexes(sync.done, fresh)
    done = indexes.text_of(sync.done)
    lost = None if sync.limit_per_index is None else indexes.text_of(sync.lost)
    changed = (done, lost) != (draft.completed_indexes, draft.failed_indexes)
    draft.succeeded = indexes.total(sync.done)
    draft.completed_indexes, draft.failed_indexes = done, lost
    return changed


def announce(sync: Sync) -> bool:
    """Note that the Job is about to end; ``finish`` becomes the condition of the end. True when something is new."""
    finish = sync.finish
    if finish is None or finish.type not in {FAILURE_TARGET, SUCCESS_CRITERIA_MET}:
        return False
    is_new = sync.draft.find(finish.type) is None
    if is_new:
        sync.draft.conditions.append(condition(finish, sync.now))
    sync.finish = Finish(FAILED if finish.type == FAILURE_TARGET else COMPLETE, finish.reason, finish.message)
    return is_new


def conclude(sync: Sync) -> bool:
    """Declare the end, unless pods are still to be counted or to go. True when the Job is over."""
    draft, finish = sync.draft, sync.finish
    if finish is None or draft.uncounted_succeeded or draft.uncounted_failed or sync.terminating > 0:
        return False
    draft.ensure(finish, sync.now)
    if finish.type == COMPLETE:
        draft.completion_time = format_time(sync.now)
    return True


def tell(client: Client, job: Tree, sync: Sync) -> None:
    """Record the Events of the end."""
    finish = sync.finish
    if finish is None:
        return
    if finish.type != COMPLETE:
        client.event(job, "Warning", finish.reason, finish.message)
        return
    if sync.completions is not None and sync.draft.succeeded > sync.completions:
        text = "Too many succeeded pods running after completion count reached"
        client.event(job, "Warning", "TooManySucceededPods", text)
    client.event(job, "Normal", "Completed", "Job completed")
