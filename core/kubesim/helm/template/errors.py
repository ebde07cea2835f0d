"""The errors of templates, with Go's texts."""


class TemplateError(Exception):
    """Anything that makes parsing or executing a template end without output; ``str()`` is the whole text."""


class GoError(TemplateError):
    """A Go error value: what a function returns or panics with. ``cause`` is the error it wraps (%w), if any."""

    def __init__(self, text: str, cause: "GoError | None" = None) -> None:
        super().__init__(text)
        self.cause = cause


class ParseError(GoError):
    """The text is no template: ``template: NAME:LINE: message``."""


class ExecutionError(GoError):
    """A template failed: ``template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: message``."""


class BudgetError(TemplateError):
    """A render used more than its budget allows, or was stopped.

    ``place`` is where, as in an ExecutionError's text, once the template that was running has said so.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.place = ""

    def __str__(self) -> str:
        return self.place + self.message
