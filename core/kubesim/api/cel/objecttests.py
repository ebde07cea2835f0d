"""An expression as a test of one object, before and after a write; the library is loaded with the first of them."""

from kubesim.objects.statements import Test
from kubesim.objects.wire import Tree


class _Expression:
    """An expression on ``object`` and ``oldObject``; what it cannot say of an object is not so."""

    def __init__(self, text: str) -> None:
        from kubesim.api.cel.program import CompileError, EvaluationError, compiled  # noqa: PLC0415 - takes its time

        self._failure = EvaluationError
        try:
            self._program = compiled(text, {"object": "dyn", "oldObject": "dyn"})
        except CompileError as error:
            raise ValueError(str(error)) from error

    def __call__(self, old: Tree | None, new: Tree | None) -> bool:
        """Whether it is true."""
        try:
            return self._program.evaluate({"object": new, "oldObject": old}) is True
        except self._failure:
            return False


def compiled(text: str) -> Test:
    """The test of an expression. Raises ValueError."""
    return _Expression(text)
