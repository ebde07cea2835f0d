"""Loads: simulated traffic on a Service, as long as the object is there."""

from typing import Any

from kubesim.kinds.fielderrors import invalid, not_supported, required
from kubesim.kinds.plain import Plain
from kubesim.kinds.printing import NONE
from kubesim.kinds.shapes import filled
from kubesim.objects import quantities
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, LOADS, Tree

TYPES = ("Constant", "Ramp", "Sine", "Steps")
_NUMBERS = {
    "Ramp": ("from", "to", "durationSeconds"),
    "Sine": ("min", "max", "periodSeconds"),
}
MOST = 1_000_000
NOT_NEGATIVE = "must be a number from 0 to 1000000"


class LoadStrategy(Plain):
    """Loads."""

    gvr = LOADS
    kind = "Load"
    subresources = ("status",)
    initial_status = EMPTY

    def default(self, obj: Tree) -> Tree:
        """A spec."""
        return filled(obj, spec={})

    def validate(self, obj: Tree) -> list[Cause]:
        """A Service, and a number or a curve."""
        spec = obj.get("spec") or EMPTY
        found: list[Cause] = [] if spec.get("service") else [required("spec.service")]
        curve = spec.get("curve")
        if curve is None:
            if spec.get("requestsPerSecond") is None:
                found.append(required("spec.requestsPerSecond", "or spec.curve must be given"))
            else:
                found += _number("spec.requestsPerSecond", spec["requestsPerSecond"])
        elif not isinstance(curve, dict):
            found.append(invalid("spec.curve", curve, "must be a mapping of fields"))
        else:
            found += _curve(spec, curve)
        return found + _cost(spec.get("cost") or EMPTY)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        return [] if subresource == "status" or new.get("spec") is old.get("spec") else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """The Service, and what came of the traffic."""
        spec, status = obj.get("spec") or EMPTY, obj.get("status") or EMPTY
        shown = [spec.get("service") or NONE, (spec.get("curve") or EMPTY).get("type") or "Constant"]
        if not status:
            return [*shown, NONE, NONE, NONE, NONE]
        return [
            *shown,
            f"{status.get('requestsPerSecond', 0):g}",
            f"{status.get('errorsPerSecond', 0):g}",
            f"{status.get('latencyMilliseconds', 0)}ms",
            str(status.get("pods", 0)),
        ]


def _curve(spec: Tree, curve: Tree) -> list[Cause]:
    kind = curve.get("type") or "Constant"
    if kind not in TYPES:
        return [not_supported("spec.curve.type", kind, TYPES)]
    if kind == "Constant":
        return _number("spec.requestsPerSecond", spec.get("requestsPerSecond"))
    found: list[Cause] = []
    for name in _NUMBERS.get(kind, ()):
        if name in curve:
            found += _number(f"spec.curve.{name}", curve[name])
    if "repeatSeconds" in curve:
        found += _number("spec.curve.repeatSeconds", curve["repeatSeconds"])
    if kind != "Steps":
        return found
    steps = curve.get("steps")
    if not isinstance(steps, list) or not steps:
        return [*found, required("spec.curve.steps")]
    for index, step in enumerate(steps):
        at = f"spec.curve.steps[{index}]"
        if not isinstance(step, dict):
            found.append(invalid(at, step, "must be a mapping of fields"))
            continue
        found += _number(f"{at}.atSeconds", step.get("atSeconds", 0))
        found += _number(f"{at}.requestsPerSecond", step.get("requestsPerSecond"))
    return found


def _cost(cost: Tree) -> list[Cause]:
    found: list[Cause] = []
    for name in ("cpu", "memory"):
        if cost.get(name) is None:
            continue
        try:
            quantities.milli(cost[name])
        except (ValueError, TypeError) as error:
            found.append(invalid(f"spec.cost.{name}", cost[name], str(error)))
    if cost.get("milliseconds") is not None:
        found += _number("spec.cost.milliseconds", cost["milliseconds"])
    return found


def _number(at: str, value: Any) -> list[Cause]:
    if value is None:
        return [required(at)]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST:
        return [invalid(at, value, NOT_NEGATIVE)]
    return []
