"""Cluster DNS: what CoreDNS answers for Services, their endpoints, pods and addresses.

# k8s: dns specification 1.1.0, coredns plugin/kubernetes
"""

from collections.abc import Sequence

from kubesim.machinery.client import Client
from kubesim.network.endpoints import Endpoint
from kubesim.network.services import ServiceProxy
from kubesim.objects.connections import NOERROR, NXDOMAIN, Answer, Record
from kubesim.objects.units import fnv32a
from kubesim.objects.wire import NAMESPACES, SERVICES, Tree

DOMAIN = "cluster.local"
PUBLIC = frozenset(
    {"com", "org", "net", "io", "dev", "edu", "gov", "de", "uk", "app", "sh", "info", "eu", "ch", "at", "fr", "cloud"}
)
"""Top-level domains under which names are taken to exist outside the cluster."""
MAX_CHAIN = 8
MISSING = Answer(NXDOMAIN)
REVERSE = ".in-addr.arpa"


class ClusterDns:
    """The zone of one cluster, made when asked from Services and the proxy's tables."""

    def __init__(self, client: Client, proxy: ServiceProxy) -> None:
        self._client = client
        self._proxy = proxy

    def query(self, name: str, kind: str = "A") -> Answer:
        """Answer for an absolute name; its last dot may be missing. ``kind`` is A, AAAA, CNAME, SRV, PTR or ANY."""
        records: list[Record] = []
        wanted = name.lower().removesuffix(".")
        for _ in range(MAX_CHAIN):
            found = self._one(wanted, kind)
            records += found.records
            alias = next((record.data for record in found.records if record.kind == "CNAME"), "")
            if not alias or kind == "CNAME":
                code = found.code if not records else NOERROR
                return Answer(code, tuple(records))
            wanted = alias.removesuffix(".")
        return Answer(NOERROR, tuple(records))

    def _one(self, name: str, kind: str) -> Answer:
        if kind == "PTR" or name.endswith(REVERSE):
            return self._reverse(name)
        if name.endswith(f".{DOMAIN}"):
            return self._inside(name, name.removesuffix(f".{DOMAIN}").split("."), kind)
        return _outside(name, kind)

    # ------------------------------------------------------------------ the cluster's own names
    def _inside(self, name: str, labels: Sequence[str], kind: str) -> Answer:
        if labels[-1] == "pod" and len(labels) == 3:
            return self._pod(name, labels[0], labels[1], kind)
        if labels[-1] != "svc" or len(labels) < 2:
            return MISSING
        *rest, namespace = labels[:-1]
        if not rest:
            return Answer(NOERROR) if self._client.get(NAMESPACES, "", namespace) is not None else MISSING
        *before, service = rest
        tree = self._client.get(SERVICES, namespace, service)
        if tree is None:
            return MISSING
        if len(before) == 2 and all(part.startswith("_") for part in before):
            return self._ports(name, tree, before[0][1:], before[1][1:])
        if len(before) > 1:
            return MISSING
        if kind == "SRV" and not before:
            return self._ports(name, tree, "", "")
        return self._addresses(name, tree, before[0] if before else "", kind)

    def _pod(self, name: str, text: str, namespace: str, kind: str) -> Answer:
        # k8s: "pods insecure": the address is in the name, only the namespace must exist
        address = text.replace("-", ".")
        if self._client.get(NAMESPACES, "", namespace) is None or not _is_v4(address):
            return MISSING
        return _answer([Record(f"{name}.", "A", address)], kind)

    def _addresses(self, name: str, service: Tree, host: str, kind: str) -> Answer:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            alias = Record(f"{name}.", "CNAME", f"{str(spec.get('externalName') or '').removesuffix('.')}.")
            return MISSING if host else Answer(NOERROR, (alias,))
        if not host and spec.get("clusterIP") != "None":
            # k8s: addresses of both families are in clusterIPs
            own = [address for address in spec.get("clusterIPs") or () if address]
            return _answer([Record(f"{name}.", "AAAA" if ":" in ip else "A", ip) for ip in own], kind)
        chosen = [each for each in self._ready(service) if not host or host in {each.hostname, dashed(each.ip)}]
        if not chosen:
            return MISSING
        return _answer([Record(f"{name}.", "AAAA" if ":" in each.ip else "A", each.ip) for each in chosen], kind)

    def _ports(self, name: str, service: Tree, port: str, protocol: str) -> Answer:
        spec, metadata = service["spec"], service["metadata"]
        base = f"{metadata['name']}.{metadata['namespace']}.svc.{DOMAIN}."
        headless = spec.get("clusterIP") == "None"
        ends = [f"{each.hostname or dashed(each.ip)}.{base}" for each in self._ready(service)] if headless else [base]
        records = [
            Record(f"{name}.", "SRV", f"0 {max(1, 100 // max(1, len(ends)))} {known['port']} {end}")
            for known in spec.get("ports") or ()
            if port in {"", "*", known.get("name") or ""}
            and protocol in {"", "*", (known.get("protocol") or "TCP").lower()}
            for end in ends
        ]
        return Answer(NOERROR, tuple(records)) if records else MISSING

    def _ready(self, service: Tree) -> list[Endpoint]:
        metadata = service["metadata"]
        found = self._proxy.endpoints(metadata["namespace"], metadata["name"])
        ready = [each for each in found if each.ready]
        return sorted(ready, key=_number)

    def _reverse(self, name: str) -> Answer:
        address = ".".join(reversed(name.removesuffix(REVERSE).split(".")))
        place = self._proxy.by_address(address)
        if place is not None:
            found = Record(f"{name}.", "PTR", f"{place[1]}.{place[0]}.svc.{DOMAIN}.")
            return Answer(NOERROR, (found,))
        owner = self._proxy.by_endpoint(address)
        if owner is None:
            return MISSING
        (namespace, service), endpoint = owner
        host = endpoint.hostname or dashed(address)
        return Answer(NOERROR, (Record(f"{name}.", "PTR", f"{host}.{service}.{namespace}.svc.{DOMAIN}."),))


def _outside(name: str, kind: str) -> Answer:
    """Names outside the cluster. # differs: there is no outside; well-formed public names get made-up addresses."""
    if "." not in name or name.rsplit(".", 1)[-1] not in PUBLIC:
        return MISSING
    number = fnv32a(name.encode())
    address = f"203.0.113.{number % 254 + 1}"
    return _answer([Record(f"{name}.", "A", address)], kind)


def is_outside(address: str) -> bool:
    """Whether an address stands for a host outside the cluster."""
    return address.startswith("203.0.113.")


def _answer(records: list[Record], kind: str) -> Answer:
    return Answer(NOERROR, tuple(record for record in records if kind in {record.kind, "ANY"}))


def dashed(address: str) -> str:
    """An address as a label of a name."""
    return address.replace(".", "-").replace(":", "-")


def _number(endpoint: Endpoint) -> tuple[int, ...]:
    return tuple(int(part) for part in endpoint.ip.split(".")) if _is_v4(endpoint.ip) else (0,)


def _is_v4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
