"""The plugin MutatingAdmissionPolicy. # k8s: apiserver/pkg/admission/plugin/policy/mutating."""

from typing import Any

from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.expressions import Evaluation, ExpressionError, conditions_hold
from kubesim.api.admission.matching import Matcher, Seen
from kubesim.api.admission.plugin import Attributes, Plugin
from kubesim.api.admission.policies.catalogue import MUTATING, Catalogue, ConfigurationError, name_of
from kubesim.api.admission.policies.constructors import as_maps
from kubesim.api.admission.policies.evaluation import Situation
from kubesim.api.admission.remaking import Remaker
from kubesim.api.custom.definition import DEFINITIONS
from kubesim.api.scheme import Scheme
from kubesim.objects.errors import ApiError, forbidden
from kubesim.objects.patches.jsonpatch import json_patch
from kubesim.objects.wire import EMPTY, Gvr, Tree
from kubesim.store.mvcc import Store


class Failure(Exception):
    """A mutation that cannot be carried out."""


class MutatingPolicies(Plugin):
    """Carries out every bound policy; those that want to are carried out again after others changed the object."""

    watched: tuple[Gvr, ...] = (*MUTATING, DEFINITIONS)

    def __init__(
        self, store: Store, scheme: Scheme, matcher: Matcher, authorizer: Authorizer, remaker: Remaker
    ) -> None:
        self._store = store
        self._scheme = scheme
        self._authorizer = authorizer
        self._remaker = remaker
        self._catalogue = Catalogue(store, scheme, matcher, MUTATING)

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        del namespace
        return operation in {"CREATE", "UPDATE"} and self._catalogue.concerns(operation, gvr, subresource)

    def mutate(self, asked: Attributes) -> Tree | None:
        """The object after all policies. Raises ApiError."""
        policies = self._catalogue.policies()
        again: list[Tree] = []
        eligible: list[Tree] = []
        for policy in policies:
            changed = self._policy(policy, asked)
            if changed is not asked.obj:
                asked = asked._replace(obj=changed)
                again, eligible = [*again, *eligible], []
            if policy["spec"].get("reinvocationPolicy") == "IfNeeded":
                eligible.append(policy)
        for policy in again:
            asked = asked._replace(obj=self._policy(policy, asked))
        return asked.obj

    def _policy(self, policy: Tree, asked: Attributes) -> Tree | None:
        seen = self._catalogue.matches(policy, asked)
        if seen is None:
            return asked.obj
        for binding in self._catalogue.bindings(policy):
            if not self._catalogue.binds(binding, asked):
                continue
            try:
                for parameter in self._catalogue.parameters(policy, binding, asked.namespace):
                    asked = asked._replace(obj=self._mutated(policy, parameter, asked, seen))
            except ConfigurationError as error:
                self._failed(policy, binding, asked, f"failed to configure binding: {error}")
            except (Failure, ExpressionError) as error:
                self._failed(policy, binding, asked, str(error))
        return asked.obj

    def _failed(self, policy: Tree, binding: Tree, asked: Attributes, why: str) -> None:
        if policy["spec"].get("failurePolicy") == "Ignore":
            return
        text = f"policy '{name_of(policy)}' with binding '{name_of(binding)}' denied request: {why}"
        status = forbidden(asked.gvr, asked.shown, text).status
        details = {**(status.get("details") or EMPTY), "causes": [{"message": text}]}
        raise ApiError({**status, "reason": "Invalid", "details": details, "code": 422})

    def _mutated(self, policy: Tree, parameter: Tree | None, asked: Attributes, seen: Seen) -> Tree | None:
        situation = Situation(self._store, self._scheme, self._authorizer, asked, seen)
        evaluation = situation.evaluation(policy, parameter)
        if not conditions_hold(policy["spec"].get("matchConditions") or (), evaluation):
            return asked.obj
        for mutation in policy["spec"].get("mutations") or ():
            current = situation.obj
            if current is None or asked.obj is None:
                return asked.obj
            changed = self._changed(mutation, evaluation, current, asked, seen)
            if changed == current:
                continue
            asked = asked._replace(obj=self._remaker.remade(asked, seen, current, changed))
            situation = Situation(self._store, self._scheme, self._authorizer, asked, seen)
            evaluation = situation.evaluation(policy, parameter)
        return asked.obj

    def _changed(self, mutation: Tree, evaluation: Evaluation, current: Tree, asked: Attributes, seen: Seen) -> Any:
        if mutation.get("patchType") == "JSONPatch":
            expression = str((mutation.get("jsonPatch") or EMPTY).get("expression") or "")
            return _patched(expression, evaluation, current)
        expression = str((mutation.get("applyConfiguration") or EMPTY).get("expression") or "")
        value = evaluation.value(as_maps(expression))
        if not isinstance(value, dict):
            raise Failure(f"unexpected return type of expression '{expression}': not an Object")
        _check_applied(value)
        try:
            return self._remaker.applied(asked, seen, current, value)
        except ValueError as error:
            raise Failure(f"error applying patch: {error}") from None


def _patched(expression: str, evaluation: Evaluation, current: Tree) -> Any:
    value = evaluation.value(as_maps(expression))
    if not isinstance(value, list):
        raise Failure(f"type mismatch: JSONPatchType.expression should evaluate to array: '{expression}'")
    operations = []
    for operation in value:
        if not isinstance(operation, dict):
            raise Failure("type mismatch: JSONPatchType.expression should evaluate to an array of JSONPatch")
        operations.append({("from" if name == "from_" else name): item for name, item in operation.items()})
    if any(operation.get("op") == "test" for operation in operations) and not _tests_hold(operations, current):
        # k8s: a failed test means that there is nothing to do.
        return current
    try:
        return json_patch(current, operations)
    except ApiError as error:
        raise Failure(f"JSON Patch: {error}") from None


def _tests_hold(operations: list[dict[str, Any]], current: Tree) -> bool:
    try:
        json_patch(current, [operation for operation in operations if operation.get("op") == "test"])
    except ApiError:
        return False
    return True


def _check_applied(value: dict[str, Any]) -> None:
    for name in ("apiVersion", "kind"):
        if name in value:
            raise Failure(f"{name} may not be set by an apply configuration")
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        for name in ("name", "namespace", "uid"):
            if name in metadata:
                raise Failure(f"metadata.{name} may not be set by an apply configuration")
