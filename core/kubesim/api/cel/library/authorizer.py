"""The authorizer variable: asks whoever decides about access. # k8s: apiserver/pkg/cel/library/authz.go."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubesim.api.cel.operators import Function
from kubesim.api.cel.values import EvaluationError


class Asked(NamedTuple):
    """One question about access. ``path`` is that of a URL that is no resource; ``account`` (namespace, name) or None.

    Without an account the question is about whoever sent the request.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    account: tuple[str, str] | None = None


Decide = Callable[[Asked], tuple[bool, str]]
"""Whether it is allowed, and why."""


class Check(NamedTuple):
    """A question that is being put together."""

    decide: Decide
    asked: Asked


class Authorizer(NamedTuple):
    """The value of the variable ``authorizer``."""

    decide: Decide
    account: tuple[str, str] | None = None


class Decision(NamedTuple):
    """The answer."""

    allowed: bool
    reason: str
    error: str = ""


def path(authorizer: Authorizer, text: str) -> Check:
    """About a path that is no resource."""
    if not text:
        raise EvaluationError("path must not be empty")
    return Check(authorizer.decide, Asked("", path=text, account=authorizer.account))


def group(authorizer: Authorizer, text: str) -> Check:
    """About resources of a group."""
    return Check(authorizer.decide, Asked("", group=text, account=authorizer.account))


def account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    """About what a service account may."""
    return Authorizer(authorizer.decide, (namespace, name))


def check(question: Check, verb: str) -> Decision:
    """Ask."""
    allowed, reason = question.decide(question.asked._replace(verb=verb))
    return Decision(allowed, reason)


def _part(field: str) -> Function:
    def narrowed(question: Check, text: str) -> Check:
        changes: dict[str, Any] = {field: text}
        return Check(question.decide, question.asked._replace(**changes))

    return narrowed


def _same(question: Check, text: str) -> Check:
    # differs: selectors do not narrow a question.
    del text
    return question


def _field(name: str) -> Function:
    def found(decision: Decision) -> Any:
        return getattr(decision, name)

    return found


FUNCTIONS: dict[str, Function] = {
    "path": path, "group": group, "serviceAccount": account, "check": check, "fieldSelector": _same,
    "labelSelector": _same, "allowed": _field("allowed"), "reason": _field("reason"), "error": _field("error"),
    "errored": lambda decision: bool(decision.error),
    **{field: _part(field) for field in ("resource", "subresource", "namespace", "name")},
}  # fmt: skip
