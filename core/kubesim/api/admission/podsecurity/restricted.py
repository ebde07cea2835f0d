"""The checks that the level restricted adds or sharpens. # k8s: pod-security-admission/policy/check_*.go."""

from kubesim.api.admission.podsecurity.baseline import Finding
from kubesim.api.admission.podsecurity.containers import (
    containers,
    has_own_users,
    is_windows,
    names,
    plural,
    quoted,
    security,
    those,
)
from kubesim.objects.wire import Tree

VOLUMES = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
)  # fmt: skip


def escalation(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """No way to more rights than the container was started with."""
    del metadata
    if minor >= 25 and is_windows(spec):
        return None
    bad = names(each for each in containers(spec) if security(each, "allowPrivilegeEscalation") is not False)
    if not bad:
        return None
    return "allowPrivilegeEscalation != false", f"{those(bad)} must set securityContext.allowPrivilegeEscalation=false"


def capabilities(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """All capabilities are dropped; only NET_BIND_SERVICE may come back."""
    del metadata
    if minor >= 25 and is_windows(spec):
        return None
    keeping: list[str] = []
    adding: list[str] = []
    added: list[str] = []
    for container in containers(spec):
        name = str(container.get("name"))
        if "ALL" not in (security(container, "capabilities", "drop") or ()):
            keeping.append(name)
        more = [each for each in security(container, "capabilities", "add") or () if each != "NET_BIND_SERVICE"]
        if more:
            adding.append(name)
            added += more
    said = []
    if keeping:
        said.append(f'{those(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        listed = quoted(sorted(set(added)))
        said.append(f"{those(adding)} must not include {listed} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(said)) if said else None


def volumes(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Only volumes that are not of the node."""
    del metadata, minor
    bad: list[str] = []
    kinds: list[str] = []
    for volume in spec.get("volumes") or ():
        own = [name for name in volume if name != "name"]
        if any(name in VOLUMES for name in own):
            continue
        bad.append(str(volume.get("name")))
        kinds += own[:1] or ["unknown"]
    if not bad:
        return None
    kinds = sorted(set(kinds))
    what = plural("restricted volume type", "restricted volume types", len(kinds))
    uses = plural("uses", "use", len(bad))
    return (
        "restricted volume types",
        f"{plural('volume', 'volumes', len(bad))} {quoted(bad)} {uses} {what} {quoted(kinds)}",
    )


def non_root(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Containers say that they do not run as root."""
    del metadata
    if minor >= 35 and has_own_users(spec):
        return None
    pod = security(spec, "runAsNonRoot")
    wrong = names(each for each in containers(spec) if security(each, "runAsNonRoot") is False)
    who = (["pod"] if pod is False else []) + ([those(wrong)] if wrong else [])
    if who:
        return "runAsNonRoot != true", f"{' and '.join(who)} must not set securityContext.runAsNonRoot=false"
    silent = names(each for each in containers(spec) if security(each, "runAsNonRoot") is None)
    if pod is True or not silent:
        return None
    return "runAsNonRoot != true", f"pod or {those(silent)} must set securityContext.runAsNonRoot=true"


def user(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Nobody asks for the user 0."""
    del metadata
    if minor >= 35 and has_own_users(spec):
        return None
    bad = names(each for each in containers(spec) if security(each, "runAsUser") == 0)
    who = (["pod"] if security(spec, "runAsUser") == 0 else []) + ([those(bad)] if bad else [])
    return ("runAsUser=0", f"{' and '.join(who)} must not set runAsUser=0") if who else None


def seccomp(metadata: Tree, spec: Tree, minor: int) -> Finding:
    """Every container has a profile."""
    del metadata
    if minor >= 25 and is_windows(spec):
        return None
    allowed = {"RuntimeDefault", "Localhost"}
    values: list[str] = []
    pod = security(spec, "seccompProfile", "type")
    who = []
    if pod is not None and pod not in allowed:
        who.append("pod")
        values.append(str(pod))
    wrong: list[str] = []
    silent: list[str] = []
    for container in containers(spec):
        kind = security(container, "seccompProfile", "type")
        if kind is None:
            silent += [] if pod in allowed else [str(container.get("name"))]
        elif kind not in allowed:
            wrong.append(str(container.get("name")))
            values.append(str(kind))
    who += [those(wrong)] if wrong else []
    if who:
        listed = quoted(sorted(set(values)))
        return "seccompProfile", f"{' and '.join(who)} must not set securityContext.seccompProfile.type to {listed}"
    if not silent:
        return None
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return "seccompProfile", f"pod or {those(silent)} {wanted}"
