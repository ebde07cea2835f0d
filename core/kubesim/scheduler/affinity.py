"""Node affinity, pod affinity and tolerations: parsed terms and whether they match."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.objects.selectors import Selector, from_label_selector, from_map, from_node_expressions
from kubesim.objects.taints import covers
from kubesim.objects.wire import EMPTY, Tree

NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE = "NoSchedule", "NoExecute", "PreferNoSchedule"


# ---------------------------------------------------------------------- nodes
class NodeTerm(NamedTuple):
    """One node selector term: expressions on labels and conditions on the name; both must hold."""

    labels: Selector | None
    names: tuple[tuple[bool, frozenset[str]], ...]
    """(True: must be one of, False: must not) and the names."""

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node meets it; a term that asks nothing is met by no node."""
        if self.labels is None and not self.names:
            return False
        if self.labels is not None and not self.labels.matches(labels):
            return False
        return all((name in names) == wanted for wanted, names in self.names)


class NodeRequirement(NamedTuple):
    """``nodeSelector`` and required node affinity, and the preferred terms with their weights."""

    selector: Selector
    terms: tuple[NodeTerm, ...] | None
    preferred: tuple[tuple[int, NodeTerm], ...]

    @classmethod
    def parse(cls, node_selector: Tree | None, affinity: Tree | None) -> "NodeRequirement":
        """From the fields of a pod spec."""
        affinity = affinity or EMPTY
        required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
        terms = None
        if required is not None:
            terms = tuple(_node_term(term) for term in required.get("nodeSelectorTerms") or ())
        preferred = tuple(
            (item["weight"], _node_term(item["preference"]))
            for item in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        )
        return cls(from_map(node_selector), terms, preferred)

    @property
    def asks_nothing(self) -> bool:
        """Whether every node will do."""
        return self.terms is None and self.selector.matches_everything

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether the pod may run on a node as far as this goes."""
        if not self.selector.matches(labels):
            return False
        return self.terms is None or any(term.matches(labels, name) for term in self.terms)

    def preference(self, labels: Mapping[str, str], name: str) -> int:
        """The sum of the weights of the preferred terms that a node meets."""
        return sum(weight for weight, term in self.preferred if term.matches(labels, name))

    def node_names(self) -> frozenset[str] | None:
        """The only nodes that can match, when every term names nodes; None when others can. # k8s: PreFilterResult."""
        if not self.terms:
            return None
        found: frozenset[str] = frozenset()
        for term in self.terms:
            wanted = [names for positive, names in term.names if positive]
            if not wanted:
                return None
            found |= frozenset.intersection(*wanted)
        return found


def _node_term(tree: Tree) -> NodeTerm:
    expressions = tree.get("matchExpressions")
    names = tuple(
        (item["operator"] == "In", frozenset(item.get("values") or ())) for item in tree.get("matchFields") or ()
    )
    return NodeTerm(from_node_expressions(expressions) if expressions else None, names)


# ---------------------------------------------------------------------- pods
class PodTerm(NamedTuple):
    """Which pods one affinity term is about."""

    selector: Selector
    namespaces: frozenset[str]
    namespace_selector: Selector | None

    def matches(self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str]) -> bool:
        """Whether a pod is meant."""
        if namespace not in self.namespaces and (
            self.namespace_selector is None or not self.namespace_selector.matches(namespace_labels)
        ):
            return False
        return self.selector.matches(labels)


class AffinityTerm(NamedTuple):
    """A term with the topology it is about and its weight (0 for required terms)."""

    pods: PodTerm
    key: str
    weight: int = 0


class AffinityTerms:
    """The pod affinity and anti-affinity of a spec."""

    __slots__ = ("anti", "attract", "preferred", "required", "selectors")

    def __init__(
        self,
        required: tuple[AffinityTerm, ...],
        anti: tuple[AffinityTerm, ...],
        preferred: tuple[AffinityTerm, ...],
    ) -> None:
        self.required = required
        self.anti = anti
        self.preferred = preferred
        """Preferred terms; those of anti-affinity with negative weight."""
        self.attract = (*(term._replace(weight=HARD_POD_AFFINITY_WEIGHT) for term in required), *preferred)
        """The terms by which a running pod draws others to it, or repels them."""
        keys = (r.key for term in (*required, *anti, *preferred) for r in term.pods.selector.requirements)
        self.selectors = tuple(dict.fromkeys(keys))
        """The label keys that the terms look at."""


HARD_POD_AFFINITY_WEIGHT = 1
"""What a required term of a running pod is worth to a pod that it matches. # k8s: InterPodAffinityArgs."""


def parse_affinity(affinity: Tree, namespace: str) -> AffinityTerms | None:
    """The terms of ``spec.affinity``, or None when there are none."""
    near, far = affinity.get("podAffinity") or EMPTY, affinity.get("podAntiAffinity") or EMPTY
    required = _required(near, namespace)
    anti = _required(far, namespace)
    preferred = (*_preferred(near, namespace, 1), *_preferred(far, namespace, -1))
    if not (required or anti or preferred):
        return None
    return AffinityTerms(required, anti, preferred)


def _required(tree: Tree, namespace: str) -> tuple[AffinityTerm, ...]:
    listed = tree.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(AffinityTerm(_pod_term(term, namespace), term["topologyKey"]) for term in listed)


def _preferred(tree: Tree, namespace: str, sign: int) -> tuple[AffinityTerm, ...]:
    found = []
    for item in tree.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        term = item["podAffinityTerm"]
        found.append(AffinityTerm(_pod_term(term, namespace), term["topologyKey"], sign * item["weight"]))
    return tuple(found)


def _pod_term(term: Tree, namespace: str) -> PodTerm:
    selector = term.get("namespaceSelector")
    names = frozenset(term.get("namespaces") or ())
    # k8s: a term that names no namespace and selects none is about the pod's own.
    if not names and selector is None:
        names = frozenset((namespace,))
    return PodTerm(
        from_label_selector(term.get("labelSelector")),
        names,
        None if selector is None else from_label_selector(selector),
    )


# ---------------------------------------------------------------------- taints
def tolerates(tolerations: Iterable[Tree], taint: Tree) -> bool:
    """Whether one of the tolerations covers the taint."""
    return any(covers(toleration, taint) for toleration in tolerations)


def untolerated(taints: Iterable[Tree], tolerations: tuple[Tree, ...]) -> Tree | None:
    """The first taint that keeps the pod off, or None."""
    for taint in taints:
        if taint.get("effect") in {NO_SCHEDULE, NO_EXECUTE} and not tolerates(tolerations, taint):
            return taint
    return None


def intolerable(taints: Iterable[Tree], tolerations: tuple[Tree, ...]) -> int:
    """How many PreferNoSchedule taints the pod does not tolerate."""
    return sum(1 for t in taints if t.get("effect") == PREFER_NO_SCHEDULE and not tolerates(tolerations, t))
