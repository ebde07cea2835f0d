"""The rules that probes and lifecycle handlers must keep. # k8s: core/validation validateProbe, validateHandler."""

from collections.abc import Callable

from kubesim.kinds.fielderrors import all_invalid, forbidden, invalid, not_negative, not_supported, required
from kubesim.kinds.formats import header, port
from kubesim.objects.errors import Cause
from kubesim.objects.wire import Tree

_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_LIFECYCLE_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")


def validate_probe(field: str, probe: Tree | None, name: str, grace: int | None) -> list[Cause]:
    """A probe; ``name`` is livenessProbe, readinessProbe or startupProbe."""
    if probe is None:
        return []
    found = _handler(field, probe, _PROBE_HANDLERS, grace)
    for number in _NUMBERS:
        found += not_negative(f"{field}.{number}", probe.get(number))
    wait = probe.get("terminationGracePeriodSeconds")
    if wait is not None and wait <= 0:
        found.append(invalid(f"{field}.terminationGracePeriodSeconds", wait, "must be greater than 0"))
    if name == "readinessProbe":
        if wait is not None:
            why = "must not be set for readinessProbes"
            found.append(invalid(f"{field}.terminationGracePeriodSeconds", wait, why))
    elif probe.get("successThreshold") != 1:
        found.append(invalid(f"{field}.successThreshold", probe.get("successThreshold"), "must be 1"))
    return found


def validate_lifecycle(field: str, lifecycle: Tree | None, grace: int | None) -> list[Cause]:
    """What runs after the start and before the stop of a container."""
    found: list[Cause] = []
    for name in ("postStart", "preStop"):
        handler = (lifecycle or {}).get(name)
        if handler is not None:
            found += _handler(f"{field}.{name}", handler, _LIFECYCLE_HANDLERS, grace)
    return found


def _handler(field: str, handler: Tree, names: tuple[str, ...], grace: int | None) -> list[Cause]:
    found: list[Cause] = []
    count = 0
    for name in names:
        action = handler.get(name)
        if action is None:
            continue
        if count:
            found.append(forbidden(f"{field}.{name}", "may not specify more than 1 handler type"))
            continue
        count = 1
        found += (
            _CHECKS[name](f"{field}.{name}", action) if name != "sleep" else _sleep(f"{field}.sleep", action, grace)
        )
    return found if count else [*found, required(field, "must specify a handler type")]


def _exec(field: str, action: Tree) -> list[Cause]:
    return [] if action.get("command") else [required(f"{field}.command")]


def _http_get(field: str, action: Tree) -> list[Cause]:
    found = [] if action.get("path") else [required(f"{field}.path")]
    found += port(f"{field}.port", action.get("port"))
    scheme = action.get("scheme") or ""
    if scheme not in {"HTTP", "HTTPS"}:
        found.append(not_supported(f"{field}.scheme", scheme, ("HTTP", "HTTPS")))
    for line in action.get("httpHeaders") or ():
        name = line.get("name") or ""
        found += all_invalid(f"{field}.httpHeaders", name, header(name))
    return found


def _port_only(field: str, action: Tree) -> list[Cause]:
    return port(f"{field}.port", action.get("port"))


def _sleep(field: str, action: Tree, grace: int | None) -> list[Cause]:
    seconds = action.get("seconds") or 0
    if grace is not None and not 0 <= seconds <= grace:
        why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        return [invalid(field, seconds, why)]
    return []


_CHECKS: dict[str, Callable[[str, Tree], list[Cause]]] = {
    "exec": _exec,
    "httpGet": _http_get,
    "tcpSocket": _port_only,
    "grpc": _port_only,
}
