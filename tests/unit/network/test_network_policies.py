"""NetworkPolicies as pure functions: isolation, peers, ports."""

from typing import Any

import pytest

from kubesim.network import policy
from kubesim.network.policy import Peer

SHOP = {"kubernetes.io/metadata.name": "shop", "team": "a"}
WEB = Peer("10.244.1.2", "shop", "web-1", labels={"app": "web"}, namespace_labels=SHOP, ports=(("http", "TCP", 8080),))
API = Peer("10.244.2.2", "shop", "api-1", labels={"app": "api"}, namespace_labels=SHOP)
FAR = Peer("10.244.3.2", "lab", "web-9", labels={"app": "web"}, namespace_labels={"team": "b"})
WORLD = Peer("172.18.0.1")


def of(name="p", selector=None, **spec) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"podSelector": selector or {}, **spec}}


def allow(source=None, ports=None) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if source is not None:
        rule["from"] = source
    if ports is not None:
        rule["ports"] = ports
    return of(policyTypes=["Ingress"], ingress=[rule])


def comes_in(policies, source, port=8080, protocol="TCP", target=WEB):
    return policy.ingress(policies, source, target, port, protocol).allowed


def test_without_policies_everything_passes():
    assert policy.ingress([], API, WEB, 80) == policy.ALLOWED


DENY = of("deny", policyTypes=["Ingress"])


@pytest.mark.parametrize(
    ("policies", "source", "expected"),
    [
        ([DENY], API, False),
        ([DENY], WORLD, False),
        ([DENY], WEB, True),
        ([of(selector={"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])], API, True),
        ([of(policyTypes=["Egress"])], API, True),
        ([allow()], WORLD, True),
        ([allow([{"podSelector": {"matchLabels": {"app": "api"}}}])], API, True),
        ([allow([{"podSelector": {"matchLabels": {"app": "api"}}}])], FAR, False),
        ([allow([{"podSelector": {}}])], API, True),
        ([allow([{"podSelector": {}}])], FAR, False),
        ([allow([{"namespaceSelector": {}}])], FAR, True),
        ([allow([{"namespaceSelector": {}}])], WORLD, False),
        ([allow([{"namespaceSelector": {"matchLabels": {"team": "b"}}}])], FAR, True),
        ([allow([{"namespaceSelector": {"matchLabels": {"team": "b"}}}])], API, False),
        ([allow([{"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {"matchLabels": {"app": "x"}}}])],
         FAR, False),
        ([allow([{"namespaceSelector": {"matchLabels": {"team": "b"}}}, {"podSelector": {}}])], API, True),
        ([allow([{"ipBlock": {"cidr": "172.18.0.0/16"}}])], WORLD, True),
        ([allow([{"ipBlock": {"cidr": "172.18.0.0/16", "except": ["172.18.0.0/24"]}}])], WORLD, False),
        ([allow([{"ipBlock": {"cidr": "10.244.0.0/16"}}])], API, True),
        ([DENY, allow([{"podSelector": {}}])], API, True),
        ([of(policyTypes=["Ingress"], ingress=[])], API, False),
    ],
    ids=["deny", "deny-world", "itself", "others", "egress-only", "all", "pods", "pods-of-own-namespace-only",
         "own-namespace", "not-others", "all-namespaces", "world-has-no-labels", "namespace", "not-that-namespace",
         "both-must-match", "either-may-match", "block", "block-except", "block-of-pods", "policies-add-up",
         "empty-list"],
)  # fmt: skip
def test_who_may_come_in(policies, source, expected):
    assert comes_in(policies, source) is expected


@pytest.mark.parametrize(
    ("ports", "number", "protocol", "expected"),
    [
        ([{"port": 8080}], 8080, "TCP", True),
        ([{"port": 8080}], 8081, "TCP", False),
        ([{"port": 8080}], 8080, "UDP", False),
        ([{"port": 8080, "protocol": "UDP"}], 8080, "UDP", True),
        ([{"port": "http"}], 8080, "TCP", True),
        ([{"port": "http"}], 80, "TCP", False),
        ([{"port": "metrics"}], 8080, "TCP", False),
        ([{"port": 8000, "endPort": 8090}], 8080, "TCP", True),
        ([{"port": 8000, "endPort": 8079}], 8080, "TCP", False),
        ([{"protocol": "TCP"}], 9999, "TCP", True),
        ([{"port": 1}, {"port": 8080}], 8080, "TCP", True),
        ([], 8080, "TCP", True),
    ],
    ids=["number", "other", "protocol", "udp", "name", "name-of-another", "no-such-name", "range", "below",
         "whole-protocol", "one-of", "all"],
)  # fmt: skip
def test_ports(ports, number, protocol, expected):
    assert comes_in([allow(ports=ports)], API, number, protocol) is expected


def test_host_network_pods_are_not_isolated():
    assert comes_in([DENY], API, target=WEB._replace(host_network=True))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"policyTypes": ["Egress"]}, False),
        ({"egress": [{}]}, True),
        ({"egress": [{"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]}, True),
        ({"egress": [{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}, False),
        ({"egress": [{"to": [{"podSelector": {}}], "ports": [{"port": "http"}]}]}, True),
    ],
    ids=["deny", "all", "to-web", "to-db", "named-port-of-the-target"],
)
def test_egress(spec, expected):
    assert policy.egress([of(**spec)], API, WEB, 8080).allowed is expected


def test_a_verdict_names_the_policies():
    assert policy.ingress([DENY], API, WEB, 80).policies == ("deny",)
    assert policy.ingress([DENY, allow()], API, WEB, 80).policies == ("p",)
