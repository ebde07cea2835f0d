"""What a compiler knows at a place in a template: its functions and where its variables are kept."""

from collections.abc import Callable, Mapping

from kubesim.helm.template.execute.state import Step
from kubesim.helm.template.nodes import Node
from kubesim.helm.template.signatures import Function


class Scope:
    """The functions, and the slots of the variables in sight; every declaration has a slot of its own.

    ``operand`` compiles a node that is no literal; it is handed in because calls and pipelines hold one another.
    """

    def __init__(self, functions: Mapping[str, Function], operand: Callable[[Node, "Scope"], Step]) -> None:
        self.functions = functions
        self.operand = operand
        self.slots = 1
        self.boxable: set[int] = set()
        """The slots that some range sets to its elements."""
        self._visible: list[tuple[str, int]] = [("$", 0)]

    def declare(self, name: str) -> int:
        """The slot of a new variable."""
        slot = self.slots
        self.slots += 1
        self._visible.append((name, slot))
        return slot

    def find(self, name: str) -> int | None:
        """The slot of the variable last declared under a name."""
        for known, slot in reversed(self._visible):
            if known == name:
                return slot
        return None

    def mark(self) -> int:
        """A place to which ``forget`` goes back."""
        return len(self._visible)

    def forget(self, mark: int) -> None:
        """Let the variables declared since a mark go out of sight."""
        del self._visible[mark:]
