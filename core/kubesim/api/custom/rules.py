"""x-kubernetes-validations of custom resources: which rules an object breaks, and in which words.

# k8s: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go
"""

from typing import Any

from kubesim.api.cel.program import CostError, EvaluationError, Program, compiled
from kubesim.api.cel.values import NONE, Optional
from kubesim.api.custom import jsonpath
from kubesim.api.custom.celvalues import converted
from kubesim.api.custom.validating import NOTHING, Earlier, shown
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

BUDGET = 10_000_000
"""What all rules of one object may cost together. # k8s: RuntimeCELCostBudget"""
MESSAGE_LIMIT = 5 * 1024
VARIABLES = {"self": "dyn", "oldSelf": "dyn"}
BLOCKING = frozenset({
    "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid",
})  # fmt: skip
"""Errors after which no rule is looked at."""
UNCHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
    "<nil>",
)
_REASONS = {
    "FieldValueForbidden": "Forbidden: {}",
    "FieldValueRequired": "Required value: {}",
}


def broken(new: Tree, old: Any, schema: Tree) -> list[Cause]:
    """The rules that an object breaks; ``old`` is NOTHING for a new one."""
    check = _Check()
    check.visit(new, old, schema, "")
    return check.causes


class _Exhausted(Exception):
    """The budget is used up: nothing more is looked at."""


class _Check:
    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self._left = BUDGET

    def visit(self, value: Any, old: Any, schema: Tree, path: str) -> None:
        """Look at a value and all below it."""
        try:
            self._visit(value, old, schema, path)
        except _Exhausted:
            return

    def _visit(self, value: Any, old: Any, schema: Tree, path: str) -> None:
        rules = schema.get("x-kubernetes-validations")
        if rules and value is not None:
            self._rules(rules, value, old, schema, path)
        if isinstance(value, dict):
            known, others = schema.get("properties") or EMPTY, schema.get("additionalProperties")
            before = old if isinstance(old, dict) else EMPTY
            for name, item in value.items():
                below = known.get(name)
                place = f"{path}.{name}" if path else name
                if below is None and isinstance(others, dict):
                    below, place = others, f"{path}[{name}]"
                if below is not None:
                    self._visit(item, before.get(name, NOTHING), below, place)
        items = schema.get("items")
        if isinstance(value, list) and isinstance(items, dict):
            earlier = Earlier(schema, old)
            for position, item in enumerate(value):
                self._visit(item, earlier.of(item), items, f"{path}[{position}]")

    def _rules(self, rules: list[Tree], value: Any, old: Any, schema: Tree, path: str) -> None:
        seen = {"self": converted(value, schema)}
        if old is not NOTHING and old is not None:
            seen["oldSelf"] = converted(old, schema)
        for rule in rules:
            program = compiled(rule["rule"], VARIABLES)
            transition = "oldSelf" in program.names
            variables = seen
            if rule.get("optionalOldSelf"):
                variables = {**seen, "oldSelf": Optional(True, seen["oldSelf"]) if "oldSelf" in seen else NONE}
            elif transition and "oldSelf" not in seen:
                continue
            if not transition and old is not NOTHING and value == old:
                # k8s: CRDValidationRatcheting: what did not change is only warned about.
                continue
            self._rule(rule, program, variables, value, schema, path)

    def _rule(
        self, rule: Tree, program: Program, variables: dict[str, Any], value: Any, schema: Tree, path: str
    ) -> None:
        kind = schema.get("type") or ""
        said = _said(rule)
        try:
            result = self._spent(program, variables, kind, path)
        except CostError as error:
            text = f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {said}"
            self._add(kind, text, path)
            raise _Exhausted from None
        except EvaluationError as error:
            text = f"{error} evaluating rule: {said}"
            if str(error).startswith("no such overload"):
                text = (
                    f"'{error}': call arguments did not match a supported operator, function or macro signature "
                    f"for rule: {said}"
                )
            self._add(kind, text, path)
            return
        if result is True:
            return
        place = f"{path}{_normal(rule['fieldPath'])}".lstrip(".") if rule.get("fieldPath") else path
        detail = self._message(rule, variables, kind, place) or _default_message(rule)
        self.causes.append(_cause(rule.get("reason"), place, value, detail))

    def _spent(self, program: Program, variables: dict[str, Any], kind: str, path: str) -> Any:
        result, cost = program.measured(variables)
        self._left -= cost
        if self._left < 0:
            text = "validation failed due to running out of cost budget, no further validation rules will be run"
            self._add(kind, text, path)
            raise _Exhausted
        return result

    def _message(self, rule: Tree, variables: dict[str, Any], kind: str, path: str) -> str:
        """What the messageExpression says, "" when it says nothing that can be shown."""
        expression = rule.get("messageExpression")
        if not expression:
            return ""
        try:
            found = self._spent(compiled(expression, VARIABLES), variables, kind, path)
        except EvaluationError:
            return ""
        text = found.strip() if isinstance(found, str) else ""
        return "" if len(text.encode()) > MESSAGE_LIMIT or "\n" in text else text

    def _add(self, kind: str, text: str, path: str) -> None:
        self.causes.append(Cause("FieldValueInvalid", f'Invalid value: "{kind}": {text}', path or "<nil>"))


def _said(rule: Tree) -> str:
    return str(rule.get("message") or rule["rule"]).strip()


def _default_message(rule: Tree) -> str:
    return _said(rule) if rule.get("message") else f"failed rule: {_said(rule)}"


def _normal(text: str) -> str:
    """A field path as errors print it."""
    names = jsonpath.fields(text)
    return "".join(f".{name}" for name in names) if names else text


def _cause(reason: str | None, path: str, value: Any, detail: str) -> Cause:
    place = path or "<nil>"
    if reason in _REASONS:
        return Cause(reason, _REASONS[reason].format(detail), place)
    if reason == "FieldValueDuplicate":
        return Cause(reason, f"Duplicate value: {shown(value)}", place)
    if isinstance(value, dict | list):
        return Cause("FieldValueInvalid", f"Invalid value: {detail}", place)
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", place)
