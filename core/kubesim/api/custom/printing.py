"""The printed columns of custom resources. # k8s: customresource/tableconvertor."""

from collections.abc import Sequence
from typing import Any

from kubesim.api.custom import jsonpath
from kubesim.api.custom.definition import Version
from kubesim.api.strategy import Column
from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import Tree

_NAME = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow "
    "a client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_CREATED = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
AGE = ".metadata.creationTimestamp"


def columns(version: Version) -> tuple[Column, ...]:
    """The name, and what the definition prints; the age when it says nothing."""
    if not version.columns:
        return Column("Name", format="name", description=_NAME), Column("Age", "date", description=_CREATED)
    return Column("Name", format="name", description=_NAME), *(_column(tree) for tree in version.columns)


def _column(tree: Tree) -> Column:
    said = f"Custom resource definition column (in JSONPath format): {tree['jsonPath']}"
    return Column(
        tree["name"],
        tree["type"],
        tree.get("format") or "",
        tree.get("description") or said,
        tree.get("priority") or 0,
    )


def cells(shown: Sequence[Column], paths: Sequence[str], obj: Tree, now: int) -> list[Any]:
    """The cells after the name."""
    return [_cell(column, path, obj, now) for column, path in zip(shown, paths or (AGE,), strict=True)]


def _cell(column: Column, path: str, obj: Tree, now: int) -> Any:
    found = jsonpath.find(jsonpath.parse(path), obj)
    if not found:
        return None
    value = found[0]
    if column.type == "string":
        return jsonpath.printed(value)
    if column.type == "date":
        return _since(value, now) if isinstance(value, str) else None
    if isinstance(value, bool):
        return value if column.type == "boolean" else None
    if isinstance(value, int | float) and column.type in {"integer", "number"}:
        return int(value) if column.type == "integer" else value
    return None


def _since(stamp: str, now: int) -> str:
    try:
        return human_duration(now - parse_time(stamp))
    except ValueError:
        return "<invalid>"
