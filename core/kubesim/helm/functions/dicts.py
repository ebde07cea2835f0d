"""Dictionaries: they are references, so ``set`` and ``merge`` change the one they are given."""

from typing import Any

from kubesim.helm.functions.lists import strval
from kubesim.helm.template.errors import BudgetError, GoError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.signatures import ANY, MAP, STRING, Function, function
from kubesim.helm.template.values import GoMap, NilMap, StringSlice, kind, sorted_items, type_name
from kubesim.helm.template.weight import MAX_DEPTH, weigh

Map = dict[str, Any]


def make_dict(*values: Any) -> Map:
    """Keys and values by turns; a last key without value gets an empty string."""
    made: Map = {}
    for at in range(0, len(values), 2):
        key = values[at]
        made[key if type(key) is str else strval(key)] = values[at + 1] if at + 1 < len(values) else ""
    return made


def get(mapping: Map, key: str) -> Any:
    """The value of a key, an empty string if there is none."""
    return mapping.get(key, "")


def set_key(mapping: Map, key: str, value: Any) -> Map:
    """The dictionary after setting a key in it."""
    if isinstance(mapping, NilMap):
        raise GoError("assignment to entry in nil map")
    mapping[key] = value
    return mapping


def unset(mapping: Map, key: str) -> Map:
    """The dictionary after removing a key from it."""
    mapping.pop(key, None)
    return mapping


def has_key(mapping: Map, key: str) -> bool:
    """Whether a key is there."""
    return key in mapping


def pluck(key: str, *mappings: Map) -> list[Any]:
    """The values of a key in all dictionaries that have it."""
    return [mapping[key] for mapping in mappings if key in mapping]


def keys(*mappings: Map) -> StringSlice:
    """All keys. # differs: Go gives them in random order, here they are sorted."""
    return StringSlice([key for mapping in mappings for key, _ in sorted_items(mapping)])


def values(mapping: Map) -> list[Any]:
    """All values. # differs: Go gives them in random order, here by key."""
    return [value for _, value in sorted_items(mapping)]


def pick(mapping: Map, *wanted: str) -> Map:
    """A new dictionary of some keys."""
    return {key: mapping[key] for key in wanted if key in mapping}


def omit(mapping: Map, *unwanted: str) -> Map:
    """A new dictionary without some keys."""
    return {key: value for key, value in mapping.items() if key not in unwanted}


def deep_copy(render: Context, value: Any) -> Any:
    """A copy that shares no dictionary and no list."""
    render.budget.spend(weigh(value) >> 2)
    return _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        copied = {key: _copied(one) for key, one in value.items()}
        return type(value)(copied) if isinstance(value, GoMap) else copied
    if isinstance(value, list):
        items = [_copied(one) for one in value]
        return items if type(value) is list else type(value)(items)
    return value


def _merge_into(target: Map, source: Map, *, overwrite: bool, depth: int = 0) -> None:
    """Merge as the library mergo does: an empty value of the target counts as missing."""
    if depth > MAX_DEPTH:
        raise BudgetError(f"values nest deeper than {MAX_DEPTH}")
    for key, value in list(source.items()):
        present = target.get(key)
        if value is None:
            if overwrite:
                target[key] = None
            continue
        if isinstance(value, dict) and isinstance(present, dict) and present is not value:
            _merge_into(present, value, overwrite=overwrite, depth=depth + 1)
        if present:
            if isinstance(value, dict) and isinstance(present, dict):
                continue
            if isinstance(value, list) and isinstance(present, list) and not overwrite:
                continue
        if overwrite or not present:
            target[key] = value


def _merged(target: Map, sources: tuple[Map, ...], *, overwrite: bool) -> Map:
    if isinstance(target, NilMap):
        target = {}
    for source in sources:
        _merge_into(target, source, overwrite=overwrite)
    return target


def merge(target: Map, *sources: Map) -> Map:
    """The first dictionary after adding to it what it lacks."""
    return _merged(target, sources, overwrite=False)


def merge_overwrite(target: Map, *sources: Map) -> Map:
    """The first dictionary after overwriting it with the others."""
    return _merged(target, sources, overwrite=True)


def dig(*arguments: Any) -> Any:
    """The value at a path of keys, or a default: keys, default, dictionary."""
    if len(arguments) < 3:
        raise GoError("dig needs at least three arguments")
    *path, fallback, found = arguments
    found = _plain_map(found)
    for key in path:
        if not isinstance(key, str):
            raise GoError(f"interface conversion: interface {{}} is {_named(key)}, not string")
    for at, key in enumerate(path):
        if key not in found:
            return fallback
        found = found[key]
        if at < len(path) - 1:
            found = _plain_map(found)
    return found


def _named(value: Any) -> str:
    return "nil" if value is None else type_name(value)


def _plain_map(value: Any) -> Any:
    if kind(value) == "map" and type_name(value) == MAP.name:
        return value
    raise GoError(f"interface conversion: interface {{}} is {_named(value)}, not {MAP.name}")


FUNCTIONS: tuple[Function, ...] = (
    function("dict", make_dict, more=ANY),
    function("get", get, MAP, STRING),
    function("set", set_key, MAP, STRING, ANY),
    function("unset", unset, MAP, STRING),
    function("hasKey", has_key, MAP, STRING),
    function("pluck", pluck, STRING, more=MAP),
    function("keys", keys, more=MAP),
    function("values", values, MAP),
    function("pick", pick, MAP, more=STRING),
    function("omit", omit, MAP, more=STRING),
    function("deepCopy", deep_copy, ANY, context=True),
    function("mustDeepCopy", deep_copy, ANY, context=True),
    function("merge", merge, MAP, more=MAP),
    function("mustMerge", merge, MAP, more=MAP),
    function("mergeOverwrite", merge_overwrite, MAP, more=MAP),
    function("mustMergeOverwrite", merge_overwrite, MAP, more=MAP),
    function("dig", dig, more=ANY),
)
