"""Which requests a webhook or a policy is asked about: rules, selectors and equivalent versions of a resource.

# k8s: apiserver/pkg/admission/plugin/webhook/predicates, plugin/policy/matching
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubesim.api.admission.plugin import CONNECT, Attributes
from kubesim.api.scheme import Scheme, table_of
from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import EMPTY, NAMESPACES, Gvr, Tree
from kubesim.store.mvcc import Store

REGISTRATION = "admissionregistration.k8s.io"
EXEMPT = frozenset({
    "validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
    "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
})  # fmt: skip
"""What nobody is asked about, or a mistake could not be mended any more."""


class Place(NamedTuple):
    """What rules look at: operation, resource and scope."""

    operation: str
    gvr: Gvr
    subresource: str
    namespaced: bool


class Seen(NamedTuple):
    """The resource by which a request matched, and the kind of its objects there."""

    gvr: Gvr
    kind: str


def is_exempt(gvr: Gvr) -> bool:
    """Whether webhooks and policies have no say about a resource."""
    return gvr.group == REGISTRATION and gvr.resource in EXEMPT


def rule_matches(rule: Tree, place: Place) -> bool:
    """Whether one RuleWithOperations covers a request. # k8s: predicates/rules."""
    gvr = place.gvr
    return (
        _scope(rule.get("scope") or "*", place)
        and _has(rule.get("operations"), place.operation)
        and _has(rule.get("apiGroups"), gvr.group)
        and _has(rule.get("apiVersions"), gvr.version)
        and any(_resource(str(text), gvr.resource, place.subresource) for text in rule.get("resources") or ())
    )


def _scope(scope: str, place: Place) -> bool:
    if scope == "Namespaced":
        return place.namespaced and place.gvr.resource != "namespaces"
    if scope == "Cluster":
        return not place.namespaced or place.gvr.resource == "namespaces"
    return True


def _has(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values or ())


def _resource(text: str, resource: str, subresource: str) -> bool:
    name, _, part = text.partition("/")
    return name in ("*", resource) and part in ("*", subresource)


def could_match(rules: Iterable[Tree], operation: str, gvrs: Iterable[Gvr], subresource: str) -> bool:
    """Whether some rule covers such requests in some namespace or scope."""
    places = [Place(operation, gvr, subresource, namespaced) for gvr in gvrs for namespaced in (True, False)]
    return any(rule_matches(rule, place) for rule in rules for place in places)


class Matcher:
    """Matches requests of one server."""

    def __init__(self, store: Store, scheme: Scheme) -> None:
        self._store = store
        self._scheme = scheme

    # ------------------------------------------------------------------ resources
    def equivalents(self, gvr: Gvr) -> list[Gvr]:
        """The resource itself, then the others in which the same objects are served."""
        strategy = self._scheme.find(gvr)
        if strategy is None:
            return [gvr]
        table = table_of(strategy)
        others = [each.gvr for each in self._scheme.all() if table_of(each) == table and each.gvr != gvr]
        return [gvr, *others]

    def resource(self, rules: Sequence[Tree], policy: str, asked: Attributes) -> Seen | None:
        """The resource by which some rule covers the request; None for none."""
        namespaced = bool(asked.namespace) and asked.gvr != NAMESPACES
        found = self.equivalents(asked.gvr) if policy != "Exact" else [asked.gvr]
        for gvr in found:
            place = Place(asked.operation, gvr, asked.subresource, namespaced)
            if any(rule_matches(rule, place) for rule in rules):
                strategy = self._scheme.find(gvr)
                return Seen(gvr, asked.kind if strategy is None else strategy.kind)
        return None

    # ------------------------------------------------------------------ selectors
    def namespace(self, asked: Attributes) -> Tree | None:
        """The namespace of the request, or the one that it is about; None for what has none."""
        if asked.gvr == NAMESPACES:
            if asked.operation in {"CREATE", "UPDATE"} and not asked.subresource and asked.obj is not None:
                return asked.obj
            return self._store.get(NAMESPACES, "", asked.name)
        return self._store.get(NAMESPACES, "", asked.namespace) if asked.namespace else None

    def selects(self, criteria: Tree, asked: Attributes) -> bool:
        """Whether the namespaceSelector and the objectSelector of a webhook or policy hold."""
        spaces = criteria.get("namespaceSelector")
        if spaces:
            space = self.namespace(asked)
            if space is not None and not from_label_selector(spaces).matches(_labels(space)):
                return False
        objects = criteria.get("objectSelector")
        if not objects:
            return True
        chosen = from_label_selector(objects)
        # k8s: the options of CONNECT have no labels, so no selector finds them.
        trees = () if asked.operation == CONNECT else (asked.obj, asked.old)
        return any(chosen.matches(_labels(tree)) for tree in trees if tree is not None)


def _labels(tree: Tree) -> Tree:
    labels: Tree = (tree.get("metadata") or EMPTY).get("labels") or EMPTY
    return labels
