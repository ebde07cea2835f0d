"""The checks of the level baseline, with reasons and details. # k8s: pod-security-admission/policy/check_*.go."""

from typing import Any

from kubesim.api.admission.podsecurity.containers import (
    containers,
    has_own_users,
    names,
    plural,
    quoted,
    security,
    those,
)
from kubesim.objects.wire import EMPTY, Tree

Finding = tuple[str, str] | None
"""The reason why a pod is not let in, and the detail."""
ALLOWED_CAPABILITIES = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
SYSCTLS = (
    (0, ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
         "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start")),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (29, ("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
          "net.ipv4.tcp_keepalive_probes")),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)  # fmt: skip
"""Which are allowed from which minor version on."""
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def apparmor(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Profiles are those of the runtime, or local ones."""
    del minor
    values: list[str] = []
    setters: list[str] = []
    for owner in (spec, *containers(spec)):
        kind = security(owner, "appArmorProfile", "type")
        if kind is not None and kind not in {"RuntimeDefault", "Localhost"}:
            values.append(str(kind))
            setters.append("" if owner is spec else str(owner.get("name")))
    found = ["pod"] if "" in setters else []
    bad = [name for name in setters if name]
    found += [those(bad)] if bad else []
    values = sorted(set(values))
    notes = sorted(
        f'{key}="{value}"'
        for key, value in (metadata.get("annotations") or EMPTY).items()
        if key.startswith(APPARMOR) and value not in {"", "runtime/default"} and not value.startswith("localhost/")
    )
    if notes:
        values += notes
        found.append(plural("annotation", "annotations", len(notes)))
    if not found:
        return None
    reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", len(values))
    return reason, f"{' and '.join(found)} must not set AppArmor profile type to {quoted(values)}"


def capabilities(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No more than the usual ones are added."""
    del metadata, minor
    bad: list[str] = []
    added: list[str] = []
    for container in containers(spec):
        more = [each for each in security(container, "capabilities", "add") or () if each not in ALLOWED_CAPABILITIES]
        if more:
            bad.append(str(container.get("name")))
            added += more
    if not bad:
        return None
    listed = quoted(sorted(set(added)))
    return "non-default capabilities", f"{those(bad)} must not include {listed} in securityContext.capabilities.add"


def host_namespaces(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """The namespaces of the node are not shared."""
    del metadata, minor
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return ("host namespaces", ", ".join(found)) if found else None


def host_paths(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No folders of the node."""
    del metadata, minor
    found = names(each for each in spec.get("volumes") or () if each.get("hostPath") is not None)
    return ("hostPath volumes", f"{plural('volume', 'volumes', len(found))} {quoted(found)}") if found else None


def host_ports(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No ports of the node."""
    del metadata, minor
    bad: list[str] = []
    ports: dict[str, None] = {}
    for container in containers(spec):
        used = [str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")]
        if used:
            bad.append(str(container.get("name")))
            ports.update(dict.fromkeys(used))
    if not bad:
        return None
    uses, what = plural("uses", "use", len(bad)), plural("hostPort", "hostPorts", len(ports))
    return "hostPort", f"{those(bad)} {uses} {what} {', '.join(sorted(ports))}"


def host_probes(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Probes and hooks ask the pod, not another host."""
    del metadata
    if minor < 34:
        return None
    bad: list[str] = []
    hosts: dict[str, None] = {}
    for container in containers(spec):
        hooks = container.get("lifecycle") or EMPTY
        asked = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        asked += [hooks.get(name) for name in ("postStart", "preStop")]
        used = [
            str(action["host"])
            for each in asked
            for action in ((each or EMPTY).get("httpGet"), (each or EMPTY).get("tcpSocket"))
            if action and action.get("host") and action["host"] not in {"127.0.0.1", "::1"}
        ]
        if used:
            bad.append(str(container.get("name")))
            hosts.update(dict.fromkeys(used))
    if not bad:
        return None
    uses, what = (
        plural("uses", "use", len(bad)),
        plural("probe or lifecycle host", "probe or lifecycle hosts", len(hosts)),
    )
    return "probe or lifecycle host", f"{those(bad)} {uses} {what} {quoted(sorted(hosts))}"


def privileged(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No privileged containers."""
    del metadata, minor
    bad = names(each for each in containers(spec) if security(each, "privileged"))
    return ("privileged", f"{those(bad)} must not set securityContext.privileged=true") if bad else None


def proc_mount(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """/proc is masked."""
    if minor >= 35 and has_own_users(spec):
        return None
    return proc_mount_always(metadata, spec, minor)


def proc_mount_always(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """/proc is masked, whoever the users are."""
    del metadata, minor
    bad: list[str] = []
    values: list[str] = []
    for container in containers(spec):
        value = security(container, "procMount")
        if value not in {None, "Default"}:
            bad.append(str(container.get("name")))
            values.append(str(value))
    if not bad:
        return None
    return "procMount", f"{those(bad)} must not set securityContext.procMount to {quoted(sorted(set(values)))}"


def selinux(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Containers stay in the types of containers."""
    del metadata
    allowed = SELINUX_TYPES | ({"container_engine_t"} if minor >= 31 else set())
    setters: list[str] = []
    types: list[str] = []
    parts: dict[str, None] = {}
    for owner in (spec, *containers(spec)):
        options: Any = security(owner, "seLinuxOptions")
        if not options:
            continue
        wrong = options.get("type", "") not in allowed
        if wrong:
            types.append(str(options["type"]))
        set_parts = [name for name in ("user", "role") if options.get(name)]
        parts.update(dict.fromkeys(set_parts))
        if wrong or set_parts:
            setters.append("" if owner is spec else str(owner.get("name")))
    if not setters:
        return None
    bad = [name for name in setters if name]
    who = (["pod"] if "" in setters else []) + ([those(bad)] if bad else [])
    types = sorted(set(types))
    said = [f"{plural('type', 'types', len(types))} {quoted(types)}"] if types else []
    said += [f"{name} may not be set" for name in ("user", "role") if name in parts]
    return "seLinuxOptions", f"{' and '.join(who)} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}"


def seccomp(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Seccomp is not switched off."""
    del metadata, minor
    bad: list[str] = []
    pod = security(spec, "seccompProfile", "type") == "Unconfined"
    bad = names(each for each in containers(spec) if security(each, "seccompProfile", "type") == "Unconfined")
    if not pod and not bad:
        return None
    who = (["pod"] if pod else []) + ([those(bad)] if bad else [])
    return "seccompProfile", f'{" and ".join(who)} must not set securityContext.seccompProfile.type to "Unconfined"'


def sysctls(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Only those that stay within the pod."""
    del metadata
    allowed = {name for since, listed in SYSCTLS if minor >= since for name in listed}
    given = names(security(spec, "sysctls") or ())
    bad = [name for name in given if name not in allowed]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def windows_host(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No processes of the Windows host."""
    del metadata, minor
    pod = bool(security(spec, "windowsOptions", "hostProcess"))
    bad = names(each for each in containers(spec) if security(each, "windowsOptions", "hostProcess"))
    if not pod and not bad:
        return None
    who = (["pod"] if pod else []) + ([those(bad)] if bad else [])
    return "hostProcess", f"{' and '.join(who)} must not set securityContext.windowsOptions.hostProcess=true"
