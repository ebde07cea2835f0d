"""The variables that the expressions of one policy see for one request and one parameter."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.expressions import (
    ACCESS,
    BASE,
    PARAMS,
    SPACE,
    VARIABLES,
    Evaluation,
    ExpressionError,
    access_of,
    shown_namespace,
)
from kubesim.api.admission.matching import Seen
from kubesim.api.admission.plugin import Attributes
from kubesim.api.admission.requests import request_of, versioned
from kubesim.api.scheme import Scheme
from kubesim.objects.wire import NAMESPACES, Tree
from kubesim.store.mvcc import Store


class Situation:
    """One request as one policy sees it."""

    def __init__(self, store: Store, scheme: Scheme, authorizer: Authorizer, asked: Attributes, seen: Seen) -> None:
        self.asked = asked
        self.seen = seen
        self.obj = versioned(scheme, asked, asked.obj, seen)
        self.old = versioned(scheme, asked, asked.old, seen)
        space = store.get(NAMESPACES, "", asked.namespace) if asked.namespace else None
        self._base: dict[str, Any] = {
            "object": self.obj,
            "oldObject": self.old,
            "request": request_of(asked, seen, self.obj, self.old, objects=False),
            "namespaceObject": shown_namespace(space),
            **access_of(authorizer, asked),
        }

    def evaluation(self, policy: Tree, parameter: Tree | None, more: Mapping[str, str] | None = None) -> Evaluation:
        """Where the expressions of a policy are evaluated; its variables are worked out when they are needed."""
        from kubesim.api.cel.program import EvaluationError, Lazy  # noqa: PLC0415 - only when there is a policy

        types = {**BASE, **SPACE, **ACCESS, **VARIABLES, **(more or {})}
        values = dict(self._base)
        if policy["spec"].get("paramKind"):
            types.update(PARAMS)
            values["params"] = parameter
        found = Evaluation(types, values)

        def work(name: str, expression: str) -> Any:
            try:
                return found.value(expression)
            except ExpressionError as error:
                raise EvaluationError(f'composited variable "{name}" fails to evaluate: {error}') from None

        def lazy(variable: Tree) -> Any:
            name, expression = str(variable.get("name")), str(variable.get("expression"))
            return Lazy(lambda: work(name, expression))

        values["variables"] = {
            str(variable.get("name")): lazy(variable) for variable in policy["spec"].get("variables") or ()
        }
        return found
