"""The plugins MutatingAdmissionWebhook and ValidatingAdmissionWebhook.

# k8s: apiserver/pkg/admission/plugin/webhook/{mutating,validating}
"""

from typing import Any

from kubesim.api.admission.hooks.calling import Caller, Invocation
from kubesim.api.admission.hooks.configurations import MUTATING, VALIDATING, concerned, hooks_of
from kubesim.api.admission.hooks.responses import Verdict, rejection
from kubesim.api.admission.matching import Matcher
from kubesim.api.admission.plugin import Attributes, Plugin
from kubesim.api.admission.remaking import Remaker
from kubesim.api.custom.definition import DEFINITIONS
from kubesim.api.failures import internal
from kubesim.api.webhooks import OUTSIDE, Awaited, OutsideCall
from kubesim.objects.errors import ApiError
from kubesim.objects.patches.jsonpatch import json_patch
from kubesim.objects.wire import Gvr, Tree
from kubesim.store.mvcc import Store

FIRST, AGAIN = 0, 1
"""The turns: every webhook once, then those that want to see what others changed after them."""


class MutatingWebhooks(Plugin):
    """Asks one after the other; each sees what those before it changed."""

    watched: tuple[Gvr, ...] = (MUTATING, DEFINITIONS)

    def __init__(self, store: Store, matcher: Matcher, caller: Caller, remaker: Remaker) -> None:
        self._store = store
        self._matcher = matcher
        self._caller = caller
        self._remaker = remaker

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        del namespace
        return concerned(self._store, self._matcher, MUTATING, operation, gvr, subresource)

    def mutate(self, asked: Attributes) -> Tree | None:
        """The object after all webhooks. Raises ApiError, Awaited."""
        hooks = hooks_of(self._store, MUTATING)
        # What was drawn for the object when it was first shown stays: patches may refer to it.
        asked = asked._replace(
            obj=OUTSIDE.first(f"{asked.operation}|{asked.gvr}|{asked.namespace}|{asked.shown}", asked.obj)
        )
        eligible: list[str] = []
        again: list[str] = []
        for hook in hooks:
            invocation = self._caller.invocation(hook, asked)
            if invocation is None:
                continue
            changed = self._asked(invocation, asked, FIRST)
            if changed is not None:
                asked = asked._replace(obj=changed)
                again, eligible = [*again, *eligible], []
            if hook.webhook.get("reinvocationPolicy") == "IfNeeded":
                eligible.append(hook.uid)
        for hook in hooks:
            if hook.uid in again:
                invocation = self._caller.invocation(hook, asked)
                changed = None if invocation is None else self._asked(invocation, asked, AGAIN)
                asked = asked if changed is None else asked._replace(obj=changed)
        return asked.obj

    def _asked(self, invocation: Invocation, asked: Attributes, turn: int) -> Tree | None:
        """The object as a webhook changed it; None when it did not."""
        found = self._caller.verdict(invocation, asked, turn, mutating=True)
        if found is None:
            return None
        if not found.allowed:
            raise rejection(invocation.hook.name, found.result)
        if not found.patch:
            return None
        return self._patched(invocation, asked, found)

    def _patched(self, invocation: Invocation, asked: Attributes, found: Verdict) -> Tree | None:
        seen = invocation.obj
        if seen is None or asked.obj is None:
            name = invocation.hook.name
            text = "attempted to modify the object, which is not supported for this operation"
            raise internal(f'admission webhook "{name}" {text}')
        try:
            patched = json_patch(seen, found.patch)
        except ApiError:
            raise internal(_unfit(seen, found.patch)) from None
        if patched == seen:
            return None
        return self._remaker.remade(asked, invocation.seen, seen, patched)


class ValidatingWebhooks(Plugin):
    """Asks all at once, about the object as it is going to be stored."""

    watched: tuple[Gvr, ...] = (VALIDATING, DEFINITIONS)

    def __init__(self, store: Store, matcher: Matcher, caller: Caller) -> None:
        self._store = store
        self._matcher = matcher
        self._caller = caller

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        del namespace
        return concerned(self._store, self._matcher, VALIDATING, operation, gvr, subresource)

    def validate(self, asked: Attributes) -> None:
        """Raises ApiError when one refuses, Awaited while answers are missing."""
        missing: list[OutsideCall] = []
        refusals: list[ApiError] = []
        for hook in hooks_of(self._store, VALIDATING):
            try:
                invocation = self._caller.invocation(hook, asked)
                found = None
                if invocation is not None:
                    found = self._caller.verdict(invocation, asked, FIRST, mutating=False)
            except Awaited as awaited:
                missing += awaited.calls
            except ApiError as error:
                refusals.append(error)
            else:
                if found is not None and not found.allowed:
                    refusals.append(rejection(hook.name, found.result))
        if missing:
            raise Awaited(*missing)
        if refusals:
            # k8s: the first one that comes in is told; here it is the first in order.
            raise refusals[0]


def _unfit(seen: Tree, patch: list[Any]) -> str:
    """Which operation does not fit the object. # k8s: evanphx/json-patch."""
    for count, operation in enumerate(patch):
        try:
            json_patch(seen, patch[: count + 1])
        except ApiError:
            path = operation.get("path") if isinstance(operation, dict) else ""
            kind = operation.get("op") if isinstance(operation, dict) else ""
            if kind == "test":
                return f"testing value {path} failed: test failed"
            return f'jsonpatch {kind} operation does not apply: doc is missing path: "{path}": missing value'
    return "jsonpatch operation does not apply"
