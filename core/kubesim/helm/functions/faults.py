"""The texts of Go's run-time panics that functions end with."""

from typing import Any, NoReturn

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import kind


def nil_dereference() -> NoReturn:
    """Fail as a method call on a nil interface does."""
    raise GoError("runtime error: invalid memory address or nil pointer dereference")


def divide_by_zero() -> NoReturn:
    """Fail as an integer division by zero does."""
    raise GoError("runtime error: integer divide by zero")


def kind_of(value: Any) -> str:
    """The kind of a value's type; fails for nil, which has no type."""
    if value is None:
        nil_dereference()
    return kind(value)
