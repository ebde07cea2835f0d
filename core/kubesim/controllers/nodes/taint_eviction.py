"""The taint eviction controller: deletes pods from nodes with NoExecute taints when their toleration ends."""

from collections.abc import Hashable
from typing import cast

from kubesim.controllers.nodes.tolerations import FOREVER, patience
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.pods import node_name
from kubesim.objects.wire import EMPTY, NODES, PODS, Tree

Place = tuple[str, str]


class TaintEvictionController:
    """Evicts pods. ``controller`` is its driver; keys are (namespace, name) of a pod or ("", name) of a node."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("taint-eviction", loop, client, self)
        self._client = client
        self._taints: dict[str, list[Tree]] = {}
        self._pods_on = client.index(PODS, node_name, "spec")
        self._planned: dict[Place, int] = {}
        """When a pod's toleration ends, in ms."""
        hub.on(NODES, self._node_changed)
        hub.on(PODS, self._pod_changed)
        for each in client.list(NODES):
            self._node_changed(None, each, 0)
        for each in client.list(PODS):
            self._pod_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and old.get("spec") is new.get("spec"):
            return
        either = new if new is not None else old
        if either is None:
            return
        name = either["metadata"]["name"]
        taints = [] if new is None else _no_execute(new)
        known = self._taints.get(name, [])
        if taints:
            self._taints[name] = taints
        else:
            self._taints.pop(name, None)
        if new is not None and taints != known:
            self.controller.add(("", name), revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and old["spec"] is new["spec"]:
            return
        if new is None:
            if old is not None:
                place = refs.place(old)
                if place in self._planned:
                    self.controller.add(place, revision)
            return
        if new["spec"].get("nodeName") in self._taints:
            self.controller.add(refs.place(new), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Look at all pods of a node again, or at one pod; returns when its toleration ends."""
        namespace, name = place = cast("Place", key)
        if not namespace:
            for each in self._pods_on.get(name):
                self.controller.add(each, self._client.cause)
            return None
        pod = self._client.get(PODS, namespace, name)
        if pod is None:
            self._cancel(place)
            return None
        if refs.is_deleting(pod) and place not in self._planned:
            return None
        taints = self._taints.get(pod["spec"].get("nodeName", ""), [])
        seconds = patience(taints, pod["spec"].get("tolerations") or ()) if taints else FOREVER
        if seconds == FOREVER or not seconds:
            self._cancel(place)
            if seconds != FOREVER:
                self._evict(pod)
            return None
        now = self._client.now()
        # k8s: a toleration that has begun to run is kept, even if another would now end earlier
        due = self._planned.setdefault(place, now + seconds * 1000)
        if due > now:
            return due - now
        del self._planned[place]
        self._client.note = f"tolerated the taints of its node for {seconds} s"
        try:
            self._evict(pod)
        finally:
            self._client.note = ""
        return None

    def _cancel(self, place: Place) -> None:
        if self._planned.pop(place, None) is not None:
            self._tell(place, f"Cancelling deletion of Pod {place[0]}/{place[1]}")

    def _tell(self, place: Place, message: str) -> None:
        # k8s: the events name the pod without its uid
        about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": place[0], "name": place[1]}}
        self._client.event(about, "Normal", "TaintManagerEviction", message)

    def _evict(self, pod: Tree) -> None:
        place = refs.place(pod)
        self._tell(place, f"Marking for deletion Pod {place[0]}/{place[1]}")
        disrupted = {
            "type": "DisruptionTarget",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": self._client.stamp(),
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
        }
        status = pod.get("status") or EMPTY
        conditions = refs.set_condition(status.get("conditions"), disrupted)
        try:
            if conditions is not status.get("conditions"):
                self._client.update_status(PODS, {**pod, "status": {**status, "conditions": conditions}})
            self._client.delete(PODS, *place)
        except ApiError as error:
            if error.reason != "NotFound":
                raise


def _no_execute(node: Tree) -> list[Tree]:
    return [each for each in (node.get("spec") or EMPTY).get("taints") or () if each["effect"] == "NoExecute"]
