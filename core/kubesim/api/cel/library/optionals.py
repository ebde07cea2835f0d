"""Optional values, and what the macros of maps expand to. # k8s: cel-go/cel/library.go."""

from typing import Any

from kubesim.api.cel.operators import Function
from kubesim.api.cel.values import NONE, EvaluationError, Optional


def _is_zero(value: Any) -> bool:
    return not value and not isinstance(value, Optional)


def of_value(value: Any) -> Optional:
    """optional.of."""
    return Optional(True, value)


def of_non_zero(value: Any) -> Optional:
    """optional.ofNonZeroValue."""
    return NONE if _is_zero(value) else Optional(True, value)


def none() -> Optional:
    """optional.none."""
    return NONE


def value_of(optional: Optional) -> Any:
    """What is in an optional. Raises EvaluationError when nothing is."""
    if not optional.present:
        raise EvaluationError("optional.none() dereference")
    return optional.value


def has_value(optional: Optional) -> bool:
    """Whether there is something in it."""
    return optional.present


def unwrapped(items: list[Optional]) -> list[Any]:
    """The values of those that have one."""
    return [item.value for item in items if item.present]


def inserted(target: dict[Any, Any], *given: Any) -> dict[Any, Any]:
    """A map with one more key, or with the keys of another."""
    added = given[0] if len(given) == 1 else {given[0]: given[1]}
    for key in added:
        if key in target:
            raise EvaluationError(f"insert failed: key {key} already exists")
    return {**target, **added}


FUNCTIONS: dict[str, Function] = {
    "optional.of": of_value, "optional.ofNonZeroValue": of_non_zero, "optional.none": none, "value": value_of,
    "hasValue": has_value, "optional.unwrap": unwrapped, "unwrapOpt": unwrapped, "cel.@mapInsert": inserted,
}  # fmt: skip
