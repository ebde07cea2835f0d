"""Writes in Kubernetes' order: defaults, admission, preparation, metadata, validation, allocation, store, journal."""

from typing import Any

from kubesim.api import metadata
from kubesim.api.admission.chain import Admission
from kubesim.api.admission.plugin import CREATE, UPDATE
from kubesim.api.apply.manager import Entries, FieldManager, settled
from kubesim.api.call import Call
from kubesim.api.decoding import Schema
from kubesim.api.failures import bad_revision, invalid_value, plain
from kubesim.api.options import revision_of
from kubesim.api.strategy import Strategy
from kubesim.api.writer import Writer
from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError, already_exists, conflict, invalid, not_found
from kubesim.objects.wire import DEPLOYMENTS, EMPTY, Tree
from kubesim.store.mvcc import Store

NAME_TRIES = 8
"""How often a generated name is drawn again when it is taken. # k8s: RetryGenerateName"""


class Pipeline:
    """Creates and changes objects on behalf of outside requests, with every check."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        chance: Chance,
        writer: Writer,
        admission: Admission,
        schema: Schema,
        fields: FieldManager,
    ) -> None:
        self._store = store
        self._loop = loop
        self._chance = chance
        self._writer = writer
        self._admission = admission
        self._plugins = admission.plugins
        self._schema = schema
        self._fields = fields

    # ------------------------------------------------------------------ creation
    def create(self, call: Call, body: Tree, *, check: bool = True, entries: Entries | None = None) -> Tree:
        """Create an object from a decoded body; a valid one needs no ``check``. Raises ApiError.

        ``entries`` are the managedFields of an apply; those of other requests are found here.
        """
        strategy = call.strategy
        namespace = call.namespace if strategy.namespaced else ""
        metadata.match_namespace(body, namespace)
        body = metadata.drop_repeated_owners(body, call.warnings)
        obj = strategy.default(typed(body, strategy, _draft(body, namespace)))
        draft, written = obj, EMPTY
        if check and entries is None:
            # k8s: fields that admission or the strategy set belong to nobody.
            written = self._fields.written(call, draft)
            given = metadata.metadata_of(body).get("managedFields")
            entries = self._fields.created(call, (draft, written), given)
        obj = self._admission.create(strategy.gvr, namespace, obj)
        obj = self._plugins.mutate(call, CREATE, obj)
        name = self._name(call, shown=obj["metadata"])
        built = metadata.created(
            obj, name, namespace, self._chance.uid(), self._loop.stamp(), has_generation=strategy.has_generation
        )
        if entries:
            built["managedFields"] = entries
        obj = strategy.prepare_create({**obj, "metadata": built}, call.context)
        obj = self.canonical(strategy, obj, draft, written)
        if check:
            self._check_new(call, obj)
        self._plugins.validate(call, CREATE, obj)
        if metadata.metadata_of(body).get("resourceVersion"):
            raise plain("resourceVersion should not be set on objects to be created")
        return self._store_new(call, obj)

    def canonical(self, strategy: Strategy, obj: Tree, draft: Tree = EMPTY, written: Tree = EMPTY) -> Tree:
        """The object as Go writes it: quantities and times in their one form, required structures present.

        ``written`` has that already for fields of ``draft``; those that are still the same are taken from there.
        """
        gvk = (strategy.gvr.group, strategy.gvr.version, strategy.kind)
        if not self._schema.knows(gvk):
            return obj
        if not written:
            return self._schema.canonicalise(gvk, obj)
        known = {
            name: written[name]
            for name, value in draft.items()
            if name in written and name != "metadata" and obj.get(name) is value
        }
        rest = {name: value for name, value in obj.items() if name not in known}
        return {**obj, **self._schema.canonicalise(gvk, rest), **known}

    def _check_new(self, call: Call, obj: Tree) -> None:
        strategy = call.strategy
        causes = metadata.validate(obj, strategy.name_format, namespaced=strategy.namespaced)
        causes += strategy.validate(obj)
        if causes:
            raise invalid(strategy.gvr.group, strategy.kind, obj["metadata"]["name"], causes)
        call.warnings.extend(strategy.warnings(obj, None))

    def _name(self, call: Call, shown: Tree) -> str:
        name: str = shown.get("name") or ""
        base = shown.get("generateName")
        if name or not base:
            return name
        for _ in range(NAME_TRIES):
            name = generated_name(base, self._chance)
            if self._store.get(call.table, shown.get("namespace", ""), name) is None:
                break
        return name

    def _store_new(self, call: Call, obj: Tree) -> Tree:
        strategy, table = call.strategy, call.table
        built = obj["metadata"]
        namespace, name = built.get("namespace", ""), built["name"]
        known = self._store.get(table, namespace, name)
        if known is not None:
            raise exists(strategy, known)
        obj = strategy.begin(obj, None)
        if call.options.dry_run:
            strategy.deleted(obj)
            return {**obj, "metadata": metadata.ordered(obj["metadata"])}
        if strategy.storage is not None:
            obj = strategy.to_storage(obj)
        return self._writer.put(table, namespace, name, obj, None, call.request)

    def ask(self, call: Call, operation: str, obj: Tree) -> Tree:
        """What admission plugins make of a request that stores nothing of its own. Raises ApiError."""
        changed: Tree = self._plugins.mutate(call, operation, obj)
        self._plugins.validate(call, operation, changed)
        return changed

    # ------------------------------------------------------------------ change
    def current(self, call: Call) -> Tree:
        """The stored object that the path names. Raises NotFound."""
        found = self._store.get(call.table, call.namespace, call.name)
        if found is None:
            raise not_found(call.strategy.gvr, call.name)
        return found

    def update(
        self,
        call: Call,
        body: Tree,
        stored: Tree,
        *,
        patched: bool = False,
        check: bool = True,
        entries: Entries | None = None,
    ) -> Tree:
        """Change an object to a decoded body; ``patched`` bodies were made from the stored one. Raises ApiError.

        ``entries`` are the managedFields of an apply or a scale; those of other requests are found here.
        """
        strategy = call.strategy
        old = strategy.from_storage(stored) if strategy.storage is not None else stored
        _match_revision(strategy, body, old, patched=patched)
        if not patched:
            _match_uid(strategy, body, old)
        if check:
            new = self._checked(call, body, old, entries)
        else:
            new = self._plugins.mutate(call, UPDATE, typed(body, strategy, metadata.merged(body, old)), old)
            new = strategy.prepare_update(new, old, call.context, call.subresource)
            new = bumped(strategy, new, old, call.subresource)
        self._plugins.validate(call, UPDATE, new, old)
        return self.replace(call, new, old, stored)

    def _checked(self, call: Call, body: Tree, old: Tree, entries: Entries | None) -> Tree:
        strategy, part = call.strategy, call.subresource
        body = metadata.drop_repeated_owners(body, call.warnings)
        draft, written = strategy.default(typed(body, strategy, metadata.merged(body, old))), EMPTY
        if entries is None:
            written = self._fields.written(call, draft)
            given = metadata.metadata_of(body).get("managedFields")
            entries = self._fields.updated(call, (draft, written), old, given)
        new = self._admission.update(strategy.gvr, metadata.managed(draft, entries), old)
        new = self._plugins.mutate(call, UPDATE, new, old)
        new = self.canonical(strategy, strategy.prepare_update(new, old, call.context, part), draft, written)
        new = bumped(strategy, new, old, part)
        self._check_change(call, new, old)
        return settled(new, old)

    def _check_change(self, call: Call, new: Tree, old: Tree) -> None:
        strategy = call.strategy
        # k8s: the rules of metadata are applied by the registry and again by the strategy, so causes come twice.
        causes = metadata.validate_update(new, old) * 2 + strategy.validate_update(new, old, call.subresource)
        if causes:
            raise invalid(strategy.gvr.group, strategy.kind, old["metadata"]["name"], causes)
        call.warnings.extend(strategy.warnings(new, old))

    def replace(self, call: Call, new: Tree, old: Tree, stored: Tree) -> Tree:
        """Store a checked change; an object that lost its last finalizer goes; nothing is written for no change."""
        strategy = call.strategy
        if new is old or new == old:
            return stored
        if finished(new, old):
            if not call.options.dry_run:
                self.remove(call, stored)
            return new
        if call.options.dry_run:
            return new
        new = strategy.begin(new, old)
        if strategy.storage is not None:
            new = strategy.to_storage(new)
        built = stored["metadata"]
        return self._writer.put(call.table, built.get("namespace", ""), built["name"], new, stored, call.request)

    def remove(self, call: Call, stored: Tree) -> Tree:
        """Take an object out of the store and release what it held."""
        built = stored["metadata"]
        last = self._writer.delete(call.table, built.get("namespace", ""), built["name"], stored, call.request)
        call.strategy.deleted(stored)
        return last


# ---------------------------------------------------------------------- the pure steps
def typed(body: Tree, strategy: Strategy, built: Tree) -> dict[str, Any]:
    """The body with kind, apiVersion and metadata in front."""
    return {"kind": strategy.kind, "apiVersion": strategy.gvr.api_version, **body, "metadata": built}


def _draft(body: Tree, namespace: str) -> dict[str, Any]:
    draft = dict(metadata.metadata_of(body))
    draft.pop("managedFields", None)
    if namespace:
        draft["namespace"] = namespace
    else:
        draft.pop("namespace", None)
    return draft


def generated_name(base: str, chance: Chance) -> str:
    """A name from generateName. # k8s: apiserver/pkg/storage/names."""
    return base[: metadata.GENERATED_BASE] + chance.suffix()


