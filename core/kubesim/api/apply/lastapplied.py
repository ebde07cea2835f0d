"""The annotation of client-side apply: kubectl may take over what it says, and it follows server-side applies.

# k8s: managedfields/internal lastappliedmanager.go, lastappliedupdater.go
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.api.apply.checking import problems
from kubesim.api.apply.comparing import compare, fields_of
from kubesim.api.apply.fieldsets import Fields, difference, has
from kubesim.api.apply.ownership import Conflict, Versions
from kubesim.api.metadata import ANNOTATIONS_LIMIT, metadata_of
from kubesim.objects.wire import EMPTY, Tree

MANAGER = "kubectl"
"""The only manager for which the annotation counts."""
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def disputed(versions: Versions, conflicts: Sequence[Conflict], live: Tree) -> list[Conflict] | None:
    """The conflicts about fields that the annotation does not claim; None when there is no usable annotation."""
    allowed = _claimed(versions, live)
    if allowed is None:
        return None
    return [conflict for conflict in conflicts if not has(allowed[0], conflict.path)]


def _claimed(versions: Versions, live: Tree) -> tuple[Fields | None] | None:
    """What client-side apply set and nobody changed since, in a tuple; None when that is not known."""
    text = _annotation(live)
    shape = versions.shape(versions.version)
    if not text or shape is None:
        return None
    try:
        config = json.loads(text)
    except ValueError:
        return None
    if not isinstance(config, Mapping) or config.get("apiVersion") != versions.version or problems(shape, config):
        return None
    change = compare(shape, config, live)
    fields = fields_of(shape, config)
    for gone in change:
        fields = difference(fields, gone)
    return (fields,)


def _annotation(obj: Tree) -> str:
    text = (metadata_of(obj).get("annotations") or EMPTY).get(ANNOTATION)
    return text if isinstance(text, str) else ""


def refreshed(manager: str, merged: Tree, patch: Tree) -> Tree:
    """The applied object with its annotation brought up to date, where it has one and kubectl applied."""
    if manager != MANAGER or not _annotation(merged):
        return merged
    metadata: dict[str, Any] = dict(metadata_of(patch))
    annotations = {name: value for name, value in (metadata.get("annotations") or EMPTY).items() if name != ANNOTATION}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    text = json.dumps({**patch, "metadata": metadata}, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    known = metadata_of(merged)
    kept = {**known["annotations"], ANNOTATION: text}
    if sum(len(name.encode()) + len(value.encode()) for name, value in kept.items()) > ANNOTATIONS_LIMIT:
        kept[ANNOTATION] = ""
    return {**merged, "metadata": {**known, "annotations": kept}}
