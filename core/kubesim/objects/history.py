"""ControllerRevisions: what StatefulSets and DaemonSets keep of each pod template they have had."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from kubesim.objects import refs, units
from kubesim.objects.wire import EMPTY, Tree

HASH_LABEL = "controller.kubernetes.io/hash"
REVISION_LABEL = "controller-revision-hash"
"""The label by which a pod tells which revision it was made from."""
PREFIX_LENGTH = 223


def data_of(template: Tree) -> dict[str, Any]:
    """The patch that brings a pod template back. # k8s: getPatch of StatefulSets and DaemonSets."""
    return {"spec": {"template": {"$patch": "replace", **template}}}


def template_of(revision: Tree) -> dict[str, Any]:
    """The pod template that a ControllerRevision keeps."""
    template = revision["data"]["spec"]["template"]
    return {name: value for name, value in template.items() if name != "$patch"}


def digest(data: Tree, collision_count: int = 0) -> str:
    """The end of the name of a revision with these data.

    # k8s: history.HashControllerRevision
    # differs: the bytes that are hashed are not Go's, so the values differ; the properties do not
    """
    raw = orjson.dumps(data, option=orjson.OPT_SORT_KEYS) + str(collision_count).encode()
    return units.safe_encode(str(units.fnv32a(raw)))


def name_of(owner: str, hash_text: str) -> str:
    """The name of a revision. # k8s: history.ControllerRevisionName."""
    return f"{owner[:PREFIX_LENGTH]}-{hash_text}"


def order(revision: Tree) -> tuple[int, str, str]:
    """The sort key that puts the oldest first."""
    metadata = revision["metadata"]
    return revision.get("revision", 0), metadata.get("creationTimestamp") or "", metadata["name"]


def newest_number(revisions: Iterable[Tree]) -> int:
    """The highest revision number, 0 without any."""
    return max((each.get("revision", 0) for each in revisions), default=0)


def with_data(revisions: Sequence[Tree], data: Tree) -> list[Tree]:
    """Those that keep the same template, oldest first."""
    return sorted((each for each in revisions if each.get("data") == data), key=order)


def new_revision(owner: Tree, kind: str, name: str, labels: Tree, data: Tree, number: int) -> dict[str, Any]:
    """The body of a revision; the annotations are those of its owner."""
    metadata: dict[str, Any] = {"name": name, "namespace": owner["metadata"]["namespace"], "labels": labels}
    if refs.annotations(owner):
        metadata["annotations"] = refs.annotations(owner)
    metadata["ownerReferences"] = [refs.owner_reference(owner, "apps/v1", kind)]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }


def template_labels(template: Tree) -> Tree:
    """The labels of a pod template."""
    found: Tree = (template.get("metadata") or EMPTY).get("labels") or EMPTY
    return found
