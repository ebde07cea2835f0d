"""What the plugins of the scheduling framework are asked, and the words of their answers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
    from kubesim.scheduler.podinfo import Incoming

MAX_NODE_SCORE = 100

CycleState = dict[str, Any]
"""What the plugins of one cycle have worked out; each plugin keeps its own value under its name."""


class Shortfall(NamedTuple):
    """One resource that a node lacks. Amounts: cpu in thousandths, others in units."""

    resource: str
    requested: int
    used: int
    capacity: int


class Status(NamedTuple):
    """Why a pod may not run on a node. ``resolvable``: removing pods from the node might help."""

    plugin: str
    reasons: tuple[str, ...]
    resolvable: bool = True
    shortfalls: tuple[Shortfall, ...] = ()


class ClusterEvent(NamedTuple):
    """A write that may help pods that could not be scheduled.

    ``resource`` is Node, AssignedPod, UnscheduledPod or Volume; ``actions`` are Add, Delete, Update and the finer
    UpdateNodeLabel, UpdateNodeTaint, UpdateNodeAllocatable, UpdatePodLabel, UpdatePodScaleDown,
    UpdatePodToleration, UpdatePodSchedulingGatesEliminated. # k8s: kube-scheduler/framework/events.go
    """

    resource: str
    actions: tuple[str, ...]
    old: Tree | None
    new: Tree | None


class Snapshot(Protocol):
    """The cluster as a cycle sees it: watched state and what the scheduler itself has just decided."""

    @property
    def node_count(self) -> int:
        """How many nodes there are."""

    def live_nodes(self) -> "list[NodeInfo]":
        """The nodes in order of arrival."""

    def nodes_with_affinity(self) -> "list[NodeInfo]":
        """The nodes that host a pod with pod affinity or anti-affinity, in order of arrival."""

    def node(self, name: str) -> "NodeInfo | None":
        """The node of that name."""

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace."""

    def image_nodes(self, image: str) -> int:
        """How many nodes hold an image."""


class Plugin:
    """One plugin; a hook that it does not override does nothing.

    # k8s: kube-scheduler/framework/interface.go
    """

    name: str
    weight: int = 0
    """Of the score; 0 when the plugin does not score."""

    def pre_filter(self, state: CycleState, pod: "Incoming", snapshot: Snapshot) -> "Status | frozenset[str] | None":
        """Prepare ``filter``; a Status rejects the pod everywhere, a set of names leaves only those nodes."""
        del state, pod, snapshot
        return None

    def filter(self, state: CycleState, pod: "Incoming", node: "NodeInfo") -> Status | None:
        """Why the pod may not run on the node, or None."""
        del state, pod, node
        return None

    def pod_moved(self, state: CycleState, pod: "Incoming", other: "PodRecord", node: "NodeInfo", delta: int) -> None:
        """Follow in ``state`` that another pod was put on (1) or taken off (-1) a node. # k8s: AddPod, RemovePod."""
        del state, pod, other, node, delta

    def pre_score(self, state: CycleState, pod: "Incoming", nodes: "Sequence[NodeInfo]", snapshot: Snapshot) -> bool:
        """Prepare ``score`` over the nodes that passed; False when the plugin has nothing to say (Skip)."""
        del state, pod, nodes, snapshot
        return self.weight > 0

    def score(self, state: CycleState, pod: "Incoming", node: "NodeInfo") -> int:
        """The raw score of a node."""
        del state, pod, node
        return 0

    def normalize(self, state: CycleState, pod: "Incoming", nodes: "Sequence[NodeInfo]", raw: list[int]) -> list[int]:
        """The scores as 0 to 100."""
        del state, pod, nodes
        return raw

    def hint(self, pod: "Incoming", event: ClusterEvent) -> bool:
        """Whether the event may make a pod schedulable that this plugin rejected. # k8s: QueueingHintFn."""
        del pod, event
        return False


def default_normalize(scores: Sequence[int], *, reverse: bool) -> list[int]:
    """Scale so that the greatest becomes 100; reversed, 0 becomes 100. # k8s: helper.DefaultNormalizeScore."""
    greatest = max(scores, default=0)
    if greatest == 0:
        return [MAX_NODE_SCORE if reverse else score for score in scores]
    scaled = [MAX_NODE_SCORE * score // greatest for score in scores]
    return [MAX_NODE_SCORE - score for score in scaled] if reverse else scaled
