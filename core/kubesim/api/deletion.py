"""Deletions: grace periods, finalizers, propagation policies, preconditions, and the two-step end of namespaces."""

from typing import Any, NamedTuple

from kubesim.api.admission.chain import Admission
from kubesim.api.admission.plugin import DELETE
from kubesim.api.call import Call
from kubesim.api.custom.definition import DEFINITIONS, terminating
from kubesim.api.metadata import ordered
from kubesim.api.options import DeleteOptions
from kubesim.api.pipeline import Pipeline
from kubesim.api.strategy import Strategy
from kubesim.api.webhooks import Awaited, OutsideCall
from kubesim.api.writer import Writer
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError, conflict
from kubesim.objects.times import format_time, parse_time
from kubesim.objects.wire import NAMESPACES, PODS, Gvr, Tree, core

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
"""The finalizers that the garbage collector answers to."""


ORPHANED_PODS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)

_RETURNING = frozenset(
    core(resource)
    for resource in (
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
    )
)


def returns_deleted(strategy: Strategy) -> bool:
    """Whether a deletion answers with the deleted object instead of a Status. # k8s: Store.ReturnDeletedObject."""
    return strategy.gvr in _RETURNING


class Deleted(NamedTuple):
    """The outcome: the object as it is now, and whether it is gone."""

    obj: Tree
    gone: bool
    status_only: bool = False
    """Whether the answer is a Status, whatever the kind returns otherwise."""


class Deletion:
    """Carries out deletions. # k8s: apiserver/pkg/registry/generic/registry Store.Delete."""

    def __init__(self, loop: Loop, writer: Writer, pipeline: Pipeline, admission: Admission) -> None:
        self._loop = loop
        self._writer = writer
        self._pipeline = pipeline
        self._admission = admission

    def delete(self, call: Call, stored: Tree, options: DeleteOptions) -> Deleted:
        """Delete an object, or begin to. Raises ApiError."""
        strategy = call.strategy
        self._admission.delete(strategy.gvr, stored["metadata"]["name"])
        check_preconditions(strategy, stored, options)
        self._admission.plugins.mutate(call, DELETE, None, stored)
        self._admission.plugins.validate(call, DELETE, None, stored)
        if strategy.gvr == NAMESPACES:
            return self._namespace(call, stored)
        if strategy.gvr == DEFINITIONS and not stored["metadata"].get("deletionTimestamp"):
            return self._definition(call, stored)
        if strategy.kind == "Job" and options.propagation is None:
            call.warnings.append(ORPHANED_PODS)
        grace = self._grace(strategy, stored, options)
        if grace is None:
            return Deleted(stored, False, status_only=not returns_deleted(strategy))
        marked = self._marked(strategy, stored, options, grace)
        kept = bool(marked["metadata"].get("finalizers"))
        waits = kept or (strategy.gvr == PODS and marked["metadata"].get("deletionGracePeriodSeconds", 0) > 0)
        if call.options.dry_run:
            return Deleted(marked, not waits)
        if marked is not stored:
            stored = self._put(call, marked, stored)
        if waits:
            return Deleted(stored, False)
        return Deleted(self._pipeline.remove(call, stored), True)

    def ask(self, call: Call, objects: list[Tree]) -> None:
        """Let all questions about the deletion of many objects be asked before the first one goes. Raises Awaited."""
        plugins = self._admission.plugins
        if not plugins.concerned(DELETE, call.strategy.gvr, call.subresource, call.namespace):
            return
        missing: list[OutsideCall] = []
        for stored in objects:
            try:
                plugins.mutate(call, DELETE, None, stored)
                plugins.validate(call, DELETE, None, stored)
            except Awaited as awaited:
                missing += awaited.calls
            except ApiError:
                break
        if missing:
            raise Awaited(*missing)

    def _grace(self, strategy: Strategy, stored: Tree, options: DeleteOptions) -> int | None:
        """Seconds to wait; None when a deletion is under way and this one does not shorten it."""
        pending = stored["metadata"].get("deletionGracePeriodSeconds")
        if stored["metadata"].get("deletionTimestamp") and strategy.gvr == PODS and pending is not None:
            if options.grace_seconds is None or options.grace_seconds >= pending:
                return None
            return options.grace_seconds
        return strategy.graceful(stored, options.grace_seconds)

    def _marked(self, strategy: Strategy, stored: Tree, options: DeleteOptions, grace: int) -> Tree:
        """The object with deletion timestamp and finalizers; the same object when it can go without a mark."""
        old = stored["metadata"]
        finalizers = collector_finalizers(strategy, old.get("finalizers") or [], options)
        changed: dict[str, Any] = {}
        if finalizers is not None:
            changed["finalizers"] = finalizers
        pods = strategy.gvr == PODS
        remaining = finalizers if finalizers is not None else old.get("finalizers")
        if pods or remaining:
            changed.update(self._deadline(old, grace, pods=pods))
        if not changed or all(old.get(field) == value for field, value in changed.items()):
            return stored
        if "generation" in old and "deletionTimestamp" in changed and not old.get("deletionTimestamp"):
            changed["generation"] = old["generation"] + 1
        return {**stored, "metadata": ordered({**old, **changed})}

    def _deadline(self, old: Tree, grace: int, *, pods: bool) -> dict[str, Any]:
        begun = old.get("deletionTimestamp")
        if not begun:
            when = format_time(self._loop.now + grace * 1000) if grace else self._loop.stamp()
            return {"deletionTimestamp": when, "deletionGracePeriodSeconds": grace}
        if not pods:
            return {}
        start = parse_time(begun) - old.get("deletionGracePeriodSeconds", 0) * 1000
        return {"deletionTimestamp": format_time(start + grace * 1000), "deletionGracePeriodSeconds": grace}

    def _namespace(self, call: Call, stored: Tree) -> Deleted:
        """# k8s: registry/core/namespace: the content goes first, spec.finalizers hold the namespace until then."""
        old = stored["metadata"]
        marked = stored
        if not old.get("deletionTimestamp"):
            status = {**(stored.get("status") or {}), "phase": "Terminating"}
            built = ordered({**old, "deletionTimestamp": self._loop.stamp()})
            marked = {**stored, "metadata": built, "status": status}
            if not call.options.dry_run:
                marked = self._put(call, marked, stored)
            return Deleted(marked, False)
        held = (stored.get("spec") or {}).get("finalizers") or old.get("finalizers")
        if held or call.options.dry_run:
            return Deleted(stored, False)
        return Deleted(self._pipeline.remove(call, stored), True)

    def _definition(self, call: Call, stored: Tree) -> Deleted:
        """# k8s: registry/customresourcedefinition/etcd.go: the objects go first, a finalizer waits for them."""
        marked = terminating(stored, self._loop.stamp())
        if not call.options.dry_run:
            marked = self._put(call, marked, stored)
        return Deleted(marked, False)

    def _put(self, call: Call, marked: Tree, stored: Tree) -> Tree:
        built = stored["metadata"]
        return self._writer.put(call.table, built.get("namespace", ""), built["name"], marked, stored, call.request)


