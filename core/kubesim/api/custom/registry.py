"""Definitions at work: which of them are served, under which names, and what happens when one is deleted.

It does what three loops inside kube-apiserver do: naming, establishing, finalizing. Without definitions it costs
nothing: it hears of writes to definitions alone.
# k8s: apiextensions-apiserver/pkg/controller/{status,establish,finalizer}
"""

from typing import Any, Protocol

from kubesim.api.custom import definition as definitions
from kubesim.api.custom.definition import DEFINITIONS, FINALIZER, holds, with_condition
from kubesim.api.custom.naming import named
from kubesim.api.custom.strategy import CustomStrategy
from kubesim.api.scheme import Scheme
from kubesim.api.writer import Writer
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError
from kubesim.objects.refs import is_deleting
from kubesim.objects.wire import EMPTY, Gvr, Identity, Key, Request, Response, Tree
from kubesim.store.mvcc import Fields, Store

IDENTITY = Identity("system:apiserver", ("system:masters", "system:authenticated"), "kube-apiserver")
LAG_MS = 3
"""How long the server takes to hear of its own writes."""
AGAIN_MS = 1_000
"""How often objects that do not go are looked at. # differs: the real server waits for up to a minute at once."""
SLICE = 100


class Server(Protocol):
    """What is needed of the whole server."""

    def component(self, request: Request) -> Response:
        """Carry out a request of a trusted component."""


class Registry:
    """Keeps the scheme in step with the definitions in the store."""

    def __init__(self, scheme: Scheme, store: Store, loop: Loop, writer: Writer, server: Server) -> None:
        self._scheme = scheme
        self._store = store
        self._loop = loop
        self._writer = writer
        self._server = server
        self._served: dict[str, list[Gvr]] = {}
        self._due: dict[str, int] = {}
        store.subscribe(self._changed, DEFINITIONS)

    def _changed(self, change: Fields) -> None:
        _, _, _, name, old, new = change
        if new is None:
            self._withdraw(name)
            if old is not None:
                self._wake_group(old)
            return
        if old is None or old["spec"] is not new["spec"] or _serving(old) != _serving(new):
            self._serve(new)
        self._wake(name, LAG_MS)

    # ------------------------------------------------------------------ serving
    def _serve(self, definition: Tree) -> None:
        """Serve a definition as it is now; nothing before its names are established."""
        name = definition["metadata"]["name"]
        self._withdraw(name)
        if not holds(definition, "Established"):
            return
        found = definitions.versions(definition)
        for version in found:
            strategy = CustomStrategy(definition, version)
            if version.served:
                self._scheme.add(strategy)
                self._served.setdefault(name, []).append(strategy.gvr)
            if version.storage:
                # The controllers speak of the objects by their table.
                self._scheme.add_table(definitions.table(definition), strategy)
        self._served.setdefault(name, []).append(definitions.table(definition))

    def _withdraw(self, name: str) -> None:
        for gvr in self._served.pop(name, ()):
            self._scheme.remove(gvr)

    # ------------------------------------------------------------------ the loops
    def _wake(self, name: str, delay_ms: int) -> None:
        due = self._loop.now + delay_ms
        known = self._due.get(name)
        if known is None or known > due:
            self._due[name] = due
            self._loop.at(due, self._look, name, due)

    def _wake_group(self, definition: Tree) -> None:
        for other in self._store.range(DEFINITIONS):
            if other["spec"]["group"] == definition["spec"]["group"]:
                self._wake(other["metadata"]["name"], LAG_MS)

    def _look(self, name: str, due: int) -> None:
        if self._due.get(name) != due:
            return
        del self._due[name]
        definition = self._store.get(DEFINITIONS, "", name)
        if definition is None:
            return
        if is_deleting(definition) and FINALIZER in (definition["metadata"].get("finalizers") or ()):
            self._finalize(definition)
        elif not is_deleting(definition):
            self._establish(definition)

    def _establish(self, definition: Tree) -> None:
        others = [
            other
            for other in self._store.range(DEFINITIONS)
            if other["spec"]["group"] == definition["spec"]["group"] and other is not definition
        ]
        before = (definition.get("status") or EMPTY).get("acceptedNames")
        changed = named(definition, others, self._loop.stamp())
        if changed is not definition:
            self._put(changed, definition)
            if before != changed["status"]["acceptedNames"]:
                self._wake_group(definition)
        elif holds(definition, "NamesAccepted") and not holds(definition, "Established"):
            text = "the initial names have been accepted"
            stamp = self._loop.stamp()
            self._put(
                with_condition(definition, "Established", "True", "InitialNamesAccepted", text, stamp), definition
            )

    def _finalize(self, definition: Tree) -> None:
        """Delete the objects, then let go of the definition. # k8s: finalizer/crd_finalizer.go."""
        table = definitions.table(definition)
        stamp = self._loop.stamp()
        if self._store.count(table) and self._scheme.find(table) is not None:
            text = "CustomResource deletion is in progress"
            marked = with_condition(definition, "Terminating", "True", "InstanceDeletionInProgress", text, stamp)
            if marked is not definition:
                self._put(marked, definition)
            if self._delete_slice(table):
                self._wake(definition["metadata"]["name"], 0)
                return
            if self._store.count(table):
                self._wake(definition["metadata"]["name"], AGAIN_MS)
                return
            definition = self._store.get(DEFINITIONS, "", definition["metadata"]["name"]) or definition
        done = with_condition(
            definition, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances", stamp
        )
        metadata: Any = done["metadata"]
        left = [finalizer for finalizer in metadata["finalizers"] if finalizer != FINALIZER]
        metadata = {**metadata, "finalizers": left} if left else _without(metadata, "finalizers")
        stored = self._put({**done, "metadata": metadata}, definition)
        if not left:
            self._writer.delete(DEFINITIONS, "", metadata["name"], stored, self._request("delete", stored))

    def _delete_slice(self, table: Gvr) -> bool:
        """Ask for the deletion of some objects; True when there are more to ask for."""
        budget = SLICE
        for namespace, name, obj in self._store.items(table):
            if is_deleting(obj):
                continue
            if budget == 0:
                return True
            budget -= 1
            note = "the definition is being deleted"
            self._server.component(Request("delete", Key(table, namespace, name), identity=IDENTITY, note=note))
        return False

    def _put(self, new: Tree, old: Tree) -> Tree:
        try:
            return self._writer.put(DEFINITIONS, "", old["metadata"]["name"], new, old, self._request("update", old))
        except ApiError:
            # Somebody was faster: the write that they made wakes this loop again.
            return old

    def _request(self, verb: str, definition: Tree) -> Request:
        subresource = "status" if verb == "update" else ""
        return Request(verb, Key(DEFINITIONS, "", definition["metadata"]["name"]), subresource, identity=IDENTITY)


def _serving(definition: Tree) -> tuple[bool, bool, Any]:
    status = definition.get("status") or EMPTY
    return holds(definition, "Established"), holds(definition, "Terminating"), status.get("acceptedNames")


def _without(tree: Tree, name: str) -> dict[str, Any]:
    return {field: value for field, value in tree.items() if field != name}
