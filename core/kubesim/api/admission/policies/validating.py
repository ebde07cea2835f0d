"""The plugin ValidatingAdmissionPolicy. # k8s: apiserver/pkg/admission/plugin/policy/validating."""

from typing import Any, NamedTuple

import orjson

from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.expressions import Evaluation, ExpressionError, OutOfBudget, conditions_hold
from kubesim.api.admission.matching import Matcher, Seen
from kubesim.api.admission.plugin import Attributes, Plugin
from kubesim.api.admission.policies.catalogue import VALIDATING, Catalogue, ConfigurationError, name_of
from kubesim.api.admission.policies.evaluation import Situation
from kubesim.api.custom.definition import DEFINITIONS
from kubesim.api.scheme import Scheme
from kubesim.objects.errors import ApiError, forbidden
from kubesim.objects.wire import EMPTY, Gvr, Tree
from kubesim.store.mvcc import Store

MESSAGE_LIMIT = 5 * 1024
ANNOTATION_LIMIT = 10 * 1024
FAILURE_KEY = "validation.policy.admission.k8s.io/validation_failure"
_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}


class Denial(NamedTuple):
    """A validation that does not hold, or a mistake that counts as one."""

    policy: str
    binding: str
    message: str
    reason: str = "Invalid"
    number: int = -1


class ValidatingPolicies(Plugin):
    """Evaluates every bound policy; the first denial is told."""

    watched: tuple[Gvr, ...] = (*VALIDATING, DEFINITIONS)

    def __init__(self, store: Store, scheme: Scheme, matcher: Matcher, authorizer: Authorizer) -> None:
        self._store = store
        self._scheme = scheme
        self._authorizer = authorizer
        self._catalogue = Catalogue(store, scheme, matcher, VALIDATING)

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        del namespace
        return self._catalogue.concerns(operation, gvr, subresource)

    def validate(self, asked: Attributes) -> None:
        """Raises the refusal of the first policy that denies."""
        denials: list[Denial] = []
        for policy in self._catalogue.policies():
            seen = self._catalogue.matches(policy, asked)
            if seen is not None:
                denials += self._policy(policy, asked, seen)
        if denials:
            raise refusal(asked, denials[0])

    def _policy(self, policy: Tree, asked: Attributes, seen: Seen) -> list[Denial]:
        denials: list[Denial] = []
        situation: Situation | None = None
        annotations: dict[str, list[str]] = {}
        for binding in self._catalogue.bindings(policy):
            if not self._catalogue.binds(binding, asked):
                continue
            if situation is None:
                situation = Situation(self._store, self._scheme, self._authorizer, asked, seen)
            try:
                parameters = self._catalogue.parameters(policy, binding, asked.namespace)
            except ConfigurationError as error:
                if policy["spec"].get("failurePolicy") != "Ignore":
                    text = f"failed to configure binding: {error}"
                    denials.append(Denial(name_of(policy), name_of(binding), text))
                continue
            for parameter in parameters:
                check = _Check(policy, name_of(binding), situation.evaluation(policy, parameter))
                found, said = check.denials()
                denials += _acted(binding, found, asked)
                denials += check.annotate(annotations) if not said else []
        for key, values in annotations.items():
            if values:
                asked.annotate(f"{name_of(policy)}/{key}", ", ".join(values))
        return denials


def _acted(binding: Tree, found: list[Denial], asked: Attributes) -> list[Denial]:
    """Those that deny; the others are warned of or noted."""
    denied: list[Denial] = []
    actions = list(binding["spec"].get("validationActions") or ())
    for denial in found:
        if "Deny" in actions:
            denied.append(denial)
        if "Warn" in actions:
            asked.warnings.append(
                f"Validation failed for ValidatingAdmissionPolicy '{denial.policy}' with binding '{denial.binding}': "
                f"{denial.message}"
            )
        if "Audit" in actions:
            value = {
                "message": denial.message, "policy": denial.policy, "binding": denial.binding,
                "expressionIndex": max(denial.number, 0), "validationActions": actions,
            }  # fmt: skip
            asked.annotate(FAILURE_KEY, orjson.dumps([value]).decode())
    return denied


class _Check:
    """One policy with one parameter."""

    def __init__(self, policy: Tree, binding: str, evaluation: Evaluation) -> None:
        self._policy = policy
        self._binding = binding
        self._evaluation = evaluation
        self._ignores = policy["spec"].get("failurePolicy") == "Ignore"

    def _denied(self, message: str, reason: str = "Invalid", number: int = -1) -> Denial:
        return Denial(name_of(self._policy), self._binding, message, reason, number)

    def denials(self) -> tuple[list[Denial], bool]:
        """What does not hold; and whether the policy is not about the request after all."""
        spec = self._policy["spec"]
        try:
            if not conditions_hold(spec.get("matchConditions") or (), self._evaluation):
                return [], True
        except ExpressionError as error:
            return ([] if self._ignores else [self._denied(str(error))]), True
        found: list[Denial] = []
        for index, validation in enumerate(spec.get("validations") or ()):
            try:
                if self._evaluation.value(str(validation.get("expression") or "")) is True:
                    continue
            except OutOfBudget as error:
                return ([] if self._ignores else [self._denied(str(error), number=index)]), True
            except ExpressionError as error:
                if not self._ignores:
                    found.append(self._denied(str(error), number=index))
                continue
            found.append(self._denied(self._message(validation), str(validation.get("reason") or "Invalid"), index))
        return found, False

    def _message(self, validation: Tree) -> str:
        text = ""
        expression = validation.get("messageExpression")
        if expression:
            try:
                value = self._evaluation.value(str(expression))
            except ExpressionError:
                value = None
            text = value.strip() if isinstance(value, str) else ""
            text = "" if len(text.encode()) > MESSAGE_LIMIT or "\n" in text else text
        said = str(validation.get("message") or "").strip()
        return text or said or f"failed expression: {str(validation.get('expression')).strip()}"

    def annotate(self, annotations: dict[str, list[str]]) -> list[Denial]:
        """Note the policy's auditAnnotations; those that cannot be made deny."""
        found: list[Denial] = []
        for annotation in self._policy["spec"].get("auditAnnotations") or ():
            expression = str(annotation.get("valueExpression") or "")
            try:
                value: Any = self._evaluation.value(expression)
            except ExpressionError as error:
                if not self._ignores:
                    found.append(self._denied(str(error)))
                continue
            if isinstance(value, str):
                text = value.strip()[:ANNOTATION_LIMIT]
                known = annotations.setdefault(str(annotation.get("key")), [])
                if text and text not in known:
                    known.append(text)
            elif value is not None:
                text = f"valueExpression '{expression}' resulted in unsupported return type"
                found.append(self._denied(f"{text}. Return type must be either string or null."))
        return [denial for denial in found if denial.message]


def refusal(asked: Attributes, denial: Denial) -> ApiError:
    """What the client is told."""
    where = f" with binding '{denial.binding}'" if denial.binding else ""
    text = f"ValidatingAdmissionPolicy '{denial.policy}'{where} denied request: {denial.message}"
    status = forbidden(asked.gvr, asked.shown, text).status
    details = {**(status.get("details") or EMPTY), "causes": [{"message": text}]}
    code = _CODES.get(denial.reason, 422)
    return ApiError({**status, "reason": denial.reason, "details": details, "code": code})
