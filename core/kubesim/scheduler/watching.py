"""Follows the cluster: turns watched writes into changes of the cache and of the scheduling queue."""

from collections.abc import Callable, Sequence

from kubesim.machinery.client import Client
from kubesim.machinery.informer import Hub
from kubesim.objects.pods import FAILED, SUCCEEDED, amounts_of, is_resizing, occupying, requests
from kubesim.objects.refs import labels as labels_of
from kubesim.objects.wire import EMPTY, NAMESPACES, NODES, PODS, SERVICES, Tree
from kubesim.scheduler.cache import Cache
from kubesim.scheduler.devices.claims import pod_claims
from kubesim.scheduler.framework import ClusterEvent
from kubesim.scheduler.nodeinfo import PodRecord
from kubesim.scheduler.nominator import Nominator, nominated_node
from kubesim.scheduler.placement.registry import Placements
from kubesim.scheduler.plugins.dynamic_resources import DynamicResources
from kubesim.scheduler.plugins.gates import SchedulingGates
from kubesim.scheduler.podinfo import PodInfo, PodParser
from kubesim.scheduler.queue import GATED, QueuedPod, SchedulingQueue
from kubesim.scheduler.selectors import DefaultSelectors

DEFAULT_SCHEDULER = "default-scheduler"
_ENDED = (SUCCEEDED, FAILED)


