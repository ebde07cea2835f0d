"""Custom resources as controllers find them: by the definitions that are established."""

from typing import Protocol

from kubesim.machinery.informer import Hub
from kubesim.objects.wire import EMPTY, Gvr, Tree

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
STORED = "*"
"""Stands for the version of a table of custom objects, whichever is stored."""


class Follower(Protocol):
    """Who works on all resources."""

    def follow(self, gvr: Gvr) -> None:
        """Work on this resource too."""


class Definitions:
    """Tells a follower once of every custom resource that is established."""

    def __init__(self, hub: Hub, follower: Follower) -> None:
        self._follower = follower
        self._known: dict[Gvr, None] = {}
        hub.on(DEFINITIONS, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old, revision
        if new is None or not _is_established(new):
            return
        spec = new["spec"]
        gvr = Gvr(spec["group"], STORED, spec["names"]["plural"])
        if gvr not in self._known:
            self._known[gvr] = None
            self._follower.follow(gvr)


def _is_established(definition: Tree) -> bool:
    conditions = (definition.get("status") or EMPTY).get("conditions") or ()
    return any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions)
