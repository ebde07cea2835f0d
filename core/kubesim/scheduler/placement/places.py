"""What is fixed about each node for one sort of pod: its group, whether it is ruled out, which constraints count it."""

from collections.abc import Iterable, Sequence

from kubesim.scheduler.affinity import intolerable
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.framework import Plugin, Status, default_normalize
from kubesim.scheduler.nodeinfo import NodeInfo
from kubesim.scheduler.placement.parts import Group, Place
from kubesim.scheduler.plugins.image_locality import ImageLocality, locality_score, scaled_size
from kubesim.scheduler.plugins.node_affinity import NodeAffinity
from kubesim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from kubesim.scheduler.plugins.pod_topology_spread import has_all_keys, is_included
from kubesim.scheduler.plugins.taint_toleration import TaintToleration
from kubesim.scheduler.podinfo import HOSTNAME, Incoming

_FILTERS: tuple[Plugin, ...] = (NodeUnschedulable(), TaintToleration(), NodeAffinity())


class Places:
    """The places of all nodes, made once for each change of a node."""

    def __init__(self, pod: Incoming, cache: Cache) -> None:
        self._pod = pod
        self._cache = cache
        self._keys: dict[str, None] = {}
        self.add_keys(constraint.key for constraint in (*pod.hard, *pod.soft))
        terms = pod.info.terms
        if terms is not None:
            self.add_keys(term.key for term in (*terms.required, *terms.anti, *terms.preferred))
        self._groups: dict[object, Group] = {}
        self._interned: dict[object, Place] = {}
        self._places: list[Place | None] = []
        self.revisions: list[int] = []
        """The revision of the node that each place is of."""

    # ------------------------------------------------------------------ keys
    def add_keys(self, keys: Iterable[str]) -> None:
        """Tell nodes apart by these labels too; takes effect after ``clear``."""
        for key in keys:
            if key != HOSTNAME:
                self._keys[key] = None

    def knows(self, keys: Iterable[str]) -> bool:
        """Whether nodes are told apart by all these labels; if not they are added."""
        missing = [key for key in keys if key != HOSTNAME and key not in self._keys]
        self.add_keys(missing)
        return not missing

    # ------------------------------------------------------------------ places
    def clear(self) -> None:
        """Forget all places."""
        self._groups.clear()
        self._interned.clear()
        self._places.clear()
        self.revisions.clear()

    def get(self, index: int) -> Place | None:
        """The place that was found last for a node."""
        return self._places[index] if index < len(self._places) else None

    def forget(self, index: int) -> None:
        """A node has gone."""
        if index < len(self._places):
            self._places[index] = None

    def find(self, node: NodeInfo) -> Place:
        """Work out the place of a node."""
        missing = node.index + 1 - len(self._places)
        if missing > 0:
            self._places += [None] * missing
            self.revisions += [0] * missing
        group = self._group(node)
        failure = self._failure(node)
        counted = self._counted(node)
        key = (group.serial, failure, counted)
        place = self._interned.get(key)
        if place is None:
            place = self._interned[key] = Place(group, failure, counted)
        self._places[node.index] = place
        self.revisions[node.index] = node.revision
        return place

    def _failure(self, node: NodeInfo) -> Status | None:
        for plugin in _FILTERS:
            status = plugin.filter({}, self._pod, node)
            if status is not None:
                return status
        return None

    def _counted(self, node: NodeInfo) -> tuple[bool, ...]:
        pod = self._pod
        hard = bool(pod.hard) and has_all_keys(node.labels, pod.hard)
        soft = pod.system_defaulted or has_all_keys(node.labels, pod.soft)
        return (
            *(hard and is_included(constraint, pod.info, node) for constraint in pod.hard),
            *(soft and is_included(constraint, pod.info, node) for constraint in pod.soft),
        )

    def _group(self, node: NodeInfo) -> Group:
        pod, labels = self._pod, node.labels
        values = tuple(labels.get(key) for key in self._keys)
        hosted = HOSTNAME in labels
        complete = has_all_keys(labels, pod.hard)
        covers = pod.system_defaulted or has_all_keys(labels, pod.soft)
        taints = intolerable(node.taints, pod.info.tolerations) if node.taints else 0
        requirement = pod.info.node_requirement
        preferred = requirement.preference(labels, node.name) if requirement.preferred else 0
        images = tuple(node.images.get(image) for image in pod.info.images)
        key = (values, hosted, complete, covers, taints, preferred, images)
        group = self._groups.get(key)
        if group is None:
            known = {name: value for name, value in zip(self._keys, values, strict=True) if value is not None}
            group = Group(len(self._groups), known, hosted, complete, covers, taints, preferred, images)
            self._groups[key] = group
        return group

    # ------------------------------------------------------------------ scores
    def weigh(self, groups: Sequence[Group]) -> None:
        """Set ``base`` of the groups that have feasible nodes: taints, node affinity and images, weighted."""
        info = self._pod.info
        taints = default_normalize([group.taints for group in groups], reverse=True)
        preferred = default_normalize([group.preferred for group in groups], reverse=False)
        count = self._cache.node_count
        holders = [self._cache.image_nodes(image) for image in info.images]
        for group, tainted, liked in zip(groups, taints, preferred, strict=True):
            group.base = TaintToleration.weight * tainted + NodeAffinity.weight * liked
            if info.images:
                total = sum(
                    scaled_size(size, holding, count)
                    for size, holding in zip(group.images, holders, strict=True)
                    if size is not None
                )
                group.base += ImageLocality.weight * locality_score(total, info.image_containers)
