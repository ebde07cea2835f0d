"""The rules that Services must keep. # k8s: core/validation ValidateService, ValidateServiceUpdate."""

from typing import Any

from kubesim.kinds.fielderrors import all_invalid, duplicate, forbidden, invalid, not_supported, one_of, required
from kubesim.kinds.formats import address, block, is_address, label, labels, port, port_number, qualified, subdomain
from kubesim.kinds.goshape import internal
from kubesim.kinds.service.needs import HEADLESS, is_external, is_headless, needs_cluster_ip, needs_health_port
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES = ("ClientIP", "None")
PROTOCOLS = ("SCTP", "TCP", "UDP")
POLICIES = ("Cluster", "Local")
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
LONGEST_AFFINITY = 86400


def validate_service(service: Tree) -> list[Cause]:
    """Every rule of a Service."""
    spec = service.get("spec") or EMPTY
    kind, headless = spec.get("type") or "", is_headless(spec)
    found: list[Cause] = []
    ports: list[Any] = spec.get("ports") or []
    if not ports and not headless and kind != "ExternalName":
        found.append(required("spec.ports"))
    found += _by_type(spec, kind, headless)
    names: dict[str, None] = {}
    for index, given in enumerate(ports):
        found += _port(f"spec.ports[{index}]", given, names, named=len(ports) > 1)
    found += labels("spec.selector", spec.get("selector"))
    found += _affinity(spec)
    found += _cluster_ips(spec)
    for index, text in enumerate(spec.get("externalIPs") or ()):
        found += address(f"spec.externalIPs[{index}]", text)
    found += one_of("spec.type", kind, TYPES)
    found += _port_conflicts(ports, kind)
    return found + _load_balancer(spec, kind) + _traffic(spec, kind)


def validate_service_update(new: Tree, old: Tree) -> list[Cause]:
    """The rules of a change: addresses stay while the Service has some."""
    after, before = new["spec"], old["spec"]
    found = _primary_stays(after, before)
    stays = needs_health_port(before) and needs_health_port(after)
    if stays and after.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
        found.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    both = before.get("type") == after.get("type") == "LoadBalancer"
    if both and after.get("loadBalancerClass") != before.get("loadBalancerClass"):
        found.append(invalid("spec.loadBalancerClass", after.get("loadBalancerClass"), "may not change once set"))
    return found + validate_service(new)


def _primary_stays(after: Tree, before: Tree) -> list[Cause]:
    if not needs_cluster_ip(after) or not needs_cluster_ip(before):
        return []
    found: list[Cause] = []
    known, given = before.get("clusterIPs") or [], after.get("clusterIPs") or []
    if known and given and known[0] != given[0]:
        found.append(invalid("spec.clusterIPs[0]", given, "may not change once set"))
    elif known and not given:
        found.append(invalid("spec.clusterIPs[0]", given, "primary clusterIP can not be unset"))
    families, now = before.get("ipFamilies") or [], after.get("ipFamilies") or []
    if families and now and families[0] != now[0]:
        found.append(invalid("spec.ipFamilies[0]", now, "may not change once set"))
    return found


