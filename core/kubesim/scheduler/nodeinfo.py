"""What the scheduler knows of one node: its own properties, and the running sums over the pods on it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubesim.objects.pods import amounts_of
from kubesim.objects.refs import labels as labels_of
from kubesim.objects.wire import EMPTY, Tree
from kubesim.scheduler.podinfo import HOSTNAME, PodInfo, image_name

if TYPE_CHECKING:
    from kubesim.scheduler.affinity import AffinityTerms

ANY_ADDRESS = "0.0.0.0"
NOT_STARTED = "9999"
"""Later than any time."""
Port = tuple[str, str, int]


class PodRecord:
    """One pod on a node. ``assumed``: the binding is sent, but not yet seen."""

    __slots__ = ("assumed", "info", "node", "pod")

    def __init__(self, pod: Tree, info: PodInfo, node: str, *, assumed: bool) -> None:
        self.pod = pod
        self.info = info
        self.node = node
        self.assumed = assumed

    @property
    def uid(self) -> str:
        """The pod's uid."""
        uid: str = self.pod["metadata"]["uid"]
        return uid

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return self.info.namespace

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        return labels_of(self.pod)

    @property
    def terminating(self) -> bool:
        """Whether its deletion has been asked for."""
        return "deletionTimestamp" in self.pod["metadata"]

    @property
    def start_time(self) -> str:
        """When it was started, as text that sorts by time; later than any time when it was not."""
        started: str = (self.pod.get("status") or EMPTY).get("startTime") or NOT_STARTED
        return started


class NodeInfo:
    """A node and the sums over its pods. # k8s: framework.NodeInfo."""

    __slots__ = (
        "affinity",
        "cpu",
        "cpu_scored",
        "cpu_used",
        "images",
        "index",
        "labels",
        "max_pods",
        "memory",
        "memory_scored",
        "memory_used",
        "name",
        "others",
        "others_used",
        "pods",
        "ports",
        "revision",
        "score",
        "scored_for",
        "taints",
        "tree",
        "unschedulable",
    )

    def __init__(self, index: int, tree: Tree) -> None:
        self.index = index
        """Its place in order of arrival; never used again for another node."""
        self.name: str = tree["metadata"]["name"]
        self.pods: dict[str, PodRecord] = {}
        self.cpu_used = self.memory_used = 0
        self.cpu_scored = self.memory_scored = 0
        """The sums with the defaults for containers that ask for nothing. # k8s: NonZeroRequested."""
        self.others_used: dict[str, int] = {}
        self.ports: dict[Port, int] = {}
        self.affinity: dict[AffinityTerms, int] = {}
        """The distinct affinity specs of its pods, with how many pods have them."""
        self.revision = 0
        """Counts the changes of the node itself, as far as they matter to scheduling."""
        self.scored_for: PodInfo | None = None
        """What the node was scored for last, since its pods have changed."""
        self.score = 0
        self.set(tree)

    def set(self, tree: Tree) -> None:
        """Take over the node object."""
        spec, status = tree.get("spec") or EMPTY, tree.get("status") or EMPTY
        self.tree = tree
        self.labels = labels_of(tree)
        self.taints: tuple[Tree, ...] = tuple(spec.get("taints") or ())
        self.unschedulable = bool(spec.get("unschedulable"))
        # k8s: SetDefaults_NodeStatus takes the capacity for nodes that do not say what is allocatable.
        amounts = amounts_of(status.get("allocatable") or status.get("capacity"))
        self.cpu, self.memory = amounts.pop("cpu", 0), amounts.pop("memory", 0)
        self.max_pods = amounts.pop("pods", 0)
        self.others = amounts
        self.images = {
            image_name(name): image.get("sizeBytes", 0)
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        }
        self.revision += 1
        self.scored_for = None

    @property
    def hostname(self) -> str | None:
        """The value of its host name label."""
        return self.labels.get(HOSTNAME)

    def add(self, record: PodRecord) -> None:
        """Put a pod on the node."""
        self.pods[record.uid] = record
        self.scored_for = None
        info = record.info
        self.cpu_used += info.cpu
        self.memory_used += info.memory
        self.cpu_scored += info.scored_cpu
        self.memory_scored += info.scored_memory
        if info.others or info.ports or info.terms is not None:
            self._count(info, 1)

    def remove(self, record: PodRecord) -> None:
        """Take a pod off the node."""
        del self.pods[record.uid]
        self.scored_for = None
        info = record.info
        self.cpu_used -= info.cpu
        self.memory_used -= info.memory
        self.cpu_scored -= info.scored_cpu
        self.memory_scored -= info.scored_memory
        if info.others or info.ports or info.terms is not None:
            self._count(info, -1)

    def _count(self, info: PodInfo, sign: int) -> None:
        for name, amount in info.others:
            _add(self.others_used, name, sign * amount)
        for port in info.ports:
            _add(self.ports, port, sign)
        if info.terms is not None:
            _add(self.affinity, info.terms, sign)

    def copy(self) -> "NodeInfo":
        """A copy whose pods may be changed, for trying out."""
        twin = NodeInfo.__new__(NodeInfo)
        twin.index, twin.name, twin.tree, twin.revision = self.index, self.name, self.tree, self.revision
        twin.labels, twin.taints, twin.unschedulable = self.labels, self.taints, self.unschedulable
        twin.cpu, twin.memory, twin.max_pods, twin.others = self.cpu, self.memory, self.max_pods, self.others
        twin.images = self.images
        twin.scored_for, twin.score = None, 0
        twin.cpu_used, twin.memory_used = self.cpu_used, self.memory_used
        twin.cpu_scored, twin.memory_scored = self.cpu_scored, self.memory_scored
        twin.pods, twin.others_used = dict(self.pods), dict(self.others_used)
        twin.ports, twin.affinity = dict(self.ports), dict(self.affinity)
        return twin


def _add(sums: dict[Any, int], key: Any, amount: int) -> None:
    total = sums.get(key, 0) + amount
    if total:
        sums[key] = total
    else:
        del sums[key]
