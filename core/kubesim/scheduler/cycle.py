"""The scheduling cycle as Kubernetes' framework runs it: every plugin over every node. The measure of all shortcuts."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.scheduler.diagnosis import Diagnosis, Sort, sort_of
from kubesim.scheduler.framework import CycleState, Plugin, Snapshot, Status
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.nominator import Nominator
from kubesim.scheduler.plugins.image_locality import ImageLocality
from kubesim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from kubesim.scheduler.plugins.node_affinity import NodeAffinity
from kubesim.scheduler.plugins.node_name import NodeName
from kubesim.scheduler.plugins.node_ports import NodePorts
from kubesim.scheduler.plugins.node_resources import NodeResourcesBalancedAllocation, NodeResourcesFit
from kubesim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from kubesim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from kubesim.scheduler.plugins.taint_toleration import TaintToleration
from kubesim.scheduler.podinfo import Incoming


class PluginScore(NamedTuple):
    """What one plugin makes of a node: as it scored, scaled to 0-100, and times its weight."""

    plugin: str
    raw: int
    normalized: int
    weighted: int


class Scored(NamedTuple):
    """A feasible node with its scores."""

    node: NodeInfo
    scores: tuple[PluginScore, ...]
    total: int


class Filtered(NamedTuple):
    """Which nodes passed the filters, in order of arrival, and why the others did not."""

    state: CycleState
    feasible: list[NodeInfo]
    diagnosis: Diagnosis


def default_plugins(
    snapshot: Snapshot, volumes: tuple[Plugin, ...] = (), devices: tuple[Plugin, ...] = ()
) -> tuple[Plugin, ...]:
    """The plugins of the default profile that filter or score, in its order, those of volumes and devices among them.

    # k8s: apis/config/v1 getDefaultPlugins
    """
    return (
        NodeUnschedulable(),
        NodeName(),
        TaintToleration(),
        NodeAffinity(),
        NodePorts(),
        NodeResourcesFit(),
        *volumes,
        PodTopologySpread(),
        InterPodAffinity(snapshot),
        *devices,
        NodeResourcesBalancedAllocation(),
        ImageLocality(),
    )


class Framework:
    """Runs the plugins of a profile."""

    def __init__(
        self,
        nominator: Nominator,
        snapshot: Snapshot,
        volumes: tuple[Plugin, ...] = (),
        devices: tuple[Plugin, ...] = (),
    ) -> None:
        self.nominator = nominator
        self.plugins = default_plugins(snapshot, volumes, devices)
        self._filters = tuple(plugin for plugin in self.plugins if type(plugin).filter is not Plugin.filter)
        self._movers = tuple(plugin for plugin in self.plugins if type(plugin).pod_moved is not Plugin.pod_moved)
        self._scorers = tuple(plugin for plugin in self.plugins if plugin.weight)

    def plugin(self, name: str) -> Plugin | None:
        """The plugin of that name."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    # ------------------------------------------------------------------ filtering
    def find(self, pod: Incoming, snapshot: Snapshot) -> Filtered:
        """The nodes on which the pod may run. # k8s: findNodesThatFitPod."""
        state: CycleState = {}
        names: frozenset[str] | None = None
        restricting: list[str] = []
        for plugin in self.plugins:
            answer = plugin.pre_filter(state, pod, snapshot)
            if isinstance(answer, Status):
                return Filtered(state, [], Diagnosis(snapshot.node_count, {}, {}, rejected=answer))
            if answer is not None:
                restricting.append(plugin.name)
                names = answer if names is None else names & answer
        return self._filter(state, pod, snapshot, names, restricting)

    def _filter(
        self, state: CycleState, pod: Incoming, snapshot: Snapshot, names: frozenset[str] | None, restricting: list[str]
    ) -> Filtered:
        held = snapshot.node(pod.nominated) if pod.nominated else None
        if held is not None and (names is None or held.name in names) and self.check(state, pod, held) is None:
            # k8s: a nominated node that fits is taken without a look at the others.
            return Filtered(state, [held], Diagnosis(snapshot.node_count, {}, {}))
        nodes, absent = snapshot.live_nodes(), None
        if names is not None:
            found = [snapshot.node(name) for name in sorted(names)]
            nodes = sorted((node for node in found if node is not None), key=_arrival)
            reason = f"node(s) didn't satisfy plugin(s) [{' '.join(restricting)}]"
            absent = Status(restricting[0], (reason,), resolvable=False)
        statuses: dict[int, Status] = {}
        counts: dict[Sort, int] = {}
        feasible: list[NodeInfo] = []
        for node in nodes:
            status = self.check(state, pod, node)
            if status is None:
                feasible.append(node)
            else:
                statuses[node.index] = status
                sort = sort_of(status)
                counts[sort] = counts.get(sort, 0) + 1
        return Filtered(state, feasible, Diagnosis(snapshot.node_count, counts, statuses, absent))

    def check(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """Why the pod may not run on a node, room for nominated pods included.

        # k8s: RunFilterPluginsWithNominatedPods
        """
        if self.nominator:
            rivals = self.nominator.rivals(node.name, pod.info.priority, pod.uid)
            if rivals:
                crowded = node.copy()
                self.move(state, pod, crowded, rivals, 1)
                status = self.run_filters(state, pod, crowded)
                self.move(state, pod, crowded, rivals, -1)
                if status is not None:
                    return status
        return self.run_filters(state, pod, node)

    def run_filters(self, state: CycleState, pod: Incoming, node: NodeInfo) -> Status | None:
        """The verdict of the first plugin that rejects the node."""
        for plugin in self._filters:
            status = plugin.filter(state, pod, node)
            if status is not None:
                return status
        return None

    def move(self, state: CycleState, pod: Incoming, node: NodeInfo, records: Sequence[PodRecord], delta: int) -> None:
        """Put pods on a copy of a node (1) or take them off (-1), and tell the plugins."""
        for record in records:
            if delta > 0:
                node.add(record)
            else:
                node.remove(record)
            if self.concerns(pod, record):
                for plugin in self._movers:
                    plugin.pod_moved(state, pod, record, node, delta)

    def concerns(self, pod: Incoming, record: PodRecord) -> bool:
        """Whether what plugins have counted for ``pod`` changes when another pod comes or goes."""
        return bool(pod.hard) or pod.info.terms is not None or record.info.terms is not None or bool(pod.claims)

    # ------------------------------------------------------------------ scoring
    def score(self, pod: Incoming, snapshot: Snapshot, filtered: Filtered) -> list[Scored]:
        """The scores of the feasible nodes, in order of arrival. # k8s: prioritizeNodes."""
        nodes, state = filtered.feasible, filtered.state
        columns: list[list[PluginScore]] = []
        for plugin in self._scorers:
            if not plugin.pre_score(state, pod, nodes, snapshot):
                continue
            raw = [plugin.score(state, pod, node) for node in nodes]
            scaled = plugin.normalize(state, pod, nodes, raw)
            columns.append(
                [PluginScore(plugin.name, r, n, n * plugin.weight) for r, n in zip(raw, scaled, strict=True)]
            )
        found = []
        for position, node in enumerate(nodes):
            scores = tuple(column[position] for column in columns)
            found.append(Scored(node, scores, sum(score.weighted for score in scores)))
        return found

    def select(self, scored: Sequence[Scored]) -> Scored:
        """The best node; of equals the one that arrived first.

        # differs: kube-scheduler draws among equals at random
        """
        return max(scored, key=_rank)


def _rank(scored: Scored) -> tuple[int, int]:
    return scored.total, -scored.node.index


def _arrival(node: NodeInfo) -> int:
    return node.index
