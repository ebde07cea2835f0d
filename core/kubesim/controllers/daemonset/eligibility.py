"""Which nodes a DaemonSet wants a pod on, and what its pods need to get and stay there."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from kubesim.objects import history, refs, selectors
from kubesim.objects.taints import covers
from kubesim.objects.wire import EMPTY, Tree

NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"
GENERATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"
_ADDED = (
    ("node.kubernetes.io/not-ready", NO_EXECUTE),
    ("node.kubernetes.io/unreachable", NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/unschedulable", NO_SCHEDULE),
)
_ADDED_ON_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Fit(NamedTuple):
    """Whether a node should get a daemon pod, and whether one that is there may stay."""

    should_run: bool
    may_stay: bool


NO_FIT = Fit(False, False)


def tolerations_of(spec: Tree) -> list[Tree]:
    """The tolerations of daemon pods. # k8s: AddOrUpdateDaemonPodTolerations."""
    added = [*_ADDED, _ADDED_ON_HOST_NETWORK] if spec.get("hostNetwork") else list(_ADDED)
    found: list[Tree] = list(spec.get("tolerations") or ())
    for key, effect in added:
        wanted = {"key": key, "operator": "Exists", "effect": effect}
        if not any(_is_same(each, wanted) for each in found):
            found.append(wanted)
    return found


def _is_same(one: Tree, other: Tree) -> bool:
    names = ("key", "operator", "effect", "value")
    return all(one.get(name, "") == other.get(name, "") for name in names)


class Eligibility:
    """Judges nodes for one pod template; remembers the verdict while labels and spec of a node stay the same."""

    def __init__(self, template: Tree) -> None:
        self.template = template
        spec = template["spec"]
        self.tolerations = tolerations_of(spec)
        self._selector = selectors.from_map(spec.get("nodeSelector"))
        affinity = (spec.get("affinity") or EMPTY).get("nodeAffinity") or EMPTY
        self._terms: list[Tree] | None = (affinity.get(_REQUIRED) or EMPTY).get("nodeSelectorTerms")
        self._node: str = spec.get("nodeName") or ""
        self._known: dict[str, tuple[Any, Any, Fit]] = {}

    def judge(self, node: Tree) -> Fit:
        """The verdict on a node. # k8s: NodeShouldRunDaemonPod."""
        name, labels, spec = node["metadata"]["name"], refs.labels(node), node.get("spec")
        known = self._known.get(name)
        if known is not None and known[0] is labels and known[1] is spec:
            return known[2]
        fit = self._judge(name, labels, (spec or EMPTY).get("taints") or ())
        self._known[name] = (labels, spec, fit)
        return fit

    def _judge(self, name: str, labels: Tree, taints: Iterable[Tree]) -> Fit:
        if self._node not in {"", name} or not self._selector.matches(labels):
            return NO_FIT
        if self._terms is not None and not any(_matches(term, labels, name) for term in self._terms):
            return NO_FIT
        effects = {taint["effect"] for taint in taints if not self._tolerates(taint)}
        return Fit(not effects & {NO_SCHEDULE, NO_EXECUTE}, NO_EXECUTE not in effects)

    def _tolerates(self, taint: Tree) -> bool:
        return any(covers(each, taint) for each in self.tolerations)


def _matches(term: Tree, labels: Tree, name: str) -> bool:
    expressions, fields = term.get("matchExpressions"), term.get("matchFields")
    if not expressions and not fields:
        return False
    if expressions and not selectors.from_node_expressions(expressions).matches(labels):
        return False
    return all((name in each["values"]) == (each["operator"] == "In") for each in fields or ())


def target_node(pod: Tree) -> str:
    """The node that a daemon pod runs on or is meant for. # k8s: GetTargetNodeName."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = (spec.get("affinity") or EMPTY).get("nodeAffinity") or EMPTY
    for term in (affinity.get(_REQUIRED) or EMPTY).get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def pod_body(daemon_set: Tree, eligibility: Eligibility, revision_hash: str, node: str) -> dict[str, Any]:
    """The body of the pod for a node. # k8s: CreatePodTemplate, ReplaceDaemonSetPodNodeNameNodeAffinity."""
    template = daemon_set["spec"]["template"]
    given: Tree = template.get("metadata") or EMPTY
    labels = {**(given.get("labels") or EMPTY), history.REVISION_LABEL: revision_hash}
    generation = refs.annotations(daemon_set).get(GENERATION)
    if generation:
        labels[GENERATION_LABEL] = generation
    metadata: dict[str, Any] = {"generateName": f"{daemon_set['metadata']['name']}-", "labels": labels}
    for field in ("annotations", "finalizers"):
        if given.get(field):
            metadata[field] = given[field]
    metadata["ownerReferences"] = [refs.owner_reference(daemon_set, "apps/v1", "DaemonSet")]
    spec = template["spec"]
    affinity: Tree = spec.get("affinity") or EMPTY
    here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    node_affinity = {**(affinity.get("nodeAffinity") or EMPTY), _REQUIRED: {"nodeSelectorTerms": [here]}}
    placed = {**spec, "affinity": {**affinity, "nodeAffinity": node_affinity}, "tolerations": eligibility.tolerations}
    return {"metadata": metadata, "spec": placed}
