"""Leader election: which of several instances of a component works, by a Lease that the leader keeps renewing.

# k8s: client-go/tools/leaderelection
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.objects.errors import ApiError
from kubesim.objects.times import parse_time
from kubesim.objects.wire import LEASES, Tree

LEASE_SECONDS = 15
RETRY_MS = 2_000
"""# k8s: LeaderElectionConfiguration: lease 15 s, renewal within 10 s, one try each 2 s."""
NAMESPACE = "kube-system"


class Instance(NamedTuple):
    """One running copy of a component. ``identity`` is made anew with each start of the process."""

    node: str
    identity: str


class Election:
    """The Lease of one component."""

    def __init__(self, loop: Loop, client: Client, component: str) -> None:
        self.component = component
        self.leader = ""
        """The identity of the instance that works, "" for none."""
        self.last_error = ""
        self._loop = loop
        self._client = client

    def hold(self, alive: Sequence[Instance]) -> str:
        """One round: the leader renews, or a successor takes over what has expired; returns the leader's identity."""
        lease = self._client.get(LEASES, NAMESPACE, self.component)
        holder: str = "" if lease is None else (lease["spec"].get("holderIdentity") or "")
        if any(each.identity == holder for each in alive):
            self._write(lease, holder)
        elif not alive or (lease is not None and holder and not self._is_over(lease)):
            self.leader = ""
        else:
            self._write(lease, alive[0].identity)
        return self.leader

    def drop(self) -> None:
        """Nobody works: the process of the leader is gone, or it cannot renew its Lease."""
        self.leader = ""

    def _is_over(self, lease: Tree) -> bool:
        spec = lease["spec"]
        renewed, seconds = spec.get("renewTime"), int(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
        return not renewed or self._loop.now >= parse_time(renewed) + 1000 * seconds

    def _write(self, lease: Tree | None, identity: str) -> None:
        stamp = self._loop.micro_stamp()
        old: Tree = {} if lease is None else lease["spec"]
        spec: dict[str, Any] = {**old, "holderIdentity": identity, "renewTime": stamp}
        if old.get("holderIdentity") != identity:
            spec |= {"acquireTime": stamp, "leaseDurationSeconds": LEASE_SECONDS}
            spec["leaseTransitions"] = int(old.get("leaseTransitions") or 0) + (1 if old else 0)
        try:
            if lease is None:
                metadata = {"name": self.component, "namespace": NAMESPACE}
                body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
                lease = self._client.create(LEASES, NAMESPACE, body)
            else:
                lease = self._client.update(LEASES, {**lease, "spec": spec})
        except ApiError as error:
            self.last_error, self.leader = str(error), ""
            return
        if self.leader != identity:
            self.leader = identity
            self._client.event(lease, "Normal", "LeaderElection", f"{identity} became leader")
