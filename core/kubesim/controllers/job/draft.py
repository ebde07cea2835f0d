"""The status of a Job while one sync works on it, and the conditions that a Job can have."""

from collections.abc import Collection
from typing import Any, NamedTuple

from kubesim.objects import refs
from kubesim.objects.times import format_time
from kubesim.objects.wire import EMPTY, Tree

FAILED, COMPLETE, SUSPENDED = "Failed", "Complete", "Suspended"
FAILURE_TARGET, SUCCESS_CRITERIA_MET = "FailureTarget", "SuccessCriteriaMet"


class Finish(NamedTuple):
    """The condition that ends a Job, or announces its end."""

    type: str
    reason: str
    message: str


def is_finished(job: Tree) -> bool:
    """Whether it is complete or failed."""
    return refs.is_condition_true(job, COMPLETE) or refs.is_condition_true(job, FAILED)


def condition(finish: Finish, now: int, status: str = "True") -> dict[str, Any]:
    """A condition of a Job that is new now."""
    stamp = format_time(now)
    return {
        "type": finish.type,
        "status": status,
        "lastProbeTime": stamp,
        "lastTransitionTime": stamp,
        "reason": finish.reason,
        "message": finish.message,
    }


class Draft:
    """The fields of ``status`` as attributes; ``tree`` writes them as Kubernetes does, zeros left out."""

    def __init__(self, status: Tree) -> None:
        uncounted: Tree = status.get("uncountedTerminatedPods") or EMPTY
        self.conditions: list[Tree] = list(status.get("conditions") or ())
        self.start_time: str | None = status.get("startTime")
        self.completion_time: str | None = status.get("completionTime")
        self.active: int = status.get("active", 0)
        self.succeeded: int = status.get("succeeded", 0)
        self.failed: int = status.get("failed", 0)
        self.terminating: int | None = status.get("terminating")
        self.completed_indexes: str = status.get("completedIndexes", "")
        self.failed_indexes: str | None = status.get("failedIndexes")
        self.uncounted_succeeded: list[str] = list(uncounted.get("succeeded") or ())
        self.uncounted_failed: list[str] = list(uncounted.get("failed") or ())
        self.ready: int | None = status.get("ready")

    def tree(self) -> dict[str, Any]:
        """The status."""
        found: dict[str, Any] = {}
        for name, value in (
            ("conditions", self.conditions),
            ("startTime", self.start_time),
            ("completionTime", self.completion_time),
            ("active", self.active),
            ("succeeded", self.succeeded),
            ("failed", self.failed),
        ):
            if value:
                found[name] = list(value) if isinstance(value, list) else value
        if self.terminating is not None:
            found["terminating"] = self.terminating
        if self.completed_indexes:
            found["completedIndexes"] = self.completed_indexes
        if self.failed_indexes is not None:
            found["failedIndexes"] = self.failed_indexes
        uncounted = {"succeeded": self.uncounted_succeeded, "failed": self.uncounted_failed}
        found["uncountedTerminatedPods"] = {name: list(uids) for name, uids in uncounted.items() if uids}
        if self.ready is not None:
            found["ready"] = self.ready
        return found

    def find(self, type_: str) -> Tree | None:
        """The condition of that type when it is true."""
        for each in self.conditions:
            if each["type"] == type_ and each["status"] == "True":
                return each
        return None

    def ensure(self, finish: Finish, now: int, status: str = "True") -> bool:
        """Set a condition; one that was never there is not set to False. True when something changed."""
        for position, each in enumerate(self.conditions):
            if each["type"] == finish.type:
                if (each["status"], each.get("reason"), each.get("message")) == (status, finish.reason, finish.message):
                    return False
                self.conditions[position] = condition(finish, now, status)
                return True
        if status == "False":
            return False
        self.conditions.append(condition(finish, now, status))
        return True

    def settle(self, with_finalizer: Collection[str]) -> bool:
        """Move pods that have lost their finalizer from the uncounted to the counters. True when something changed."""
        succeeded = [uid for uid in self.uncounted_succeeded if uid in with_finalizer]
        failed = [uid for uid in self.uncounted_failed if uid in with_finalizer]
        gone = len(self.uncounted_succeeded) - len(succeeded), len(self.uncounted_failed) - len(failed)
        self.succeeded += gone[0]
        self.failed += gone[1]
        self.uncounted_succeeded, self.uncounted_failed = succeeded, failed
        return any(gone)
