"""The scheduler's picture of the cluster: nodes with their pods, assumed pods included, and a log of what changed."""

from collections.abc import Iterator, Mapping

from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.counters import Counters
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.podinfo import PodInfo


class Inventory:
    """What the nodes hold and are called, counted."""

    def __init__(self) -> None:
        self.revision = 0
        """Counts the changes."""
        self.images: dict[str, int] = {}
        """How many nodes hold an image."""
        self.shared_hostnames = 0
        """How many nodes have the host name label of another node."""
        self._hostnames: dict[str, int] = {}

    def count(self, node: NodeInfo, sign: int) -> None:
        """A node has come (1) or gone (-1)."""
        self.revision += 1
        hostname = node.hostname
        if hostname is not None:
            others = self._hostnames.get(hostname, 0) - (sign < 0)
            self.shared_hostnames += sign if others else 0
            self._hostnames[hostname] = others + (sign > 0)
        for image in node.images:
            number = self.images.get(image, 0) + sign
            if number:
                self.images[image] = number
            else:
                del self.images[image]


class Cache:
    """Nodes, the pods on them, and ``log``: the index of each node that something happened to.

    Pods whose node is not known (yet) wait in ``homeless``.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeInfo | None] = []
        """By index; None where a node has gone."""
        self.log: list[int] = []
        self.log_start = 0
        """How many entries were dropped from the front of the log."""
        self.records: dict[str, PodRecord] = {}
        self.counters = Counters()
        self.terms_revision = 0
        """Counts the label keys that terms of running pods began to look at."""
        self.term_keys: dict[str, None] = {}
        self.inventory = Inventory()
        self.priorities: dict[int, int] = {}
        """How many pods there are of each priority."""
        self._by_name: dict[str, NodeInfo] = {}
        self._homeless: dict[str, dict[str, PodRecord]] = {}
        self._with_affinity: dict[int, None] = {}
        self._live: list[NodeInfo] | None = None
        self._names: dict[int, str] | None = None

    # ------------------------------------------------------------------ as a Snapshot
    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        return len(self._by_name)

    def live_nodes(self) -> list[NodeInfo]:
        """The nodes in order of arrival."""
        if self._live is None:
            self._live = [node for node in self.nodes if node is not None]
        return self._live

    def node_names(self) -> dict[int, str]:
        """The name of each node by its index; one object until the nodes change."""
        if self._names is None:
            self._names = {node.index: node.name for node in self.live_nodes()}
        return self._names

    def nodes_with_affinity(self) -> list[NodeInfo]:
        """The nodes that host a pod with pod affinity or anti-affinity, in order of arrival."""
        found = (self.nodes[index] for index in sorted(self._with_affinity))
        return [node for node in found if node is not None]

    @property
    def has_affinity(self) -> bool:
        """Whether any pod on a node has pod affinity or anti-affinity."""
        return bool(self._with_affinity)

    def node(self, name: str) -> NodeInfo | None:
        """The node of that name."""
        return self._by_name.get(name)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace."""
        return self.counters.namespaces.get(namespace, EMPTY)

    def image_nodes(self, image: str) -> int:
        """How many nodes hold an image."""
        return self.inventory.images.get(image, 0)

    # ------------------------------------------------------------------ nodes
    def add_node(self, tree: Tree) -> NodeInfo:
        """A node has come; pods that are already bound to it move in."""
        node = NodeInfo(len(self.nodes), tree)
        self.nodes.append(node)
        self._by_name[node.name] = node
        self._live = self._names = None
        self.inventory.count(node, 1)
        for record in self._homeless.pop(node.name, {}).values():
            self._settle(node, record)
        self._touch(node.index)
        return node

    def update_node(self, node: NodeInfo, tree: Tree) -> None:
        """A node has changed in a way that matters."""
        self.inventory.count(node, -1)
        node.set(tree)
        self.inventory.count(node, 1)
        self._touch(node.index)

    def remove_node(self, node: NodeInfo) -> None:
        """A node has gone; its pods stay known until they go too."""
        homeless = self._homeless.setdefault(node.name, {})
        for record in list(node.pods.values()):
            self._unsettle(node, record)
            homeless[record.uid] = record
        if not homeless:
            del self._homeless[node.name]
        self.inventory.count(node, -1)
        del self._by_name[node.name]
        self.nodes[node.index] = None
        self._live = self._names = None
        self._touch(node.index)

    # ------------------------------------------------------------------ pods
    def add_pod(self, pod: Tree, info: PodInfo, node_name: str, *, assumed: bool = False) -> None:
        """A pod is bound to a node, or is about to be."""
        uid: str = pod["metadata"]["uid"]
        record = self.records[uid] = PodRecord(pod, info, node_name, assumed=assumed)
        node = self._by_name.get(node_name)
        if node is None:
            self._homeless.setdefault(node_name, {})[uid] = record
        else:
            self._settle(node, record)
            self._touch(node.index)

    def remove_pod(self, uid: str) -> PodRecord | None:
        """A pod has left its node; returns what was known of it."""
        record = self.records.pop(uid, None)
        if record is None:
            return None
        node = self._by_name.get(record.node)
        if node is None:
            homeless = self._homeless[record.node]
            del homeless[uid]
            if not homeless:
                del self._homeless[record.node]
        else:
            self._unsettle(node, record)
            self._touch(node.index)
        return record

    def confirm_pod(self, record: PodRecord, pod: Tree) -> None:
        """Take over a newer state of a pod whose requests and node are as they were."""
        record.assumed = False
        node = self._by_name.get(record.node)
        before = self.counters.matching(record)
        record.pod = pod
        after = self.counters.matching(record)
        if after != before and node is not None:
            self.counters.shift(before, node.index, -1)
            self.counters.shift(after, node.index, 1)
            self._touch(node.index)

    def _settle(self, node: NodeInfo, record: PodRecord) -> None:
        node.add(record)
        self.counters.count(record, node.index, 1)
        info = record.info
        self.priorities[info.priority] = self.priorities.get(info.priority, 0) + 1
        if info.terms is not None:
            self._with_affinity[node.index] = None
            for key in info.terms.selectors:
                if key not in self.term_keys:
                    self.term_keys[key] = None
                    self.terms_revision += 1

    def _unsettle(self, node: NodeInfo, record: PodRecord) -> None:
        node.remove(record)
        self.counters.count(record, node.index, -1)
        priority = record.info.priority
        self.priorities[priority] -= 1
        if not self.priorities[priority]:
            del self.priorities[priority]
        if record.info.terms is not None and not node.affinity:
            del self._with_affinity[node.index]

    def settled(self) -> Iterator[tuple[int, PodRecord]]:
        """Every pod on a known node, with the index of the node."""
        for node in self.live_nodes():
            for record in node.pods.values():
                yield node.index, record

    def touch(self, name: str) -> None:
        """Note that what is nominated to a node has changed."""
        node = self._by_name.get(name)
        if node is not None:
            self._touch(node.index)

    def _touch(self, index: int) -> None:
        log = self.log
        log.append(index)
        if len(log) > 4 * len(self.nodes) + 20_000:
            # Whoever is further behind than this looks at all nodes again.
            dropped = len(log) // 2
            del log[:dropped]
            self.log_start += dropped
