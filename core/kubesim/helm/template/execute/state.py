"""The state of one executing template, and how it fails with a position."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from kubesim.helm.template.errors import BudgetError, ExecutionError, GoError
from kubesim.helm.template.quoting import quote

if TYPE_CHECKING:
    from kubesim.helm.template.execute.budget import Budget
    from kubesim.helm.template.execute.context import Context, Template
    from kubesim.helm.template.nodes import Node


class State:
    """One execution. ``node`` is where an error would be reported, exactly as Go moves it along.

    ``boxed`` says whether the cursor has static type interface {} (an element of a range), ``boxed_slots`` holds the
    variables of which that is so: only error texts can tell.
    """

    __slots__ = ("append", "boxed", "boxed_slots", "budget", "context", "depth", "node", "out", "template", "variables")

    def __init__(self, context: "Context", template: "Template", out: list[str], depth: int) -> None:
        self.context = context
        self.budget: Budget = context.budget
        self.template = template
        self.out = out
        self.append = out.append
        self.depth = depth
        self.node: Node | None = None
        self.variables: list[Any] = []
        self.boxed = False
        self.boxed_slots: set[int] = set()

    def where(self) -> str:
        """The position that begins an error's text."""
        tree = self.template.tree
        if self.node is None:
            return f"template: {tree.name}: "
        location, text = tree.context(self.node)
        return f"template: {location}: executing {quote(tree.name)} at <{text}>: "

    def failure(self, message: str, cause: GoError | None = None) -> ExecutionError:
        """The error to raise at the current node."""
        return ExecutionError(self.where() + message, cause)

    def placed(self, error: BudgetError) -> BudgetError:
        """The error, naming the place where the innermost template was."""
        error.place = error.place or self.where()
        return error

    def call_failure(self, node: "Node", name: str, error: GoError) -> ExecutionError:
        """The error to raise when a function failed."""
        self.node = node
        return self.failure(f"error calling {name}: {error}", error)


Step = Callable[[State, Any], Any]
"""A compiled node: run(state, cursor); of a statement the result is a jump, or None."""


class FinalStep(Protocol):
    """A compiled stage of a pipeline that may get the value so far as its final argument."""

    def __call__(self, state: State, dot: Any, final: Any = ..., /) -> Any:
        """The stage's value."""
