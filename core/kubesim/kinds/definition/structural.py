"""Structural schemas: every field has a type outside of the logic, and the logic only restricts.

# k8s: apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go
"""

from typing import Any

from kubesim.kinds.fielderrors import forbidden, invalid, required
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

ROOT, ITEM, FIELD = "root", "item", "field"
_EMPTY_TYPE = {
    ROOT: "must not be empty at the root",
    ITEM: "must not be empty for specified array items",
    FIELD: "must not be empty for specified object fields",
}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NESTED: tuple[tuple[str, str], ...] = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def structural_causes(schema: Tree, path: str) -> list[Cause]:
    """Why a schema is not structural, in the order of the texts."""
    causes = _invariants(schema, ROOT, path) + _incomplete(schema, schema, path, path)
    return sorted(causes, key=_text)


def _text(cause: Cause) -> str:
    return f"{cause.field}: {cause.message}"


def _invariants(schema: Tree, level: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    items, others = schema.get("items"), schema.get("additionalProperties")
    if schema.get("type") == "array" and not isinstance(items, dict):
        causes.append(required(f"{path}.items", "must be specified"))
    if isinstance(items, dict):
        causes += _invariants(items, ITEM, f"{path}.items")
    for name, below in (schema.get("properties") or EMPTY).items():
        causes += _invariants(below, FIELD, f"{path}.properties[{name}]")
    if others is not None and level == ROOT:
        causes.append(forbidden(f"{path}.additionalProperties", "must not be used at the root"))
    if isinstance(others, dict):
        causes += _invariants(others, FIELD, f"{path}.additionalProperties")
    causes += _extension_causes(schema, path) + _logic_causes(schema, path)
    return causes + _type_causes(schema, level, path) + _resource_causes(schema, level, path)


def _extension_causes(schema: Tree, path: str) -> list[Cause]:
    if not schema.get("x-kubernetes-int-or-string"):
        return []
    text = "must be false if x-kubernetes-int-or-string is true"
    names = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")
    return [invalid(f"{path}.{name}", True, text) for name in names if schema.get(name)]


def _type_causes(schema: Tree, level: str, path: str) -> list[Cause]:
    kind, place = schema.get("type") or "", f"{path}.type"
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    causes = []
    if schema.get("x-kubernetes-embedded-resource") and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        causes.append(invalid(place, kind, text) if kind else required(place, text))
    elif not kind and not free:
        causes.append(required(place, _EMPTY_TYPE[level]))
    if level == ROOT and kind and kind != "object":
        causes.append(invalid(place, kind, "must be object at the root"))
    return causes


def _resource_causes(schema: Tree, level: str, path: str) -> list[Cause]:
    """The fields that every object has."""
    embedded = schema.get("x-kubernetes-embedded-resource")
    properties: Tree = schema.get("properties") or EMPTY
    causes = []
    if embedded and schema.get("additionalProperties") is not None:
        text = "must not be used if x-kubernetes-embedded-resource is set"
        causes.append(forbidden(f"{path}.additionalProperties", text))
    if level == ROOT or embedded:
        for name, kind in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
            given = properties.get(name)
            if given is not None and given.get("type") != kind:
                place = f"{path}.properties[{name}].type"
                causes.append(invalid(place, given.get("type") or "", f"must be {kind}"))
    metadata = properties.get("metadata")
    if level == ROOT and metadata is not None and not _restricts_names(metadata):
        text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        causes.append(forbidden(f"{path}.properties[metadata]", text))
    if embedded and not schema.get("x-kubernetes-preserve-unknown-fields") and not properties:
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        causes.append(required(f"{path}.properties", text))
    return causes


def _restricts_names(metadata: Tree) -> bool:
    others = [name for name in metadata if name not in {"type", "properties", "required", "description", "default"}]
    names = [name for name in metadata.get("properties") or () if name not in {"name", "generateName"}]
    return not others and not names and "description" not in metadata


# ---------------------------------------------------------------------- logic
def _logic_causes(schema: Tree, path: str, *, skip_first: bool = False) -> list[Cause]:
    causes: list[Cause] = []
    alternatives = schema.get("anyOf") or []
    if alternatives != _INT_OR_STRING or not (skip_first or schema.get("x-kubernetes-int-or-string")):
        for number, below in enumerate(alternatives):
            causes += _nested(below, f"{path}.anyOf[{number}]")
    for number, below in enumerate(schema.get("allOf") or ()):
        first = number == 0 and bool(schema.get("x-kubernetes-int-or-string"))
        causes += _nested(below, f"{path}.allOf[{number}]", skip_first=first)
    for number, below in enumerate(schema.get("oneOf") or ()):
        causes += _nested(below, f"{path}.oneOf[{number}]")
    if schema.get("not") is not None:
        causes += _nested(schema["not"], f"{path}.not")
    expression = schema.get("pattern")
    problem = _regexp_problem(expression) if expression else ""
    if problem:
        text = f"must be a valid regular expression, but isn't: {problem}"
        causes.append(invalid(f"{path}.pattern", expression, text))
    return causes


def _regexp_problem(expression: str) -> str:
    from kubesim.objects.regex import RegexError, compile_pattern  # noqa: PLC0415 - most clusters define no kinds

    try:
        compile_pattern(expression)
    except RegexError as error:
        return str(error)
    return ""


def _nested(schema: Tree, path: str, *, skip_first: bool = False) -> list[Cause]:
    causes = _logic_causes(schema, path, skip_first=skip_first)
    if isinstance(schema.get("items"), dict):
        causes += _nested(schema["items"], f"{path}.items")
    for name, below in (schema.get("properties") or EMPTY).items():
        causes += _nested(below, f"{path}.properties[{name}]")
    causes += [forbidden(f"{path}.{name}", text) for name, text in _NESTED if schema.get(name)]
    if "metadata" in (schema.get("properties") or EMPTY):
        causes.append(forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))
    return causes


