"""Programs: expressions that are checked, and evaluated with variables as often as one likes.

    program = compiled("object.spec.replicas <= 5", {"object": "dyn", "request": "dyn"})
    program.evaluate({"object": tree, "request": {...}})

Compiled programs are remembered for the whole process; nothing of them is part of a cluster's state.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kubesim.api.cel.checking import CompileError, check
from kubesim.api.cel.evaluating import Lazy, Scope, build
from kubesim.api.cel.library.authorizer import Asked, Authorizer
from kubesim.api.cel.syntax import Checked, Node
from kubesim.api.cel.values import CostError, EvaluationError

__all__ = ["Asked", "Authorizer", "CompileError", "CostError", "EvaluationError", "Lazy", "Program", "compiled"]

CALL_LIMIT = 1_000_000
"""What one evaluation may cost. # k8s: apiserver/apis/cel/config.go PerCallLimit"""


class Program:
    """A checked expression. ``result`` is the type of its value, ``names`` the identifiers that it mentions."""

    def __init__(self, expression: str, checked: Checked, result: str) -> None:
        self.expression = expression
        self.checked = checked
        self.result = result
        self.names = frozenset(_names(checked.root))
        self._run = build(checked.root)

    def evaluate(self, variables: Mapping[str, Any], limit: int = CALL_LIMIT) -> Any:
        """The value. Raises EvaluationError; CostError when it costs more than ``limit``.

        Values are JSON; ``Lazy`` ones are worked out when they are needed, ``Authorizer`` answers about access.
        """
        return self.measured(variables, limit)[0]

    def measured(self, variables: Mapping[str, Any], limit: int = CALL_LIMIT) -> tuple[Any, int]:
        """The value and what it cost. Raises EvaluationError."""
        scope = Scope(variables, limit)
        return self._run(scope), scope.cost


@lru_cache(maxsize=4096)
def _program(expression: str, variables: tuple[tuple[str, str], ...]) -> Program:
    checked, result = check(expression, dict(variables))
    return Program(expression, checked, result)


def compiled(expression: str, variables: Mapping[str, str]) -> Program:
    """The program of an expression; ``variables`` are their names and CEL types. Raises CompileError."""
    return _program(expression, tuple(sorted(variables.items())))


def _names(node: Node) -> list[str]:
    found = [node.name] if node.form == "ident" else []
    below = [part for entry in node.parts for part in (entry if type(entry) is tuple else (entry,))]
    if node.target is not None:
        below.append(node.target)
    return found + [name for part in below if isinstance(part, Node) for name in _names(part)]
