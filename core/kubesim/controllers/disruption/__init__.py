"""The disruption controller: says how many pods of each PodDisruptionBudget may be evicted.

A pod event only changes the count of the budgets that select the pod; the status is written a moment later.
# k8s: pkg/controller/disruption
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.controllers.disruption import expectation
from kubesim.controllers.disruption.expectation import TIMEOUT_MS, Owner
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import pods, refs, selectors
from kubesim.objects.times import parse_time
from kubesim.objects.wire import (
    BUDGETS,
    DEPLOYMENTS,
    EMPTY,
    PODS,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    STATEFULSETS,
    Tree,
)

GATHER_MS = 20
"""Changes of pods are gathered for this long. # differs: Kubernetes syncs as fast as it can"""
UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, the "
    "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these "
    'pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)

Place = tuple[str, str]


class Watched:
    """The pods that one budget selects: who is healthy, and who controls how many of them."""

    def __init__(self, budget: Tree) -> None:
        self.selector_tree: Any = budget["spec"].get("selector")
        self.selector = selectors.from_label_selector(self.selector_tree)
        self.healthy = 0
        self.owners: dict[Owner, int] = {}
        self.unmanaged = 0
        self._pods: dict[str, tuple[bool, Owner | None]] = {}

    def __len__(self) -> int:
        return len(self._pods)

    def put(self, name: str, pod: Tree | None) -> bool:
        """Say what a pod is now, None when it is not selected; True when something changed."""
        known = self._pods.get(name)
        fresh = None if pod is None else (pods.is_ready(pod) and not refs.is_deleting(pod), expectation.owner_of(pod))
        if fresh == known:
            return False
        if known is not None:
            del self._pods[name]
            self._count(known, -1)
        if fresh is not None:
            self._pods[name] = fresh
            self._count(fresh, 1)
        return True

    def _count(self, facts: tuple[bool, Owner | None], change: int) -> None:
        is_healthy, owner = facts
        self.healthy += change if is_healthy else 0
        if owner is None:
            self.unmanaged += change
            return
        count = self.owners.get(owner, 0) + change
        if count:
            self.owners[owner] = count
        else:
            del self.owners[owner]

    def is_healthy(self, name: str) -> bool:
        """Whether a pod is counted as healthy."""
        known = self._pods.get(name)
        return known is not None and known[0]

    def examples(self) -> dict[Owner, str]:
        """The controllers, each with the name of one of its pods."""
        found: dict[Owner, str] = {}
        for name, (_, owner) in self._pods.items():
            if owner is not None and owner not in found:
                found[owner] = name
                if len(found) == len(self.owners):
                    break
        return found


class DisruptionController:
    """Keeps the status of PodDisruptionBudgets. ``controller`` is its driver; keys are (namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("disruption", loop, client, self)
        self._client = client
        self._hub = hub
        self._is_listening = False
        self._spaces: dict[str, dict[str, Watched]] = {}
        client.recorder.component = "controllermanager"
        hub.on(BUDGETS, self._budget_changed)
        for each in client.list(BUDGETS):
            self._budget_changed(None, each, 0)

    # ------------------------------------------------------------------ handlers
    def _budget_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None:
            self._listen()
            self._watched(new)
            self.controller.add(refs.place(new), revision)
        elif old is not None:
            namespace, name = refs.place(old)
            space = self._spaces.get(namespace, {})
            space.pop(name, None)
            if not space:
                self._spaces.pop(namespace, None)

    def _listen(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            self._hub.on(PODS, self._pod_changed)
            for gvr in (DEPLOYMENTS, REPLICASETS, STATEFULSETS, REPLICATIONCONTROLLERS):
                self._hub.on(gvr, self._owner_changed)

    def _watched(self, budget: Tree) -> Watched:
        """The pods of a budget; counted once, when its selector is new."""
        namespace, name = refs.place(budget)
        space = self._spaces.setdefault(namespace, {})
        known = space.get(name)
        if known is None or known.selector_tree != budget["spec"].get("selector"):
            known = space[name] = Watched(budget)
            for pod in self._client.list(PODS, namespace):
                if known.selector.matches(refs.labels(pod)):
                    known.put(pod["metadata"]["name"], pod)
        return known

    def _pod_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        either = new if new is not None else old
        if either is None:
            return
        metadata = either["metadata"]
        space = self._spaces.get(metadata["namespace"])
        if not space:
            return
        name = metadata["name"]
        now = self._client.get(PODS, metadata["namespace"], name)
        for budget, watched in space.items():
            selected = now is not None and watched.selector.matches(refs.labels(now))
            if watched.put(name, now if selected else None):
                self.controller.add_after((metadata["namespace"], budget), GATHER_MS)

    def _owner_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is None or new is None or old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        namespace, uid = new["metadata"]["namespace"], refs.uid(new)
        for budget, watched in self._spaces.get(namespace, {}).items():
            # A Deployment is above the owners that the pods name.
            if new["kind"] == "Deployment" or any(owner.uid == uid for owner in watched.owners):
                self.controller.add((namespace, budget), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Write the status of one budget; returns when an allowed eviction must have happened."""
        budget = self._client.get(BUDGETS, *cast("Place", key))
        if budget is None:
            return None
        watched = self._watched(budget)
        if not len(watched):
            self._client.event(budget, "Normal", "NoPods", "No matching pods found")
        now = self._client.now()
        disrupted = self._disrupted(budget, watched, now)
        try:
            expected = expectation.expect(self._client, budget, len(watched), watched.examples())
        except (expectation.ScaleError, ValueError) as error:
            text = f"Failed to calculate the number of expected pods: {error}"
            self._client.event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
            self._write(budget, expectation.failed_status(budget, str(error), self._client.stamp()))
            return None
        spec = budget["spec"]
        if watched.unmanaged and (spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)):
            text = UNMANAGED.format(selector=_shown(spec.get("selector")))
            self._client.event(budget, "Warning", "UnmanagedPods", text)
        healthy = watched.healthy - sum(map(watched.is_healthy, disrupted))
        status = expectation.status_of(budget, healthy, expected, disrupted, self._client.stamp())
        self._write(budget, status)
        ends = [parse_time(since) + TIMEOUT_MS for since in disrupted.values()]
        return max(0, min(ends) - now) if ends else None

    def _disrupted(self, budget: Tree, watched: Watched, now: int) -> dict[str, str]:
        """The pods whose eviction was allowed and that are still there, with the time. # k8s: buildDisruptedPodMap."""
        found = {}
        namespace = budget["metadata"]["namespace"]
        for name, since in ((budget.get("status") or EMPTY).get("disruptedPods") or EMPTY).items():
            pod = self._client.get(PODS, namespace, name)
            if pod is None or refs.is_deleting(pod) or not watched.selector.matches(refs.labels(pod)):
                continue
            if parse_time(since) + TIMEOUT_MS > now:
                found[name] = since
            else:
                # k8s: the namespace stands in the place of the budget's name
                text = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
                self._client.event(pod, "Warning", "NotDeleted", text)
        return found

    def _write(self, budget: Tree, status: Tree) -> None:
        if status != budget.get("status"):
            self._client.update_status(BUDGETS, {**budget, "status": status})


def _shown(selector: Tree | None) -> str:
    labels = (selector or EMPTY).get("matchLabels") or EMPTY
    text = "".join(f"{key}: {value}," for key, value in sorted(labels.items()))
    return f"&LabelSelector{{MatchLabels:map[string]string{{{text}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
