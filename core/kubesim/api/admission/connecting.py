"""CONNECT: what admission plugins are shown of exec, attach, port-forward and proxy requests."""

from collections.abc import Mapping
from typing import Any

from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr

_KINDS: Mapping[tuple[Gvr, str], str] = {
    (PODS, "exec"): "PodExecOptions",
    (PODS, "attach"): "PodAttachOptions",
    (PODS, "portforward"): "PodPortForwardOptions",
    (PODS, "proxy"): "PodProxyOptions",
    (SERVICES, "proxy"): "ServiceProxyOptions",
    (NODES, "proxy"): "NodeProxyOptions",
}
_SWITCHES = ("stdin", "stdout", "stderr", "tty")


def options_of(gvr: Gvr, subresource: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
    """The object of a CONNECT request, from its query; None when the subresource is no connection."""
    part, _, path = subresource.partition("/")
    kind = _KINDS.get((gvr, part))
    if kind is None:
        return None
    found: dict[str, Any] = {"kind": kind, "apiVersion": "v1"}
    if part == "proxy":
        found["path"] = f"/{path}" if path else ""
        return {name: value for name, value in found.items() if value}
    for name in _SWITCHES:
        if str(query.get(name, "")).lower() in {"true", "1"}:
            found[name] = True
    if query.get("container"):
        found["container"] = query["container"]
    command = query.get("command")
    if command:
        found["command"] = [command] if isinstance(command, str) else list(command)
    ports = query.get("ports")
    if ports:
        texts = [text for text in str(ports).split(",") if text.isascii() and text.isdigit()]
        found["ports"] = [int(text) for text in texts if len(text) < 6]
    return found
