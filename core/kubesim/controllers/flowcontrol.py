"""The part of API Priority and Fairness that tells FlowSchemas whether their priority level exists.

# k8s: apiserver/pkg/util/flowcontrol/apf_controller.go
"""

from collections.abc import Hashable
from typing import Any, cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Gvr, Tree

GROUP = "flowcontrol.apiserver.k8s.io"
FLOWSCHEMAS = Gvr(GROUP, "v1", "flowschemas")
LEVELS = Gvr(GROUP, "v1", "prioritylevelconfigurations")


class FlowSchemaController:
    """Keeps the condition Dangling. ``controller`` is its driver; keys are ("", name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("priority-and-fairness-config-consumer", loop, client, self)
        self._client = client
        hub.on(FLOWSCHEMAS, self._schema_changed)
        hub.on(LEVELS, self._level_changed)

    def _schema_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None:
            self.controller.add(refs.place(new), revision)

    def _level_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if old is None or new is None:
            for schema in self._client.list(FLOWSCHEMAS):
                self._schema_changed(None, schema, revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Write the condition when it is not so."""
        schema = self._client.get(FLOWSCHEMAS, *cast("tuple[str, str]", key))
        if schema is None:
            return None
        level = ((schema.get("spec") or EMPTY).get("priorityLevelConfiguration") or EMPTY).get("name") or ""
        wanted = dangling(level, found=self._client.get(LEVELS, "", level) is not None)
        known = refs.condition(schema, "Dangling") or EMPTY
        if all(known.get(name) == value for name, value in wanted.items()):
            return None
        status = schema.get("status") or EMPTY
        conditions = refs.set_condition(
            status.get("conditions"), {**wanted, "lastTransitionTime": self._client.stamp()}
        )
        self._client.update_status(FLOWSCHEMAS, {**schema, "status": {**status, "conditions": conditions}})
        return None


def dangling(level: str, *, found: bool) -> dict[str, Any]:
    """The condition of a FlowSchema, without its time."""
    text = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
    if found:
        return {"type": "Dangling", "status": "False", "reason": "Found", "message": f"{text} and it exists"}
    return {
        "type": "Dangling",
        "status": "True",
        "reason": "NotFound",
        "message": f"{text} but there is no such object",
    }
