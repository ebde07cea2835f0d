"""What each type and field is for, in the words of the API, where the package kubernetes-validate is installed."""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

_FILE = "kubernetes-json-schema/v1.37.0-local/_definitions.json"
_NO_TEXTS: Mapping[str, Any] = {}


class Descriptions:
    """Texts by type (``io.k8s.api.core.v1.PodSpec``) and field."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def of_type(self, name: str) -> str:
        """What the type is for, or ""."""
        return str(self._definitions.get(name, _NO_TEXTS).get("description") or "")

    def of_field(self, name: str, field: str) -> str:
        """What the field of a type is for, or ""."""
        properties = self._definitions.get(name, _NO_TEXTS).get("properties") or _NO_TEXTS
        found = properties.get(field)
        return str(found.get("description") or "") if isinstance(found, Mapping) else ""


@cache
def load() -> Descriptions:
    """The texts of the installed package; none when it is not installed or has another release."""
    found = find_spec("kubernetes_validate")
    if found is None or found.origin is None:
        return Descriptions({})
    path = Path(found.origin).parent / _FILE
    if not path.is_file():
        return Descriptions({})
    tree: Mapping[str, Any] = orjson.loads(path.read_bytes())
    return Descriptions(tree.get("$defs") or tree.get("definitions") or tree)
