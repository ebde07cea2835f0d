"""The pod garbage collector: pods of lost nodes, pods that can never start, and too many that have ended."""

from collections.abc import Hashable, Iterator
from typing import Any

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, NODES, PODS, Tree

PERIOD_MS, QUARANTINE_MS = 20_000, 40_000
TERMINATED_THRESHOLD = 12_500
SLICE = 50
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
ALL = ("", "all pods")
"""The one key of the queue."""

Place = tuple[str, str]


class PodGarbageCollector:
    """Looks every 20 s at what its handlers have noted. ``controller`` is its driver.

    # k8s: pkg/controller/podgc
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, threshold: int = TERMINATED_THRESHOLD) -> None:
        self.controller = Controller("pod-garbage-collector", loop, client, self)
        self.threshold = threshold
        self._client = client
        self._terminated: dict[Place, None] = {}
        self._unscheduled: dict[Place, None] = {}
        self._lost: dict[str, int] = {}
        self._out_of_service: dict[str, None] = {}
        hub.on(NODES, self._node_changed)
        hub.on(PODS, self._pod_changed)
        for each in client.list(NODES):
            self._node_changed(None, each, 0)
        for each in client.list(PODS):
            self._pod_changed(None, each, 0)
        self.controller.add_after(ALL, PERIOD_MS)

    # ------------------------------------------------------------------ handlers
    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        either = new if new is not None else old
        if either is None:
            return
        name = either["metadata"]["name"]
        self._out_of_service.pop(name, None)
        if new is None:
            self._lost[name] = self._client.now()
            return
        self._lost.pop(name, None)
        if any(each["key"] == OUT_OF_SERVICE for each in (new.get("spec") or EMPTY).get("taints") or ()):
            self._out_of_service[name] = None

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is None:
            if old is not None:
                place = refs.place(old)
                self._terminated.pop(place, None)
                self._unscheduled.pop(place, None)
            return
        if old is None or old["spec"] is not new["spec"] or "deletionTimestamp" in new["metadata"]:
            self._placed(old, new)
        if new.get("status", EMPTY).get("phase") in pods.ENDED:
            self._terminated[refs.place(new)] = None

    def _placed(self, old: Tree | None, new: Tree) -> None:
        node = new["spec"].get("nodeName")
        if not node:
            if "deletionTimestamp" in new["metadata"]:
                self._unscheduled[refs.place(new)] = None
        elif (old is None or not old["spec"].get("nodeName")) and self._client.get(NODES, "", node) is None:
            self._lost.setdefault(node, self._client.now())

    # ------------------------------------------------------------------ one round
    def reconcile(self, key: Hashable) -> int | None:
        """Delete what has to go, at most ``SLICE`` pods a call."""
        del key
        budget = SLICE
        for place, condition in self._doomed():
            if budget == 0:
                return 0
            budget -= 1
            self._delete(place, condition)
        return PERIOD_MS

    def _doomed(self) -> Iterator[tuple[Place, Tree | None]]:
        """What to delete, with the condition that tells why, where Kubernetes tells it."""
        excess = len(self._terminated) - self.threshold
        if excess > 0:
            found = [self._client.get(PODS, *place) for place in self._terminated]
            for pod in sorted((each for each in found if each is not None), key=evicted_first)[:excess]:
                yield refs.place(pod), None
        yield from self._of_lost_nodes()
        for place in list(self._unscheduled):
            yield place, None
        yield from self._of_nodes_out_of_service()

    def _of_lost_nodes(self) -> Iterator[tuple[Place, Tree | None]]:
        now = self._client.now()
        ripe = [node for node, since in self._lost.items() if since + QUARANTINE_MS <= now]
        if not ripe:
            return
        for pod in self._client.list(PODS):
            node = pods.node_name(pod)
            if node in ripe and self._client.get(NODES, "", node) is None:
                yield refs.place(pod), _condition("PodGC: node no longer exists")
        for node in ripe:
            del self._lost[node]

    def _of_nodes_out_of_service(self) -> Iterator[tuple[Place, Tree | None]]:
        nodes = [node for node in self._out_of_service if not self._is_ready(node)]
        if not nodes:
            return
        for pod in self._client.list(PODS):
            if refs.is_deleting(pod) and pods.node_name(pod) in nodes:
                yield refs.place(pod), None

    def _is_ready(self, node: str) -> bool:
        found = self._client.get(NODES, "", node)
        return found is not None and refs.is_condition_true(found, "Ready")

    def _delete(self, place: Place, condition: Tree | None) -> None:
        pod = self._client.get(PODS, *place)
        if pod is None:
            return
        try:
            if not pods.is_terminal(pod):
                self._client.update_status(PODS, _failed(pod, condition, self._client.stamp()))
            self._client.delete(PODS, *place, {"gracePeriodSeconds": 0})
        except ApiError as error:
            if error.reason not in {"NotFound", "Conflict"}:
                raise


def evicted_first(pod: Tree) -> tuple[bool, str, str]:
    """The order in which ended pods go: evicted ones, then the oldest."""
    metadata = pod["metadata"]
    evicted = (pod.get("status") or EMPTY).get("reason") == "Evicted"
    return not evicted, metadata.get("creationTimestamp") or "", metadata["name"]


def _condition(message: str) -> dict[str, Any]:
    return {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC", "message": message}


def _failed(pod: Tree, condition: Tree | None, stamp: str) -> Tree:
    status = pod.get("status") or EMPTY
    if condition is None:
        return {**pod, "status": {**status, "phase": "Failed"}}
    dated = {
        "type": condition["type"],
        "observedGeneration": pod["metadata"].get("generation", 1),
        "status": condition["status"],
        "lastProbeTime": None,
        "lastTransitionTime": stamp,
        "reason": condition["reason"],
        "message": condition["message"],
    }
    conditions = refs.set_condition(status.get("conditions"), dated)
    return {**pod, "status": {**status, "phase": "Failed", "conditions": conditions}}
