"""``expr``: sums and comparisons of whole numbers, and of texts, from the words of a command line."""

import operator
from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.interpreter import Interpreter

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("|",),
    ("&",),
    ("<", "<=", "=", "==", "!=", ">=", ">"),
    ("+", "-"),
    ("*", "/", "%"),
)
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, "==": operator.eq, "!=": operator.ne, ">=": operator.ge,
    ">": operator.gt,
}  # fmt: skip
MAX_DIGITS = 18


class _SyntaxError(Exception):
    pass


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self._words = words

    def value(self) -> str:
        found = self._level(0)
        if self._words:
            raise _SyntaxError("expr: syntax error")
        return found

    def _level(self, depth: int) -> str:
        if depth == len(_LEVELS):
            return self._term()
        left = self._level(depth + 1)
        while self._words and self._words[0] in _LEVELS[depth]:
            left = _apply(self._words.pop(0), left, self._level(depth + 1))
        return left

    def _term(self) -> str:
        if not self._words:
            raise _SyntaxError("expr: syntax error")
        word = self._words.pop(0)
        if word == "(":
            found = self._level(0)
            if not self._words or self._words.pop(0) != ")":
                raise _SyntaxError("expr: syntax error")
            return found
        if word == "length" and self._words:
            return str(len(self._words.pop(0)))
        return word


def _number(text: str) -> int:
    if not text.removeprefix("-").isdigit() or len(text) > MAX_DIGITS:
        raise _SyntaxError("expr: non-numeric argument")
    return int(text)


def _apply(sign: str, left: str, right: str) -> str:
    if sign == "|":
        return left if left not in {"", "0"} else right or "0"
    if sign == "&":
        return left if left not in {"", "0"} and right not in {"", "0"} else "0"
    if sign in _COMPARE:
        return str(int(_compared(sign, left, right)))
    one, two = _number(left), _number(right)
    if sign in {"/", "%"}:
        if not two:
            raise _SyntaxError("expr: division by zero")
        # Towards zero, as C divides.
        whole = abs(one) // abs(two) * (1 if (one < 0) == (two < 0) else -1)
        return str(whole if sign == "/" else one - whole * two)
    return str({"+": one + two, "-": one - two, "*": one * two}[sign])


def _compared(sign: str, left: str, right: str) -> bool:
    try:
        return _COMPARE[sign](_number(left), _number(right))
    except _SyntaxError:
        return _COMPARE[sign]((left > right) - (left < right), 0)


def run(machine: Interpreter, argv: list[str]) -> int:
    """0 for a value, 1 for nothing or zero, 2 for a mistake."""
    try:
        found = _Parser(argv[1:]).value()
    except _SyntaxError as error:
        machine.complain(f"{error}\n")
        return 2
    machine.write(f"{found}\n")
    return 1 if found in {"", "0"} else 0
