"""All checks of a level in their order: baseline first, those that restricted replaces left out."""

from collections.abc import Callable

from kubesim.api.admission.podsecurity import baseline, restricted
from kubesim.api.admission.podsecurity.baseline import Finding
from kubesim.api.admission.podsecurity.levels import BASELINE, PRIVILEGED, Level
from kubesim.objects.wire import Tree

Check = Callable[[Tree, Tree, int], Finding]
_BASELINE: tuple[tuple[str, Check], ...] = (
    ("appArmorProfile", baseline.apparmor),
    ("capabilities_baseline", baseline.capabilities),
    ("hostNamespaces", baseline.host_namespaces),
    ("hostPathVolumes", baseline.host_paths),
    ("hostPorts", baseline.host_ports),
    ("hostProbesAndHostLifecycle", baseline.host_probes),
    ("privileged", baseline.privileged),
    ("procMount", baseline.proc_mount),
    ("seLinuxOptions", baseline.selinux),
    ("seccompProfile_baseline", baseline.seccomp),
    ("sysctls", baseline.sysctls),
    ("windowsHostProcess", baseline.windows_host),
)
_RESTRICTED: tuple[tuple[int, Check, str], ...] = (
    (8, restricted.escalation, ""),
    (22, restricted.capabilities, "capabilities_baseline"),
    (35, baseline.proc_mount_always, "procMount"),
    (0, restricted.volumes, "hostPathVolumes"),
    (0, restricted.non_root, ""),
    (23, restricted.user, ""),
    (19, restricted.seccomp, "seccompProfile_baseline"),
)
"""Since which minor version, the check, and which one of baseline it replaces."""


def findings(level: Level, metadata: Tree, spec: Tree) -> list[tuple[str, str]]:
    """Why a pod does not fit a level: reasons with their details; none when it does."""
    if level.name == PRIVILEGED:
        return []
    checks = [check for _, check in _BASELINE]
    if level.name != BASELINE:
        more = [(check, replaced) for since, check, replaced in _RESTRICTED if level.minor >= since]
        dropped = {replaced for _, replaced in more}
        checks = [check for name, check in _BASELINE if name not in dropped] + [check for check, _ in more]
    found = [check(metadata, spec, level.minor) for check in checks]
    return [each for each in found if each is not None]


def reasons(found: list[tuple[str, str]]) -> str:
    """The reasons alone."""
    return ", ".join(reason for reason, _ in found)


def details(found: list[tuple[str, str]]) -> str:
    """The reasons with their details."""
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in found)
