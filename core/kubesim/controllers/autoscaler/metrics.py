"""What pods use and ask for, as the autoscaler is told; all amounts in thousandths (milli-cores, milli-bytes)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kubesim.objects import pods, quantities
from kubesim.objects.wire import EMPTY, Tree

WINDOW_MS = 15_000
"""Over how long the usage of a pod is measured. # k8s: metrics-server --metric-resolution"""
NOT_SERVED = "the server could not find the requested resource (get {resource}.metrics.k8s.io)"


class MetricsError(Exception):
    """A metric cannot be had; says why."""


class Usage(Protocol):
    """Who measures pods: milli-cores and bytes."""

    def usage(self, namespace: str, name: str) -> tuple[int, int] | None:
        """Of a pod; None when it does not run."""

    def container_usage(self, namespace: str, name: str) -> Mapping[str, tuple[int, int]]:
        """Of its running containers."""


def usage_of(
    source: Usage | None, selected: Sequence[Tree], resource: str, container: str, namespace: str
) -> dict[str, int]:
    """The usage of each pod that is measured. Raises MetricsError."""
    if source is None:
        missing = NOT_SERVED.format(resource="pods")
        msg = f"unable to fetch metrics from resource metrics API: {missing}"
        raise MetricsError(msg)
    found: dict[str, int] = {}
    for pod in selected:
        name = pod["metadata"]["name"]
        by_container = source.container_usage(namespace, name) if container else EMPTY
        amounts = by_container.get(container) if container else source.usage(namespace, name)
        if amounts is not None and pods.phase(pod) == pods.RUNNING and resource in {"cpu", "memory"}:
            found[name] = amounts[0] if resource == "cpu" else amounts[1] * 1000
    if not found:
        msg = "no metrics returned from resource metrics API"
        raise MetricsError(msg)
    return found


def requests_of(selected: Sequence[Tree], resource: str, container: str) -> dict[str, int]:
    """What each pod asks for. Raises MetricsError when one of them does not say. # k8s: calculateRequests."""
    found = {}
    for pod in selected:
        name, spec = pod["metadata"]["name"], pod["spec"]
        sidecars = [each for each in spec.get("initContainers") or () if pods.is_sidecar(each)]
        total = 0
        for each in (*spec["containers"], *sidecars):
            if container not in {"", each["name"]}:
                continue
            asked = ((each.get("resources") or EMPTY).get("requests") or EMPTY).get(resource)
            if asked is None:
                msg = f"missing request for {resource} in container {each['name']} of Pod {name}"
                raise MetricsError(msg)
            total += quantities.milli(asked)
        found[name] = total
    return found
