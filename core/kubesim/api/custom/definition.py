"""CustomResourceDefinitions as the server reads them: names, versions, conditions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.api.metadata import ordered
from kubesim.objects.wire import EMPTY, Gvr, Tree

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
STORED = "*"
"""Stands for the version in the name of the table of a custom resource: which one is stored may change."""


class Version(NamedTuple):
    """One version of a definition."""

    name: str
    served: bool
    storage: bool
    deprecated: bool
    warning: str | None
    schema: Tree
    status: bool
    scale: Tree | None
    columns: Sequence[Tree]
    selectable: tuple[str, ...]


def versions(definition: Tree) -> list[Version]:
    """The versions in the order of the definition."""
    return [_version(tree) for tree in definition["spec"].get("versions") or ()]


def _version(tree: Tree) -> Version:
    parts = tree.get("subresources") or EMPTY
    return Version(
        tree["name"],
        bool(tree.get("served")),
        bool(tree.get("storage")),
        bool(tree.get("deprecated")),
        tree.get("deprecationWarning"),
        (tree.get("schema") or EMPTY).get("openAPIV3Schema") or EMPTY,
        parts.get("status") is not None,
        parts.get("scale"),
        tree.get("additionalPrinterColumns") or (),
        tuple(field["jsonPath"] for field in tree.get("selectableFields") or ()),
    )


def storage_version(definition: Tree) -> str:
    """The name of the version that is stored."""
    return next((version["name"] for version in definition["spec"]["versions"] if version.get("storage")), "")


def table(definition: Tree) -> Gvr:
    """Where the objects are kept, whatever their version."""
    spec = definition["spec"]
    return Gvr(spec["group"], STORED, spec["names"]["plural"])


def condition(definition: Tree, kind: str) -> Tree:
    """A condition, empty when there is none."""
    found = (definition.get("status") or EMPTY).get("conditions") or ()
    return next((entry for entry in found if entry["type"] == kind), EMPTY)


def holds(definition: Tree, kind: str) -> bool:
    """Whether a condition is True."""
    return condition(definition, kind).get("status") == "True"


def with_condition(definition: Tree, kind: str, status: str, reason: str, message: str, stamp: str) -> Tree:
    """The definition with a condition set; the very same one when it is so already. # k8s: SetCRDCondition."""
    old = condition(definition, kind)
    if (old.get("status"), old.get("reason"), old.get("message")) == (status, reason, message):
        return definition
    changed_at = old["lastTransitionTime"] if old.get("status") == status else stamp
    new = {"type": kind, "status": status, "lastTransitionTime": changed_at, "reason": reason, "message": message}
    known = (definition.get("status") or EMPTY).get("conditions") or []
    if old:
        conditions: list[Any] = [new if entry is old else entry for entry in known]
    else:
        conditions = [*known, new]
    return with_conditions(definition, conditions)


def with_conditions(definition: Tree, conditions: list[Any]) -> Tree:
    """The definition with other conditions."""
    return {**definition, "status": {**(definition.get("status") or EMPTY), "conditions": conditions}}


def terminating(definition: Tree, stamp: str) -> Tree:
    """The definition with the marks of a deletion that has just begun."""
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    marked = with_condition(definition, "Terminating", "True", "InstanceDeletionPending", text, stamp)
    metadata = definition["metadata"]
    finalizers = metadata.get("finalizers") or []
    if FINALIZER not in finalizers:
        finalizers = [*finalizers, FINALIZER]
    return {**marked, "metadata": ordered({**metadata, "deletionTimestamp": stamp, "finalizers": finalizers})}
