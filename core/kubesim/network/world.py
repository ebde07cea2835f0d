"""The network as one pod sees it: the port behind the commands of the simulated shell."""

from typing import TYPE_CHECKING

from kubesim.network import resolver
from kubesim.network.policy import Peer
from kubesim.objects.connections import NO_SERVER, UNRESOLVED, Answer, Attempt, Lookup
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.network.fabric import Network


class PodWorld:
    """The surroundings of one pod; looks at the cluster each time it is asked."""

    def __init__(self, network: "Network", namespace: str, pod: str) -> None:
        self._network = network
        self._namespace = namespace
        self._pod = pod

    def _self(self) -> tuple[Peer, Tree | None]:
        found = self._network.policies.pod(self._namespace, self._pod)
        return found or Peer("", self._namespace), self._network.tree(self._namespace, self._pod)

    def answers(self, host: str, port: int | None) -> bool:
        """Whether a name resolves and, with a port, somebody listens there."""
        source, tree = self._self()
        if port is None:
            known = tree is not None and resolver.in_hosts(tree, host)
            return bool(known) or bool(self.lookup(host, "SRV" if host.startswith("_") else "A").answer.records)
        return self._network.path(source, host, port, peek=True).connected

    def lookup(self, name: str, kind: str = "A", *, search: bool = True) -> Lookup:
        """Ask the name servers of the pod."""
        source, tree = self._self()
        if tree is None:
            return Lookup("", ((name, Answer(NO_SERVER)),))
        return self._network.lookup(source, resolver.resolver_of(tree), name, kind, search=search)

    def open(self, host: str, port: int, protocol: str = "TCP") -> Attempt:
        """Try a connection."""
        source, tree = self._self()
        if tree is None:
            return Attempt(UNRESOLVED)
        found = self._network.path(source, host, port, protocol)
        return Attempt(found.outcome, found.ip, found.wire)

    def files(self, address: str) -> dict[str, str]:
        """What the kubelet puts into /etc for the network: hosts, hostname, resolv.conf."""
        _, tree = self._self()
        if tree is None:
            return {}
        name = tree["spec"].get("hostname") or tree["metadata"]["name"]
        return {
            "/etc/hosts": resolver.hosts_file(tree, address),
            "/etc/hostname": f"{name}\n",
            "/etc/resolv.conf": resolver.resolver_of(tree).text(),
        }
