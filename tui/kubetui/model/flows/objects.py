"""Flows of any object: delete, kill, create, apply an edited object, apply manifests."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import refs, tree
from kubesim.objects.wire import Gvr, Key, Request, Response, Tree
from kubetui.model.describe.metadata import LAST_APPLIED
from kubetui.model.editing.rebase import rebase
from kubetui.model.flows.steps import (
    AT_ONCE,
    BACKGROUND,
    Done,
    Flow,
    Progress,
    Undo,
    failure,
    get,
    is_failure,
    named,
    refused,
    singular,
)

STRICT = {"fieldManager": "kubetui", "fieldValidation": "Strict"}
APPLY = {"fieldManager": "kubectl-client-side-apply", "fieldValidation": "Strict"}

_GIVEN_BY_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                    "deletionGracePeriodSeconds", "managedFields", "selfLink")  # fmt: skip


def recreated(obj: Tree) -> Tree:
    """An object as it can be created again: without what only the server gives."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _GIVEN_BY_SERVER}
    fresh = {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}
    if obj.get("kind") == "Pod":
        fresh["spec"] = {key: value for key, value in (obj.get("spec") or {}).items() if key != "nodeName"}
    return fresh


def can_be_recreated(obj: Tree) -> bool:
    """Whether making it again would bring back what was deleted."""
    # A namespace comes back empty; a controlled object is replaced by its controller, a copy would be one too many.
    return obj.get("kind") != "Namespace" and refs.controller_of(obj) is None


def _creation(key: Key, obj: Tree, note: str) -> Request:
    return Request("create", Key(key.gvr, key.namespace), "", recreated(obj), note=note)


def delete(keys: Sequence[Key], *, force: bool = False) -> Flow:
    """Delete objects, with their dependents in the background; ``force`` allows no grace period."""
    undone: list[Request] = []
    done: list[str] = []
    for key in keys:
        response = yield get(key)
        if is_failure(response):
            return _stopped(done, undone, failure(response))
        before: Tree = response.body
        what = f"delete {named(key.gvr, key.name)}"
        response = yield Request("delete", key, "", AT_ONCE if force else BACKGROUND, note=what)
        if is_failure(response):
            return _stopped(done, undone, failure(response))
        if can_be_recreated(before):
            undone.append(_creation(key, before, f"undo: {what}"))
        done.append(_deleted(key, force=force))
        if len(keys) > 1:
            yield Progress(done[-1])
    message = done[0] if len(done) == 1 else f"{len(done)} objects deleted"
    return Done(message, _undo(done, undone))


def _deleted(key: Key, *, force: bool) -> str:
    where = f" from {key.namespace} namespace" if key.namespace else ""
    return f'{singular(key.gvr)} "{key.name}" {"force " if force else ""}deleted{where}'


def _undo(done: Sequence[str], requests: Sequence[Request]) -> Undo | None:
    if not requests:
        return None
    return Undo(done[0] if len(done) == 1 else f"{len(done)} objects deleted", tuple(requests))


def _stopped(done: Sequence[str], undone: Sequence[Request], reason: str) -> Done:
    return Done(reason, _undo(done, undone), failed=True)


def kill(keys: Sequence[Key]) -> Flow:
    """Delete pods at once, without grace."""
    return (yield from delete(keys, force=True))


def create(obj: Tree, gvr: Gvr) -> Flow:
    """Create an object."""
    key = _place(obj, gvr)
    what = f"create {named(gvr, key.name)}"
    response = yield Request("create", key._replace(name=""), "", obj, STRICT, note=what)
    if is_failure(response):
        return refused(response)
    made = key._replace(name=response.body["metadata"]["name"])
    return Done(f"{named(gvr, made.name)} created", Undo(what, (Request("delete", made, "", BACKGROUND),)))


def _place(obj: Tree, gvr: Gvr) -> Key:
    metadata = obj.get("metadata") or {}
    return Key(gvr, metadata.get("namespace") or "", metadata.get("name") or "")


# ---------------------------------------------------------------------- edit
def apply_edited(key: Key, original: Tree, edited: Tree) -> Flow:
    """Replace an object by its edited form; when it changed meanwhile, carry the edit over to the newest state."""
    if original == edited:
        return Done("Edit cancelled, no changes made.")
    what = f"edit {named(key.gvr, key.name)}"
    response = yield _replacement(key, edited, what)
    if response.code == 409:
        response = yield from _rebased(key, original, edited, what)
        if isinstance(response, Done):
            return response
    if is_failure(response):
        return refused(response)
    undo = Undo(what, (_forced(key, original, f"undo: {what}"),))
    return Done(f"{named(key.gvr, key.name)} edited", undo)


