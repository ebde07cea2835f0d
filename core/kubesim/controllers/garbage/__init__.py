"""The garbage collector: deletes what has lost its owners, orphans what it should, finishes foreground deletions.

It follows every resource. A write costs O(1): most change neither owners nor deletion and are let pass. The work on
many dependents is one queue item that is done in slices.
"""

from collections.abc import Hashable, Sequence
from typing import cast

from kubesim.controllers.garbage import plan
from kubesim.controllers.garbage.graph import Graph, Node
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.definitions import Definitions
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Gvr, Tree

_new = tuple.__new__
"""The plain constructor: a named tuple's own costs three times as much."""

SLICE = 50
IGNORED = ("events",)
"""Resources that are never collected. # k8s: garbagecollector DefaultIgnoredResources"""
DEPENDENTS = "dependents of"
GONE_SIZE = 500


class _Watch:
    """Hears the writes of one resource."""

    __slots__ = ("_collector", "_gvr")

    def __init__(self, collector: "GarbageCollector", gvr: Gvr) -> None:
        self._collector = collector
        self._gvr = gvr

    def changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Pass a write on when it can matter."""
        if old is not None and new is not None:
            before, after = old["metadata"], new["metadata"]
            if (
                before.get("ownerReferences") is after.get("ownerReferences")
                and before.get("deletionTimestamp") == after.get("deletionTimestamp")
                and before.get("finalizers") is after.get("finalizers")
            ):
                return
        self._collector.changed(self._gvr, old, new, revision)


class GarbageCollector:
    """Collects garbage. ``controller`` is its driver.

    Keys are (resource, namespace, name) of an object to look at, or ("dependents of", uid).
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, resources: Sequence[Gvr]) -> None:
        self.controller = Controller("garbage-collector", loop, client, self)
        self._client = client
        self._graph = Graph()
        self._gvrs: dict[str, Gvr] = {}
        self._sweeps: dict[str, list[Node]] = {}
        """What is left to do of the dependents of an owner."""
        self._swept: dict[str, None] = {}
        """Owners in foreground deletion whose dependents have all been looked at."""
        self._gone: dict[str, None] = {}
        """Uids of owners that were seen to go."""
        self._hub = hub
        for gvr in dict.fromkeys(resources):
            if gvr.resource not in IGNORED:
                self._watch(gvr)
        for gvr in self._gvrs.values():
            self._learn(gvr)
        self._definitions = Definitions(hub, self)

    def _watch(self, gvr: Gvr) -> None:
        self._gvrs[gvr.qualified] = gvr
        self._hub.on(gvr, _Watch(self, gvr).changed)

    def _learn(self, gvr: Gvr) -> None:
        for each in self._client.list(gvr):
            self.changed(gvr, None, each, 0)

    def follow(self, gvr: Gvr) -> None:
        """Collect the garbage of this resource too."""
        self._watch(gvr)
        self._learn(gvr)

    # ------------------------------------------------------------------ handlers
    def changed(self, gvr: Gvr, old: Tree | None, new: Tree | None, revision: int) -> None:
        """Follow one write of a resource."""
        either = new if new is not None else old
        if either is None:
            return
        metadata = either["metadata"]
        node = _new(Node, (gvr, metadata.get("namespace", ""), metadata["name"]))
        before = () if old is None else old["metadata"].get("ownerReferences") or ()
        after = () if new is None else new["metadata"].get("ownerReferences") or ()
        if before is not after:
            self._graph.change(node, before, after)
            self._wake_owners(before, node.namespace, revision)
        if new is None:
            self._lost(refs.uid(either), revision)
            return
        if old is None:
            self._graph.learn(gvr, new["kind"])
            for reference in after:
                if not self._is_alive(reference, node.namespace):
                    self._add(node, revision)
                    break
        if refs.is_deleting(new):
            if plan.has_finalizer(new, plan.FOREGROUND) or plan.has_finalizer(new, plan.ORPHAN):
                self._add(node, revision)
        elif before is not after and old is not None and after:
            self._add(node, revision)

    def _lost(self, uid: str, revision: int) -> None:
        self._swept.pop(uid, None)
        if self._graph.dependents(uid):
            if len(self._gone) >= GONE_SIZE:
                del self._gone[next(iter(self._gone))]
            self._gone[uid] = None
            self.controller.add((DEPENDENTS, uid), revision)

    def _wake_owners(self, references: Sequence[Tree], namespace: str, revision: int) -> None:
        for reference in references:
            owner = self._owner(reference, namespace)
            gvr = self._graph.resource(reference)
            if owner is not None and gvr is not None and plan.awaits_dependents(owner):
                self._add(Node(gvr, *refs.place(owner)), revision)

    def _add(self, node: Node, revision: int) -> None:
        self.controller.add((node.gvr.qualified, node.namespace, node.name), revision)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Look at one object, or go on with the dependents of one owner."""
        parts = cast("tuple[str, ...]", key)
        if parts[0] == DEPENDENTS:
            return self._sweep(parts[1])
        node = Node(self._gvrs[parts[0]], parts[1], parts[2])
        obj = self._client.get(*node)
        if obj is None:
            return None
        if refs.is_deleting(obj):
            if plan.has_finalizer(obj, plan.ORPHAN):
                return self._orphan(node, obj)
            if plan.has_finalizer(obj, plan.FOREGROUND):
                self._await_dependents(node, obj)
            return None
        self._attempt(node, obj)
        return None

    def _sweep(self, uid: str) -> int | None:
        """Look at the dependents of an owner that is gone or going, a slice at a time."""
        nodes = self._sweeps.get(uid)
        if nodes is None:
            nodes = self._sweeps[uid] = self._list_dependents(uid)
        for _ in range(min(SLICE, len(nodes))):
            self._add(nodes.pop(), self._client.cause)
        if nodes:
            return 0
        del self._sweeps[uid]
        return None

    def _list_dependents(self, uid: str) -> list[Node]:
        found = list(self._graph.dependents(uid))
        # They are taken from the end.
        found.reverse()
        return found

    def _attempt(self, node: Node, obj: Tree) -> None:
        references: Sequence[Tree] = obj["metadata"].get("ownerReferences") or ()
        owners = [self._owner(reference, node.namespace) for reference in references]
        self._report_strangers(node, obj, owners)
        dependents = self._graph.dependents(refs.uid(obj))
        circular = False
        if any(owner is not None and plan.awaits_dependents(owner) for owner in owners):
            living = [self._client.get(*each) for each in dependents]
            circular = any(each is not None and plan.awaits_dependents(each) for each in living)
        verdict = plan.judge(obj, owners, has_dependents=bool(dependents), circular=circular)
        if verdict.action == "keep":
            return
        if verdict.action == "trim":
            self._client.update(node.gvr, plan.without_owners(obj, verdict.uids))
            return
        if verdict.action == "unblock":
            self._client.update(node.gvr, plan.unblocked(obj))
        options = {"preconditions": {"uid": refs.uid(obj)}, "propagationPolicy": verdict.policy}
        try:
            self._client.delete(*node, options)
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _report_strangers(self, node: Node, obj: Tree, owners: Sequence[Tree | None]) -> None:
        """Say so when an absent owner lives in another namespace."""
        if not node.namespace:
            return
        absent: list[tuple[Gvr, Tree]] = []
        for reference, owner in zip(obj["metadata"].get("ownerReferences") or (), owners, strict=True):
            gvr = self._graph.resource(reference)
            if owner is None and gvr is not None and reference["uid"] not in self._gone:
                absent.append((gvr, reference))
        # Looked through once a resource: an object may name a thousand owners.
        alive = {gvr: set(map(refs.uid, self._client.list(gvr))) for gvr in dict.fromkeys(gvr for gvr, _ in absent)}
        for gvr, reference in absent:
            if reference["uid"] in alive[gvr]:
                identity = (
                    f"[{reference['apiVersion']}/{reference['kind']}, namespace: {node.namespace}, "
                    f"name: {reference['name']}, uid: {reference['uid']}]"
                )
                text = f'ownerRef {identity} does not exist in namespace "{node.namespace}"'
                self._client.event(obj, "Warning", "OwnerRefInvalidNamespace", text)

    def _await_dependents(self, node: Node, obj: Tree) -> None:
        """Finish a foreground deletion when no dependent blocks it; until then see to it that they go."""
        uid = refs.uid(obj)
        for each in self._graph.dependents(uid):
            dependent = self._client.get(*each)
            if dependent is not None and plan.blocks(dependent, uid):
                break
        else:
            self._client.update(node.gvr, plan.without_finalizer(obj, plan.FOREGROUND))
            return
        if uid not in self._swept:
            self._swept[uid] = None
            self.controller.add((DEPENDENTS, uid), self._client.cause)

    def _orphan(self, node: Node, obj: Tree) -> int | None:
        """Take the owner out of its dependents, a slice at a time, then let it go."""
        uid = refs.uid(obj)
        nodes = self._sweeps.get(uid)
        if nodes is None:
            nodes = self._sweeps[uid] = self._list_dependents(uid)
        for _ in range(min(SLICE, len(nodes))):
            each = nodes[-1]
            dependent = self._client.get(*each)
            if dependent is not None:
                trimmed = plan.without_owners(dependent, (uid,))
                if trimmed is not dependent:
                    self._client.update(each.gvr, trimmed)
            nodes.pop()
        if nodes:
            return 0
        del self._sweeps[uid]
        self._client.update(node.gvr, plan.without_finalizer(obj, plan.ORPHAN))
        return None

    # ------------------------------------------------------------------ owners
    def _owner(self, reference: Tree, namespace: str) -> Tree | None:
        """The living owner a reference names: in the namespace of the dependent, or cluster-scoped."""
        gvr = self._graph.resource(reference)
        if gvr is None:
            return None
        for space in (namespace, "") if namespace else ("",):
            found = self._client.get(gvr, space, reference["name"])
            if found is not None and refs.uid(found) == reference["uid"]:
                return found
        return None

    def _is_alive(self, reference: Tree, namespace: str) -> bool:
        owner = self._owner(reference, namespace)
        return owner is not None and not plan.awaits_dependents(owner)
