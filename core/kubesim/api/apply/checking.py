"""Does a configuration fit the schema: unknown fields, wrong types, and items that cannot be told apart.

# k8s: structured-merge-diff typed/validate.go; its texts show Go values
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kubesim.api.apply.fieldsets import element_text
from kubesim.api.apply.shapes import Anything, Many, Record, Scalar, Shape
from kubesim.api.metadata import quoted
from kubesim.objects.patches.printed import go_float, go_type, go_value

Problem = tuple[str, str]
"""The path and what is wrong there."""


def problems(shape: Shape, value: Any, path: str = "") -> list[Problem]:
    """Everything that is wrong with a value."""
    return list(_problems(shape, value, path))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[Problem]:
    if value is None or isinstance(shape, Anything):
        return
    if isinstance(shape, Scalar):
        text = _scalar(shape.kind, value)
        if text:
            yield path, text
    elif isinstance(shape, Many):
        yield from _items(shape, value, path)
    else:
        yield from _fields(shape, value, path)


def _scalar(kind: str, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "numeric" and not is_number:
        return f"expected numeric (int or float), got {go_type(value)}"
    if kind == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
    if kind == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got {_shown(value)}"
    if kind == "untyped" and isinstance(value, Mapping | list):
        return f"expected any scalar, got {_shown(value)}"
    return ""


def _items(shape: Many, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield path, f"expected list, got {_shown(value)}"
        return
    seen: set[str] = set()
    for number, item in enumerate(value):
        element = f"i:{number}"
        if not shape.leaf:
            try:
                element = shape.index(item)
            except ValueError as error:
                yield path, f"element {number}: {error}"
                return
            if element in seen:
                yield path, f"duplicate entries for key {element_text(element)}"
            seen.add(element)
        yield from _problems(shape.element, item, path + element_text(element))


def _fields(shape: Record, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield path, f"expected map, got {_shown(value)}"
        return
    for name, item in value.items():
        below = shape.fields.get(name) or shape.element
        if below is None:
            yield f"{path}.{name}", "field not declared in schema"
            return
        yield from _problems(below, item, f"{path}.{name}")


def _shown(value: Any) -> str:
    return f"&{{{go_value(value)}}}"


def go_syntax(value: Any) -> str:
    """A decoded JSON value as Go's ``%#v`` prints it."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        parts = [f"{quoted(key)}:{go_syntax(value[key])}" for key in sorted(value)]
        return "map[string]interface {}{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(go_syntax, value)) + "}"
    return go_float(float(value))
