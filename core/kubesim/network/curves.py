"""How much traffic there is at a time: a number, or a curve over the age of a Load; pure."""

import math
from collections.abc import Sequence
from typing import Any

from kubesim.objects.wire import EMPTY, Tree

CONSTANT, RAMP, SINE, STEPS = "Constant", "Ramp", "Sine", "Steps"


def rate(spec: Tree, age_seconds: float) -> float:
    """Requests a second of a Load that is that old; never negative."""
    curve: Tree = spec.get("curve") or EMPTY
    kind = curve.get("type") or CONSTANT
    repeat = _number(curve, "repeatSeconds", 0)
    age = age_seconds % repeat if repeat else age_seconds
    if kind == RAMP:
        found = _ramp(curve, age)
    elif kind == SINE:
        low, high = _number(curve, "min", 0), _number(curve, "max", 0)
        period = _number(curve, "periodSeconds", 600) or 600
        # It begins at its lowest.
        found = low + (high - low) * (1 - math.cos(2 * math.pi * age / period)) / 2
    elif kind == STEPS:
        found = _step(curve.get("steps") or (), age)
    else:
        found = float(spec.get("requestsPerSecond") or 0)
    return max(0.0, found)


def _ramp(curve: Tree, age: float) -> float:
    begin, end = _number(curve, "from", 0), _number(curve, "to", 0)
    duration = _number(curve, "durationSeconds", 60) or 60
    return begin + (end - begin) * min(1.0, age / duration)


def _step(steps: Sequence[Tree], age: float) -> float:
    found = 0.0
    for step in steps:
        if _number(step, "atSeconds", 0) <= age:
            found = _number(step, "requestsPerSecond", 0)
    return found


def _number(tree: Tree, field: str, default: float) -> float:
    value: Any = tree.get(field)
    return default if value is None else float(value)
