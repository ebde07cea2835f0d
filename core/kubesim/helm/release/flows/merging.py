"""Client-side apply: the patch that brings a live object from an old manifest to a new one.

# k8s: strategicpatch.CreateThreeWayMergePatch and jsonpatch.CreateMergePatch, as Helm calls them
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubesim.objects.tree import equal

Tree = dict[str, Any]
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "addresses": ("type",),
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "matchConditions": ("name",),
    "ownerReferences": ("uid",),
    "podIPs": ("ip",),
    "ports": ("containerPort", "port"),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
    "webhooks": ("name",),
}
"""The merge keys of lists of objects in the built-in kinds, by the name of the field."""
_MERGED_VALUES: Final = ("finalizers",)
"""Lists of plain values that are merged, not replaced."""
_DIRECTIVE: Final = "$patch"
_ORDER: Final = "$setElementOrder/"


def three_way(original: Tree, modified: Tree, current: Tree) -> Tree:
    """The strategic merge patch: what the new manifest wants otherwise, and what only the old one had."""
    return _joined(_changes(current, modified), _deletions(original, modified))


def two_way(original: Tree, modified: Tree) -> Tree:
    """The JSON merge patch from one manifest to the other, whatever the live object says."""
    patch: Tree = {key: None for key in original if key not in modified}
    for key, value in modified.items():
        before = original.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = two_way(before, value)
            if inner:
                patch[key] = inner
        elif key not in original or not equal(before, value):
            patch[key] = value
    return patch


def _merge_key(field: str, *lists: Sequence[Any]) -> str:
    """The key by which the elements of these lists are told apart; empty when the list is replaced as a whole."""
    elements = [element for one in lists for element in one]
    for key in _KEYS.get(field, ()):
        if elements and all(isinstance(element, dict) and key in element for element in elements):
            return key
    return ""


def _changes(current: Tree, modified: Tree) -> Tree:
    """What of the new manifest the live object has not; nothing is deleted."""
    patch: Tree = {}
    for field, value in modified.items():
        live = current.get(field)
        if field not in current or live is None:
            patch[field] = value
        elif isinstance(value, dict) and isinstance(live, dict):
            inner = _changes(live, value)
            if inner:
                patch[field] = inner
        elif isinstance(value, list) and isinstance(live, list):
            patch.update(_list_changes(field, live, value))
        elif not equal(live, value):
            patch[field] = value
    return patch


def _list_changes(field: str, live: list[Any], wanted: list[Any]) -> Tree:
    if field in _MERGED_VALUES:
        added = [value for value in wanted if value not in live]
        return {field: added, _ORDER + field: wanted} if added else {}
    key = _merge_key(field, live, wanted)
    if not key:
        return {} if equal(live, wanted) else {field: wanted}
    known = {element[key]: element for element in live}
    changed: list[Tree] = []
    for element in wanted:
        before = known.get(element[key])
        inner = element if before is None else _changes(before, element)
        if inner:
            changed.append({**inner, key: element[key]})
    if not changed:
        return {}
    return {field: changed, _ORDER + field: [{key: element[key]} for element in wanted]}


def _deletions(original: Tree, modified: Tree) -> Tree:
    """What only the old manifest had, as nulls and deletions of elements."""
    patch: Tree = {}
    for field, before in original.items():
        value = modified.get(field)
        if field not in modified:
            patch[field] = None
        elif isinstance(before, dict) and isinstance(value, dict):
            inner = _deletions(before, value)
            if inner:
                patch[field] = inner
        elif isinstance(before, list) and isinstance(value, list):
            patch.update(_list_deletions(field, before, value))
    return patch


def _list_deletions(field: str, before: list[Any], wanted: list[Any]) -> Tree:
    key = _merge_key(field, before, wanted)
    if not key:
        gone = [value for value in before if value not in wanted] if field in _MERGED_VALUES else []
        return {f"$deleteFromPrimitiveList/{field}": gone} if gone else {}
    kept = {element[key]: element for element in wanted}
    changed: list[Tree] = []
    for element in before:
        name = element[key]
        if name not in kept:
            changed.append({_DIRECTIVE: "delete", key: name})
            continue
        inner = _deletions(element, kept[name])
        if inner:
            changed.append({**inner, key: name})
    if not changed:
        return {}
    return {field: changed, _ORDER + field: [{key: element[key]} for element in wanted]}


def _joined(changes: Tree, deletions: Tree) -> Tree:
    joined = dict(changes)
    for field, value in deletions.items():
        other = joined.get(field)
        if isinstance(other, dict) and isinstance(value, dict):
            joined[field] = _joined(other, value)
        elif isinstance(other, list) and isinstance(value, list) and not field.startswith("$"):
            joined[field] = _joined_lists(field, other, value)
        else:
            joined.setdefault(field, value)
    return joined


def _joined_lists(field: str, changes: list[Any], deletions: list[Any]) -> list[Any]:
    key = _merge_key(field, changes, deletions)
    found = {element[key]: element for element in changes}
    for element in deletions:
        known = found.get(element[key])
        found[element[key]] = element if known is None else _joined(known, element)
    return list(found.values())
