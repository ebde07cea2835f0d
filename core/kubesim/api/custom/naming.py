"""Which of the names that a definition asks for it gets. # k8s: pkg/controller/status/naming_controller.go."""

from collections.abc import Sequence
from typing import Any

from kubesim.api.custom.definition import with_condition
from kubesim.objects.wire import EMPTY, Tree


def named(definition: Tree, others: Sequence[Tree], stamp: str) -> Tree:
    """The definition with its accepted names and what became of them; the very same one when nothing is new."""
    wanted: Tree = definition["spec"]["names"]
    status = definition.get("status") or EMPTY
    accepted: Tree = status.get("acceptedNames") or EMPTY
    resources, kinds = _taken(others)
    got = {**accepted}
    conflict = ("", "")
    for field, reason, taken in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ):
        texts = _conflicts(wanted.get(field), accepted.get(field), taken)
        if texts:
            conflict = reason, texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        else:
            got[field] = wanted.get(field)
    got["categories"] = wanted.get("categories")
    names = _in_order(got)
    changed = definition if names == accepted else {**definition, "status": {**status, "acceptedNames": names}}
    reason, text = conflict
    if reason:
        changed = with_condition(changed, "NamesAccepted", "False", reason, text, stamp)
    else:
        changed = with_condition(changed, "NamesAccepted", "True", "NoConflicts", "no conflicts found", stamp)
    return _with_established(changed, stamp, accepted=not reason)


def _with_established(definition: Tree, stamp: str, *, accepted: bool) -> Tree:
    known = {entry["type"]: entry for entry in definition["status"].get("conditions") or ()}
    old = known.get("Established")
    if old is not None and old["status"] == "True":
        return definition
    if accepted:
        text = "the initial names have been accepted"
        return with_condition(definition, "Established", "False", "Installing", text, stamp)
    return with_condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", stamp)


def _taken(others: Sequence[Tree]) -> tuple[list[str], list[str]]:
    resources: list[str] = []
    kinds: list[str] = []
    for other in others:
        names = (other.get("status") or EMPTY).get("acceptedNames") or EMPTY
        resources += [names.get("plural") or "", names.get("singular") or "", *(names.get("shortNames") or ())]
        kinds += [names.get("kind") or "", names.get("listKind") or ""]
    return resources, kinds


def _conflicts(wanted: Any, accepted: Any, taken: list[str]) -> list[str]:
    if wanted == accepted:
        return []
    asked = wanted if isinstance(wanted, list) else [wanted] if wanted else []
    had = accepted if isinstance(accepted, list) else []
    return [f'"{name}" is already in use' for name in asked if name in taken and name not in had]


def _in_order(names: Tree) -> dict[str, Any]:
    """As Go writes the names: plural and kind always, the others when there are any."""
    order = ("plural", "singular", "shortNames", "kind", "listKind", "categories")
    return {field: names.get(field) or "" for field in order if names.get(field) or field in {"plural", "kind"}}
