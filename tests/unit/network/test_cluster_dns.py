"""Cluster DNS: names of Services, endpoints and pods, and the files of the resolver."""

from typing import Any

import pytest

from kubesim.network import resolver
from kubesim.network.dns import ClusterDns
from kubesim.network.endpoints import Endpoint

SERVICES: dict[tuple[str, str], dict[str, Any]] = {
    ("shop", "web"): {"clusterIP": "10.96.1.1", "clusterIPs": ["10.96.1.1"],
                      "ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]},
    ("shop", "db"): {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"name": "sql", "port": 5432}]},
    ("shop", "idle"): {"clusterIP": "None", "clusterIPs": ["None"]},
    ("shop", "ext"): {"type": "ExternalName", "externalName": "web.shop.svc.cluster.local"},
    ("shop", "public"): {"type": "ExternalName", "externalName": "www.example.com"},
    ("shop", "loop"): {"type": "ExternalName", "externalName": "loop.shop.svc.cluster.local"},
}  # fmt: skip


def endpoint(ip, hostname="", *, ready=True):
    return Endpoint(ip, (("sql", 5432),), ready, ready, False, "n", "", (), (), "shop", "p", hostname)


class Double:
    """The store and the proxy in one."""

    def get(self, gvr, namespace, name):
        if gvr.resource == "namespaces":
            return {} if name == "shop" else None
        spec = SERVICES.get((namespace, name))
        return None if spec is None else {"metadata": {"name": name, "namespace": namespace}, "spec": spec}

    def endpoints(self, namespace, name):
        found = [endpoint("10.244.2.9", "db-1"), endpoint("10.244.1.9", "db-0"), endpoint("10.244.3.9", ready=False)]
        return found if (namespace, name) == ("shop", "db") else []

    def by_address(self, address):
        return ("shop", "web") if address == "10.96.1.1" else None

    def by_endpoint(self, address):
        return (("shop", "db"), endpoint(address, "db-1")) if address == "10.244.2.9" else None


DNS = ClusterDns(Double(), Double())  # type: ignore[arg-type]
ZONE = "svc.cluster.local"


@pytest.mark.parametrize(
    ("name", "kind", "code", "data"),
    [
        (f"web.shop.{ZONE}.", "A", "NOERROR", ["10.96.1.1"]),
        (f"WEB.Shop.{ZONE}", "A", "NOERROR", ["10.96.1.1"]),
        (f"web.shop.{ZONE}.", "AAAA", "NOERROR", []),
        (f"db.shop.{ZONE}.", "A", "NOERROR", ["10.244.1.9", "10.244.2.9"]),
        (f"db-0.db.shop.{ZONE}.", "A", "NOERROR", ["10.244.1.9"]),
        (f"10-244-2-9.db.shop.{ZONE}.", "A", "NOERROR", ["10.244.2.9"]),
        (f"db-7.db.shop.{ZONE}.", "A", "NXDOMAIN", []),
        (f"idle.shop.{ZONE}.", "A", "NXDOMAIN", []),
        (f"nosuch.shop.{ZONE}.", "A", "NXDOMAIN", []),
        (f"web.nowhere.{ZONE}.", "A", "NXDOMAIN", []),
        (f"shop.{ZONE}.", "A", "NOERROR", []),
        (f"nowhere.{ZONE}.", "A", "NXDOMAIN", []),
        (f"ext.shop.{ZONE}.", "A", "NOERROR", [f"web.shop.{ZONE}.", "10.96.1.1"]),
        (f"ext.shop.{ZONE}.", "CNAME", "NOERROR", [f"web.shop.{ZONE}."]),
        (f"_http._tcp.web.shop.{ZONE}.", "SRV", "NOERROR", [f"0 100 80 web.shop.{ZONE}."]),
        (f"_sql._tcp.db.shop.{ZONE}.", "SRV", "NOERROR",
         [f"0 50 5432 db-0.db.shop.{ZONE}.", f"0 50 5432 db-1.db.shop.{ZONE}."]),
        (f"_nope._tcp.web.shop.{ZONE}.", "SRV", "NXDOMAIN", []),
        (f"_http._udp.web.shop.{ZONE}.", "SRV", "NXDOMAIN", []),
        ("10-244-1-9.shop.pod.cluster.local.", "A", "NOERROR", ["10.244.1.9"]),
        ("10-244-1-9.nowhere.pod.cluster.local.", "A", "NXDOMAIN", []),
        ("1-2-3.shop.pod.cluster.local.", "A", "NXDOMAIN", []),
        ("1.1.96.10.in-addr.arpa.", "PTR", "NOERROR", [f"web.shop.{ZONE}."]),
        ("9.2.244.10.in-addr.arpa.", "PTR", "NOERROR", [f"db-1.db.shop.{ZONE}."]),
        ("9.9.9.9.in-addr.arpa.", "PTR", "NXDOMAIN", []),
        ("web.", "A", "NXDOMAIN", []),
        ("x.cluster.local.", "A", "NXDOMAIN", []),
    ],
)  # fmt: skip
def test_answers(name, kind, code, data):
    found = DNS.query(name, kind)
    assert (found.code, [record.data for record in found.records]) == (code, data)


