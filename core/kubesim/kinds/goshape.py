"""Objects as the API server's own structs show them, which is how error texts about whole objects show them.

# k8s: json.Marshal of the internal types, which carry no JSON names.
"""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import orjson

from kubesim.objects.wire import Tree

# One struct a line: ``Field:type`` in the order of the struct. The JSON name is the field's with a small first letter,
# or follows "=". Types: s i b scalars, *x absent is null, [x] list, {} map or any JSON value, a name is another struct,
# +Name is an embedded struct.
_STRUCTS = """
PodSpec Volumes:[Volume] InitContainers:[Container] Containers:[Container] EphemeralContainers:[EphemeralContainer] \
RestartPolicy:s TerminationGracePeriodSeconds:*i ActiveDeadlineSeconds:*i DNSPolicy=dnsPolicy:s NodeSelector:{} \
ServiceAccountName:s AutomountServiceAccountToken:*b NodeName:s SecurityContext:*PodSecurityContext \
ImagePullSecrets:[Reference] Hostname:s Subdomain:s SetHostnameAsFQDN:*b Affinity:*Affinity SchedulerName:s \
Tolerations:[Toleration] HostAliases:[HostAlias] PriorityClassName:s Priority:*i PreemptionPolicy:*s \
DNSConfig=dnsConfig:*DNSConfig ReadinessGates:[ReadinessGate] RuntimeClassName:*s Overhead:{} EnableServiceLinks:*b \
TopologySpreadConstraints:[Spread] OS=os:*Named SchedulingGates:[Named] ResourceClaims:[PodClaim] \
Resources:*Resources HostnameOverride:*s SchedulingGroup:{}
PodSecurityContext HostNetwork:b HostPID=hostPID:b HostIPC=hostIPC:b ShareProcessNamespace:*b HostUsers:*b \
SELinuxOptions=seLinuxOptions:*SELinux WindowsOptions:*Windows RunAsUser:*i RunAsGroup:*i RunAsNonRoot:*b \
SupplementalGroups:{} SupplementalGroupsPolicy:*s FSGroup=fsGroup:*i FSGroupChangePolicy=fsGroupChangePolicy:*s \
Sysctls:[NameValue] SeccompProfile:*Profile AppArmorProfile:*Profile SELinuxChangePolicy=seLinuxChangePolicy:*s
SecurityContext Capabilities:*Capabilities Privileged:*b SELinuxOptions=seLinuxOptions:*SELinux \
WindowsOptions:*Windows RunAsUser:*i RunAsGroup:*i RunAsNonRoot:*b ReadOnlyRootFilesystem:*b \
AllowPrivilegeEscalation:*b ProcMount:*s SeccompProfile:*Profile AppArmorProfile:*Profile
Capabilities Add:{} Drop:{}
SELinux User:s Role:s Type:s Level:s
Windows GMSACredentialSpecName=gmsaCredentialSpecName:*s GMSACredentialSpec=gmsaCredentialSpec:*s \
RunAsUserName:*s HostProcess:*b
Profile Type:s LocalhostProfile:*s
NameValue Name:s Value:s
Named Name:s
Reference Name:s
HostAlias IP=ip:s Hostnames:{}
DNSConfig Nameservers:{} Searches:{} Options:[DNSOption]
DNSOption Name:s Value:*s
ReadinessGate ConditionType:s
PodClaim Name:s ResourceClaimName:*s ResourceClaimTemplateName:*s
Toleration Key:s Operator:s Value:s Effect:s TolerationSeconds:*i
Spread MaxSkew:i TopologyKey:s WhenUnsatisfiable:s LabelSelector:{} MinDomains:*i NodeAffinityPolicy:*s \
NodeTaintsPolicy:*s MatchLabelKeys:{}
Affinity NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAffinity
NodeAffinity RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector \
PreferredDuringSchedulingIgnoredDuringExecution:[NodePreference]
NodeSelector NodeSelectorTerms:[NodeTerm]
NodePreference Weight:i Preference:NodeTerm
NodeTerm MatchExpressions:[NodeRequirement] MatchFields:[NodeRequirement]
NodeRequirement Key:s Operator:s Values:{}
PodAffinity RequiredDuringSchedulingIgnoredDuringExecution:[PodTerm] \
PreferredDuringSchedulingIgnoredDuringExecution:[PodPreference]
PodPreference Weight:i PodAffinityTerm:PodTerm
PodTerm LabelSelector:{} Namespaces:{} TopologyKey:s NamespaceSelector:{} MatchLabelKeys:{} MismatchLabelKeys:{}
Resources Limits:{} Requests:{} Claims:[ResourceClaim]
ResourceClaim Name:s Request:s
Container Name:s Image:s Command:{} Args:{} WorkingDir:s Ports:[Port] EnvFrom:[EnvFrom] Env:[Env] \
Resources:Resources ResizePolicy:[ResizePolicy] RestartPolicy:*s RestartPolicyRules:{} VolumeMounts:[Mount] \
VolumeDevices:[Device] LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle \
TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext:*SecurityContext Stdin:b \
StdinOnce:b TTY=tty:b
EphemeralContainer +Container TargetContainerName:s
Port Name:s HostPort:i ContainerPort:i Protocol:s HostIP=hostIP:s
EnvFrom Prefix:s ConfigMapRef:*OptionalName SecretRef:*OptionalName
OptionalName Name:s Optional:*b
Env Name:s Value:s ValueFrom:*EnvSource
EnvSource FieldRef:*FieldRef ResourceFieldRef:*ResourceFieldRef ConfigMapKeyRef:*KeyRef SecretKeyRef:*KeyRef \
FileKeyRef:{}
FieldRef APIVersion=apiVersion:s FieldPath:s
ResourceFieldRef ContainerName:s Resource:s Divisor:{}
KeyRef Name:s Key:s Optional:*b
ResizePolicy ResourceName:s RestartPolicy:s
Mount Name:s ReadOnly:b RecursiveReadOnly:*s MountPath:s SubPath:s MountPropagation:*s SubPathExpr:s
Device Name:s DevicePath:s
Probe Exec:*Exec HTTPGet=httpGet:*HTTPGet TCPSocket=tcpSocket:*TCPSocket GRPC=grpc:*GRPC InitialDelaySeconds:i \
TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i FailureThreshold:i TerminationGracePeriodSeconds:*i
Lifecycle PostStart:*Handler PreStop:*Handler StopSignal:*s
Handler Exec:*Exec HTTPGet=httpGet:*HTTPGet TCPSocket=tcpSocket:*TCPSocket Sleep:*Sleep
Exec Command:{}
HTTPGet Path:s Port:{} Host:s Scheme:s HTTPHeaders=httpHeaders:[NameValue]
TCPSocket Port:{} Host:s
GRPC Port:i Service:*s
Sleep Seconds:i
Volume Name:s HostPath:*HostPath EmptyDir:*EmptyDir GCEPersistentDisk=gcePersistentDisk:{} \
AWSElasticBlockStore=awsElasticBlockStore:{} GitRepo:{} Secret:*SecretVolume NFS=nfs:*NFS ISCSI=iscsi:{} \
Glusterfs:{} PersistentVolumeClaim:*ClaimVolume RBD=rbd:{} Quobyte:{} FlexVolume:{} Cinder:{} CephFS=cephfs:{} \
Flocker:{} DownwardAPI=downwardAPI:*Downward FC=fc:{} AzureFile:{} ConfigMap:*ConfigMapVolume VsphereVolume:{} \
AzureDisk:{} PhotonPersistentDisk:{} Projected:*Projected PortworxVolume:{} ScaleIO=scaleIO:{} StorageOS=storageos:{} \
CSI=csi:{} Ephemeral:{} Image:{}
HostPath Path:s Type:*s
EmptyDir Medium:s SizeLimit:{}
SecretVolume SecretName:s Items:[KeyPath] DefaultMode:*i Optional:*b
ConfigMapVolume Name:s Items:[KeyPath] DefaultMode:*i Optional:*b
KeyPath Key:s Path:s Mode:*i
NFS Server:s Path:s ReadOnly:b
ClaimVolume ClaimName:s ReadOnly:b
Downward Items:[DownwardFile] DefaultMode:*i
DownwardFile Path:s FieldRef:*FieldRef ResourceFieldRef:*ResourceFieldRef Mode:*i
Projected Sources:[Projection] DefaultMode:*i
Projection Secret:*ProjectedKeys DownwardAPI=downwardAPI:*ProjectedDownward ConfigMap:*ProjectedKeys \
ServiceAccountToken:*TokenProjection ClusterTrustBundle:{} PodCertificate:{}
ProjectedKeys Name:s Items:[KeyPath] Optional:*b
ProjectedDownward Items:[DownwardFile]
TokenProjection Audience:s ExpirationSeconds:i Path:s
ServicePort Name:s Protocol:s AppProtocol:*s Port:i TargetPort:{} NodePort:i
Taint Key:s Value:s Effect:s TimeAdded:{}
Strategy Type:s RollingUpdate:{}
StatefulRolling Partition:i MaxUnavailable:{}
RoleRef APIGroup=apiGroup:s Kind:s Name:s
Budget MinAvailable:{} Selector:{} MaxUnavailable:{} UnhealthyPodEvictionPolicy:*s
ClaimSpec AccessModes:{} Selector:{} Resources:ClaimResources VolumeName:s StorageClassName:*s VolumeMode:*s \
DataSource:*TypedReference DataSourceRef:*TypedReference VolumeAttributesClassName:*s
ClaimResources Limits:{} Requests:{}
TypedReference APIGroup=apiGroup:*s Kind:s Name:s Namespace:*s
"""
_ZERO = {"s": "", "i": 0, "b": False}


