"""What linting finds: messages with a severity, gathered one rule at a time."""

from typing import Final, NamedTuple

INFO: Final = 1
WARNING: Final = 2
ERROR: Final = 3
_NAMES: Final = {INFO: "INFO", WARNING: "WARNING", ERROR: "ERROR"}


class Message(NamedTuple):
    """One finding about a file of a chart."""

    severity: int
    path: str
    text: str

    def __str__(self) -> str:
        """The line that ``helm lint`` prints."""
        return f"[{_NAMES[self.severity]}] {self.path}: {self.text}"


class Findings:
    """The messages about one chart, in the order of the rules."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def rule(self, severity: int, path: str, problem: str | None) -> bool:
        """Note a rule's problem, if it has one; whether it has none."""
        if problem is not None:
            self.messages.append(Message(severity, path, problem))
        return problem is None
