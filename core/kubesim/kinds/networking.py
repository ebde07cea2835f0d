"""Ingresses, IngressClasses and NetworkPolicies. # k8s: networking/validation."""

from typing import Any

from kubesim.kinds.fielderrors import all_invalid, forbidden, invalid, not_supported, one_of, required, unchanged
from kubesim.kinds.formats import block, is_address, label, label_selector, port, qualified, subdomain, wildcard
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import NONE, first_few
from kubesim.kinds.service.strategy import balancer_addresses
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.selectors import format_label_selector
from kubesim.objects.wire import EMPTY, Tree

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
NO_BALANCER: Tree = {"loadBalancer": {}}


class IngressStrategy(Plain):
    """Ingresses."""

    gvr = resource("networking.k8s.io", "v1", "ingresses")
    kind = "Ingress"
    short_names = ("ing",)
    subresources = ("status",)
    initial_status = NO_BALANCER

    def default(self, obj: Tree) -> Tree:
        """Nothing but a status."""
        return filled(obj, spec={}, status=self.initial_status)

    def validate(self, obj: Tree) -> list[Cause]:
        """A backend or rules."""
        spec = obj.get("spec") or EMPTY
        rules, backend = spec.get("rules") or (), spec.get("defaultBackend")
        found: list[Cause] = []
        if not rules and backend is None:
            found.append(invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
        if backend is not None:
            found += _backend("spec.defaultBackend", backend)
        for index, rule in enumerate(rules):
            found += _rule(f"spec.rules[{index}]", rule)
        for index, secured in enumerate(spec.get("tls") or ()):
            for place, host in enumerate(secured.get("hosts") or ()):
                found += _host(f"spec.tls[{index}].hosts[{place}]", host)
        name = spec.get("ingressClassName")
        return found + (all_invalid("spec.ingressClassName", name, subdomain(name)) if name is not None else [])

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        return [] if subresource == "status" or new["spec"] is old["spec"] else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """Class, hosts, address, ports."""
        spec = obj.get("spec") or EMPTY
        rules = spec.get("rules") or []
        hosts = [rule["host"] for rule in rules[:3] if rule.get("host")]
        shown = first_few(hosts, len(rules)) if hosts else "*"
        address = ",".join(balancer_addresses(obj.get("status") or EMPTY))
        return [spec.get("ingressClassName") or NONE, shown, address, "80, 443" if spec.get("tls") else "80"]


def _host(at: str, host: str) -> list[Cause]:
    return all_invalid(at, host, wildcard(host) if "*" in host else subdomain(host))


def _rule(at: str, rule: Tree) -> list[Cause]:
    found: list[Cause] = []
    host = rule.get("host")
    if host:
        if is_address(host):
            found.append(invalid(f"{at}.host", host, "must be a DNS name, not an IP address"))
        found += _host(f"{at}.host", host)
    served = rule.get("http")
    if served is None:
        return found
    paths = served.get("paths")
    if not paths:
        return [*found, required(f"{at}.http.paths")]
    for index, path in enumerate(paths):
        found += _path(f"{at}.http.paths[{index}]", path)
    return found


def _path(at: str, path: Tree) -> list[Cause]:
    kind, text = path.get("pathType"), path.get("path") or ""
    if kind is None:
        return [required(f"{at}.pathType", "pathType must be specified")]
    found: list[Cause] = []
    if kind not in PATH_TYPES:
        found.append(not_supported(f"{at}.pathType", kind, PATH_TYPES))
    elif kind != "ImplementationSpecific" or text:
        if not text.startswith("/"):
            found.append(invalid(f"{at}.path", text, "must be an absolute path"))
        elif kind != "ImplementationSpecific":
            bad = ("//", "/./", "/../", "%2f", "%2F")
            found += [invalid(f"{at}.path", text, f"must not contain '{part}'") for part in bad if part in text]
    return found + _backend(f"{at}.backend", path.get("backend") or EMPTY)


def _backend(at: str, backend: Tree) -> list[Cause]:
    service, other = backend.get("service"), backend.get("resource")
    if service is not None and other is not None:
        return [invalid(at, "", "cannot set both resource and service backends")]
    if other is not None:
        return [required(f"{at}.resource.{name}") for name in ("kind", "name") if not other.get(name)]
    if service is None:
        return (
            [required(f"{at}.service.name")] if backend else [required(at, "resource or service backend is required")]
        )
    name, chosen = service.get("name") or "", service.get("port") or EMPTY
    found = all_invalid(f"{at}.service.name", name, label(name)) if name else [required(f"{at}.service.name")]
    if chosen.get("name") and chosen.get("number"):
        found.append(invalid(at, "", "cannot set both port name & port number"))
    elif chosen.get("name"):
        found += port(f"{at}.service.port.name", chosen["name"])
    elif chosen.get("number"):
        found += port(f"{at}.service.port.number", chosen["number"])
    else:
        found.append(required(at, "port name or number is required"))
    return found


class IngressClassStrategy(Plain):
    """IngressClasses."""

    gvr = resource("networking.k8s.io", "v1", "ingressclasses")
    kind = "IngressClass"
    namespaced = False

    def validate(self, obj: Tree) -> list[Cause]:
        """The controller's name."""
        name = (obj.get("spec") or EMPTY).get("controller") or ""
        if not name:
            return [required("spec.controller")]
        return (
            qualified("spec.controller", name)
            if "/" in name
            else [invalid("spec.controller", name, 'must be a domain-prefixed path (such as "acme.io/foo")')]
        )

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """The controller stays."""
        del subresource
        before, after = old.get("spec") or EMPTY, new.get("spec") or EMPTY
        return self.validate(new) + unchanged("spec.controller", after.get("controller"), before.get("controller"))

    def cells(self, obj: Tree) -> list[Any]:
        """Controller and parameters."""
        spec = obj.get("spec") or EMPTY
        given = spec.get("parameters")
        text = NONE
        if given is not None:
            group = f".{given['apiGroup']}" if given.get("apiGroup") is not None else ""
            text = f"{given.get('kind') or ''}{group}/{given.get('name') or ''}"
        return [spec.get("controller") or "", text]


class NetworkPolicyStrategy(Plain):
    """NetworkPolicies."""

    gvr = resource("networking.k8s.io", "v1", "networkpolicies")
    kind = "NetworkPolicy"
    short_names = ("netpol",)

    def default(self, obj: Tree) -> Tree:
        """TCP; a policy is about egress when it has rules for it."""
        return inside(filled(obj, spec={}), "spec", _default_policy)

    def validate(self, obj: Tree) -> list[Cause]:
        """Selectors, ports, peers, types."""
        spec = obj["spec"]
        found = label_selector("spec.podSelector", spec.get("podSelector"))
        for side, peers in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(spec.get(side) or ()):
                at = f"spec.{side}[{index}]"
                for place, opened in enumerate(rule.get("ports") or ()):
                    found += _policy_port(f"{at}.ports[{place}]", opened)
                for place, peer in enumerate(rule.get(peers) or ()):
                    found += _peer(f"{at}.{peers}[{place}]", peer)
        kinds = spec.get("policyTypes") or ()
        if len(kinds) > 2:
            return [*found, invalid("spec.policyTypes", kinds, "may not specify more than two policyTypes")]
        known = ("Ingress", "Egress")
        wrong = [
            not_supported(f"spec.policyTypes[{i}]", kind, known) for i, kind in enumerate(kinds) if kind not in known
        ]
        return found + wrong

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As a new one."""
        del subresource
        return [] if new["spec"] is old["spec"] else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """Which pods it is about."""
        return [format_label_selector((obj.get("spec") or EMPTY).get("podSelector") or {})]


def _default_policy(spec: Tree) -> Tree:
    if not spec.get("policyTypes"):
        spec = {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}
    for side in ("ingress", "egress"):
        spec = inside_each(spec, side, _default_rule)
    return spec


def _default_rule(rule: Tree) -> Tree:
    return inside_each(rule, "ports", _default_port)


def _default_port(opened: Tree) -> Tree:
    return filled_empty(opened, protocol="TCP")


def _policy_port(at: str, opened: Tree) -> list[Cause]:
    found = one_of(f"{at}.protocol", opened.get("protocol"), ("SCTP", "TCP", "UDP"))
    first, last = opened.get("port"), opened.get("endPort")
    if first is not None:
        found += port(f"{at}.port", first)
    if last is None:
        return found
    if first is None:
        found.append(required(f"{at}.port", "must be specified when `endPort` is specified"))
    elif isinstance(first, str):
        found.append(invalid(f"{at}.endPort", last, "may not be specified when `port` is non-numeric"))
    elif last < first:
        found.append(invalid(f"{at}.endPort", last, "must be greater than or equal to `port`"))
    return found


def _peer(at: str, peer: Tree) -> list[Cause]:
    found: list[Cause] = []
    names = ("podSelector", "namespaceSelector")
    given = [name for name in names if peer.get(name) is not None]
    for name in given:
        found += label_selector(f"{at}.{name}", peer[name])
    addresses = peer.get("ipBlock")
    if addresses is not None:
        given.append("ipBlock")
        text = addresses.get("cidr") or ""
        found += block(f"{at}.ipBlock.cidr", text) if text else [required(f"{at}.ipBlock.cidr")]
        for index, text in enumerate(addresses.get("except") or ()):
            found += block(f"{at}.ipBlock.except[{index}]", text)
    if not given:
        found.append(required(at, "must specify a peer"))
    elif addresses is not None and len(given) > 1:
        found.append(forbidden(at, "may not specify both ipBlock and another peer"))
    return found
