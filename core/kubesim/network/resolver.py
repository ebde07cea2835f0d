"""The resolver of a pod: /etc/resolv.conf and /etc/hosts as the kubelet writes them, and the names it tries; pure."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.network.dns import DOMAIN
from kubesim.objects.wire import EMPTY, Tree

CLUSTER_DNS = "10.96.0.10"
NODE_DNS = "172.18.0.1"
"""The name server of the machines."""
MAX_SERVERS = 3
MAX_SEARCHES = 32
HEADER = (
    "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
)
NODE_HEADER = (
    "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
)


class Resolver(NamedTuple):
    """The content of /etc/resolv.conf."""

    servers: tuple[str, ...]
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def text(self) -> str:
        """The file."""
        lines = [f"search {' '.join(self.searches)}"] if self.searches else []
        lines += [f"nameserver {server}" for server in self.servers]
        if self.options:
            lines.append(f"options {' '.join(self.options)}")
        return "".join(f"{line}\n" for line in lines)

    @property
    def dots(self) -> int:
        """From how many dots on a name is tried as it is first."""
        for option in self.options:
            name, _, number = option.partition(":")
            if name == "ndots" and number.isdigit():
                return int(number)
        return 1

    def candidates(self, name: str) -> list[str]:
        """The absolute names that are tried for a name, in order."""
        if name.endswith("."):
            return [name]
        searched = [f"{name}.{domain}." for domain in self.searches]
        return [f"{name}.", *searched] if name.count(".") >= self.dots else [*searched, f"{name}."]


def resolver_of(pod: Tree, cluster_dns: str = CLUSTER_DNS) -> Resolver:
    """The resolver of a pod. # k8s: pkg/kubelet/network/dns/dns.go GetPodDNS."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirst" and spec.get("hostNetwork"):
        policy = "Default"
    namespace = pod["metadata"].get("namespace", "default")
    if policy == "None":
        found = Resolver(())
    elif policy == "Default":
        found = Resolver((NODE_DNS,))
    else:
        searches = (f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN)
        found = Resolver((cluster_dns,), searches, ("ndots:5",))
    return _merged(found, spec.get("dnsConfig") or EMPTY)


def _merged(found: Resolver, config: Tree) -> Resolver:
    servers = _distinct((*found.servers, *(config.get("nameservers") or ())))
    searches = _distinct((*found.searches, *(config.get("searches") or ())))
    options = {option.partition(":")[0]: option for option in found.options}
    for option in config.get("options") or ():
        value = option.get("value")
        options[option["name"]] = option["name"] if value is None else f"{option['name']}:{value}"
    return Resolver(servers[:MAX_SERVERS], searches[:MAX_SEARCHES], tuple(options.values()))


def _distinct(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def hosts_file(pod: Tree, address: str) -> str:
    """The content of /etc/hosts. # k8s: pkg/kubelet/kubelet_pods.go managedHostsFileContent."""
    spec, metadata = pod["spec"], pod["metadata"]
    text = NODE_HEADER if spec.get("hostNetwork") else HEADER
    if not spec.get("hostNetwork"):
        host = spec.get("hostname") or metadata["name"]
        domain = spec.get("subdomain")
        full = f"{host}.{domain}.{metadata.get('namespace', 'default')}.svc.{DOMAIN}\t{host}" if domain else host
        text += f"{address}\t{full}\n"
    aliases = spec.get("hostAliases") or ()
    if aliases:
        text += "\n# Entries added by HostAliases.\n"
        text += "".join("\t".join((alias["ip"], *(alias.get("hostnames") or ()))) + "\n" for alias in aliases)
    return text


def in_hosts(pod: Tree, name: str) -> str:
    """The address that /etc/hosts has for a name, or ""."""
    if name == "localhost":
        return "127.0.0.1"
    spec = pod["spec"]
    for alias in spec.get("hostAliases") or ():
        if name in (alias.get("hostnames") or ()):
            return str(alias["ip"])
    if not spec.get("hostNetwork") and name == (spec.get("hostname") or pod["metadata"]["name"]):
        return str((pod.get("status") or EMPTY).get("podIP") or "")
    return ""
