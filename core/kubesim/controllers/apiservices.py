"""The APIServices of custom resources: one for each group and version that a definition serves.

# k8s: pkg/controlplane/controller/crdregistration, kube-aggregator autoregister and status controllers
# differs: servers that an APIService names by a Service are not asked; nothing is aggregated.
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.definitions import DEFINITIONS
from kubesim.machinery.informer import Hub
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Gvr, Tree

APISERVICES = Gvr("apiregistration.k8s.io", "v1", "apiservices")
LABEL = "kube-aggregator.kubernetes.io/automanaged"
GROUP_PRIORITY, VERSION_PRIORITY = 1_000, 100


class ApiServiceController:
    """Keeps them. ``controller`` is its driver; keys are (group, version)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("autoregister", loop, client, self)
        self._client = client
        hub.on(DEFINITIONS, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is not None and new is not None and old["spec"] is new["spec"]:
            return
        keys: dict[tuple[str, str], None] = {}
        for definition in (old, new):
            if definition is not None:
                group = definition["spec"]["group"]
                keys.update({(group, version["name"]): None for version in definition["spec"]["versions"]})
        for key in keys:
            self.controller.add(key, revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Make the object of a version that is served, remove that of one that is not."""
        group, version = cast("tuple[str, str]", key)
        name = f"{version}.{group}"
        found = self._client.get(APISERVICES, "", name)
        if self._is_served(group, version):
            if found is None:
                self._create(group, version, name)
        elif found is not None and (found["metadata"].get("labels") or {}).get(LABEL) == "true":
            self._client.delete(APISERVICES, "", name)
        return None

    def _is_served(self, group: str, version: str) -> bool:
        return any(
            each["name"] == version and each.get("served")
            for definition in self._client.list(DEFINITIONS)
            if definition["spec"]["group"] == group
            for each in definition["spec"]["versions"]
        )

    def _create(self, group: str, version: str, name: str) -> None:
        condition = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": self._client.stamp(),
            "reason": "Local",
            "message": "Local APIServices are always available",
        }
        spec = {"group": group, "version": version, "groupPriorityMinimum": GROUP_PRIORITY}
        body: dict[str, Any] = {
            "kind": "APIService",
            "apiVersion": "apiregistration.k8s.io/v1",
            "metadata": {"name": name, "labels": {LABEL: "true"}},
            "spec": {**spec, "versionPriority": VERSION_PRIORITY},
        }
        try:
            made = self._client.create(APISERVICES, "", body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return
        self._client.update_status(APISERVICES, {**made, "status": {"conditions": [condition]}})
