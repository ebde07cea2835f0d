"""Objects described as ``kubectl describe`` does: pure text of the object, what is related to it, and the time.

``related_requests`` says what to read, ``gather`` sorts the answers, ``describe`` writes the text.
"""

from collections.abc import Callable, Mapping, Sequence

from kubesim.objects.wire import Tree
from kubetui.model.describe.access import describe_binding, describe_role
from kubetui.model.describe.configs import (
    describe_config_map,
    describe_limit_range,
    describe_namespace,
    describe_quota,
    describe_secret,
    describe_service_account,
)
from kubetui.model.describe.generic import describe_any
from kubetui.model.describe.ingresses import Backends, describe_ingress
from kubetui.model.describe.nodes import describe_node
from kubetui.model.describe.pods import describe_pod
from kubetui.model.describe.policies import describe_autoscaler, describe_budget, describe_network_policy
from kubetui.model.describe.requests import events_of, gather, related_requests
from kubetui.model.describe.services import describe_endpoint_slice, describe_endpoints, describe_service
from kubetui.model.describe.storage import describe_claim, describe_class, describe_priority_class, describe_volume
from kubetui.model.describe.workloads import (
    describe_cron_job,
    describe_daemon_set,
    describe_deployment,
    describe_job,
    describe_replica_set,
    describe_stateful_set,
)

__all__ = ["describe", "events_of", "gather", "related_requests"]

Related = Mapping[str, Sequence[Tree]]


def describe(obj: Tree, related: Related, now_ms: int) -> str:
    """The text that kubectl prints for the object; ``related`` maps resource names to objects, as ``gather`` does."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    write = _DESCRIBERS.get((group, str(obj.get("kind", ""))))
    if write is None:
        return describe_any(obj, related.get("events"), now_ms)
    return write(obj, related, now_ms)


def _pod(obj: Tree, related: Related, now: int) -> str:
    return describe_pod(obj, related.get("events"), now)


def _node(obj: Tree, related: Related, now: int) -> str:
    leases = related.get("leases") or ()
    return describe_node(obj, related.get("pods"), leases[0] if leases else None, related.get("events"), now)


def _service(obj: Tree, related: Related, now: int) -> str:
    return describe_service(obj, related.get("endpointslices") or (), related.get("events"), now)


def _endpoints(obj: Tree, related: Related, now: int) -> str:
    return describe_endpoints(obj, related.get("events"), now)


def _endpoint_slice(obj: Tree, related: Related, now: int) -> str:
    return describe_endpoint_slice(obj, related.get("events"), now)


def _config_map(obj: Tree, related: Related, now: int) -> str:
    return describe_config_map(obj, related.get("events"), now)


def _secret(obj: Tree, _related: Related, _now: int) -> str:
    return describe_secret(obj)


def _account(obj: Tree, related: Related, now: int) -> str:
    return describe_service_account(obj, related.get("events"), now)


def _namespace(obj: Tree, related: Related, _now: int) -> str:
    return describe_namespace(obj, related.get("resourcequotas"), related.get("limitranges"))


def _quota(obj: Tree, _related: Related, _now: int) -> str:
    return describe_quota(obj)


def _limit_range(obj: Tree, _related: Related, _now: int) -> str:
    return describe_limit_range(obj)


def _volume(obj: Tree, related: Related, now: int) -> str:
    return describe_volume(obj, related.get("events"), now)


def _claim(obj: Tree, related: Related, now: int) -> str:
    return describe_claim(obj, related.get("pods") or (), related.get("events"), now)


def _class(obj: Tree, related: Related, now: int) -> str:
    return describe_class(obj, related.get("events"), now)


def _priority(obj: Tree, related: Related, now: int) -> str:
    return describe_priority_class(obj, related.get("events"), now)


def _ingress(obj: Tree, related: Related, now: int) -> str:
    backends = Backends(related.get("services") or (), related.get("endpointslices") or ())
    return describe_ingress(obj, backends, related.get("events"), now)


def _network_policy(obj: Tree, _related: Related, _now: int) -> str:
    return describe_network_policy(obj)


def _budget(obj: Tree, related: Related, now: int) -> str:
    return describe_budget(obj, related.get("events"), now)


def _autoscaler(obj: Tree, related: Related, now: int) -> str:
    return describe_autoscaler(obj, related.get("events"), now)


def _role(obj: Tree, _related: Related, _now: int) -> str:
    return describe_role(obj)


def _binding(obj: Tree, _related: Related, _now: int) -> str:
    return describe_binding(obj)


_RBAC = "rbac.authorization.k8s.io"
_DESCRIBERS: dict[tuple[str, str], Callable[[Tree, Related, int], str]] = {
    ("", "Pod"): _pod,
    ("", "Node"): _node,
    ("", "Service"): _service,
    ("", "Endpoints"): _endpoints,
    ("discovery.k8s.io", "EndpointSlice"): _endpoint_slice,
    ("", "ConfigMap"): _config_map,
    ("", "Secret"): _secret,
    ("", "ServiceAccount"): _account,
    ("", "Namespace"): _namespace,
    ("", "ResourceQuota"): _quota,
    ("", "LimitRange"): _limit_range,
    ("", "ReplicationController"): describe_replica_set,
    ("apps", "Deployment"): describe_deployment,
    ("apps", "ReplicaSet"): describe_replica_set,
    ("apps", "StatefulSet"): describe_stateful_set,
    ("apps", "DaemonSet"): describe_daemon_set,
    ("batch", "Job"): describe_job,
    ("batch", "CronJob"): describe_cron_job,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("storage.k8s.io", "StorageClass"): _class,
    ("scheduling.k8s.io", "PriorityClass"): _priority,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("policy", "PodDisruptionBudget"): _budget,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    (_RBAC, "Role"): _role,
    (_RBAC, "ClusterRole"): _role,
    (_RBAC, "RoleBinding"): _binding,
    (_RBAC, "ClusterRoleBinding"): _binding,
}
