"""JSON values as CEL sees them by their schema: durations, times, bytes, and numbers that are floating.

# k8s: apiserver/pkg/cel/common/values.go
"""

import base64
import binascii
from typing import Any

from kubesim.api.cel.operators import to_duration, to_timestamp
from kubesim.api.cel.values import EvaluationError
from kubesim.objects.wire import EMPTY, Tree


def converted(value: Any, schema: Tree) -> Any:
    """The value; the very same one when the schema asks for nothing."""
    if isinstance(value, str):
        return _text(value, schema.get("format") or "")
    if isinstance(value, int) and not isinstance(value, bool) and schema.get("type") == "number":
        return float(value)
    if isinstance(value, float) and value.is_integer() and schema.get("type") == "integer":
        return int(value)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        items = schema["items"]
        found = [converted(item, items) for item in value]
        return value if all(a is b for a, b in zip(found, value, strict=True)) else found
    if isinstance(value, dict):
        known, others = schema.get("properties") or EMPTY, schema.get("additionalProperties")
        below = others if isinstance(others, dict) else EMPTY
        changed = {
            name: new for name, item in value.items() if (new := converted(item, known.get(name, below))) is not item
        }
        return {**value, **changed} if changed else value
    return value


def _text(value: str, form: str) -> Any:
    try:
        if form == "duration":
            return to_duration(value)
        if form in {"date-time", "datetime", "date"}:
            return to_timestamp(value)
        if form == "byte":
            return base64.b64decode(value, validate=True)
    except (EvaluationError, binascii.Error):
        # A value that is not of its format has its error already.
        return value
    return value
