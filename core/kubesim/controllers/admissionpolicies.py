"""The status of ValidatingAdmissionPolicies: what type checking found, and of which generation.

# k8s: pkg/controller/validatingadmissionpolicystatus
"""

from collections.abc import Hashable
from typing import Any, Protocol, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Gvr, Tree

POLICIES = Gvr("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")
NAME = "validatingadmissionpolicy-status-controller"


class Checker(Protocol):
    """Who knows types."""

    def warnings(self, policy: Tree) -> list[dict[str, str]]:
        """What is wrong with the expressions of a policy."""


class AdmissionPolicyController:
    """Writes the status after each change of a spec. ``controller`` is its driver; keys are ("", name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, checker: Checker) -> None:
        self.controller = Controller(NAME, loop, client, self)
        self._client = client
        self._checker = checker
        hub.on(POLICIES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None and (old is None or old["spec"] is not new["spec"]):
            self.controller.add(refs.place(new), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Write the status when it is of another generation."""
        policy = self._client.get(POLICIES, *cast("tuple[str, str]", key))
        if policy is None:
            return None
        generation = policy["metadata"].get("generation", 0)
        status: Tree = policy.get("status") or EMPTY
        if status.get("observedGeneration") == generation:
            return None
        found = self._checker.warnings(policy)
        checked: dict[str, Any] = {"expressionWarnings": found} if found else {}
        written = {**status, "observedGeneration": generation, "typeChecking": checked}
        self._client.update_status(POLICIES, {**policy, "status": written})
        return None
