"""What must be read to describe an object, and what was read as a mapping from resource to objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.objects import tree
from kubesim.objects.wire import (
    ENDPOINTSLICES,
    EVENTS,
    LEASES,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
    Gvr,
    Key,
    Request,
    Response,
    Tree,
    core,
)
from kubetui.model.describe.metadata import flat, selector

NODE_LEASES = "kube-node-lease"
MIRROR = "kubernetes.io/config.mirror"
SERVICE_NAME = "kubernetes.io/service-name"

QUOTAS = core("resourcequotas")
LIMIT_RANGES = core("limitranges")

# k8s: kubectl describes these without their events.
_WITHOUT_EVENTS = frozenset(
    ("Namespace", "Secret", "ResourceQuota", "LimitRange", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding",
     "NetworkPolicy")
)  # fmt: skip
_OWNERS_OF_PODS = frozenset(("ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet"))


def related_requests(obj: Tree) -> list[Request]:
    """The lists and objects that ``describe`` wants to see beside the object itself."""
    kind, metadata = obj.get("kind", ""), obj["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    wanted: list[Request] = []
    if kind not in _WITHOUT_EVENTS:
        wanted.extend(_events(obj, kind))
    if kind == "Node":
        running = f"spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed"
        wanted.append(_list(PODS, "", fieldSelector=running))
        wanted.append(Request("get", Key(LEASES, NODE_LEASES, name)))
    elif kind == "Service":
        wanted.append(_list(ENDPOINTSLICES, namespace, labelSelector=f"{SERVICE_NAME}={name}"))
    elif kind == "Deployment":
        wanted.append(_list(REPLICASETS, namespace, labelSelector=selector(tree.get(obj, "spec.selector"))))
    elif kind in _OWNERS_OF_PODS:
        chosen = tree.get(obj, "spec.selector", {})
        text = flat(chosen) if kind == "ReplicationController" else selector(chosen)
        wanted.append(_list(PODS, namespace, labelSelector=text))
    elif kind == "Namespace":
        wanted.extend((_list(QUOTAS, name), _list(LIMIT_RANGES, name)))
    elif kind == "Ingress":
        wanted.extend((_list(SERVICES, namespace), _list(ENDPOINTSLICES, namespace)))
    elif kind == "PersistentVolumeClaim":
        wanted.append(_list(PODS, namespace))
    return wanted


def _list(gvr: Gvr, namespace: str, **query: str) -> Request:
    return Request("list", Key(gvr, namespace), query={key: value for key, value in query.items() if value})


def _events(obj: Tree, kind: str) -> list[Request]:
    metadata = obj["metadata"]
    namespace, name, uid = metadata.get("namespace", ""), metadata["name"], metadata.get("uid", "")
    if kind == "Node":
        # k8s: controllers name a node by its uid, the kubelet by its name.
        return [events_of(kind, "", name, uid), events_of(kind, "", name, name)]
    if kind == "Pod":
        mirror = tree.get(metadata, ("annotations", MIRROR))
        return [events_of("", namespace, name, mirror or uid)]
    return [events_of(kind, namespace, name, uid)]


def events_of(kind: str, namespace: str, name: str, uid: str = "") -> Request:
    """The request for the events of one object."""
    fields = {
        "involvedObject.name": name,
        "involvedObject.namespace": namespace,
        "involvedObject.kind": kind,
        "involvedObject.uid": uid,
    }
    optional = ("involvedObject.kind", "involvedObject.uid", "involvedObject.namespace")
    text = ",".join(f"{key}={value}" for key, value in fields.items() if value or key not in optional)
    return _list(EVENTS, namespace, fieldSelector=text)


def gather(requests: Sequence[Request], responses: Sequence[Response]) -> dict[str, list[Any]]:
    """The answers by resource name; a failed get leaves its Status, a failed list nothing at all."""
    found: dict[str, list[Any]] = {}
    for request, response in zip(requests, responses, strict=True):
        resource = request.key.gvr.resource
        if request.verb == "get":
            found.setdefault(resource, []).append(response.body)
        elif response.code < 400:
            found.setdefault(resource, []).extend(_items(response.body))
    return found


def _items(body: Any) -> Sequence[Tree]:
    items = body.get("items") if isinstance(body, Mapping) else None
    return items or ()


def node_key(name: str) -> Key:
    """The key of a node."""
    return Key(NODES, "", name)
