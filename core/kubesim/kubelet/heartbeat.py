"""Keeps a node's Lease and Node status fresh, and says so when the node comes up."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from kubesim.kubelet import node
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import LEASES, NODES, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.agent import Agent

LEASE_MS = 10_000
REPORT_MS = 300_000
READY_MS = 1_000
"""How long a kubelet needs from its start until it is ready."""
LEASE_NAMESPACE = "kube-node-lease"


class Heartbeat:
    """The node side of one agent."""

    __slots__ = ("_agent", "_generation", "_reported_ms", "_seen", "boot", "changed", "ready")

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._reported_ms = 0
        self._seen: Tree | None = None
        """The status that was last looked at for what others did to it."""
        self._generation = 0
        self.boot = 0
        """How often the machine has been booted since it was registered."""
        self.ready = False
        self.changed = False
        """Whether the status has news that cannot wait five minutes."""

    def register(self) -> Tree:
        """Create the Node, or take over the one that is there."""
        agent = self._agent
        found = agent.client.get(NODES, "", agent.name)
        if found is None:
            wanted = node.body(
                agent.spec, agent.host_ip, agent.addresses.cidr, agent.loop.stamp(), agent.images.present
            )
            found = agent.client.create(NODES, "", wanted)
        return found

    def start(self, phase_ms: int) -> None:
        """The kubelet has started; it renews its lease in its own rhythm and is ready a little later."""
        agent = self._agent
        self._generation += 1
        self.ready = False
        self.register()
        self._say("Starting", "Starting kubelet.")
        if self.boot:
            # k8s: the first image garbage collection comes before the runtime has said how large its disk is.
            # differs: at the very first start nothing is told of it
            self.warn("InvalidDiskCapacity", "invalid capacity 0 on image filesystem")
        for _, _, _, reason in node.CONDITIONS:
            self._say(reason, f"Node {agent.name} status is now: {reason}")
        self._say("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
        self.renew()
        agent.loop.after(READY_MS, self.become_ready, self._generation)
        agent.loop.after(max(phase_ms, 100), self.beat, self._generation)

    def stop(self) -> None:
        """The kubelet has gone; what it had planned does not happen."""
        self._generation += 1
        self.ready = False

    def become_ready(self, generation: int) -> None:
        """The runtime and the network are up."""
        if generation != self._generation:
            return
        agent = self._agent
        self.ready = True
        self.report()
        if self.boot:
            self._rebooted()
        self._say("NodeReady", f"Node {agent.name} status is now: NodeReady")

    def _rebooted(self) -> None:
        agent = self._agent
        boot_id = node.node_info(agent.name, self.boot)["bootID"]
        current = agent.client.get(NODES, "", agent.name)
        if current is not None and agent.booted != self.boot:
            agent.booted = self.boot
            agent.event(
                self._about(), "Warning", "Rebooted", f"Node {agent.name} has been rebooted, boot id: {boot_id}"
            )

    def beat(self, generation: int) -> None:
        """Every ten seconds: the lease, and the status when it has changed or is five minutes old."""
        if generation != self._generation:
            return
        agent = self._agent
        if agent.online:
            self.renew()
            agent.eviction.look()
            agent.collector.look(agent.loop.now)
            if self.ready and (self.changed or self._meddled() or agent.loop.now - self._reported_ms >= REPORT_MS):
                self.report()
        agent.loop.after(LEASE_MS, self.beat, generation)

    def _meddled(self) -> bool:
        """Whether somebody else has written what the kubelet has to say. # k8s: kubelet tryUpdateNodeStatus."""
        agent = self._agent
        current = agent.client.get(NODES, "", agent.name)
        status = current.get("status") if current is not None else None
        if status is None or status is self._seen:
            return False
        self._seen = status
        return (
            status.get("nodeInfo") != node.node_info(agent.name, self.boot)
            or status.get("daemonEndpoints") != node.ENDPOINTS
            or node.allocatable(status) is not status.get("allocatable")
        )

    def renew(self) -> None:
        """Write the lease: everything but its time is shared with the one before."""
        agent = self._agent
        if not agent.online:
            return
        client = agent.client
        renewed = agent.loop.micro_stamp()
        current = client.get(LEASES, LEASE_NAMESPACE, agent.name)
        try:
            if current is not None:
                client.update(LEASES, {**current, "spec": {**current["spec"], "renewTime": renewed}})
                return
            owner = client.get(NODES, "", agent.name)
            if owner is not None:
                uid = owner["metadata"].get("uid", "")
                client.create(LEASES, LEASE_NAMESPACE, node.lease(agent.name, uid, renewed))
        except ApiError as error:
            agent.last_error = str(error)

    def report(self) -> None:
        """Write the Node status. # k8s: a Node that was deleted stays away until its kubelet is started again."""
        agent = self._agent
        if not agent.online:
            self.changed = True
            return
        current = agent.client.get(NODES, "", agent.name)
        if current is None:
            return
        try:
            old: Tree = current.get("status") or {}
            status: dict[str, Any] = {
                **old,
                "conditions": node.conditions(
                    old.get("conditions") or [],
                    agent.loop.stamp(),
                    ready=self.ready and not agent.shutdown.active,
                    message=node.SHUTTING_DOWN if agent.shutdown.active else node.NOT_READY_YET,
                    pressures=agent.eviction.pressures,
                ),
                "allocatable": node.allocatable(old),
                "daemonEndpoints": node.ENDPOINTS,
                "images": node.image_list(agent.images.present),
                "nodeInfo": node.node_info(agent.name, self.boot),
            }
            agent.client.update_status(NODES, {**current, "status": status})
        except ApiError as error:
            agent.last_error = str(error)
            return
        self._reported_ms = agent.loop.now
        self.changed = False

    def pressed(self, before: Collection[str]) -> None:
        """Something has become short, or is so no more."""
        after = self._agent.eviction.pressures
        for type_, has, lacks in node.PRESSURE_EVENTS:
            if (type_ in before) != (type_ in after):
                reason = lacks if type_ in after else has
                self._say(reason, f"Node {self._agent.name} status is now: {reason}")
        self.report()

    def warn(self, reason: str, message: str) -> None:
        """A warning about the node."""
        self._agent.event(self._about(), "Warning", reason, message)

    def note(self, reason: str, message: str) -> None:
        """News about the node."""
        self._say(reason, message)

    def shutting_down(self) -> None:
        """The machine is about to go off."""
        self.report()
        self._say("NodeNotReady", f"Node {self._agent.name} status is now: NodeNotReady")

    def stays(self) -> None:
        """The machine does not go off after all."""
        self.report()
        self._say("NodeReady", f"Node {self._agent.name} status is now: NodeReady")

    def cordoned(self, cordoned: bool) -> None:
        """The node may or may not take new pods."""
        reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
        self._say(reason, f"Node {self._agent.name} status is now: {reason}")

    def _about(self) -> Tree:
        # k8s: a kubelet's events about its node carry the name as uid
        return {"kind": "Node", "apiVersion": "v1", "metadata": {"name": self._agent.name, "uid": self._agent.name}}

    def _say(self, reason: str, message: str) -> None:
        self._agent.event(self._about(), "Normal", reason, message)
