"""The rules of a schema when its definition is written: they compile, know their fields, and are affordable.

# k8s: apiextensions/validation: ValidateCustomResourceDefinitionOpenAPISchema, validateValidationRules
"""

from typing import Any, NamedTuple

from kubesim.api.cel.checking import located
from kubesim.api.cel.program import CompileError, Program, compiled
from kubesim.api.custom import jsonpath
from kubesim.api.custom.celcost import UNBOUNDED, cardinality_of, cost_of
from kubesim.api.custom.celtypes import Mismatch, result_of
from kubesim.api.custom.rules import VARIABLES
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

COST_LIMIT = 10_000_000
"""# k8s: StaticEstimatedCostLimit"""
TOTAL_LIMIT = 100_000_000
"""# k8s: StaticEstimatedCRDCostLimit"""
_REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate")


class _Place(NamedTuple):
    path: str
    occurrences: float
    """How often the value may occur in an object."""
    uncorrelated: str
    """The path of a list around it whose items cannot be told apart, "" for none."""
    root: bool = False


def compile_causes(schema: Tree, path: str) -> list[Cause]:
    """What is wrong with the rules of a schema."""
    check = _Compilation()
    check.visit(schema, _Place(path, 1, "", root=True))
    if check.total > TOTAL_LIMIT:
        text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        worst = sorted(check.costs, key=_cost, reverse=True)[:4]
        check.causes += [_forbidden(place, text) for place, cost in worst if cost > TOTAL_LIMIT / 100]
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        check.causes.append(_forbidden(path, too_expensive(name, check.total, TOTAL_LIMIT)))
    return check.causes


def _cost(entry: tuple[str, float]) -> float:
    return entry[1]


