"""What no log may hold: the data of Secrets, and tokens, whatever the audit policy asks for.

# differs: kube-apiserver writes them down when a policy says RequestResponse for them
"""

from collections.abc import Mapping
from typing import Any

from kubesim.api.access.attributes import Attributes

MASK = "<redacted>"
_FIELDS: Mapping[str, frozenset[str]] = {
    # A JSON patch has its contents in "value", and kubectl keeps a whole object in an annotation.
    "secrets": frozenset({"data", "stringData", "value", "kubectl.kubernetes.io/last-applied-configuration"}),
    "serviceaccounts/token": frozenset({"token"}),
    "tokenreviews": frozenset({"token"}),
}


def hidden_fields(wanted: Attributes) -> frozenset[str]:
    """The fields that must not be written down when somebody asks for this."""
    part = f"/{wanted.subresource}" if wanted.subresource else ""
    return _FIELDS.get(f"{wanted.gvr.resource}{part}", frozenset()) if not wanted.path else frozenset()


def masked(content: Any, fields: frozenset[str]) -> Any:
    """The content without the values of these fields; their keys remain."""
    if isinstance(content, Mapping):
        return {name: _hidden(value) if name in fields else masked(value, fields) for name, value in content.items()}
    if isinstance(content, list):
        return [masked(item, fields) for item in content]
    return content


def _hidden(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, Mapping) else MASK