def test_outside_names_get_an_address_that_stays():
    first, second = DNS.query("www.example.com."), DNS.query(f"public.shop.{ZONE}.")
    assert first.addresses() == second.addresses()
    assert first.addresses()[0].startswith("203.0.113.")


def test_a_circle_of_aliases_ends():
    assert DNS.query(f"loop.shop.{ZONE}.").addresses() == []


# ---------------------------------------------------------------------- the resolver of a pod
def pod(**spec) -> dict[str, Any]:
    return {"metadata": {"name": "p", "namespace": "shop"}, "spec": spec, "status": {"podIP": "10.244.1.5"}}


CLUSTER = "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, CLUSTER),
        ({"dnsPolicy": "ClusterFirst"}, CLUSTER),
        ({"dnsPolicy": "Default"}, "nameserver 172.18.0.1\n"),
        ({"dnsPolicy": "ClusterFirst", "hostNetwork": True}, "nameserver 172.18.0.1\n"),
        ({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True}, CLUSTER),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a.b"],
                                               "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}},
            "search a.b\nnameserver 1.1.1.1\noptions ndots:2 edns0\n",
        ),
        (
            {"dnsConfig": {"searches": ["a.b", "cluster.local"], "options": [{"name": "ndots", "value": "1"}]}},
            CLUSTER.replace("cluster.local\nname", "cluster.local a.b\nname").replace("ndots:5", "ndots:1"),
        ),
    ],
    ids=["default", "cluster-first", "node", "host-network", "with-host-net", "none", "merged"],
)  # fmt: skip
def test_resolv_conf(spec, text):
    assert resolver.resolver_of(pod(**spec)).text() == text


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("web", "web.shop.svc.cluster.local.", 4),
        ("a.b.c.d.e.f", "a.b.c.d.e.f.", 4),
        ("web.shop.svc.", "web.shop.svc.", 1),
    ],
    ids=["short", "many-dots", "absolute"],
)
def test_which_names_are_tried(name, first, count):
    tried = resolver.resolver_of(pod()).candidates(name)
    assert (tried[0], len(tried)) == (first, count)


def test_hosts_file():
    aliases = [{"ip": "1.2.3.4", "hostnames": ["a.local", "b.local"]}]
    text = resolver.hosts_file(pod(hostname="db-0", subdomain="db", hostAliases=aliases), "10.244.1.5")
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost")
    assert "10.244.1.5\tdb-0.db.shop.svc.cluster.local\tdb-0\n" in text
    assert text.endswith("\n# Entries added by HostAliases.\n1.2.3.4\ta.local\tb.local\n")
    assert resolver.hosts_file(pod(hostNetwork=True), "").startswith("# Kubernetes-managed hosts file (host network).")
