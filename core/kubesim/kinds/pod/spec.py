"""The rules that a pod spec must keep, alike in a Pod and in a template. # k8s: core/validation ValidatePodSpec."""

import re
from collections.abc import Sequence
from typing import Any

from kubesim.kinds.fielderrors import all_invalid, duplicate, forbidden, invalid, not_supported, one_of, required
from kubesim.kinds.formats import address, annotations, label, labels, qualified, subdomain
from kubesim.kinds.pod.claims import validate_claims
from kubesim.kinds.pod.containers import (
    Surroundings,
    seccomp,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from kubesim.kinds.pod.placement import validate_affinity, validate_spread, validate_tolerations
from kubesim.kinds.pod.volumes import validate_volumes
from kubesim.kinds.resources import pod_resources
from kubesim.objects.errors import Cause
from kubesim.objects.quantities import compare
from kubesim.objects.wire import EMPTY, Tree

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LARGEST = 2147483647
_LONGEST_SYSCTL = 253
_SYSCTL_TEXT = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_SYSCTL = re.compile(_SYSCTL_TEXT)


def validate_pod_spec(field: str, spec: Tree, *, in_pod: bool) -> list[Cause]:
    """Every rule of a pod spec; ``in_pod`` is false for templates, which are checked a little less."""
    found: list[Cause] = []
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is None:
        found.append(required(f"{field}.terminationGracePeriodSeconds"))
    found += validate_volumes(f"{field}.volumes", spec.get("volumes"))
    volumes = {volume.get("name") or "": volume for volume in spec.get("volumes") or ()}
    around = Surroundings(volumes, grace, spec.get("restartPolicy") or "")
    regular, first = spec.get("containers") or [], spec.get("initContainers") or []
    found += validate_containers(f"{field}.containers", regular, around)
    found += validate_init_containers(f"{field}.initContainers", first, regular, around)
    ephemeral = spec.get("ephemeralContainers")
    found += validate_ephemeral_containers(f"{field}.ephemeralContainers", ephemeral, [*regular, *first], around)
    found += pod_resources(f"{field}.resources", spec.get("resources"))
    found += _within_pod(f"{field}.resources", spec)
    if spec.get("hostNetwork"):
        found += _host_network(f"{field}.containers", regular, in_pod=in_pod)
    found += one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    found += one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    found += labels(f"{field}.nodeSelector", spec.get("nodeSelector"))
    found += _security(f"{field}.securityContext", spec.get("securityContext"))
    found += validate_affinity(f"{field}.affinity", spec.get("affinity"))
    found += _dns(f"{field}.dnsConfig", spec.get("dnsConfig"), spec.get("dnsPolicy") or "")
    found += _gates(field, spec)
    found += validate_spread(f"{field}.topologySpreadConstraints", spec.get("topologySpreadConstraints"))
    found += _host_users(field, spec)
    found += validate_claims(field, spec)
    return found + _names(field, spec)


def validate_template(field: str, template: Tree | None) -> list[Cause]:
    """A pod template."""
    given: Tree = template or EMPTY
    metadata, spec = given.get("metadata") or EMPTY, given.get("spec") or EMPTY
    found = labels(f"{field}.labels", metadata.get("labels"))
    found += annotations(f"{field}.annotations", metadata.get("annotations"))
    found += validate_pod_spec(f"{field}.spec", spec, in_pod=False)
    if spec.get("ephemeralContainers"):
        found.append(forbidden(f"{field}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
    return found


def validate_pod(pod: Tree) -> list[Cause]:
    """The spec of a Pod, with what is asked of Pods alone."""
    spec = pod.get("spec") or EMPTY
    found = validate_pod_spec("spec", spec, in_pod=True)
    for name in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            image = container.get("image") or ""
            if image != image.strip():
                why = "must not have leading or trailing whitespace"
                found.append(invalid(f"spec.{name}[{index}].image", image, why))
    return found


def _within_pod(field: str, spec: Tree) -> list[Cause]:
    resources = spec.get("resources")
    if not resources:
        return []
    found: list[Cause] = []
    limits = resources.get("limits") or EMPTY
    for index, container in enumerate(spec.get("containers") or ()):
        for name, amount in ((container.get("resources") or EMPTY).get("limits") or EMPTY).items():
            if name in limits and compare(amount, limits[name]) > 0:
                why = f"must be less than or equal to pod limits of {limits[name]}"
                found.append(invalid(f"{field}.containers[{index}][{name}].limits", amount, why))
    return found


def _host_network(field: str, containers: list[Any], *, in_pod: bool) -> list[Cause]:
    found: list[Cause] = []
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort") or 0
            if (in_pod or number) and number != port.get("containerPort"):
                why = "must match `containerPort` when `hostNetwork` is true"
                found.append(invalid(f"{field}[{index}].ports[{place}].hostPort", number, why))
    return found


def _security(field: str, context: Tree | None) -> list[Cause]:
    if not context:
        return []
    found: list[Cause] = []
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        number = context.get(name)
        if number is not None and number < 0:
            found.append(invalid(f"{field}.{name}", number, "must be between 0 and 9223372036854775807, inclusive"))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        if group < 0:
            why = "must be between 0 and 9223372036854775807, inclusive"
            found.append(invalid(f"{field}.supplementalGroups[{index}]", group, why))
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in {"Always", "OnRootMismatch"}:
        found.append(not_supported(f"{field}.fsGroupChangePolicy", policy, ("Always", "OnRootMismatch")))
    found += _sysctls(f"{field}.sysctls", context.get("sysctls") or ())
    return found + seccomp(f"{field}.seccompProfile", context.get("seccompProfile"))


def _sysctls(field: str, sysctls: Sequence[Tree]) -> list[Cause]:
    found: list[Cause] = []
    names: dict[str, None] = {}
    for index, sysctl in enumerate(sysctls):
        name, at = sysctl.get("name") or "", f"{field}[{index}].name"
        if not name:
            found.append(required(at, ""))
        elif len(name) > _LONGEST_SYSCTL or not _SYSCTL.fullmatch(name):
            why = f"must have at most {_LONGEST_SYSCTL} characters and match regex {_SYSCTL_TEXT}"
            found.append(invalid(at, name, why))
        elif name in names:
            found.append(duplicate(at, name))
        names[name] = None
    return found


def _dns(field: str, config: Tree | None, policy: str) -> list[Cause]:
    if policy == "None":
        if config is None:
            return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{field}.nameservers", why)]
    found: list[Cause] = []
    servers, searches = (config or EMPTY).get("nameservers") or [], (config or EMPTY).get("searches") or []
    if len(servers) > 3:
        found.append(invalid(f"{field}.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        found += address(f"{field}.nameservers[{index}]", server)
    if len(searches) > 32:
        found.append(invalid(f"{field}.searches", searches, "must not have more than 32 search paths"))
    for index, option in enumerate((config or EMPTY).get("options") or ()):
        if not option.get("name"):
            found.append(required(f"{field}.options[{index}]", "must not be empty"))
    return found


def _gates(field: str, spec: Tree) -> list[Cause]:
    found: list[Cause] = []
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        found += qualified(f"{field}.readinessGates[{index}].conditionType", gate.get("conditionType") or "")
    seen: dict[str, None] = {}
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        at, name = f"{field}.schedulingGates[{index}]", gate.get("name") or ""
        found += qualified(at, name)
        if name in seen:
            found.append(duplicate(at, name))
        seen[name] = None
    return found


def _host_users(field: str, spec: Tree) -> list[Cause]:
    if spec.get("hostUsers") is not False:
        return []
    why = "when `pod.Spec.HostUsers` is false"
    # k8s: two of the three fields are spelled with a capital letter.
    names = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    return [forbidden(f"{field}.{shown}", why) for name, shown in names.items() if spec.get(name)]


def _names(field: str, spec: Tree) -> list[Cause]:
    found: list[Cause] = []
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            found += all_invalid(f"{field}.{name}", spec[name], subdomain(spec[name]))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _LARGEST:
        why = f"must be between 1 and {_LARGEST}, inclusive"
        found.append(invalid(f"{field}.activeDeadlineSeconds", deadline, why))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            found += all_invalid(f"{field}.{name}", spec[name], label(spec[name]))
    found += validate_tolerations(f"{field}.tolerations", spec.get("tolerations"))
    found += _host_aliases(f"{field}.hostAliases", spec.get("hostAliases"))
    for name in ("priorityClassName", "runtimeClassName"):
        if spec.get(name):
            found += all_invalid(f"{field}.{name}", spec[name], subdomain(spec[name]))
    if spec.get("preemptionPolicy") is not None:
        known = ("PreemptLowerPriority", "Never")
        found += one_of(f"{field}.preemptionPolicy", spec["preemptionPolicy"], known)
    return found


def _host_aliases(field: str, aliases: list[Any] | None) -> list[Cause]:
    found: list[Cause] = []
    for index, alias in enumerate(aliases or ()):
        found += address(f"{field}[{index}].ip", alias.get("ip") or "")
        for place, host in enumerate(alias.get("hostnames") or ()):
            found += all_invalid(f"{field}[{index}].hostnames[{place}]", host, subdomain(host))
    return found
