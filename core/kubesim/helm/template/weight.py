"""Refuses values that are too large to be walked over: shared or cyclic ones can be endless."""

from typing import Any, Final

from kubesim.helm.template.errors import BudgetError

MAX_PARTS: Final = 1_000_000
MAX_DEPTH: Final = 1_000


def weigh(value: Any) -> int:
    """How many parts a value has; BudgetError when they or its levels are more than any function should walk over."""
    if not isinstance(value, dict | list):
        return 1
    level: list[Any] = [value]
    parts = depth = 0
    while level:
        depth += 1
        parts += len(level)
        if parts > MAX_PARTS or depth > MAX_DEPTH:
            raise BudgetError(f"the value is too large: more than {MAX_PARTS} parts or {MAX_DEPTH} levels")
        inner: list[Any] = []
        for container in level:
            items = container.values() if isinstance(container, dict) else container
            parts += len(items)
            inner += [item for item in items if isinstance(item, dict | list)]
        level = inner
    return parts
