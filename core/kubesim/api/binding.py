"""Binding pods to nodes: sets the node, the PodScheduled condition and the topology labels, sharing what is equal."""

from typing import Any

from kubesim.api.admission.scheduling import REGION, ZONE, topology_labels, with_topology
from kubesim.api.failures import plain
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import bad_request, conflict, not_found
from kubesim.objects.refs import set_condition
from kubesim.objects.wire import EMPTY, NODES, PODS, Gvr, Tree
from kubesim.store.mvcc import Store

BINDINGS = Gvr("", "v1", "pods/binding")
SUCCESS: Tree = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
"""The answer to a binding."""

MEMO_SIZE = 50_000


class Binder:
    """Makes bound pods, sharing what is equal: specs per node, labels per zone, statuses per second.

    The memos are keyed by the identity of trees that they keep alive; they are not part of a snapshot.
    """

    def __init__(self, store: Store, loop: Loop) -> None:
        self._store = store
        self._loop = loop
        self._specs: dict[int, tuple[Tree, dict[str, Tree]]] = {}
        self._room = MEMO_SIZE
        """How many more specs are remembered before all are forgotten."""
        self._labels: dict[tuple[int, str | None, str | None], tuple[Tree | None, Tree | None]] = {}
        self._statuses: dict[int, tuple[Tree, str, Tree]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_specs": {}, "_labels": {}, "_statuses": {}, "_room": MEMO_SIZE}

    def bound(self, pod: Tree, node: str) -> dict[str, Any]:
        """The pod on its node, its metadata a new dict too. Raises Conflict for one that is placed or going away."""
        metadata = pod["metadata"]
        spec = pod["spec"]
        if spec.get("nodeName") or metadata.get("deletionTimestamp") or spec.get("schedulingGates"):
            raise conflict(BINDINGS, metadata["name"], _refusal(pod))
        placed = {**metadata}
        labels = self._placed_labels(metadata.get("labels"), node)
        if labels:
            placed["labels"] = labels
        status = self._scheduled(pod.get("status", EMPTY))
        return {**pod, "metadata": placed, "spec": self._placed_spec(spec, node), "status": status}

    def _placed_spec(self, spec: Tree, node: str) -> Tree:
        known = self._specs.get(id(spec))
        if known is None:
            known = self._specs[id(spec)] = (spec, {})
        found = known[1].get(node)
        if found is None:
            found = known[1][node] = {**spec, "nodeName": node}
            self._room -= 1
            if self._room <= 0:
                self._room = MEMO_SIZE
                self._specs.clear()
        return found

    def _placed_labels(self, labels: Tree | None, node: str) -> Tree | None:
        place = self._store.get(NODES, "", node)
        source = EMPTY if place is None else place["metadata"].get("labels") or EMPTY
        key = (id(labels), source.get(ZONE), source.get(REGION))
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= MEMO_SIZE:
                self._labels.clear()
            found = self._labels[key] = (labels, with_topology(labels, topology_labels(node, self._store)))
        return found[1]

    def _scheduled(self, status: Tree) -> Tree:
        stamp = self._loop.stamp()
        found = self._statuses.get(id(status))
        if found is None or found[1] is not stamp:
            if len(self._statuses) >= MEMO_SIZE:
                self._statuses.clear()
            condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp}
            changed = {**status, "conditions": set_condition(status.get("conditions"), condition)}
            # k8s: a binding ends the nomination, ClearingNominatedNodeNameAfterBinding.
            changed.pop("nominatedNodeName", None)
            found = self._statuses[id(status)] = (status, stamp, changed)
        return found[2]


def _refusal(pod: Tree) -> str:
    """# k8s: registry/core/pod/storage BindingREST.setPodNodeAndMetadata."""
    name = pod["metadata"]["name"]
    if pod["metadata"].get("deletionTimestamp"):
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if pod["spec"].get("nodeName"):
        return f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
    return f"pod {name} has non-empty .spec.schedulingGates"


def target_of(binding: Tree, pod_name: str) -> str:
    """The node that a Binding names. Raises ApiError. # k8s: BindingREST.Create, ValidatePodBinding."""
    given = (binding.get("metadata") or EMPTY).get("name") or pod_name
    if given != pod_name:
        raise bad_request("name in URL does not match name in Binding object")
    target = binding.get("target") or EMPTY
    kind = target.get("kind") or ""
    problems = []
    if kind not in {"", "Node"}:
        problems.append(f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"')
    name: str = target.get("name") or ""
    if not name:
        problems.append("target.name: Required value")
    if problems:
        raise plain(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
    return name


def pod_to_bind(store: Store, namespace: str, name: str) -> Tree:
    """The pod that a binding is about. Raises NotFound."""
    pod = store.get(PODS, namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    return pod
