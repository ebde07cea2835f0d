"""What an autoscaler can scale: finds the target, reads its scale."""

from collections.abc import Callable
from typing import Any, NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects import selectors
from kubesim.objects.errors import not_found
from kubesim.objects.wire import (
    DEPLOYMENTS,
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
        where = f'group "{group}"' if group else 'version ""'
        msg = f'no matches for kind "{target["kind"]}" in {where}'
        raise NoKindError(msg)
    gvr, parse = known
    obj = client.get(gvr, namespace, target["name"])
    if obj is None:
        raise not_found(gvr, target["name"])
    spec = obj["spec"]
    return Scale(Key(gvr, namespace, target["name"]), spec.get("replicas", 1), parse(spec.get("selector")))


def resize(client: Client, scale: Scale, replicas: int) -> None:
    """Change the wished size by way of the scale subresource. Raises ApiError."""
    client.patch(scale.key, {"spec": {"replicas": replicas}}, MERGE_PATCH, "scale")
