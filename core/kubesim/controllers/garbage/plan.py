"""What happens to an object that has owners, given what has become of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.objects import refs
from kubesim.objects.wire import Tree

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
"""Finalizers."""


class Verdict(NamedTuple):
    """``action`` is keep, trim (drop the references in ``uids``), delete, or unblock and delete (``unblock``)."""

    action: str
    policy: str = ""
    uids: tuple[str, ...] = ()


def has_finalizer(obj: Tree, finalizer: str) -> bool:
    """Whether an object carries a finalizer."""
    return finalizer in (obj["metadata"].get("finalizers") or ())


def awaits_dependents(obj: Tree) -> bool:
    """Whether an object is being deleted in the foreground."""
    return refs.is_deleting(obj) and has_finalizer(obj, FOREGROUND)


def judge(obj: Tree, owners: Sequence[Tree | None], *, has_dependents: bool, circular: bool = False) -> Verdict:
    """Decide about an object with owner references; ``owners`` holds the living owner of each, None for absent ones.

    ``circular``: a dependent of the object is itself being deleted in the foreground.
    # k8s: garbagecollector.go attemptToDeleteItem
    """
    references: Sequence[Tree] = obj["metadata"].get("ownerReferences") or ()
    if not references:
        return Verdict("keep")
    dangling, waiting, solid = [], [], []
    for reference, owner in zip(references, owners, strict=True):
        if owner is None:
            dangling.append(reference["uid"])
        elif awaits_dependents(owner):
            waiting.append(reference["uid"])
        else:
            solid.append(reference["uid"])
    if solid:
        return Verdict("trim", uids=(*dangling, *waiting)) if dangling or waiting else Verdict("keep")
    if waiting and has_dependents:
        return Verdict("unblock" if circular else "delete", "Foreground")
    if has_finalizer(obj, ORPHAN):
        return Verdict("delete", "Orphan")
    return Verdict("delete", "Foreground" if has_finalizer(obj, FOREGROUND) else "Background")


def without_owners(obj: Tree, uids: Sequence[str]) -> Tree:
    """The object without some owner references; the same object when it has none of them."""
    references = obj["metadata"].get("ownerReferences") or []
    kept = [each for each in references if each["uid"] not in uids]
    if len(kept) == len(references):
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
    if kept:
        metadata["ownerReferences"] = kept
    return {**obj, "metadata": metadata}


def unblocked(obj: Tree) -> Tree:
    """The object with references that block no owner."""
    references = [{**each, "blockOwnerDeletion": False} for each in obj["metadata"].get("ownerReferences") or ()]
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": references}}


def without_finalizer(obj: Tree, finalizer: str) -> Tree:
    """The object without one finalizer."""
    kept = [each for each in obj["metadata"].get("finalizers") or () if each != finalizer]
    metadata: dict[str, Any] = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    if kept:
        metadata["finalizers"] = kept
    return {**obj, "metadata": metadata}


def blocks(obj: Tree, owner_uid: str) -> bool:
    """Whether an object holds up the foreground deletion of an owner."""
    references = obj["metadata"].get("ownerReferences") or ()
    return any(each["uid"] == owner_uid and each.get("blockOwnerDeletion") for each in references)
