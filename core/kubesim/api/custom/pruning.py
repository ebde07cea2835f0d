"""Structural pruning and defaulting: fields that a schema does not have go, and its defaults come in.

Every function returns the very value that it was given when nothing changes.
# k8s: apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting,objectmeta}
"""

from collections.abc import Callable, Mapping
from typing import Any

from kubesim.objects.wire import EMPTY, Tree

_ROOT = frozenset({"apiVersion", "kind", "metadata"})
Coerce = Callable[[Any, str, list[str]], Any]
"""Makes ObjectMeta of a value: (value, path, unknown fields to add to)."""


class Pruner:
    """Prunes objects by a schema. ``coerce`` is asked about the metadata of embedded resources."""

    def __init__(self, coerce: Coerce) -> None:
        self._coerce = coerce

    def root(self, tree: Tree, schema: Tree, unknown: list[str]) -> Any:
        """An object without what its schema does not know; the paths that went are added to ``unknown``."""
        return self._object(tree, schema, "", unknown, resource=True, root=True)

    def _value(self, value: Any, schema: Tree, path: str, unknown: list[str]) -> Any:
        if isinstance(value, dict):
            embedded = bool(schema.get("x-kubernetes-embedded-resource"))
            return self._object(value, schema, path, unknown, resource=embedded)
        items = schema.get("items")
        if isinstance(value, list) and isinstance(items, dict):
            new = [self._value(item, items, f"{path}[{number}]", unknown) for number, item in enumerate(value)]
            return value if all(a is b for a, b in zip(new, value, strict=True)) else new
        return value

    def _object(
        self, tree: Tree, schema: Tree, path: str, unknown: list[str], *, resource: bool, root: bool = False
    ) -> Any:
        known = schema.get("properties") or EMPTY
        others = schema.get("additionalProperties")
        preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields")) or others is True
        changed: dict[str, Any] = {}
        gone: list[str] = []
        for name, value in tree.items():
            place = f"{path}.{name}" if path else name
            if resource and name in _ROOT:
                new = self._meta(value, place, unknown) if name == "metadata" and not root else value
            elif name in known:
                new = self._value(value, known[name], place, unknown)
            elif isinstance(others, dict):
                new = self._value(value, others, place, unknown)
            elif preserve:
                continue
            else:
                gone.append(name)
                unknown.append(place)
                continue
            if new is not value:
                changed[name] = new
        if not changed and not gone:
            return tree
        return {name: changed.get(name, value) for name, value in tree.items() if name not in gone}

    def _meta(self, value: Any, path: str, unknown: list[str]) -> Any:
        return self._coerce(value, path, unknown)


# ---------------------------------------------------------------------- defaults
def has_defaults(schema: Tree) -> bool:
    """Whether there is a default anywhere, or a null that may have to go."""
    if "default" in schema:
        return True
    below = [*(schema.get("properties") or EMPTY).values()]
    below += [part for part in (schema.get("items"), schema.get("additionalProperties")) if isinstance(part, dict)]
    return any(has_defaults(part) for part in below)


def defaulted(value: Any, schema: Tree) -> Any:
    """A value with the defaults of its schema. Nulls where null is not allowed make way for them."""
    if isinstance(value, Mapping):
        return _defaulted_object(value, schema)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        new = [defaulted(item, items) for item in value]
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    return value


def _defaulted_object(tree: Mapping[str, Any], schema: Tree) -> Any:
    changed: dict[str, Any] = {}
    for name, below in (schema.get("properties") or EMPTY).items():
        value = tree.get(name)
        if value is None and "default" in below and (name not in tree or not below.get("nullable")):
            value = below["default"]
        elif value is None:
            continue
        new = defaulted(value, below)
        if new is not tree.get(name) or name not in tree:
            changed[name] = new
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        known = schema.get("properties") or EMPTY
        for name, value in tree.items():
            if name in known:
                continue
            new = others["default"] if value is None and "default" in others and not others.get("nullable") else value
            new = defaulted(new, others)
            if new is not value:
                changed[name] = new
    return {**tree, **changed} if changed else tree


def without_nulls(value: Any, schema: Tree) -> Any:
    """A value without the nulls of fields that can neither be null nor have a default."""
    if isinstance(value, Mapping):
        known = schema.get("properties") or EMPTY
        others = schema.get("additionalProperties")
        changed: dict[str, Any] = {}
        gone: list[str] = []
        for name, item in value.items():
            below = known.get(name)
            if item is None and below is not None and not below.get("nullable") and "default" not in below:
                gone.append(name)
                continue
            below = below if below is not None else others if isinstance(others, dict) else None
            new = item if below is None else without_nulls(item, below)
            if new is not item:
                changed[name] = new
        if not changed and not gone:
            return value
        return {name: changed.get(name, item) for name, item in value.items() if name not in gone}
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        fresh = [without_nulls(item, items) for item in value]
        return value if all(a is b for a, b in zip(fresh, value, strict=True)) else fresh
    return value
