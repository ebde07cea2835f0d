"""ObjectMeta inside of custom resources: read as the real server's own type. # k8s: schema/objectmeta."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.schema import Schema
from kubesim.objects.errors import bad_request

_KIND = ("", "v1", "ConfigMap")
"""Any kind that has ObjectMeta and a schema."""


def coerced(value: Any, path: str, unknown: list[str]) -> Any:
    """The metadata without fields that ObjectMeta does not have; their paths are added to ``unknown``.

    Raises BadRequest for a value of a wrong type.
    """
    if not isinstance(value, Mapping):
        return value
    decoded = Schema.load().decode(_KIND, {"metadata": value}, "Strict")
    if decoded.errors:
        raise bad_request(decoded.errors[0].replace("ConfigMap.metadata", f".{path}"))
    head = 'unknown field "metadata'
    unknown.extend(path + text.removeprefix(head)[:-1] for text in decoded.unknown)
    found = decoded.tree.get("metadata", {})
    return value if found is value else found
