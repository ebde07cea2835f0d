"""What the pod failure policy says of a failed pod, and whether the success policy is met."""

from collections.abc import Iterable
from typing import NamedTuple

from kubesim.controllers.job import indexes
from kubesim.objects.wire import EMPTY, Tree


class Verdict(NamedTuple):
    """What follows from a failed pod: the Job's failure message ("" for none), whether it counts, the rule's action."""

    message: str = ""
    counts: bool = True
    action: str = ""


COUNTED = Verdict()


def judge(policy: Tree | None, pod: Tree) -> Verdict:
    """The verdict of the first rule that matches. # k8s: job/pod_failure_policy.go."""
    for position, rule in enumerate((policy or EMPTY).get("rules") or ()):
        status = pod.get("status") or EMPTY
        if rule.get("onExitCodes") is not None:
            found = _matching_container(status, rule["onExitCodes"])
            if found is not None:
                return _verdict(rule["action"], _exit_text(pod, found, rule["action"], position))
        elif rule.get("onPodConditions") is not None:
            kind = _matching_condition(status, rule["onPodConditions"])
            if kind:
                where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                action = rule["action"]
                return _verdict(action, f"Pod {where} has condition {kind} matching {action} rule at index {position}")
    return COUNTED


def _verdict(action: str, message: str) -> Verdict:
    return Verdict(message if action == "FailJob" else "", action != "Ignore", action)


def _exit_text(pod: Tree, container: Tree, action: str, position: int) -> str:
    metadata = pod["metadata"]
    code = container["state"]["terminated"].get("exitCode", 0)
    where = f"{metadata['namespace']}/{metadata['name']}"
    name = container["name"]
    return f"Container {name} for pod {where} failed with exit code {code} matching {action} rule at index {position}"


def _matching_container(status: Tree, wanted: Tree) -> Tree | None:
    for container in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        terminated = (container.get("state") or EMPTY).get("terminated")
        name = wanted.get("containerName")
        if terminated is None or (name is not None and name != container["name"]):
            continue
        code = terminated.get("exitCode", 0)
        if code != 0 and (code in (wanted.get("values") or ())) == (wanted.get("operator") == "In"):
            found: Tree = container
            return found
    return None


def _matching_condition(status: Tree, patterns: Iterable[Tree]) -> str:
    for condition in status.get("conditions") or ():
        for pattern in patterns:
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status", "True"):
                return str(condition["type"])
    return ""


def success_message(policy: Tree | None, completions: int, succeeded: indexes.Intervals) -> str:
    """The message of the first rule of a success policy that is met, "" when none is. # k8s: job/success_policy.go."""
    if not succeeded:
        return ""
    for position, rule in enumerate((policy or EMPTY).get("rules") or ()):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            wanted = indexes.parse(rule["succeededIndexes"], completions)
            reached = indexes.overlap(wanted, succeeded)
            met = bool(wanted) and (reached == indexes.total(wanted) or (count is not None and reached >= count))
        else:
            met = count is not None and indexes.total(succeeded) >= count
        if met:
            return f"Matched rules at index {position}"
    return ""
