"""The containers of a pod or of a pod template: image, ports, state, resources, probes, environment, mounts."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY, Tree
from kubetui.model.describe.layout import NONE, Sheet, shown, truth
from kubetui.model.describe.metadata import date, field, quoted


def containers(
    sheet: Sheet,
    title: str,
    found: Sequence[Tree],
    statuses: Sequence[Tree] = (),
    *,
    pod: Tree | None = None,
    indent: str = "",
) -> None:
    """A section of containers; ``pod`` resolves fields in the environment, ``indent`` is set inside a template."""
    by_name = {status["name"]: status for status in statuses}
    sheet.line(0, f"{indent}{title}:{'' if found else ' ' + NONE}")
    for container in found:
        status = by_name.get(container["name"])
        _basics(sheet, container, status, indent)
        _commands(sheet, container)
        if status is not None:
            _state(sheet, "State", status.get("state") or EMPTY)
            if field(status, "lastState.terminated", None) is not None:
                _state(sheet, "Last State", status["lastState"])
            sheet.pair(2, "Ready", truth(bool(status.get("ready"))))
            sheet.pair(2, "Restart Count", status.get("restartCount", 0))
        resources(sheet, container.get("resources"), 2)
        for name, key in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
            if container.get(key):
                sheet.pair(2, name, probe(container[key]))
        _environment_from(sheet, container.get("envFrom") or ())
        _environment(sheet, container, pod)
        _mounts(sheet, container)


def _basics(sheet: Sheet, container: Tree, status: Tree | None, indent: str) -> None:
    sheet.line(1, f"{' ' if indent else ''}{container['name']}:")
    if status is not None:
        sheet.pair(2, "Container ID", status.get("containerID", ""))
    sheet.pair(2, "Image", container.get("image", ""))
    if status is not None:
        sheet.pair(2, "Image ID", status.get("imageID", ""))
    for title, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        text = ", ".join(_port(port, key) for port in container.get("ports") or ())
        sheet.pair(2, f"{title}s" if "," in text else title, text or NONE)
    profile = field(container, "securityContext.seccompProfile", None)
    if profile:
        sheet.pair(2, "SeccompProfile", profile.get("type", ""))
        if profile.get("type") == "Localhost":
            sheet.pair(3, "LocalhostProfile", profile.get("localhostProfile", ""))


def _port(port: Tree, key: str) -> str:
    text = f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}"
    return f"{text} ({port['name']})" if port.get("name") else text


def _commands(sheet: Sheet, container: Tree) -> None:
    for title, key in (("Command", "command"), ("Args", "args")):
        if container.get(key):
            sheet.line(2, f"{title}:")
            for word in container[key]:
                for part in word.split("\n"):
                    sheet.line(3, part)


def _state(sheet: Sheet, title: str, state: Tree) -> None:
    if "running" in state:
        sheet.pair(2, title, "Running")
        sheet.pair(3, "Started", date(state["running"].get("startedAt")))
    elif "terminated" in state:
        _terminated(sheet, title, state["terminated"])
    else:
        sheet.pair(2, title, "Waiting")
        sheet.optional(3, "Reason", field(state, "waiting.reason"))


def _terminated(sheet: Sheet, title: str, state: Tree) -> None:
    sheet.pair(2, title, "Terminated")
    sheet.optional(3, "Reason", state.get("reason"))
    sheet.optional(3, "Message", state.get("message"))
    sheet.pair(3, "Exit Code", state.get("exitCode", 0))
    if state.get("signal"):
        sheet.pair(3, "Signal", state["signal"])
    sheet.pair(3, "Started", date(state.get("startedAt")))
    sheet.pair(3, "Finished", date(state.get("finishedAt")))


def resources(sheet: Sheet, wanted: Tree | None, level: int) -> None:
    """Limits and requests."""
    for title, key in (("Limits", "limits"), ("Requests", "requests")):
        amounts: Mapping[str, Any] = (wanted or EMPTY).get(key) or EMPTY
        if amounts:
            sheet.line(level, f"{title}:")
        for name in sorted(amounts):
            sheet.pair(level + 1, name, quantities.canonical(amounts[name]))


def probe(wanted: Tree) -> str:
    """A probe as one line."""
    timing = (
        f"delay={wanted.get('initialDelaySeconds', 0)}s timeout={wanted.get('timeoutSeconds', 0)}s"
        f" period={wanted.get('periodSeconds', 0)}s #success={wanted.get('successThreshold', 0)}"
        f" #failure={wanted.get('failureThreshold', 0)}"
    )
    if "exec" in wanted:
        return f"exec {shown(wanted['exec'].get('command') or [])} {timing}"
    if "httpGet" in wanted:
        http = wanted["httpGet"]
        address = f"{http.get('host', '')}:{http.get('port', '')}"
        path = http.get("path", "")
        return (
            f"http-get {http.get('scheme', '').lower()}://{address}{path if path[:1] == '/' else '/' + path} {timing}"
        )
    if "tcpSocket" in wanted:
        return f"tcp-socket {wanted['tcpSocket'].get('host', '')}:{wanted['tcpSocket'].get('port', '')} {timing}"
    if "grpc" in wanted:
        return f"grpc <pod>:{wanted['grpc'].get('port', 0)} {wanted['grpc'].get('service') or ''} {timing}"
    return f"unknown {timing}"


# ---------------------------------------------------------------------- environment
def _environment_from(sheet: Sheet, sources: Sequence[Tree]) -> None:
    if sources:
        sheet.line(2, "Environment Variables from:")
    for source in sources:
        kind, reference = "", EMPTY
        if "configMapRef" in source:
            kind, reference = "ConfigMap", source["configMapRef"]
        elif "secretRef" in source:
            kind, reference = "Secret", source["secretRef"]
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        optional = shown(bool(reference.get("optional")))
        sheet.row(3, reference.get("name", ""), f"{kind}{prefix}", f"Optional: {optional}")


def _environment(sheet: Sheet, container: Tree, pod: Tree | None) -> None:
    variables = container.get("env") or ()
    sheet.line(2, "Environment:" if variables else f"Environment:\t{NONE}")
    for variable in variables:
        origin = variable.get("valueFrom")
        if origin is None:
            first, *rest = str(variable.get("value") or "").split("\n")
            sheet.pair(3, variable["name"], first)
            for part in rest:
                sheet.line(3, f"\t{part}")
        else:
            text = _origin(origin, container, pod)
            if text is not None:
                sheet.pair(3, variable["name"], text)


def _origin(origin: Tree, container: Tree, pod: Tree | None) -> str | None:
    if "fieldRef" in origin:
        reference = origin["fieldRef"]
        path = reference.get("fieldPath", "")
        return f"{_pod_field(pod, path)} ({reference.get('apiVersion', 'v1')}:{path})"
    if "resourceFieldRef" in origin:
        reference = origin["resourceFieldRef"]
        return f"{_resource_field(container, reference)} ({reference.get('resource', '')})"
    for key, what in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if key in origin:
            reference = origin[key]
            place = f"<set to the key '{reference.get('key', '')}' {what} '{reference.get('name', '')}'>"
            return f"{place}\tOptional: {shown(bool(reference.get('optional')))}"
    return None


def _pod_field(pod: Tree | None, path: str) -> str:
    # k8s: kubectl can resolve these two; all others are known to the kubelet alone.
    if pod is None or path not in ("metadata.name", "metadata.namespace"):
        return ""
    return str(field(pod, path))


def _resource_field(container: Tree, reference: Tree) -> str:
    kind, _, name = str(reference.get("resource", "")).partition(".")
    amount = field(container, ("resources", kind, name), "0") if name else "0"
    divisor = reference.get("divisor") or "1"
    if quantities.nano(divisor) == 0:
        divisor = "1"
    result = -(-quantities.nano(amount) // quantities.nano(divisor))
    if result == 0 and kind == "limits" and name in ("cpu", "memory"):
        return "node allocatable"
    return str(result)


def _mounts(sheet: Sheet, container: Tree) -> None:
    mounts = container.get("volumeMounts") or ()
    sheet.line(2, "Mounts:" if mounts else f"Mounts:\t{NONE}")
    for mount in sorted(mounts, key=_mount_path):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f",path={quoted(mount['subPath'])}"
        sheet.line(3, f"{mount['mountPath']} from {mount['name']} ({flags})")
    devices = container.get("volumeDevices") or ()
    if devices:
        sheet.line(2, "Devices:" if mounts else f"Devices:\t{NONE}")
    for device in sorted(devices, key=_device_path):
        sheet.line(3, f"{device['devicePath']} from {device['name']}")


def _mount_path(mount: Tree) -> str:
    return str(mount["mountPath"])


def _device_path(device: Tree) -> str:
    return str(device["devicePath"])
