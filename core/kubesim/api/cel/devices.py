"""Selectors of devices: CEL over the driver, attributes and capacity of one. # k8s: dynamic-resource-allocation/cel."""

from functools import lru_cache
from typing import Any

from kubesim.objects.wire import EMPTY, Tree

VARIABLES = {"device": "dyn"}


class _Domains(dict[str, Any]):
    """What a device says, by domain; a domain that it says nothing about is empty."""

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str)

    def __missing__(self, domain: str) -> dict[str, Any]:
        return {}


class DeviceSelectors:
    """Evaluates selectors; holds nothing."""

    def selects(self, expression: str, driver: str, device: Tree) -> bool:
        """Whether a device of a driver is meant. Raises ValueError with what went wrong."""
        from kubesim.api.cel.program import CompileError, EvaluationError, compiled  # noqa: PLC0415 - loaded by the first

        try:
            found = compiled(expression, VARIABLES).evaluate({"device": _device(driver, device)})
        except CompileError as error:
            raise ValueError(f"CEL compile error: {error}") from None
        except EvaluationError as error:
            raise ValueError(f"CEL runtime error: {error}") from None
        if not isinstance(found, bool):
            raise ValueError("CEL runtime error: the result is not a bool")
        return found


def _device(driver: str, device: Tree) -> dict[str, Any]:
    from kubesim.api.cel.library.quantities import quantity  # noqa: PLC0415 - loaded by the first expression

    capacity = {name: quantity(str(amount["value"])) for name, amount in (device.get("capacity") or EMPTY).items()}
    attributes = {name: _value(entry) for name, entry in (device.get("attributes") or EMPTY).items()}
    return {
        "driver": driver,
        "attributes": _by_domain(driver, attributes),
        "capacity": _by_domain(driver, capacity),
        "allowMultipleAllocations": bool(device.get("allowMultipleAllocations")),
    }


def _value(entry: Tree) -> Any:
    from kubesim.api.cel.library.quantities import semver  # noqa: PLC0415 - loaded by the first expression

    if "version" in entry:
        return semver(entry["version"])
    if "versions" in entry:
        return [semver(each) for each in entry["versions"]]
    return next(iter(entry.values()), None)


def _by_domain(driver: str, values: dict[str, Any]) -> _Domains:
    found = _Domains()
    for name, value in values.items():
        domain, slash, rest = name.partition("/")
        found.setdefault(domain if slash else driver, {})[rest if slash else name] = value
    return found


@lru_cache(maxsize=256)
def complaint(expression: str) -> str:
    """Why an expression is no selector, or ""."""
    from kubesim.api.cel.program import CompileError, compiled  # noqa: PLC0415 - loaded by the first expression

    try:
        result = compiled(expression, VARIABLES).result
    except CompileError as error:
        return f"compilation failed: {error}"
    return "" if result in {"bool", "dyn"} else "must evaluate to bool"
