"""From references in objects (owners, what an Event is about) to keys, for kinds that the explorer knows by name."""

from kubesim.objects.wire import Gvr, Key, Tree


def about(event: Tree) -> Key | None:
    """The object that an Event is about, as far as its reference tells."""
    reference = event.get("involvedObject") or event.get("regarding") or {}
    return key_of(reference, str(reference.get("namespace", "")))


def key_of(reference: Tree, namespace: str) -> Key | None:
    """The key of a reference with kind, apiVersion and name; None for an unknown kind."""
    resource = _RESOURCES.get(reference.get("kind", ""), "")
    if not resource or not reference.get("name"):
        return None
    group, _, version = str(reference.get("apiVersion") or "v1").rpartition("/")
    return Key(Gvr(group, version, resource), "" if resource in _CLUSTER_SCOPED else namespace, str(reference["name"]))


_CLUSTER_SCOPED = frozenset({"nodes", "namespaces", "persistentvolumes"})
_RESOURCES = {
    "Pod": "pods", "Node": "nodes", "Service": "services", "Deployment": "deployments", "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Job": "jobs", "CronJob": "cronjobs",
    "Namespace": "namespaces", "PersistentVolumeClaim": "persistentvolumeclaims",
    "PersistentVolume": "persistentvolumes",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "Ingress": "ingresses", "Endpoints": "endpoints", "ConfigMap": "configmaps", "Secret": "secrets",
}  # fmt: skip
