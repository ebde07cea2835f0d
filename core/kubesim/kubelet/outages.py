"""Carries out Faults: a crashed machine, one that shuts down, a stopped kubelet, a cut network, killed containers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubesim.kernel.loop import Loop
from kubesim.kubelet.shared import Shared
from kubesim.kubelet.worker import PodWorker
from kubesim.machinery.client import Client
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import FAULTS, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.fleet import Kubelets

NODE_CRASH, KUBELET_STOP, PARTITION, KILL = "NodeCrash", "KubeletStop", "NetworkPartition", "KillContainers"
SHUTDOWN = "NodeShutdown"
MEMORY, DISK, PID = "MemoryPressure", "DiskPressure", "PIDPressure"
CUTS = (NODE_CRASH, KUBELET_STOP, PARTITION)
"""What keeps a kubelet from the API server."""
HALTS = (NODE_CRASH, KUBELET_STOP, SHUTDOWN)
"""What keeps a kubelet from running."""
BOOT_MS, RESTART_MS = 5_000, 1_000
"""How long a machine boots, and a kubelet starts."""


class Outages:
    """What is broken at present, node by node."""

    def __init__(self, loop: Loop, client: Client, fleet: "Kubelets", shared: Shared) -> None:
        self._loop = loop
        self._client = client
        self._fleet = fleet
        self._shared = shared
        self._has_api_server = True
        self._down: dict[str, str] = {}
        """What has stopped the kubelet of a node: the crash of the machine or its own stop."""
        self._active: dict[str, dict[str, str]] = {}
        """Type by fault name, by node."""
        self.power: Callable[[str, bool], None] | None = None
        """Told when a machine goes off after its shutdown (False), and when it is switched on again."""

    def changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """A Fault has been created or deleted."""
        fault = new or old
        if fault is None or (old is not None and new is not None):
            return
        spec = fault["spec"]
        kind, target = spec["type"], spec["target"]
        if kind == KILL:
            if new is not None:
                self._kill(fault["metadata"]["name"], target.get("namespace", ""), target["name"], revision)
            return
        node = target["name"]
        before = self._kinds(node)
        faults = self._active.setdefault(node, {})
        if new is not None:
            faults[fault["metadata"]["name"]] = kind
        else:
            faults.pop(fault["metadata"]["name"], None)
        self._apply(node, before, self._kinds(node))

    def active(self, node: str) -> dict[str, str]:
        """The faults of a node: type by name."""
        return dict(self._active.get(node, {}))

    def _kinds(self, node: str) -> list[str]:
        return list(dict.fromkeys(self._active.get(node, {}).values()))

    def _apply(self, node: str, before: list[str], after: list[str]) -> None:
        agent = self._fleet.agents.get(node)
        if agent is None:
            return
        agent.eviction.squeeze(memory=MEMORY in after, disk=DISK in after, pids=PID in after)
        if NODE_CRASH in after and NODE_CRASH not in before:
            self._down[node] = NODE_CRASH
            agent.halt(machine=True)
        elif KUBELET_STOP in after and KUBELET_STOP not in before and node not in self._down:
            self._down[node] = KUBELET_STOP
            agent.halt(machine=False)
        if (SHUTDOWN in after) != (SHUTDOWN in before):
            self._shut_down(node, on=SHUTDOWN in after)
        if PARTITION in after:
            agent.disconnect()
        if node in self._down:
            if not any(kind in HALTS for kind in after):
                self._loop.after(BOOT_MS if self._down[node] == NODE_CRASH else RESTART_MS, self.recover, node)
        elif PARTITION in before and PARTITION not in after:
            self.recover(node)

    def _shut_down(self, node: str, *, on: bool) -> None:
        agent = self._fleet.agents[node]
        if on:
            agent.shutdown.begin(self.power_off)
        elif node in self._down:
            if self.power is not None:
                self.power(node, True)
        else:
            agent.shutdown.cancel()

    def power_off(self, node: str) -> None:
        """Its pods have been stopped: the machine goes off."""
        agent = self._fleet.agents.get(node)
        if agent is None or self._down.get(node) == NODE_CRASH:
            return
        self._down[node] = NODE_CRASH
        agent.halt(machine=True)
        if self.power is not None:
            self.power(node, False)

    def is_off(self, node: str) -> bool:
        """Whether the machine of a node is off."""
        return self._down.get(node) == NODE_CRASH

    def recover(self, node: str) -> None:
        """A node is back, unless something else has happened to it meanwhile."""
        agent, kinds = self._fleet.agents.get(node), self._kinds(node)
        if agent is None or any(kind in HALTS for kind in kinds):
            return
        reached = self._has_api_server and PARTITION not in kinds
        down = self._down.pop(node, None)
        if down is not None:
            agent.resume(self._fleet.pods_of(node), machine=down == NODE_CRASH)
        elif reached:
            agent.reconnect(self._fleet.pods_of(node))
        if not reached:
            agent.disconnect()

    def reach(self, *, api_server: bool) -> None:
        """All kubelets lose the API server, or find it again."""
        self._has_api_server = api_server
        for name, agent in self._fleet.agents.items():
            if not api_server:
                agent.disconnect()
            elif agent.running and not any(kind in CUTS for kind in self._kinds(name)):
                agent.reconnect(self._fleet.pods_of(name))

    def crash(self, namespace: str, name: str, *, on: bool) -> None:
        """Have the containers of a pod end as soon as they start, or no more."""
        broken, place = self._shared.broken, (namespace, name)
        worker = self._fleet.worker_of(namespace, name)
        if on and place not in broken:
            broken[place] = None
            if worker is not None and worker.agent.running:
                worker.kill(self._loop.now)
        elif not on and place in broken:
            del broken[place]
            if worker is not None:
                _start_again(worker, self._loop.now)

    def _kill(self, fault: str, namespace: str, name: str, revision: int) -> None:
        worker = self._fleet.worker_of(namespace, name)
        if worker is not None and worker.agent.running:
            worker.cause = revision
            worker.kill(self._loop.now)
        self._client.cause = revision
        try:
            self._client.delete(FAULTS, "", fault)
        except ApiError as error:
            self._client.note = str(error)
        finally:
            self._client.cause = 0


def _start_again(worker: PodWorker, now: int) -> None:
    """Forget how often containers have crashed."""
    for container in worker.containers:
        container.back_off = None
        if container.reason:
            container.retry_at = min(container.retry_at, now)
    worker.poke()
