"""Subresources of outside requests: status and other parts of an object, scale, binding, eviction, finalize."""

from typing import Any

from kubesim.api import scale
from kubesim.api.admission.plugin import CREATE
from kubesim.api.apply.applying import Applier
from kubesim.api.apply.manager import Entries, FieldManager
from kubesim.api.apply.scaling import of_object, of_scale
from kubesim.api.binding import SUCCESS, Binder, pod_to_bind, target_of
from kubesim.api.call import Call
from kubesim.api.decoding import Decoder, Expected, expected
from kubesim.api.deletion import Deletion
from kubesim.api.eviction import evict
from kubesim.api.failures import no_such_method
from kubesim.api.metadata import managed, match_name, match_namespace, metadata_of, ordered
from kubesim.api.options import NO_DELETE_OPTIONS, delete_options
from kubesim.api.patching import Patcher
from kubesim.api.pipeline import Pipeline
from kubesim.api.strategy import Strategy
from kubesim.api.writer import Writer
from kubesim.objects.errors import bad_request
from kubesim.objects.wire import APPLY_PATCH, EMPTY, PODS, Tree
from kubesim.store.mvcc import Store

SCALE = Expected(*scale.GVK)
BINDING = Expected("", "v1", "Binding")
EVICTION = Expected("policy", "v1", "Eviction")
STREAMS = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""Subresources that are byte streams: kubelets answer them, not this server."""
CREATED = {"binding": BINDING, "eviction": EVICTION}
"""Subresources that are created, with the kind of their body."""


class Subresources:
    """Answers requests for subresources."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        decoder: Decoder,
        patcher: Patcher,
        pipeline: Pipeline,
        deletion: Deletion,
        binder: Binder,
        fields: FieldManager,
        applier: Applier,
    ) -> None:
        self._store = store
        self._writer = writer
        self._decoder = decoder
        self._patcher = patcher
        self._pipeline = pipeline
        self._deletion = deletion
        self._binder = binder
        self._fields = fields
        self._applier = applier

    # ------------------------------------------------------------------ scale
    def write_scale(self, call: Call) -> Tree:
        """Replace, patch or apply a Scale."""
        if call.request.verb == "patch":
            stored = self._pipeline.current(call)
            old = _seen(call.strategy, stored)
            wanted, entries = self._patched_scale(call, self._scale(call.strategy, old))
        else:
            wanted = self._decoder.body(call, SCALE)
            match_name(wanted, call.name)
            match_namespace(wanted, call.namespace)
            stored = self._pipeline.current(call)
            old = _seen(call.strategy, stored)
            entries = self._scalers(call, wanted, self._scale(call.strategy, old))
        known = stored["metadata"].get("managedFields") or []
        entries = of_object(known, entries, call.strategy.gvr.api_version)
        paths = call.strategy.scale_paths
        new = scale.rescaled(wanted, old, paths)
        after = self._pipeline.update(call, new, stored, patched=True, entries=entries)
        return scale.scale_of(_seen(call.strategy, after), paths)

    def _scale(self, strategy: Strategy, obj: Tree) -> Tree:
        """The Scale of an object, with those who own its replicas."""
        shown = scale.scale_of(obj, strategy.scale_paths)
        return managed(shown, of_scale(obj["metadata"].get("managedFields") or []))

    def _patched_scale(self, call: Call, old: Tree) -> tuple[Tree, Entries]:
        if self._patcher.check_type(call) == APPLY_PATCH:
            return self._applier.merged(call._replace(strategy=scale.STRATEGY), old, SCALE)
        wanted = self._patcher.patched(call, old, SCALE)
        return wanted, self._scalers(call, wanted, old)

    def _scalers(self, call: Call, new: Tree, old: Tree) -> Entries:
        return self._owners(call._replace(strategy=scale.STRATEGY), new, old) or []

    def _owners(self, call: Call, new: Tree, old: Tree) -> Entries | None:
        return self._fields.updated(call, (new, self._fields.written(call, new)), old)

    # ------------------------------------------------------------------ create on a pod
    def create(self, call: Call) -> Tree:
        """Bind or evict a pod."""
        wanted = CREATED.get(call.subresource or "binding")
        if wanted is None:
            raise no_such_method()
        body = self._decoder.body(call, wanted)
        match_namespace(body, call.namespace)
        body = self._pipeline.ask(call, CREATE, body)
        return self._bind(call, body) if wanted is BINDING else self._evict(call, body)

    def _bind(self, call: Call, body: Tree) -> Tree:
        name = call.name or metadata_of(body).get("name") or ""
        node = target_of(body, name)
        pod = pod_to_bind(self._store, call.namespace, name)
        bound = self._binder.bound(pod, node)
        annotations = metadata_of(body).get("annotations")
        if annotations:
            known = bound["metadata"].get("annotations") or {}
            bound = {**bound, "metadata": ordered({**bound["metadata"], "annotations": {**known, **annotations}})}
        if not call.options.dry_run:
            self._writer.put(PODS, call.namespace, name, bound, pod, call.request)
        return SUCCESS

    def _evict(self, call: Call, body: Tree) -> Tree:
        """Delete a pod as far as its PodDisruptionBudget allows."""
        given = metadata_of(body).get("name") or call.name
        if given != call.name:
            raise bad_request("name in URL does not match name in Eviction object")
        options: Any = body.get("deleteOptions")
        pod = pod_to_bind(self._store, call.namespace, call.name)
        chosen = delete_options(EMPTY, options) if options else NO_DELETE_OPTIONS
        if chosen.dry_run:
            # k8s: propagateDryRun: the body may ask for a rehearsal as well as the query.
            call = call._replace(options=call.options._replace(dry_run=True))
        evict(call, pod, chosen, self._store, self._writer, self._deletion)
        return SUCCESS

    # ------------------------------------------------------------------ finalize a namespace
    def finalize(self, call: Call) -> Tree:
        """Replace ``spec.finalizers``; a namespace that is going away and has none left is deleted.

        # k8s: registry/core/namespace FinalizeREST, namespaceFinalizeStrategy
        """
        body = self._decoder.body(call, expected(call))
        match_name(body, call.name)
        stored = self._pipeline.current(call)
        finalizers = (body.get("spec") or EMPTY).get("finalizers")
        spec = {**(stored.get("spec") or EMPTY)}
        spec.pop("finalizers", None)
        if finalizers:
            spec["finalizers"] = finalizers
        new = {**stored, "spec": spec}
        gone = not finalizers and not stored["metadata"].get("finalizers")
        if gone and stored["metadata"].get("deletionTimestamp"):
            if not call.options.dry_run:
                self._pipeline.remove(call, stored)
            return new
        if new == stored:
            return new
        changed = managed(new, self._owners(call, new, stored))
        if call.options.dry_run:
            return changed
        return self._writer.put(call.table, "", call.name, changed, stored, call.request)


def _seen(strategy: Strategy, stored: Tree) -> Tree:
    """A stored object in the version of the request."""
    return strategy.from_storage(stored) if strategy.storage is not None else stored
