"""Strategic merge patch: lists of objects merge by key, as the schema of the kind says.

# k8s: apimachinery/pkg/util/strategicpatch
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from kubesim.objects.errors import ApiError, bad_request, failure
from kubesim.objects.patches.ordering import keyed, order, partition
from kubesim.objects.patches.printed import go_type, go_value, json_type
from kubesim.objects.tree import equal

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList"
SET_ORDER = "$setElementOrder"

_BAD_PRIMITIVES = "invalid patch format of primitive list"
_BAD_RETAIN = "invalid patch format of retainKeys"
_BAD_ORDER = "invalid patch format of setElementOrder list"


class MergeField(NamedTuple):
    """How one field merges. ``strategy`` is "", "merge" or "replace", ``key`` the merge key of a list of objects."""

    strategy: str = ""
    key: str = ""
    type: "MergeType | None" = None
    """The type of the value, or of the elements when it is a list; None where nothing is known."""


class MergeType(Protocol):
    """What strategic merge must know about a type."""

    @property
    def name(self) -> str:
        """The name of the Go type, for messages."""
        ...

    def field(self, name: str) -> MergeField | None:
        """How a field merges; None when the type has no such field."""
        ...


_UNKNOWN = MergeField()


def strategic_patch(doc: Mapping[str, Any], patch: Any, lookup: MergeType | None) -> dict[str, Any]:
    """Apply a patch to an object whose type ``lookup`` describes.

    Raises ApiError: 400 when the patch is no object, 500 when its directives or keys are wrong.
    """
    if not isinstance(patch, Mapping):
        raise bad_request(f"json: cannot unmarshal {json_type(patch)} into Go value of type map[string]interface {{}}")
    return _merge_object(dict(doc), patch, lookup)


def _wrong(message: str) -> ApiError:
    return failure(500, "", message)


def _bad_type(expected: Any, found: Any) -> ApiError:
    return _wrong(f"expected a {go_type(expected)}, but received a {go_type(found)}")


def _field(type_: MergeType | None, name: str) -> MergeField:
    if type_ is None:
        return _UNKNOWN
    found = type_.field(name)
    if found is None:
        raise _wrong(f'unable to find api field in struct {type_.name} for the json field "{name}"')
    return found


# ---------------------------------------------------------------------- objects
def _merge_object(original: Mapping[str, Any], patch: Mapping[str, Any], type_: MergeType | None) -> dict[str, Any]:
    if DIRECTIVE in patch:
        return _directed(patch)
    result, left = _retained(original, patch)
    _merge_ordered(result, left, type_)
    for key, value in left.items():
        if not key.startswith(DELETE_FROM):
            _merge_field(result, key, value, type_, deleting=False)
    # k8s: in no certain order; deletions last is what gives the same result in every case.
    for key, value in left.items():
        if key.startswith(DELETE_FROM):
            _merge_field(result, _plain(key, DELETE_FROM, _BAD_PRIMITIVES), value, type_, deleting=True)
    return result


def _directed(patch: Mapping[str, Any]) -> dict[str, Any]:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise _wrong(f"unknown patch type: {go_value(directive)} in map: {go_value(patch)}")


def _retained(original: Mapping[str, Any], patch: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A copy of the original with only the fields that ``$retainKeys`` leaves, and the patch without the directive."""
    left = dict(patch)
    if RETAIN_KEYS not in left:
        return dict(original), left
    kept = left.pop(RETAIN_KEYS)
    if not isinstance(kept, list):
        raise _wrong(_BAD_RETAIN)
    for key, value in left.items():
        if value is not None and not key.startswith((DELETE_FROM, SET_ORDER)) and key not in kept:
            raise _wrong(_BAD_RETAIN)
    return {key: value for key, value in original.items() if key in kept}, left


def _plain(key: str, prefix: str, message: str) -> str:
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        raise _wrong(message)
    return name


def _merge_field(result: dict[str, Any], key: str, value: Any, type_: MergeType | None, *, deleting: bool) -> None:
    if value is None:
        result.pop(key, None)
        return
    old = result.get(key)
    if isinstance(old, Mapping) and isinstance(value, Mapping):
        field = _field(type_, key)
        result[key] = value if field.strategy == "replace" else _merge_object(old, value, field.type)
    elif isinstance(old, list) and isinstance(value, list):
        result[key] = _merge_list(old, value, _field(type_, key), deleting=deleting)
    elif not (type(old) is type(value) and old == value):
        result[key] = value


