"""The authorizers of the server in their order: the group of masters, the nodes, and roles with their bindings.

# k8s: plugin/pkg/auth/authorizer/rbac/rbac.go, apiserver/pkg/authorization/union
"""

from kubesim.api.access import rules
from kubesim.api.access.attributes import MASTERS, Attributes, Decision, Rule, Rules
from kubesim.api.access.directory import GROUP, Directory, Grant
from kubesim.api.access.nodes import NodeAccess
from kubesim.objects.wire import EMPTY, Identity
from kubesim.store.mvcc import Store

ALLOWED = Decision(True)


class Authorizer:
    """Decides by what is in the store at that moment."""

    def __init__(self, store: Store) -> None:
        self.directory = Directory(store)
        self._nodes = NodeAccess(store)

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        """Whether this identity may do that; the reasons of a refusal are those of all authorizers."""
        if MASTERS in identity.groups:
            return ALLOWED
        of_node = self._nodes.decide(identity, wanted)
        if of_node is not None and of_node.allowed:
            return of_node
        found = self._by_roles(identity, wanted)
        if found.allowed or of_node is None:
            return found
        return Decision(False, "\n".join(filter(None, (of_node.reason, found.reason))))

    def _by_roles(self, identity: Identity, wanted: Attributes) -> Decision:
        lost: list[str] = []
        for grant in self.directory.grants(identity, wanted.namespace):
            if grant.rules is None:
                lost.append(_lost(grant))
                continue
            for rule in grant.rules:
                if rules.allows(rule, wanted):
                    return Decision(True, f"RBAC: allowed by {_described(grant)}")
        return Decision(False, f"RBAC: {_aggregate(lost)}" if lost else "")

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What this identity may do in a namespace."""
        resources: list[Rule] = []
        paths: list[Rule] = []
        lost: list[str] = []
        for grant in self.directory.grants(identity, namespace):
            if grant.rules is None:
                lost.append(_lost(grant))
            for rule in grant.rules or ():
                if rule.get("resources"):
                    resources.append(rule)
                if rule.get("nonResourceURLs") and not grant.binding["metadata"].get("namespace"):
                    paths.append(rule)
        error = _aggregate(lost) if lost else ""
        if self._nodes.name_of(identity):
            error = "; ".join(filter(None, ("node authorizer does not support user rule resolution", error)))
        return Rules(tuple(resources), tuple(paths), error)


def _lost(grant: Grant) -> str:
    reference = grant.binding.get("roleRef") or EMPTY
    resource = "role" if reference.get("kind") == "Role" else "clusterrole"
    return f'{resource}.{GROUP} "{reference.get("name") or ""}" not found'


def _aggregate(texts: list[str]) -> str:
    unique = list(dict.fromkeys(texts))
    return unique[0] if len(unique) == 1 else "[" + ", ".join(unique) + "]"


def _described(grant: Grant) -> str:
    binding, subject = grant.binding, grant.subject
    metadata = binding["metadata"]
    reference = binding.get("roleRef") or EMPTY
    namespace = metadata.get("namespace")
    kind, shown = ("RoleBinding", f"{metadata['name']}/{namespace}") if namespace else ("ClusterRoleBinding", "")
    who = subject.get("name") or ""
    if subject.get("kind") == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    role = f'{reference.get("kind")} "{reference.get("name")}"'
    return f'{kind} "{shown or metadata["name"]}" of {role} to {subject.get("kind")} "{who}"'
