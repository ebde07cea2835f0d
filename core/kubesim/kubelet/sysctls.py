"""Kernel parameters of pods: which of them a node lets pods set, and the files under /proc/sys that show them.

# k8s: pkg/kubelet/sysctl
"""

from collections.abc import Mapping

from kubesim.objects.wire import EMPTY, Tree

SAFE = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip
"""What pods may set on every node."""
REASON = "SysctlForbidden"
_DEFAULTS: Mapping[str, str] = {
    "kernel.hostname": "", "kernel.msgmax": "8192", "kernel.osrelease": "6.12.41-sim", "kernel.ostype": "Linux",
    "kernel.pid_max": "4194304", "kernel.shm_rmid_forced": "0", "kernel.shmmax": "18446744073692774399",
    "net.core.somaxconn": "4096", "net.ipv4.ip_forward": "1", "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_syncookies": "1", "vm.max_map_count": "1048576", "vm.overcommit_memory": "1", "vm.swappiness": "60",
}  # fmt: skip


def dotted(name: str) -> str:
    """A name with dots between its parts. # k8s: component-helpers/node/util/sysctl NormalizeName."""
    first = next((letter for letter in name if letter in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


def wanted(spec: Tree) -> tuple[tuple[str, str], ...]:
    """What a pod sets."""
    listed = (spec.get("securityContext") or EMPTY).get("sysctls") or ()
    return tuple((dotted(each["name"]), str(each["value"])) for each in listed)


def refusal(settings: tuple[tuple[str, str], ...], spec: Tree) -> tuple[str, str] | None:
    """Reason and message when the node does not let a pod set what it wants."""
    for name, _ in settings:
        if name not in SAFE:
            return REASON, f'forbidden sysctl: "{name}" not allowlisted'
        if spec.get("hostNetwork") and name.startswith("net."):
            return REASON, f'forbidden sysctl: "{name}" not allowed with host net enabled'
        if spec.get("hostIPC") and name.startswith("kernel.shm"):
            return REASON, f'forbidden sysctl: "{name}" not allowed with host ipc enabled'
    return None


def files(settings: tuple[tuple[str, str], ...], host: str) -> dict[str, str]:
    """The files under /proc/sys: content by path."""
    values = {**_DEFAULTS, "kernel.hostname": host, **dict(settings)}
    return {f"/proc/sys/{name.replace('.', '/')}": f"{value}\n" for name, value in values.items()}
