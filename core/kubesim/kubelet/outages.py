"""Carries out Faults: a crashed machine, a stopped kubelet, a cut network, killed containers."""

from typing import TYPE_CHECKING

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import FAULTS, Tree

if TYPE_CHECKING:
    from kubesim.kubelet.fleet import Kubelets

NODE_CRASH, KUBELET_STOP, PARTITION, KILL = "NodeCrash", "KubeletStop", "NetworkPartition", "KillContainers"
BOOT_MS, RESTART_MS = 5_000, 1_000
"""How long a machine boots, and a kubelet starts."""


class Outages:
    """What is broken at present, node by node."""

    def __init__(self, loop: Loop, client: Client, fleet: "Kubelets") -> None:
        self._loop = loop
        self._client = client
        self._fleet = fleet
        self._active: dict[str, dict[str, str]] = {}
        """Type by fault name, by node."""

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
        if NODE_CRASH in after and NODE_CRASH not in before:
            agent.halt(machine=True)
        elif KUBELET_STOP in after and KUBELET_STOP not in before:
            agent.halt(machine=False)
        elif PARTITION in after and PARTITION not in before:
            agent.disconnect()
        if before and not after:
            if NODE_CRASH in before:
                self._loop.after(BOOT_MS, self.recover, node, NODE_CRASH)
            elif KUBELET_STOP in before:
                self._loop.after(RESTART_MS, self.recover, node, KUBELET_STOP)
            else:
                self.recover(node, PARTITION)

    def recover(self, node: str, kind: str) -> None:
        """A node is back, unless something else has happened to it meanwhile."""
        agent = self._fleet.agents.get(node)
        if agent is None or self._active.get(node):
            return
        known = self._fleet.pods_of(node)
        if kind == PARTITION:
            agent.reconnect(known)
        else:
            agent.resume(known, machine=kind == NODE_CRASH)

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
