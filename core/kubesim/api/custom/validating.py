"""Values against OpenAPI v3 schemas: every broken rule in the words of kube-openapi, unchanged values let pass.

# k8s: kube-openapi/pkg/validation/validate, apiextensions-apiserver/pkg/apiserver/validation
"""

import math
from collections.abc import Mapping
from typing import Any

import orjson

from kubesim.api.custom import formats
from kubesim.api.failures import required as required_cause
from kubesim.objects.errors import Cause
from kubesim.objects.regex import compile_pattern
from kubesim.objects.wire import EMPTY, Tree

NOTHING = object()
"""Stands for a value that there is none of before the change."""
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def shown(value: Any) -> str:
    """A value as field errors print it."""
    return orjson.dumps(value).decode()


def type_name(value: Any) -> str:
    """The OpenAPI type of a JSON value."""
    return "null" if value is None else _NAMES.get(value.__class__, "object")


def invalid(path: str, value: Any, text: str) -> Cause:
    """The value breaks a rule."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {text}", path or "<nil>")


def _type_invalid(path: str, value: Any, text: str) -> Cause:
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {text}", path or "<nil>")


def _said(path: str) -> str:
    return f"{path} in body" if path else "in body"


class Validator:
    """Checks one value against a schema; the errors are in ``causes``."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def check(self, value: Any, schema: Tree, path: str = "", old: Any = NOTHING) -> None:
        """Note what is wrong. What is as it was before is right. # k8s: CRDValidationRatcheting."""
        if old is not NOTHING and _same(value, old):
            return
        if value is None and schema.get("nullable"):
            return
        self._type(value, schema, path)
        self._composite(value, schema, path)
        if isinstance(value, str):
            self._string(value, schema, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._number(value, schema, path)
        elif isinstance(value, list):
            self._list(value, schema, path, old)
        if schema.get("enum"):
            self._enum(value, schema["enum"], path)
        if isinstance(value, dict):
            self._object(value, schema, path, old)

    # ------------------------------------------------------------------ kinds of values
    def _type(self, value: Any, schema: Tree, path: str) -> None:
        wanted = schema.get("type")
        if schema.get("x-kubernetes-int-or-string"):
            if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
                return
            wanted = wanted or "integer,string"
        if not wanted:
            return
        given = type_name(value)
        whole = isinstance(value, float) and value.is_integer()
        if given == wanted or (wanted == "number" and given == "integer") or (wanted == "integer" and whole):
            return
        text = f'{_said(path)} must be of type {wanted}: "{given}"'
        self.causes.append(_type_invalid(path, given, text))

    def _string(self, value: str, schema: Tree, path: str) -> None:
        longest, shortest, expression = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
        if longest is not None and len(value) > longest:
            text = f"Too long: may not be more than {longest} bytes"
            self.causes.append(Cause("FieldValueTooLong", text, path))
        if shortest is not None and len(value) < shortest:
            self.causes.append(invalid(path, value, f"{_said(path)} should be at least {shortest} chars long"))
        if expression and not compile_pattern(expression).found_in(value):
            self.causes.append(invalid(path, value, f"{_said(path)} should match '{expression}'"))
        name = schema.get("format")
        if name and not formats.matches(name, value):
            self.causes.append(_type_invalid(path, value, f"{_said(path)} must be of type {name}: {shown(value)}"))

    def _number(self, value: float, schema: Tree, path: str) -> None:
        factor, most, least = schema.get("multipleOf"), schema.get("maximum"), schema.get("minimum")
        if factor and not math.isclose(value / factor, round(value / factor), abs_tol=1e-9):
            self.causes.append(invalid(path, value, f"{_said(path)} should be a multiple of {number(factor)}"))
        if most is not None:
            strict = bool(schema.get("exclusiveMaximum"))
            if value > most or (strict and value == most):
                words = "less than" if strict else "less than or equal to"
                self.causes.append(invalid(path, value, f"{_said(path)} should be {words} {number(most)}"))
        if least is not None:
            strict = bool(schema.get("exclusiveMinimum"))
            if value < least or (strict and value == least):
                words = "greater than" if strict else "greater than or equal to"
                self.causes.append(invalid(path, value, f"{_said(path)} should be {words} {number(least)}"))

    def _enum(self, value: Any, choices: list[Any], path: str) -> None:
        if any(_same(value, choice) for choice in choices):
            return
        words = ", ".join(f'"{choice}"' if isinstance(choice, str) else f'"{shown(choice)}"' for choice in choices)
        text = f"Unsupported value: {shown(value)}: supported values: {words}"
        self.causes.append(Cause("FieldValueNotSupported", text, path or "<nil>"))

    def _list(self, value: list[Any], schema: Tree, path: str, old: Any) -> None:
        most, least, items = schema.get("maxItems"), schema.get("minItems"), schema.get("items")
        if isinstance(items, dict):
            before = Earlier(schema, old)
            for position, item in enumerate(value):
                self.check(item, items, f"{path}[{position}]", before.of(item))
        if least is not None and len(value) < least:
            self.causes.append(invalid(path, len(value), f"{_said(path)} should have at least {least} items"))
        if most is not None and len(value) > most:
            text = f"Too many: {len(value)}: must have at most {most} items"
            self.causes.append(Cause("FieldValueTooMany", text, path))
        if schema.get("uniqueItems") and len({shown(item) for item in value}) < len(value):
            self.causes.append(invalid(path, value, f"{_said(path)} shouldn't contain duplicates"))

    def _object(self, value: Mapping[str, Any], schema: Tree, path: str, old: Any) -> None:
        most, least = schema.get("maxProperties"), schema.get("minProperties")
        if least is not None and len(value) < least:
            self.causes.append(invalid(path, len(value), f"{_said(path)} should have at least {least} properties"))
        if most is not None and len(value) > most:
            text = f"Too many: {len(value)}: must have at most {most} items"
            self.causes.append(Cause("FieldValueTooMany", text, path))
        known = schema.get("properties") or EMPTY
        others = schema.get("additionalProperties")
        before = old if isinstance(old, dict) else EMPTY
        for name in schema.get("required") or ():
            if name not in value:
                self.causes.append(required_cause(f"{path}.{name}" if path else name))
        for name, item in value.items():
            below = known.get(name, others)
            if isinstance(below, dict):
                self.check(item, below, f"{path}.{name}" if path else name, before.get(name, NOTHING))

    # ------------------------------------------------------------------ schemas of schemas
    def _composite(self, value: Any, schema: Tree, path: str) -> None:
        if schema.get("x-kubernetes-int-or-string") and not _more_than_types(schema):
            return
        found = next((found for part in schema.get("allOf") or () if (found := problems(value, part, path))), None)
        if found:
            self.causes += [*found, _composed(path, "must validate all the schemas (allOf)")]
        tried = [problems(value, part, path) for part in schema.get("anyOf") or ()]
        if tried and all(tried):
            self.causes += [_composed(path, "must validate at least one schema (anyOf)"), *_fewest(tried)]
        if schema.get("oneOf"):
            tried = [problems(value, part, path) for part in schema["oneOf"]]
            right = sum(not found for found in tried)
            if right == 0:
                self.causes.append(_composed(path, "must validate one and only one schema (oneOf). Found none valid"))
                self.causes += _fewest(tried)
            elif right > 1:
                text = f"must validate one and only one schema (oneOf). Found {right} valid alternatives"
                self.causes.append(_composed(path, text))
        if schema.get("not") is not None and not problems(value, schema["not"], path):
            self.causes.append(_composed(path, "must not validate the schema (not)"))


class Earlier:
    """The items of a list before a change; only those of a list map can be found again."""

    def __init__(self, schema: Tree, old: Any) -> None:
        self._keys = schema.get("x-kubernetes-list-map-keys") or ()
        known = isinstance(old, list) and schema.get("x-kubernetes-list-type") == "map"
        self._items = {self._key(item): item for item in old if isinstance(item, dict)} if known else {}

    def of(self, item: Any) -> Any:
        """What the item was, or NOTHING."""
        return self._items.get(self._key(item), NOTHING) if self._items and isinstance(item, dict) else NOTHING

    def _key(self, item: Tree) -> str:
        return shown([item.get(key) for key in self._keys])


def _more_than_types(schema: Tree) -> bool:
    # anyOf of integer and string is the usual spelling of int-or-string; that is checked as a type.
    types = [part.get("type") for part in schema.get("anyOf") or ()]
    return bool(schema.get("allOf") or schema.get("oneOf") or schema.get("not")) or types != ["integer", "string"]


def problems(value: Any, schema: Tree, path: str = "") -> list[Cause]:
    """What is wrong with a value."""
    validator = Validator()
    validator.check(value, schema, path)
    return validator.causes


def _fewest(tried: list[list[Cause]]) -> list[Cause]:
    """The errors of the alternative that was missed by least."""
    return sorted(tried, key=len)[0]


def _composed(path: str, text: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "": "{path}" {text}', "<nil>")


def _same(value: Any, other: Any) -> bool:
    """Whether two JSON values are equal: true is not 1."""
    return value is other or (isinstance(value, bool) == isinstance(other, bool) and value == other)


def number(value: float) -> str:
    """A number as Go's %v prints a float."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


# ---------------------------------------------------------------------- lists
def duplicates(value: Any, schema: Tree, path: str = "") -> list[Cause]:
    """Items of sets and list maps that occur twice. # k8s: schema/listtype."""
    causes: list[Cause] = []
    if isinstance(value, dict):
        known, others = schema.get("properties") or EMPTY, schema.get("additionalProperties")
        for name, item in value.items():
            below = known.get(name, others)
            if isinstance(below, dict):
                causes += duplicates(item, below, f"{path}.{name}" if path else name)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        causes += _repeated(value, schema, path)
        for position, item in enumerate(value):
            causes += duplicates(item, items, f"{path}[{position}]")
    return causes


def _repeated(value: list[Any], schema: Tree, path: str) -> list[Cause]:
    form = schema.get("x-kubernetes-list-type")
    if form not in {"set", "map"}:
        return []
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    seen: dict[str, int] = {}
    causes = []
    for position, item in enumerate(value):
        told = {key: item[key] for key in keys if key in item} if form == "map" and isinstance(item, dict) else item
        text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {text}", f"{path}[{position}]"))
    return causes
