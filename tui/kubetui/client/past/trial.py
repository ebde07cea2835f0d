"""Tries one Request in a copy of the cluster: which pods come, where they fit, which go, which stay pending and why."""

import asyncio
import zlib
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kubesim.objects import refs
from kubesim.objects import tree as trees
from kubesim.objects.wire import PODS, REPLICASETS, Key, Request, Tree
from kubesim.store import snapshot
from kubetui.client.past.snapshots import photographed
from kubetui.client.port import Attempt

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient

SLICE = 0.008
REST = 0.001
STEP = 1_000
LONGEST = 20_000
"""Virtual milliseconds until every pod has been offered to the scheduler."""


class Trial:
    """Keeps the copy, so that one number after the other can be tried."""

    def __init__(self, client: "LocalClient", key: Key) -> None:
        self._client = client
        self._key = key
        self._origin = b""

    async def attempt(self, request: Request) -> Attempt:
        """What comes of a Request. Cancelling the task ends it; the cluster itself is not touched."""
        if not self._origin:
            self._origin = await photographed(self._client.cluster)
        cluster = await asyncio.to_thread(self._copy)
        before = self._pods(cluster)
        response = cluster.api.handle(request)
        if response.code >= 400:
            return Attempt(str(trees.get(response.body, "message", "refused")))
        start = cluster.loop.now
        while cluster.loop.now - start < LONGEST:
            await self._pass(cluster, STEP)
            found = self._pods(cluster)
            if self._settled(cluster, found):
                break
        return summary(before, self._pods(cluster))

    def _copy(self) -> Any:
        return snapshot.from_bytes(zlib.decompress(self._origin))

    async def _pass(self, cluster: Any, duration: int) -> None:
        due = cluster.loop.now + duration
        deadline = 0.0

        def late() -> bool:
            return perf_counter() >= deadline

        while True:
            deadline = perf_counter() + SLICE
            if cluster.loop.run_until(due, late):
                return
            await asyncio.sleep(REST)

    def _pods(self, cluster: Any) -> dict[str, Tree]:
        """The pods that belong to the object, by uid."""
        store, key = cluster.store, self._key
        found = {}
        for pod in store.range(PODS, key.namespace):
            owner = refs.controller_of(pod)
            if owner is not None and owner.get("kind") == "ReplicaSet" and key.gvr != REPLICASETS:
                parent = store.get(REPLICASETS, key.namespace, owner.get("name", ""))
                owner = None if parent is None else refs.controller_of(parent)
            if owner is not None and owner.get("name") == key.name:
                found[str(pod["metadata"].get("uid", ""))] = pod
        return found

    def _settled(self, cluster: Any, found: dict[str, Tree]) -> bool:
        obj = cluster.store.get(*self._key)
        wanted = int(trees.get(obj or {}, "spec.replicas", 1))
        alive = [pod for pod in found.values() if not pod["metadata"].get("deletionTimestamp")]
        return len(alive) == wanted and all(trees.get(pod, "spec.nodeName", "") or reason(pod) for pod in alive)


def reason(pod: Tree) -> str:
    """Why the scheduler finds no node, or ""."""
    for condition in trees.get(pod, "status.conditions", ()) or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message", ""))
    return ""


def summary(before: dict[str, Tree], after: dict[str, Tree]) -> Attempt:
    """What has changed."""
    placed: dict[str, int] = {}
    gone: dict[str, int] = {}
    pending: dict[str, int] = {}
    for uid, pod in after.items():
        node = str(trees.get(pod, "spec.nodeName", "") or "")
        if pod["metadata"].get("deletionTimestamp"):
            gone[node] = gone.get(node, 0) + 1
        elif not node:
            words = reason(pod)
            pending[words] = pending.get(words, 0) + 1
        elif uid not in before:
            placed[node] = placed.get(node, 0) + 1
    for uid, pod in before.items():
        if uid not in after:
            node = str(trees.get(pod, "spec.nodeName", "") or "")
            gone[node] = gone.get(node, 0) + 1
    return Attempt("", dict(sorted(placed.items())), dict(sorted(gone.items())), pending)
