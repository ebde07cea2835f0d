"""Whole-number arithmetic of the shell: ``$((i + 1))``."""

import re
from collections.abc import MutableMapping

from kubesim.kubelet.simruntime.lexer import ShellError

_TOKEN = re.compile(r"\s*(\d+|\$?\{?[A-Za-z_]\w*\}?|\+\+|--|<=|>=|==|!=|&&|\|\||[-+*/%()<>!=])")
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))


def is_number(text: str) -> bool:
    """Whether a text is a whole number."""
    return text.isascii() and text.lstrip("-").isdigit() and len(text) <= 20 and not text.startswith("--")


class _Reader:
    def __init__(self, text: str, variables: MutableMapping[str, str]) -> None:
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]
        self._variables = variables
        self._at = 0

    def value(self) -> int:
        tokens = self._tokens
        if len(tokens) > 2 and tokens[1] == "=":
            name = tokens[0]
            self._at = 2
            result = self._level(0)
            self._variables[name] = str(result)
            return result
        return self._level(0)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _level(self, depth: int) -> int:
        if depth == len(_LEVELS):
            return self._unary()
        left = self._level(depth + 1)
        while (operator := self._peek()) in _LEVELS[depth]:
            self._at += 1
            left = _wrapped(_apply(operator, left, self._level(depth + 1)))
        return left

    def _unary(self) -> int:
        token = self._peek()
        self._at += 1
        if token == "-":
            return -self._unary()
        if token == "+":
            return self._unary()
        if token == "!":
            return int(not self._unary())
        if token == "(":
            inner = self._level(0)
            self._at += 1
            return inner
        if token.isdigit():
            return int(token[:19])
        return self._variable(token)

    def _variable(self, token: str) -> int:
        name = token.strip("${}")
        if not name.isidentifier():
            raise ShellError("sh: arithmetic syntax error")
        text = "12345" if name == "RANDOM" else self._variables.get(name, "0") or "0"
        if not is_number(text):
            raise ShellError("sh: arithmetic syntax error")
        number = _wrapped(int(text[:20]))
        if self._peek() in {"++", "--"}:
            change = 1 if self._peek() == "++" else -1
            self._at += 1
            self._variables[name] = str(number + change)
        return number


def _apply(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if not right:
            raise ShellError("sh: divide by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    if operator in {"+", "-", "*"}:
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    results = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "==": left == right,
        "!=": left != right,
        "&&": bool(left and right),
        "||": bool(left or right),
    }
    return int(results[operator])


def _wrapped(number: int) -> int:
    """As 64 bits hold it."""
    return (number + 2**63) % 2**64 - 2**63


def evaluate(text: str, variables: MutableMapping[str, str]) -> int:
    """The value of an expression; ``i++`` and ``i = 1`` change the variable. Raises ShellError."""
    return _wrapped(_Reader(text, variables).value()) if text.strip() else 0