class Watching:
    """The event handlers. # k8s: scheduler/eventhandlers.go."""

    def __init__(
        self,
        client: Client,
        cache: Cache,
        queue: SchedulingQueue,
        nominator: Nominator,
        parser: PodParser,
        selectors: DefaultSelectors,
        placements: Placements,
        wake: Callable[[], None],
        on_gated: Callable[[Tree, int], None],
        resources: DynamicResources,
    ) -> None:
        self._client = client
        self._cache = cache
        self._queue = queue
        self._nominator = nominator
        self._parser = parser
        self._selectors = selectors
        self._placements = placements
        self._wake = wake
        """A bound method that sees to it that queued pods are tried."""
        self._on_gated = on_gated
        """A bound method that is told of each new pod with gates, and of the revision."""
        self._gates = SchedulingGates()
        self._resources = resources
        self._resizing: dict[str, None] = {}
        """The pods that count as more or less than their spec says, until a resize has come to its end."""

    def start(self, hub: Hub) -> None:
        """Take in what is there, then follow the hub."""
        for gvr, handler in (
            (NAMESPACES, self.on_namespace),
            (SERVICES, self.on_service),
            (NODES, self.on_node),
            (PODS, self.on_pod),
        ):
            for tree in self._client.list(gvr):
                handler(None, tree, int(tree["metadata"]["resourceVersion"]))
            hub.on(gvr, handler)

    # ------------------------------------------------------------------ small kinds
    def on_namespace(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Labels of namespaces decide which pods affinity terms mean."""
        del revision
        tree = new if new is not None else old
        if tree is None:
            return
        known = self._cache.counters.namespaces
        name = tree["metadata"]["name"]
        labels = labels_of(tree) if new is not None else EMPTY
        if labels == known.get(name, EMPTY):
            return
        relabelled = name in known
        known[name] = labels
        if relabelled:
            self._placements.clear()
            self._cache.counters.clear()

    def on_service(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Services decide which pods are spread together."""
        del revision
        self._selectors.service_changed(old, new)

    # ------------------------------------------------------------------ nodes
    def on_node(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """A node came, went or changed."""
        cache = self._cache
        if new is None:
            node = cache.node(old["metadata"]["name"]) if old is not None else None
            if node is not None:
                cache.remove_node(node)
            self.tell(ClusterEvent("Node", ("Delete",), old, None), revision)
            return
        node = cache.node(new["metadata"]["name"])
        if node is None:
            cache.add_node(new)
            self.tell(ClusterEvent("Node", ("Add",), None, new), revision)
            return
        actions = _node_actions(node.tree, new)
        if actions or _images(node.tree) != _images(new):
            before = node.tree
            cache.update_node(node, new)
            if actions:
                self.tell(ClusterEvent("Node", actions, before, new), revision)
        else:
            node.tree = new

    # ------------------------------------------------------------------ pods
    def on_pod(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """A pod came, went, was bound or changed."""
        if new is None:
            if old is not None:
                self._gone(old, revision)
            return
        if old is not None and old["spec"] is new["spec"] and self._is_status_only(old, new):
            return
        if (new.get("status") or EMPTY).get("phase") in _ENDED:
            # k8s: the scheduler watches only pods that have not ended, so the end of one is a deletion.
            self._gone(new, revision)
        elif new["spec"].get("nodeName"):
            self._assigned(new, revision)
        elif new["spec"].get("schedulerName", DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER:
            self._pending(old, new, revision)

    def _is_status_only(self, old: Tree, new: Tree) -> bool:
        """Take over the newer state of a pod on a node when none of what matters has changed: nearly always so."""
        before, after = old["metadata"], new["metadata"]
        record = self._cache.records.get(after["uid"])
        if (
            record is None
            or record.pod is not old
            or (self._resizing and after["uid"] in self._resizing)
            or before.get("labels") is not after.get("labels")
            or "deletionTimestamp" in after
            or new["status"].get("phase") in _ENDED
        ):
            return False
        record.pod = new
        return True

    def _assigned(self, pod: Tree, revision: int) -> None:
        uid = pod["metadata"]["uid"]
        record = self._cache.records.get(uid)
        if record is None:
            self._queue.remove(uid)
            self._nominator.remove(uid)
            self._cache.add_pod(pod, self._info_of(pod), pod["spec"]["nodeName"])
            self.tell(ClusterEvent("AssignedPod", ("Add",), None, pod), revision)
            return
        before, assumed = record.pod, record.assumed
        same = before["spec"] is pod["spec"] and before["metadata"].get("labels") is pod["metadata"].get("labels")
        if same and uid not in self._resizing:
            self._cache.confirm_pod(record, pod)
            return
        if assumed:
            self._queue.remove(uid)
        self._revise(record, pod)
        if self._queue.is_waiting:
            actions = ("Add",) if assumed else _pod_actions(before, pod)
            if actions:
                self.tell(ClusterEvent("AssignedPod", actions, None if assumed else before, pod), revision)

    def _revise(self, record: PodRecord, pod: Tree) -> None:
        old, new = record.pod["spec"], pod["spec"]
        same = old["containers"] is new["containers"] and old.get("initContainers") is new.get("initContainers")
        same = same and old.get("overhead") is new.get("overhead") and old.get("resources") is new.get("resources")
        if same and record.node == new["nodeName"] and record.uid not in self._resizing:
            self._cache.confirm_pod(record, pod)
            return
        info = self._info_of(pod)
        if info is record.info and record.node == new["nodeName"]:
            self._cache.confirm_pod(record, pod)
            return
        self._cache.remove_pod(record.uid)
        self._cache.add_pod(pod, info, new["nodeName"])

    def _info_of(self, pod: Tree) -> PodInfo:
        """A pod on a node by what it counts as there."""
        uid = pod["metadata"]["uid"]
        if not (pod.get("status") or EMPTY).get("containerStatuses") or not is_resizing(pod):
            self._resizing.pop(uid, None)
            return self._parser.parse(pod)
        self._resizing[uid] = None
        return self._parser.parse({**pod, "spec": occupying(pod)})

    def _pending(self, old: Tree | None, new: Tree, revision: int) -> None:
        uid = new["metadata"]["uid"]
        queued = self._queue.get(uid)
        if queued is None:
            if uid in self._cache.records:
                return
            gated = bool(self._gates.pre_enqueue(new))
            gated = gated or ("resourceClaims" in new["spec"] and not self._has_claims(new))
            self._queue.add(new, self._client.now(), revision, gated=gated)
            if gated:
                self._on_gated(new, revision)
            if nominated_node(new):
                self._nominator.add(new, self._parser.parse(new), nominated_node(new))
            self._wake()
            return
        before = queued.pod if old is None else old
        queued.pod = new
        self._renominate(before, new)
        if queued.where == GATED:
            self.try_gated(queued, revision)
            return
        if before["spec"] is new["spec"] and before["metadata"].get("labels") is new["metadata"].get("labels"):
            return
        actions = _pod_actions(before, new)
        if actions:
            event = ClusterEvent("UnscheduledPod", actions, before, new)
            self._queue.notify(event, self._client.now(), revision, queued)
            self._wake()

    def _has_claims(self, pod: Tree) -> bool:
        if "resourceClaims" not in pod["spec"]:
            return True
        metadata = pod["metadata"]
        used = pod_claims(pod)
        return not self._resources.problem(metadata["namespace"], metadata["name"], metadata["uid"], used)

    def try_gated(self, queued: QueuedPod, revision: int) -> None:
        """Let a pod into the queue when nothing keeps it out any more."""
        if not self._gates.pre_enqueue(queued.pod) and self._has_claims(queued.pod):
            self._queue.ungate(queued, self._client.now(), revision)
            self._wake()

    def _renominate(self, old: Tree, new: Tree) -> None:
        before, after = nominated_node(old), nominated_node(new)
        if before == after:
            return
        if after:
            self._nominator.add(new, self._parser.parse(new), after)
        else:
            self._nominator.remove(new["metadata"]["uid"])

    def _gone(self, pod: Tree, revision: int) -> None:
        uid = pod["metadata"]["uid"]
        queued = self._queue.remove(uid)
        nominated = self._nominator.node_of(uid)
        self._nominator.remove(uid)
        self._resizing.pop(uid, None)
        record = self._cache.remove_pod(uid)
        if record is not None or (queued is not None and nominated):
            self.tell(ClusterEvent("AssignedPod", ("Delete",), pod, None), revision)

    def tell(self, event: ClusterEvent, revision: int) -> None:
        """Let the pods that wait be tried again if the event may help them."""
        if self._queue.is_waiting:
            self._queue.notify(event, self._client.now(), revision)
            self._wake()


def _images(node: Tree) -> Sequence[Tree]:
    listed: Sequence[Tree] = (node.get("status") or EMPTY).get("images") or ()
    return listed


def _node_actions(old: Tree, new: Tree) -> tuple[str, ...]:
    # k8s: framework.NodeSchedulingPropertiesChange; cordoning counts as a taint.
    actions = []
    old_spec, new_spec = old.get("spec") or EMPTY, new.get("spec") or EMPTY
    if old_spec is not new_spec and (
        old_spec.get("taints") != new_spec.get("taints")
        or old_spec.get("unschedulable") != new_spec.get("unschedulable")
    ):
        actions.append("UpdateNodeTaint")
    if labels_of(old) != labels_of(new):
        actions.append("UpdateNodeLabel")
    before = (old.get("status") or EMPTY).get("allocatable")
    after = (new.get("status") or EMPTY).get("allocatable")
    if before is not after and amounts_of(before) != amounts_of(after):
        actions.append("UpdateNodeAllocatable")
    return tuple(actions)


def _pod_actions(old: Tree, new: Tree) -> tuple[str, ...]:
    # k8s: framework.PodSchedulingPropertiesChange.
    actions = []
    if labels_of(old) != labels_of(new):
        actions.append("UpdatePodLabel")
    was, now = occupying(old), occupying(new)
    if was is not now:
        before, after = requests({"spec": was}), requests({"spec": now})
        if any(after.get(name, 0) < amount for name, amount in before.items()):
            actions.append("UpdatePodScaleDown")
        if old["spec"].get("tolerations") != new["spec"].get("tolerations"):
            actions.append("UpdatePodToleration")
    return tuple(actions)