def exists(strategy: Strategy, known: Tree) -> ApiError:
    """AlreadyExists, with a note when the present holder of the name is going away."""
    error = already_exists(strategy.gvr, known["metadata"]["name"])
    if not known["metadata"].get("deletionTimestamp"):
        return error
    return ApiError({**error.status, "message": f"object is being deleted: {error.status['message']}"})


def _match_revision(strategy: Strategy, body: Tree, old: Tree, *, patched: bool) -> None:
    given = metadata.metadata_of(body).get("resourceVersion") or ""
    name = old["metadata"]["name"]
    asked = revision_of(str(given), _bad_revision)
    if asked:
        if str(given) != old["metadata"]["resourceVersion"]:
            raise conflict(strategy.gvr, name)
    elif not patched and not strategy.allow_unconditional_update:
        cause = invalid_value("metadata.resourceVersion", "0", "must be specified for an update")
        raise invalid(strategy.gvr.group, strategy.kind, name, [cause])


def _bad_revision(text: str) -> ApiError:
    return plain(bad_revision(text))


def _match_uid(strategy: Strategy, body: Tree, old: Tree) -> None:
    given = metadata.metadata_of(body).get("uid")
    built = old["metadata"]
    if given and given != built["uid"]:
        place = "/".join(part for part in (built.get("namespace"), built["name"]) if part)
        text = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{strategy.gvr.resource}/{place}, "
            "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
            f"UID in precondition: {given}, UID in object meta: {built['uid']}"
        )
        raise conflict(strategy.gvr, built["name"], text)


