"""sig-network: cluster DNS as probing pods see it, whose findings are read as pages of a third container."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from conformance.conftest import Speak
from conformance.inside import agnhost, execute, page, running
from conformance.manifests import AGNHOST
from conformance.ways import Api, Tree

JESSIE = "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7"
MOUNT = [{"name": "results", "mountPath": "/results"}]
SELECTOR = {"dns-test": "true"}


def service(name: str, address: str = "") -> Tree:
    spec: dict[str, Any] = {"selector": SELECTOR, "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}
    return {"metadata": {"name": name}, "spec": spec | ({"clusterIP": address} if address else {})}


def prober(name: str, commands: dict[str, str], **spec: Any) -> Tree:
    """A pod that runs commands in the images of the tests, and serves the files that they write."""
    containers = [{"name": "webserver", "image": AGNHOST, "args": ["test-webserver"], "volumeMounts": MOUNT}]
    images = {"agnhost": AGNHOST, "jessie": JESSIE}
    containers += [
        {"name": f"{key}-querier", "image": images[key], "command": ["sh", "-c", line], "volumeMounts": MOUNT}
        for key, line in commands.items()
    ]
    more = {"hostname": "dns-querier-1", "subdomain": "dns-test-service", **spec}
    pod = {"containers": containers, "volumes": [{"name": "results", "emptyDir": {}}], **more}
    return {"metadata": {"name": name, "labels": SELECTOR}, "spec": pod}


def probes(prefix: str, names: Sequence[str], hosts: Sequence[str] = (), address: str = "") -> tuple[str, list[str]]:
    """The endless seeming shell line of the tests, and the files that it writes."""
    line, files = "for i in `seq 1 600`; do ", []

    def dig(flag: str, what: str, file: str) -> str:
        files.append(file)
        return (
            f'check="$$(dig {flag} +noall +answer +search {what})" && test -n "$$check" && echo OK > /results/{file};'
        )

    for name in names:
        for protocol, flag in (("udp", "+notcp"), ("tcp", "+tcp")):
            line += dig(flag, f"{name} {'SRV' if name.startswith('_') else 'A'}", f"{prefix}_{protocol}@{name}")
    for host in hosts:
        files.append(f"{prefix}_hosts@{host}")
        line += f'test -n "$$(getent hosts {host})" && echo OK > /results/{files[-1]};'
    if address:
        reverse = f"{ipaddress.ip_address(address).reverse_pointer}."
        for protocol, flag in (("udp", "+notcp"), ("tcp", "+tcp")):
            line += dig(flag, f"{reverse} PTR", f"{address}_{protocol}@PTR")
    return f"{line}sleep 1; done", files


def check(api: Api, of: Speak, namespace: str, names: Sequence[str], hosts: Sequence[str] = (), **more: Any) -> None:
    """Run both probers; every file must say OK."""
    address = more.pop("address", "")
    made = {prefix: probes(prefix, names, hosts, address) for prefix in ("agnhost", "jessie")}
    running(of, prober("dns-test", {key: line for key, (line, _) in made.items()}, **more))
    missing: list[str] = []
    for _ in range(20):
        wanted = [file for _, files in made.values() for file in files]
        missing = [file for file in wanted if page(api, namespace, "dns-test", f"/results/{file}") != (200, "OK\n")]
        if not missing:
            return
        api.wait(1)
    raise AssertionError(f"never found: {missing}")


def test_names_of_the_cluster(api: Api, of: Speak, namespace: str):
    check(api, of, namespace, ["kubernetes.default.svc.cluster.local"])


def test_entries_of_the_hosts_file(api: Api, of: Speak, namespace: str):
    full = f"dns-querier-1.dns-test-service.{namespace}.svc.cluster.local"
    check(api, of, namespace, [], [full, "dns-querier-1"])


def test_names_of_services(api: Api, of: Speak, namespace: str):
    services = of("v1/services")
    services.create(service("dns-test-service", "None"))
    address = services.create(service("test-service-2"))["spec"]["clusterIP"]
    domain = f"{namespace}.svc.cluster.local"
    both = [f"_http._tcp.{name}.{domain}" for name in ("dns-test-service", "test-service-2")]
    check(api, of, namespace, [f"dns-test-service.{domain}", *both], address=address)


def test_partly_qualified_names(api: Api, of: Speak, namespace: str):
    services = of("v1/services")
    services.create(service("dns-test-service", "None"))
    address = services.create(service("test-service-2"))["spec"]["clusterIP"]
    names = ["dns-test-service", f"dns-test-service.{namespace}", f"dns-test-service.{namespace}.svc"]
    both = [f"_http._tcp.{name}.{namespace}.svc" for name in ("dns-test-service", "test-service-2")]
    check(api, of, namespace, [*names, *both], address=address)


def test_the_host_name_and_the_subdomain_of_a_pod(api: Api, of: Speak, namespace: str):
    of("v1/services").create(service("dns-test-service-2", "None"))
    domain = f"dns-test-service-2.{namespace}.svc.cluster.local"
    full = f"dns-querier-2.{domain}"
    own = {"hostname": "dns-querier-2", "subdomain": "dns-test-service-2"}
    check(api, of, namespace, [full, domain], [full, "dns-querier-2"], **own)


def test_external_names(api: Api, of: Speak, namespace: str):
    services = of("v1/services")
    services.create({"metadata": {"name": "s"}, "spec": {"type": "ExternalName", "externalName": "foo.example.com"}})

    def says(pod: str, kind: str) -> set[str]:
        what = f"dig +short s.{namespace}.svc.cluster.local {kind}"
        lines = {
            key: f"for i in `seq 1 30`; do {what} > /results/{key}_udp@s; sleep 1; done"
            for key in ("agnhost", "jessie")
        }
        running(of, prober(pod, lines))
        api.wait(5)
        return {page(api, namespace, pod, f"/results/{key}_udp@s")[1].strip() for key in lines}

    assert says("dns-1", "CNAME") == {"foo.example.com."}
    services.patch("s", {"spec": {"externalName": "bar.example.com"}})
    assert says("dns-2", "CNAME") == {"bar.example.com."}
    fresh = services.get("s")
    fresh["spec"] |= {"type": "ClusterIP", "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}
    address = services.update(fresh)["spec"]["clusterIP"]
    assert says("dns-3", "A") == {address}


def test_name_servers_of_a_pod(api: Api, of: Speak, namespace: str):
    config = {"nameservers": ["1.1.1.1"], "searches": ["resolv.conf.local"]}
    running(of, agnhost("test-dns-nameservers", dnsPolicy="None", dnsConfig=config))
    for command, wanted in (("dns-suffix", "resolv.conf.local"), ("dns-server-list", "1.1.1.1")):
        assert execute(api, namespace, "test-dns-nameservers", "/agnhost", command) == (0, wanted)