# ---------------------------------------------------------------------- lists
def _merge_list(original: list[Any], patch: list[Any], field: MergeField, *, deleting: bool) -> list[Any]:
    if field.strategy != "merge":
        return patch
    if not original and not patch:
        return original
    if not _holds_objects(original, patch):
        if deleting:
            return [item for item in original if not any(equal(item, gone) for gone in patch)]
        merged = _distinct([*original, *patch])
        return order(*partition(merged, patch, ""), patch, original, "")
    if not field.key:
        raise _wrong("cannot merge lists without merge key for type struct")
    original, patch = _without_directives(original, patch, field.key)
    merged = _merge_elements(original, patch, field)
    for item in merged:
        keyed(item, field.key)
    return order(*partition(merged, patch, field.key), patch, original, field.key)


def _holds_objects(*lists: list[Any]) -> bool:
    """Whether the elements are objects. All of them must be of one type."""
    first: Any = None
    for item in (item for listed in lists for item in listed):
        if first is None:
            first = item
            if isinstance(item, list):
                raise _wrong("lists of lists are not supported")
        elif go_type(item) != go_type(first):
            raise _wrong(f"list element types are not identical: {go_value(list(lists))}")
    if first is None:
        raise _wrong("no elements in any of the given slices")
    return isinstance(first, Mapping)


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not any(equal(item, other) for other in found):
            found.append(item)
    return found


def _without_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Carry out the ``$patch`` elements; returns what is left of the original and of the patch."""
    plain = []
    replace = False
    for item in patch:
        if DIRECTIVE not in item:
            plain.append(item)
            continue
        directive = item[DIRECTIVE]
        if directive == "delete":
            gone = keyed(item, key)
            original = [old for old in original if not (key in old and equal(old[key], gone))]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _wrong("merging lists cannot yet be specified in the patch")
        else:
            raise _wrong(f"unknown patch type: {go_value(directive)} in map: {go_value(item)}")
    return (plain, []) if replace else (original, plain)


def _merge_elements(original: list[Any], patch: list[Any], field: MergeField) -> list[Any]:
    merged = list(original)
    for item in patch:
        wanted = keyed(item, field.key)
        for position, old in enumerate(merged):
            if field.key in old and equal(old[field.key], wanted):
                merged[position] = _merge_object(old, item, field.type)
                break
        else:
            merged.append(item)
    return merged


# ---------------------------------------------------------------------- $setElementOrder
def _merge_ordered(result: dict[str, Any], left: dict[str, Any], type_: MergeType | None) -> None:
    """Merge the lists that have a ``$setElementOrder`` and take them out of the rest of the patch."""
    for directive in [key for key in left if key.startswith(SET_ORDER)]:
        wanted = left.pop(directive)
        if not isinstance(wanted, list):
            raise _bad_type([], wanted)
        key = _plain(directive, SET_ORDER, _BAD_ORDER)
        for found in (result.get(key, []), left.get(key, [])):
            if not isinstance(found, list):
                raise _bad_type([], found)
        field = _field(type_, key)
        _check_order(left.get(key, []), wanted, field.key)
        if key in result:
            original = result[key]
            merged = _merge_list(original, left[key], field, deleting=False) if key in left else original
        elif key in left:
            original, merged = [], left[key]
        else:
            continue
        _holds_objects(original, left.get(key, []))
        result[key] = order(*partition(merged, wanted, field.key), wanted, original, field.key)
        left.pop(key, None)


def _check_order(patch: list[Any], wanted: list[Any], key: str) -> None:
    """The elements of a patch must stand in the order that the directive gives, and be named by it."""
    if not patch or not wanted:
        return
    names = [keyed(item, key) for item in wanted] if key else wanted
    position = 0
    for item in patch:
        if isinstance(item, Mapping) and DIRECTIVE in item:
            continue
        name = keyed(item, key) if key else item
        while position < len(names) and not equal(names[position], name):
            position += 1
        if position == len(names):
            text = f"{go_value(patch)}\n doesn't match {SET_ORDER} list:\n{go_value(wanted)}\n"
            raise _wrong(f"The order in patch list:\n{text}")
        position += 1
