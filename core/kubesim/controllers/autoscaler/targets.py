"""What an autoscaler can scale: finds the target, reads its scale."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubesim.machinery.client import Client
from kubesim.machinery.definitions import DEFINITIONS, STORED
from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.errors import not_found
from kubesim.objects.wire import (
    DEPLOYMENTS,
    EMPTY,
    MERGE_PATCH,
    REPLICASETS,
    REPLICATIONCONTROLLERS,
    STATEFULSETS,
    Gvr,
    Key,
    Tree,
)

_KINDS: dict[tuple[str, str], tuple[Gvr, Callable[[Any], selectors.Selector]]] = {
    ("apps", "Deployment"): (DEPLOYMENTS, selectors.from_label_selector),
    ("apps", "ReplicaSet"): (REPLICASETS, selectors.from_label_selector),
    ("apps", "StatefulSet"): (STATEFULSETS, selectors.from_label_selector),
    ("", "ReplicationController"): (REPLICATIONCONTROLLERS, selectors.from_map),
}


class Scale(NamedTuple):
    """The scale of a target: where it is, its wished size, and the selector of its pods."""

    key: Key
    wished: int
    selector: selectors.Selector


class NoKindError(Exception):
    """Nothing of that kind can be scaled."""


def find(client: Client, autoscaler: Tree) -> Scale:
    """The scale of the target. Raises NoKindError or ApiError."""
    target, namespace = autoscaler["spec"]["scaleTargetRef"], autoscaler["metadata"]["namespace"]
    group = (target.get("apiVersion") or "").rpartition("/")[0]
    known = _KINDS.get((group, target["kind"]))
    if known is None:
        custom = _custom(client, group, target, namespace)
        if custom is not None:
            return custom
        where = f'group "{group}"' if group else 'version ""'
        msg = f'no matches for kind "{target["kind"]}" in {where}'
        raise NoKindError(msg)
    gvr, parse = known
    obj = client.get(gvr, namespace, target["name"])
    if obj is None:
        raise not_found(gvr, target["name"])
    spec = obj["spec"]
    return Scale(Key(gvr, namespace, target["name"]), spec.get("replicas", 1), parse(spec.get("selector")))


def _custom(client: Client, group: str, target: Tree, namespace: str) -> Scale | None:
    """The scale of a custom object; None when there is no such kind, or it has no scale."""
    for definition in client.list(DEFINITIONS):
        spec = definition["spec"]
        if (spec["group"], spec["names"]["kind"]) != (group, target["kind"]):
            continue
        version = next(each for each in spec["versions"] if each.get("storage"))
        paths = (version.get("subresources") or EMPTY).get("scale")
        if paths is None:
            return None
        plural = spec["names"]["plural"]
        gvr = Gvr(group, version["name"], plural)
        obj = client.get(Gvr(group, STORED, plural), namespace, target["name"])
        if obj is None:
            raise not_found(gvr, target["name"])
        wished = trees.get(obj, paths["specReplicasPath"].lstrip("."), 1)
        text = trees.get(obj, (paths.get("labelSelectorPath") or "").lstrip("."), "") or ""
        return Scale(Key(gvr, namespace, target["name"]), wished, selectors.parse_labels(text))
    return None


def resize(client: Client, scale: Scale, replicas: int) -> None:
    """Change the wished size by way of the scale subresource. Raises ApiError."""
    client.patch(scale.key, {"spec": {"replicas": replicas}}, MERGE_PATCH, "scale")
