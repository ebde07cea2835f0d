"""Whether the expressions of a policy fit the types of what it matches: the warnings in its status.

# k8s: apiserver/pkg/admission/plugin/policy/validating/typechecking.go
"""

from typing import Any

from kubesim.api.admission.expressions import ACCESS, BASE, PARAMS, SPACE, VARIABLES
from kubesim.api.decoding import Schema
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Strategy
from kubesim.objects.wire import EMPTY, Gvr, Tree

MOST_TYPES = 10
DEEPEST = 8
"""How deep types are followed: some hold themselves."""
_SCALARS = {"s": "string", "i": "integer", "l": "integer", "n": "number", "f": "number", "d": "number", "b": "boolean"}
_LIST, _MAP, _OBJECT = "[", "{", "#"


class TypeChecker:
    """Checks policies. Pure beside the scheme, which it reads."""

    def __init__(self, scheme: Scheme, schema: Schema) -> None:
        self._scheme = scheme
        self._schema = schema

    def warnings(self, policy: Tree) -> list[dict[str, str]]:
        """The expressionWarnings of a policy."""
        spec: Tree = policy.get("spec") or EMPTY
        kinds = self._matched(spec.get("matchConstraints") or EMPTY)
        found: list[dict[str, str]] = []
        for index, validation in enumerate(spec.get("validations") or ()):
            for name in ("expression", "messageExpression"):
                text = str(validation.get(name) or "").strip()
                said = "\n".join(self._complaints(text, spec, kinds)) if text else ""
                if said:
                    found.append({"fieldRef": f"spec.validations[{index}].{name}", "warning": said})
        return found

    def _matched(self, match: Tree) -> list[Strategy]:
        """The kinds that the rules name without asterisks."""
        found: dict[Gvr, Strategy] = {}
        for rule in match.get("resourceRules") or ():
            for group in rule.get("apiGroups") or ():
                for version in rule.get("apiVersions") or ():
                    for resource in rule.get("resources") or ():
                        strategy = self._scheme.find(Gvr(group, version, str(resource).partition("/")[0]))
                        if strategy is not None:
                            found[strategy.gvr] = strategy
        return [found[gvr] for gvr in sorted(found)][:MOST_TYPES]

    def _complaints(self, expression: str, spec: Tree, kinds: list[Strategy]) -> list[str]:
        from kubesim.api.cel.checking import located  # noqa: PLC0415 - only when there is a policy
        from kubesim.api.cel.program import CompileError, compiled  # noqa: PLC0415
        from kubesim.api.custom.celtypes import Mismatch, result_of  # noqa: PLC0415

        types = {**BASE, **SPACE, **ACCESS, **VARIABLES, **(PARAMS if spec.get("paramKind") else EMPTY)}
        found = []
        for strategy in kinds:
            shape = self._openapi(strategy)
            try:
                checked = compiled(expression, types).checked
                if shape is not None:
                    result_of(checked, {"object": (shape, True), "oldObject": (shape, True)})
                continue
            except CompileError as error:
                text = str(error)
            except Mismatch as mismatch:
                text = located(mismatch.text, mismatch.offset, expression)
            found.append(f"{strategy.gvr.api_version}, Kind={strategy.kind}: {text}\n")
        return found

    def _openapi(self, strategy: Strategy) -> Tree | None:
        """What is known of the fields of a kind, as an OpenAPI schema."""
        if strategy.custom:
            schema: Tree | None = getattr(strategy, "openapi", None)
            return schema
        gvk = (strategy.gvr.group, strategy.gvr.version, strategy.kind)
        return self._struct(self._schema.type(gvk), DEEPEST) if self._schema.knows(gvk) else None

    def _struct(self, type_: Any, depth: int) -> dict[str, Any]:
        if type_.opaque or not type_.fields or depth == 0:
            return {}
        properties = {name: self._shape(field.shape, depth - 1) for name, field in type_.fields.items()}
        return {"type": "object", "properties": properties}

    def _shape(self, shape: str, depth: int) -> dict[str, Any]:
        if shape[0] == _LIST:
            return {"type": "array", "items": self._shape(shape[1:], depth)}
        if shape[0] == _MAP:
            return {"type": "object", "additionalProperties": self._shape(shape[1:], depth)}
        if shape[0] == _OBJECT:
            type_ = self._schema.target(shape)
            return {} if type_ is None else self._struct(type_, depth)
        kind = _SCALARS.get(shape)
        return {} if kind is None else {"type": kind}
