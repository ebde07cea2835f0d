"""Keeps the NetworkPolicies of each namespace; costs nothing while there are none."""

from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.network import policy
from kubesim.network.policy import ALLOWED, Peer, Verdict
from kubesim.objects import refs
from kubesim.objects.pods import node_name
from kubesim.objects.wire import NAMESPACES, NETWORKPOLICIES, NODES, PODS, Tree

ZONE_LABEL = "topology.kubernetes.io/zone"


class PolicyTable:
    """The policies by namespace, and the ends of connections as policies see them."""

    def __init__(self, hub: Hub, client: Client) -> None:
        self._client = client
        self._held: dict[str, dict[str, Tree]] = {}
        hub.on(NETWORKPOLICIES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        either = new if new is not None else old
        if either is None:
            return
        namespace, name = refs.place(either)
        held = self._held.setdefault(namespace, {})
        if new is None:
            held.pop(name, None)
        else:
            held[name] = new
        if not held:
            del self._held[namespace]

    def __len__(self) -> int:
        return sum(len(held) for held in self._held.values())

    def of(self, namespace: str) -> list[Tree]:
        """The policies of a namespace in order of their names."""
        held = self._held.get(namespace)
        return [] if held is None else [held[name] for name in sorted(held)]

    def check(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> tuple[Verdict, Verdict]:
        """What the policies of the source's side and of the target's side say."""
        if not self._held:
            return ALLOWED, ALLOWED
        out = policy.egress(self.of(source.namespace), source, target, port, protocol)
        return out, policy.ingress(self.of(target.namespace), source, target, port, protocol)

    # ------------------------------------------------------------------ ends
    def pod(self, namespace: str, name: str) -> Peer | None:
        """A pod as an end of a connection; None when there is none."""
        found = self._client.get(PODS, namespace, name)
        return None if found is None else self.peer(found)

    def peer(self, pod: Tree) -> Peer:
        """A pod as an end of a connection."""
        spec, (namespace, name) = pod["spec"], refs.place(pod)
        space = self._client.get(NAMESPACES, "", namespace)
        node = node_name(pod)
        machine = self._client.get(NODES, "", node) if node else None
        ports = tuple(
            (port["name"], port.get("protocol") or "TCP", int(port["containerPort"]))
            for container in (*spec["containers"], *(spec.get("initContainers") or ()))
            for port in container.get("ports") or ()
            if port.get("name")
        )
        return Peer(
            str((pod.get("status") or {}).get("podIP") or ""),
            namespace,
            name,
            node,
            str(refs.labels(machine).get(ZONE_LABEL, "")) if machine is not None else "",
            refs.labels(pod),
            {} if space is None else refs.labels(space),
            ports,
            bool(spec.get("hostNetwork")),
        )
