"""What /proc/self/status says of a container's process: user, groups, capabilities, privileges, system calls."""

from collections.abc import Mapping
from typing import Any

from kubesim.objects.wire import EMPTY

_NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
_BITS = {name: 1 << place for place, name in enumerate(_NAMES)}
_ALL = (1 << len(_NAMES)) - 1
_DEFAULT = 0xA80425FB
"""What container runtimes give to containers that ask for nothing."""
_FILTERED = frozenset({"RuntimeDefault", "Localhost"})


def capabilities(user: Mapping[str, Any]) -> int:
    """The capabilities that a container can have, as bits; ``user`` is its security context."""
    if user.get("privileged"):
        return _ALL
    listed = user.get("capabilities") or EMPTY
    added, dropped = listed.get("add") or (), listed.get("drop") or ()
    found = _ALL if "ALL" in added else 0 if "ALL" in dropped else _DEFAULT
    for name in added:
        found |= _BITS.get(name.removeprefix("CAP_"), 0)
    for name in dropped:
        found &= ~_BITS.get(name.removeprefix("CAP_"), 0)
    return found


def text(user: Mapping[str, Any]) -> str:
    """The file; ``user`` is the security context of the pod and the container."""
    number, group = user.get("runAsUser") or 0, user.get("runAsGroup") or 0
    groups = sorted({group, *(user.get("supplementalGroups") or ()), *filter(None, (user.get("fsGroup"),))})
    bounding = capabilities(user)
    effective = 0 if number else bounding
    filtered = not user.get("privileged") and (user.get("seccompProfile") or EMPTY).get("type") in _FILTERED
    escalates = user.get("allowPrivilegeEscalation") is not False
    return (
        "Name:\tsh\nUmask:\t0022\nState:\tR (running)\nTgid:\t1\nPid:\t1\nPPid:\t0\n"
        + "Uid:"
        + f"\t{number}" * 4
        + "\nGid:"
        + f"\t{group}" * 4
        + f"\nGroups:\t{' '.join(map(str, groups))} \nNStgid:\t1\n"
        + f"CapInh:\t{0:016x}\nCapPrm:\t{effective:016x}\nCapEff:\t{effective:016x}\nCapBnd:\t{bounding:016x}\n"
        + f"CapAmb:\t{0:016x}\nNoNewPrivs:\t{0 if escalates else 1}\nSeccomp:\t{2 if filtered else 0}\n"
        + f"Seccomp_filters:\t{1 if filtered else 0}\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n"
    )
