"""Warnings about pod specs that are accepted but probably not meant. # k8s: pkg/api/pod/warnings.go."""

from collections.abc import Iterator

from kubesim.objects.quantities import nano
from kubesim.objects.wire import EMPTY, Tree

_LISTS = ("initContainers", "containers")


def spec_warnings(field: str, spec: Tree) -> list[str]:
    """The warnings for a pod spec."""
    found: list[str] = []
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        why = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{field}.terminationGracePeriodSeconds: {why}")
    ports: dict[tuple[int, str, str, int], str] = {}
    for name in _LISTS:
        for index, container in enumerate(spec.get(name) or ()):
            at = f"{field}.{name}[{index}]"
            found += _amounts(at, container)
            found += _hidden_variables(at, container)
            found += _ports(at, container, ports)
    return found


def _amounts(at: str, container: Tree) -> Iterator[str]:
    resources = container.get("resources") or EMPTY
    for side in ("requests", "limits"):
        for name in ("memory", "ephemeral-storage"):
            amount = (resources.get(side) or EMPTY).get(name)
            if amount is not None and nano(amount) % 1_000_000_000:
                shown = f'"{amount}"'
                yield f"{at}.resources.{side}[{name}]: fractional byte value {shown} is invalid, must be an integer"


def _hidden_variables(at: str, container: Tree) -> Iterator[str]:
    seen: dict[str, None] = {}
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in seen:
            yield f'{at}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen[name] = None


def _ports(at: str, container: Tree, seen: dict[tuple[int, str, str, int], str]) -> Iterator[str]:
    for index, port in enumerate(container.get("ports") or ()):
        here = f"{at}.ports[{index}]"
        key = (
            port.get("containerPort") or 0,
            port.get("protocol") or "TCP",
            port.get("hostIP") or "",
            port.get("hostPort") or 0,
        )
        if key in seen:
            yield f"{here}: duplicate port definition with {seen[key]}"
        else:
            seen[key] = here
