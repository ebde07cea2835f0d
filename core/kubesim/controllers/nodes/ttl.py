"""The ttl controller: tells kubelets how long they may keep secrets and config maps, by the size of the cluster."""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.wire import NODES, Tree

ANNOTATION = "node.alpha.kubernetes.io/ttl"
BOUNDARIES = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 2**31, 300))
"""From so many nodes, up to so many, seconds. # k8s: ttl_controller.go"""


def next_step(step: int, nodes: int) -> int:
    """Which boundary holds for that many nodes; they overlap, so that the value does not flap."""
    while step + 1 < len(BOUNDARIES) and nodes > BOUNDARIES[step][1]:
        step += 1
    while step > 0 and nodes < BOUNDARIES[step][0]:
        step -= 1
    return step


class TtlController:
    """Keeps the annotation of nodes. ``controller`` is its driver; keys are ("", node)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("ttl", loop, client, self)
        self._client = client
        self._count = 0
        self._step = 0
        hub.on(NODES, self._node_changed)
        for each in client.list(NODES):
            self._node_changed(None, each, 0)

    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        self._count += (new is not None) - (old is not None)
        self._step = next_step(self._step, self._count)
        if new is not None and refs.annotations(new).get(ANNOTATION) != self._wished():
            self.controller.add(refs.place(new), revision)

    def _wished(self) -> str:
        return str(BOUNDARIES[self._step][2])

    def reconcile(self, key: Hashable) -> int | None:
        """Write the annotation of one node when it differs."""
        node = self._client.get(NODES, *cast("tuple[str, str]", key))
        if node is None or refs.annotations(node).get(ANNOTATION) == self._wished():
            return None
        annotations = {**refs.annotations(node), ANNOTATION: self._wished()}
        self._client.update(NODES, {**node, "metadata": {**node["metadata"], "annotations": annotations}})
        return None
