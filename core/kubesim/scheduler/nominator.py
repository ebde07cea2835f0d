"""Pods that preempted others and wait for their node: the places that are held for them."""

from collections.abc import Sequence

from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.nodeinfo import PodRecord
from kubesim.scheduler.podinfo import PodInfo


class Nominator:
    """The nominated pods of each node. # k8s: backend/queue/nominator.go."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._by_node: dict[str, dict[str, PodRecord]] = {}
        self._nodes: dict[str, str] = {}
        self._with_terms = 0

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def add(self, pod: Tree, info: PodInfo, node: str) -> None:
        """Hold a place on a node; an earlier one of the pod is given up."""
        uid: str = pod["metadata"]["uid"]
        self.remove(uid)
        if node:
            self._nodes[uid] = node
            self._by_node.setdefault(node, {})[uid] = PodRecord(pod, info, node, assumed=True)
            self._with_terms += info.terms is not None
            self._cache.touch(node)

    @property
    def has_terms(self) -> bool:
        """Whether any nominated pod has pod affinity or anti-affinity."""
        return self._with_terms > 0

    def remove(self, uid: str) -> None:
        """Give up the place of a pod."""
        node = self._nodes.pop(uid, None)
        if node is not None:
            held = self._by_node[node]
            self._with_terms -= held.pop(uid).info.terms is not None
            if not held:
                del self._by_node[node]
            self._cache.touch(node)

    def node_of(self, uid: str) -> str:
        """The node nominated for a pod, or ""."""
        return self._nodes.get(uid, "")

    def on(self, node: str) -> Sequence[PodRecord]:
        """The pods nominated to a node, in order of nomination."""
        held = self._by_node.get(node)
        return tuple(held.values()) if held else ()

    def rivals(self, node: str, priority: int, uid: str) -> list[PodRecord]:
        """The nominated pods that a pod of this priority must leave room for."""
        held = self._by_node.get(node)
        if not held:
            return []
        return [record for record in held.values() if record.info.priority >= priority and record.uid != uid]


def nominated_node(pod: Tree) -> str:
    """``status.nominatedNodeName``, or ""."""
    name: str = (pod.get("status") or EMPTY).get("nominatedNodeName") or ""
    return name
