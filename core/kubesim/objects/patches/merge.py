"""JSON merge patch (RFC 7386)."""

from typing import Any

from kubesim.objects.tree import equal


def merge_patch(doc: Any, patch: Any) -> Any:
    """Apply a merge patch; the very same document when the patch changes nothing."""
    if not isinstance(patch, dict):
        return doc if equal(doc, patch) else patch
    if not isinstance(doc, dict):
        return merge_patch({}, patch)
    result: dict[str, Any] | None = None
    for key, change in patch.items():
        old = doc.get(key)
        if change is None:
            if key in doc:
                result = dict(doc) if result is None else result
                del result[key]
            continue
        new = merge_patch(old, change)
        if new is not old or key not in doc:
            result = dict(doc) if result is None else result
            result[key] = new
    return doc if result is None else result