class _Field:
    __slots__ = ("go", "name", "type")

    def __init__(self, text: str) -> None:
        head, _, self.type = text.partition(":")
        self.go, _, name = head.partition("=")
        self.name = name or self.go[0].lower() + self.go[1:]


@lru_cache(maxsize=1)
def _structs() -> dict[str, list[_Field]]:
    known: dict[str, list[_Field]] = {}
    for line in _STRUCTS.strip().splitlines():
        name, *texts = line.split()
        fields: list[_Field] = []
        for text in texts:
            fields += known[text[1:]] if text[0] == "+" else [_Field(text)]
        known[name] = fields
    return known


def internal(value: Any, struct: str) -> Any:
    """A JSON value of that struct, with the struct's field names, order and zero values."""
    given = value or {}
    return {field.go: _shaped(given.get(field.name), field.type) for field in _structs()[struct]}


def _shaped(value: Any, kind: str) -> Any:
    if kind in _ZERO:
        return _ZERO[kind] if value is None else value
    if kind == "{}":
        return value
    if kind[0] == "*":
        return None if value is None else _shaped(value, kind[1:])
    if kind[0] == "[":
        return [_shaped(item, kind[1:-1]) for item in value] if value else None
    return internal(value, kind)


def pod_spec(spec: Tree) -> Any:
    """A pod spec as the API server's own struct."""
    host = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
    context = spec.get("securityContext")
    if context is not None or any(spec.get(name) is not None for name in host):
        spec = {**spec, "securityContext": {**(context or {}), **{name: spec.get(name) for name in host}}}
    return internal(spec, "PodSpec")


