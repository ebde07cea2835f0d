"""What comes before a binding: volumes are set aside or made for the node, and the pod waits for its claims."""

from collections.abc import Callable
from typing import NamedTuple

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects import refs, volumes
from kubesim.objects.wire import CLAIMS, VOLUMES, Tree
from kubesim.scheduler.framework import ClusterEvent
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.plugins.volume_binding import VolumeBinding
from kubesim.scheduler.storage import WATCHED, Placing

TIMEOUT_MS = 600_000
"""# k8s: VolumeBindingArgs.bindTimeoutSeconds."""


class Waiting(NamedTuple):
    """A pod whose claims are being bound."""

    namespace: str
    claims: tuple[str, ...]
    due: int


class VolumeBinder:
    """# k8s: volumebinding PreBind. ``done(uid, message)`` is told of the end; a message says what went wrong."""

    def __init__(self, loop: Loop, client: Client, plugin: VolumeBinding, done: Callable[[str, str], None]) -> None:
        self._loop = loop
        self._client = client
        self._plugin = plugin
        self._done = done
        self._waiting: dict[str, Waiting] = {}

    def follow(self, hub: Hub, tell: Callable[[ClusterEvent, int], None]) -> None:
        """Hear of storage objects; ``tell`` is a bound method that wakes pods which such a change may help."""
        self._tell = tell
        for gvr in WATCHED:
            hub.on(gvr, self._changed)

    def begin(self, uid: str, namespace: str, claims: tuple[str, ...], node: NodeInfo) -> bool:
        """See to the claims of a pod that goes to a node; True when there is nothing to wait for. Raises ApiError."""
        placing = self._plugin.reserve(namespace, claims, node)
        if placing is None or not (placing.bindings or placing.provisioned):
            return True
        self._write(placing, node.name)
        due = self._loop.now + TIMEOUT_MS
        self._waiting[uid] = Waiting(namespace, claims, due)
        self._loop.at(due, self._expire, uid, due)
        return False

    def _write(self, placing: Placing, node: str) -> None:
        for volume, claim in placing.bindings:
            wanted = volumes.bound_volume(volume, claim)
            if wanted is not volume:
                self._client.update(VOLUMES, wanted)
        for claim in placing.provisioned:
            marked = volumes.annotated(claim, **{volumes.SELECTED_NODE: node})
            if marked is not claim:
                self._client.update(CLAIMS, marked)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        self._tell(ClusterEvent("Volume", ("Add",) if old is None else ("Update",), old, new), revision)
        if new is None or new["kind"] != "PersistentVolumeClaim" or not self._waiting:
            return
        namespace, name = refs.place(new)
        for uid, waiting in list(self._waiting.items()):
            if waiting.namespace == namespace and name in waiting.claims and self._is_bound(waiting):
                del self._waiting[uid]
                self._done(uid, "")

    def _is_bound(self, waiting: Waiting) -> bool:
        found = [self._client.get(CLAIMS, waiting.namespace, name) for name in waiting.claims]
        return all(claim is not None and volumes.is_bound(claim) for claim in found)

    def _expire(self, uid: str, due: int) -> None:
        waiting = self._waiting.get(uid)
        if waiting is not None and waiting.due == due:
            del self._waiting[uid]
            self._done(uid, 'running PreBind plugin "VolumeBinding": binding volumes')
