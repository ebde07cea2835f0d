"""Types, emptiness, defaults and deep equality."""

import math
from typing import Any

from kubesim.helm.template.errors import BudgetError
from kubesim.helm.template.signatures import ANY, BOOL, STRING, Function, function
from kubesim.helm.template.values import GoObject, is_nil, kind, type_name
from kubesim.helm.template.weight import MAX_DEPTH, weigh


def default(fallback: Any, *given: Any) -> Any:
    """The given value, or the fallback when it is empty."""
    return given[0] if given and given[0] else fallback


def empty(value: Any) -> bool:
    """Whether a value is nil, false, zero or has no elements."""
    return not value


def coalesce(*values: Any) -> Any:
    """The first value that is not empty."""
    return next((value for value in values if value), None)


def every(*values: Any) -> bool:
    """Whether no value is empty."""
    return all(values)


def some(*values: Any) -> bool:
    """Whether any value is not empty."""
    return any(values)


def ternary(if_true: Any, if_false: Any, condition: bool) -> Any:
    """The first value if the condition is true, else the second."""
    return if_true if condition else if_false


def type_is(name: str, value: Any) -> bool:
    """Whether a value's type has that name."""
    return type_name(value) == name


def type_is_like(name: str, value: Any) -> bool:
    """Whether a value's type, or what it points to, has that name."""
    return type_name(value) in {name, f"*{name}"}


def kind_is(name: str, value: Any) -> bool:
    """Whether a value is of that kind."""
    return kind(value) == name


def deep_equal(one: Any, two: Any, depth: int = 0) -> bool:
    """reflect.DeepEqual: the types must agree too."""
    if depth == 0:
        weigh(one)
    if one is two:
        return not (isinstance(one, float) and math.isnan(one))
    if depth > MAX_DEPTH:
        raise BudgetError(f"values nest deeper than {MAX_DEPTH}")
    if type_name(one) != type_name(two) or is_nil(one) != is_nil(two):
        return False
    if isinstance(one, dict):
        return len(one) == len(two) and all(
            key in two and deep_equal(value, two[key], depth + 1) for key, value in one.items()
        )
    if isinstance(one, list):
        return len(one) == len(two) and all(
            deep_equal(left, right, depth + 1) for left, right in zip(one, two, strict=True)
        )
    if isinstance(one, GoObject):
        return all(
            deep_equal(getattr(one, name), getattr(two, name), depth + 1) for name in one.go_fields.values()
        ) and (bool(one.go_fields) or bool(one == two))
    return bool(one == two)


FUNCTIONS: tuple[Function, ...] = (
    function("default", default, ANY, more=ANY),
    function("empty", empty, ANY),
    function("coalesce", coalesce, more=ANY),
    function("all", every, more=ANY),
    function("any", some, more=ANY),
    function("ternary", ternary, ANY, ANY, BOOL),
    function("typeOf", type_name, ANY),
    function("typeIs", type_is, STRING, ANY),
    function("typeIsLike", type_is_like, STRING, ANY),
    function("kindOf", kind, ANY),
    function("kindIs", kind_is, STRING, ANY),
    function("deepEqual", deep_equal, ANY, ANY),
)