def bumped(strategy: Strategy, new: Tree, old: Tree, subresource: str = "") -> Tree:
    """The object with the next generation when its spec changed. # k8s: PrepareForUpdate of most strategies."""
    if not strategy.has_generation:
        return new
    before, after = strategy.substance(old), strategy.substance(new)
    built = new["metadata"]
    generation = old["metadata"].get("generation", 1)
    if (after is not before and after != before) or (not subresource and _reannotated(strategy, new, old)):
        generation += 1
    if built.get("generation") == generation:
        return new
    return {**new, "metadata": metadata.ordered({**built, "generation": generation})}


def _reannotated(strategy: Strategy, new: Tree, old: Tree) -> bool:
    # k8s: the annotations of a Deployment count like its spec.
    if strategy.gvr != DEPLOYMENTS:
        return False
    return (new["metadata"].get("annotations") or EMPTY) != (old["metadata"].get("annotations") or EMPTY)


def finished(new: Tree, old: Tree) -> bool:
    """Whether a change lets go of an object that only its finalizers kept. # k8s: ShouldDeleteDuringUpdate."""
    before, after = old["metadata"], new["metadata"]
    if not before.get("deletionTimestamp") or after.get("finalizers"):
        return False
    if new.get("kind") == "Namespace" and (new.get("spec") or {}).get("finalizers"):
        # k8s: namespace/storage, ShouldDeleteNamespaceDuringUpdate.
        return False
    return not before.get("deletionGracePeriodSeconds")
