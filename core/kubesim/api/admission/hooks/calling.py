"""Asking a webhook: whether it is to be asked about a request, the review it gets, and what it answered."""

from hashlib import sha256
from typing import NamedTuple, Protocol

import orjson

from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.expressions import ACCESS, BASE, Evaluation, ExpressionError, access_of, conditions_hold
from kubesim.api.admission.hooks.configurations import Hook
from kubesim.api.admission.hooks.responses import BadResponse, Verdict, call_failed, no_dry_run, verdict_of
from kubesim.api.admission.matching import Matcher, Seen
from kubesim.api.admission.plugin import CREATE, Attributes
from kubesim.api.admission.requests import request_of, versioned
from kubesim.api.scheme import Scheme
from kubesim.api.webhooks import UID, Answer, OutsideCall
from kubesim.objects.errors import forbidden
from kubesim.objects.wire import Tree


class Invocation(NamedTuple):
    """A webhook that is to be asked, and how it sees the request."""

    hook: Hook
    seen: Seen
    obj: Tree | None
    old: Tree | None


class Answers(Protocol):
    """Where the answers of webhooks come from."""

    def ask(self, call: OutsideCall) -> Answer:
        """The answer; a BaseException or Postponed when it has to be waited for."""


class Caller:
    """Asks webhooks on behalf of one server."""

    def __init__(self, scheme: Scheme, matcher: Matcher, authorizer: Authorizer, answers: Answers) -> None:
        self._scheme = scheme
        self._matcher = matcher
        self._authorizer = authorizer
        self._answers = answers

    def invocation(self, hook: Hook, asked: Attributes) -> Invocation | None:
        """How a webhook is asked about a request; None when it is not. Raises ApiError.

        # k8s: plugin/webhook/generic ShouldCallHook
        """
        seen = self._matcher.resource(hook.rules, hook.exact, asked)
        if seen is None or not self._matcher.selects(hook.webhook, asked):
            return None
        obj = versioned(self._scheme, asked, asked.obj, seen)
        old = versioned(self._scheme, asked, asked.old, seen)
        conditions = hook.webhook.get("matchConditions")
        if conditions:
            values = {
                "object": obj,
                "oldObject": old,
                "request": request_of(asked, seen, obj, old, objects=False),
                **access_of(self._authorizer, asked),
            }
            try:
                if not conditions_hold(conditions, Evaluation({**BASE, **ACCESS}, values)):
                    return None
            except ExpressionError as error:
                if hook.ignores_failures:
                    return None
                raise forbidden(asked.gvr, asked.shown, str(error)) from None
        return Invocation(hook, seen, obj, old)

    def verdict(self, invocation: Invocation, asked: Attributes, turn: int, *, mutating: bool) -> Verdict | None:
        """What the webhook says; None when it cannot be asked and that does not matter. Raises ApiError."""
        hook = invocation.hook
        if asked.dry_run and not hook.harmless:
            raise no_dry_run(hook.name)
        version = next((str(each) for each in hook.webhook.get("admissionReviewVersions") or ("v1",)), "v1")
        request = request_of(asked, invocation.seen, invocation.obj, invocation.old, uid=UID)
        body = {"kind": "AdmissionReview", "apiVersion": f"admission.k8s.io/{version}", "request": request}
        answer = self._answers.ask(
            OutsideCall(hook.client, body, hook.timeout_seconds, _identity(hook, asked, turn, mutating=mutating))
        )
        try:
            if answer.error:
                raise BadResponse(f"failed to call webhook: {answer.error}")
            try:
                found = verdict_of(answer.body, version, mutating=mutating)
            except BadResponse as error:
                raise BadResponse(f"received invalid webhook response: {error}") from None
        except BadResponse as error:
            if hook.ignores_failures:
                return None
            raise call_failed(hook.name, str(error)) from None
        asked.warnings.extend(found.warnings)
        for key, text in found.annotations:
            asked.annotate(f"{hook.name}/{key}", text)
        return found


def _sent(body: object) -> str:
    """A digest of what was sent: of all that makes the object, it alone is not drawn."""
    content = body if isinstance(body, bytes) else orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return sha256(content).hexdigest()


def _identity(hook: Hook, asked: Attributes, turn: int, *, mutating: bool) -> str:
    """The same for the same question when the request is worked on again: what is drawn anew is left out."""
    tree = asked.obj or asked.old or {}
    metadata, old = tree.get("metadata") or {}, (asked.old or {}).get("metadata") or {}
    owners = ",".join(str(owner.get("uid")) for owner in metadata.get("ownerReferences") or ())
    drawn = metadata.get("generateName") if asked.operation == CREATE else ""
    name = asked.request.key.name or drawn or metadata.get("name") or ""
    parts = (
        "mutating" if mutating else "validating", hook.uid, str(turn), asked.operation, *asked.gvr, asked.subresource,
        asked.namespace, name, owners, old.get("resourceVersion") or "", str(asked.dry_run),
        asked.request.identity.user, _sent(asked.request.body),
    )  # fmt: skip
    return "|".join(map(str, parts))
