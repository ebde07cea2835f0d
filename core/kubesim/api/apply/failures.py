"""How applies fail, in the words of the real server."""

from collections.abc import Sequence
from typing import Any

from kubesim.api.apply.fieldsets import path_text
from kubesim.api.apply.ownership import Conflict
from kubesim.api.failures import plain
from kubesim.api.metadata import metadata_of
from kubesim.objects.errors import ApiError, failure
from kubesim.objects.wire import Tree


def conflicting(found: Sequence[Conflict]) -> ApiError:
    """409: others own what the applier wants otherwise. # k8s: managedfields/internal/conflict.go."""
    details = {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": f"conflict with {conflict.manager.shown}",
                "field": path_text(conflict.path),
            }
            for conflict in found
        ]
    }
    return failure(409, "Conflict", _message(found), details)


def _message(found: Sequence[Conflict]) -> str:
    if len(found) == 1:
        manager, path = found[0]
        return f"Apply failed with 1 conflict: conflict with {manager.shown}: {path_text(path)}"
    lines = []
    for manager in dict.fromkeys(conflict.manager for conflict in found):
        lines.append(f"conflicts with {manager.shown}:")
        lines += [f"- {path_text(conflict.path)}" for conflict in found if conflict.manager == manager]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def untyped_patch(patch: Tree, found: Sequence[tuple[str, str]]) -> ApiError:
    """500: the configuration does not fit the schema."""
    return plain(f"failed to create typed patch object ({identity(patch)}): {listed(found)}")


def unconvertible(patch: Tree, api_version: str, kind: str, problem: str) -> ApiError:
    """500: the merged object cannot be decoded."""
    text = f"unable to convert unstructured object to {kind_text(api_version, kind)}: {problem}"
    return plain(f"failed to convert new object ({identity(patch)}) to proper version: {text}")


def listed(found: Sequence[tuple[str, str]]) -> str:
    """Schema errors, each with its path."""
    lines = [f"{path}: {text}" if path else text for path, text in found]
    return lines[0] if len(lines) == 1 else "\n".join(["errors:", *(f"  {line}" for line in lines)])


def identity(obj: Tree) -> str:
    """Namespace, name and kind of an object: ``/a; apps/v1, Kind=Deployment``."""
    metadata = metadata_of(obj)
    place = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
    return f"{place}; {kind_text(obj.get('apiVersion'), obj.get('kind'))}"


def kind_text(api_version: Any, kind: Any) -> str:
    """A kind as Go prints it: ``apps/v1, Kind=Deployment``, ``/v1, Kind=Pod``."""
    group, _, version = str(api_version or "").rpartition("/")
    return f"{group}/{version}, Kind={kind or ''}"