def _replacement(key: Key, obj: Tree, note: str) -> Request:
    return Request("update", key, "", obj, STRICT, note=note)


def _forced(key: Key, obj: Tree, note: str) -> Request:
    return _replacement(key, tree.without(obj, "metadata.resourceVersion"), note)


def _rebased(key: Key, original: Tree, edited: Tree, note: str) -> Any:
    response = yield get(key)
    if is_failure(response):
        return response
    newest: Tree = response.body
    merged = rebase(original, edited, newest)
    if merged.conflicts:
        fields = ", ".join(merged.conflicts)
        return Done(f"{named(key.gvr, key.name)} was changed meanwhile in the same place: {fields}", failed=True)
    yield Progress(f"{named(key.gvr, key.name)} was changed meanwhile; the edit was carried over")
    return (yield _replacement(key, merged.tree, note))


def check_edited(key: Key, edited: Tree) -> Request:
    """The request that has the server check an edited object without storing it."""
    return Request("update", key, "", edited, {**STRICT, "dryRun": "All"})


# ---------------------------------------------------------------------- manifests
Kinds = Mapping[tuple[str, str], tuple[Gvr, bool]]
"""From (apiVersion, kind) to the resource and whether it lives in a namespace."""


def apply_manifests(objects: Sequence[Tree], kinds: Kinds, namespace: str = "default") -> Flow:
    """Apply objects in their order, as ``kubectl apply`` does; the first failure stops it."""
    applied: list[str] = []
    undone: list[Request] = []
    for obj in objects:
        kind = (str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
        if kind not in kinds:
            text = f'no matches for kind "{kind[1]}" in version "{kind[0]}"'
            return Done(text, _undo_applied(applied, undone), failed=True)
        gvr, namespaced = kinds[kind]
        wanted = _annotated(_placed(obj, namespace if namespaced else ""))
        key = _place(wanted, gvr)
        before = yield get(key)
        request = _application(key, wanted, before)
        if request is None:
            applied.append(f"{named(gvr, key.name)} unchanged")
            yield Progress(applied[-1])
            continue
        response = yield request
        if is_failure(response):
            return Done(failure(response), _undo_applied(applied, undone), failed=True)
        undone.append(_unapplied(key, before))
        applied.append(f"{named(gvr, key.name)} {'created' if is_failure(before) else 'configured'}")
        yield Progress(applied[-1])
    message = applied[0] if len(applied) == 1 else f"{len(applied)} objects applied"
    return Done(message, _undo_applied(applied, undone))


def _annotated(obj: Tree) -> Tree:
    # k8s: kubectl apply remembers what it was given, to know later what was taken out of it.
    given: Tree = tree.evolve(obj, ("metadata", "annotations"), dict(refs.annotations(obj)))
    given = tree.without(given, ("metadata", "annotations", LAST_APPLIED))
    text = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    annotated: Tree = tree.evolve(given, ("metadata", "annotations", LAST_APPLIED), text)
    return annotated


def _application(key: Key, wanted: Tree, before: Response) -> Request | None:
    """The request that applies an object; None when nothing would change."""
    note = f"apply {named(key.gvr, key.name)}"
    if is_failure(before):
        return Request("create", key._replace(name=""), "", wanted, APPLY, note=note)
    current: Tree = before.body
    # differs: kubectl sends a patch that the server merges by its schema; here lists merge by the names of their items.
    merged = rebase(_last_applied(current), wanted, current).tree
    return None if merged == current else Request("update", key, "", merged, APPLY, note=note)


def _last_applied(current: Tree) -> Tree:
    try:
        found = json.loads(refs.annotations(current).get(LAST_APPLIED, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unapplied(key: Key, before: Response) -> Request:
    note = f"undo: apply {named(key.gvr, key.name)}"
    return Request("delete", key, "", BACKGROUND, note=note) if is_failure(before) else _forced(key, before.body, note)


def _placed(obj: Tree, namespace: str) -> Tree:
    if not namespace or tree.get(obj, "metadata.namespace"):
        return obj
    return tree.evolve(obj, "metadata.namespace", namespace)  # type: ignore[no-any-return]


def _undo_applied(applied: Sequence[str], requests: Sequence[Request]) -> Undo | None:
    if not requests:
        return None
    text = applied[0] if len(applied) == 1 else f"{len(applied)} objects applied"
    return Undo(text, tuple(reversed(requests)))