class _Compilation:
    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.costs: list[tuple[str, float]] = []

    @property
    def total(self) -> float:
        """What all rules of the schema may cost together."""
        return sum(cost for _, cost in self.costs)

    def visit(self, schema: Tree, place: _Place) -> None:
        """Compile the rules of a schema and of those in it."""
        for number, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
            self._rule(rule, schema, place, f"{place.path}.x-kubernetes-validations[{number}]")
        for name, below in (schema.get("properties") or EMPTY).items():
            self.visit(below, _Place(f"{place.path}.properties[{name}]", place.occurrences, place.uncorrelated))
        others, items = schema.get("additionalProperties"), schema.get("items")
        times = place.occurrences * cardinality_of(schema, place.occurrences)
        if isinstance(others, dict):
            self.visit(others, _Place(f"{place.path}.additionalProperties", times, place.uncorrelated))
        if isinstance(items, dict):
            inner = place.uncorrelated
            if schema.get("x-kubernetes-list-type") != "map" and not inner:
                inner = f"{place.path}.items"
            self.visit(items, _Place(f"{place.path}.items", times, inner))

    def _rule(self, rule: Tree, schema: Tree, place: _Place, path: str) -> None:
        text = (rule.get("rule") or "").strip()
        if not text:
            self.causes.append(_required(f"{path}.rule", "rule is not specified"))
            return
        self._words(rule, schema, path)
        program = self._compiled(rule, rule["rule"], schema, place, f"{path}.rule", "bool")
        if program is not None and "oldSelf" in program.names and place.uncorrelated:
            words = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {place.uncorrelated}"
            self.causes.append(_invalid(f"{path}.rule", _quoted(rule["rule"]), words))
        if program is not None and rule.get("optionalOldSelf") and "oldSelf" not in program.names:
            words = "may not be set if oldSelf is not used in rule"
            self.causes.append(_invalid(f"{path}.optionalOldSelf", "true", words))
        if rule.get("messageExpression"):
            self._compiled(rule, rule["messageExpression"], schema, place, f"{path}.messageExpression", "string")

    def _words(self, rule: Tree, schema: Tree, path: str) -> None:
        message = rule.get("message") or ""
        if message and not message.strip():
            words = "message must be non-empty if specified"
            self.causes.append(_invalid(f"{path}.message", _quoted(message), words))
        if "\n" in message.strip():
            words = "message must not contain line breaks"
            self.causes.append(_invalid(f"{path}.message", _quoted(message), words))
        if "\n" in (rule.get("rule") or "").strip() and not message:
            words = "message must be specified if rule contains line breaks"
            self.causes.append(_required(f"{path}.message", words))
        reason = rule.get("reason")
        if reason is not None and reason not in _REASONS:
            listed = ", ".join(f'"{each}"' for each in _REASONS)
            text = f'Unsupported value: "{reason}": supported values: {listed}'
            self.causes.append(Cause("FieldValueNotSupported", text, f"{path}.reason"))
        where = rule.get("fieldPath")
        if where and not _is_field(where, schema):
            words = "fieldPath must be a valid path: does not refer to a valid field"
            self.causes.append(_invalid(f"{path}.fieldPath", _quoted(where), words))

    def _compiled(
        self, rule: Tree, expression: str, schema: Tree, place: _Place, path: str, wanted: str
    ) -> Program | None:
        what = "messageExpression " if wanted == "string" else ""
        types = {"self": (schema, place.root), "oldSelf": (schema, place.root)}
        if rule.get("optionalOldSelf"):
            del types["oldSelf"]
        try:
            program = compiled(expression, VARIABLES)
            result = result_of(program.checked, types) or program.result
        except CompileError as error:
            self.causes.append(_invalid(path, go_rule(rule), f"{what}compilation failed: {error}"))
            return None
        except Mismatch as mismatch:
            text = located(mismatch.text, mismatch.offset, expression)
            self.causes.append(_invalid(path, go_rule(rule), f"{what}compilation failed: {text}"))
            return None
        if result not in {wanted, "dyn"}:
            words = f"cel expression must evaluate to a {wanted}"
            if wanted == "string":
                words = "messageExpression must evaluate to a string"
            self.causes.append(_invalid(path, go_rule(rule), words))
            return None
        cost = min(cost_of(program.checked.root, {"self": schema, "oldSelf": schema}) * place.occurrences, UNBOUNDED)
        if cost > COST_LIMIT:
            name = "estimated messageExpression cost" if wanted == "string" else "estimated rule cost"
            self.causes.append(_forbidden(path, too_expensive(name, cost, COST_LIMIT)))
        self.costs.append((path, cost))
        return program


def _is_field(text: str, schema: Any) -> bool:
    names = jsonpath.fields(text)
    for name in names or ():
        known = schema.get("properties")
        others = schema.get("additionalProperties")
        schema = known.get(name) if known else others if isinstance(others, dict) else None
        if schema is None:
            return False
    return names is not None


def too_expensive(name: str, cost: float, limit: int) -> str:
    """How far a cost is over its limit."""
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return (
        f"{name} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, "
        "and maxLength where arrays, maps, and strings are declared)"
    )


def go_rule(rule: Tree) -> str:
    """A rule as Go prints the struct."""
    reason, optional = rule.get("reason"), rule.get("optionalOldSelf")
    # differs: Go prints the addresses that pointers have.
    pointed = "(*apiextensions.FieldValueErrorReason)({})".format("nil" if reason is None else "0xc000000000")
    flag = "(*bool)({})".format("nil" if optional is None else "0xc000000000")
    texts = {name: _quoted(rule.get(name) or "") for name in ("rule", "message", "messageExpression", "fieldPath")}
    return (
        f"apiextensions.ValidationRule{{Rule:{texts['rule']}, Message:{texts['message']}, "
        f"MessageExpression:{texts['messageExpression']}, Reason:{pointed}, FieldPath:{texts['fieldPath']}, "
        f"OptionalOldSelf:{flag}}}"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _invalid(path: str, shown: str, text: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", path)


def _required(path: str, text: str) -> Cause:
    return Cause("FieldValueRequired", f"Required value: {text}", path)


def _forbidden(path: str, text: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {text}", path)
