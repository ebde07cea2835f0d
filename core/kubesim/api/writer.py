"""The one place where the store is written: compare-and-put, then the journal."""

from typing import Any

from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import conflict, failure
from kubesim.objects.wire import FAULTS, Asked, Gvr, Tree
from kubesim.store.mvcc import StaleError, Store

TRIM_PERIOD = 64
"""Every so many revisions the journal is asked to forget."""


class Writer:
    """Writes objects and notes who did it and why. Raises Conflict when an object is not the one given as old."""

    def __init__(self, store: Store, loop: Loop, journal: Journal) -> None:
        self._store = store
        self._loop = loop
        self._journal = journal
        self._entries = journal.entries
        self.outage = ""
        """Why nothing can be written, "" when it can. Faults are, so that they can be mended."""

    def put(self, gvr: Gvr, namespace: str, name: str, new: Tree, old: Tree | None, asked: Asked) -> Tree:
        """Store an object; returns it with its new resourceVersion."""
        return self.take(gvr, namespace, name, {**new, "metadata": {**new["metadata"]}}, old, asked)

    def take(self, gvr: Gvr, namespace: str, name: str, new: dict[str, Any], old: Tree | None, asked: Asked) -> Tree:
        """As ``put``, but takes the object over: nobody else may hold it or its metadata."""
        store = self._store
        if self.outage and gvr != FAULTS:
            raise failure(500, "InternalError", self.outage)
        try:
            stored = store.take(gvr, namespace, name, new, old)
        except StaleError:
            raise conflict(gvr, name) from None
        verb, _, subresource, _, _, identity, cause, note, _, _ = asked
        actor = identity.agent or identity.user
        revision = store.revision
        self._entries.append((revision, self._loop.now, actor, verb, gvr, namespace, name, subresource, cause, note))
        if not revision % TRIM_PERIOD:
            self._journal.trim()
        return stored

    def delete(self, gvr: Gvr, namespace: str, name: str, old: Tree, asked: Asked) -> Tree:
        """Remove an object; returns its last state with the revision of the deletion."""
        store = self._store
        if self.outage and gvr != FAULTS:
            raise failure(500, "InternalError", self.outage)
        try:
            last = store.delete(gvr, namespace, name, old)
        except StaleError:
            raise conflict(gvr, name) from None
        _, _, _, _, _, identity, cause, note, _, _ = asked
        actor = identity.agent or identity.user
        self._journal.append((store.revision, self._loop.now, actor, "delete", gvr, namespace, name, "", cause, note))
        return last
