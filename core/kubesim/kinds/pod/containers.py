"""The rules that containers of a pod must keep. # k8s: core/validation validateContainers."""

from typing import Any, NamedTuple

from kubesim.kinds.fielderrors import (
    all_invalid,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    one_of,
    required,
)
from kubesim.kinds.formats import address, label, port_name, port_number
from kubesim.kinds.goshape import internal
from kubesim.kinds.pod.environment import validate_env, validate_env_from
from kubesim.kinds.pod.probes import validate_lifecycle, validate_probe
from kubesim.kinds.pod.volumes import local_path
from kubesim.kinds.resources import container_resources
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
RESTART_POLICIES = ("Always", "Never", "OnFailure")
MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
EPHEMERAL_FIELDS = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources")
"""What an ephemeral container may not have."""


class Surroundings(NamedTuple):
    """What the checks of one container need to know of its pod."""

    volumes: dict[str, Tree]
    grace: int | None
    restart_policy: str


def validate_containers(field: str, containers: list[Any] | None, around: Surroundings) -> list[Cause]:
    """The regular containers: there must be at least one."""
    if not containers:
        return [required(field)]
    found: list[Cause] = []
    names: dict[str, None] = {}
    for index, container in enumerate(containers):
        at = f"{field}[{index}]"
        found += _common(at, container, around)
        name = container.get("name") or ""
        if name in names:
            found.append(duplicate(f"{at}.name", name))
        names[name] = None
        found += _health(at, container, around)
        if container.get("restartPolicy") is not None:
            found += one_of(f"{at}.restartPolicy", container["restartPolicy"], RESTART_POLICIES)
    return found + _host_ports(field, containers, {})


def validate_init_containers(
    field: str, containers: list[Any] | None, regular: list[Any], around: Surroundings
) -> list[Cause]:
    """The init containers; those with restartPolicy Always are sidecars and may be probed."""
    found: list[Cause] = []
    names = {container.get("name") or "": None for container in regular}
    for index, container in enumerate(containers or ()):
        at = f"{field}[{index}]"
        found += _common(at, container, around)
        policy = container.get("restartPolicy")
        if policy is not None:
            found += one_of(f"{at}.restartPolicy", policy, RESTART_POLICIES)
        name = container.get("name") or ""
        if name in names:
            found.append(duplicate(f"{at}.name", name))
        elif name:
            names[name] = None
        found += _host_ports(field, [container], {})
        if policy == "Always":
            found += _health(at, container, around)
        else:
            why = "may not be set for init containers without restartPolicy=Always"
            given = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
            found += [forbidden(f"{at}.{name}", why) for name in given if container.get(name) is not None]
    return found


def validate_ephemeral_containers(
    field: str, containers: list[Any] | None, others: list[Any], around: Surroundings
) -> list[Cause]:
    """The ephemeral containers, whose names are unique among all containers."""
    found: list[Cause] = []
    regular = {container.get("name") or "": None for container in others}
    names = dict(regular)
    why = "cannot be set for an Ephemeral Container"
    for index, container in enumerate(containers or ()):
        at = f"{field}[{index}]"
        found += _common(at, container, around)
        name = container.get("name") or ""
        if name in names:
            found.append(duplicate(f"{at}.name", name))
        names[name] = None
        target = container.get("targetContainerName")
        if target and target not in regular:
            found.append(not_found(f"{at}.targetContainerName", target))
        found += [forbidden(f"{at}.{name}", why) for name in EPHEMERAL_FIELDS if container.get(name)]
        for place, mount in enumerate(container.get("volumeMounts") or ()):
            here = f"{at}.volumeMounts[{place}]"
            found += [forbidden(f"{here}.{part}", why) for part in ("subPath", "subPathExpr") if mount.get(part)]
    return found


