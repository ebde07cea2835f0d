"""The policies of one kind with their bindings and parameters, and which of them a request concerns.

# k8s: apiserver/pkg/admission/plugin/policy/{generic,matching}
"""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.admission.matching import REGISTRATION, Matcher, Seen, could_match, is_exempt
from kubesim.api.admission.plugin import Attributes
from kubesim.api.scheme import Scheme, table_of
from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import EMPTY, Gvr, Tree
from kubesim.store.mvcc import Store


class Family(NamedTuple):
    """The tables of one kind of policy."""

    policies: Gvr
    bindings: Gvr


VALIDATING = Family(
    Gvr(REGISTRATION, "v1", "validatingadmissionpolicies"), Gvr(REGISTRATION, "v1", "validatingadmissionpolicybindings")
)
MUTATING = Family(
    Gvr(REGISTRATION, "v1", "mutatingadmissionpolicies"), Gvr(REGISTRATION, "v1", "mutatingadmissionpolicybindings")
)


class ConfigurationError(Exception):
    """A policy or a binding that cannot be carried out as it is."""


class Catalogue:
    """The policies of one family."""

    def __init__(self, store: Store, scheme: Scheme, matcher: Matcher, family: Family) -> None:
        self._store = store
        self._scheme = scheme
        self._matcher = matcher
        self._family = family

    def concerns(self, operation: str, gvr: Gvr, subresource: str) -> bool:
        """Whether some policy that is bound could have a say."""
        family, store = self._family, self._store
        if not store.count(family.bindings) or not store.count(family.policies) or is_exempt(gvr):
            return False
        gvrs = self._matcher.equivalents(gvr)
        return any(could_match(_rules(policy), operation, gvrs, subresource) for policy in store.range(family.policies))

    def policies(self) -> list[Tree]:
        """All policies by name."""
        return sorted(self._store.range(self._family.policies), key=name_of)

    def bindings(self, policy: Tree) -> list[Tree]:
        """The bindings of a policy by name."""
        name = name_of(policy)
        found = [each for each in self._store.range(self._family.bindings) if each["spec"].get("policyName") == name]
        return sorted(found, key=name_of)

    def matches(self, policy: Tree, asked: Attributes) -> Seen | None:
        """How a policy sees the request; None when it is not about it."""
        return self._seen(policy["spec"].get("matchConstraints") or EMPTY, asked, everything=False)

    def binds(self, binding: Tree, asked: Attributes) -> bool:
        """Whether a binding is about the request."""
        criteria = binding["spec"].get("matchResources")
        return criteria is None or self._seen(criteria, asked, everything=True) is not None

    def _seen(self, criteria: Tree, asked: Attributes, *, everything: bool) -> Seen | None:
        if not self._matcher.selects(criteria, asked):
            return None
        policy = str(criteria.get("matchPolicy") or "Equivalent")
        excluded = _named(criteria.get("excludeResourceRules"), asked)
        if excluded and self._matcher.resource(excluded, policy, asked) is not None:
            return None
        rules = criteria.get("resourceRules") or ()
        if not rules and everything:
            return Seen(asked.gvr, asked.kind)
        return self._matcher.resource(_named(rules, asked), policy, asked)

    # ------------------------------------------------------------------ parameters
    def parameters(self, policy: Tree, binding: Tree, namespace: str) -> list[Tree | None]:
        """What a policy is evaluated with, once each; [None] without parameters. Raises ConfigurationError.

        # k8s: generic.CollectParams
        """
        kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
        if not kind:
            return [None]
        strategy = self._scheme.of_kind(str(kind.get("apiVersion") or ""), str(kind.get("kind") or ""))
        if strategy is None:
            group, _, version = str(kind.get("apiVersion") or "").rpartition("/")
            shown = f"{group}/{version}, Kind={kind.get('kind')}"
            raise ConfigurationError(f"failed to find resource referenced by paramKind: '{shown}'")
        if not reference:
            return [None]
        space = ""
        if strategy.namespaced:
            space = str(reference.get("namespace") or namespace)
            if not space:
                raise ConfigurationError(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                )
        elif reference.get("namespace"):
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        found = self._referred(table_of(strategy), space, reference)
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            raise ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
        return [strategy.from_storage(tree) if strategy.storage is not None else tree for tree in found]

    def _referred(self, table: Gvr, space: str, reference: Tree) -> list[Tree]:
        if reference.get("name"):
            found = self._store.get(table, space, str(reference["name"]))
            return [] if found is None else [found]
        chosen = reference.get("selector")
        if chosen is None:
            raise ConfigurationError("one of name or selector must be provided")
        selector = from_label_selector(chosen)
        return [tree for tree in self._store.range(table, space) if selector.matches(tree["metadata"].get("labels"))]


def name_of(tree: Tree) -> str:
    """The name of an object."""
    return str(tree["metadata"]["name"])


def _rules(policy: Tree) -> list[Tree]:
    return list((policy["spec"].get("matchConstraints") or EMPTY).get("resourceRules") or ())


def _named(rules: Sequence[Tree] | None, asked: Attributes) -> list[Tree]:
    """The rules that do not ask for other names."""
    found = []
    for rule in rules or ():
        names = rule.get("resourceNames")
        if not names or asked.name in names:
            found.append(rule)
    return found
