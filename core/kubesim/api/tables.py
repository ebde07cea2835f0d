"""Representations of objects and lists: as they are, as meta.k8s.io Tables, or as their metadata alone."""

from collections.abc import Sequence
from typing import Any

from kubesim.api.failures import not_acceptable
from kubesim.api.negotiation import Representation
from kubesim.api.strategy import Strategy
from kubesim.objects.errors import bad_request
from kubesim.objects.wire import Tree

_GROUP = "meta.k8s.io"
_INCLUDES = ("", "Metadata", "Object", "None")


def check_include(include: str) -> None:
    """Raise BadRequest for a value of includeObject that does not exist."""
    if include not in _INCLUDES:
        text = f"includeObject: Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f"Unable to convert to Table as requested: {text}")


def columns(strategy: Strategy) -> list[dict[str, Any]]:
    """The column definitions of a kind."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in strategy.columns
    ]


def partial(obj: Tree, version: str = "v1") -> dict[str, Any]:
    """The PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": f"{_GROUP}/{version}", "metadata": obj["metadata"]}


def row(strategy: Strategy, obj: Tree, now: int, include: str, version: str = "v1") -> dict[str, Any]:
    """One row of a table."""
    shown: Any = partial(strategy.internal(obj), version)
    if include == "Object":
        shown = obj
    elif include == "None":
        shown = None
    built: dict[str, Any] = {"cells": strategy.row(obj, now)}
    conditions = strategy.row_conditions(obj)
    if conditions:
        built["conditions"] = conditions
    built["object"] = shown
    return built


def table(
    strategy: Strategy,
    objects: Sequence[Tree],
    metadata: Tree,
    now: int,
    include: str = "",
    version: str = "v1",
    *,
    headed: bool = True,
) -> dict[str, Any]:
    """A Table of objects; without ``headed`` the column definitions are left out, as in later events of a watch."""
    check_include(include)
    return {
        "kind": "Table",
        "apiVersion": f"{_GROUP}/{version}",
        "metadata": metadata,
        "columnDefinitions": columns(strategy) if headed else None,
        "rows": [row(strategy, obj, now, include, version) for obj in objects],
    }


def present(strategy: Strategy, obj: Tree, form: Representation, now: int, include: str = "") -> Tree:
    """One object in the form that was negotiated."""
    if not form.form:
        return obj
    if form.form == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table(strategy, [obj], metadata, now, include, form.version)
    if form.form == "PartialObjectMetadataList":
        kind = _internal_name(strategy, strategy.kind)
        raise not_acceptable(
            f"you requested PartialObjectMetadataList, but the requested object is not a list ({kind})"
        )
    return partial(strategy.internal(obj), form.version)


def present_list(
    strategy: Strategy, objects: list[Tree], metadata: Tree, form: Representation, now: int, include: str = ""
) -> Tree:
    """A list in the form that was negotiated."""
    if form.form == "Table":
        return table(strategy, objects, metadata, now, include, form.version)
    if form.form == "PartialObjectMetadata":
        kind = _internal_name(strategy, strategy.kind + "List")
        raise not_acceptable(f"you requested PartialObjectMetadata, but the requested object is a list ({kind})")
    if form.form:
        shown = [partial(strategy.internal(obj), form.version) for obj in objects]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"{_GROUP}/{form.version}",
            "metadata": metadata,
            "items": shown or None,
        }
    if strategy.custom:
        return _custom_list(strategy, objects, metadata)
    return {
        "kind": strategy.kind + "List",
        "apiVersion": strategy.gvr.api_version,
        "metadata": metadata,
        "items": [untyped(obj) for obj in objects],
    }


def _custom_list(strategy: Strategy, objects: list[Tree], metadata: Tree) -> Tree:
    """# k8s: UnstructuredList keeps the kinds of its items, and always says where it continues."""
    kind = getattr(strategy, "list_kind", strategy.kind + "List")
    return {
        "apiVersion": strategy.gvr.api_version,
        "items": objects,
        "kind": kind,
        "metadata": {"continue": "", **metadata},
    }


def untyped(obj: Tree) -> dict[str, Any]:
    """An object as it stands in a list: without kind and apiVersion."""
    return {field: value for field, value in obj.items() if field not in {"kind", "apiVersion"}}


def _internal_name(strategy: Strategy, kind: str) -> str:
    # How the real server's own types print in Go.
    package = strategy.gvr.group.split(".")[0] or "core"
    return f"*{package}.{kind}"
