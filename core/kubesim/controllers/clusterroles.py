"""The ClusterRole aggregation controller: keeps the rules of ClusterRoles that are gathered from others.

# k8s: pkg/controller/clusterroleaggregation
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs, selectors
from kubesim.objects.wire import EMPTY, Gvr, Tree

CLUSTERROLES = Gvr("rbac.authorization.k8s.io", "v1", "clusterroles")


class ClusterRoleAggregationController:
    """``controller`` is its driver; keys are ("", name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("clusterrole-aggregation-controller", loop, client, self)
        self._client = client
        hub.on(CLUSTERROLES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old, new
        # Whichever role changed, any that gathers may be concerned.
        for role in self._client.list(CLUSTERROLES):
            if role.get("aggregationRule"):
                self.controller.add(refs.place(role), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Write the gathered rules when they differ."""
        role = self._client.get(CLUSTERROLES, *cast("tuple[str, str]", key))
        if role is None or not role.get("aggregationRule"):
            return None
        rules = gathered(role, self._client.list(CLUSTERROLES))
        if rules != (role.get("rules") or []):
            self._client.update(CLUSTERROLES, {**role, "rules": rules})
        return None


def gathered(role: Tree, roles: list[Tree]) -> list[Any]:
    """The rules of all roles that one selects, by name, each once; never its own."""
    found: list[Any] = []
    for selector in (role.get("aggregationRule") or EMPTY).get("clusterRoleSelectors") or ():
        matches = selectors.from_label_selector(selector).matches
        for other in roles:
            if other["metadata"]["name"] == role["metadata"]["name"] or not matches(refs.labels(other)):
                continue
            found += [rule for rule in other.get("rules") or () if rule not in found]
    return found
