"""The node authorizer: a kubelet reaches its own Node, its pods, and what its pods refer to.

# k8s: plugin/pkg/auth/authorizer/node
# differs: which objects a node has to do with is looked up among its pods instead of kept in a graph.
"""

from collections.abc import Callable, Iterable

from kubesim.api.access import rules
from kubesim.api.access.attributes import NODES_GROUP, Attributes, Decision, Rule
from kubesim.objects.wire import (
    CLAIMS,
    CONFIGMAPS,
    EMPTY,
    LEASES,
    NODES,
    PODS,
    SECRETS,
    SERVICEACCOUNTS,
    VOLUMES,
    Gvr,
    Identity,
    Tree,
)
from kubesim.store.mvcc import Store

PREFIX = "system:node:"
NODE_ROLE = "system:node"
LEASE_NAMESPACE = "kube-node-lease"
CSINODES = Gvr("storage.k8s.io", "v1", "csinodes")
ATTACHMENTS = Gvr("storage.k8s.io", "v1", "volumeattachments")
_YES = Decision(True)
_NO = Decision(False)
_READS = ("get", "list", "watch")
_OWN = ("get", "create", "update", "patch", "delete")


class NodeAccess:
    """Decides for members of system:nodes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: tuple[Rule, ...] | None = None

    def name_of(self, identity: Identity) -> str:
        """The name of the node that the identity is, "" when it is none."""
        if NODES_GROUP not in identity.groups or not identity.user.startswith(PREFIX):
            return ""
        return identity.user.removeprefix(PREFIX)

    def decide(self, identity: Identity, wanted: Attributes) -> Decision | None:
        """The decision about a node's request; None when no node asks."""
        node = self.name_of(identity)
        if not node:
            return None
        special = None if wanted.path else _SPECIAL.get((wanted.gvr.group, wanted.gvr.resource))
        if special is not None:
            return special(self, node, wanted)
        return _YES if any(rules.allows(rule, wanted) for rule in self._static()) else _NO

    def _static(self) -> tuple[Rule, ...]:
        if self._rules is None:
            from kubesim.api.bootstrap.roles import read  # noqa: PLC0415 (it knows the words of this package)

            self._rules = next(role.rules for role in read() if role.name == NODE_ROLE)
        return self._rules

    # ------------------------------------------------------------------ what a node has to do with
    def _related(self, node: str, wanted: Attributes, belongs: Callable[[Tree], Iterable[str]]) -> Decision:
        if not wanted.name:
            return Decision(False, "No Object name found")
        for pod in self._pods(node, wanted.namespace):
            if wanted.name in belongs(pod):
                return _YES
        return Decision(False, f"no relationship found between node '{node}' and this object")

    def _pods(self, node: str, namespace: str) -> Iterable[Tree]:
        for pod in self._store.iterate(PODS, namespace):
            if pod["spec"].get("nodeName") == node:
                yield pod

    def _namespaced(self, node: str, wanted: Attributes) -> Decision:
        if wanted.verb not in _READS:
            return Decision(False, "can only read resources of this type")
        if wanted.subresource:
            return Decision(False, "cannot read subresource")
        if not wanted.namespace:
            return Decision(False, "can only read namespaced object of this type")
        return self._related(node, wanted, _secrets_of if wanted.gvr.resource == "secrets" else _config_maps_of)

    def _claim(self, node: str, wanted: Attributes) -> Decision:
        if wanted.subresource == "status":
            if wanted.verb not in {"update", "patch"}:
                return Decision(False, "can only get/update/patch this type")
            return self._related(node, wanted, _claims_of)
        return self._single(wanted) or self._related(node, wanted, _claims_of)

    def _volume(self, node: str, wanted: Attributes) -> Decision:
        return self._single(wanted) or self._related(node, wanted, self._volumes_of)

    def _attachment(self, node: str, wanted: Attributes) -> Decision:
        refused = self._single(wanted)
        if refused is not None:
            return refused
        found = self._store.get(ATTACHMENTS, "", wanted.name)
        if found is not None and (found.get("spec") or EMPTY).get("nodeName") == node:
            return _YES
        return Decision(False, f"no relationship found between node '{node}' and this object")

    def _single(self, wanted: Attributes) -> Decision | None:
        if wanted.verb != "get":
            return Decision(False, "can only get individual resources of this type")
        return Decision(False, "cannot get subresource") if wanted.subresource else None

    def _volumes_of(self, pod: Tree) -> Iterable[str]:
        namespace = pod["metadata"]["namespace"]
        for name in _claims_of(pod):
            claim = self._store.get(CLAIMS, namespace, name)
            if claim is not None:
                yield (claim.get("spec") or EMPTY).get("volumeName") or ""

    def _account(self, node: str, wanted: Attributes) -> Decision:
        if wanted.verb == "get" and not wanted.subresource:
            return self._related(node, wanted, _accounts_of)
        if wanted.verb != "create" or not wanted.name:
            return Decision(False, "can only create tokens for individual service accounts")
        if wanted.subresource != "token":
            return Decision(False, "can only create token subresource of serviceaccount")
        return self._related(node, wanted, _accounts_of)

    # ------------------------------------------------------------------ what is the node's own
    def _lease(self, node: str, wanted: Attributes) -> Decision:
        if wanted.verb not in _OWN:
            return Decision(False, "can only get, create, update, patch, or delete a node lease")
        if wanted.namespace != LEASE_NAMESPACE:
            return Decision(False, f'can only access leases in the "{LEASE_NAMESPACE}" system namespace')
        if wanted.verb != "create" and wanted.name != node:
            return Decision(False, "can only access node lease with the same name as the requesting node")
        return _YES

    def _csi_node(self, node: str, wanted: Attributes) -> Decision:
        if wanted.verb not in _OWN:
            return Decision(False, "can only get, create, update, patch, or delete a CSINode")
        if wanted.subresource:
            return Decision(False, "cannot authorize CSINode subresources")
        if wanted.verb != "create" and wanted.name != node:
            return Decision(False, "can only access CSINode with the same name as the requesting node")
        return _YES

    def _node(self, node: str, wanted: Attributes) -> Decision:
        if wanted.subresource:
            return _YES if wanted.subresource == "status" and wanted.verb in {"update", "patch"} else _NO
        if wanted.verb in {"create", "update", "patch"}:
            return _YES
        if wanted.verb not in _READS:
            return _NO
        if wanted.name == node:
            return _YES
        if not wanted.name:
            return Decision(False, f"node '{node}' cannot read all nodes, only its own Node object")
        return Decision(False, f"node '{node}' cannot read '{wanted.name}', only its own Node object")

    def _pod(self, node: str, wanted: Attributes) -> Decision:
        part, verb = wanted.subresource, wanted.verb
        if part == "status":
            return _YES if verb in {"update", "patch"} else _NO
        if part == "eviction":
            return _YES if verb == "create" else _NO
        if part:
            return _NO
        if verb in {"list", "watch"}:
            if wanted.fields.get("spec.nodeName") == node:
                return _YES
            if not wanted.name:
                return Decision(False, "can only list/watch pods with spec.nodeName field selector")
        if verb in _READS:
            return self._related(node, wanted, _names_of)
        return _YES if verb in {"create", "delete"} else _NO


