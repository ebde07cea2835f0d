"""Which values a text field may have, as the OpenAPI documents tell. # k8s: types marked +enum in k8s.io/api."""

from collections.abc import Mapping

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_OPERATORS = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")
_HONOR = ("Honor", "Ignore")
_LOCALITY = ("Cluster", "Local")
_MODES = ("Block", "Filesystem")
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PREEMPTION = ("Never", "PreemptLowerPriority")
_UPDATES = ("OnDelete", "RollingUpdate")
_FAILURES, _MATCHES = ("Fail", "Ignore"), ("Equivalent", "Exact")

_CORE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("AppArmorProfile", "type"): _PROFILES,
    ("Container", "imagePullPolicy"): ("Always", "IfNotPresent", "Never"),
    ("Container", "terminationMessagePolicy"): ("FallbackToLogsOnError", "File"),
    ("ContainerPort", "protocol"): _PROTOCOLS,
    ("EphemeralContainer", "imagePullPolicy"): ("Always", "IfNotPresent", "Never"),
    ("EphemeralContainer", "terminationMessagePolicy"): ("FallbackToLogsOnError", "File"),
    ("HTTPGetAction", "scheme"): ("HTTP", "HTTPS"),
    ("HostPathVolumeSource", "type"): (
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
    ),
    ("NamespaceStatus", "phase"): ("Active", "Terminating"),
    ("NodeSelectorRequirement", "operator"): _OPERATORS,
    ("PersistentVolumeClaimSpec", "volumeMode"): _MODES,
    ("PersistentVolumeClaimStatus", "phase"): ("Bound", "Lost", "Pending"),
    ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy"): ("Delete", "Recycle", "Retain"),
    ("PersistentVolumeSpec", "volumeMode"): _MODES,
    ("PersistentVolumeStatus", "phase"): ("Available", "Bound", "Failed", "Pending", "Released"),
    ("PodSecurityContext", "fsGroupChangePolicy"): ("Always", "OnRootMismatch"),
    ("PodSecurityContext", "supplementalGroupsPolicy"): ("Merge", "Strict"),
    ("PodSpec", "dnsPolicy"): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    ("PodSpec", "preemptionPolicy"): _PREEMPTION,
    ("PodSpec", "restartPolicy"): ("Always", "Never", "OnFailure"),
    ("PodStatus", "phase"): ("Failed", "Pending", "Running", "Succeeded", "Unknown"),
    ("PodStatus", "qosClass"): ("BestEffort", "Burstable", "Guaranteed"),
    ("SeccompProfile", "type"): _PROFILES,
    ("SecurityContext", "procMount"): ("Default", "Unmasked"),
    ("ServicePort", "protocol"): _PROTOCOLS,
    ("ServiceSpec", "externalTrafficPolicy"): _LOCALITY,
    ("ServiceSpec", "internalTrafficPolicy"): _LOCALITY,
    ("ServiceSpec", "ipFamilyPolicy"): ("PreferDualStack", "RequireDualStack", "SingleStack"),
    ("ServiceSpec", "sessionAffinity"): ("ClientIP", "None"),
    ("ServiceSpec", "type"): ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    ("Taint", "effect"): _EFFECTS,
    ("Toleration", "effect"): _EFFECTS,
    ("TopologySpreadConstraint", "nodeAffinityPolicy"): _HONOR,
    ("TopologySpreadConstraint", "nodeTaintsPolicy"): _HONOR,
    ("TopologySpreadConstraint", "whenUnsatisfiable"): ("DoNotSchedule", "ScheduleAnyway"),
}  # fmt: skip
_OTHERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("admissionregistration.v1.MutatingWebhook", "failurePolicy"): _FAILURES,
    ("admissionregistration.v1.MutatingWebhook", "matchPolicy"): _MATCHES,
    ("admissionregistration.v1.MutatingWebhook", "reinvocationPolicy"): ("IfNeeded", "Never"),
    ("admissionregistration.v1.ValidatingWebhook", "failurePolicy"): _FAILURES,
    ("admissionregistration.v1.ValidatingWebhook", "matchPolicy"): _MATCHES,
    ("apps.v1.DaemonSetUpdateStrategy", "type"): _UPDATES,
    ("apps.v1.DeploymentStrategy", "type"): ("Recreate", "RollingUpdate"),
    ("apps.v1.StatefulSetSpec", "podManagementPolicy"): ("OrderedReady", "Parallel"),
    ("apps.v1.StatefulSetUpdateStrategy", "type"): _UPDATES,
    ("batch.v1.CronJobSpec", "concurrencyPolicy"): ("Allow", "Forbid", "Replace"),
    ("batch.v1.JobSpec", "completionMode"): ("Indexed", "NonIndexed"),
    ("batch.v1.JobSpec", "podReplacementPolicy"): ("Failed", "TerminatingOrFailed"),
    ("discovery.v1.EndpointSlice", "addressType"): ("FQDN", "IPv4", "IPv6"),
    ("networking.v1.HTTPIngressPath", "pathType"): ("Exact", "ImplementationSpecific", "Prefix"),
    ("networking.v1.NetworkPolicyPort", "protocol"): _PROTOCOLS,
    ("scheduling.v1.PriorityClass", "preemptionPolicy"): _PREEMPTION,
    ("storage.v1.StorageClass", "reclaimPolicy"): ("Delete", "Recycle", "Retain"),
    ("storage.v1.StorageClass", "volumeBindingMode"): ("Immediate", "WaitForFirstConsumer"),
}
VALUES: Mapping[tuple[str, str], tuple[str, ...]] = {
    **{(f"io.k8s.api.core.v1.{name}", field): values for (name, field), values in _CORE.items()},
    **{(f"io.k8s.api.{name}", field): values for (name, field), values in _OTHERS.items()},
}
"""By type and field, in alphabetical order."""


def described(text: str, values: tuple[str, ...]) -> str:
    """A description that ends with the values. # k8s: kube-openapi/pkg/generators/enum.go."""
    listed = "\n".join(f' - `"{value}"`' for value in values)
    return f"{text}\n\nPossible enum values:\n{listed}"