# ---------------------------------------------------------------------- completeness
def _incomplete(schema: Tree, logic: Tree, path: str, place: str) -> list[Cause]:
    """Fields that only the logic speaks of. ``place`` is where in the logic we are."""
    causes: list[Cause] = []
    for junctor in ("allOf", "anyOf", "oneOf"):
        for number, below in enumerate(logic.get(junctor) or ()):
            causes += _missing(schema, below, path, f"{place}.{junctor}[{number}]")
    if isinstance(logic.get("not"), dict):
        causes += _missing(schema, logic["not"], path, f"{place}.not")
    if logic is schema:
        causes += _deeper(schema, path)
    return causes


def _deeper(schema: Tree, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for name, below in (schema.get("properties") or EMPTY).items():
        causes += _incomplete(below, below, f"{path}.properties[{name}]", f"{path}.properties[{name}]")
    for field in ("items", "additionalProperties"):
        inner: Any = schema.get(field)
        if isinstance(inner, dict):
            causes += _incomplete(inner, inner, f"{path}.{field}", f"{path}.{field}")
    return causes


def _missing(schema: Tree, logic: Tree, path: str, place: str) -> list[Cause]:
    causes = _incomplete(schema, logic, path, place) if logic is not schema else []
    known = schema.get("properties") or EMPTY
    for name, below in (logic.get("properties") or EMPTY).items():
        here, there = f"{path}.properties[{name}]", f"{place}.properties[{name}]"
        if name in known:
            causes += _missing(known[name], below, here, there)
        else:
            causes.append(required(here, f"because it is defined in {there}"))
    items = logic.get("items")
    if isinstance(items, dict):
        inner = schema.get("items")
        if isinstance(inner, dict):
            causes += _missing(inner, items, f"{path}.items", f"{place}.items")
        else:
            causes.append(required(f"{path}.items", f"because it is defined in {place}.items"))
    return causes
