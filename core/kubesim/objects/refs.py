"""Owner references, conditions, and the small questions that are asked of every object."""

from collections.abc import Iterable, Sequence
from typing import Any

from kubesim.objects.wire import EMPTY, Tree


def place(obj: Tree) -> tuple[str, str]:
    """Namespace ("" when cluster-scoped) and name."""
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def uid(obj: Tree) -> str:
    """The uid, "" before one is given."""
    return str(obj["metadata"].get("uid", ""))


def labels(obj: Tree) -> Tree:
    """The labels; the shared empty mapping when there are none."""
    found: Tree | None = obj["metadata"].get("labels")
    return EMPTY if found is None else found


def without_annotations(obj: Tree, names: Iterable[str]) -> Tree:
    """The object without some annotations; the very object when it has none of them."""
    known = annotations(obj)
    gone = [name for name in names if name in known]
    if not gone:
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    left = {name: value for name, value in known.items() if name not in gone}
    return {**obj, "metadata": {**metadata, "annotations": left} if left else metadata}


def annotations(obj: Tree) -> Tree:
    """The annotations; the shared empty mapping when there are none."""
    found: Tree | None = obj["metadata"].get("annotations")
    return EMPTY if found is None else found


def is_deleting(obj: Tree) -> bool:
    """Whether a deletion has been asked for."""
    return obj["metadata"].get("deletionTimestamp") is not None


def controller_of(obj: Tree) -> Tree | None:
    """The owner reference whose ``controller`` is true, or None."""
    return controller_in(obj["metadata"].get("ownerReferences"))


def controller_in(references: Sequence[Tree] | None) -> Tree | None:
    """The one of these owner references whose ``controller`` is true, or None."""
    if references:
        for reference in references:
            if reference.get("controller"):
                return reference
    return None


def is_controlled_by(obj: Tree, owner: Tree) -> bool:
    """Whether the controller reference of ``obj`` carries the uid of ``owner``."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def owner_reference(
    owner: Tree, api_version: str = "", kind: str = "", *, controller: bool = True, block: bool = True
) -> dict[str, Any]:
    """A reference to ``owner`` as metav1.NewControllerRef makes it.

    ``api_version`` and ``kind`` default to the object's own. With ``controller`` false both flags are left out.
    """
    metadata = owner["metadata"]
    reference: dict[str, Any] = {
        "apiVersion": api_version or owner["apiVersion"],
        "kind": kind or owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    if controller:
        reference["controller"] = True
        if block:
            reference["blockOwnerDeletion"] = True
    return reference


def condition(obj: Tree, type_: str) -> Tree | None:
    """The condition of that type in ``status.conditions``, or None."""
    status = obj.get("status")
    if status:
        for candidate in status.get("conditions") or ():
            if candidate["type"] == type_:
                found: Tree = candidate
                return found
    return None


def is_condition_true(obj: Tree, type_: str) -> bool:
    """Whether the condition of that type is "True"."""
    found = condition(obj, type_)
    return found is not None and found.get("status") == "True"


def set_condition(conditions: list[Any] | None, new: Tree) -> list[Any]:
    """The list with ``new`` in the place of the condition of its type, or at the end; the same list if it is unchanged.

    While ``status`` stays the same the old ``lastTransitionTime`` stays, when ``new`` carries one.
    """
    if not conditions:
        return [new]
    for position, old in enumerate(conditions):
        if old["type"] != new["type"]:
            continue
        if old.get("status") == new.get("status") and "lastTransitionTime" in new and "lastTransitionTime" in old:
            new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
        if old == new:
            return conditions
        return [*conditions[:position], new, *conditions[position + 1 :]]
    return [*conditions, new]


def remove_condition(conditions: list[Any] | None, type_: str) -> list[Any]:
    """The list without the condition of that type; the same list when it has none."""
    if not conditions:
        return conditions if conditions is not None else []
    kept = [candidate for candidate in conditions if candidate["type"] != type_]
    return conditions if len(kept) == len(conditions) else kept