def check_preconditions(strategy: Strategy, stored: Tree, options: DeleteOptions) -> None:
    """Raise Conflict when the object is not the one that the caller meant. # k8s: rest.BeforeDelete."""
    built = stored["metadata"]
    kind = Gvr(strategy.gvr.group, strategy.gvr.version, strategy.kind)
    if options.uid is not None and options.uid != built.get("uid"):
        text = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({built.get('uid')}). "
            "The object might have been deleted and then recreated"
        )
        raise conflict(kind, built["name"], text)
    if options.revision is not None and options.revision != built.get("resourceVersion"):
        text = (
            f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in "
            f"record ({built.get('resourceVersion')}). The object might have been modified"
        )
        raise conflict(kind, built["name"], text)


def collector_finalizers(strategy: Strategy, finalizers: list[str], options: DeleteOptions) -> list[str] | None:
    """The finalizers that the propagation policy asks for, None when they are right already."""
    wanted = [finalizer for finalizer in finalizers if finalizer not in {ORPHAN, FOREGROUND}]
    if strategy.default_propagation != "Unsupported":
        policy = options.propagation
        if policy is None:
            if ORPHAN in finalizers:
                policy = "Orphan"
            elif FOREGROUND in finalizers:
                policy = "Foreground"
            else:
                policy = strategy.default_propagation
        if policy == "Orphan":
            wanted.append(ORPHAN)
        elif policy == "Foreground":
            wanted.append(FOREGROUND)
    return None if sorted(wanted) == sorted(finalizers) else wanted


def success(strategy: Strategy, obj: Tree) -> Tree:
    """The Status that answers a deletion."""
    details: dict[str, Any] = {"name": obj["metadata"]["name"]}
    if strategy.gvr.group:
        details["group"] = strategy.gvr.group
    details["kind"] = strategy.gvr.resource
    details["uid"] = obj["metadata"]["uid"]
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