_Special = Callable[[NodeAccess, str, Attributes], Decision]
_SPECIAL: dict[tuple[str, str], _Special] = {
    (SECRETS.group, SECRETS.resource): NodeAccess._namespaced,
    (CONFIGMAPS.group, CONFIGMAPS.resource): NodeAccess._namespaced,
    (CLAIMS.group, CLAIMS.resource): NodeAccess._claim,
    (VOLUMES.group, VOLUMES.resource): NodeAccess._volume,
    (ATTACHMENTS.group, ATTACHMENTS.resource): NodeAccess._attachment,
    (SERVICEACCOUNTS.group, SERVICEACCOUNTS.resource): NodeAccess._account,
    (LEASES.group, LEASES.resource): NodeAccess._lease,
    (CSINODES.group, CSINODES.resource): NodeAccess._csi_node,
    (NODES.group, NODES.resource): NodeAccess._node,
    (PODS.group, PODS.resource): NodeAccess._pod,
}


# ---------------------------------------------------------------------- what a pod refers to
def _names_of(pod: Tree) -> Iterable[str]:
    yield pod["metadata"]["name"]


def _accounts_of(pod: Tree) -> Iterable[str]:
    yield pod["spec"].get("serviceAccountName") or ""


def _claims_of(pod: Tree) -> Iterable[str]:
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"].get("claimName") or ""
        elif "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}"


def _secrets_of(pod: Tree) -> Iterable[str]:
    for reference in pod["spec"].get("imagePullSecrets") or ():
        yield reference.get("name") or ""
    for source in _sources(pod):
        if "secret" in source:
            yield source["secret"].get("secretName") or source["secret"].get("name") or ""
    yield from _environment(pod, "secretRef", "secretKeyRef")


def _config_maps_of(pod: Tree) -> Iterable[str]:
    for source in _sources(pod):
        if "configMap" in source:
            yield source["configMap"].get("name") or ""
    yield from _environment(pod, "configMapRef", "configMapKeyRef")


def _sources(pod: Tree) -> Iterable[Tree]:
    for volume in pod["spec"].get("volumes") or ():
        yield volume
        yield from (volume.get("projected") or EMPTY).get("sources") or ()


def _environment(pod: Tree, whole: str, one: str) -> Iterable[str]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod["spec"].get(field) or ():
            for source in container.get("envFrom") or ():
                yield (source.get(whole) or EMPTY).get("name") or ""
            for variable in container.get("env") or ():
                yield ((variable.get("valueFrom") or EMPTY).get(one) or EMPTY).get("name") or ""