def difference(old: Any, new: Any) -> str:
    """The unified diff, three lines of context and no head, of two values as indented JSON. # k8s: util/diff."""
    a, b = _lines(old), _lines(new)
    lines: list[str] = []
    for group in _groups(a, b):
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for tag, left, left_end, right, right_end in group:
            if tag == "equal":
                lines += [" " + line for line in a[left:left_end]]
                continue
            lines += ["-" + line for line in a[left:left_end]]
            lines += ["+" + line for line in b[right:right_end]]
    return "".join(line + "\n" for line in lines)


def _lines(value: Any) -> list[str]:
    """JSON with an indent of one."""
    lines = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().split("\n")
    return [line[(len(line) - len(line.lstrip(" "))) // 2 :] for line in lines]


_Step = tuple[str, int, int, int, int]
_SEARCHED = 5_000
"""Up to how many lines the smallest difference is looked for, which takes the square of their number at worst."""
_CONTEXT = 3


def _groups(a: list[str], b: list[str]) -> Iterable[Sequence[_Step]]:
    """What differs, with some equal lines around it."""
    if len(a) + len(b) <= _SEARCHED:
        return SequenceMatcher(None, a, b).get_grouped_opcodes(_CONTEXT)
    # differs: of very long values all lines between the first and the last difference are shown
    same = next((at for at, (old, new) in enumerate(zip(a, b, strict=False)) if old != new), min(len(a), len(b)))
    tail, most = 0, min(len(a), len(b)) - same
    while tail < most and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    before, behind = min(same, _CONTEXT), min(tail, _CONTEXT)
    left, right = len(a) - tail, len(b) - tail
    if left == right == same:
        return []
    return [
        [
            ("equal", same - before, same, same - before, same),
            ("replace", same, left, same, right),
            ("equal", left, left + behind, right, right + behind),
        ]
    ]


def _range(start: int, stop: int) -> str:
    length = stop - start
    return str(start + 1) if length == 1 else f"{start + 1 if length else start},{length}"