def _common(at: str, container: Tree, around: Surroundings) -> list[Cause]:
    found: list[Cause] = []
    name = container.get("name") or ""
    found += all_invalid(f"{at}.name", name, label(name)) if name else [required(f"{at}.name")]
    if not container.get("image"):
        found.append(required(f"{at}.image"))
    found += one_of(f"{at}.terminationMessagePolicy", container.get("terminationMessagePolicy"), MESSAGE_POLICIES)
    found += _ports(f"{at}.ports", container.get("ports"))
    found += validate_env(f"{at}.env", container.get("env"))
    found += validate_env_from(f"{at}.envFrom", container.get("envFrom"))
    found += _mounts(f"{at}.volumeMounts", container, around.volumes)
    found += _devices(f"{at}.volumeDevices", container, around.volumes)
    found += one_of(f"{at}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    found += container_resources(f"{at}.resources", container.get("resources"))
    found += _resize_policy(f"{at}.resizePolicy", container.get("resizePolicy"), around.restart_policy)
    return found + _security(f"{at}.securityContext", container.get("securityContext"))


def _health(at: str, container: Tree, around: Surroundings) -> list[Cause]:
    found = validate_lifecycle(f"{at}.lifecycle", container.get("lifecycle"), around.grace)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        found += validate_probe(f"{at}.{name}", container.get(name), name, around.grace)
    return found


def _ports(field: str, ports: list[Any] | None) -> list[Cause]:
    found: list[Cause] = []
    names: dict[str, None] = {}
    for index, port in enumerate(ports or ()):
        at = f"{field}[{index}]"
        name = port.get("name")
        if name:
            wrong = port_name(name)
            found += all_invalid(f"{at}.name", name, wrong)
            if not wrong and name in names:
                found.append(duplicate(f"{at}.name", name))
            elif not wrong:
                names[name] = None
        number = port.get("containerPort") or 0
        found += (
            all_invalid(f"{at}.containerPort", number, port_number(number))
            if number
            else [required(f"{at}.containerPort")]
        )
        if port.get("hostPort"):
            found += all_invalid(f"{at}.hostPort", port["hostPort"], port_number(port["hostPort"]))
        found += one_of(f"{at}.protocol", port.get("protocol"), PROTOCOLS)
        if port.get("hostIP"):
            found += address(f"{at}.hostIP", port["hostIP"])
    return found


def _host_ports(field: str, containers: list[Any], used: dict[str, None]) -> list[Cause]:
    found: list[Cause] = []
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort")
            if not number:
                continue
            text = f"{port.get('protocol', '')}/{port.get('hostIP') or ''}/{number}"
            if text in used:
                found.append(duplicate(f"{field}[{index}].ports[{place}].hostPort", text))
            used[text] = None
    return found


def _mounts(field: str, container: Tree, volumes: dict[str, Tree]) -> list[Cause]:
    found: list[Cause] = []
    paths: dict[str, None] = {}
    devices = {device.get("name"): device.get("devicePath") for device in container.get("volumeDevices") or ()}
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{field}[{index}]"
        name, path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            found.append(required(f"{at}.name"))
        if name not in volumes:
            found.append(not_found(f"{at}.name", name))
        if not path:
            found.append(required(f"{at}.mountPath"))
        if path in paths:
            found.append(invalid(f"{at}.mountPath", path, "must be unique"))
        paths[path] = None
        if name in devices:
            found.append(invalid(f"{at}.name", name, "must not already exist in volumeDevices"))
        if path in devices.values():
            found.append(invalid(f"{at}.mountPath", path, "must not already exist as a path in volumeDevices"))
        found += _sub_paths(field, at, mount)
    return found


def _sub_paths(field: str, at: str, mount: Tree) -> list[Cause]:
    found: list[Cause] = []
    if mount.get("subPath"):
        found += local_path(f"{field}.subPath", mount["subPath"])
    if mount.get("subPathExpr"):
        if mount.get("subPath"):
            why = "subPathExpr and subPath are mutually exclusive"
            found.append(invalid(f"{at}.subPathExpr", mount["subPathExpr"], why))
        found += local_path(f"{field}.subPathExpr", mount["subPathExpr"])
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        known = ("Bidirectional", "HostToContainer", "None")
        found += [] if propagation in known else [not_supported(f"{field}.mountPropagation", propagation, known)]
    return found


def _devices(field: str, container: Tree, volumes: dict[str, Tree]) -> list[Cause]:
    found: list[Cause] = []
    names: dict[str, None] = {}
    mounts = {mount.get("name"): mount.get("mountPath") for mount in container.get("volumeMounts") or ()}
    for index, device in enumerate(container.get("volumeDevices") or ()):
        at = f"{field}[{index}]"
        name, path = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            found.append(required(f"{at}.name"))
        if name in names:
            found.append(invalid(f"{at}.name", name, "must be unique"))
        names[name] = None
        volume = volumes.get(name)
        if volume is None:
            found.append(not_found(f"{at}.name", name))
        elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            found.append(invalid(f"{at}.name", name, why))
        if not path:
            found.append(required(f"{at}.devicePath"))
        if name in mounts:
            found.append(invalid(f"{at}.name", name, "must not already exist in volumeMounts"))
        if path in mounts.values():
            found.append(invalid(f"{at}.devicePath", path, "must not already exist as a path in volumeMounts"))
    return found


def _resize_policy(field: str, policies: list[Any] | None, restart_policy: str) -> list[Cause]:
    found: list[Cause] = []
    seen: dict[str, None] = {}
    for index, policy in enumerate(policies or ()):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            found.append(duplicate(f"{field}[{index}]", name))
        seen[name] = None
        found += one_of(field, name, ("cpu", "memory"))
        found += one_of(field, restart, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and restart != "NotRequired":
            found.append(invalid(field, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    return found


def _security(field: str, context: Tree | None) -> list[Cause]:
    if not context:
        return []
    found: list[Cause] = []
    for name in ("runAsUser", "runAsGroup"):
        number = context.get(name)
        if number is not None and number < 0:
            found.append(invalid(f"{field}.{name}", number, "must be between 0 and 9223372036854775807, inclusive"))
    found += seccomp(f"{field}.seccompProfile", context.get("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False:
        shown = internal(context, "SecurityContext")
        if context.get("privileged"):
            why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            found.append(invalid(field, shown, why))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or EMPTY).get("add") or ()):
            why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            found.append(invalid(field, shown, why))
    return found


def seccomp(field: str, profile: Tree | None) -> list[Cause]:
    """A seccomp profile of a pod or container."""
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    known = ("Localhost", "RuntimeDefault", "Unconfined")
    found: list[Cause] = []
    if not kind:
        found.append(required(f"{field}.type", "type is required when seccompProfile is set"))
    elif kind not in known:
        found.append(not_supported(f"{field}.type", kind, known))
    if kind == "Localhost" and local is None:
        found.append(required(f"{field}.localhostProfile", "must be set when seccomp type is Localhost"))
    if kind != "Localhost" and local is not None:
        shown = {"Type": kind, "LocalhostProfile": local}
        why = "can only be set when seccomp type is Localhost"
        found.append(invalid(f"{field}.localhostProfile", shown, why))
    return found