def _by_type(spec: Tree, kind: str, headless: bool) -> list[Cause]:
    if kind in {"LoadBalancer", "NodePort"} and headless:
        return [invalid("spec.clusterIPs[0]", HEADLESS, f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    why = "may not be set for ExternalName services"
    names = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
    found = [forbidden(f"spec.{name}", why) for name in names if spec.get(name)]
    target = (spec.get("externalName") or "").removesuffix(".")
    return found + (
        all_invalid("spec.externalName", target, subdomain(target)) if target else [required("spec.externalName")]
    )


def _port(at: str, given: Tree, names: dict[str, None], *, named: bool) -> list[Cause]:
    found: list[Cause] = []
    name = given.get("name") or ""
    if named and not name:
        found.append(required(f"{at}.name"))
    elif name:
        found += all_invalid(f"{at}.name", name, label(name))
        if name in names:
            found.append(duplicate(f"{at}.name", name))
        names[name] = None
    number = given.get("port") or 0
    found += all_invalid(f"{at}.port", number, port_number(number))
    found += one_of(f"{at}.protocol", given.get("protocol"), PROTOCOLS)
    found += port(f"{at}.targetPort", given.get("targetPort"))
    protocol = given.get("appProtocol")
    return found + (qualified(f"{at}.appProtocol", protocol) if protocol is not None else [])


def _affinity(spec: Tree) -> list[Cause]:
    kind, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    found = one_of("spec.sessionAffinity", kind, AFFINITIES)
    at = "spec.sessionAffinityConfig"
    if kind == "None" and config is not None:
        found.append(forbidden(at, "must not be set when session affinity is None"))
    if kind != "ClientIP":
        return found
    why = "when session affinity type is ClientIP"
    if config is None:
        return [*found, required(at, why)]
    client = config.get("clientIP")
    if client is None:
        return [*found, required(f"{at}.clientIP", why)]
    seconds = client.get("timeoutSeconds")
    if seconds is None:
        return [*found, required(f"{at}.clientIP.timeoutSeconds", why)]
    if not 0 < seconds <= LONGEST_AFFINITY:
        limit = f"must be greater than 0 and less than {LONGEST_AFFINITY}"
        found.append(invalid(f"{at}.clientIP.timeoutSeconds", seconds, limit))
    return found


def _cluster_ips(spec: Tree) -> list[Cause]:
    if not needs_cluster_ip(spec):
        return []
    found: list[Cause] = []
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if single and several and single != several[0]:
        found.append(invalid("spec.clusterIPs", several, "first value must match `clusterIP`"))
    elif not single and several:
        found.append(forbidden("spec.clusterIPs", "must be empty when `clusterIP` is not specified"))
    for index, text in enumerate(several):
        at = f"spec.clusterIPs[{index}]"
        if text == HEADLESS:
            if len(several) > 1:
                found.append(invalid(at, text, "'None' must be the first and only value"))
        elif not is_address(text):
            found += address(at, text)
    return found + _families(spec)


def _families(spec: Tree) -> list[Cause]:
    found: list[Cause] = []
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in {"IPv4", "IPv6"}:
            found.append(not_supported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6")))
    policy, known = spec.get("ipFamilyPolicy"), ("PreferDualStack", "RequireDualStack", "SingleStack")
    if policy is not None and policy not in known:
        found.append(not_supported("spec.ipFamilyPolicy", policy, known))
    return found


def _port_conflicts(ports: list[Any], kind: str) -> list[Cause]:
    found: list[Cause] = []
    if kind == "ClusterIP":
        why = "may not be used when `type` is 'ClusterIP'"
        found += [forbidden(f"spec.ports[{i}].nodePort", why) for i, given in enumerate(ports) if given.get("nodePort")]
    on_nodes: dict[tuple[str, int], None] = {}
    inside: dict[tuple[str, int], None] = {}
    for index, given in enumerate(ports):
        key = (given.get("protocol") or "", given.get("nodePort") or 0)
        if key[1]:
            if key in on_nodes:
                found.append(duplicate(f"spec.ports[{index}].nodePort", key[1]))
            on_nodes[key] = None
    for index, given in enumerate(ports):
        key = (given.get("protocol") or "", given.get("port") or 0)
        if key in inside:
            shown = internal({"protocol": key[0], "port": key[1], "targetPort": 0}, "ServicePort")
            found.append(duplicate(f"spec.ports[{index}]", shown))
        inside[key] = None
    return found


def _load_balancer(spec: Tree, kind: str) -> list[Cause]:
    found: list[Cause] = []
    why = "may only be used when `type` is 'LoadBalancer'"
    ranges = spec.get("loadBalancerSourceRanges") or ()
    # k8s: the path of the source ranges is spelled with a capital letter.
    if ranges and kind != "LoadBalancer":
        found.append(forbidden("spec.LoadBalancerSourceRanges", why))
    for index, text in enumerate(ranges):
        found += block(f"spec.LoadBalancerSourceRanges[{index}]", text.strip())
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        found.append(forbidden("spec.allocateLoadBalancerNodePorts", why))
    chosen = spec.get("loadBalancerClass")
    if chosen is not None:
        if kind != "LoadBalancer":
            found.append(forbidden("spec.loadBalancerClass", why))
        else:
            found += qualified("spec.loadBalancerClass", chosen)
    return found


def _traffic(spec: Tree, kind: str) -> list[Cause]:
    found: list[Cause] = []
    policy = spec.get("externalTrafficPolicy") or ""
    if is_external(spec):
        found += one_of("spec.externalTrafficPolicy", policy, POLICIES)
    elif policy:
        why = "may only be set for externally-accessible services"
        found.append(invalid("spec.externalTrafficPolicy", policy, why))
    health = spec.get("healthCheckNodePort") or 0
    if not needs_health_port(spec):
        if health:
            why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            found.append(invalid("spec.healthCheckNodePort", health, why))
    elif health:
        found += all_invalid("spec.healthCheckNodePort", health, port_number(health))
    inner = spec.get("internalTrafficPolicy")
    if inner is None:
        if kind in {"ClusterIP", "NodePort", "LoadBalancer"}:
            found.append(required("spec.internalTrafficPolicy"))
    elif inner not in POLICIES:
        found.append(not_supported("spec.internalTrafficPolicy", inner, POLICIES))
    spread = spec.get("trafficDistribution")
    if spread is not None and spread not in DISTRIBUTIONS:
        found.append(not_supported("spec.trafficDistribution", spread, DISTRIBUTIONS))
    return found
