"""The daemonset controller: one pod on each eligible node.

``eligibility`` judges nodes, ``plan`` decides what to create and delete, ``revisions`` keeps the templates; this
module listens and acts. # k8s: pkg/controller/daemon
"""

from collections.abc import Hashable, Sequence
from typing import cast

from kubesim.controllers.daemonset import plan, revisions
from kubesim.controllers.daemonset.eligibility import Eligibility, pod_body
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.dependents import Dependents
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs, selectors
from kubesim.objects.errors import ApiError, is_namespace_terminating
from kubesim.objects.wire import CONTROLLERREVISIONS, DAEMONSETS, EMPTY, NODES, PODS, Tree

BURST = 250
"""How many pods one sync creates or deletes. # k8s: BurstReplicas"""
MANY, GATHER_MS = 100, 100
"""Events of the pods of larger sets are gathered for this long. # differs: Kubernetes syncs as fast as it can"""
BACKOFF_MS, BACKOFF_MOST_MS = 1_000, 900_000
SELECTS_ALL = "This daemon set is selecting all pods. A non-empty selector is required."


class DaemonSetController:
    """Runs DaemonSets. ``controller`` is its driver; keys are (namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("daemonset", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        self._pods = Dependents(client, PODS)
        self._revisions = Dependents(client, CONTROLLERREVISIONS)
        self._eligibility: dict[str, Eligibility] = {}
        self._failures: dict[tuple[str, str], tuple[int, int]] = {}
        """The back-off of each set (by uid and generation) on each node, and when it began; both in ms."""
        hub.on(DAEMONSETS, self._set_changed)
        for each in client.list(DAEMONSETS):
            self._set_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _set_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None:
            if not self._is_listening:
                self._is_listening = True
                self._hub.on(PODS, self._pod_changed)
                self._hub.on(NODES, self._node_changed)
            self.controller.add(refs.place(new), revision)
        elif old is not None:
            self._eligibility.pop(refs.uid(old), None)
            gone = f"{refs.uid(old)}/"
            self._failures = {key: value for key, value in self._failures.items() if not key[0].startswith(gone)}

    def _node_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None:
            same_labels = refs.labels(old) is refs.labels(new) or refs.labels(old) == refs.labels(new)
            if same_labels and (old.get("spec") is new.get("spec") or old.get("spec") == new.get("spec")):
                return
        for each in self._client.list(DAEMONSETS):
            self.controller.add(refs.place(each), revision)

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        pod = new if new is not None else old
        if pod is None:
            return
        reference = refs.controller_of(pod)
        before = None if old is None else refs.controller_of(old)
        if before is not None and before["kind"] == "DaemonSet" and before != reference:
            self.controller.add((pod["metadata"]["namespace"], before["name"]), revision)
        if reference is None:
            if new is not None:
                self._orphan_changed(old, new, revision)
            return
        if reference["kind"] != "DaemonSet" or (old is not None and new is not None and _facts(old) == _facts(new)):
            return
        key = (pod["metadata"]["namespace"], reference["name"])
        if self._pods.count(reference["uid"]) > MANY:
            self.controller.add_after(key, GATHER_MS)
        else:
            self.controller.add(key, revision)

    def _orphan_changed(self, old: Tree | None, new: Tree, revision: int) -> None:
        if old is not None and refs.labels(old) == refs.labels(new) and refs.controller_of(old) is None:
            return
        for each in self._client.list(DAEMONSETS, new["metadata"]["namespace"]):
            if selectors.from_label_selector(each["spec"]["selector"]).matches(refs.labels(new)):
                self.controller.add(refs.place(each), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Bring one DaemonSet a step further; returns when a pod becomes available or a back-off is over."""
        daemon_set = self._client.get(DAEMONSETS, *cast("tuple[str, str]", key))
        if daemon_set is None:
            return None
        if not daemon_set["spec"]["selector"]:
            self._client.event(daemon_set, "Warning", "SelectingAll", SELECTS_ALL)
            return None
        if refs.is_deleting(daemon_set):
            return None
        selector = selectors.from_label_selector(daemon_set["spec"]["selector"])
        owned = self._pods.claim(daemon_set, selector)
        found = revisions.find(self._client, daemon_set, self._revisions.claim(daemon_set, selector), owned)
        view = self._view(daemon_set, found.hash, owned)
        wait, error = None, None
        try:
            wait = self._act(view)
            revisions.truncate(self._client, daemon_set, found.old, owned)
        except ApiError as failure:
            error = failure
        status = plan.status_of(view)
        if status != {name: each for name, each in (daemon_set.get("status") or EMPTY).items() if name != "conditions"}:
            self._client.update_status(DAEMONSETS, {**daemon_set, "status": status})
        if error is not None:
            raise error
        ripe = plan.ripens_at(view)
        wishes = [wait, None if ripe is None else ripe - view.now]
        return min((wish for wish in wishes if wish is not None), default=None)

    def _view(self, daemon_set: Tree, revision_hash: str, owned: Sequence[Tree]) -> plan.View:
        eligibility = self._eligibility_of(daemon_set)
        nodes = self._client.list(NODES)
        fits = {node["metadata"]["name"]: eligibility.judge(node) for node in nodes}
        return plan.View(daemon_set, revision_hash, nodes, fits, plan.group(owned), self._client.now())

    def _eligibility_of(self, daemon_set: Tree) -> Eligibility:
        uid, template = refs.uid(daemon_set), daemon_set["spec"]["template"]
        found = self._eligibility.get(uid)
        if found is None or (found.template is not template and found.template != template):
            found = self._eligibility[uid] = Eligibility(template)
        return found

    def _act(self, view: plan.View) -> int | None:
        """Create and delete pods; returns how long to wait for a failed one to be replaced. Raises ApiError."""
        steps = plan.manage(view)
        wait = self._ended(view, steps)
        if steps.create or steps.delete:
            # k8s: an update goes on once these are seen to be there and gone
            self._carry_out(view, steps)
        elif (view.set["spec"].get("updateStrategy") or EMPTY).get("type") == "RollingUpdate":
            self._carry_out(view, plan.roll(view))
        return wait

    def _ended(self, view: plan.View, steps: plan.Steps) -> int | None:
        """Add pods that have ended to those that are deleted; a failed one only after its back-off."""
        waits = []
        for node, pod in steps.ended:
            namespace, name = refs.place(pod)
            if pods.phase(pod) == pods.FAILED:
                left = self._backoff(view, node)
                if left:
                    waits.append(left)
                    continue
                text = f"Found failed daemon pod {namespace}/{name} on node {node}, will try to kill it"
                self._client.event(view.set, "Warning", "FailedDaemonPod", text)
            else:
                text = f"Found succeeded daemon pod {namespace}/{name} on node {node}, will try to delete it"
                self._client.event(view.set, "Normal", "SucceededDaemonPod", text)
            steps.delete.append(pod)
        return min(waits, default=None)

    def _backoff(self, view: plan.View, node: str) -> int:
        """Milliseconds to wait before a failed pod is replaced; 0 begins the next, longer back-off."""
        generation = view.set["metadata"].get("generation", 0)
        key = (f"{refs.uid(view.set)}/{generation}", node)
        delay, began = self._failures.get(key, (0, 0))
        if delay and view.now - began < delay:
            return delay - (view.now - began)
        fresh = not delay or view.now - began > 2 * BACKOFF_MOST_MS
        self._failures[key] = (BACKOFF_MS if fresh else min(delay * 2, BACKOFF_MOST_MS), view.now)
        return 0

    def _carry_out(self, view: plan.View, steps: plan.Steps) -> None:
        first = self._create(view, steps.create[:BURST])
        for pod in steps.delete[:BURST]:
            first = self._delete(view.set, pod) or first
        if first is not None:
            raise first

    def _create(self, view: plan.View, nodes: Sequence[str]) -> ApiError | None:
        """Create in batches of 1, 2, 4 ...: when one fails, the rest of its batch is the last that is tried."""
        eligibility, done, batch = self._eligibility_of(view.set), 0, 1
        while done < len(nodes):
            failures = []
            for node in nodes[done : done + batch]:
                error = self._create_one(view.set, pod_body(view.set, eligibility, view.hash, node))
                if error is not None:
                    failures.append(error)
            if failures:
                return None if is_namespace_terminating(failures[0]) else failures[0]
            done, batch = done + batch, batch * 2
        return None

    def _create_one(self, daemon_set: Tree, body: Tree) -> ApiError | None:
        try:
            pod = self._client.create(PODS, daemon_set["metadata"]["namespace"], body)
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._client.event(daemon_set, "Warning", "FailedCreate", f"Error creating: {error}")
            return error
        self._client.event(daemon_set, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return None

    def _delete(self, daemon_set: Tree, pod: Tree) -> ApiError | None:
        try:
            self._client.delete(PODS, *refs.place(pod))
        except ApiError as error:
            if error.reason == "NotFound":
                return None
            self._client.event(daemon_set, "Warning", "FailedDelete", f"Error deleting: {error}")
            return error
        self._client.event(daemon_set, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return None


def _facts(pod: Tree) -> tuple[object, ...]:
    ready = pods.ready_condition(pod)
    since = (ready["status"], ready.get("lastTransitionTime")) if ready is not None else None
    metadata = pod["metadata"]
    going = refs.is_deleting(pod)
    return pods.phase(pod), since, going, pods.node_name(pod), metadata.get("labels"), metadata.get("ownerReferences")
