"""CEL in webhooks and policies: the variables of a request, match conditions, and how expressions fail.

# k8s: apiserver/pkg/admission/plugin/cel, plugin/webhook/matchconditions
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kubesim.api.access.attributes import Attributes as Wanted
from kubesim.api.access.attributes import account_groups
from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.plugin import Attributes
from kubesim.objects.wire import Gvr, Identity, Tree

if TYPE_CHECKING:
    from kubesim.api.cel.library.authorizer import Asked

BUDGET = 10_000_000
"""What all expressions of one policy may cost together. # k8s: RuntimeCELCostBudget"""
_AUTH = "kubernetes.authorization"
BASE: Mapping[str, str] = {"object": "dyn", "oldObject": "dyn", "request": "dyn"}
SPACE: Mapping[str, str] = {"namespaceObject": "dyn"}
PARAMS: Mapping[str, str] = {"params": "dyn"}
ACCESS: Mapping[str, str] = {
    "authorizer": f"{_AUTH}.Authorizer",
    "authorizer.requestResource": f"{_AUTH}.ResourceCheck",
}
VARIABLES: Mapping[str, str] = {"variables": "dyn"}
_SHOWN_METADATA = (
    "name", "generateName", "namespace", "labels", "annotations", "uid", "creationTimestamp",
    "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "resourceVersion", "finalizers",
)  # fmt: skip


class ExpressionError(Exception):
    """An expression that cannot be compiled or evaluated, or that costs too much; the text is the server's."""


class OutOfBudget(ExpressionError):
    """All that may be spent is spent."""


class Deciding:
    """Answers the questions of ``authorizer`` for whoever sent a request."""

    def __init__(self, authorizer: Authorizer, identity: Identity) -> None:
        self._authorizer = authorizer
        self._identity = identity

    def decide(self, asked: "Asked") -> tuple[bool, str]:
        """Whether it is allowed, and why."""
        identity = self._identity
        if asked.account is not None:
            namespace, name = asked.account
            identity = Identity(f"system:serviceaccount:{namespace}:{name}", account_groups(namespace))
        # k8s: resources are asked for in any version.
        gvr = Gvr(asked.group, "*", asked.resource)
        wanted = Wanted(asked.verb, gvr, asked.subresource, asked.namespace, asked.name, asked.path)
        found = self._authorizer.decide(identity, wanted)
        return found.allowed, found.reason


def access_of(authorizer: Authorizer, asked: Attributes) -> dict[str, Any]:
    """The variables ``authorizer`` and ``authorizer.requestResource``."""
    from kubesim.api.cel.library import authorizer as library  # noqa: PLC0415 - only when there are expressions

    deciding = Deciding(authorizer, asked.request.identity)
    question = library.Asked("", asked.gvr.group, asked.gvr.resource, asked.subresource, asked.namespace, asked.name)
    return {
        "authorizer": library.Authorizer(deciding.decide),
        "authorizer.requestResource": library.Check(deciding.decide, question),
    }


def shown_namespace(space: Tree | None) -> Tree | None:
    """A Namespace as ``namespaceObject``: without its owners and managers. # k8s: CreateNamespaceObject."""
    if space is None:
        return None
    metadata = {name: space["metadata"][name] for name in _SHOWN_METADATA if name in space["metadata"]}
    shown = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return {**shown, **{name: space[name] for name in ("spec", "status") if name in space}}


class Evaluation:
    """Evaluates the expressions of one webhook or policy about one request, within one budget."""

    def __init__(self, types: Mapping[str, str], values: dict[str, Any]) -> None:
        self._types = types
        self.values = values
        self._left = BUDGET

    def value(self, expression: str) -> Any:
        """The value. Raises ExpressionError."""
        from kubesim.api.cel.program import (  # noqa: PLC0415 - the library is loaded by the first expression
            CompileError,
            CostError,
            EvaluationError,
            compiled,
        )

        try:
            program = compiled(expression, self._types)
        except CompileError as error:
            raise ExpressionError(f"compilation error: compilation failed: {error}") from None
        try:
            found, cost = program.measured(self.values)
        except CostError:
            text = "validation failed due to running out of cost budget, no further validation rules will be run"
            raise OutOfBudget(text) from None
        except EvaluationError as error:
            raise ExpressionError(f"expression '{expression}' resulted in error: {error}") from None
        self._left -= cost
        if self._left < 0:
            text = "validation failed due to running out of cost budget, no further validation rules will be run"
            raise OutOfBudget(text)
        return found


def conditions_hold(conditions: Iterable[Tree], evaluation: Evaluation) -> bool:
    """Whether all matchConditions hold; one that does not counts more than one that fails. Raises ExpressionError."""
    failed: list[str] = []
    for condition in conditions:
        try:
            if evaluation.value(str(condition.get("expression") or "")) is not True:
                return False
        except ExpressionError as error:
            failed.append(str(error))
    if failed:
        raise ExpressionError(failed[0] if len(failed) == 1 else f"[{', '.join(failed)}]")
    return True
